"""OpenAI's chat form and the answering path: a model is a collection, a mark is a citation."""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import asdict

from pydantic import ValidationError

from app.answer_events import SentenceEvent
from app.errors import Complaint, InvalidForm, ModelNotFound, validation_complaint
from app.openai_schemas import ChatBody, Message, NumberedCitation
from app.schemas import AskBody
from generation.records import Citation
from generation.reply_sentences import join_sentences

DEFAULT_MODEL = "youju"
# As many as a question may have.
HISTORY_MESSAGES = 50


def model_of(collection: str) -> str:
    """Return the model name of a collection."""
    return f"{DEFAULT_MODEL}/{collection}"


def collection_of(model: str, collections: Collection[str]) -> str:
    """Return the collection that a model name stands for. Raises ModelNotFound.

    collections: those that hold documents.
    """
    name = unicodedata.normalize("NFC", model)
    found = next((one for one in collections if model_of(one) == name), None)
    if found is None:
        raise ModelNotFound(model)
    return found


def question_of(body: ChatBody, collection: str | None) -> AskBody:
    """Return a conversation as a question with its history.

    The last user message is the question; the user and assistant messages before it, 50 at most
    and the latest, are the history. Empty ones say nothing and are left out, as are those of other
    roles. Raises InvalidForm, in the terms of the conversation, where a message is not what a
    question or a turn may be.
    """
    asking = _last_user_message(body.messages)
    earlier = [
        (at, {"role": message.role, "content": message.content})
        for at, message in enumerate(body.messages[:asking])
        if message.role in {"user", "assistant"} and message.content
    ][-HISTORY_MESSAGES:]
    try:
        return AskBody.model_validate(
            {
                "question": body.messages[asking].content or "",
                "collection": collection,
                "history": [turn for _, turn in earlier],
            }
        )
    except ValidationError as error:
        raise _in_messages(error, asking, [at for at, _ in earlier]) from error


def _last_user_message(messages: Sequence[Message]) -> int:
    asking = [at for at, message in enumerate(messages) if message.role == "user"]
    if not asking:
        words = "must hold a message of the role 'user': the last one is the question"
        raise InvalidForm([Complaint(("body", "messages"), words)])
    return asking[-1]


def _in_messages(error: ValidationError, asking: int, earlier: Sequence[int]) -> InvalidForm:
    complaints = []
    for entry in error.errors():
        at = asking if entry["loc"][0] == "question" else earlier[int(entry["loc"][1])]
        complaints.append(validation_complaint(("body", "messages", at, "content"), entry["msg"]))
    return InvalidForm(complaints)


class Marking:
    """Sets marks such as ` [1]` after the sentences of one answer, numbered by first use."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str, int, int], int] = {}
        self._last = ""
        self._citations: list[NumberedCitation] = []

    @property
    def citations(self) -> list[NumberedCitation]:
        """Return the citations of all sentences so far, in order."""
        return list(self._citations)

    def continued(self, said: SentenceEvent) -> str:
        """Return a sentence with its marks, as it goes on from the one before."""
        numbers = dict.fromkeys(self._number(citation) for citation in said.citations)
        marks = "".join(f"[{number}]" for number in numbers)
        # Without a space, the marks of a Chinese sentence would seem to be those of the next.
        space = " " if self._last.endswith("]") else _space_between(self._last, said.text)
        self._last = f"{said.text} {marks}" if marks else said.text
        return space + self._last

    def _number(self, citation: Citation) -> int:
        span = (citation.document_id, citation.revision, citation.start, citation.end)
        number = self._numbers.setdefault(span, len(self._numbers) + 1)
        numbered = NumberedCitation.model_validate({**asdict(citation), "number": number})
        self._citations.append(numbered)
        return number


def _space_between(one: str, other: str) -> str:
    return join_sentences((one, other)).removeprefix(one).removesuffix(other)
