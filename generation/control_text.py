"""Recognise and disarm text that could act as part of a prompt instead of as data."""

import re
import unicodedata

_LINE_SEPARATORS = dict.fromkeys(map(ord, "\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), "\n")
_TURN_NAMES = r"start_of_turn|end_of_turn|start_of_image|end_of_image|sys|inst|sop|eop|eot"
_TOKEN_NAMES = r"bos|eos|pad|unk|mask|s|unused\d{1,6}"
_TURN_MARKER = re.compile(
    rf"<<?(?P<angle>\s{{0,4}}/?\s{{0,4}}(?:{_TURN_NAMES})\s{{0,4}})>>?"
    r"|<[|｜](?P<piped>[^<>|｜\n]{1,64})[|｜]>"
    r"|\[(?P<square>/?(?:INST|gMASK|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS))\]",
    re.IGNORECASE,
)
_TOKEN = re.compile(rf"<(/?(?:{_TOKEN_NAMES}))>", re.IGNORECASE)
_LABEL = re.compile(r"(资料|source)([ \t]{0,4})[\[［【](\d{1,6})[\]］】]", re.IGNORECASE)
_ROLE_AT_LINE_START = re.compile(
    r"^(?=[ \t\u3000]{0,20}(?:\#{1,6}[ \t]{0,4})?"
    r"(?:问题|答案|回答|指令|系统|用户|助手|question|answer|instructions?|response|system|user"
    r"|assistant|human)[ \t]{0,4}[:：])",
    re.IGNORECASE | re.MULTILINE,
)


def has_turn_marker(text: str) -> bool:
    """Tell whether the text holds a turn marker of a chat template (Gemma, ChatML, Llama, …)."""
    return _TURN_MARKER.search(text) is not None


def neutralise(text: str) -> str:
    """Return the text as it may be shown inside a prompt: readable, but only data.

    Turn markers and special tokens lose their ASCII brackets, labels of our own templates
    (`资料[3]`, `Source [3]`) their square brackets, and a line that opens like a question or a
    role becomes a quoted line. Invisible characters go first, as they could split a marker. The
    result is a copy for the model's eyes: offsets into it mean nothing. O(len(text)).
    """
    visible = "".join(
        character
        for character in text.translate(_LINE_SEPARATORS)
        if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )
    disarmed = _TURN_MARKER.sub(_disarm_marker, visible)
    disarmed = _TOKEN.sub(r"‹\1›", disarmed)
    disarmed = _LABEL.sub(r"\1\2(\3)", disarmed)
    return _ROLE_AT_LINE_START.sub("> ", disarmed)


def _disarm_marker(match: re.Match[str]) -> str:
    name = match["angle"] or match["piped"] or match["square"]
    return f"‹{name.strip()}›"


def neutralise_title(title: str, *, limit: int = 120) -> str:
    """Return a title as one neutralised line of at most `limit` characters."""
    line = " ".join(neutralise(title).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
