"""Key information worded by a generator: questions that a passage answers, an abstract, phrases.

Questions bring the words of those who ask into the index (doc2query, Nogueira et al. 2019).
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from collections.abc import Generator as Pieces
from contextlib import closing

from pydantic import BaseModel, ValidationError

from generation.control_text import neutralise, neutralise_title
from generation.errors import GeneratorUnavailable
from generation.ports import Generator
from generation.prompt import Language, template
from ingestion.errors import KeysNotWritten
from ingestion.records import Chunk, Document, WrittenKeys

_MOST_TOKENS = 400
_LONGEST_REPLY = 8000  # characters, thoughts included
_LONGEST_PASSAGE = 4000
_QUESTIONS, _KEYPHRASES = 3, 8
_LONGEST_LINE, _LONGEST_PHRASE = 200, 60
_PLACE = re.compile(r"\{(title|passage|boundary)\}")
_END_OF_THOUGHT = "</think>"


class KeyWriter:
    """Implements `ingestion.ports.KeyWriter` by asking a generator about one chunk at a time."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def write(self, document: Document, chunk: Chunk, is_over: Callable[[], bool]) -> WrittenKeys:
        """Return what the generator says of a chunk; see the port. Raises KeysNotWritten."""
        names = dict.fromkeys([document.title, *chunk.heading_path])
        prompt = key_prompt(" > ".join(filter(None, names)), chunk.text, document.language)
        reply = ""
        try:
            with closing(self._pieces(prompt)) as pieces:
                for piece in pieces:
                    reply += piece
                    if is_over() or len(reply) > _LONGEST_REPLY:
                        raise KeysNotWritten("the reply took too long")
        except GeneratorUnavailable as error:
            raise KeysNotWritten(str(error)) from error
        return read_reply(reply)

    def _pieces(self, prompt: str) -> Pieces[str]:
        yield from self._generator.stream(prompt, max_tokens=_MOST_TOKENS)


def key_prompt(title: str, passage: str, language: Language) -> str:
    """Return the question for key information of a passage.

    What the document says is neutralised, and stands between lines that it cannot know before.
    """
    boundary = hashlib.sha256(f"{title}\n{passage}".encode("utf-8", "replace")).hexdigest()[:12]
    filled = {
        "title": neutralise_title(title),
        "passage": neutralise(passage[:_LONGEST_PASSAGE]),
        "boundary": f"=== {boundary} ===",
    }
    return _PLACE.sub(lambda place: filled[place[1]], template("key_info", language))


def read_reply(reply: str) -> WrittenKeys:
    """Return what a reply says, each on one neutralised line.

    The JSON object may stand among other words. Raises KeysNotWritten where there is none, or
    nothing in it.
    """
    said = reply.rpartition(_END_OF_THOUGHT)[2]
    try:
        read = _Reply.model_validate_json(said[said.find("{") : said.rfind("}") + 1])
    except ValidationError as error:
        raise KeysNotWritten("the reply is not the JSON that was asked for") from error
    written = WrittenKeys(
        neutralise_title(read.summary, limit=_LONGEST_LINE),
        _lines(read.questions, _QUESTIONS, _LONGEST_LINE),
        _lines(read.keyphrases, _KEYPHRASES, _LONGEST_PHRASE),
    )
    if not (written.abstract or written.questions or written.keyphrases):
        raise KeysNotWritten("the reply says nothing")
    return written


class _Reply(BaseModel):
    questions: list[str] = []
    summary: str = ""
    keyphrases: list[str] = []


def _lines(texts: Sequence[str], most: int, longest: int) -> tuple[str, ...]:
    lines = (neutralise_title(text, limit=longest) for text in texts)
    return tuple(dict.fromkeys(filter(None, lines)))[:most]
