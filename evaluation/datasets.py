"""Read a dataset folder: `corpus.jsonl`, `queries.jsonl`, `qrels.tsv`; choose questions from it."""

import hashlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

QRELS_HEADER = ("query-id", "corpus-id", "score")


class DatasetError(ValueError):
    """A dataset file is missing or malformed. Says which file, which line, and what is wrong."""

    def __init__(self, path: Path, line: int | None, detail: str) -> None:
        where = f"{path}, line {line}" if line else str(path)
        super().__init__(f"{where}: {detail}")
        self.path = path
        self.line = line


class SelectionError(ValueError):
    """The questions asked for are not there."""


@dataclass(frozen=True, slots=True)
class CorpusDocument:
    """One document to be found. `title` may be empty."""

    id: str
    title: str
    text: str

    @property
    def full_text(self) -> str:
        """Return title and text as one, the way plain systems index it."""
        return f"{self.title}\n{self.text}" if self.title else self.text


@dataclass(frozen=True, slots=True)
class Question:
    """One question with its gold answers; none means that it must be refused."""

    id: str
    text: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dataset:
    """A corpus, questions, and the graded judgements {question: {document: grade}}.

    `unusable` names questions that cannot be asked or scored, as "file, line: why"; they are not
    among `questions`. `set_aside` counts those that `leave_out` took away with others' evidence.
    """

    name: str
    documents: tuple[CorpusDocument, ...]
    questions: tuple[Question, ...]
    qrels: Mapping[str, Mapping[str, int]]
    unusable: tuple[str, ...] = ()
    set_aside: int = 0

    def relevant(self, question_id: str) -> frozenset[str]:
        """Return the documents graded above 0 for a question."""
        grades = self.qrels.get(question_id, {})
        return frozenset(document for document, grade in grades.items() if grade > 0)


def load_dataset(folder: Path, *, with_answers: bool) -> Dataset:
    """Read and check a dataset folder; a corpus that is not in it is sought one level up.

    with_answers: whether `answers` must be there; without, they are not read and left empty.
    A question without words, or with a gold answer that is no text, is left out and named in
    `unusable`. Raises DatasetError at the first file or line that is not as it should be.
    """
    if not folder.is_dir():
        raise DatasetError(folder, None, "no such folder")
    documents = tuple(_documents(_corpus_path(folder)))
    path = folder / "queries.jsonl"
    read = list(_questions(path, with_answers=with_answers))
    known = frozenset(document.id for document in documents)
    asked = frozenset(question.id for _, question, _ in read)
    qrels = _qrels(folder / "qrels.tsv", known, asked)
    return Dataset(
        name="/".join(folder.resolve().parts[-2:]),
        documents=documents,
        questions=tuple(question for _, question, flaw in read if not flaw),
        qrels=qrels,
        unusable=tuple(f"{path.name}, line {number}: {flaw}" for number, _, flaw in read if flaw),
    )


def choose_questions(
    dataset: Dataset, *, limit: int | None, sample: int | None, seed: int
) -> Dataset:
    """Keep the first `limit` questions, then `sample` of them drawn by `seed`, order kept.

    The corpus stays whole. None keeps all. Raises SelectionError when a number is below 1.
    """
    if any(number is not None and number < 1 for number in (limit, sample)):
        raise SelectionError("limit and sample must be at least 1")
    questions = dataset.questions[:limit]
    if sample is not None and sample < len(questions):
        drawn = random.Random(seed).sample(range(len(questions)), sample)
        questions = tuple(questions[index] for index in sorted(drawn))
    return replace(dataset, questions=questions)


def leave_out(dataset: Dataset, count: int, *, seed: int) -> Dataset:
    """Take the evidence of `count` answerable questions away, so that they must be refused.

    All documents relevant to them leave the corpus and their answers become empty. They are drawn
    document by document, so that few others are hit; a question that loses evidence without being
    among the `count` is set aside. Raises SelectionError when there are too few such questions.
    """
    candidates = [q for q in dataset.questions if q.answers and dataset.relevant(q.id)]
    if not 0 <= count <= len(candidates):
        raise SelectionError(f"cannot leave out {count} of {len(candidates)} answerable questions")
    random.Random(seed).shuffle(candidates)
    emptied: set[str] = set()
    dropped: set[str] = set()
    for question in candidates:
        if len(emptied) >= count:
            break
        if question.id not in emptied:
            dropped |= dataset.relevant(question.id)
            gone = [q.id for q in candidates if dataset.relevant(q.id) <= dropped]
            fresh = [name for name in gone if name not in emptied]
            emptied.update(fresh[: count - len(emptied)])
    return _without(dataset, dropped, emptied)


def fingerprint(documents: Sequence[CorpusDocument]) -> str:
    """Return 16 hex digits of the sha256 over all ids, titles and texts, in order."""
    digest = hashlib.sha256()
    for document in documents:
        for field in (document.id, document.title, document.text):
            encoded = field.encode("utf-8", "surrogatepass")
            digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.hexdigest()[:16]


def _without(dataset: Dataset, dropped: set[str], emptied: set[str]) -> Dataset:
    questions = []
    for question in dataset.questions:
        if question.id in emptied:
            questions.append(replace(question, answers=()))
        elif dropped.isdisjoint(dataset.relevant(question.id)):
            questions.append(question)
    return replace(
        dataset,
        documents=tuple(d for d in dataset.documents if d.id not in dropped),
        questions=tuple(questions),
        set_aside=len(dataset.questions) - len(questions),
    )


def _corpus_path(folder: Path) -> Path:
    own, shared = folder / "corpus.jsonl", folder.resolve().parent / "corpus.jsonl"
    if own.is_file() or not shared.is_file():
        return own
    return shared


def _documents(path: Path) -> Iterator[CorpusDocument]:
    seen: set[str] = set()
    for number, row in _objects(path):
        identifier = _identifier(row, path, number, seen)
        title = _string(row, "title", path, number) if "title" in row else ""
        yield CorpusDocument(identifier, title.strip(), _string(row, "text", path, number))
    if not seen:
        raise DatasetError(path, None, "no documents")


def _questions(path: Path, *, with_answers: bool) -> Iterator[tuple[int, Question, str]]:
    """Yield (line, question, what makes it unusable or "")."""
    seen: set[str] = set()
    for number, row in _objects(path):
        identifier = _identifier(row, path, number, seen)
        text = _string(row, "text", path, number)
        answers, flaw = _answers(row, path, number) if with_answers else ((), "")
        flaw = flaw if text.strip() else "`text` is empty"
        yield number, Question(identifier, text, answers), flaw
    if not seen:
        raise DatasetError(path, None, "no questions")


def _answers(row: Mapping[str, object], path: Path, number: int) -> tuple[tuple[str, ...], str]:
    answers = row.get("answers")
    if not isinstance(answers, list):
        raise DatasetError(path, number, "`answers` must be a list ([] if there is no answer)")
    strings = tuple(answer for answer in answers if isinstance(answer, str) and answer.strip())
    return strings, "" if len(strings) == len(answers) else "`answers` holds what is no text"


def _qrels(
    path: Path, documents: frozenset[str], questions: frozenset[str]
) -> dict[str, dict[str, int]]:
    lines = _lines(path)
    _, header = next(lines, (1, ""))
    if tuple(header.split("\t")) != QRELS_HEADER:
        raise DatasetError(path, 1, f"the header must be {' '.join(QRELS_HEADER)}, tab-separated")
    qrels: dict[str, dict[str, int]] = {}
    for number, line in lines:
        cells = line.split("\t")
        if len(cells) != len(QRELS_HEADER):
            raise DatasetError(path, number, f"expected 3 columns parted by tabs, not {len(cells)}")
        question, document, grade = cells
        if question not in questions:
            raise DatasetError(path, number, f"question {question!r} is not in queries.jsonl")
        if document not in documents:
            raise DatasetError(path, number, f"document {document!r} is not in corpus.jsonl")
        qrels.setdefault(question, {})[document] = _grade(grade, path, number)
    return qrels


def _grade(cell: str, path: Path, number: int) -> int:
    try:
        return int(cell)
    except ValueError:
        raise DatasetError(path, number, f"the score {cell!r} is not a whole number") from None


def _objects(path: Path) -> Iterator[tuple[int, dict[str, object]]]:
    for number, line in _lines(path):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as exc:
            raise DatasetError(path, number, f"not JSON: {exc.msg}") from exc
        if not isinstance(row, dict):
            raise DatasetError(path, number, "not a JSON object")
        yield number, row


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line) of what is not blank.

    Only line feeds part lines: JSON allows other separators inside strings.
    """
    try:
        content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as exc:
        raise DatasetError(path, None, exc.strerror or str(exc)) from exc
    for number, raw in enumerate(content.split(b"\n"), start=1):
        try:
            line = raw.rstrip(b"\r").decode("utf-8")
        except UnicodeDecodeError as exc:
            raise DatasetError(path, number, f"not UTF-8 at byte {exc.start}") from exc
        if line.strip():
            yield number, line


def _identifier(row: Mapping[str, object], path: Path, number: int, seen: set[str]) -> str:
    identifier = _string(row, "id", path, number)
    # A TREC run parts its columns by white space.
    if not identifier or len(identifier.split()) != 1 or identifier != identifier.strip():
        raise DatasetError(path, number, f"`id` {identifier!r} is empty or holds white space")
    if identifier in seen:
        raise DatasetError(path, number, f"`id` {identifier!r} appears twice")
    seen.add(identifier)
    return identifier


def _string(row: Mapping[str, object], field: str, path: Path, number: int) -> str:
    value = row.get(field)
    if not isinstance(value, str):
        raise DatasetError(path, number, f"`{field}` is missing or not a string")
    return value
