"""Turn a sentence into a question by asking for what is taken out (Lewis et al. 2019).

Of a clause with a number, a date, a quoted name or a percentage, that is replaced by its question
word. Some words are left out as well: people do not repeat the text they are looking for.
"""

import random
import re

import rjieba

_CLAUSE = re.compile(r"[^。；！？!?;\n]{12,70}")
_DATE = r"(?:\d{2,4} ?年)?\d{1,2} ?月(?:\d{1,2} ?日)?|\d{4} ?年"
_UNITS = "元|人|家|个|吨|米|公里|千瓦|名|件|次|亩|辆|岁|日|天"
_ASKED = (
    (re.compile(_DATE), "什么时候"),
    (re.compile(r"百分之[一二三四五六七八九十]+|\d+(?:\.\d+)? ?[%％]"), "百分之多少"),
    (
        re.compile(
            r"\d+(?:\.\d+)?(?=[万亿]?(?:元|人|家|个|吨|米|公里|千瓦|名|件|次|亩|辆|岁|日|天))"
        ),
        "多少",
    ),
    (re.compile(r"[一二三四五六七八九十]{1,3}(?=(?:个月|日内|年以|倍|周岁|万元))"), "多少"),
    (re.compile(r"《[^》]{2,20}》|“[^”]{2,12}”"), "什么"),
    (re.compile(r"[\u4e00-\u9fff]{2,8}(?:公司|大学|法院|部门|机关|委员会|银行)"), "哪个单位"),
)
_LEFT_OUT = 0.2
"""Share of the other words that the question does without."""
_LEAST, _MOST = 14, 48  # code points of a question


def cloze_question(text: str, rng: random.Random) -> tuple[str, int] | None:
    """Return a question that a text answers and where in it, or None where none can be made."""
    clauses = list(_CLAUSE.finditer(text))
    rng.shuffle(clauses)
    for clause in clauses:
        for pattern, word in rng.sample(_ASKED, len(_ASKED)):
            found = list(pattern.finditer(clause.group()))
            if not found:
                continue
            taken = rng.choice(found)
            question = _asked(clause.group(), taken, word, rng)
            if _LEAST <= len(question) <= _MOST:
                return question, clause.start()
    return None


def _asked(clause: str, taken: re.Match[str], word: str, rng: random.Random) -> str:
    """Return the clause with `word` where `taken` was, and the piece around it that matters."""
    before, after = clause[: taken.start()], clause[taken.end() :]
    before = before.rsplit("，", 2)[-1] if len(before) > _MOST // 2 else before
    after = after.split("，", 1)[0]
    kept = (_thinned(part, rng) for part in (before, after))
    return word.join(kept).strip("，、： ") + "？"


def _thinned(text: str, rng: random.Random) -> str:
    return "".join(word for word in rjieba.cut(text) if rng.random() >= _LEFT_OUT)
