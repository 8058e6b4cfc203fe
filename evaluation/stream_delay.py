"""How far a vetted stream is behind one that is shown as it is written.

`python -m evaluation.stream_delay [ANSWERS] [SECONDS_A_PIECE]`, with the models of the settings.
"""

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.answer_events import AnswerRequest, SentenceEvent
from app.answer_question import Answerer, AnswerSettings
from app.audited_answers import Answering, with_audit
from app.build_models import build_encoder, prepare_models
from app.metrics import Metrics
from app.settings import Settings
from app.staged_answers import StagedAnswers, fallback_of
from generation.compliance_rules import rules_of
from generation.confidence import Calibration
from generation.policy_judge import policy_gate
from generation.rules.rule_book import RuleBook
from generation.rules.rule_file import default_rule_set
from generation.script_library import Embedder, ScriptLibrary
from generation.scripts import fallback_texts, load_scripts
from generation.stages import Intents, load_examples
from ingestion.store.catalog import Catalog, utc_now
from ingestion.store.scripts import ApprovalState, ScriptDraft
from retrieval.records import Passage, SearchResult

SENTENCES = (
    "读者凭借书证可以借阅图书，每次不得超过五册。",
    "借阅期限为三十日，从借出之日的次日起算。",
    "到期之前可以续借一次，续借期限为十五日。",
    "逾期归还的，每册每日收取一角的滞纳费。",
    "损坏图书的，应当按照原价的两倍赔偿。",
    "珍贵文献只能在馆内阅览，不得外借。",
)
QUESTION = "借阅图书有哪些规定？"
COLLECTION = "library"
_PIECE = 2


@dataclass
class Paced:
    """A generator that writes the sentences at a steady pace, and notes when it wrote what.

    written: for each character, when it came.
    """

    seconds: float
    name: str = "paced"
    is_up: bool = True
    written: list[float] = field(default_factory=list)

    def stream(self, _prompt: str, *, max_tokens: int) -> Iterator[str]:
        """Yield pieces of two characters."""
        text = "".join(SENTENCES)
        self.written.clear()
        due = time.perf_counter()
        for at in range(0, len(text), _PIECE):
            due += self.seconds
            time.sleep(max(0.0, due - time.perf_counter()))
            piece = text[at : at + _PIECE]
            self.written += [time.perf_counter()] * len(piece)
            yield piece

    def count_tokens(self, text: str) -> int:
        """Return a number of tokens."""
        return len(text)

    def close(self) -> None:
        """Do nothing."""


def gated_path(catalog: Catalog, encoder: Embedder, generator: Paced, mode: str) -> Answering:
    """Return the answering path as the service has it, on one passage, with 100 scripts."""
    text = "".join(SENTENCES)
    passage = Passage(
        "c", "d", "r", "规定", (), None, 0, len(text), text, 1.0, {"dense": 1.0, "bm25": 1.0}
    )
    approved = ApprovalState.APPROVED
    catalog.scripts.put_all(
        [
            ScriptDraft(f"第{at}号窗口办理第{at}类业务。", "zh", "inquiry", state=approved)
            for at in range(100)
        ]
    )
    catalog.policies.put(COLLECTION, {"mode": mode}, "")
    scripts, metrics = load_scripts(), Metrics()
    book = RuleBook(default_rule_set(), encoder)
    book.learn()
    library = ScriptLibrary(catalog.scripts, catalog.policies.newest, encoder, utc_now)
    library.follow(100)
    gate = policy_gate(library, rules_of(lambda _collection: book), fallback_texts(scripts))
    answerer = Answerer(
        lambda _request: SearchResult((passage,), {}, 1),
        lambda _passage, _position: None,
        generator,
        gate,
        scripts,
        AnswerSettings(top_k=1, context_tokens=2000, max_tokens=2000),
        lambda _collection: Calibration(threshold=0.0),
        fallback=fallback_of(library),
    )
    intents = Intents(load_examples(), encoder)
    staged = StagedAnswers(library, intents, catalog.policies, gate, answerer.answer)
    return with_audit(staged.answer, catalog.audit, scripts, {}, metrics)


def stream_delay(path: Answering, generator: Paced, answers: int) -> dict[str, float]:
    """Return how much later characters are released than they were written, p50, p95 and most.

    In milliseconds, and in sentences: by the mean time that a sentence took to be written. Raises
    ValueError where an answer is not what was written.
    """
    delays, sentence = list[float](), list[float]()
    for number in range(answers + 1):
        asked = AnswerRequest(
            QUESTION, COLLECTION, (), None, None, "generate", None, f"delay-{number}"
        )
        shown, released = "", list[float]()
        for event in path(asked):
            if isinstance(event, SentenceEvent):
                shown += event.text
                released += [time.perf_counter()] * len(event.text)
        if shown != "".join(SENTENCES):
            raise ValueError(f"what was shown is not what was written: {shown}")
        if number:  # the first one also loads what the others find loaded
            delays += [
                late - early for late, early in zip(released, generator.written, strict=True)
            ]
            sentence.append((generator.written[-1] - generator.written[0]) / len(SENTENCES))
    one = statistics.mean(sentence)
    cuts = statistics.quantiles(delays, n=100)
    found = {"p50": cuts[49], "p95": cuts[94], "most": max(delays)}
    return {
        "answers": answers,
        "sentence_ms": round(one * 1000, 1),
        **{f"delay_ms_{name}": round(value * 1000, 1) for name, value in found.items()},
        **{f"delay_sentences_{name}": round(value / one, 2) for name, value in found.items()},
    }


def main(answers: int, seconds: float) -> None:
    """Print a line of JSON for each policy."""
    settings = Settings()
    prepare_models(settings, lambda _line: None)
    encoder = build_encoder(settings)
    for mode in ("guard", "hybrid"):
        with tempfile.TemporaryDirectory(dir=".") as name:
            catalog, generator = Catalog(Path(name) / "catalog.sqlite3"), Paced(seconds)
            delay = stream_delay(gated_path(catalog, encoder, generator, mode), generator, answers)
            catalog.close()
        sys.stdout.write(json.dumps({"policy": mode, **delay}) + "\n")


if __name__ == "__main__":
    main(
        int(sys.argv[1]) if len(sys.argv) > 1 else 20,
        float(sys.argv[2]) if len(sys.argv) > 2 else 0.03,
    )
