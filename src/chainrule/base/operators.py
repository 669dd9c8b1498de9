"""Python's operators for everything that stands in for a number: expressions, printed numbers, pieces of source, machine code."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Self

PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
}
"""The operations on numbers that Python itself computes with."""


class Operators:
    """A kind of number says in `applied` what an operation gives; here its operators are led to that.

    Operations are called as in the table of primitives: add, subtract, multiply, divide, power, negative, greater.
    """

    __slots__ = ()

    def applied(self, operation: str, *operands: Any) -> Self:
        """The operation on operands, of which one at least is of this kind; the others may be plain numbers."""
        raise NotImplementedError  # each kind of operand says how; a mixin with slots holds nothing itself

    def __add__(self, other: Any) -> Self:
        return self.applied("add", self, other)

    def __radd__(self, other: Any) -> Self:
        return self.applied("add", other, self)

    def __sub__(self, other: Any) -> Self:
        return self.applied("subtract", self, other)

    def __rsub__(self, other: Any) -> Self:
        return self.applied("subtract", other, self)

    def __mul__(self, other: Any) -> Self:
        return self.applied("multiply", self, other)

    def __rmul__(self, other: Any) -> Self:
        return self.applied("multiply", other, self)

    def __truediv__(self, other: Any) -> Self:
        return self.applied("divide", self, other)

    def __rtruediv__(self, other: Any) -> Self:
        return self.applied("divide", other, self)

    def __pow__(self, exponent: Any) -> Self:
        return self.applied("power", self, exponent)

    def __rpow__(self, base: Any) -> Self:
        return self.applied("power", base, self)

    def __neg__(self) -> Self:
        return self.applied("negative", self)

    def __gt__(self, other: Any) -> Self:
        return self.applied("greater", self, other)

    def __lt__(self, other: Any) -> Self:
        return self.applied("greater", other, self)
