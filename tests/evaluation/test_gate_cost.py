from pathlib import Path

from evaluation.gate_cost import gate_cost


def test_gate_cost_measures_each_sentence(tmp_path: Path) -> None:
    cost = gate_cost(5, tmp_path)
    assert cost["sentences"] == 5
    assert 0 < cost["gate_ms_p50"] <= cost["gate_ms_p95"]
    assert 0 < cost["audit_ms_p50"] <= cost["audit_ms_p95"]
