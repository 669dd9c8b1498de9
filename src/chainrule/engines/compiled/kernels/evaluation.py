"""The formulas of a stage at one place: the values of its nodes in a vector of columns of one row, loaded or computed when asked for."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.emission.lowering import lowered
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.kernels.program import StageSignature
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue

FULL, COLUMN, ROW = "full", "column", "row"
"""What a node has a number for: every element; every column, alike in all rows; every row, alike in all columns."""


class Evaluator:
    """A vector of columns in a row.

    load    gives the numbers of an array at this place: load(buffer, role)
    figure  gives a single number: figure(node)
    """

    def __init__(
        self,
        machine: Machine,
        signature: StageSignature,
        load: Callable[[Buffer, str], MachineValue],
        figure: Callable[[Operation], MachineValue],
        row: Evaluator | None = None,
    ) -> None:
        self.machine, self.signature, self.load, self.figure, self.row = machine, signature, load, figure, row
        self.known: dict[tuple[Operation, str], MachineValue] = {}

    def value(self, node: Operation, role: str = FULL) -> MachineValue:
        """The numbers of a node here."""
        if not node.shape:
            return self.machine.number(node.detail) if node.opcode == "number" else self.figure(node)
        if (node, role) not in self.known:
            self.known[node, role] = self._value(node, role)
        return self.known[node, role]

    def _value(self, node: Operation, role: str) -> MachineValue:
        if role == ROW and self.row is not None:
            return self.machine.splat(self.row.value(node, ROW))
        if self.signature.outer(node):
            return self.load(self.signature.program.home[node], role)
        if node.opcode == "spread":
            (inner,) = node.arguments
            if not inner.shape or len(inner.shape) == len(node.shape):
                return self.value(inner, role)
            return self.value(inner, COLUMN if node.detail == (0,) else ROW)
        if node.elementwise:
            return lowered(self.machine, node, [self.value(argument, role) for argument in node.arguments])
        raise NotCompilable(f"{node.opcode} of {node.shape} has no machine code here")
