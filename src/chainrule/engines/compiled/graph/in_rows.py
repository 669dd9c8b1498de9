"""Arrays of any number of axes, as formulas have them, in rows: (batch, 4, 5, 3) is a matrix with 20 rows for each example.

A sequence (batch, time, features) or an image (batch, height, width, channels) lies in memory as a matrix whose rows are the places,
those of an example one behind the other. So what is done at every place is done to every row: a dense layer is the product that it is
without places, a normalisation or a softmax along the last axis goes through a row, and a bias's gradient sums over all rows.

What only says where numbers stand computes nothing and is not done when it is written: a part, a reshape, exchanged axes, windows and
repetitions are a `View`, which says for each axis by how many numbers one goes on in the array below. What needs the numbers gets them:

    the same numbers in order     a `reshape`: the same memory, where rows have no padding
    some of the rows and columns  a `part`: an offset and a stride; so x[:, t] of a sequence, and the gates of an LSTM
    anything else                 an `arrange`: a copy, in loops over its axes
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import FrozenValue, replace
from chainrule.engines.compiled.graph.arrangement import loops, numbers_of
from chainrule.engines.compiled.graph.operations import (
    Arrangement,
    EachProduct,
    Graph,
    Operation,
    Part,
    checked,
    matrix_shape,
    moved_shape,
    over_batch,
    rows_each,
    rows_of,
)
from chainrule.formula.arrays import FLOATS
from chainrule.formula.expression import Expression, Shape, folded, order
from chainrule.network.derivation import BATCH
from chainrule.network.network import Array


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
            and self.merged in (((numbers_of(self.source.shape), 1),), ())
            and math.prod(self.shape) == numbers_of(self.source.shape)
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


MOST_COMPARED = 256
"""Each number of which the largest is looked for is an array of its own."""

Value: TypeAlias = "Operation | View | Array"
"""A node; numbers of one in another order; or numbers that are known."""


def _row_by_row(shape: Sequence[int]) -> tuple[int, ...]:
    """Strides of an array in order."""
    return tuple(math.prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _each(shape: Shape) -> tuple[int, ...]:
    """The axes of an example. Raises NotCompilable where that of the batch is not the first."""
    if shape[:1] != (BATCH,) or over_batch(shape[1:]):
        raise NotCompilable(f"arrays of the shape {shape} have no machine code")
    return tuple(map(int, shape[1:]))


def _is_one_number(node: Operation) -> bool:
    """Is it the same number everywhere?"""
    return node.opcode == "spread" and not node.arguments[0].shape


def _number_of(value: Value) -> Any:
    """What is known of it; None where it is not known yet."""
    if isinstance(value, Operation):
        return value.detail if value.opcode == "number" else None
    return value if isinstance(value, np.ndarray) else None


def flat_parameters(roots: Sequence[Expression]) -> set[Expression]:
    """Parameters with several axes that are the same for every example: they lie number after number, as an example does."""
    found = set()
    for node in order(*roots):
        if node.primitive.name == "spread" and node.shape[:1] == (BATCH,):
            (argument,) = node.arguments
            while argument.primitive.name == "named":
                (argument,) = argument.arguments
            if argument.primitive.name == "variable" and len(argument.shape) > 1 and not over_batch(argument.shape):
                found.add(argument)
    return found


class InRows:
    """The nodes of expressions, in a graph. Raises NotCompilable where there are none."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._of: dict[Expression, Value] = {}

    def add(self, expression: Expression, leaves: Mapping[Expression, Operation]) -> Operation:
        """The node of an expression."""
        self._of |= leaves
        return self._node(folded([expression], self._of, self._one)[expression], expression.shape)

    def _one(self, expression: Expression, arguments: Sequence[Value]) -> Value:
        name = expression.primitive.name
        if name == "variable":
            raise NotCompilable(f"{expression} comes from nowhere")
        if name == "size":
            dimension = expression.parameters["dimension"]
            return self.graph.node("size") if dimension == BATCH else self.graph.number(dimension)
        if not over_batch(expression.shape) and (name == "position" or any(isinstance(one, np.ndarray) for one in arguments)):
            known = [_number_of(one) for one in arguments]
            if all(one is not None for one in known):
                numbers: Array = np.asarray(expression.primitive.value(FLOATS, *known, **expression.parameters), float)
                return numbers
        handler: Callable[..., Value] | None = getattr(self, f"_{name}", None)
        if handler is not None:
            value = handler(expression, *arguments)
        elif expression.primitive.elementwise:
            value = self._elementwise(expression, arguments)
        else:
            value = expression.primitive.value(self.graph, *arguments, **expression.parameters)
        if isinstance(value, Operation):
            checked(value.shape)
            if expression.name is not None:
                self.graph.names.setdefault(value, str(expression.name))
        return value

    # Rows

    def _view(self, value: Value, shape: Shape) -> View:
        """A value of this shape as a view."""
        if isinstance(value, View):
            return value
        assert isinstance(value, Operation)
        each = _each(shape)
        return View(value, each, _row_by_row(each))

    def _node(self, value: Value, shape: Shape) -> Operation:
        """The node of a value of this shape, in whatever rows."""
        if isinstance(value, Operation):
            return value
        if not isinstance(value, View):
            if len(shape) != 1:
                raise NotCompilable("constants in a matrix, beside parameters, have no machine code")
            return self.graph.array(value)
        return value.source if value.in_order else self._rows(value, matrix_shape(shape))

    def _matrix(self, value: Value, shape: Shape) -> Operation:
        """The node of a value with two axes, in these rows."""
        return self._rows(value, shape) if rows_each(shape) else self._node(value, shape)

    def _rows(self, value: Value, target: Shape) -> Operation:
        """The node whose rows are these."""
        if isinstance(value, Operation):
            return self.graph.reshaped(value, target)
        assert isinstance(value, View)
        if value.in_order:
            return self.graph.reshaped(value.source, target)
        part = self._part_of(value, target)
        if part is not None:
            return self.graph.part(value.source, part, rows_each(target))
        return self._arranged(value, _row_by_row(value.shape), target)

    def _part_of(self, view: View, target: Shape) -> Part | None:
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
        return Part(start, start + columns, row, step // across)

    def _last(self, value: Value, shape: Shape, axes: Sequence[int]) -> tuple[Operation, list[int]]:
        """The node whose rows go along these axes, and the order of the axes of the example in it."""
        count = len(shape)
        chosen = [axis % count - 1 for axis in axes]
        rest = [axis for axis in range(count - 1) if axis not in chosen]
        view = self._view(value, shape)
        columns = math.prod(view.shape[axis] for axis in chosen)
        places = math.prod(view.shape[axis] for axis in rest)
        order = [*rest, *chosen]
        turned = view if order == sorted(order) else view.permuted(order)
        return self._rows(value if turned is view else turned, (rows_of(places), columns)), order

    # What is computed

    def _elementwise(self, expression: Expression, arguments: Sequence[Value]) -> Operation:
        """An operation element by element, on arrays in the same rows."""
        own = self._in_shortest_rows if over_batch(expression.shape) else self._of_parameters
        node: Operation = expression.primitive.value(self.graph, *own(expression, arguments), **expression.parameters)
        return node

    def _in_shortest_rows(self, expression: Expression, arguments: Sequence[Value]) -> list[Operation]:
        """Of arrays in different rows all are taken in the shortest ones."""
        _each(expression.shape)
        target: Shape = ()
        for argument in arguments:
            if isinstance(argument, View) and not argument.in_order:
                shape = matrix_shape(expression.shape)
            else:
                shape = self._node(argument, expression.shape).shape
            target = max(target, shape, key=lambda shape: (rows_each(shape), len(shape)))
        return [self._node(one, ()) if isinstance(one, Operation) and not one.shape else self._rows(one, target) for one in arguments]

    def _of_parameters(self, expression: Expression, arguments: Sequence[Value]) -> list[Operation]:
        """What has no row for an example lies in one way, number after number or as a matrix."""
        nodes = [self._node(value, argument.shape) for value, argument in zip(arguments, expression.arguments, strict=True)]
        flat = next((node.shape for node in nodes if len(node.shape) == 1), ())
        if flat and len(expression.shape) > 1:
            nodes = [self.graph.reshaped(node, flat) if _is_one_number(node) else node for node in nodes]
        if len({node.shape for node in nodes if node.shape}) > 1:
            raise NotCompilable("a parameter that is multiplied and has a row for each place as well has no machine code")
        return nodes

    def _named(self, expression: Expression, value: Value) -> Value:
        return value

    def _matmul(self, expression: Expression, a: Value, b: Value) -> Value:
        one, other = (argument.shape for argument in expression.arguments)
        if len(one) == len(other) == 2:
            return self.graph.matmul(self._matrix(a, one), self._matrix(b, other))
        if not over_batch(one):
            raise NotCompilable("a product of parameters with more than two axes has no machine code")
        if not over_batch(other):
            rows, _ = self._last(a, one, (-1,))
            return self.graph.matmul(rows, self._node(b, other))
        return self._each_by_each(expression, a, b)

    def _each_by_each(self, expression: Expression, a: Value, b: Value) -> Operation:
        """A product for each example, which reads its first matrix as it lies or transposed."""
        one, other = (argument.shape for argument in expression.arguments)
        view = self._view(a, one)
        swapped = view.permuted([*range(len(view.shape) - 2), len(view.shape) - 1, len(view.shape) - 2])
        turned = not view.in_order and swapped.in_order
        left = self._rows(swapped if turned else a, self._matrices(swapped if turned else view))
        right = self._rows(b, self._matrices(self._view(b, other)))
        *several, rows, columns = _each(expression.shape)
        detail = EachProduct(math.prod(several), rows, int(one[-1]), columns, turned)
        return self.graph.node("each", left, right, shape=(rows_of(detail.count * rows), columns), detail=detail)

    def _matrices(self, view: View) -> Shape:
        return (rows_of(math.prod(view.shape[:-1])), view.shape[-1])

    def _total(self, expression: Expression, x: Value) -> Value:
        (argument,), axes = expression.arguments, expression.parameters["axes"]
        axes = tuple(axis % len(argument.shape) for axis in axes)
        inner = argument
        while inner.primitive.name == "named":
            (inner,) = inner.arguments
        each = inner.primitive.name == "matmul" and all(over_batch(factor.shape[:1]) for factor in inner.arguments)
        if each and axes == tuple(range(len(inner.shape) - 2)):
            return self._gradient(inner)
        return self._reduced(argument, x, axes)

    def _gradient(self, product: Expression) -> Operation:
        """Σ aᵀ b over all examples and places: one product of all rows."""
        a, b = (self._view(self._of[argument], argument.shape) for argument in product.arguments)
        last = len(a.shape) - 1
        a = a.permuted([*range(last - 1), last, last - 1])
        left, right = (self._rows(view, self._matrices(view)) for view in (a, b))
        return self.graph.matmul(self.graph.permute_dims(left, (1, 0)), right)

    def _reduced(self, argument: Expression, x: Value, axes: tuple[int, ...]) -> Value:
        """The sum over some axes."""
        shape = argument.shape
        if not over_batch(shape):
            node = self._node(x, shape)
            if len(shape) > 2 and len(axes) < len(shape):
                raise NotCompilable("sums over some axes of a parameter with more than two have no machine code")
            return self.graph.sum(node, tuple(range(len(node.shape))) if len(axes) == len(shape) else axes)
        if len(axes) == len(shape):
            node = self._node(x, shape)
            return self.graph.sum(node, tuple(range(len(node.shape))))
        if 0 in axes:
            kept = [axis for axis in range(1, len(shape)) if axis not in axes]
            return self.graph.sum(self._last(x, shape, kept)[0], 0)
        return self.graph.sum(self._last(x, shape, axes)[0], 1)

    def _mean(self, expression: Expression, x: Value) -> Value:
        (argument,), axes = expression.arguments, expression.parameters["axes"]
        sizes = [argument.shape[axis] for axis in axes]
        count = self.graph.number(math.prod(size for size in sizes if isinstance(size, int)))
        if over_batch(tuple(sizes)):
            batch = self.graph.node("size")
            count = batch if count is self.graph.number(1) else batch * count
        total = self._node(self._reduced(argument, x, tuple(axis % len(argument.shape) for axis in axes)), expression.shape)
        return total if count is self.graph.number(1) else total / count

    def _along(self, expression: Expression, x: Value, axis: int) -> Value:
        """A function of rows along an axis."""
        shape = expression.arguments[0].shape
        if not over_batch(shape):
            raise NotCompilable("a softmax of parameters has no machine code")
        rows, order = self._last(x, shape, (axis,))
        node: Operation = expression.primitive.value(self.graph, rows, axis=1)
        if len(expression.shape) < len(shape) or order == sorted(order):
            return node
        each = [int(shape[1 + place]) for place in order]
        return View(node, tuple(each), _row_by_row(each)).permuted([order.index(place) for place in range(len(order))])

    def _softmax(self, expression: Expression, x: Value) -> Value:
        return self._along(expression, x, expression.parameters["axis"])

    _logsumexp = _softmax

    # What only says where numbers stand

    def _transpose(self, expression: Expression, x: Value) -> Value:
        (argument,), axes = expression.arguments, expression.parameters["axes"]
        if len(axes) == 2:
            return self.graph.permute_dims(self._matrix(x, argument.shape), axes)
        if not over_batch(argument.shape) or axes[0] != 0:
            raise NotCompilable("other axes than those of a matrix, or of each example, cannot be exchanged in machine code")
        return self._view(x, argument.shape).permuted([axis - 1 for axis in axes[1:]])

    def _reshape(self, expression: Expression, x: Value) -> Value:
        (argument,) = expression.arguments
        if not over_batch(argument.shape):
            node = self._node(x, argument.shape)
            if matrix_shape(expression.shape) != node.shape:
                raise NotCompilable("a parameter cannot have another shape in machine code")
            return node
        each = _each(expression.shape)
        found = self._view(x, argument.shape).reshaped(each)
        if found is None:
            found = View(self._rows(x, matrix_shape(argument.shape)), each, _row_by_row(each))
        return found

    def _part(self, expression: Expression, x: Value) -> Value:
        (argument,), axis = expression.arguments, expression.parameters["axis"]
        if not over_batch(argument.shape) or axis == 0:
            raise NotCompilable("only columns of an array with a row for each example can be taken in machine code")
        view = self._view(x, argument.shape)
        start, stop, _ = slice(expression.parameters["start"], expression.parameters["stop"]).indices(view.shape[axis - 1])
        shape = (*view.shape[: axis - 1], stop - start, *view.shape[axis:])
        return replace(view, shape=shape, offset=view.offset + start * view.strides[axis - 1])

    def _window(self, expression: Expression, x: Value) -> Value:
        (argument,), given = expression.arguments, expression.parameters
        view, first = self._view(x, argument.shape), given["axis"] - 1
        behind = first + len(given["lengths"])
        own = view.strides[first:behind]
        strides = (stride * step for group in (given["steps"], given["gaps"]) for stride, step in zip(own, group, strict=True))
        return replace(view, shape=_each(expression.shape), strides=(*view.strides[:first], *strides, *view.strides[behind:]))

    def _spread(self, expression: Expression, x: Value) -> Value:
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
        each, count = _each(expression.shape), len(expression.shape)
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
            numbers = self._rows(x, (rows_of(math.prod(_each(argument.shape))),))
            return self.graph.node("spread", numbers, shape=(*numbers.shape, math.prod(each[axis - 1] for axis in axes)), detail=(1,))
        return self._repeated(x, argument.shape, each, [axis - 1 for axis in axes])

    def _repeated(self, x: Value, shape: Shape, each: tuple[int, ...], new: Sequence[int]) -> View:
        view = self._view(x, shape)
        own = iter(view.strides)
        return replace(view, shape=each, strides=tuple(0 if axis in new else next(own) for axis in range(len(each))))

    def _join(self, expression: Expression, *values: Value) -> Value:
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
        each = [int(expression.shape[1 + place]) for place in order]
        return View(joined, tuple(each), _row_by_row(each)).permuted([order.index(place) for place in range(len(order))])

    def _place(self, expression: Expression, x: Value) -> Value:
        """An array between zeros."""
        (argument,), given = expression.arguments, expression.parameters
        axis, start, each = given["axis"], given["start"], _each(expression.shape)
        if len(each) == 1:
            zeros = (self._zeros(size) if size else None for size in (start, each[0] - start - int(argument.shape[1])))
            before, after = ([] if side is None else [side] for side in zeros)
            return self.graph.join([*before, self._rows(x, matrix_shape(argument.shape)), *after], "columns")
        there = _row_by_row(each)
        view, target = self._view(x, argument.shape), moved_shape(expression.shape)
        return self._arranged(view, there, target, start * there[axis - 1], empty=True)

    def _zeros(self, columns: int) -> Operation:
        return self.graph.node("spread", self.graph.number(0), shape=(BATCH, columns), detail=(0, 1))

    def _arranged(
        self, view: View, there: Sequence[int], shape: Shape, start: int = 0, *, empty: bool = False, added: bool = False
    ) -> Operation:
        """A view copied to these rows, in which its axes have other strides."""
        axes = tuple(axis for axis in zip(view.shape, view.strides, there, strict=True) if axis[0] > 1)
        detail, source, target = Arrangement(axes, view.offset, start, empty=empty, added=added), view.source, shape
        if loops(detail, source.shape, target) is None:
            source = self.graph.reshaped(source, (BATCH, numbers_of(source.shape)))
        if loops(detail, source.shape, target) is None:
            target = (BATCH, numbers_of(target))
        return self.graph.reshaped(self.graph.node("arrange", source, shape=target, detail=detail), shape)

    def _overlap(self, expression: Expression, x: Value) -> Value:
        """Windows added up where they lie."""
        (argument,), given = expression.arguments, expression.parameters
        first, several = given["axis"] - 1, len(given["extents"])
        own = _row_by_row(_each(expression.shape))
        inside = (
            stride * step
            for group in (given["steps"], given["gaps"])
            for stride, step in zip(own[first : first + several], group, strict=True)
        )
        there = (*own[:first], *inside, *own[first + several :])
        view, target = self._view(x, argument.shape), moved_shape(expression.shape)
        return self._arranged(view, there, target, empty=True, added=True)

    # Tables

    def _lookup(self, expression: Expression, table: Value, index: Value) -> Value:
        lines, where = (argument.shape for argument in expression.arguments)
        if len(lines) != 2 or over_batch(lines) or not over_batch(where):
            raise NotCompilable("only rows of a matrix of parameters can be looked up in machine code")
        places = self._rows(index, (rows_of(math.prod(_each(where))),))
        return self.graph.node("lookup", self._node(table, lines), places, shape=(places.shape[0], lines[1]))

    def _added_at(self, expression: Expression, x: Value, index: Value) -> Value:
        rows, where = (argument.shape for argument in expression.arguments)
        if len(rows) != len(where) + 1 or not over_batch(where):
            raise NotCompilable("only rows of examples can be added up in a table in machine code")
        places = self._rows(index, (rows_of(math.prod(_each(where))),))
        return self.graph.node("added_at", self._rows(x, (places.shape[0], rows[-1])), places, shape=expression.shape)

    # The largest

    def _slices(self, expression: Expression, x: Value) -> list[Operation]:
        """The arrays along an axis, each in rows of its own."""
        shape, axis = expression.arguments[0].shape, expression.parameters["axis"] % len(expression.arguments[0].shape)
        if not over_batch(shape) or axis == 0:
            raise NotCompilable("the largest of parameters, or of a batch, has no machine code")
        view = self._view(x, shape)
        if view.shape[axis - 1] > MOST_COMPARED:
            raise NotCompilable(f"the largest of more than {MOST_COMPARED} numbers, as of a long window, has no machine code")
        found = []
        for place in range(view.shape[axis - 1]):
            each = (*view.shape[: axis - 1], *view.shape[axis:])
            strides = (*view.strides[: axis - 1], *view.strides[axis:])
            one = View(view.source, each, strides, view.offset + place * view.strides[axis - 1])
            found.append(self._rows(one, moved_shape((BATCH, *each))))
        return found

    def _largest(self, expression: Expression, x: Value) -> Value:
        return self._so_far(self._slices(expression, x))[-1]

    def _so_far(self, slices: Sequence[Operation]) -> list[Operation]:
        """The largest of the first, of the first two …"""
        return list(accumulate(slices, lambda one, other: self.graph.elementwise("maximum", one, other)))

    def _at_largest(self, expression: Expression, x: Value) -> Value:
        """1 at the first of the largest: where it is larger than all before it, and none is larger."""
        slices, graph = self._slices(expression, x), self.graph
        so_far = self._so_far(slices)
        found = [1 - graph.elementwise("greater", so_far[-1], own) for own in slices]
        for place, before in enumerate(so_far[:-1], start=1):
            found[place] = found[place] * graph.elementwise("greater", slices[place], before)
        joined = graph.join([graph.reshaped(one, (BATCH, numbers_of(one.shape))) for one in found], "places")
        each, axis = _each(expression.shape), expression.parameters["axis"] % len(expression.shape) - 1
        order = [axis, *(place for place in range(len(each)) if place != axis)]
        turned = [each[place] for place in order]
        return View(joined, tuple(turned), _row_by_row(turned)).permuted([order.index(place) for place in range(len(order))])
