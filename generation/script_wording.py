"""What a text says besides its meaning, read once to be compared with scripts."""

import re
from dataclasses import dataclass

from generation.event_order import Order, event_order
from generation.facts import read_facts
from generation.folding import folded
from generation.negation import negations
from ingestion.words import content_words
from ingestion.words import fold as stem

_HAN = re.compile(r"[\u3400-\u9fff]")
_WORD = re.compile(r"[a-z]+|[\u3400-\u9fff]+|\d+")
_LIGHT = frozenset(
    "a an the is are was were be been to of in on at for and or we you i our your it that this"
    " will can could would please do does with as by us me my"
    " 您 你 我 们 的 了 吗 呢 请 是 在 和 就 都".split()
)
_LIMIT = re.compile(
    r"(?<![不一几两三])[只仅](?![要管是需])|唯一|(?<!not )\bonly\b(?! then| after)|\bsolely\b"
)
OPPOSITES = tuple(
    tuple(pair.split("/"))
    for pair in (
        "增加/减少 提高/降低 上涨/下跌 上升/下降 免费/收费 之前/之后 以上/以下 线上/线下 以内/以外"
        " 同意/拒绝 较高/较低 最高/最低 较大/较小 较多/较少 最多/最少 最早/最晚 开始/结束 开通/关闭"
        " 成功/失败 通过/驳回 允许/禁止 有效/无效 上午/下午 白天/夜间 国内/国外 境内/境外"
        " 必须/可以 收入/支出 买入/卖出 进口/出口 口头/书面 公开/保密"
        " increase/decrease before/after above/below free/paid open/closed online/offline"
        " more/less more/fewer least/most minimum/maximum approved/rejected always/never"
        " larger/smaller higher/lower bigger/smaller longer/shorter earlier/later begin/end"
        " begins/ends start/stop starts/stops succeeds/fails accepted/rejected allowed/forbidden"
        " valid/invalid buy/sell import/export morning/evening domestic/foreign public/private"
        " mandatory/optional must/can must/may orally/writing earliest/latest"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Statement:
    """What a text states, as far as two texts can be told to differ in it.

    surely, perhaps: numbers, dates, names and codes. opposites: pairs of words, and which of the
    two it has. limits: it says "only". order: which event comes first.
    """

    text: str
    surely: frozenset[str]
    perhaps: frozenset[str]
    negations: int
    opposites: frozenset[tuple[int, int]]
    limits: bool
    order: Order | None


@dataclass(frozen=True, slots=True)
class Wording:
    """A sentence as it is compared with scripts.

    words: of each content word, its characters and pairs of them, or the word itself.
    """

    statement: Statement
    folded: str
    grams: frozenset[str]
    words: tuple[frozenset[str], ...]


def wording(text: str) -> Wording:
    """Read a sentence for comparison. O(len(text))."""
    return Wording(
        statement=statement(text),
        folded=folded(text),
        grams=grams(text.lower()),
        words=tuple(grams(word) for word in dict.fromkeys(w.term for w in content_words(text))),
    )


def statement(text: str) -> Statement:
    """Read what a text states. O(len(text))."""
    lowered = text.lower()
    words = set(_WORD.findall(lowered))
    opposites = frozenset(
        (number, side)
        for number, pair in enumerate(OPPOSITES)
        for side, word in enumerate(pair)
        if (word in words if word.isascii() else word in lowered)
    )
    return Statement(
        text=text,
        surely=_numbers(text, lenient=False),
        perhaps=_numbers(text, lenient=True),
        negations=negations(text),
        opposites=opposites,
        limits=_LIMIT.search(lowered) is not None,
        order=event_order(lowered),
    )


def grams(lowered: str) -> frozenset[str]:
    """Return the words of a text in lower case, and of Chinese characters each and each pair."""
    found: set[str] = set()
    for run in _WORD.findall(lowered):
        if _HAN.match(run):
            kept = "".join(one for one in run if one not in _LIGHT)
            found.update(kept)
            found.update(kept[at : at + 2] for at in range(len(kept) - 1))
        elif run not in _LIGHT:
            found.add(stem(run))
    return frozenset(found)


def _numbers(text: str, *, lenient: bool) -> frozenset[str]:
    facts = read_facts(text, lenient=lenient)
    dates = {
        f"{part}{value}"
        for date in facts.dates
        for part, value in (("y", date.year), ("m", date.month), ("d", date.day))
        if value is not None
    }
    names = {name for name, _ in facts.names}
    return frozenset({number.value for number in facts.numbers} | dates | names)
