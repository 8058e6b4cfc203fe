"""Calibrate a collection's confidence on questions made of its own text, or on the user's."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.answer_events import AnswerRequest, DoneEvent
from app.collection_calibration import AskWithout
from app.errors import AnswerIncomplete
from app.tune_collection import documents_by_name
from evaluation.answer_metrics import language_of, token_f1
from evaluation.datasets import Dataset
from evaluation.progress import StageProgress
from generation.calibrate import Calibrated, JudgedAnswer, calibrate
from generation.records import Answer, Citation
from ingestion.records import Language
from ingestion.store.catalog import Catalog
from ingestion.store.stored import StoredChunk
from ingestion.store.tuned_weights import StoredWeights
from retrieval.near_misses import Names, altered
from retrieval.tune_questions import Asked, asked_of, without_rare_words, words_held

RIGHT_F1 = 0.5
"""An answer with this much of a gold answer's words is right."""

_UNANSWERABLE = 0.3  # share of made questions
_LEFT_OUT = 0.2  # of a made question's words, the rarest
_MOST_DOCUMENTS = 1000
_CHUNKS_OF_A_DOCUMENT = 20


@dataclass(frozen=True, slots=True)
class CalibrationQuestion:
    """A question with what makes an answer right; neither answers nor a place: nothing does.

    place: document id and half-open code points, of which a citation must touch one. withheld:
    chunks that are not shown.
    """

    text: str
    answers: tuple[str, ...] = ()
    place: tuple[str, int, int] | None = None
    withheld: frozenset[str] = frozenset()

    @property
    def answerable(self) -> bool:
        """Tell whether there is something to find."""
        return bool(self.answers) or self.place is not None


def made_questions(
    catalog: Catalog, collection: str, *, most: int, seed: int
) -> list[CalibrationQuestion]:
    """Return questions made of the collection's sentences, at most one a chunk.

    Three in ten have no answer: a name or number was exchanged, or the chunk that they were made of
    is withheld.
    """
    draw = random.Random(seed)
    ids = catalog.document_ids(collection)
    chosen = draw.sample(ids, min(len(ids), _MOST_DOCUMENTS))
    chunks = [
        (name, chunk)
        for name in chosen
        for chunk in catalog.chunks(name, 0, _CHUNKS_OF_A_DOCUMENT)[0]
    ]
    draw.shuffle(chunks)
    holding = words_held([chunk.text for _, chunk in chunks])
    asked = [(name, chunk, asked_of(chunk.text)) for name, chunk in chunks]
    names = _names([one.question for *_, some in asked for one in some])
    found: list[CalibrationQuestion] = []
    for name, chunk, some in asked:
        if some:
            made = _made(name, chunk, draw.choice(some), holding, names, draw)
            found.extend([made] if made else [])
        if len(found) == most:
            break
    return found


def given_questions(
    dataset: Dataset, catalog: Catalog, collection: str
) -> list[CalibrationQuestion]:
    """Return a dataset's questions; those whose documents the collection lacks are left out."""
    known = documents_by_name(catalog, collection)
    return [
        CalibrationQuestion(question.text, question.answers)
        for question in dataset.questions
        if not question.answers or any(name in known for name in dataset.relevant(question.id))
    ]


def calibrate_collection(
    ask: AskWithout,
    collection: str,
    questions: Sequence[CalibrationQuestion],
    *,
    risk: float,
    seed: int,
    progress: StageProgress,
) -> Calibrated:
    """Ask every question once and calibrate on what came. Raises TooFewAnswers."""
    judged = []
    for number, question in enumerate(questions, start=1):
        judged.append(judge(question, _answer(ask, collection, question)))
        progress("questions", number, len(questions))
    return calibrate(judged, risk=risk, seed=seed)


def judge(question: CalibrationQuestion, answer: Answer) -> JudgedAnswer:
    """Return whether an answer is right: by its words, or else by a place that it cites."""
    drafted = bool(answer.citations)
    right = False
    if drafted and question.answers:
        f1 = token_f1(answer.text, question.answers, language_of(question.text))
        right = f1 >= RIGHT_F1
    elif drafted and question.place is not None:
        right = any(_touches(citation, question.place) for citation in answer.citations)
    return JudgedAnswer(answer.confidence if drafted else 0.0, right, question.answerable)


def store_calibration(catalog: Catalog, collection: str, found: Calibrated) -> StoredWeights:
    """Store a calibration as the collection's next version."""
    line = found.calibration
    return catalog.calibrations.put(
        collection,
        {"threshold": line.threshold, "slope": line.slope, "bias": line.bias},
        {
            "fitted": found.fitted,
            "judged": found.judged,
            "error_before": found.error_before,
            "error_after": found.error_after,
            "loss_before": found.loss_before,
            "loss_after": found.loss_after,
            "coverage": found.chosen.coverage,
            "risk": found.chosen.risk,
            "refused": found.chosen.refused,
            "curve": [
                [point.threshold, point.coverage, point.risk, point.refused]
                for point in found.curve
            ],
        },
    )


def _answer(ask: AskWithout, collection: str, question: CalibrationQuestion) -> Answer:
    request = AnswerRequest(
        question=question.text,
        collection=collection,
        history=(),
        session_id=None,
        stage=None,
        strategy=None,
        top_k=None,
        trace_id="calibrate",
    )
    for event in ask(request, question.withheld):
        if isinstance(event, DoneEvent):
            return event.answer
    raise AnswerIncomplete(f"no answer to the question: {question.text}")


def _made(
    document: str,
    chunk: StoredChunk,
    asked: Asked,
    holding: Mapping[str, int],
    names: Mapping[Language, Names],
    draw: random.Random,
) -> CalibrationQuestion | None:
    question = without_rare_words(asked.question, holding, _LEFT_OUT)
    if question is None:
        return None
    if draw.random() >= _UNANSWERABLE:
        place = (document, chunk.start + asked.start, chunk.start + asked.end)
        return CalibrationQuestion(question, place=place)
    other = altered(question, chunk.text, "", names[language_of(question)], draw)
    if other is not None and draw.random() < 0.5:
        return CalibrationQuestion(other)
    return CalibrationQuestion(question, withheld=frozenset([chunk.chunk_id]))


def _names(questions: Sequence[str]) -> Mapping[Language, Names]:
    by_language: dict[Language, list[str]] = {"zh": [], "en": []}
    for question in questions:
        by_language[language_of(question)].append(question)
    return {language: Names(some, (), language) for language, some in by_language.items()}


def _touches(citation: Citation, place: tuple[str, int, int]) -> bool:
    document, start, end = place
    return citation.document_id == document and citation.start < end and start < citation.end
