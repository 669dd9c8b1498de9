"""Numbers as people type them, and paste them from a sheet: text has readings, and the sizes that are wanted choose one.

0.5 1; 0, 1         blanks or commas between numbers, ; or a new line between rows
0,5 1; 0 1          the same with decimal commas
[[0.5, 1], [0, 1]]  with the brackets of a program, or (0.5, 1), (0, 1)
x1 = 1/2, x2 = −1   with names, fractions and the signs of paper; 3·10⁻⁴ and ½, too
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from chainrule.base.errors import InputError, ShapeError, quoted

if TYPE_CHECKING:
    from chainrule.base.arrays import Array
    from chainrule.network.network import Network

NumbersLike: TypeAlias = "str | Sequence[Any] | Array"
TypedRows: TypeAlias = list[list[float]]
T = TypeVar("T")

_SIGNS = str.maketrans({**dict.fromkeys("−–－﹣", "-"), **dict.fromkeys("\xa0\u2009\u202f\t|&", " "), "，": ",", "；": ";", "\r": "\n"})
"""What stands in a PDF, a table or a formula in place of the signs of a keyboard."""

_POWER_OF_TEN = r"\s*[·×⋅*]\s*10(?:\s*(?:\^|\*\*)\s*[({]?\s*([-+−–]?\d+)(?:\s*[)}])?|([⁻⁺]?[⁰¹²³⁴-⁹]+))"

_DECIMAL_COMMA = r"(?<=\d),(?=\d)(?![\d,\s]+[\])}]*\s*=)"
"""A comma between figures, but for one in a name: w1,4 = 0,5."""

_TURNED = r"\s*\^?\{?[ᵀT⊤]\}?"

_ROW = rf"[\[(]([^\[\]();]*)[\])](?:{_TURNED})?"
"""Numbers in brackets; a sample that is written as a column, (1, 2)ᵀ, is one all the same."""

_LETTER = r"[^\W\d_]+_?\{?([\d₀-₉]*)\}?\s*[=:]"
"""The name of a number before it: x1 =, t:."""

_MARKS = r"(?:[_^]?\s*[\[({⁽]+[^=\"'⁾)}\]]*[\])}⁾]+|[\^_]\w+|[⁽⁾⁻⁰¹²³⁴-⁹₀-₉]+)"
"""What stands at a letter: [2,3], ^{(1)}, ⁽¹⁾, ₁₂."""

_NAMED = rf"(?P<name>[^\W\d]\w*(?:\.\w+)?{_MARKS}*(?:\s*,\s*\d+)?)\s*="
"""The name of a weight, or of a matrix, before its numbers: w14=, w1,4=, W1=, hidden1.W[2,3]=, b1⁽²⁾=."""


def number(text: str) -> float | None:
    """A number, or a fraction as it stands on paper, 3/4; None for what is neither."""
    above, line, below = text.partition("/")
    try:
        return float(above) / float(below) if line else float(above)
    except (ValueError, ZeroDivisionError):
        return None


def with_plain_signs(text: str) -> str:
    """The text with the signs of a keyboard: −½ as -1/2, 3·10⁻⁴ as 3e-4."""
    text = re.sub(_POWER_OF_TEN, lambda match: "e" + unicodedata.normalize("NFKC", match[1] or match[2]), text)
    text = re.sub(r"(?<![\w.,])[¼-¾⅐-⅞]", lambda match: unicodedata.normalize("NFKC", match[0]).replace("⁄", "/"), text)
    return text.translate(_SIGNS)


def with_points(text: str) -> str:
    """The text, read with decimal commas: 0,5 is 0.5."""
    return re.sub(_DECIMAL_COMMA, ".", text)


def fitting(what: str, typed: Any, fitted: Callable[[Any], T], *, decimal_comma: bool = False) -> list[T]:
    """What `fitted` makes of numbers, which may be text: of every reading that it does not refuse, the likely one first.

    decimal_comma  where both fit, a comma between figures is a decimal sign, rather than what parts two numbers

    Raises InputError, the most telling refusal, where there is none.
    """
    if not isinstance(typed, str):
        return [fitted(typed)]
    return _all_that_fit(lambda text: _rows(what, text), fitted, _readings(typed, decimal_comma))


def with_typed_weights(network: Network, weights: Any, weights_as: str | Sequence[str] = ()) -> Network:
    """The network with weights as they are typed: a list, or what stands after each name, `W1="0.3 -0.1; 0.2 0.4" b1="0 0"`.

    Raises InputError.
    """

    def read(text: str) -> Any:
        return _by_name(text, network.shapes) if "=" in text else _row("weights", _without_brackets("weights", text).replace(";", " "))

    def fitted(numbers: Any) -> Network:
        return network.with_weights(numbers, weights_as)

    if not isinstance(weights, str):
        return fitted(weights)
    return _all_that_fit(read, fitted, _readings(weights, network.notation.decimal == "comma"))[0]


def _all_that_fit(read: Callable[[str], Any], fitted: Callable[[Any], T], readings: Sequence[str]) -> list[T]:
    found, misread, misfits = list[T](), list[InputError](), list[InputError]()
    for text in readings:
        try:
            numbers = read(text)
        except InputError as error:
            misread.append(error)
            continue
        try:
            found.append(fitted(numbers))
        except InputError as error:
            misfits.append(error)
    if not found:  # of numbers that have the right shape, the refusal says more
        raise min([*misfits, *misread], key=lambda error: isinstance(error, ShapeError) or error in misread)
    return found


def _readings(typed: str, decimal_comma: bool) -> list[str]:
    """The ways in which a text can be read, as text with points: with decimal commas, with a new line between rows or within one."""
    text = re.sub(r"\s*\n\s*", "\n", with_plain_signs(typed).strip())
    found = [text]
    if re.search(_DECIMAL_COMMA, text):
        decimal = [with_points(text)]
        if "=" not in text:  # where numbers have commas, ; parts those of a list, too: [0,5; 1]
            decimal.append(decimal[0].replace(";", " "))
        certain = re.search(r"(?<![\d,])\d+,0\d", text) is not None  # no number begins with 05, so that 0,05 is one
        found = [*decimal, text] if (decimal_comma or certain) and "." not in text else [text, *decimal]
    return list(dict.fromkeys(one.replace("\n", between) for one in found for between in (";", " ")))


# TypedRows


def _rows(what: str, text: str) -> TypedRows:
    """TypedRows with ; between them, or in brackets. Raises InputError."""
    rows = _without_brackets(what, _without_names(what, text)).strip().strip(";").split(";")
    return [_row(f"{what} row {place}", row) for place, row in enumerate(rows, start=1)]


def _row(what: str, text: str) -> list[float]:
    cells = text.replace(",", " ").split()
    if not cells:
        raise InputError(f"{what} holds no numbers; write them as 0.21 0.56.")
    return [checked_number(what, cell) for cell in cells]


def checked_number(what: str, cell: str) -> float:
    """A number, or a fraction. Raises InputError."""
    found = number(cell)
    if found is None:
        raise InputError(f"{what} holds {quoted(cell)}, which is no number.")
    return found


def _without_names(what: str, text: str) -> str:
    """x1 = 1, x2 = 2 as 1, 2. Raises InputError where the names are not in their order."""
    places = [int(unicodedata.normalize("NFKC", match[1])) for match in re.finditer(_LETTER, text) if match[1]]
    last = max(places, default=0)
    if places != [*range(1, last + 1)] * (len(places) // (last or 1)):
        raise InputError(f"{what} has names that are not counted through; write the numbers in their order, as 8 12.")
    return re.sub(_LETTER, " ", text)


def _without_brackets(what: str, text: str) -> str:
    """[[0, 1], [1, 1]] as 0, 1;1, 1, and [0 1; 1 1] as 0 1; 1 1. Raises InputError for brackets in brackets in brackets."""
    text = text.strip()
    if one := re.fullmatch(_ROW, text):
        return one[1]
    rows = rf"{_ROW}(?:\s*[,;]?\s*{_ROW})*\s*[,;]?"
    inside = text if re.fullmatch(rows, text) else text[1:-1].strip() if text[:1] + text[-1:] in ("[]", "()") else text
    if not re.search(r"[\[\]()]", inside):
        return inside
    if not re.fullmatch(rows, inside):
        raise InputError(f"{what} has brackets that are no rows of numbers; write them as 0.1 0.2; 0.3 0.4.")
    return ";".join(re.findall(_ROW, inside))


# Weights


def _by_name(text: str, shapes: Mapping[str, Any]) -> dict[str, Any]:
    """What stands after each name. Raises InputError."""
    text = re.sub(r"_\{([\d\s,]+)\}", r"\1", text)  # w_{1,6}, as LaTeX writes w1,6
    names = list(re.finditer(_NAMED, text))
    if not names or text[: names[0].start()].strip(" ,;"):
        raise InputError(f'weights are numbers, or names with numbers, as W1="0.3 -0.1; 0.2 0.4" or w14=0.2, not {quoted(text)}.')
    found: dict[str, Any] = {}
    for match, following in zip(names, [*names[1:], None], strict=True):
        name = _parameter("".join(match["name"].split()), shapes)
        values = text[match.end() : following.start() if following is not None else None].strip(" ,;\n").strip("\"'")
        if name in found:
            raise InputError(f"{name} is given twice; leave one of them out.")
        turned = re.fullmatch(rf"(.*[\])]){_TURNED}", values, re.DOTALL)
        rows = _rows(name, turned[1] if turned else values)
        if turned and len({len(row) for row in rows}) == 1:
            rows = [list(column) for column in zip(*rows, strict=True)]
        found[name] = rows[0][0] if len(rows) == len(rows[0]) == 1 else rows
    return found


def _parameter(name: str, shapes: Mapping[str, Any]) -> str:
    """W^(1), W⁽¹⁾, W^[1] and W_1 as W1, where there is one; every other name as it is."""
    flat = unicodedata.normalize("NFKC", re.sub("[⁽¹²³⁴-⁹]", r"^\g<0>", name, count=1))
    written = re.fullmatch(r"([^\W\d_]+)(_\{?|\^\{?[\[(]?|\()(\d+)[\])]?\}?", flat)
    whole = f"{written[1]}{written[3]}".replace("θ", "theta") if written else ""
    if whole not in shapes:
        return name
    # b2 may be the second bias of all as well; b⁽²⁾ is that of layer 2.
    return f"{whole}[1]" if tuple(shapes[whole]) == (1,) and written and written[2][0] != "_" else whole
