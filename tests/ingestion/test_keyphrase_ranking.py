import numpy as np

from ingestion.keyphrase_ranking import distinct_phrases, keep_nearest_phrases
from ingestion.records import KeyEntry, KeyKind, Vectors

HEADING = KeyEntry(KeyKind.HEADING, "章", 0, 1)
SUMMARY = KeyEntry(KeyKind.SUMMARY, "句。", 9, 11)


def phrases(*texts: str) -> list[KeyEntry]:
    return [KeyEntry(KeyKind.KEYPHRASE, text, at, at + 1) for at, text in enumerate(texts)]


def unit(*rows: tuple[float, ...]) -> Vectors:
    vectors = np.array(rows, dtype=np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def kept(own: list[KeyEntry], chunk: Vectors, of_phrases: Vectors, limit: int) -> list[str]:
    [keys] = keep_nearest_phrases(
        [tuple(own)], chunk, distinct_phrases([own]), of_phrases, limit=limit
    )
    return [key.text for key in keys if key.kind is KeyKind.KEYPHRASE]


def test_distinct_phrases_of_several_chunks_are_given_once_in_order() -> None:
    keys = [[HEADING, *phrases("b", "a")], [*phrases("a", "c"), SUMMARY], []]
    assert distinct_phrases(keys) == ["b", "a", "c"]


def test_keep_nearest_phrases_takes_those_near_the_chunk() -> None:
    of_phrases = unit((0, 1, 0), (1, 0.2, 0), (0, 0, 1), (1, 0, 0.2))
    assert kept(phrases(*"wxyz"), unit((1, 0.1, 0)), of_phrases, 2) == ["x", "z"]


def test_keep_nearest_phrases_leaves_out_what_says_the_same() -> None:
    # "b" is nearer to the chunk than "c", and nearly the same as "a".
    of_phrases = unit((1, 0, 0), (1, 0.05, 0), (0.8, 0, 0.9))
    assert kept(phrases(*"abc"), unit((1, 0, 0.3)), of_phrases, 2) == ["a", "c"]


def test_keep_nearest_phrases_other_kinds_stay_in_place() -> None:
    own = (HEADING, *phrases("a", "b"), SUMMARY)
    chunks = unit((0, 1), (1, 0))
    keys = keep_nearest_phrases([own, (SUMMARY,)], chunks, ["a", "b"], unit((1, 0), (0, 1)))
    assert [key.text for key in keys[0]] == ["章", "b", "a", "句。"]
    assert keys[1] == (SUMMARY,)


def test_keep_nearest_phrases_equal_ones_stay_in_order() -> None:
    assert kept(phrases(*"abc"), unit((1, 0)), unit((1, 0), (1, 0), (1, 0)), 2) == ["a", "b"]
