"""A network as an ONNX file, which other programs predict with: the value column of the table of primitives, run on ONNX's values.

What ONNX has as one operation is that operation; everything else is what its formula says. The number of examples stays open.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.base.operators import Operators
from chainrule.formula.expression import Expression, order
from chainrule.formula.stated import refuse_stated
from chainrule.network.derivation import BATCH
from chainrule.network.network import Network

NATIVE = {
    "sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu", "softplus": "Softplus", "softmax": "Softmax", "erf": "Erf", "matmul": "MatMul",
}  # fmt: skip
"""Rows of the table that are one operation of ONNX's."""

FUNCTIONS = {
    "exp": "Exp", "log": "Log", "sqrt": "Sqrt", "sin": "Sin", "cos": "Cos", "abs": "Abs", "sign": "Sign", "floor": "Floor", "tanh": "Tanh",
    "erf": "Erf", "maximum": "Max", "minimum": "Min",
}  # fmt: skip
"""Functions in which the table writes its values."""

BY_SHAPE = ("spread", "place", "window", "overlap", "lookup")
"""Rows that are written by their shapes."""

SIGNS = {"add": "Add", "subtract": "Sub", "multiply": "Mul", "divide": "Div", "power": "Pow", "negative": "Neg"}

VERSION, FORMAT = 18, 9
"""Of ONNX's operations and of its files: what every runtime of today reads."""


def onnx_model(network: Network, precision: str = "float32") -> Any:
    """The network that predicts, as ONNX's own object. Raises InputError.

    precision  "float32" or "float64", of its inputs, its numbers and what comes out
    """
    try:
        from onnx import checker, helper
    except ImportError:
        raise InputError("an ONNX file is made with onnx, which is not installed: pip install onnx") from None
    derivation = network.inference
    refuse_stated(derivation.predictions, "ONNX file")
    graph = _Graph(precision, derivation.inputs[0].key)
    values: dict[Expression, Any] = {node: _Value(graph, node.key) for node in derivation.inputs}
    values |= {node: graph.constant(network.parameters[node.key], node.key) for node in derivation.parameters}
    for node in order(*derivation.predictions):
        if node not in values:
            values[node] = graph.value(node, [values[argument] for argument in node.arguments])
    for node in derivation.predictions:
        graph.node("Identity", values[node], name=node.key)

    def told(node: Expression) -> Any:
        return helper.make_tensor_value_info(node.key, graph.number_type, list(node.shape))

    inside = helper.make_graph(
        graph.nodes, "network", [*map(told, derivation.inputs)], [*map(told, derivation.predictions)], initializer=graph.constants
    )
    model = helper.make_model(inside, opset_imports=[helper.make_opsetid("", VERSION)], producer_name="chainrule")
    model.ir_version = FORMAT
    checker.check_model(model)
    return model


class _Value(Operators):
    """What an operation of the file gives, by its name in it."""

    def __init__(self, graph: _Graph, name: str) -> None:
        self.graph, self.name = graph, name

    def applied(self, operation: str, *operands: Any) -> _Value:
        """The operation, as one of ONNX's."""
        if operation == "greater":
            return self.graph.greater(*operands)
        return self.graph.node(SIGNS[operation], *operands)

    def __matmul__(self, other: _Value) -> _Value:
        return self.graph.node("MatMul", self, other)

    def __getitem__(self, slices: tuple[slice, ...]) -> _Value:
        cuts = [(axis, cut.start, cut.stop) for axis, cut in enumerate(slices) if cut != slice(None)]
        starts, stops, axes = ([cut[which] for cut in cuts] for which in (1, 2, 0))
        return self.graph.node("Slice", self, *map(self.graph.whole, (starts, stops, axes)))


class _Graph:
    """Operations one after the other; and the functions in which the table writes its values."""

    def __init__(self, precision: str, first: str) -> None:
        from onnx import TensorProto

        self.dtype = np.dtype(precision)
        self.number_type = TensorProto.DOUBLE if precision == "float64" else TensorProto.FLOAT
        self.nodes, self.constants, self.first = list[Any](), list[Any](), first
        self._examples: _Value | None = None

    # What a file consists of

    def node(self, operation: str, *operands: Any, name: str = "", **options: Any) -> _Value:
        """An operation on values and plain numbers."""
        from onnx import helper

        names = [operand.name if isinstance(operand, _Value) else self.constant(operand).name for operand in operands]
        made = _Value(self, name or f"{operation.lower()}_{len(self.nodes) + 1}")
        self.nodes.append(helper.make_node(operation, names, [made.name], **options))
        return made

    def constant(self, numbers: Any, name: str = "") -> _Value:
        """Numbers that stand in the file."""
        return self._stored(np.asarray(numbers, dtype=self.dtype), name)

    def whole(self, numbers: Any) -> _Value:
        """Whole numbers: sizes, axes, places."""
        return self._stored(np.asarray(numbers, dtype=np.int64))

    def _stored(self, array: Array, name: str = "") -> _Value:
        from onnx import numpy_helper

        made = _Value(self, name or f"constant_{len(self.constants) + 1}")
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), made.name))
        return made

    def value(self, node: Expression, arguments: list[Any]) -> Any:
        """What a node of the network's graph is."""
        row = node.primitive.name
        if row == "size":
            return self.node("Squeeze", self.node("Cast", self.examples, to=self.number_type), self.whole([0]))
        if row in BY_SHAPE:
            return getattr(self, f"_{row}")(node, *arguments)
        if row in NATIVE:
            return self.node(NATIVE[row], *arguments, **node.parameters)
        return node.primitive.value(self, *arguments, **node.parameters)

    @property
    def examples(self) -> _Value:
        """How many examples there are, in an array of one."""
        if self._examples is None:
            self._examples = self.node("Shape", _Value(self, self.first), start=0, end=1)
        return self._examples

    def _shape(self, sizes: Sequence[Any]) -> _Value:
        """A shape, in which the number of examples is open."""
        if BATCH not in sizes:
            return self.whole(list(sizes))
        return self.node("Concat", *(self.examples if extent == BATCH else self.whole([extent]) for extent in sizes), axis=0)

    # The functions of the table

    def __getattr__(self, name: str) -> Callable[..., _Value]:
        if name not in FUNCTIONS:
            raise AttributeError(name)
        return lambda *arguments: self.node(FUNCTIONS[name], *arguments)

    def number(self, number: Any) -> _Value:
        """A constant of the graph."""
        return self.constant(float(number))

    def expm1(self, x: _Value) -> _Value:
        """e^x − 1."""
        return self.node("Exp", x) - 1

    def log1p(self, x: _Value) -> _Value:
        """ln(1 + x)."""
        return self.node("Log", x + 1)

    def erfc(self, x: _Value) -> _Value:
        """1 − erf x."""
        return 1 - self.node("Erf", x)

    def greater(self, a: Any, b: Any) -> _Value:
        """1 where a > b, otherwise 0."""
        return self.node("Cast", self.node("Greater", a, b), to=self.number_type)

    def where(self, condition: _Value, a: Any, b: Any) -> _Value:
        """a where the condition is not 0, otherwise b."""
        from onnx import TensorProto

        return self.node("Where", self.node("Cast", condition, to=TensorProto.BOOL), a, b)

    def sum(self, x: _Value, axis: Any, keepdims: bool = False) -> _Value:
        """The sum over some axes."""
        return self._reduced("ReduceSum", x, axis, keepdims)

    def mean(self, x: _Value, axis: Any) -> _Value:
        """The mean over some axes."""
        return self._reduced("ReduceMean", x, axis, False)

    def max(self, x: _Value, axis: Any, keepdims: bool = False) -> _Value:
        """The largest along an axis."""
        return self._reduced("ReduceMax", x, axis, keepdims)

    def _reduced(self, operation: str, x: _Value, axis: Any, keepdims: bool) -> _Value:
        return self.node(operation, x, self.whole([axis] if isinstance(axis, int) else list(axis)), keepdims=int(keepdims))

    def squeeze(self, x: _Value, axis: int) -> _Value:
        """Without an axis of length 1."""
        return self.node("Squeeze", x, self.whole([axis]))

    def permute_dims(self, x: _Value, axes: Sequence[int]) -> _Value:
        """The axes in another order."""
        return self.node("Transpose", x, perm=list(axes))

    def reshape(self, x: _Value, sizes: Sequence[Any]) -> _Value:
        """The same elements in another shape."""
        return self.node("Reshape", x, self.whole([-1 if extent == BATCH else extent for extent in sizes]))

    # Rows whose operations depend on their shapes

    def _spread(self, node: Expression, x: _Value) -> _Value:
        axes = node.parameters["axes"]
        wide = self.node("Unsqueeze", x, self.whole(sorted(axes)))
        return self.node("Expand", wide, self._shape([extent if axis in axes else 1 for axis, extent in enumerate(node.shape)]))

    def _place(self, node: Expression, x: _Value) -> _Value:
        axis, start, (inner,) = node.parameters["axis"], node.parameters["start"], node.arguments
        if BATCH in (inner.shape[axis], node.shape[axis]):
            raise InputError("examples that are moved to other places are not written as ONNX.")
        before, after = [0] * len(node.shape), [0] * len(node.shape)
        before[axis], after[axis] = start, int(node.shape[axis]) - start - int(inner.shape[axis])
        return self.node("Pad", x, self.whole([*before, *after]))

    def _window(self, node: Expression, x: _Value) -> _Value:
        axis, lengths, steps, gaps = (node.parameters[key] for key in ("axis", "lengths", "steps", "gaps"))
        several = len(lengths)
        for one, (length, step, gap) in enumerate(zip(lengths, steps, gaps, strict=True)):
            places = np.arange(int(node.shape[axis + one]))[:, None] * step + np.arange(length)[None, :] * gap
            x = self.node("Gather", x, self.whole(places), axis=axis + 2 * one)
        pairs = range(axis, axis + 2 * several)
        order = [*range(axis), *pairs[::2], *pairs[1::2], *range(axis + 2 * several, len(node.shape))]
        return x if order == sorted(order) else self.permute_dims(x, order)

    def _overlap(self, node: Expression, x: _Value) -> _Value:
        """A product with the matrix that says of each place of each window where it lies."""
        (inner,) = node.arguments
        axis, steps, gaps, extents = (node.parameters[key] for key in ("axis", "steps", "gaps", "extents"))
        several = len(extents)
        inside = tuple(map(int, inner.shape[axis : axis + 2 * several]))
        lies = np.zeros((*inside, *extents))
        for within in np.ndindex(*inside):
            there = (p * step + k * gap for p, k, step, gap in zip(within[:several], within[several:], steps, gaps, strict=True))
            lies[(*within, *there)] = 1
        lead, rest = inner.shape[:axis], inner.shape[axis + 2 * several :]
        moved = self.permute_dims(x, [*range(axis), *range(axis + 2 * several, len(inner.shape)), *range(axis, axis + 2 * several)])
        laid = self.reshape(moved, (*lead, *rest, math.prod(inside))) @ self.constant(lies.reshape(math.prod(inside), -1))
        back = self.reshape(laid, (*lead, *rest, *extents))
        behind = range(axis + len(rest), axis + len(rest) + several)
        return self.permute_dims(back, [*range(axis), *behind, *range(axis, axis + len(rest))])

    def _lookup(self, node: Expression, table: _Value, index: _Value) -> _Value:
        from onnx import TensorProto

        return self.node("Gather", table, self.node("Cast", index, to=TensorProto.INT64), axis=0)

    def pattern(self, sizes: Sequence[int], gaps: Sequence[Sequence[int]]) -> _Value:
        """1 everywhere but at the gaps, where it is 0."""
        array = np.ones(tuple(sizes))
        for gap in gaps:
            array[tuple(gap)] = 0
        return self.constant(array)

    def position(self, extent: int) -> _Value:
        """0, 1 … extent − 1."""
        return self.constant(np.arange(extent))

    def concat(self, arrays: Sequence[_Value], axis: int) -> _Value:
        """Arrays side by side along an axis."""
        return self.node("Concat", *arrays, axis=axis)
