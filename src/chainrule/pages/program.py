"""The program of a step as plain data: what a page runs to compute every number anew.

The value column of the table of primitives is run on `Traced` values, which write down what is done with them. So a page needs only
the functions in which the table writes its values, exp, maximum, sum …, and no formula of a network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chainrule.base.errors import InputError
from chainrule.base.operators import Operators
from chainrule.formula.expression import Expression, Primitive, order

Instruction = list[Any]
"""[operation, the numbers of earlier instructions, parameters]"""


OPERATIONS = frozenset(
    {
        "leaf", "constant", "size", "pattern", "add", "subtract", "multiply", "divide", "negative", "power", "exp", "expm1", "log",
        "log1p", "sqrt", "sin", "cos", "tanh", "erf", "erfc", "abs", "sign", "floor", "maximum", "minimum", "greater", "where", "sum",
        "mean", "max", "squeeze", "matmul", "transpose", "spread", "reshape", "part", "place", "join", "position", "window", "overlap",
        "at_largest", "lookup", "added_at",
    }
)  # fmt: skip
"""What a page can compute: the rows of front/arrays.ts, and what comes from outside."""


class Traced(Operators):
    """A value of which only the number of its instruction is known."""

    def __init__(self, tracer: Tracer, place: int) -> None:
        self.tracer, self.place = tracer, place

    def applied(self, operation: str, *operands: Any) -> Traced:
        """The operation, written down."""
        return self.tracer.write(operation, operands)

    def __matmul__(self, other: Any) -> Traced:
        return self.tracer.write("matmul", (self, other))

    def __getitem__(self, slices: tuple[slice, ...]) -> Traced:
        return self.tracer.write("part", (self,), axis=len(slices) - 1, start=slices[-1].start, stop=slices[-1].stop)


class Tracer:
    """Array functions that write down that they were called, in place of computing."""

    def __init__(self) -> None:
        self.instructions: list[Instruction] = []
        self._known: dict[str, int] = {}

    def write(self, operation: str, operands: Sequence[Any], **parameters: Any) -> Traced:
        """An instruction; the same one is written once. Raises InputError where a page has no such operation."""
        if operation not in OPERATIONS:
            raise InputError(
                f"a page does not compute {operation}, which this network needs; write the explanation: chainrule explain … -o file.html."
            )
        places = [operand.place if isinstance(operand, Traced) else self.number(operand).place for operand in operands]
        instruction: Instruction = [operation, places, parameters]
        place = self._known.setdefault(repr(instruction), len(self.instructions))
        if place == len(self.instructions):
            self.instructions.append(instruction)
        return Traced(self, place)

    def number(self, number: Any) -> Traced:
        """A constant; a size is looked up when the program runs."""
        if isinstance(number, str):
            return self.write("size", (), dimension=number)
        return self.write("constant", (), number=float(number))

    def sum(self, x: Traced, axis: Any, keepdims: bool = False) -> Traced:
        """The sum over some axes."""
        return self.write("sum", (x,), axes=_axes(axis), keepdims=keepdims)

    def mean(self, x: Traced, axis: Any) -> Traced:
        """The mean over some axes."""
        return self.write("mean", (x,), axes=_axes(axis), keepdims=False)

    def max(self, x: Traced, axis: Any, keepdims: bool = False) -> Traced:
        """The largest along an axis."""
        return self.write("max", (x,), axes=_axes(axis), keepdims=keepdims)

    def squeeze(self, x: Traced, axis: int) -> Traced:
        """Without an axis of length 1."""
        return self.write("squeeze", (x,), axes=[axis])

    def permute_dims(self, x: Traced, axes: Sequence[int]) -> Traced:
        """The axes in another order."""
        return self.write("transpose", (x,), axes=list(axes))

    def reshape(self, x: Traced, sizes: Sequence[Any]) -> Traced:
        """The same elements in another shape."""
        return self.write("reshape", (x,), sizes=list(sizes))

    def spread(self, x: Any, axes: Sequence[int], sizes: Sequence[Any]) -> Traced:
        """x with new axes, repeated along them."""
        return self.write("spread", (x,), axes=list(axes), sizes=list(sizes))

    def pattern(self, sizes: Sequence[int], gaps: Sequence[Sequence[int]]) -> Traced:
        """1 everywhere but at the gaps, where it is 0."""
        return self.write("pattern", (), sizes=list(sizes), absent=[list(gap) for gap in gaps])

    def position(self, extent: int) -> Traced:
        """0, 1 … extent − 1."""
        return self.write("position", (), extent=extent)

    def window(self, x: Traced, axis: int, lengths: Sequence[int], steps: Sequence[int], gaps: Sequence[int]) -> Traced:
        """Every window along the axes from `axis` on."""
        return self.write("window", (x,), axis=axis, lengths=list(lengths), steps=list(steps), gaps=list(gaps))

    def overlap(self, x: Traced, axis: int, steps: Sequence[int], gaps: Sequence[int], extents: Sequence[int]) -> Traced:
        """Windows laid where they come from, and added."""
        return self.write("overlap", (x,), axis=axis, steps=list(steps), gaps=list(gaps), extents=list(extents))

    def at_largest(self, x: Traced, axis: int) -> Traced:
        """1 at the first of the largest along an axis, 0 elsewhere."""
        return self.write("at_largest", (x,), axis=axis)

    def added_at(self, x: Traced, index: Traced, extent: int) -> Traced:
        """Rows added up in a table, each at its place."""
        return self.write("added_at", (x, index), extent=extent)

    def concat(self, arrays: Sequence[Traced], axis: int) -> Traced:
        """Arrays side by side along an axis."""
        return self.write("join", arrays, axis=axis)

    def place(self, x: Traced, axis: int, start: int, extent: Any) -> Traced:
        """x at `start` of a longer axis, zeros elsewhere."""
        return self.write("place", (x,), axis=axis, start=start, extent=extent)

    def __getattr__(self, operation: str) -> Any:
        """A function of one or two arrays, element by element: exp, maximum, where …"""
        if operation.startswith("_"):
            raise AttributeError(operation)
        return lambda *operands: self.write(operation, operands)


def _axes(axis: Any) -> list[int]:
    return [axis] if isinstance(axis, int) else list(axis)


def traced_program(
    roots: Iterable[Expression],
    leaves: Mapping[str, Expression],
    looks: Mapping[str, Expression] = {},
    *,
    tracer: Tracer | None = None,
) -> dict[str, Any]:
    """Instructions that compute every named quantity below `roots`.

    leaves  what comes from outside, by key
    looks   what is looked at only now and then, by a name of its own
    tracer  who writes it down, where more is to be written behind it

    The result holds "instructions", and "names" and "looks": which instruction gives the numbers of which key.
    """
    tracer, places, names = tracer or Tracer(), dict[Expression, Traced](), dict[str, int]()
    usual = list(order(*roots, *leaves.values()))
    for node in (*usual, *order(*looks.values(), wall=lambda node: node in places)):
        if node in places:
            continue
        if node.primitive.name == "variable":
            places[node] = tracer.write("leaf", (), key=node.key)
        else:
            places[node] = traced_value(tracer, node.primitive, [places[argument] for argument in node.arguments], node.parameters)
        if node.name is not None:
            names[node.key] = places[node].place
    return {"instructions": tracer.instructions, "names": names, "looks": {name: places[node].place for name, node in looks.items()}}


def traced_value(tracer: Tracer, primitive: Primitive, operands: Sequence[Traced], parameters: Mapping[str, Any]) -> Traced:
    """What the value column of a row does with its operands, written down."""
    value = primitive.value(tracer, *operands, **parameters)
    return value if isinstance(value, Traced) else tracer.number(value)


def function_table(primitives: Iterable[Primitive]) -> dict[str, dict[str, Any]]:
    """Elementwise rows whose value is written in other functions, each as a program of its own: σ(z) = 1/(1 + exp(−z))."""
    found = {}
    for primitive in primitives:
        if primitive.elementwise:
            tracer = Tracer()
            operands = [
                tracer.write("leaf", (), key=name)
                for name in primitive.value.__code__.co_varnames[1 : primitive.value.__code__.co_argcount]
            ]
            value = traced_value(tracer, primitive, operands, {})
            if len(tracer.instructions) != len(operands) + 1:  # several functions, or none, as of sg(x) = x
                found[primitive.name] = {"instructions": tracer.instructions, "result": value.place}
    return found
