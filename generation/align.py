"""Find the source sentences that support a generated sentence, or nothing."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generation.folding import FoldedText, fold
from generation.records import ContextPassage, Span
from generation.relevance import content_terms, rarity
from generation.reply_sentences import sentence_spans

SUPPORT_THRESHOLD = 0.8
"""Share of an answer's weighted terms that its source must hold; fixed, never lowered."""


@dataclass(frozen=True, slots=True)
class _Source:
    """One sentence of one shown piece, in code points of the passage's text."""

    context: ContextPassage
    number: int
    piece: int
    start: int
    end: int
    terms: frozenset[str]


def align_sentence(
    sentence: str,
    context_passages: Sequence[ContextPassage],
    question: str,
    *,
    threshold: float = SUPPORT_THRESHOLD,
) -> tuple[Span, ...]:
    """Return the spans of the documents that support a sentence or a short answer phrase.

    1. If the shown text holds the words of the sentence (white space, punctuation, case and width
       apart), the span is the source sentence around them, or the run of sentences they reach
       over. Of several places the one with most terms of the question wins, then the better
       ranked passage. A single character needs a term of the question beside it.
    2. Otherwise the one source sentence, or the two neighbours, that hold most of the sentence's
       content terms, weighted by rarity, if that share reaches the threshold both for all terms
       and for those that the question does not already give.
    3. Otherwise (): nothing supports it, and the caller drops it.

    Every quote is `Document.text[start:end]`. threshold: 0 to 1. O(shown text × answer terms).
    """
    sources = _sources(context_passages)
    asked = frozenset(content_terms(question))
    if not sources or not _says_something(sentence):
        return ()
    run = _exact(sentence, context_passages, sources, asked)
    return _spans(run or _overlapping(sentence, sources, asked, threshold))


def _says_something(sentence: str) -> bool:
    """Tell whether a sentence could be an answer.

    It does not ask, and has a content term or is an acronym spelt like a function word (WHO).
    """
    if sentence.rstrip().endswith(("？", "?")):
        return False
    return bool(content_terms(sentence)) or (len(sentence) > 1 and sentence.isupper())


def _sources(context_passages: Sequence[ContextPassage]) -> list[_Source]:
    return [
        source
        for number, context in enumerate(context_passages)
        for source in _passage_sources(context, number)
    ]


def _passage_sources(context: ContextPassage, number: int) -> Iterator[_Source]:
    passage = context.passage
    for piece_number, piece in enumerate(context.pieces):
        left = piece.start - passage.start
        text = passage.text[left : piece.end - passage.start]
        for start, end in sentence_spans(text):
            terms = frozenset(content_terms(text[start:end]))
            yield _Source(context, number, piece_number, left + start, left + end, terms)


def _exact(
    sentence: str,
    context_passages: Sequence[ContextPassage],
    sources: Sequence[_Source],
    asked: frozenset[str],
) -> Sequence[_Source]:
    phrase = fold(sentence).text
    needed = 0.5 if len(phrase) == 1 and not phrase.isdecimal() else 0.0
    best: Sequence[_Source] = ()
    best_share = -1.0
    for number, context in enumerate(context_passages):
        own = [source for source in sources if source.number == number]
        starts, ends = [one.start for one in own], [one.end for one in own]
        text = context.passage.text
        for start, end in _occurrences(phrase, text, fold(text)):
            first, after = bisect_right(ends, start), bisect_left(starts, end)
            share = _asked_share(own, first, after, asked)
            if share >= needed and share > best_share and _shows(own[first:after], start, end):
                best, best_share = own[first:after], share
    return best


def _shows(run: Sequence[_Source], start: int, end: int) -> bool:
    """Tell whether the sentences are of one piece and hold all of `start` to `end`."""
    if not run or run[0].piece != run[-1].piece:
        return False
    return run[0].start <= start and end <= run[-1].end


def _occurrences(phrase: str, text: str, source: FoldedText) -> Iterator[tuple[int, int]]:
    at = source.text.find(phrase)
    while phrase and at >= 0:
        start = source.offsets[at]
        end = source.offsets[at + len(phrase) - 1] + 1
        if not _cuts_word(text, start) and not _cuts_word(text, end):
            yield start, end
        at = source.text.find(phrase, at + len(phrase))


def _cuts_word(text: str, at: int) -> bool:
    """Tell whether a Latin word or a number goes on across `at`."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if _is_latin(before) and _is_latin(after):
        return before.isdecimal() == after.isdecimal()
    if before in ".,．，" and after.isdecimal():
        return at > 1 and text[at - 2].isdecimal()
    if after in ".,．，" and before.isdecimal():
        return at + 1 < len(text) and text[at + 1].isdecimal()
    return False


def _is_latin(character: str) -> bool:
    return character.isalnum() and not "\u2e80" <= character <= "\u9fff"


def _asked_share(own: Sequence[_Source], first: int, after: int, asked: frozenset[str]) -> float:
    """Count the question's terms in the sentences; those only in the neighbours count half."""
    inside = _terms(own[first:after]) & asked
    near = _terms(own[max(0, first - 1) : after + 1]) & asked
    return len(inside) + 0.5 * len(near - inside)


def _terms(run: Sequence[_Source]) -> frozenset[str]:
    return frozenset[str]().union(*(source.terms for source in run))


def _overlapping(
    sentence: str, sources: Sequence[_Source], asked: frozenset[str], threshold: float
) -> Sequence[_Source]:
    terms = list(dict.fromkeys(content_terms(sentence)))
    weights = rarity(terms, [list(source.terms) for source in sources])
    new = {term: weight for term, weight in weights.items() if term not in asked}
    best: Sequence[_Source] = ()
    best_score = (0.0, 0, 0, 0)
    for run in _windows(sources):
        held = _terms(run)
        support = min(_contained(weights, held), _contained(new, held))
        score = (support, -len(run), len(held & asked), -run[0].number)
        if support >= threshold and score > best_score:
            best, best_score = run, score
    return best


def _windows(sources: Sequence[_Source]) -> Iterator[Sequence[_Source]]:
    for index, source in enumerate(sources):
        yield [source]
        following = sources[index + 1 : index + 2]
        if following and (following[0].number, following[0].piece) == (source.number, source.piece):
            yield [source, following[0]]


def _contained(weights: dict[str, float], held: frozenset[str]) -> float:
    """Return the share of the weights whose terms are held; 1 where there is nothing to hold."""
    total = sum(weights.values())
    return sum(weights[term] for term in held if term in weights) / total if total else 1.0


def _spans(run: Sequence[_Source]) -> tuple[Span, ...]:
    """Return one span over neighbouring sentences of one piece."""
    if not run:
        return ()
    passage = run[0].context.passage
    start, end = run[0].start, run[-1].end
    return (
        Span(passage.chunk_id, passage.start + start, passage.start + end, passage.text[start:end]),
    )
