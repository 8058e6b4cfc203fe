"""OpenAI's chat contract as types, as far as this service speaks it."""

from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.schemas import CitationReply, Reply, ShortText
from generation.records import Outcome

MAX_MESSAGES = 1000
Value = TypeVar("Value")


def text_of(content: object) -> object:
    """Return the text of a message's content: its text parts, one a line, where it has parts.

    Raises ValueError for a part of another kind.
    """
    if not isinstance(content, list):
        return content
    return "\n".join(_text_of_part(part) for part in content)


def _text_of_part(part: object) -> str:
    kind = part.get("type") if isinstance(part, dict) else None
    if not isinstance(part, dict) or kind != "text":
        raise ValueError(f"only parts of the type 'text' can be read, not {kind!r}")
    text = part.get("text")
    if not isinstance(text, str):
        raise ValueError("a part of the type 'text' must have a string as its 'text'")
    return text


def _is_none(value: object) -> bool:
    return value is None


# Chunks of a stream hold only what they have to say.
Said = Annotated[Value | None, Field(exclude_if=_is_none)]


class OpenAiRequest(BaseModel):
    """A JSON body in OpenAI's form. Members that mean nothing here are not read."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class TextPart(OpenAiRequest):
    """A piece of a message."""

    type: Literal["text"]
    text: str


class Message(OpenAiRequest):
    """One message. Those of `system` and `developer` are accepted and have no effect."""

    role: Literal["system", "developer", "user", "assistant"]
    content: Annotated[
        str | None,
        BeforeValidator(text_of, json_schema_input_type=str | list[TextPart] | None),
    ] = None


class StreamOptions(OpenAiRequest):
    """What a stream carries besides the answer."""

    include_usage: bool | None = None


class ChatBody(OpenAiRequest):
    """A conversation whose last user message is the question."""

    model: Annotated[
        ShortText, Field(description="`youju`, or `youju/` and a collection.", examples=["youju"])
    ]
    messages: Annotated[list[Message], Field(min_length=1, max_length=MAX_MESSAGES)]
    n: Literal[1] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None


class NumberedCitation(CitationReply):
    """A citation with the number of its mark. The same span always has the same number."""

    number: int


class Usage(Reply):
    """Tokens, which this service does not count."""

    prompt_tokens: Literal[0] = 0
    completion_tokens: Literal[0] = 0
    total_tokens: Literal[0] = 0


class AnswerMessage(Reply):
    """The answer with its marks, and what they stand for."""

    role: Literal["assistant"] = "assistant"
    content: str
    citations: list[NumberedCitation]


class Choice(Reply):
    """The one choice of a completion."""

    index: Literal[0] = 0
    message: AnswerMessage
    finish_reason: Literal["stop"] = "stop"


class ChatCompletion(Reply):
    """A whole answer, a refusal, a fallback or an approved script."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int = Field(description="Seconds since 1970.")
    model: str
    choices: list[Choice]
    usage: Usage
    outcome: Outcome
    confidence: float
    trace_id: str
    handover: Said[Literal[True]] = None


class Delta(Reply):
    """What a chunk adds to the message."""

    role: Said[Literal["assistant"]] = None
    content: Said[str] = None


class ChunkChoice(Reply):
    """The one choice of a chunk."""

    index: Literal[0] = 0
    delta: Delta
    finish_reason: Literal["stop"] | None = None


class ChatChunk(Reply):
    """A sentence of a streamed answer, its end, or its usage."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Said[Usage] = None
    citations: Said[list[NumberedCitation]] = None
    outcome: Said[Outcome] = None
    confidence: Said[float] = None
    trace_id: Said[str] = None
    handover: Said[Literal[True]] = None


class ModelCard(Reply):
    """A collection in the form of a model. When it was made is not kept."""

    id: str
    object: Literal["model"] = "model"
    created: Literal[0] = 0
    owned_by: Literal["youju"] = "youju"


class ModelsReply(Reply):
    """All models."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class ErrorBody(Reply):
    """An error in OpenAI's form."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None = Field(description="The member that is wrong.")
    code: str = Field(description="The kind of problem as one stable word.")


class ErrorReply(Reply):
    """The body of every refusal."""

    error: ErrorBody
