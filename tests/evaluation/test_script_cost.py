from evaluation.script_cost import TimedEmbedder, script_cost
from tests.generation.script_fakes import GramEncoder


def test_script_cost_measures_every_sentence_in_parts() -> None:
    told = script_cost(100, GramEncoder())
    assert told["scripts"] == 100
    assert told["sentences"] > 150
    assert told["wordings"] > 300
    assert 0 < told["embedding_ms_p50"] <= told["whole_ms_p95"]
    assert 0 < told["rest_ms_p50"] <= told["rest_ms_p95"]


def test_timed_embedder_copies_are_near_their_pattern_and_not_the_same() -> None:
    encoder = GramEncoder()
    timed = TimedEmbedder(encoder, ["付款", "发票"])
    one, other = timed.embed_queries(["付款 1", "付款 2"])
    pattern = timed.embed_queries(["付款"])[0]
    assert timed.seconds[0] > 0
    assert 0.9 < float(one @ pattern) < 1
    assert 0.9 < float(one @ other) < 1
