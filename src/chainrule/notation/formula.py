"""The layout of a formula: inert data that text, LaTeX and MathML print, each in a dozen cases.

Nothing here knows what a formula means, only what stands where. `chainrule.notation.build` makes these from expressions.
"""

from __future__ import annotations

from fractions import Fraction as ExactNumber
from typing import TypeAlias

from chainrule.base.frozen import FrozenValue


class Symbol(FrozenValue):
    """A letter with what hangs on it.

    letter       one letter or a short name: w, h, E, η, ∂ is not one (see Derivative)
    subscript    "1", "1,2" or ""
    superscript  "(2)" for a layer, "[1]" for a sample, "+" for the value after the update, or ""
    bold         True for a whole array
    key          what it is, whatever it is called: the same key has the same colour everywhere
    """

    letter: str
    subscript: str = ""
    superscript: str = ""
    bold: bool = False
    key: str = ""


class Number(FrozenValue):
    """A number as it is printed.

    digits   the digits of the mantissa with a point and a true minus: "−3.286976", "7.4"; "NaN", "∞"; "49126/15625" is a Fraction
    power    the exponent of a following · 10^power; None where there is none
    value    exactly what is printed; None for NaN and infinities
    rounded  True where the number itself has more digits than are printed
    """

    digits: str
    power: int | None = None
    value: ExactNumber | None = None
    rounded: bool = False


class Operator(FrozenValue):
    """A sign between or before its neighbours: + − · ⊙ = > ←; LaTeX and MathML know each of them."""

    sign: str
    prefix: bool = False


class Row(FrozenValue):
    """Side by side."""

    items: tuple[Formula, ...]


class Lines(FrozenValue):
    """Below each other, as one piece: what is too long for a line, and stands where none may end. Layouts of a given width make it."""

    lines: tuple[Formula, ...]


class Fraction(FrozenValue):
    """Above and below a bar."""

    above: Formula
    below: Formula


class Power(FrozenValue):
    """A raised exponent."""

    base: Formula
    exponent: Formula


class Root(FrozenValue):
    """Under a root sign."""

    inside: Formula


class Fenced(FrozenValue):
    """Between brackets: ( ), | |, [ ], ⌊ ⌋."""

    inside: Formula
    left: str = "("
    right: str = ")"


class Call(FrozenValue):
    """A function's name and its arguments in parentheses: tanh(z)."""

    name: str
    arguments: tuple[Formula, ...]


class Cases(FrozenValue):
    """{first where the condition holds, otherwise second."""

    condition: Formula
    first: Formula
    second: Formula


class Sum(FrozenValue):
    """Σ with what runs below it ("" where everything is summed)."""

    inside: Formula
    index: str = ""


class Transposed(FrozenValue):
    """A raised ᵀ."""

    inside: Formula


class Derivative(FrozenValue):
    """∂of/∂by."""

    of: Symbol
    by: Symbol


class Matrix(FrozenValue):
    """Rows of formulas between square brackets; an Ellipsis stands for what was left out."""

    rows: tuple[tuple[Formula, ...], ...]


class Ellipsis(FrozenValue):
    """Something left out: … (⋮ and ⋱ in matrices where the format has them)."""

    direction: str = "horizontal"


class Prose(FrozenValue):
    """Prose inside a formula. Data: every printer escapes it."""

    text: str


class Equation(FrozenValue):
    """Sides with a relation before each but the first: "=" (equal as printed), "≈" (right to half a unit of the last digit), "←"."""

    sides: tuple[Formula, ...]
    relations: tuple[str, ...]


Formula: TypeAlias = (
    Symbol | Number | Operator | Row | Lines | Fraction | Power | Root | Fenced | Call |
    Cases | Sum | Transposed | Derivative | Matrix | Ellipsis | Prose | Equation
)  # fmt: skip


def row(*items: Formula) -> Formula:
    """Side by side, without rows in rows."""
    flat = tuple(inner for item in items for inner in (item.items if isinstance(item, Row) else (item,)))
    return flat[0] if len(flat) == 1 else Row(flat)
