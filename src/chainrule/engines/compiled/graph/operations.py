"""The value column of the table of primitives, run on nodes: what a training step computes, in operations that a processor has.

`1 / (1 + xp.exp(-z))` on the node of z gives the nodes of −z, exp, + and ÷; a softmax gives its maximum, its exponentials and their sum.
What is written alike is one node. Named quantities leave no node behind, only their names, for reading.

    operation  elementwise: add subtract multiply divide negative power, or the name of a function (exp, where, greater …)
               leaf, number, array, size; matmul, transpose, spread, reduce; join, part, reshape, arrange; lookup, added_at
               products: a sum of many products of rows, until `graph.steps` makes one of it; each: products for each example
    shape      () for scalars; (batch,), (batch, n) with a row for each example, (batch × 3, n) with a row for each of its places;
               (n,), (m, n) of parameters
    detail     leaf: its key · number: itself · spread: axes · reduce: (kind, axes) with kind sum or max · part: a `Part` · join: whether
               the columns stand side by side, or the places · arrange: an `Arrangement`
               each: an `EachProduct` · array: its `Numbers`

What formulas say of arrays with more axes, `graph.in_rows` says of such rows.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import FrozenValue
from chainrule.base.operators import Operators
from chainrule.formula.expression import Shape
from chainrule.network.derivation import BATCH

CHEAP = frozenset(["add", "subtract", "multiply", "negative", "abs", "sign", "floor", "maximum", "minimum", "greater", "where"])
"""Operations that are sooner done again than stored and loaded."""

DEAR = frozenset(["divide", "power", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "erf", "erfc"])
ELEMENTWISE = CHEAP | DEAR

MOVES = frozenset(["join", "part", "reshape", "arrange"])
"""Operations that compute nothing: what stands in one array stands in another."""

PRODUCTS = frozenset(["matmul", "each"])

ALONE = frozenset(["lookup", "added_at"])
"""Operations that have a pass over memory for themselves."""

BY_PLACES = f"{BATCH} × "


def rows_dimension(places: int) -> str:
    """What the size of a batch is called where each example has so many rows: one for each of its places."""
    return BATCH if places == 1 else f"{BY_PLACES}{places}"


def rows_each(shape: Shape) -> int:
    """Rows of each example; 0 where there is no example in it."""
    first = shape[0] if shape else 0
    if not isinstance(first, str):
        return 0
    return 1 if first == BATCH else int(first.removeprefix(BY_PLACES))


def matrix_shape(shape: Shape) -> Shape:
    """How an array of this shape lies where nothing else is said: with a row for every place. Raises NotCompilable."""
    if len(shape) <= 2:
        return checked_shape(shape)
    if any(isinstance(size, str) for size in shape[1:]):
        raise NotCompilable(f"arrays of the shape {shape} have no machine code")
    rows = math.prod(int(size) for size in shape[1 if shape[0] == BATCH else 0 : -1])
    return (rows if shape[0] != BATCH else rows_dimension(rows), shape[-1])


def moved_shape(shape: Shape) -> Shape:
    """How an array lies of which nothing is computed as it stands: single numbers, as a grey image has them, are no rows of their own."""
    found = matrix_shape(shape)
    return (BATCH, rows_each(found)) if rows_each(found) > 1 and found[1:] == (1,) else found


def over_batch(shape: Shape) -> bool:
    """Is there something for each example?"""
    return any(isinstance(size, str) for size in shape)


class RowPart(FrozenValue):
    """Some rows and columns of an array: of each example every `step`-th row from `row` on, and the columns start … stop − 1."""

    start: int
    stop: int
    row: int = 0
    step: int = 1


class Numbers:
    """Constants, known by a short text."""

    def __init__(self, numbers: Any) -> None:
        self.numbers = np.ascontiguousarray(numbers, np.float64).ravel()

    def __repr__(self) -> str:
        return hashlib.sha256(self.numbers.tobytes()).hexdigest()


class EachProduct(FrozenValue):
    """Products of the matrices of each example: a (rows, terms) and b (terms, columns), so many one behind the other.

    turned  whether a lies transposed
    """

    count: int
    rows: int
    terms: int
    columns: int
    turned: bool = False


class CopyOrder(FrozenValue):
    """Numbers of each example, brought to other places of it: those of the array counted row by row, as if no row were padded.

    axes    loops: how many turns, and by how many numbers a turn goes on, where it reads and where it writes
    start   where the first number is read
    target  where it is written
    empty   whether the array is set to 0 before, since not all of it is written
    added   whether numbers that meet are added up
    """

    axes: tuple[tuple[int, int, int], ...]
    start: int = 0
    target: int = 0
    empty: bool = False
    added: bool = False


MANY = 3
"""Products of which a gradient has to be the sum for them to be computed as one, of the rows of all."""


def _factors(terms: Sequence[Operation]) -> tuple[Operation, ...]:
    """a, b, c, d … where the sum of the terms is aᵀ b + cᵀ d + …, of rows; () where it is not that."""
    found: tuple[Operation, ...] = ()
    for term in terms:
        own: tuple[Operation, ...] = ()
        if term.opcode == "matmul" and term.arguments[0].opcode == "transpose" and rows_each(term.arguments[1].shape) == 1:
            own = term.arguments[0].arguments[0], term.arguments[1]
        elif term.opcode in ("products", "add"):
            own = term.arguments if term.opcode == "products" else _factors(term.arguments)
        if not own:
            return ()
        found += own
    return found


class Operation(Operators):
    """One operation. Equal only to itself; `Graph` sees to it that what looks alike is the same node."""

    __slots__ = ("arguments", "detail", "graph", "opcode", "place", "shape")

    def __init__(self, graph: Graph, opcode: str, arguments: tuple[Operation, ...], shape: Shape, detail: Any, place: int) -> None:
        self.graph, self.opcode, self.arguments, self.shape, self.detail, self.place = graph, opcode, arguments, shape, detail, place

    @property
    def elementwise(self) -> bool:
        """Does each element depend on the same element of the arguments alone?"""
        return self.opcode in ELEMENTWISE

    def __repr__(self) -> str:
        return self.graph.written(self)

    def applied(self, operation: str, *operands: Any) -> Operation:
        """The node of the operation."""
        return self.graph.elementwise(operation, *operands)

    def __matmul__(self, other: Operation) -> Operation:
        return self.graph.matmul(self, other)


class Graph:
    """The nodes, and the functions in which the value column is written, which make them.

    outside  the shape that each leaf has outside
    """

    def __init__(self) -> None:
        self.nodes: list[Operation] = []
        self.outside: dict[Operation, Shape] = {}
        self.names: dict[Operation, str] = {}
        self._known: dict[Any, Operation] = {}

    # Making nodes

    def node(self, opcode: str, *arguments: Operation, shape: Shape = (), detail: Any = None) -> Operation:
        """The node of an operation, made if there is none yet."""
        # Of a number the sign counts too: 0.0 and -0.0 are equal, as are 1 and True.
        key = (opcode, arguments, shape, repr(detail))
        if key not in self._known:
            self._known[key] = Operation(self, opcode, arguments, shape, detail, len(self.nodes))
            self.nodes.append(self._known[key])
        return self._known[key]

    def leaf(self, key: str, shape: Shape, flat: bool = False) -> Operation:
        """What comes from outside: x, W1, learning_rate; `flat`, number after number."""
        node = self.node("leaf", shape=(math.prod(map(int, shape)),) if flat else moved_shape(shape), detail=key)
        self.outside.setdefault(node, shape)
        return node

    def array(self, numbers: Any) -> Operation:
        """Numbers that are part of the code, one after the other."""
        return self.node("array", shape=(numbers.size,), detail=Numbers(numbers))

    def number(self, number: Any) -> Operation:
        """A constant."""
        return number if isinstance(number, Operation) else self.node("number", detail=float(number))

    def elementwise(self, opcode: str, *operands: Any) -> Operation:
        """An operation element by element. Operands have one shape, or are scalars."""
        arguments = tuple(self.number(operand) for operand in operands)
        shape = next((argument.shape for argument in arguments if argument.shape), ())
        if opcode == "greater" and arguments[1] is self.number(0):
            # Of a ReLU the result says as well as the net input whether that is above 0, and is there already.
            rectified = self._known.get(("maximum", arguments, shape, repr(None)))
            arguments = arguments if rectified is None else (rectified, arguments[1])
        if opcode == "add" and len(shape) == 2 and len(factors := _factors(arguments)) >= 2 * MANY:
            return self.node("products", *factors, shape=shape)
        if opcode == "divide" and shape and (inverse := self._inverse(arguments[1])) is not None:
            return self.elementwise("multiply", arguments[0], inverse)
        return self.node(opcode, *arguments, shape=shape)

    def _inverse(self, divisor: Operation) -> Operation | None:
        """1 / a divisor that is one number for all elements: multiplying by it is five times as fast, and at most 1 ulp away."""
        if divisor.opcode == "spread" and not divisor.arguments[0].shape:
            inverse = self._inverse(divisor.arguments[0])
            return inverse and self.node("spread", inverse, shape=divisor.shape, detail=divisor.detail)
        if divisor.shape:
            return None
        if divisor.opcode == "number" and divisor.detail:
            return self.number(1 / divisor.detail)
        return self.node("divide", self.number(1), divisor)

    def __getattr__(self, name: str) -> Any:
        if name not in ELEMENTWISE:
            raise NotCompilable(f"{name} has no machine code")
        return lambda *operands: self.elementwise(name, *operands)

    def pattern(self, sizes: Sequence[int], gaps: Sequence[Sequence[int]]) -> Operation:
        """Raises NotCompilable."""
        raise NotCompilable("single weights that are frozen or absent have no machine code")

    def matmul(self, a: Operation, b: Operation) -> Operation:
        """The product of two matrices."""
        if len(a.shape) != 2 or len(b.shape) != 2:
            raise NotCompilable("a product of other things than two matrices has no machine code")
        return self.node("matmul", a, b, shape=(a.shape[0], b.shape[1]))

    def spread(self, x: Any, axes: Sequence[int], sizes: Sequence[Any]) -> Operation:
        """x with new axes, along which it is repeated."""
        x, axes = self.number(x), tuple(axes)
        full: list[Any] = list(x.shape)
        for axis, size in sorted(zip(axes, sizes, strict=True)):
            full.insert(axis, size)
        return self.node("spread", x, shape=checked_shape(tuple(full)), detail=axes)

    def _reduced(self, kind: str, x: Operation, axis: Any, keepdims: bool) -> Operation:
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        axes = tuple(sorted(axis % len(x.shape) for axis in axes))
        if kind == "sum" and len(axes) == len(x.shape) and not keepdims:
            # Over the columns and then over the rows is over everything, in whatever rows it lies.
            while x.opcode == "reshape" or (x.opcode == "reduce" and x.detail == ("sum", (1,))):
                x, axes = x.arguments[0], tuple(range(len(x.arguments[0].shape)))
        shape = tuple(size for place, size in enumerate(x.shape) if place not in axes)
        result = self.node("reduce", x, shape=shape, detail=(kind, axes))
        return self.spread(result, axes, [x.shape[axis] for axis in axes]) if keepdims else result

    def sum(self, x: Any, axis: Any, keepdims: bool = False) -> Operation:
        """The sum over some axes."""
        return self._reduced("sum", x, axis, keepdims)

    def max(self, x: Any, axis: Any, keepdims: bool = False) -> Operation:
        """The largest along an axis."""
        return self._reduced("max", x, axis, keepdims)

    def squeeze(self, x: Operation, axis: Any) -> Operation:
        """Without an axis that a reduction kept."""
        assert x.opcode == "spread"
        return x.arguments[0]

    def permute_dims(self, x: Operation, axes: Sequence[int]) -> Operation:
        """A matrix transposed; of a gradient, (xᵀ δ)ᵀ = δᵀ x."""
        if tuple(axes) != (1, 0):
            raise NotCompilable("other axes than those of a matrix cannot be exchanged in machine code")
        if x.opcode == "matmul" and not over_batch(x.shape):
            return self.matmul(*(self.permute_dims(factor, axes) for factor in reversed(x.arguments)))
        return x.arguments[0] if x.opcode == "transpose" else self.node("transpose", x, shape=(x.shape[1], x.shape[0]))

    def join(self, arrays: Sequence[Operation], by: str) -> Operation:
        """Arrays side by side: their "columns", or the "places" of each example."""
        first = arrays[0].shape
        if by == "columns":
            shape: Shape = (first[0], sum(int(array.shape[1]) for array in arrays))
        else:
            shape = (rows_dimension(sum(rows_each(array.shape) for array in arrays)), first[1])
        return self.node("join", *arrays, shape=shape, detail=by)

    def part(self, x: Operation, part: RowPart, places: int) -> Operation:
        """Some of its columns, and of its rows so many of each example."""
        shape = (rows_dimension(places), part.stop - part.start)
        return self.node("part", x, shape=shape[: len(x.shape)], detail=part)

    def reshaped(self, x: Operation, shape: Shape) -> Operation:
        """The same numbers in rows of another length, or one number a row."""
        if x.shape == shape:
            return x
        if x.opcode == "reshape":
            return self.reshaped(x.arguments[0], shape)
        if x.opcode == "spread" and not x.arguments[0].shape:
            return self.node("spread", x.arguments[0], shape=shape, detail=tuple(range(len(shape))))
        one, other = rows_each(x.shape), rows_each(shape)
        if one % other and other % one:
            x = self.node("reshape", x, shape=(BATCH, one * (int(x.shape[1]) if len(x.shape) > 1 else 1)))
        return self.node("reshape", x, shape=shape)

    # Reading

    def written(self, node: Operation, names: Mapping[Operation, str] | None = None) -> str:
        """How a node is computed, as text; what has a name stands in it by its name."""
        known = self.names if names is None else names

        def inner(part: Operation, level: int) -> str:
            if part in known and part is not node:
                return known[part]
            match part.opcode:
                case "leaf":
                    return str(part.detail)
                case "number":
                    return f"{part.detail:g}"
                case "size":
                    return "N"
                case "spread":
                    return inner(part.arguments[0], level)
                case "transpose":
                    return f"{inner(part.arguments[0], 4)}ᵀ"
                case "reduce":
                    kind, axes = part.detail
                    return f"{kind}({inner(part.arguments[0], 0)}, over {' and '.join(str(axis) for axis in axes)})"
                case "part":
                    taken = f"{part.detail.start}:{part.detail.stop}"
                    rows = f"{part.detail.row}::{part.detail.step}" if rows_each(part.arguments[0].shape) > 1 else ":"
                    return f"{inner(part.arguments[0], 4)}[{rows}{f', {taken}' if len(part.shape) > 1 else ''}]"
                case "reshape":
                    return inner(part.arguments[0], level)
                case "negative":
                    return f"−{inner(part.arguments[0], 3)}"
            if part.opcode not in _SIGNS:
                return f"{part.opcode}({', '.join(inner(argument, 0) for argument in part.arguments)})"
            sign, own, right = _SIGNS[part.opcode]
            text = f"{inner(part.arguments[0], own)} {sign} {inner(part.arguments[1], right)}"
            return f"({text})" if level > own else text

        return inner(node, 0)


_SIGNS = {
    "add": ("+", 1, 1),
    "subtract": ("−", 1, 2),
    "multiply": ("·", 2, 3),
    "divide": ("/", 2, 3),
    "matmul": ("@", 2, 3),
    "power": ("**", 4, 3),
    "greater": (">", 0, 1),
}
"""How an operation is written, how tightly it binds, and how tightly its right side has to."""


def checked_shape(shape: Shape) -> Shape:
    """The shape of a matrix, a vector or a number. Raises NotCompilable for another."""
    if len(shape) > 2 or sum(isinstance(size, str) for size in shape) > 1:
        raise NotCompilable(f"arrays of the shape {shape} have no machine code")
    return shape
