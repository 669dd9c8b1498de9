"""The formulas of a stage at one place: the values of its nodes in a vector of columns of one row, loaded or computed when asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.buffers import Buffer
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.pieces import applied
from chainrule.engines.machine import Machine, Value

if TYPE_CHECKING:
    from chainrule.engines.compiled.kernels import Outline

FULL, COLUMN, ROW = "full", "column", "row"
"""What a node has a number for: every element; every column, alike in all rows; every row, alike in all columns."""


class Point:
    """A vector of columns in a row.

    load    gives the numbers of an array at this place: load(buffer, role)
    figure  gives a single number: figure(node)
    """

    def __init__(
        self,
        machine: Machine,
        outline: Outline,
        load: Callable[[Buffer, str], Value],
        figure: Callable[[Node], Value],
        row: Point | None = None,
    ) -> None:
        self.machine, self.outline, self.load, self.figure, self.row = machine, outline, load, figure, row
        self.known: dict[tuple[Node, str], Value] = {}

    def value(self, node: Node, role: str = FULL) -> Value:
        """The numbers of a node here."""
        if not node.shape:
            return self.machine.number(node.detail) if node.operation == "number" else self.figure(node)
        if (node, role) not in self.known:
            self.known[node, role] = self._value(node, role)
        return self.known[node, role]

    def _value(self, node: Node, role: str) -> Value:
        if role == ROW and self.row is not None:
            return self.machine.splat(self.row.value(node, ROW))
        if self.outline.outer(node):
            return self.load(self.outline.program.home[node], role)
        if node.operation == "spread":
            (inner,) = node.arguments
            if not inner.shape or len(inner.shape) == len(node.shape):
                return self.value(inner, role)
            return self.value(inner, COLUMN if node.detail == (0,) else ROW)
        if node.elementwise:
            return applied(self.machine, node, [self.value(argument, role) for argument in node.arguments])
        raise NotCompilable(f"{node.operation} of {node.shape} has no machine code here")
