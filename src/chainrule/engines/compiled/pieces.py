"""What several files of the engine emit: an operation of the graph on machine values, numbers of one type as those of another, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import DOUBLE, I64, at
from chainrule.engines.compiled.threads import without_denormals
from chainrule.engines.machine import Machine, Value


def applied(machine: Machine, node: Node, arguments: Sequence[Value]) -> Value:
    """The value of an elementwise node: the code of its operation, emitted."""
    return machine.applied(node.operation, *arguments)


def narrowed(machine: Machine, value: Value) -> Value:
    """A float64 number of one lane as a number of the machine's type, in every lane."""
    if value.constant is not None:
        return machine.number(value.constant)
    number = value.ir if not machine.single else machine.builder.fptrunc(value.ir, machine.element)
    return machine.splat(number)


def row_index(builder: Any, given: Mapping[str, Any], row: Any) -> Any:
    """Where the row lies that comes at this place: order[row · by_order] + row · as_they_lie."""
    place = at(builder, given["order"], builder.mul(row, given["by_order"]), I64)
    return builder.add(builder.load(place, typ=I64, align=8), builder.mul(row, given["as_they_lie"]))


def widened(machine: Machine, value: Value) -> Value:
    """A number of one lane in float64."""
    return machine.widened().value(machine.builder.fpext(value.ir, DOUBLE)) if machine.single else value


def tiny_as_zero(builder: Any, dtype: str) -> Any:
    """Emit inside: numbers too small for full precision count as 0, in float32, which meets them sooner or later."""
    return without_denormals(builder) if dtype == "float32" else nullcontext()
