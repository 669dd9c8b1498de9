"""How an operation is written on paper: data in the table of primitives, read by `chainrule.notation.build`."""

from __future__ import annotations

from typing import TypeAlias

from chainrule.base.frozen import FrozenValue

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly a form holds together: a form inside a tighter one gets parentheses."""


class Infix(FrozenValue):
    """Between its operands: a + b, a − b."""

    sign: str
    level: int = SUM


class Prefix(FrozenValue):
    """Before its operand: −a."""

    sign: str


class Times(FrozenValue):
    """A product: · where one side is a number, ⊙ between arrays of one shape."""


class MatrixTimes(FrozenValue):
    """A matrix product."""


class Ratio(FrozenValue):
    """A fraction with a bar."""


class Raised(FrozenValue):
    """A power; the square root and e^x are powers too where `base` says so."""

    base: str = ""


class Named(FrozenValue):
    """A function's name before its arguments in parentheses."""

    name: str


class Fence(FrozenValue):
    """Between two bars: |a|."""

    left: str
    right: str


class Radical(FrozenValue):
    """Under a root sign."""


class Bracket(FrozenValue):
    """Iverson's bracket: [a > b] is 1 where that holds and 0 elsewhere."""

    sign: str


class Piecewise(FrozenValue):
    """{a where a condition holds, otherwise b."""


class Total(FrozenValue):
    """Σ over axes; `average` for the mean."""

    average: bool = False


class Transpose(FrozenValue):
    """A raised ᵀ."""


class Taken(FrozenValue):
    """Rows of a table at places, which stand after it in brackets: T[x]."""


class Part(FrozenValue):
    """Some places along an axis, after the array in brackets: h[2…5]."""


class Quiet(FrozenValue):
    """Not written at all: the argument alone (a stretch over the batch, say)."""


class Spelled(FrozenValue):
    """Written out, as the last column of its row says: a quantity that is computed in one piece, but has no name on paper."""


class Stated(FrozenValue):
    """A function whose formula is not known: its name before its operands; with a prime for its derivative, with a place for an element."""


class Leaf(FrozenValue):
    """A letter, a number or a size."""


class AmongZeros(FrozenValue):
    """With zeros before and after it: (0, x, 0)."""


class Laid(FrozenValue):
    """Products laid where they come from and added: δ ∗ W; Σ of anything else."""


class Gathered(FrozenValue):
    """Rows added up, each in a row of a table that stands at its place: [x = 0 … 4]ᵀ · h, with a column for each row of the table."""


class Numbered(FrozenValue):
    """0, 1 … n − 1 along an axis: the letter of that axis, i or j."""


class IsLargest(FrozenValue):
    """1 where it is the largest: [x = max(x)]."""


Form: TypeAlias = (
    Infix
    | Prefix
    | Times
    | MatrixTimes
    | Ratio
    | Raised
    | Named
    | Fence
    | Radical
    | Bracket
    | Piecewise
    | Total
    | Transpose
    | Taken
    | AmongZeros
    | Laid
    | Gathered
    | IsLargest
    | Numbered
    | Part
    | Quiet
    | Spelled
    | Stated
    | Leaf
)
