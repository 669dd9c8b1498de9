"""The value column of the table of primitives, run on nodes: what a training step computes, in operations that a processor has.

`1 / (1 + xp.exp(-z))` on the node of z gives the nodes of −z, exp, + and ÷; a softmax gives its maximum, its exponentials and their sum.
What is written alike is one node. Named quantities leave no node behind, only their names, for reading.

    operation  elementwise: add subtract multiply divide negative power, or the name of a function (exp, where, greater …)
               leaf, number, size; matmul, transpose, spread, reduce; join, part
    shape      () for scalars; (batch,), (batch, n); (n,), (m, n) of parameters
    detail     leaf: its key · number: itself · spread: axes · reduce: (kind, axes) with kind sum or max · part: its first column, and the
               one behind its last
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.base.operators import Operators
from chainrule.formula.expression import Expression, Shape, folded
from chainrule.network.derivation import BATCH

CHEAP = frozenset(["add", "subtract", "multiply", "negative", "abs", "sign", "floor", "maximum", "minimum", "greater", "where"])
"""Operations that are sooner done again than stored and loaded."""

DEAR = frozenset(["divide", "power", "exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh", "erf", "erfc"])
ELEMENTWISE = CHEAP | DEAR

MOVES = frozenset(["join", "part"])
"""Operations that compute nothing: columns of one array are columns of another."""


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

    def __getitem__(self, part: tuple[slice, ...]) -> Operation:
        return self.graph.part(self, *part)


class Graph:
    """The nodes, and the functions in which the value column is written, which make them."""

    def __init__(self) -> None:
        self.nodes: list[Operation] = []
        self.names: dict[Operation, str] = {}
        self._known: dict[Any, Operation] = {}
        self._of: dict[Expression, Operation] = {}

    # Making nodes

    def node(self, opcode: str, *arguments: Operation, shape: Shape = (), detail: Any = None) -> Operation:
        """The node of an operation, made if there is none yet."""
        # Of a number the sign counts too: 0.0 and -0.0 are equal, as are 1 and True.
        key = (opcode, arguments, shape, repr(detail))
        if key not in self._known:
            self._known[key] = Operation(self, opcode, arguments, shape, detail, len(self.nodes))
            self.nodes.append(self._known[key])
        return self._known[key]

    def leaf(self, key: str, shape: Shape) -> Operation:
        """What comes from outside: x, W1, learning_rate."""
        return self.node("leaf", shape=shape, detail=key)

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
        return self.node("spread", x, shape=_checked(tuple(full)), detail=axes)

    def _reduced(self, kind: str, x: Operation, axis: Any, keepdims: bool) -> Operation:
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        axes = tuple(sorted(axis % len(x.shape) for axis in axes))
        if kind == "sum" and x.opcode == "reduce" and x.detail == ("sum", (1,)) and axes == (0,) and not keepdims:
            x, axes = x.arguments[0], (0, 1)  # over the columns and then over the rows: over everything
        shape = tuple(size for place, size in enumerate(x.shape) if place not in axes)
        result = self.node("reduce", x, shape=shape, detail=(kind, axes))
        return self.spread(result, axes, [x.shape[axis] for axis in axes]) if keepdims else result

    def sum(self, x: Any, axis: Any, keepdims: bool = False) -> Operation:
        """The sum over some axes."""
        return self._reduced("sum", x, axis, keepdims)

    def max(self, x: Any, axis: Any, keepdims: bool = False) -> Operation:
        """The largest along an axis."""
        return self._reduced("max", x, axis, keepdims)

    def mean(self, x: Operation, axis: Any) -> Operation:
        """The mean over some axes."""
        axes = (axis,) if isinstance(axis, int) else tuple(axis)
        known = math.prod(size for axis in axes if isinstance(size := x.shape[axis], int))
        count = self.number(known)
        if any(isinstance(x.shape[axis], str) for axis in axes):
            count = self.node("size") if known == 1 else self.node("size") * count
        total = self.sum(x, axes)
        return total if count is self.number(1) else total / count

    def squeeze(self, x: Operation, axis: Any) -> Operation:
        """Without an axis that a reduction kept."""
        assert x.opcode == "spread"
        return x.arguments[0]

    def permute_dims(self, x: Operation, axes: Sequence[int]) -> Operation:
        """A matrix transposed; of a gradient, (xᵀ δ)ᵀ = δᵀ x."""
        if tuple(axes) != (1, 0):
            raise NotCompilable("other axes than those of a matrix cannot be exchanged in machine code")
        if x.opcode == "matmul" and BATCH not in x.shape:
            return self.matmul(*(self.permute_dims(factor, axes) for factor in reversed(x.arguments)))
        return x.arguments[0] if x.opcode == "transpose" else self.node("transpose", x, shape=(x.shape[1], x.shape[0]))

    def concat(self, arrays: Sequence[Operation], axis: int) -> Operation:
        """Arrays side by side."""
        if axis != 1 or any(array.shape[0] != BATCH for array in arrays):
            raise NotCompilable("only arrays with a row for each example can lie side by side in machine code")
        return self.node("join", *arrays, shape=(BATCH, sum(int(array.shape[1]) for array in arrays)))

    def part(self, x: Operation, *along: slice) -> Operation:
        """Some columns of an array."""
        if len(along) != 2 or x.shape[0] != BATCH:
            raise NotCompilable("only columns of an array with a row for each example can be taken in machine code")
        start, stop, _ = along[1].indices(int(x.shape[1]))
        return self.node("part", x, shape=(BATCH, stop - start), detail=(start, stop))

    def place(self, x: Operation, axis: int, start: int, extent: int) -> Operation:
        """An array between columns of zeros."""
        zeros = (self.spread(0, (0, 1), (BATCH, size)) if size else None for size in (start, extent - start - int(x.shape[axis])))
        before, after = ([] if side is None else [side] for side in zeros)
        return self.concat([*before, x, *after], axis)

    # From expressions

    def add(self, expression: Expression, leaves: Mapping[Expression, Operation]) -> Operation:
        """The node of an expression. Raises NotCompilable."""
        self._of |= leaves
        return folded([expression], self._of, self._one)[expression]

    def _one(self, expression: Expression, arguments: Sequence[Operation]) -> Operation:
        if expression.primitive.name == "variable":
            raise NotCompilable(f"{expression} comes from nowhere")
        if expression.primitive.name == "size":
            dimension = expression.parameters["dimension"]
            return self.node("size") if dimension == BATCH else self.number(dimension)
        node: Operation = expression.primitive.value(self, *arguments, **expression.parameters)
        _checked(node.shape)
        if expression.name is not None:
            self.names.setdefault(node, str(expression.name))
        return node

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
                    return f"{inner(part.arguments[0], 4)}[:, {part.detail[0]}:{part.detail[1]}]"
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


def _checked(shape: Shape) -> Shape:
    if len(shape) > 2 or shape.count(BATCH) > 1:
        raise NotCompilable(f"arrays of the shape {shape} have no machine code")
    return shape
