"""The layout of a formula: inert data that text, LaTeX and MathML print, each in a dozen cases.

Nothing here knows what a formula means, only what stands where. `chainrule.notation.build` makes these from expressions.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as ExactNumber
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Symbol:
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


@dataclass(frozen=True, slots=True)
class Number:
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


@dataclass(frozen=True, slots=True)
class Operator:
    """A sign between or before its neighbours: + − · ⊙ = > ←; LaTeX and MathML know each of them."""

    sign: str
    prefix: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """Side by side."""

    items: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Fraction:
    """Above and below a bar."""

    above: Formula
    below: Formula


@dataclass(frozen=True, slots=True)
class Power:
    """A raised exponent."""

    base: Formula
    exponent: Formula


@dataclass(frozen=True, slots=True)
class Root:
    """Under a root sign."""

    inside: Formula


@dataclass(frozen=True, slots=True)
class Fenced:
    """Between brackets: ( ), | |, [ ], ⌊ ⌋."""

    inside: Formula
    left: str = "("
    right: str = ")"


@dataclass(frozen=True, slots=True)
class Call:
    """A function's name and its arguments in parentheses: tanh(z)."""

    name: str
    arguments: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Cases:
    """{first where the condition holds, otherwise second."""

    condition: Formula
    first: Formula
    second: Formula


@dataclass(frozen=True, slots=True)
class Sum:
    """Σ with what runs below it ("" where everything is summed)."""

    inside: Formula
    index: str = ""


@dataclass(frozen=True, slots=True)
class Transposed:
    """A raised ᵀ."""

    inside: Formula


@dataclass(frozen=True, slots=True)
class Derivative:
    """∂of/∂by."""

    of: Symbol
    by: Symbol


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of formulas between square brackets; an Ellipsis stands for what was left out."""

    rows: tuple[tuple[Formula, ...], ...]


@dataclass(frozen=True, slots=True)
class Ellipsis:
    """Something left out: … (⋮ and ⋱ in matrices where the format has them)."""

    direction: str = "horizontal"


@dataclass(frozen=True, slots=True)
class Words:
    """Prose inside a formula. Data: every printer escapes it."""

    text: str


@dataclass(frozen=True, slots=True)
class Equation:
    """Sides with a relation before each but the first: "=" (equal as printed), "≈" (right to half a unit of the last digit), "←"."""

    sides: tuple[Formula, ...]
    relations: tuple[str, ...]


Formula: TypeAlias = (
    Symbol
    | Number
    | Operator
    | Row
    | Fraction
    | Power
    | Root
    | Fenced
    | Call
    | Cases
    | Sum
    | Transposed
    | Derivative
    | Matrix
    | Ellipsis
    | Words
    | Equation
)


def row(*items: Formula) -> Formula:
    """Side by side, without rows in rows."""
    flat = tuple(inner for item in items for inner in (item.items if isinstance(item, Row) else (item,)))
    return flat[0] if len(flat) == 1 else Row(flat)
