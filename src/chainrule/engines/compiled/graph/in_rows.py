"""Arrays of any number of axes, as formulas have them, in rows: (batch, 4, 5, 3) is a matrix with 20 rows for each example.

A sequence (batch, time, features) or an image (batch, height, width, channels) lies in memory as a matrix whose rows are the places,
those of an example one behind the other. So what is done at every place is done to every row: a dense layer is the product that it is
without places, a normalisation or a softmax along the last axis goes through a row, and a bias's gradient sums over all rows.

What only says where numbers stand computes nothing, and is copied only where an offset and a stride do not say it: see `graph.moves`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.graph.arrangement import example_length
from chainrule.engines.compiled.graph.moves import RowMoves
from chainrule.engines.compiled.graph.operations import (
    EachProduct,
    Graph,
    Operation,
    checked_shape,
    matrix_shape,
    moved_shape,
    over_batch,
    rows_dimension,
    rows_each,
)
from chainrule.engines.compiled.graph.views import RowValue, View, example_axes, is_one_number, turned_back
from chainrule.formula.arrays import FLOATS
from chainrule.formula.expression import Expression, Shape, folded, order
from chainrule.network.derivation import BATCH

MOST_COMPARED = 256
"""Each number of which the largest is looked for is an array of its own."""


def parameters_in_order(roots: Sequence[Expression]) -> set[Expression]:
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


class InRows(RowMoves):
    """The nodes of expressions, in a graph. Raises NotCompilable where there are none."""

    def __init__(self, graph: Graph) -> None:
        super().__init__(graph)
        self._of: dict[Expression, RowValue] = {}
        self._known: dict[Operation, float] = {}

    def add(self, expression: Expression, leaves: Mapping[Expression, Operation]) -> Operation:
        """The node of an expression."""
        self._of |= leaves
        return self._node(folded([expression], self._of, self._one)[expression], expression.shape)

    def _one(self, expression: Expression, arguments: Sequence[RowValue]) -> RowValue:
        name = expression.primitive.name
        if name == "variable":
            raise NotCompilable(f"{expression} comes from nowhere")
        if name == "size":
            dimension = expression.parameters["dimension"]
            return self.graph.node("size") if dimension == BATCH else self.graph.number(dimension)
        known = None if over_batch(expression.shape) else self._constants(expression, arguments)
        if isinstance(known, np.ndarray):
            return known
        handler: Callable[..., RowValue] | None = getattr(self, f"_{name}", None)
        if handler is not None:
            value = handler(expression, *arguments)
        elif expression.primitive.elementwise:
            value = self._elementwise(expression, arguments)
        else:
            nodes = [self._node(value, argument.shape) for value, argument in zip(arguments, expression.arguments, strict=True)]
            value = expression.primitive.value(self.graph, *nodes, **expression.parameters)
        if isinstance(value, Operation):
            checked_shape(value.shape)
            if known is not None:
                self._known[value] = known
            if expression.name is not None:
                self.graph.names.setdefault(value, str(expression.name))
        return value

    def _constants(self, expression: Expression, arguments: Sequence[RowValue]) -> float | Array | None:
        """What it is worth where that is known by now: numbers, which are nodes nevertheless, and arrays, which are none."""
        arrays = any(isinstance(one, np.ndarray) for one in arguments) or expression.primitive.name == "position"
        if expression.primitive.name in ("pattern", "stated") or (expression.shape and not arrays):  # one number everywhere is no array
            return None
        numbers = [self._known.get(one) if isinstance(one, Operation) else None if isinstance(one, View) else one for one in arguments]
        if any(number is None for number in numbers):
            return None
        with FLOATS.quiet():
            found = expression.primitive.value(FLOATS, *numbers, **expression.parameters)
        return np.asarray(found, float) if expression.shape else float(found)

    # What is computed

    def _elementwise(self, expression: Expression, arguments: Sequence[RowValue]) -> Operation:
        """An operation element by element, on arrays in the same rows."""
        own = self._in_shortest_rows if over_batch(expression.shape) else self._of_parameters
        node: Operation = expression.primitive.value(self.graph, *own(expression, arguments), **expression.parameters)
        return node

    def _in_shortest_rows(self, expression: Expression, arguments: Sequence[RowValue]) -> list[Operation]:
        """Of arrays in different rows all are taken in the shortest ones."""
        example_axes(expression.shape)
        target: Shape = ()
        for argument in arguments:
            if isinstance(argument, View) and not argument.in_order:
                shape = matrix_shape(expression.shape)
            else:
                shape = self._node(argument, expression.shape).shape
            target = max(target, shape, key=lambda shape: (rows_each(shape), len(shape)))
        return [self._node(one, ()) if isinstance(one, Operation) and not one.shape else self._rows(one, target) for one in arguments]

    def _of_parameters(self, expression: Expression, arguments: Sequence[RowValue]) -> list[Operation]:
        """What has no row for an example lies in one way, number after number or as a matrix."""
        nodes = [self._node(value, argument.shape) for value, argument in zip(arguments, expression.arguments, strict=True)]
        flat = next((node.shape for node in nodes if len(node.shape) == 1), ())
        if flat and len(expression.shape) > 1:
            nodes = [self.graph.reshaped(node, flat) if is_one_number(node) else node for node in nodes]
        if len({node.shape for node in nodes if node.shape}) > 1:
            raise NotCompilable("a parameter that is multiplied and has a row for each place as well has no machine code")
        return nodes

    def _matmul(self, expression: Expression, a: RowValue, b: RowValue) -> RowValue:
        one, other = (argument.shape for argument in expression.arguments)
        if len(one) == len(other) == 2:
            return self.graph.matmul(self._matrix(a, one), self._matrix(b, other))
        if not over_batch(one):
            raise NotCompilable("a product of parameters with more than two axes has no machine code")
        if not over_batch(other):
            rows, _ = self._last(a, one, (-1,))
            return self.graph.matmul(rows, self._node(b, other))
        return self._each_by_each(expression, a, b)

    def _each_by_each(self, expression: Expression, a: RowValue, b: RowValue) -> Operation:
        """A product for each example, which reads its first matrix as it lies or transposed."""
        one, other = (argument.shape for argument in expression.arguments)
        view = self._view(a, one)
        swapped = view.permuted([*range(len(view.shape) - 2), len(view.shape) - 1, len(view.shape) - 2])
        turned = not view.in_order and swapped.in_order
        left = self._rows(swapped if turned else a, self._matrices(swapped if turned else view))
        right = self._rows(b, self._matrices(self._view(b, other)))
        *several, rows, columns = example_axes(expression.shape)
        detail = EachProduct(math.prod(several), rows, int(one[-1]), columns, turned)
        return self.graph.node("each", left, right, shape=(rows_dimension(detail.count * rows), columns), detail=detail)

    def _total(self, expression: Expression, x: RowValue) -> RowValue:
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

    def _reduced(self, argument: Expression, x: RowValue, axes: tuple[int, ...]) -> RowValue:
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

    def _mean(self, expression: Expression, x: RowValue) -> RowValue:
        (argument,), axes = expression.arguments, expression.parameters["axes"]
        sizes = [argument.shape[axis] for axis in axes]
        count = self.graph.number(math.prod(size for size in sizes if isinstance(size, int)))
        if over_batch(tuple(sizes)):
            batch = self.graph.node("size")
            count = batch if count is self.graph.number(1) else batch * count
        total = self._node(self._reduced(argument, x, tuple(axis % len(argument.shape) for axis in axes)), expression.shape)
        return total if count is self.graph.number(1) else total / count

    def _along(self, expression: Expression, x: RowValue, axis: int) -> RowValue:
        """A function of rows along an axis."""
        shape = expression.arguments[0].shape
        if not over_batch(shape):
            raise NotCompilable("a softmax of parameters has no machine code")
        rows, order = self._last(x, shape, (axis,))
        node: Operation = expression.primitive.value(self.graph, rows, axis=1)
        if len(expression.shape) < len(shape) or order == sorted(order):
            return node
        return turned_back(node, example_axes(shape), order)

    def _softmax(self, expression: Expression, x: RowValue) -> RowValue:
        return self._along(expression, x, expression.parameters["axis"])

    _logsumexp = _softmax

    # Tables

    def _lookup(self, expression: Expression, table: RowValue, index: RowValue) -> RowValue:
        lines, where = (argument.shape for argument in expression.arguments)
        if len(lines) != 2 or over_batch(lines) or not over_batch(where):
            raise NotCompilable("only rows of a matrix of parameters can be looked up in machine code")
        places, rows = self._rows(index, (rows_dimension(math.prod(example_axes(where))),)), self._node(table, lines)
        if rows.shape != lines:
            raise NotCompilable("a parameter that is looked up and has a row for each place as well has no machine code")
        return self.graph.node("lookup", rows, places, shape=(places.shape[0], lines[1]))

    def _added_at(self, expression: Expression, x: RowValue, index: RowValue) -> RowValue:
        rows, where = (argument.shape for argument in expression.arguments)
        if len(rows) != len(where) + 1 or not over_batch(where):
            raise NotCompilable("only rows of examples can be added up in a table in machine code")
        places = self._rows(index, (rows_dimension(math.prod(example_axes(where))),))
        return self.graph.node("added_at", self._rows(x, (places.shape[0], rows[-1])), places, shape=expression.shape)

    # The largest

    def _slices(self, expression: Expression, x: RowValue) -> list[Operation]:
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

    def _largest(self, expression: Expression, x: RowValue) -> RowValue:
        return self._so_far(self._slices(expression, x))[-1]

    def _so_far(self, slices: Sequence[Operation]) -> list[Operation]:
        """The largest of the first, of the first two …"""
        return list(accumulate(slices, lambda one, other: self.graph.elementwise("maximum", one, other)))

    def _at_largest(self, expression: Expression, x: RowValue) -> RowValue:
        """1 at the first of the largest: where it is larger than all before it, and none is larger."""
        slices, graph = self._slices(expression, x), self.graph
        so_far = self._so_far(slices)
        found = [1 - graph.elementwise("greater", so_far[-1], own) for own in slices]
        for place, before in enumerate(so_far[:-1], start=1):
            found[place] = found[place] * graph.elementwise("greater", slices[place], before)
        joined = graph.join([graph.reshaped(one, (BATCH, example_length(one.shape))) for one in found], "places")
        each, axis = example_axes(expression.shape), expression.parameters["axis"] % len(expression.shape) - 1
        order = [axis, *(place for place in range(len(each)) if place != axis)]
        return turned_back(joined, each, order)
