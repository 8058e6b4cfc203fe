"""BM25 over pre-tokenised texts, on tantivy's inverted index (Robertson & Zaragoza 2009)."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import tantivy

_HEAP_BYTES = 32 * 2**20
_REMEMBERED = 2**15
_K1 = 1.2  # tantivy's, as its b of 0.75


@dataclass(frozen=True, slots=True)
class Entry:
    """What is indexed for one row: its document's number, and terms by field, blanks between."""

    row: int
    document: int
    fields: Mapping[str, str]


class LexicalIndex:
    """An in-memory index that grows and shrinks. Rows and documents are small integers.

    Not safe for writing from several threads; searching while another thread writes is.
    """

    def __init__(self, fields: Sequence[str]) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_unsigned_field("row", stored=False, indexed=True, fast=True)
        builder.add_unsigned_field("document", stored=False, indexed=True)
        for field in fields:
            builder.add_text_field(
                field, stored=False, tokenizer_name="whitespace", index_option="freq"
            )
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        self._fields = tuple(fields)
        self._holding: dict[str, Callable[[str], int]] = {}

    def add(self, entries: Iterable[Entry]) -> None:
        """Index rows; they are searchable when this returns."""
        with self.adding() as add:
            for entry in entries:
                add(entry)

    @contextmanager
    def adding(self) -> Iterator[Callable[[Entry], None]]:
        """Give a function that indexes a row; all are searchable when the context ends.

        None of them is when it ends in an error.
        """
        writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)

        def add(entry: Entry) -> None:
            document = tantivy.Document()
            document.add_unsigned("row", entry.row)
            document.add_unsigned("document", entry.document)
            for field in self._fields:
                document.add_text(field, entry.fields.get(field, ""))
            writer.add_document(document)

        try:
            yield add
        except BaseException:
            writer.rollback()
            raise
        else:
            writer.commit()
        finally:
            writer.wait_merging_threads()
        self._index.reload()
        self._holding = {}

    def remove_document(self, document: int) -> None:
        """Drop every row of a document."""
        writer = self._index.writer(heap_size=_HEAP_BYTES, num_threads=1)
        # By query: by term, an int is taken as signed and matches no unsigned field.
        writer.delete_documents_by_query(
            tantivy.Query.term_query(self._schema, "document", document)
        )
        writer.commit()
        writer.wait_merging_threads()
        self._index.reload()
        self._holding = {}

    def search(
        self,
        query_terms: Sequence[str],
        weights: Mapping[str, float],
        k: int,
        documents: Sequence[int] | None = None,
    ) -> list[tuple[int, float]]:
        """Return up to k (row, score), best first, equal scores by row.

        weights: field → factor on its BM25 score. documents: search only these (None: all).
        """
        if not query_terms or k < 1 or (documents is not None and not documents):
            return []
        query = self._query(query_terms, weights)
        if documents is not None:
            only = tantivy.Query.const_score_query(
                tantivy.Query.term_set_query(self._schema, "document", list(documents)), 0.0
            )
            must = tantivy.Occur.Must
            query = tantivy.Query.boolean_query([(must, query), (must, only)])
        searcher = self._index.searcher()
        hits = searcher.search(query, k, count=False).hits
        # Every entry has a row; the stub allows for a column that lacks values.
        rows = cast("list[int]", searcher.fast_field_values("row", [where for _, where in hits]))
        scored = [(row, float(score)) for row, (score, _) in zip(rows, hits, strict=True)]
        return sorted(scored, key=lambda hit: (-hit[1], hit[0]))

    def highest_score(
        self, query_terms: Sequence[str], weights: Mapping[str, float], *, unknown: bool = False
    ) -> float:
        """Return what a row scores at most that has each term in one field, again and again.

        weights: as in `search`. 0 if no row has any of the terms. unknown: count terms that no row
        has as the rarest there could be.
        """
        searcher = self._index.searcher()
        total = 0.0
        for term, count in Counter(query_terms).items():
            held = [(searcher.doc_freq(field, term), weight) for field, weight in weights.items()]
            if any(holding for holding, weight in held if weight > 0):
                found = (weight * _rarity(searcher.num_docs, holding) for holding, weight in held)
                total += count * max(found)
            elif unknown and searcher.num_docs:
                total += count * max(weights.values()) * math.log(2 * searcher.num_docs + 2)
        return total * (1 + _K1)

    def holding(self, field: str) -> Callable[[str], int]:
        """Return what tells how many rows hold a term in a field, as of now.

        Rows that were removed may count for a while. The last counts are remembered.
        """
        counts = self._holding  # Before the searcher: what changes meanwhile takes another.
        known = counts.get(field)
        if known is None:
            searcher = self._index.searcher()
            known = counts[field] = lru_cache(_REMEMBERED)(
                lambda term: int(searcher.doc_freq(field, term))
            )
        return known

    def _query(self, query_terms: Sequence[str], weights: Mapping[str, float]) -> tantivy.Query:
        clauses = []
        for term, count in Counter(query_terms).items():
            for field, weight in weights.items():
                if weight > 0:
                    single = tantivy.Query.term_query(self._schema, field, term, "freq")
                    boosted = tantivy.Query.boost_query(single, weight * count)
                    clauses.append((tantivy.Occur.Should, boosted))
        return tantivy.Query.boolean_query(clauses)


def _rarity(rows: int, holding: int) -> float:
    """Return the inverse document frequency of a term that `holding` of all rows hold; 0: none."""
    # Rows that were removed are still among those that hold a term until segments are merged.
    missing = max(rows - holding, 0)
    return math.log(1 + (missing + 0.5) / (holding + 0.5)) if holding else 0.0
