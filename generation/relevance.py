"""Judge which sentences of a few passages bear on a question."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rank_bm25 import BM25Okapi

from ingestion.words import fold as stem
from retrieval.terms import words

_STOP_WORDS = frozenset(
    "的 了 是 在 和 与 及 或 也 都 就 而 被 把 对 从 到 于 以 为 之 其 这 那 此 该 个 些 吗 呢"
    " 吧 啊 么 什么 怎么 怎样 如何 为何 为什么 多少 几 哪 哪个 哪些 哪里 哪儿 谁 何 何时 何地"
    " 请问 是否 是不是 有没有 有 会 能 可以 能够 应该 应当 一个 一种 它 他 她 它们 他们 我 我们"
    " 你 你们 您 请 吗 不 没有 a an the of in on at to for by with from as and or but if is are"
    " was were be been being am do does did have has had it its he she they them his her their"
    " this that these those there i we you my our your what which who whom whose when where why"
    " how can could will would shall should may might must not no nor so than then s t also"
    " about into".split()
)


@dataclass(frozen=True, slots=True)
class Relevance:
    """How a sentence bears on a question.

    bm25: Okapi score over the candidate sentences, 0 or more. coverage: share of the question's
    content terms that the sentence holds, each weighted by how rare it is among the candidates
    (a term that none of them holds weighs most), 0 to 1.
    """

    bm25: float
    coverage: float


def content_terms(text: str) -> list[str]:
    """Return the terms that carry meaning, in order, with repeats.

    They are words of a dictionary, without function and question words and English plurals.
    """
    return [stem(word) for word in words(text) if word not in _STOP_WORDS]


def relevances(question: str, sentences: Sequence[str]) -> list[Relevance]:
    """Return the relevance of every sentence to the question, in order.

    The sentences of all candidate passages form the collection that weights come from.
    """
    wanted = list(dict.fromkeys(content_terms(question)))
    terms = [content_terms(sentence) for sentence in sentences]
    if not wanted or not any(terms):
        return [Relevance(0.0, 0.0)] * len(sentences)
    scores = BM25Okapi(terms).get_scores(wanted)
    weights = rarity(wanted, terms)
    total = sum(weights.values())
    return [
        Relevance(max(0.0, float(score)), _held(weights, held) / total)
        for score, held in zip(scores, terms, strict=True)
    ]


def order_by_relevance(found: Sequence[Relevance]) -> list[int]:
    """Return the indexes, most relevant first, ties in the order given.

    Coverage and BM25 as a share of the best count alike. BM25 alone would be nought in a set of
    two or three sentences, where its inverse document frequency vanishes.
    """
    best = max((one.bm25 for one in found), default=0.0) or 1.0
    return sorted(range(len(found)), key=lambda i: -(found[i].coverage + found[i].bm25 / best))


def rarity(wanted: Sequence[str], texts: Sequence[Sequence[str]]) -> dict[str, float]:
    """Return each wanted term's inverse document frequency among the texts, always above 0."""
    counts = Counter(term for text in texts for term in set(text))
    return {
        term: math.log(1 + (len(texts) - counts[term] + 0.5) / (counts[term] + 0.5))
        for term in wanted
    }


def _held(weights: dict[str, float], terms: Sequence[str]) -> float:
    return sum(weights[term] for term in set(terms) if term in weights)
