"""What the gate and its audit cost a sentence: `python -m evaluation.gate_cost [SENTENCES]`."""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from generation.compliance import Gate
from generation.compliance_rules import rules_of
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rule_set
from generation.scripts import fallback_texts, load_scripts
from ingestion.store.audit import AuditDraft
from ingestion.store.catalog import Catalog

SENTENCE = "借阅期限为三十日，到期前可以续借一次，续借期限为十五日。"


def gate_cost(sentences: int, folder: Path) -> dict[str, float]:
    """Return the p50 and p95 in milliseconds of the gate's rules and of the audit's writing.

    Rules are those that ship, without topics, whose encoder is measured elsewhere.
    """
    book = RuleBook(default_rule_set(), None)
    gate = Gate(rules_of(lambda _collection: book), fallback_texts(load_scripts()))
    catalog = Catalog(folder / "catalog.sqlite3")
    judged, written = list[float](), list[float]()
    for number in range(sentences):
        text = f"{SENTENCE}{number}"
        began = time.perf_counter()
        verdict = gate.gate(text, evidence=[text], language="zh")
        judged.append(time.perf_counter() - began)
        words = {"question": SENTENCE, "draft": text, "evidence": [text], "shown": verdict.text}
        draft = AuditDraft("trace", "hr", "allowed", "", {"score": 0.5}, words)
        began = time.perf_counter()
        catalog.audit.append([draft])
        written.append(time.perf_counter() - began)
    catalog.close()
    return {
        "sentences": sentences,
        "gate_ms_p50": _milliseconds(judged, 50),
        "gate_ms_p95": _milliseconds(judged, 95),
        "audit_ms_p50": _milliseconds(written, 50),
        "audit_ms_p95": _milliseconds(written, 95),
    }


def _milliseconds(seconds: list[float], percent: int) -> float:
    return round(statistics.quantiles(seconds, n=100)[percent - 1] * 1000, 3)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=".") as name:
        count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
        sys.stdout.write(json.dumps(gate_cost(count, Path(name))) + "\n")
