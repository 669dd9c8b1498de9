"""How an operation is written on paper: data in the table of primitives, read by `chainrule.notation.build`."""

from __future__ import annotations

from typing import TypeAlias

from chainrule.base.nodes import Node

SUM, PRODUCT, SIGN, POWER, ATOM = 1, 2, 3, 4, 5
"""How tightly a form holds together: a form inside a tighter one gets parentheses."""


class Infix(Node):
    """Between its operands: a + b, a − b."""

    sign: str
    level: int = SUM


class Prefix(Node):
    """Before its operand: −a."""

    sign: str


class Times(Node):
    """A product: · where one side is a number, ⊙ between arrays of one shape."""


class MatrixTimes(Node):
    """A matrix product."""


class Ratio(Node):
    """A fraction with a bar."""


class Raised(Node):
    """A power; the square root and e^x are powers too where `base` says so."""

    base: str = ""


class Named(Node):
    """A function's name before its arguments in parentheses."""

    name: str


class Fence(Node):
    """Between two bars: |a|."""

    left: str
    right: str


class Radical(Node):
    """Under a root sign."""


class Bracket(Node):
    """Iverson's bracket: [a > b] is 1 where that holds and 0 elsewhere."""

    sign: str


class Piecewise(Node):
    """{a where a condition holds, otherwise b."""


class Total(Node):
    """Σ over axes; `average` for the mean."""

    average: bool = False


class Transpose(Node):
    """A raised ᵀ."""


class Part(Node):
    """Some places along an axis, after the array in brackets: h[2…5]."""


class Quiet(Node):
    """Not written at all: the argument alone (a stretch over the batch, say)."""


class Spelled(Node):
    """Written out, as the last column of its row says: a quantity that is computed in one piece, but has no name on paper."""


class Leaf(Node):
    """A letter, a number or a size."""


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
    | Part
    | Quiet
    | Spelled
    | Leaf
)
