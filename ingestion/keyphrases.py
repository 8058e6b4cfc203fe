"""Keyphrases: runs of adjacent content words, ranked by what their words weigh in the text."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from ingestion.words import Word

_LONGEST = 3  # words
_LONGEST_CHINESE = 10  # characters
_RECURRING, _SINGLE = 0.3, 0.5  # exponents of the length a phrase's weight is divided by
_NEW_SHARE = 0.6  # of a phrase's weight must come from words that no chosen phrase has


def term_scores(words: Sequence[Word]) -> dict[str, float]:
    """Return for each term its frequency times the weight of its heaviest word."""
    weights: dict[str, float] = {}
    for word in words:
        weights[word.term] = max(weights.get(word.term, 0.0), word.weight)
    counts = Counter(word.term for word in words)
    return {term: count * weights[term] for term, count in counts.items()}


def keyphrases(
    text: str, words: Sequence[Word], scores: Mapping[str, float], *, limit: int
) -> list[tuple[int, int]]:
    """Return the spans of at most `limit` keyphrases at their first occurrence, best first.

    words: the content words of `text`, in order. scores: of their terms. A phrase has up to three
    words and scores the sum of theirs, less where they also occur apart; no two phrases say the
    same. Compare RAKE (Rose et al. 2010), which joins words alike but ranks by co-occurrence.
    """
    chosen: list[tuple[int, int]] = []
    covered: set[str] = set()
    for first, stop in _ranked(text, words, scores):
        if len(chosen) == limit:
            break
        terms = {word.term for word in words[first:stop]}
        new = sum(scores[term] for term in terms - covered)
        if new >= _NEW_SHARE * sum(scores[term] for term in terms):
            chosen.append((words[first].start, words[stop - 1].end))
            covered |= terms
    return chosen


def _ranked(text: str, words: Sequence[Word], scores: Mapping[str, float]) -> list[tuple[int, int]]:
    """Return each distinct phrase once as `words[first:stop]`, best first, then in text order."""
    terms = tuple(word.term for word in words)
    counts = Counter(terms)
    found: dict[tuple[str, ...], tuple[int, int]] = {}
    times: dict[tuple[str, ...], int] = {}
    for first, stop in _candidates(text, words):
        phrase = terms[first:stop]
        found.setdefault(phrase, (first, stop))
        times[phrase] = times.get(phrase, 0) + 1
    ranked = []
    for phrase, (first, stop) in found.items():
        if len(phrase) == 1:
            ranked.append((-scores[phrase[0]], first, stop))
        elif times[phrase] > 1 or not (words[first].weak or words[stop - 1].weak):
            together = times[phrase] / max(map(counts.__getitem__, phrase))
            weight = sum(map(scores.__getitem__, phrase))
            length = len(phrase) ** (_RECURRING if times[phrase] > 1 else _SINGLE)
            ranked.append((-weight * together**0.5 / length, first, stop))
    return [(first, stop) for _, first, stop in sorted(ranked)]


def _candidates(text: str, words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield every phrase as `words[first:stop]`, up to the longest."""
    joins = [*_joins(text, words), False]
    for first, word in enumerate(words):
        yield first, first + 1
        stop = first + 1
        while joins[stop - 1] and stop - first < _LONGEST:
            stop += 1
            if not word.term.isascii() and words[stop - 1].end - word.start > _LONGEST_CHINESE:
                break
            yield first, stop


def _joins(text: str, words: Sequence[Word]) -> Iterator[bool]:
    """Tell for each word but the last whether it joins the next: Latin words may have a gap."""
    for i in range(1, len(words)):
        before, word = words[i - 1], words[i]
        yield before.end == word.start or (
            before.end + 1 == word.start
            and text[before.end] in " -"
            and before.term.isascii()
            and word.term.isascii()
        )
