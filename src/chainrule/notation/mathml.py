"""Formulas as MathML Core, which browsers draw by themselves and screen readers read.

Bold letters are the bold letters of Unicode, as MathML Core wants them. All text is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from chainrule.base.printing import clean
from chainrule.notation import formula as f
from chainrule.notation.parts import ENGLISH, before_power, in_a_row, letter_parts, owner, parenthesised, raisable, separator, unfenced

NAMESPACE = "http://www.w3.org/1998/Math/MathML"

SIGNS = {"hat": "^", "tilde": "~", "bar": "¯", "dot": "˙", "ddot": "¨", "vec": "→"}
"""What stands over a letter with an accent."""

Attributes: TypeAlias = Callable[[str], Mapping[str, str]]
"""From a symbol's key to the attributes of its element."""

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})
_INVISIBLE_TIMES, _APPLICATION = "\u2062", "\u2061"
"""What screen readers read between factors and behind a function's name."""

_BOLD = {
    ord(first) + i: chr(bold + i)
    for first, count, bold in (("A", 26, 0x1D400), ("a", 26, 0x1D41A), ("0", 10, 0x1D7CE), ("Α", 25, 0x1D6A8), ("α", 25, 0x1D6C2))
    for i in range(count)
}
_PARTIAL = '<mi mathvariant="normal">∂</mi>'


def formula_mathml(
    formula: f.Formula, *, display: bool = False, attributes: Attributes | None = None, words: Mapping[str, str] = ENGLISH
) -> str:
    """The formula as a math element; `display` sets it in a line of its own.

    attributes  what the element of each symbol with a key gets besides: {"data-key": key}, {"style": "color: …"}

    >>> print(formula_mathml(f.Symbol("h", "1")))
    <math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>h</mi><mn>1</mn></msub></math>
    """
    mode = {"display": "block"} if display else {}
    return element("math", _markup(formula, attributes or _no_attributes, words), {"xmlns": NAMESPACE, **mode})


GOES_ON = '<mspace width="2.5em"></mspace>'


def aligned_mathml(equations: Sequence[f.Equation], *, attributes: Attributes | None = None, words: Mapping[str, str] = ENGLISH) -> str:
    """Equations in a line of their own each, the relations below each other: a table whose first column a page aligns at its right.

    A side whose relation is "" goes on with the one before.

    >>> print(aligned_mathml([f.Equation((f.Symbol("a"), f.Number("2")), ("=",))]).partition("<mtr>")[2])
    <mtd><mi>a</mi></mtd><mtd><mo form="infix">=</mo><mn>2</mn></mtd></mtr></mtable></math>
    """
    rows: list[tuple[str, str]] = []
    for equation in equations:
        first, *others = (_markup(side, attributes or _no_attributes, words) for side in equation.sides)
        signs = (element("mo", escape_xml(relation), {"form": "infix"}) if relation else GOES_ON for relation in equation.relations)
        rows += zip([first, *[""] * len(others)], map(str.__add__, signs, others), strict=False)
    table = _table(rows).replace("<mtable>", '<mtable class="aligned" displaystyle="true">', 1)
    return element("math", table, {"xmlns": NAMESPACE, "display": "block"})


def element(tag: str, content: str, attributes: Mapping[str, str] | None = None) -> str:
    """An element around markup."""
    given = "".join(f' {name}="{escape_xml(value)}"' for name, value in (attributes or {}).items())
    return f"<{tag}{given}>{content}</{tag}>"


def escape_xml(text: str) -> str:
    """A person's text inside an element or an attribute."""
    return clean(text).translate(_ENTITIES)


def _no_attributes(key: str) -> Mapping[str, str]:
    return {}


def _markup(formula: f.Formula, attributes: Attributes, words: Mapping[str, str]) -> str:
    def inside(part: f.Formula) -> str:
        return _markup(part, attributes, words)

    match formula:
        case f.Symbol():
            return _symbol(formula, attributes)
        case f.Number(digits, power):
            return _number(*before_power(formula), power) if power is not None else element("mn", escape_xml(digits).replace("-", "−"))
        case f.Operator(sign, prefix):
            return element("mo", escape_xml(sign), {"form": "prefix"} if prefix else {})
        case f.Prose(prose):
            return element("mtext", escape_xml(prose))
        case f.Row() | f.Equation():
            return element("mrow", "".join(_spaced(in_a_row(formula), inside)))
        case f.Lines(lines):
            return _table([[inside(line)] for line in lines], {"style": "text-align: left"})
        case f.Fraction(above, below):
            return element("mfrac", inside(above) + inside(below))
        case f.Power(base, exponent):
            return element("msup", inside(raisable(base)) + inside(unfenced(exponent)))
        case f.Root(content):
            return element("msqrt", inside(unfenced(content)))
        case f.Fenced(content, left, right):
            return _fenced(inside(content), left, right)
        case f.Call(name, arguments):
            between = element("mo", separator(arguments))
            return element("mrow", _function(name) + element("mo", _APPLICATION) + _fenced(between.join(map(inside, arguments))))
        case f.Cases(condition, first, second):
            given = element("mtext", escape_xml(words["if"]) + "\u00a0") + inside(condition)
            rows = [(inside(first), given), (inside(second), element("mtext", escape_xml(words["otherwise"])))]
            return element("mrow", _fence("{", "prefix") + _table(rows, {"style": "text-align: left"}))
        case f.Sum(content, index):
            sign = element("mo", "∑")
            return element("mrow", (element("munder", sign + _script(index)) if index else sign) + inside(content))
        case f.Transposed(content):
            return element("msup", inside(parenthesised(content)) + element("mo", "⊤"))
        case f.Derivative(of, by):
            return element("mfrac", "".join(element("mrow", _PARTIAL + inside(part)) for part in (of, by)))
        case f.Matrix(rows):
            return _fenced(_table([list(map(inside, cells)) for cells in rows]), "[", "]")
        case f.Ellipsis(direction):
            return element("mo", {"vertical": "⋮", "diagonal": "⋱"}.get(direction, "⋯"))


def _symbol(symbol: f.Symbol, attributes: Attributes) -> str:
    """A letter with its scripts; the outermost element has the attributes."""
    parts = [_letter(symbol.letter, symbol.bold)] + [_script(script) for script in (symbol.subscript, symbol.superscript) if script]
    tag = {(True, True): "msubsup", (True, False): "msub", (False, True): "msup"}.get(
        (bool(symbol.subscript), bool(symbol.superscript)), "mrow"
    )
    given = attributes(symbol.key) if symbol.key else {}
    return element(tag, "".join(parts), given) if len(parts) > 1 or given else parts[0]


def _letter(letter: str, bold: bool = False) -> str:
    """One letter, with an accent or digits below it; ‖g‖ between bars."""
    base, accent, digits = letter_parts(letter)
    if len(base) > 2 and base.startswith("‖") and base.endswith("‖"):
        inner = _fenced(_letter(base[1:-1], bold), "‖", "‖")
    else:
        inner = element("mi", escape_xml(base.translate(_BOLD) if bold else base))
    if accent:
        inner = element("mover", inner + element("mo", SIGNS[accent], {"stretchy": "false"}), {"accent": "true"})
    return element("msub", inner + _script(digits)) if digits else inner


def _function(name: str) -> str:
    """A function's name; f′ is f with a raised prime."""
    return element("msup", _letter(name.removesuffix("′")) + element("mo", "′")) if name.endswith("′") else _letter(name)


def _number(sign: str, digits: str, power: int) -> str:
    ten = element("msup", element("mn", "10") + element("mn", str(power).replace("-", "−")))
    before = element("mn", escape_xml(digits).replace("-", "−")) + element("mo", "·") if digits else ""
    negative = element("mo", sign, {"form": "prefix"}) if sign else ""
    return element("mrow", f"{negative}{before}{ten}")


def _script(script: str) -> str:
    """What is raised or lowered: digits, letters, signs, or the symbol it belongs to."""
    if inner := owner(script):
        return _symbol(inner, _no_attributes)
    runs = re.findall(r"\d+|[^\W\d]+|.", clean(script))
    marks = [element("mn" if run.isdigit() else "mi" if run.isalpha() else "mo", escape_xml(run)) for run in runs]
    return marks[0] if len(marks) == 1 else element("mrow", "".join(marks))


def _spaced(items: Sequence[f.Formula], inside: Callable[[f.Formula], str]) -> list[str]:
    """Items side by side, with an invisible times between factors and a space around prose."""
    marks: list[str] = []
    for before, item in zip((None, *items), items, strict=False):
        if before is not None and not isinstance(before, f.Operator | f.Ellipsis) and not isinstance(item, f.Operator | f.Ellipsis):
            prose = isinstance(before, f.Prose) or isinstance(item, f.Prose)
            marks.append(element("mspace", "", {"width": "0.3em"}) if prose else element("mo", _INVISIBLE_TIMES))
        marks.append(inside(item))
    return marks


def _table(rows: Sequence[Sequence[str]], attributes: Mapping[str, str] | None = None) -> str:
    return element("mtable", "".join(element("mtr", "".join(element("mtd", cell, attributes) for cell in cells)) for cells in rows))


def _fenced(inside: str, left: str = "(", right: str = ")") -> str:
    return element("mrow", _fence(left, "prefix") + inside + _fence(right, "postfix"))


def _fence(sign: str, form: str) -> str:
    return element("mo", escape_xml(sign), {"form": form})
