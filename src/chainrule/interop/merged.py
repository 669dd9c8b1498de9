"""Axes along which examples are counted together with something else, as PyTorch's attention does with heads: both are kept apart here.

What PyTorch sees as one axis of N · k elements is the axis of the examples, and then one of k. Reshaping is the same either way.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.base.frozen import Frozen
from chainrule.formula.expression import Dimension, Expression, Shape
from chainrule.interop.operations.shapes import permuted, reshaped
from chainrule.interop.operations.table import PYTORCH, UnreadableOperation

MergedAxes = tuple[tuple[Dimension, ...], ...]
"""Of each axis that PyTorch sees, the extents of those that it is here."""


class Merged(Frozen):
    """A formula whose axes are more than PyTorch sees."""

    formula: Expression
    axes: MergedAxes

    def places(self, axis: int) -> range:
        """Where the axes lie that PyTorch sees as this one."""
        start = sum(len(one) for one in self.axes[: axis % len(self.axes)])
        return range(start, start + len(self.axes[axis % len(self.axes)]))


def merged_formula(name: str, arguments: Sequence[Any], options: Mapping[str, Any], axes: MergedAxes) -> Any:
    """An operation some of whose operands, or whose result, have such axes. Raises UnreadableOperation."""
    first, entry = arguments[0], PYTORCH[name]
    if entry.together == "shape":
        formula = first.formula if isinstance(first, Merged) else first
        axes = _as_they_lie(formula.shape, axes)
        result = reshaped(formula, [extent for axis in axes for extent in axis])
    elif entry.together == "order" and isinstance(first, Merged):
        order = list(range(len(first.axes)))
        if name == "permute":
            order = [axis % len(order) for axis in arguments[1]]
        else:
            a, b = arguments[1:]
            order[a], order[b] = order[b], order[a]
        result = permuted(first.formula, [place for axis in order for place in first.places(axis)])
        axes = tuple(first.axes[axis] for axis in order)
    elif entry.together == "axis" and isinstance(first, Merged) and len(first.axes[arguments[1]]) == 1:
        result = entry.formula(first.formula, first.places(arguments[1])[0])
    elif entry.together in ("elements", "product"):
        result = entry.formula(*(one.formula if isinstance(one, Merged) else one for one in arguments), **options)
        axes = _as_they_lie(result.shape, axes)
    else:
        raise UnreadableOperation("an axis along which the examples are counted together with something else")
    return Merged(result, axes) if any(len(axis) > 1 for axis in axes) else result


def _as_they_lie(shape: Shape, axes: MergedAxes) -> MergedAxes:
    """The axes in the order in which they lie in an array of that shape: of those that are counted together, the examples first or last."""
    found, place = list[tuple[Dimension, ...]](), 0
    for axis in axes:
        own = list[Dimension]()
        while place < len(shape) and _size(own) != _size(axis):
            own.append(shape[place])
            place += 1
        if _size(own) != _size(axis):
            return axes
        found.append(tuple(extent for extent in own if extent != 1) if len(axis) > 1 else axis)
    return tuple(found)


def _size(extents: Sequence[Dimension]) -> tuple[bool, int]:
    """Are the examples among them, and how many elements are there of each?"""
    return any(isinstance(one, str) for one in extents), math.prod(one for one in extents if isinstance(one, int))
