"""Numbers of an array in another order, without a copy: what says only where numbers stand, until somebody needs them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from chainrule.base.arrays import Array
from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import FrozenValue, replace
from chainrule.engines.compiled.graph.arrangement import example_length
from chainrule.engines.compiled.graph.operations import (
    Operation,
    over_batch,
)
from chainrule.formula.expression import Shape
from chainrule.network.derivation import BATCH


class View(FrozenValue):
    """Numbers of an array in another order.

    source   the array, in rows
    shape    the axes, without that of the batch
    strides  numbers of an example from one to the next along each axis, as if no row were padded
    offset   of the first number
    """

    source: Operation
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    offset: int = 0

    @property
    def in_order(self) -> bool:
        """Is it all of the array, number after number?"""
        return (
            not self.offset
            and self.merged in (((example_length(self.source.shape), 1),), ())
            and math.prod(self.shape) == example_length(self.source.shape)
        )

    @property
    def merged(self) -> tuple[tuple[int, int], ...]:
        """Extents and strides, without axes of extent 1, where axes that follow each other are one."""
        found: list[tuple[int, int]] = []
        for extent, stride in zip(self.shape, self.strides, strict=True):
            if extent == 1:
                continue
            if found and found[-1][1] == stride * extent:
                found[-1] = (found[-1][0] * extent, stride)
            else:
                found.append((extent, stride))
        return tuple(found)

    def permuted(self, axes: Sequence[int]) -> View:
        """With its axes in another order."""
        return replace(self, shape=tuple(self.shape[axis] for axis in axes), strides=tuple(self.strides[axis] for axis in axes))

    def reshaped(self, shape: tuple[int, ...]) -> View | None:
        """With other axes; None where no strides say that."""
        axes, strides = list(self.merged), list[int]()
        for size in reversed(shape):
            if size == 1:
                strides.append(1)
                continue
            if not axes:
                return None
            extent, stride = axes.pop()
            if extent % size:
                return None
            strides.append(stride)
            if extent > size:
                axes.append((extent // size, stride * size))
        return None if axes else replace(self, shape=shape, strides=tuple(reversed(strides)))


RowValue: TypeAlias = "Operation | View | Array"
"""A node; numbers of one in another order; or numbers that are known."""


def row_by_row(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of an array in order."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def turned_back(node: Operation, each: Sequence[int], order: Sequence[int]) -> View:
    """An array of which each example has these axes, and in which they lie in that order."""
    turned = tuple(each[axis] for axis in order)
    return View(node, turned, row_by_row(turned)).permuted([order.index(axis) for axis in range(len(order))])


def example_axes(shape: Shape) -> tuple[int, ...]:
    """The axes of an example. Raises NotCompilable where that of the batch is not the first."""
    if shape[:1] != (BATCH,) or over_batch(shape[1:]):
        raise NotCompilable(f"arrays of the shape {shape} have no machine code")
    return tuple(map(int, shape[1:]))


def is_one_number(node: Operation) -> bool:
    """Is it the same number everywhere?"""
    return node.opcode == "spread" and not node.arguments[0].shape
