"""Choose and compress passages into the model's budget."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from generation.control_text import neutralise, neutralise_title
from generation.evidence import NO_SUPPORT, Support
from generation.prompt import PromptPassage
from generation.records import ContextPassage, Piece
from generation.relevance import order_by_relevance, relevances
from generation.reply_sentences import sentence_spans
from retrieval.records import Passage

CountTokens = Callable[[str], int]
Order = Literal["best_first", "best_at_ends"]

_LABEL = "Source [10] "
_FALLS_BEHIND = 6.0
_PRONOUN = re.compile(
    r"[\s“‘\"'（(]*(?:[他她它其该此这那]|上述|前述|对此|因此|但|然而|同时"
    r"|(?:he|she|it|its|they|their|this|that|these|those|such|however|but|therefore)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    text: str
    tokens: int
    rank: int | None  # by relevance, among all sentences; None: nothing of the question in it


def build_context(
    question: str,
    passages: Sequence[Passage],
    *,
    budget_tokens: int,
    count_tokens: CountTokens,
    passage_share: float = 0.5,
    order: Order = "best_first",
    support: Support | None = None,
) -> list[ContextPassage]:
    """Return the passages, or the sentences of them, that the model gets to see.

    passages: best first. budget_tokens: for titles, labels and text together. Passages are taken
    in rank order; each may fill `passage_share` of the budget (a single passage all of it, and the
    share grows for a sentence that is longer). One that fits is kept whole. Of one that does not,
    the sentences most relevant to the question are kept, in their own order, with the sentence
    before one that opens with a pronoun, and then neighbours while there is room. A passage
    without any relevant sentence (another language, say) is kept from its start.

    support: what a reader found, of the first passages; the others are left out then. Relevance is
    their support, passages go by their best sentence, and those far behind the first are left out:
    a small model is led astray by every passage that only looks like an answer.

    order: "best_first" suits small models, which attend to the head of the prompt and are trained
    on that order; "best_at_ends" puts the second best last, against the loss in the middle that
    long contexts show (Liu et al. 2023). O(characters) and one token count per sentence.
    Raises ValueError if `passage_share` is not in (0, 1].
    """
    if not 0 < passage_share <= 1:
        raise ValueError(f"passage_share is {passage_share}, not in (0, 1]")
    if support is not None:
        passages = passages[: len(support)]
    measured = _measure(question, passages, count_tokens, support)
    if support is not None:
        passages, measured = _best_supported(passages, measured, support)
    remaining = budget_tokens
    limit = budget_tokens if len(passages) == 1 else int(budget_tokens * passage_share)
    chosen: list[ContextPassage] = []
    for passage, sentences in zip(passages, measured, strict=True):
        title = neutralise_title(passage.title_path)
        room = remaining - count_tokens(f"{_LABEL}{title}\n\n")
        kept = _fit(sentences, min(limit, room)) or _fit(sentences, room)
        if kept:
            chosen.append(_context_passage(passage, title, kept))
            remaining = room - sum(sentence.tokens for sentence in kept)
    return chosen if order == "best_first" else _best_at_ends(chosen)


def _best_supported(
    passages: Sequence[Passage], measured: list[list[_Sentence]], support: Support
) -> tuple[list[Passage], list[list[_Sentence]]]:
    """Order by each passage's best sentence; leave out those that fall far behind the first."""
    best = [max(own, default=NO_SUPPORT) for own in support]
    order = sorted(range(len(best)), key=lambda index: -best[index])
    kept = [index for index in order if best[index] >= best[order[0]] - _FALLS_BEHIND]
    return [passages[index] for index in kept], [measured[index] for index in kept]


def _measure(
    question: str,
    passages: Sequence[Passage],
    count_tokens: CountTokens,
    support: Support | None,
) -> list[list[_Sentence]]:
    spans = [sentence_spans(passage.text) for passage in passages]
    texts = [
        passage.text[start:end]
        for passage, own in zip(passages, spans, strict=True)
        for start, end in own
    ]
    ranks = _ranks(question, texts) if support is None else _support_ranks(support)
    measured: list[list[_Sentence]] = []
    index = 0
    for own in spans:
        sentences: list[_Sentence] = []
        for start, end in own:
            tokens = count_tokens(neutralise(texts[index]) + "\n")
            sentences.append(_Sentence(start, end, texts[index], tokens, ranks.get(index)))
            index += 1
        measured.append(sentences)
    return measured


def _ranks(question: str, texts: Sequence[str]) -> dict[int, int]:
    """Return the rank of every sentence that shares a term with the question."""
    found = relevances(question, texts)
    order = order_by_relevance(found)
    return {index: rank for rank, index in enumerate(order) if found[index].coverage > 0}


def _support_ranks(support: Support) -> dict[int, int]:
    values = [value for own in support for value in own]
    order = sorted(range(len(values)), key=lambda index: -values[index])
    return {index: rank for rank, index in enumerate(order)}


def _fit(sentences: Sequence[_Sentence], room: int) -> list[_Sentence]:
    """Return all sentences if they fit, or the best choice of them, in order."""
    if sum(sentence.tokens for sentence in sentences) <= room:
        return list(sentences)
    ranked = [(one.rank, index) for index, one in enumerate(sentences) if one.rank is not None]
    related = [index for _, index in sorted(ranked)]
    if not related:
        return _leading(sentences, room)
    kept: set[int] = set()
    for index in related:
        needed = {index} - kept
        if index > 0 and _PRONOUN.match(sentences[index].text):
            needed |= {index - 1} - kept
        for wanted in (needed, {index} - kept):
            cost = sum(sentences[i].tokens for i in wanted)
            if wanted and cost <= room:
                kept |= wanted
                room -= cost
                break
    _add_neighbours(sentences, related, kept, room)
    return [sentences[index] for index in sorted(kept)]


def _leading(sentences: Sequence[_Sentence], room: int) -> list[_Sentence]:
    kept: list[_Sentence] = []
    for sentence in sentences:
        if sentence.tokens > room:
            break
        kept.append(sentence)
        room -= sentence.tokens
    return kept


def _add_neighbours(
    sentences: Sequence[_Sentence], related: Sequence[int], kept: set[int], room: int
) -> None:
    for index in related:
        if index not in kept:
            continue
        for near in (index - 1, index + 1):
            fits = 0 <= near < len(sentences) and sentences[near].tokens <= room
            if fits and near not in kept:
                kept.add(near)
                room -= sentences[near].tokens


def _context_passage(
    passage: Passage, title: str, sentences: Sequence[_Sentence]
) -> ContextPassage:
    """Join kept sentences into pieces; what lay between two neighbours stays as it was."""
    pieces: list[tuple[int, int]] = []
    for sentence in sentences:
        if pieces and not passage.text[pieces[-1][1] : sentence.start].strip():
            pieces[-1] = (pieces[-1][0], sentence.end)
        else:
            pieces.append((sentence.start, sentence.end))
    shown = "\n".join(neutralise(passage.text[start:end]) for start, end in pieces)
    return ContextPassage(
        passage=passage,
        pieces=tuple(Piece(passage.start + start, passage.start + end) for start, end in pieces),
        prompt=PromptPassage(title, shown),
    )


def _best_at_ends(best_first: list[ContextPassage]) -> list[ContextPassage]:
    return best_first[0::2] + best_first[1::2][::-1]
