from collections.abc import Sequence

import numpy as np

from ingestion.records import Vectors
from training.data.neighbours import nearest_by

AXES = "猫狗鱼"


class AxisEmbedder:
    """A text lies between the axes of the animals it names."""

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        counts = np.array([[text.count(one) + 1e-3 for one in AXES] for text in texts])
        return (counts / np.linalg.norm(counts, axis=1, keepdims=True)).astype(np.float32)

    embed_passages = embed_queries


def test_nearest_gives_numbers_of_passages_best_first_and_tells_progress() -> None:
    lines: list[str] = []
    passages = ["狗", "猫狗", "鱼", "猫", *["鱼"] * 1100]
    found = nearest_by(AxisEmbedder(), lines.append)(passages, ["猫", "狗"], 2)
    assert found == [[3, 1], [0, 1]]
    assert lines == ["embedding passages 0/1104", "embedding passages 1024/1104"]
