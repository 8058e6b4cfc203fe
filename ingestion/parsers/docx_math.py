"""Equations of Word files, written on one line: (a)/(b), √(x), ∑_(i=1)^n."""

from collections.abc import Callable
from typing import Any

from docx.oxml.ns import qn

EQUATION = qn("m:oMath")
_NS = {"m": EQUATION[1 : EQUATION.index("}")]}
_VALUE = qn("m:val")
_ROOTS = {"": "√", "2": "√", "3": "∛", "4": "∜"}
_BREAKS = frozenset((qn("w:tab"), qn("w:br"), qn("w:cr")))

# lxml ships no types, so an element is Any.
_Element = Any


def linear(element: _Element) -> str:
    """Return an equation, or a part of one, as a line of text. O(size)."""
    if element.tag == qn("m:t"):
        return str(element.text or "")
    if element.tag in _BREAKS:
        return " "
    if not str(element.tag).startswith("{" + _NS["m"]):
        # Properties of Word, deleted text; what was inserted holds more of the equation.
        return _inside(element) if element.tag == qn("w:ins") else ""
    name = element.tag.rpartition("}")[2]
    if name.endswith("Pr"):
        return ""
    return _FORMS.get(name, _inside)(element)


def _inside(element: _Element) -> str:
    return "".join(map(linear, element))


def _joined(elements: list[_Element], mark: str) -> str:
    return mark.join(map(_inside, elements))


def _part(element: _Element, name: str) -> str:
    found = element.find(f"m:{name}", _NS)
    return "" if found is None else _inside(found).strip()


def _property(element: _Element, name: str, default: str) -> str:
    found = element.find(f"m:{element.tag.rpartition('}')[2]}Pr/m:{name}", _NS)
    return default if found is None else str(found.get(_VALUE, ""))


def _fraction(element: _Element) -> str:
    above, below = _part(element, "num"), _part(element, "den")
    if _property(element, "type", "bar") == "noBar":
        # Two lines without a bar, as in a binomial.
        return f"{above} ¦ {below}"
    return f"({above})/({below})"


def _root(element: _Element) -> str:
    degree = _part(element, "deg")
    sign = _ROOTS.get(degree, f"{_grouped(degree)}√")
    return f"{sign}({_part(element, 'e')})"


def _sum(element: _Element) -> str:
    # A letter right behind a bound would read as part of it.
    return f"{_property(element, 'chr', '∫')}{_scripts(element)} {_part(element, 'e')}"


def _scripted(element: _Element) -> str:
    return _part(element, "e") + _scripts(element)


def _prescripted(element: _Element) -> str:
    return f"{_scripts(element)} {_part(element, 'e')}"


def _limit(element: _Element) -> str:
    mark = "_" if element.tag == qn("m:limLow") else "^"
    return f"{_part(element, 'e')}{mark}{_grouped(_part(element, 'lim'))}"


def _function(element: _Element) -> str:
    return f"{_part(element, 'fName')} {_part(element, 'e')}"


def _delimited(element: _Element) -> str:
    inside = _joined(element.findall("m:e", _NS), _property(element, "sepChr", "|"))
    return f"{_property(element, 'begChr', '(')}{inside}{_property(element, 'endChr', ')')}"


def _matrix(element: _Element) -> str:
    rows = (_joined(row.findall("m:e", _NS), ", ") for row in element.findall("m:mr", _NS))
    return f"[{'; '.join(rows)}]"


def _lines(element: _Element) -> str:
    return _joined(element.findall("m:e", _NS), "; ")


def _scripts(element: _Element) -> str:
    low, high = _part(element, "sub"), _part(element, "sup")
    return (f"_{_grouped(low)}" if low else "") + (f"^{_grouped(high)}" if high else "")


def _grouped(text: str) -> str:
    """Return the text in brackets where it is more than a character or a number."""
    return text if len(text) < 2 or text.isdecimal() else f"({text})"


_FORMS: dict[str, Callable[[_Element], str]] = {
    "f": _fraction,
    "rad": _root,
    "nary": _sum,
    "sSup": _scripted,
    "sSub": _scripted,
    "sSubSup": _scripted,
    "sPre": _prescripted,
    "limLow": _limit,
    "limUpp": _limit,
    "func": _function,
    "d": _delimited,
    "m": _matrix,
    "eqArr": _lines,
}
