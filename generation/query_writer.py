"""Further queries for a question, written by a generator."""

import re
import time
from collections.abc import Generator as Pieces
from collections.abc import Sequence
from contextlib import closing

from generation.control_text import neutralise, neutralise_title
from generation.errors import GeneratorUnavailable
from generation.language import question_language
from generation.ports import Generator
from generation.prompt import template
from retrieval.records import Passage

_MOST_TOKENS = 120
_MOST_LINES = 3
_LONGEST_LINE = 300
_SHOWN_PASSAGES, _SHOWN_CHARACTERS = 4, 400
_PLACE = re.compile(r"\{(question|passages)\}")
_MARK = re.compile(r"^\s*(?:[-*•]|\d+[.)、）])\s*")
_NOTHING = ("none", "无", "没有")
_END_OF_THOUGHT = "</think>"


class QueryWriter:
    """Implements `retrieval.ports.QueryWriter` with prompts `prompts/{refinement}.*.md`."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator

    def write(
        self, refinement: str, query: str, passages: Sequence[Passage], *, seconds: float
    ) -> Sequence[str]:
        """Return up to three queries, each on one neutralised line; see the port."""
        prompt = query_prompt(refinement, query, passages)
        until = time.perf_counter() + seconds
        reply = ""
        try:
            with closing(self._pieces(prompt)) as pieces:
                for piece in pieces:
                    reply += piece
                    if time.perf_counter() > until:
                        return ()
        except GeneratorUnavailable:
            return ()
        return read_queries(reply, whole=refinement == "hyde")

    def _pieces(self, prompt: str) -> Pieces[str]:
        yield from self._generator.stream(prompt, max_tokens=_MOST_TOKENS)


def query_prompt(refinement: str, query: str, passages: Sequence[Passage]) -> str:
    """Return what the generator is asked. The question and the documents are neutralised."""
    shown = "\n".join(
        neutralise(passage.text[:_SHOWN_CHARACTERS]) for passage in passages[:_SHOWN_PASSAGES]
    )
    filled = {"question": neutralise(query), "passages": shown}
    text = template(refinement, question_language(query))
    return _PLACE.sub(lambda place: filled[place[1]], text)


def read_queries(reply: str, *, whole: bool) -> tuple[str, ...]:
    """Return the lines of a reply without their numbers, or all of it as one; "none" is none."""
    said = reply.rpartition(_END_OF_THOUGHT)[2]
    lines = [said] if whole else said.splitlines()
    cleaned = (neutralise_title(_MARK.sub("", line), limit=_LONGEST_LINE) for line in lines)
    kept = (line for line in cleaned if line.strip(" .。").lower() not in ("", *_NOTHING))
    return tuple(dict.fromkeys(kept))[:_MOST_LINES]
