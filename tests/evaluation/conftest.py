"""A small dataset and a service in memory that answers from it."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from app.settings import Settings
from evaluation.bulk_ingestion import Ingested, SourceFile
from evaluation.collection import COLLECTION
from evaluation.subject import ReleasedSentence, Subject
from generation.records import Answer, Citation, Outcome
from ingestion.parse import parse
from ingestion.records import Document, Vectors
from ingestion.store.uploads import document_id_of
from retrieval.records import Passage, SearchResult

ANIMALS = ["鲸鱼", "企鹅", "骆驼", "狐狸", "刺猬", "海龟", "麻雀", "蝙蝠", "松鼠", "河马"]
PLACES = ["北海", "南极", "沙漠", "森林", "花园", "沙滩", "屋檐", "山洞", "树洞", "沼泽"]


class LetterEncoder:
    """Embeds a text as the counts of its characters, folded into 64 dimensions."""

    def __init__(self) -> None:
        self.embedded: list[list[str]] = []

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        return self._rows(texts)

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        self.embedded.append(list(texts))
        return self._rows(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text) for text in texts]

    def _rows(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for character in text:
                row[ord(character) % 64] += 1
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class MemoryService:
    """Finds documents by shared characters and quotes the best one; one per data directory."""

    def __init__(self, documents: dict[str, Document]) -> None:
        self.documents = documents
        self.encoder = LetterEncoder()
        self.ingestions = 0
        self.closed = False

    def subject(self) -> Subject:
        return Subject(
            self.search, self.search, self.ask, self.ingest, lambda: self.encoder, self.close
        )

    def ingest(self, files: Sequence[SourceFile], progress: Callable[[int, int], None]) -> Ingested:
        self.ingestions += 1
        for number, file in enumerate(files, start=1):
            name = document_id_of(COLLECTION, file.name)
            self.documents[name] = parse(file.content, file.name)
            progress(number, len(files))
        return Ingested(len(files), len(files), ())

    def search(self, question: str, top_k: int) -> SearchResult:
        shared = {
            name: len(set(question) & set(document.text))
            for name, document in self.documents.items()
        }
        best = sorted(shared, key=lambda name: (-shared[name], name))[:top_k]
        passages = tuple(self._passage(name, shared[name]) for name in best)
        return SearchResult(passages, {}, len(self.documents))

    def ask(self, question: str) -> Iterator[ReleasedSentence | Answer]:
        best = self.search(question, 1).passages[0]
        # A question shares three characters with any document: its frame.
        if best.score < 5:
            yield Answer("资料中没有答案。", Outcome.REFUSED, 0.1, (), None, "t", {})
            return
        start = best.text.index("住在") + 2
        place = best.text[start : start + 2]
        citation = Citation(
            0, best.document_id, "r", best.title, None, start, start + 2, quote=place
        )
        yield ReleasedSentence(place, 1)
        yield Answer(place, Outcome.ANSWERED, 0.9, (citation,), None, "t", {"generate": 1.0})

    def close(self) -> None:
        self.closed = True

    def _passage(self, name: str, score: float) -> Passage:
        document = self.documents[name]
        text = document.text
        return Passage(
            f"chunk-{name}", name, "r", document.title, (), None, 0, len(text), text, score, {}
        )


class MemoryServices:
    """Opens services; what one ingested lives on under its data directory."""

    def __init__(self) -> None:
        self.opened: list[MemoryService] = []
        self._stored: dict[Path, dict[str, Document]] = {}

    def open(self, settings: Settings) -> Subject:
        service = MemoryService(self._stored.setdefault(settings.data_dir, {}))
        self.opened.append(service)
        return service.subject()


@pytest.fixture
def services() -> MemoryServices:
    return MemoryServices()


@pytest.fixture
def encoder() -> LetterEncoder:
    return LetterEncoder()


@pytest.fixture
def dataset_folder(tmp_path: Path) -> Path:
    """Thirty documents: ten tell where an animal lives; thirty questions, three per animal."""
    folder = tmp_path / "zoo" / "dev"
    folder.mkdir(parents=True)
    pairs = list(zip(ANIMALS, PLACES, strict=True))
    documents = [
        {"id": f"d{n}", "title": animal, "text": f"{animal}住在{place}里。"}
        for n, (animal, place) in enumerate(pairs)
    ]
    documents += [{"id": f"x{n}", "title": "", "text": f"第{n}号房间是空的。"} for n in range(20)]
    questions = [
        {"id": f"q{n}-{m}", "text": f"{animal}住在哪里{'呢啊呀'[m]}？", "answers": [place]}
        for n, (animal, place) in enumerate(pairs)
        for m in range(3)
    ]
    _write_lines(folder / "corpus.jsonl", documents)
    _write_lines(folder / "queries.jsonl", questions)
    lines = ["query-id\tcorpus-id\tscore"]
    lines += [f"{question['id']}\td{index // 3}\t1" for index, question in enumerate(questions)]
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def _write_lines(path: Path, rows: Sequence[object]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
