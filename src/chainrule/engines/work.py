"""What a step costs as a program of arrays: counted in its formulas, and so the same on every machine."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from chainrule.formula.expression import Expression, Shape, order
from chainrule.formula.stated import stated

CALL = 700
"""Each operation on arrays costs as much as so many additions, however small they are …"""

PRODUCTS = 20
"""… and so many multiplications of a matrix product cost as much as one addition, which goes through memory (measured)."""


ELSEWHERE = 300_000
"""What PyTorch computes in a program of NumPy's, with its gradient, costs as much as so many additions (measured: 0.2 to 1 ms)."""


def work(roots: Sequence[Expression], samples: int, known: Collection[Expression] = ()) -> float:
    """The additions that take as long as everything below the roots for so many samples, but for what is known already."""
    return sum(_cost(node, samples) for node in order(*roots) if node.arguments and node.primitive.name != "named" and node not in known)


def _cost(node: Expression, samples: int) -> float:
    return (ELSEWHERE if node.primitive is stated else CALL) + _elements(node, samples)


def _elements(node: Expression, samples: int) -> float:
    """How many additions its elements are worth."""
    count = _count(node.shape, samples)
    return count * (1 + _count(node.arguments[0].shape[-1:], samples) / PRODUCTS) if node.primitive.name == "matmul" else count


def _count(shape: Shape, samples: int) -> int:
    return math.prod(samples if isinstance(extent, str) else extent for extent in shape)
