"""What only says where numbers stand, of arrays in rows: parts, reshapes, exchanged axes, windows, repetitions, arrays side by side.

Nothing of it is done when it is written: it gives a `View`. What needs the numbers gets them:

    the same numbers in order     a `reshape`: the same memory, where rows have no padding
    some of the rows and columns  a `part`: an offset and a stride; so x[:, t] of a sequence, and the gates of an LSTM
    anything else                 an `arrange`: a copy, in loops over its axes
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import replace
from chainrule.engines.compiled.graph.arrangement import copy_loops, example_length
from chainrule.engines.compiled.graph.operations import (
    CopyOrder,
    Graph,
    Operation,
    RowPart,
    matrix_shape,
    moved_shape,
    over_batch,
    rows_dimension,
    rows_each,
)
from chainrule.engines.compiled.graph.views import RowValue, View, example_axes, row_by_row, turned_back
from chainrule.formula.expression import Expression, Shape
from chainrule.network.derivation import BATCH


class RowMoves:
    """The nodes of what is moved, in a graph. Raises NotCompilable where there are none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    # Rows

    def _view(self, value: RowValue, shape: Shape) -> View:
        """A value of this shape as a view."""
        if isinstance(value, View):
            return value
        assert isinstance(value, Operation)
        each = example_axes(shape)
        return View(value, each, row_by_row(each))

    def _node(self, value: RowValue, shape: Shape) -> Operation:
        """The node of a value of this shape, in whatever rows."""
        if isinstance(value, Operation):
            return value
        if not isinstance(value, View):
            if len(shape) != 1:
                raise NotCompilable("constants in a matrix, beside parameters, have no machine code")
            return self.graph.array(value)
        return value.source if value.in_order else self._rows(value, matrix_shape(shape))

    def _matrix(self, value: RowValue, shape: Shape) -> Operation:
        """The node of a value with two axes, in these rows."""
        return self._rows(value, shape) if rows_each(shape) else self._node(value, shape)

    def _matrices(self, view: View) -> Shape:
        return (rows_dimension(math.prod(view.shape[:-1])), view.shape[-1])

    def _rows(self, value: RowValue, target: Shape) -> Operation:
        """The node whose rows are these."""
        if isinstance(value, Operation):
            return self.graph.reshaped(value, target)
        assert isinstance(value, View)
        if value.in_order:
            return self.graph.reshaped(value.source, target)
        part = self._part_of(value, target)
        if part is not None:
            return self.graph.part(value.source, part, rows_each(target))
        return self._arranged(value, row_by_row(value.shape), target)

    def _part_of(self, view: View, target: Shape) -> RowPart | None:
        """The part of the array that a view is, in these rows; None where the distance of its rows, or of their numbers, is not one."""
        places, columns = rows_each(target), int(target[1]) if len(target) > 1 else 1
        across = int(view.source.shape[1]) if len(view.source.shape) > 1 else 1
        inside = view.reshaped((places, columns))
        if inside is None or len(target) != len(view.source.shape) or (columns > 1 and inside.strides[1] != 1):
            return None
        row, start = divmod(inside.offset, across)
        step = inside.strides[0] if places > 1 else rows_each(view.source.shape) * across
        if start + columns > across or step % across or places * step != rows_each(view.source.shape) * across:
            return None
        return RowPart(start, start + columns, row, step // across)

    def _last(self, value: RowValue, shape: Shape, axes: Sequence[int]) -> tuple[Operation, list[int]]:
        """The node whose rows go along these axes, and the order of the axes of the example in it."""
        count = len(shape)
        chosen = [axis % count - 1 for axis in axes]
        rest = [axis for axis in range(count - 1) if axis not in chosen]
        view = self._view(value, shape)
        columns = math.prod(view.shape[axis] for axis in chosen)
        places = math.prod(view.shape[axis] for axis in rest)
        order = [*rest, *chosen]
        turned = view if order == sorted(order) else view.permuted(order)
        return self._rows(value if turned is view else turned, (rows_dimension(places), columns)), order

    # What only says where numbers stand

    def _named(self, expression: Expression, value: RowValue) -> RowValue:
        return value

    def _transpose(self, expression: Expression, x: RowValue) -> RowValue:
        (argument,), axes = expression.arguments, expression.parameters["axes"]
        if len(axes) == 2:
            return self.graph.permute_dims(self._matrix(x, argument.shape), axes)
        if not over_batch(argument.shape) or axes[0] != 0:
            raise NotCompilable("other axes than those of a matrix, or of each example, cannot be exchanged in machine code")
        return self._view(x, argument.shape).permuted([axis - 1 for axis in axes[1:]])

    def _reshape(self, expression: Expression, x: RowValue) -> RowValue:
        (argument,) = expression.arguments
        if not over_batch(argument.shape):
            node = self._node(x, argument.shape)
            if matrix_shape(expression.shape) != node.shape:
                raise NotCompilable("a parameter in another shape, as that of a transposed convolution, has no machine code")
            return node
        each = example_axes(expression.shape)
        found = self._view(x, argument.shape).reshaped(each)
        if found is None:  # copied once, into the rows that are wanted
            found = View(self._rows(x, matrix_shape(expression.shape)), each, row_by_row(each))
        return found

    def _part(self, expression: Expression, x: RowValue) -> RowValue:
        (argument,), axis = expression.arguments, expression.parameters["axis"]
        if not over_batch(argument.shape):
            raise NotCompilable("a part of a parameter, as of a convolution in groups, has no machine code")
        if axis == 0:
            raise NotCompilable("some examples of a batch alone have no machine code")
        view = self._view(x, argument.shape)
        start, stop, _ = slice(expression.parameters["start"], expression.parameters["stop"]).indices(view.shape[axis - 1])
        shape = (*view.shape[: axis - 1], stop - start, *view.shape[axis:])
        return replace(view, shape=shape, offset=view.offset + start * view.strides[axis - 1])

    def _window(self, expression: Expression, x: RowValue) -> RowValue:
        (argument,), given = expression.arguments, expression.parameters
        view, first = self._view(x, argument.shape), given["axis"] - 1
        behind = first + len(given["lengths"])
        own = view.strides[first:behind]
        strides = (stride * step for group in (given["steps"], given["gaps"]) for stride, step in zip(own, group, strict=True))
        return replace(view, shape=example_axes(expression.shape), strides=(*view.strides[:first], *strides, *view.strides[behind:]))

    def _spread(self, expression: Expression, x: RowValue) -> RowValue:
        (argument,), (axes, sizes) = expression.arguments, (expression.parameters[key] for key in ("axes", "sizes"))
        axes = tuple(axis % len(expression.shape) for axis in axes)
        if not over_batch(expression.shape):
            node = self._node(x, argument.shape)
            if not node.shape:
                target = matrix_shape(expression.shape)
                return self.graph.spread(node, range(len(target)), target)
            return self.graph.spread(node, axes, sizes)
        if not argument.shape:
            target = matrix_shape(expression.shape)
            return self.graph.node("spread", self._node(x, ()), shape=target, detail=tuple(range(len(target))))
        each, count = example_axes(expression.shape), len(expression.shape)
        if not over_batch(argument.shape):
            numbers = self.graph.array(x) if isinstance(x, np.ndarray) else self._node(x, argument.shape)
            if len(numbers.shape) > 1:
                raise NotCompilable("a parameter that is multiplied and has a row for each place as well has no machine code")
            if len(argument.shape) == 1 and axes == tuple(range(count - 1)):
                return self.graph.node("spread", numbers, shape=matrix_shape(expression.shape), detail=(0,))
            row = self.graph.node("spread", numbers, shape=(BATCH, numbers.shape[0]), detail=(0,))
            every = (BATCH, *argument.shape)
            return self._repeated(self._view(row, every), every, each, [axis - 1 for axis in axes if axis])
        if axes == tuple(range(len(argument.shape), count)):
            numbers = self._rows(x, (rows_dimension(math.prod(example_axes(argument.shape))),))
            return self.graph.node("spread", numbers, shape=(*numbers.shape, math.prod(each[axis - 1] for axis in axes)), detail=(1,))
        return self._repeated(x, argument.shape, each, [axis - 1 for axis in axes])

    def _repeated(self, x: RowValue, shape: Shape, each: tuple[int, ...], new: Sequence[int]) -> View:
        view = self._view(x, shape)
        own = iter(view.strides)
        return replace(view, shape=each, strides=tuple(0 if axis in new else next(own) for axis in range(len(each))))

    def _join(self, expression: Expression, *values: RowValue) -> RowValue:
        axis = expression.parameters["axis"]
        if not over_batch(expression.shape) or axis == 0:
            raise NotCompilable("only arrays with a row for each example can lie side by side in machine code")
        shapes = [argument.shape for argument in expression.arguments]
        count = len(expression.shape)
        if axis == count - 1:
            return self.graph.join([self._last(value, shape, (-1,))[0] for value, shape in zip(values, shapes, strict=True)], "columns")
        if axis == 1:
            rows = [self._rows(value, matrix_shape(shape)) for value, shape in zip(values, shapes, strict=True)]
            return self.graph.join(rows, "places")
        order = [axis - 1, *(place for place in range(count - 1) if place != axis - 1)]
        turned = [self._view(value, shape).permuted(order) for value, shape in zip(values, shapes, strict=True)]
        joined = self.graph.join([self._rows(view, self._matrices(view)) for view in turned], "places")
        return turned_back(joined, example_axes(expression.shape), order)

    def _place(self, expression: Expression, x: RowValue) -> RowValue:
        """An array between zeros."""
        (argument,), given = expression.arguments, expression.parameters
        axis, start, each = given["axis"], given["start"], example_axes(expression.shape)
        if len(each) == 1:
            zeros = (self._zeros(size) if size else None for size in (start, each[0] - start - int(argument.shape[1])))
            before, after = ([] if side is None else [side] for side in zeros)
            return self.graph.join([*before, self._rows(x, matrix_shape(argument.shape)), *after], "columns")
        there = row_by_row(each)
        view, target = self._view(x, argument.shape), moved_shape(expression.shape)
        return self._arranged(view, there, target, start * there[axis - 1], empty=True)

    def _zeros(self, columns: int) -> Operation:
        return self.graph.node("spread", self.graph.number(0), shape=(BATCH, columns), detail=(0, 1))

    def _arranged(
        self, view: View, there: Sequence[int], shape: Shape, start: int = 0, *, empty: bool = False, added: bool = False
    ) -> Operation:
        """A view copied to these rows, in which its axes have other strides."""
        axes = tuple(axis for axis in zip(view.shape, view.strides, there, strict=True) if axis[0] > 1)
        detail, source, target = CopyOrder(axes, view.offset, start, empty=empty, added=added), view.source, shape
        if copy_loops(detail, source.shape, target) is None:
            source = self.graph.reshaped(source, (BATCH, example_length(source.shape)))
        if copy_loops(detail, source.shape, target) is None:
            target = (BATCH, example_length(target))
        return self.graph.reshaped(self.graph.node("arrange", source, shape=target, detail=detail), shape)

    def _overlap(self, expression: Expression, x: RowValue) -> RowValue:
        """Windows added up where they lie."""
        (argument,), given = expression.arguments, expression.parameters
        first, several = given["axis"] - 1, len(given["extents"])
        own = row_by_row(example_axes(expression.shape))
        inside = (
            stride * step
            for group in (given["steps"], given["gaps"])
            for stride, step in zip(own[first : first + several], group, strict=True)
        )
        there = (*own[:first], *inside, *own[first + several :])
        view, target = self._view(x, argument.shape), moved_shape(expression.shape)
        return self._arranged(view, there, target, empty=True, added=True)
