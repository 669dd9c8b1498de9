"""How an operation is written on paper: data in the table of primitives, read by `chainrule.notation.build`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly a form holds together: a form inside a tighter one gets parentheses."""


@dataclass(frozen=True, slots=True)
class Infix:
    """Between its operands: a + b, a − b."""

    sign: str
    level: int = SUM


@dataclass(frozen=True, slots=True)
class Prefix:
    """Before its operand: −a."""

    sign: str


@dataclass(frozen=True, slots=True)
class Times:
    """A product: · where one side is a number, ⊙ between arrays of one shape."""


@dataclass(frozen=True, slots=True)
class MatrixTimes:
    """A matrix product."""


@dataclass(frozen=True, slots=True)
class Ratio:
    """A fraction with a bar."""


@dataclass(frozen=True, slots=True)
class Raised:
    """A power; the square root and e^x are powers too where `base` says so."""

    base: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """A function's name before its arguments in parentheses."""

    name: str


@dataclass(frozen=True, slots=True)
class Fence:
    """Between two bars: |a|."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Root:
    """Under a root sign."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Iverson's bracket: [a > b] is 1 where that holds and 0 elsewhere."""

    sign: str


@dataclass(frozen=True, slots=True)
class Cases:
    """{a where a condition holds, otherwise b."""


@dataclass(frozen=True, slots=True)
class Total:
    """Σ over axes; `average` for the mean."""

    average: bool = False


@dataclass(frozen=True, slots=True)
class Transposed:
    """A raised ᵀ."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """Not written at all: the argument alone (a stretch over the batch, say)."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A letter, a number or a size."""


Form: TypeAlias = (
    Infix | Prefix | Times | MatrixTimes | Ratio | Raised | Call | Fence | Root | Bracket | Cases | Total | Transposed | Quiet | Leaf
)
