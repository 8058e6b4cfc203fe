from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models.bundled import prepare_encoder, reader_path
from models.reader import PairTokenizer, Reader
from models.span_logits import SpanLogits
from tests.models.tiny_trunk import write_tiny_trunk

QUESTION = "Where is the bell?"
PASSAGES = ["The bell hangs in the north tower.", "Short.", "Nobody rings it on 30 May. " * 4]


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def tensors(width: int = 32) -> dict[str, torch.Tensor]:
    torch.manual_seed(3)
    module = "encoder.layer.1.attention.self.query"
    return {
        "head.weight": torch.randn(2, width),
        "head.bias": torch.randn(2),
        f"{module}.lora_A": torch.randn(4, width),
        f"{module}.lora_B": torch.randn(width, 4),
    }


@pytest.fixture(scope="module")
def adapter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("adapter") / "reader.safetensors"
    save_file(tensors(), path, metadata={"lora": '{"rank": 4, "scale": 2.0}'})
    return path


def test_read_gives_logits_for_every_token_of_the_passages_in_order(
    trunk: Path, adapter: Path
) -> None:
    read = Reader(trunk, adapter).read(QUESTION, PASSAGES)
    for passage, logits in zip(PASSAGES, read, strict=True):
        # One token is one byte here, and the passages are ASCII.
        assert logits.offsets.tolist() == [[at, at + 1] for at in range(len(passage))]
        assert logits.start.shape == logits.end.shape == (len(passage),)
        assert np.isfinite([logits.none, *logits.start, *logits.end]).all()


def test_read_passage_alone_or_among_others_is_the_same(trunk: Path, adapter: Path) -> None:
    reader = Reader(trunk, adapter)
    together = reader.read(QUESTION, PASSAGES)
    for passage, logits in zip(PASSAGES, together, strict=True):
        (alone,) = reader.read(QUESTION, [passage])
        np.testing.assert_allclose(logits.start, alone.start, atol=0.1)
        assert logits.none == pytest.approx(alone.none, abs=0.2)


def test_read_long_passage_is_cut_and_an_empty_one_has_no_tokens(
    trunk: Path, adapter: Path
) -> None:
    reader = Reader(trunk, adapter)
    (cut, empty) = reader.read(QUESTION, ["word " * 200, ""])
    assert 300 < len(cut.start) < 384
    assert cut.offsets[-1][1] == len(cut.start)
    assert empty.offsets.shape == (0, 2)
    assert empty.start.shape == (0,)


@pytest.mark.parametrize("question", ["", " ", "why " * 500, "为什么" * 600])
def test_read_question_of_any_length_leaves_room_for_the_passage(
    trunk: Path, adapter: Path, question: str
) -> None:
    (logits,) = Reader(trunk, adapter).read(question, [PASSAGES[0]])
    assert len(logits.start) == len(PASSAGES[0])


@pytest.mark.parametrize(("lengths", "width"), [((1,), 32), ((32, 5), 32), ((33,), 64)])
def test_pad_widens_to_few_shapes(trunk: Path, lengths: tuple[int, ...], width: int) -> None:
    ids, mask = PairTokenizer(trunk).pad([[7] * length for length in lengths])
    assert ids.shape == mask.shape == (len(lengths), width)
    assert mask.sum(1).tolist() == list(lengths)


def test_read_without_passages_reads_nothing(trunk: Path, adapter: Path) -> None:
    assert Reader(trunk, adapter).read(QUESTION, []) == []


def test_read_from_several_threads_mixes_nothing_up(trunk: Path, adapter: Path) -> None:
    reader = Reader(trunk, adapter)
    expected = [reader.read(QUESTION, [passage])[0].none for passage in PASSAGES]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda p: reader.read(QUESTION, [p])[0].none, PASSAGES * 4))
    assert found == expected * 4


def test_pair_tokenizer_cuts_the_passage_and_keeps_its_closing_token(trunk: Path) -> None:
    tokenizer = PairTokenizer(trunk)
    ((whole, first, _),) = tokenizer.encode(QUESTION, [PASSAGES[0]])
    ((cut, cut_first, offsets),) = tokenizer.encode(QUESTION, [PASSAGES[0]], first + 5)
    assert (cut_first, cut) == (first, [*whole[: first + 4], whole[-1]])
    assert offsets.tolist() == [[0, 1], [1, 2], [2, 3], [3, 4]]


def test_pair_tokenizer_keeps_offsets_of_wide_characters(trunk: Path) -> None:
    ((ids, first, offsets),) = PairTokenizer(trunk).encode("谁？", ["钟在北塔。"])
    assert len(ids) > first > 0
    assert offsets[0].tolist() == [0, 1]
    assert offsets[-1].tolist() == [4, 5]


@pytest.mark.parametrize(
    ("question", "passages", "answer"),
    [
        (
            "借阅期限是多少天？",
            ["读者每次借书不得超过五册。借阅期限为三十日，可以续借一次。", "阅览室周一闭馆。"],
            "三十日",
        ),
        (
            "When does the last ferry leave?",
            ["Dogs travel free of charge.", "Ferries run daily; the last one leaves at 21:40."],
            "21:40",
        ),
    ],
)
def test_shipped_reader_finds_the_answer(
    models_dir: Path, question: str, passages: list[str], answer: str
) -> None:
    reader = Reader(prepare_encoder(models_dir, lambda _line: None), reader_path())
    read = reader.read(question, passages)
    best = max(range(2), key=lambda number: read[number].start.max())
    logits = read[best]
    start = int(logits.start.argmax())
    end = start + int(logits.end[start:].argmax())
    found = passages[best][logits.offsets[start][0] : logits.offsets[end][1]]
    assert answer in found
    assert len(found) < len(answer) + 8


def test_shipped_reader_is_less_sure_without_the_answer(models_dir: Path) -> None:
    reader = Reader(prepare_encoder(models_dir, lambda _line: None), reader_path())
    known, unknown = reader.read("借阅期限是多少天？", ["借阅期限为三十日。", "阅览室周一闭馆。"])

    def odds(logits: SpanLogits) -> float:
        return float(logits.start.max() + logits.end.max()) - logits.none

    assert odds(known) > 0 > odds(unknown)
