from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from models.pair_scorer import PairScorer, load_network
from models.reader import PairTokenizer
from tests.models.tiny_trunk import write_tiny_trunk
from tests.training.interrupted import run_until
from training.data.ranking import Ranking
from training.lora import adapted, trained
from training.reranker import RerankerSettings, encode_rankings, ranking_loss, train

WORDS = ["oak", "elm", "fig", "yew", "ash", "fir", "bay", "box"]
RANKINGS = [
    Ranking("Which tree?", f"the {word} tree", (f"no {word} here", "none", "nothing"))
    for word in WORDS
]
SETTINGS = RerankerSettings(
    rank=4, alpha=8, layers=2, wrong=2, learning_rate=0.02, warmup_steps=1, batch_size=4
)


@pytest.fixture(scope="module")
def trunk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_trunk(tmp_path_factory.mktemp("trunk"))


def test_encode_puts_the_right_passage_first_and_skips_what_has_too_few_others(
    trunk: Path,
) -> None:
    tokenizer = PairTokenizer(trunk)
    few = Ranking("Which?", "a", ("b",))
    encoded = encode_rankings([*RANKINGS, few], tokenizer, SETTINGS)
    assert len(encoded) == len(RANKINGS)
    ((right, _, _),) = tokenizer.encode("Which tree?", ["the oak tree"])
    assert encoded[0].rows[0] == right
    assert [len(one.rows) for one in encoded] == [3] * len(RANKINGS)


def test_ranking_loss_is_one_softmax_over_a_questions_passages(trunk: Path) -> None:
    network, tokenizer = load_network(trunk).float().eval(), PairTokenizer(trunk)
    encoded = encode_rankings(RANKINGS[:2], tokenizer, SETTINGS)
    losses = []
    for one in encoded:
        logits = torch.cat([network(*tokenizer.pad([row])) for row in one.rows])
        losses.append(-torch.log_softmax(logits, 0)[0])
    expected = torch.stack(losses).mean()
    torch.testing.assert_close(ranking_loss(network, tokenizer, encoded), expected)


def test_train_learns_goes_on_and_is_served(trunk: Path, tmp_path: Path) -> None:
    def run(settings: RerankerSettings) -> list[str]:
        return run_until(40, lambda report: train(trunk, RANKINGS, tmp_path, settings, report))

    begun = replace(SETTINGS, minutes=600.0, save_every_steps=10)
    run(begun)
    steps = [
        line.split()[1]
        for line in run_until(50, lambda report: train(trunk, RANKINGS, tmp_path, begun, report))
    ]
    assert steps[0] == "40"  # where the last checkpoint was written
    scorer = PairScorer(trunk, tmp_path / "reranker.safetensors")
    for ranking in RANKINGS:
        right, *wrong = scorer.score_pairs(ranking.question, [ranking.right, *ranking.wrong])
        assert right > max(wrong)


def test_train_can_begin_where_a_reader_ended(trunk: Path, tmp_path: Path) -> None:
    network = load_network(trunk)
    network.trunk = adapted(network.trunk, rank=4, alpha=8, layers=2)
    torch.manual_seed(2)
    tensors = {
        name: torch.randn(2 if name.startswith("head") else one.shape[0], *one.shape[1:])
        for name, one in trained(network).items()
    }
    reader = tmp_path / "reader.safetensors"
    save_file(tensors, reader, metadata={"lora": '{"rank": 4, "scale": 2.0}'})
    out = tmp_path / "out"
    settings = replace(SETTINGS, minutes=1e-9)
    file = train(trunk, RANKINGS, out, settings, lambda _line: None, begin=reader)
    found = load_file(file)
    name = "encoder.layer.0.output.dense.lora_B"
    torch.testing.assert_close(found[name], tensors[name].half())
    torch.testing.assert_close(
        found["head.weight"], -tensors["head.weight"].sum(0, keepdim=True).half()
    )
