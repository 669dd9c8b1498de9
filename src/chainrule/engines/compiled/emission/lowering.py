"""Operations of the graph as machine code, as both forms of code emit them: elementwise operations, conversions, and the step scalars.

Step scalars are the numbers of a step that no data changes: a rate by its schedule, 1 − β₁ᵏ, 1 / N. They are computed once a step, always
in float64.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from chainrule.engines.compiled.emission.barrier import without_denormals
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.llvm.instructions import DOUBLE, I64, at
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue


def lowered(machine: Machine, node: Operation, arguments: Sequence[MachineValue]) -> MachineValue:
    """The value of an elementwise node, emitted."""
    return machine.applied(node.opcode, *arguments)


def narrowed(machine: Machine, value: MachineValue) -> MachineValue:
    """A float64 number of one lane as a number of the machine's type, in every lane."""
    if value.constant is not None:
        return machine.number(value.constant)
    number = value.ir if not machine.single else machine.builder.fptrunc(value.ir, machine.element)
    return machine.splat(number)


def row_index(builder: Any, given: Mapping[str, Any], row: Any) -> Any:
    """Where the row lies that comes at this place: order[row · by_order] + row · as_they_lie."""
    place = at(builder, given["order"], builder.mul(row, given["by_order"]), I64)
    return builder.add(builder.load(place, typ=I64, align=8), builder.mul(row, given["as_they_lie"]))


def widened(machine: Machine, value: MachineValue) -> MachineValue:
    """A number of one lane in float64."""
    return machine.widened().value(machine.builder.fpext(value.ir, DOUBLE)) if machine.single else value


def tiny_as_zero(builder: Any, dtype: str) -> Any:
    """Emit inside: numbers too small for full precision count as 0, in float32, which meets them sooner or later."""
    return without_denormals(builder) if dtype == "float32" else nullcontext()


# Scalars of a step

OUTSIDE = ("k", "learning_rate")
"""The leaves that are step scalars."""


def is_step_scalar(node: Operation, known: Mapping[Operation, bool]) -> bool:
    """Does it depend on the number of the step, the rate, the size of the batch and constants alone?"""
    if node.shape:
        return False
    if node.opcode == "leaf":
        return node.detail in OUTSIDE
    return node.opcode in ("number", "size") or (node.elementwise and all(known[argument] for argument in node.arguments))


def step_scalar_nodes(nodes: Sequence[Operation]) -> list[Operation]:
    """The step scalars among the nodes, in their order."""
    known: dict[Operation, bool] = {}
    for node in nodes:
        known[node] = is_step_scalar(node, known)
    return [node for node in nodes if known[node]]


def step_scalars(nodes: Sequence[Operation], wide: Machine, outside: Mapping[str, MachineValue]) -> dict[Operation, MachineValue]:
    """The values of the step scalars among the nodes.

    wide     a machine of float64
    outside  the values of k, learning_rate and N, as far as they are needed
    """
    values: dict[Operation, MachineValue] = {}
    for node in step_scalar_nodes(nodes):
        if node.opcode == "number":
            values[node] = wide.number(node.detail)
        elif node.opcode in ("leaf", "size"):
            values[node] = outside["N" if node.opcode == "size" else node.detail]
        else:
            values[node] = lowered(wide, node, [values[argument] for argument in node.arguments])
    return values
