"""Measure answers: every question through the whole pipeline, passages not given."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from app.errors import AnswerIncomplete
from evaluation import metrics
from evaluation.answer_metrics import (
    exact_match,
    language_of,
    locatable,
    longest_run_f1,
    overlaps_gold,
    token_f1,
)
from evaluation.datasets import CorpusDocument, Dataset, Question
from evaluation.metrics import Interval, RefusalScores
from evaluation.progress import StageProgress
from evaluation.subject import ReleasedSentence
from generation.records import Answer, Citation, Outcome

Ask = Callable[[str], Iterator[ReleasedSentence | Answer]]


@dataclass(frozen=True, slots=True)
class CheckedCitation:
    """A citation by corpus id. relevant: that document is; overlaps: the quote touches gold."""

    document: str
    start: int
    end: int
    quote: str
    relevant: bool
    overlaps: bool


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """One question with all that came back, as `answers.jsonl` keeps it.

    refused: no answer was given, which a fallback or script without a citation is too.
    locatable: a gold answer stands word for word in a relevant document. exact_match, f1 and
    longest_run_f1 are None where the question is unanswerable; a refusal scores 0.
    first_sentence_ms: until the first words, which may be those of a refusal; None without any.
    """

    question_id: str
    question: str
    gold: tuple[str, ...]
    answer: str
    outcome: str
    refused: bool
    confidence: float
    exact_match: float | None
    f1: float | None
    longest_run_f1: float | None
    locatable: bool
    citations: tuple[CheckedCitation, ...]
    sentences: int
    uncited_sentences: int
    first_sentence_ms: float | None
    total_ms: float
    timings_ms: Mapping[str, float]

    @property
    def answerable(self) -> bool:
        """Tell whether there is something to find."""
        return bool(self.gold)


@dataclass(frozen=True, slots=True)
class CitationScores:
    """Citations of answers given to answerable questions.

    document_precision: citations of a relevant document, among all. precision: citations that
    also touch a gold answer, recall: answers with such a citation — both only over the
    `locatable` answers, the others' gold stands nowhere word for word. uncited_sentences: released
    without a citation in any answer that was no refusal, which must never happen.
    """

    document_precision: float | None
    precision: float | None
    recall: float | None
    locatable: int
    uncited_sentences: int


@dataclass(frozen=True, slots=True)
class AnswerScores:
    """All figures of a run; None where nothing could be counted."""

    questions: int
    answerable: int
    outcomes: Mapping[str, int]
    exact_match: float | None
    f1: Interval | None
    longest_run_f1: float | None
    f1_when_answered: float | None
    refusals: RefusalScores
    citations: CitationScores
    first_sentence_p50_ms: float | None
    first_sentence_p95_ms: float | None
    total_p50_ms: float | None
    total_p95_ms: float | None


def run_answers(
    dataset: Dataset,
    ask: Ask,
    corpus_ids: Mapping[str, str],
    *,
    answers_path: Path,
    progress: StageProgress,
) -> list[AskedQuestion]:
    """Ask every question in turn and write each to `answers_path` (JSON lines) as it comes.

    corpus_ids: corpus id by the service's document id. Raises AnswerIncomplete, and KeyError when a
    citation points outside the corpus.
    """
    texts = {document.id: document for document in dataset.documents}
    asked = []
    answers_path.parent.mkdir(parents=True, exist_ok=True)
    with answers_path.open("w", encoding="utf-8") as file:
        for number, question in enumerate(dataset.questions, start=1):
            record = ask_question(question, ask, corpus_ids, dataset.relevant(question.id), texts)
            file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
            file.flush()
            asked.append(record)
            progress("questions", number, len(dataset.questions))
    return asked


def ask_question(
    question: Question,
    ask: Ask,
    corpus_ids: Mapping[str, str],
    relevant: frozenset[str],
    documents: Mapping[str, CorpusDocument],
) -> AskedQuestion:
    """Ask one question and compare what came back with what is known. Raises as `run_answers`."""
    heard = _listen(question.text, ask)
    answer = heard.answer
    refused = answer.outcome is Outcome.REFUSED or (
        answer.outcome is not Outcome.ANSWERED and not answer.citations
    )
    gold, language = question.answers, language_of(question.text)
    said = "" if refused else answer.text
    evidence = [documents[name].full_text for name in sorted(relevant) if name in documents]
    return AskedQuestion(
        question_id=question.id,
        question=question.text,
        gold=gold,
        answer=answer.text,
        outcome=answer.outcome.value,
        refused=refused,
        confidence=answer.confidence,
        exact_match=exact_match(said, gold, language) if gold else None,
        f1=token_f1(said, gold, language) if gold else None,
        longest_run_f1=longest_run_f1(said, gold, language) if gold else None,
        locatable=locatable(evidence, gold),
        citations=tuple(
            _checked(citation, corpus_ids[citation.document_id], gold, relevant, documents)
            for citation in answer.citations
        ),
        sentences=len(heard.sentences),
        uncited_sentences=sum(sentence.citations == 0 for sentence in heard.sentences),
        first_sentence_ms=heard.first_sentence_ms,
        total_ms=heard.total_ms,
        timings_ms=dict(answer.timings_ms),
    )


def score_answers(asked: Sequence[AskedQuestion], *, seed: int) -> AnswerScores:
    """Sum a run up. Questions without gold answers count as unanswerable."""
    answerable = [record for record in asked if record.answerable]
    f1 = [record.f1 for record in answerable if record.f1 is not None]
    first = [r.first_sentence_ms for r in asked if r.first_sentence_ms is not None]
    total = [record.total_ms for record in asked]
    return AnswerScores(
        questions=len(asked),
        answerable=len(answerable),
        outcomes=dict(Counter(record.outcome for record in asked)),
        exact_match=metrics.mean([r.exact_match for r in asked if r.exact_match is not None]),
        f1=metrics.bootstrap_mean(f1, seed=seed) if f1 else None,
        longest_run_f1=metrics.mean(
            [r.longest_run_f1 for r in asked if r.longest_run_f1 is not None]
        ),
        f1_when_answered=metrics.mean([r.f1 for r in asked if r.f1 is not None and not r.refused]),
        refusals=metrics.refusal_scores(
            [record.refused for record in asked], [record.answerable for record in asked]
        ),
        citations=score_citations(asked),
        first_sentence_p50_ms=metrics.percentile(first, 50),
        first_sentence_p95_ms=metrics.percentile(first, 95),
        total_p50_ms=metrics.percentile(total, 50),
        total_p95_ms=metrics.percentile(total, 95),
    )


def score_citations(asked: Sequence[AskedQuestion]) -> CitationScores:
    """Precision and recall of citations, after ALCE (Gao et al. 2023) but against gold spans."""
    given = [record for record in asked if record.answerable and not record.refused]
    checkable = [record for record in given if record.locatable]
    everything = [citation for record in given for citation in record.citations]
    checked = [citation for record in checkable for citation in record.citations]
    proven = sum(any(_right(c) for c in record.citations) for record in checkable)
    return CitationScores(
        document_precision=metrics.share(sum(c.relevant for c in everything), len(everything)),
        precision=metrics.share(sum(_right(c) for c in checked), len(checked)),
        recall=metrics.share(proven, len(checkable)),
        locatable=len(checkable),
        uncited_sentences=sum(r.uncited_sentences for r in asked if not r.refused),
    )


@dataclass(frozen=True, slots=True)
class _Heard:
    answer: Answer
    sentences: tuple[ReleasedSentence, ...]
    first_sentence_ms: float | None
    total_ms: float


def _listen(question: str, ask: Ask) -> _Heard:
    start = time.perf_counter()
    first_ms: float | None = None
    sentences: list[ReleasedSentence] = []
    answer: Answer | None = None
    for event in ask(question):
        if isinstance(event, Answer):
            answer = event
            continue
        if first_ms is None:
            first_ms = (time.perf_counter() - start) * 1000
        sentences.append(event)
    if answer is None:
        raise AnswerIncomplete(f"no answer to the question: {question}")
    return _Heard(answer, tuple(sentences), first_ms, (time.perf_counter() - start) * 1000)


def _checked(
    citation: Citation,
    document: str,
    gold: Sequence[str],
    relevant: frozenset[str],
    documents: Mapping[str, CorpusDocument],
) -> CheckedCitation:
    return CheckedCitation(
        document=document,
        start=citation.start,
        end=citation.end,
        quote=citation.quote,
        relevant=document in relevant,
        overlaps=overlaps_gold(citation.quote, documents[document].full_text, gold),
    )


def _right(citation: CheckedCitation) -> bool:
    return citation.relevant and citation.overlaps
