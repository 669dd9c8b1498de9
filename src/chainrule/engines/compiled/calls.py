"""The calls of a step's stages, one after the other: each thread's share of each, and where all threads wait for each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.buffers import Buffer
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import at, multiply, whole
from chainrule.engines.compiled.pieces import applied
from chainrule.engines.compiled.settings import settings
from chainrule.engines.compiled.sharing import ALL, SUM, Access, begins, share_of, total
from chainrule.engines.compiled.stages import Stage
from chainrule.engines.compiled.threads import wait
from chainrule.engines.machine import Machine, Value

if TYPE_CHECKING:
    from chainrule.engines.compiled.kernels import Kernels, Outline, Program


@dataclass(eq=False)
class Task:
    """A stage to be called: what it touches, and its function, unless it computes single numbers."""

    stage: Stage
    access: Access
    outline: Outline | None = None
    kernel: Any = None


class Emitted:
    """The calls of the stages of a program, being emitted.

    rows      of the batch, as an LLVM value
    parts     the first of this thread's parts of everything, and the one behind its last
    own_rows  of the rows for which there is room, the first of this thread's, and how many they are
    since     what has been touched since all threads last waited for each other
    pending   sums over everything that are known when they have: where those of the parts lie

    Every thread goes through all of it, and takes its share of every stage (`engines.compiled.sharing`).
    """

    def __init__(
        self, builder: Any, program: Program, kernels: Kernels, given: Mapping[str, Any], rows: Any, outside: Mapping[str, Value]
    ) -> None:
        self.builder, self.program, self.kernels, self.given, self.rows = builder, program, kernels, given, rows
        self.wide = Machine(builder, "float64")
        self.figures: dict[Node, Value] = settings(program.settings, self.wide, outside)
        self.several = kernels.kit.threads > 1
        self.share, self.shares = (given["share"], given["shares"]) if self.several else (whole(0), whole(1))
        self.parts = share_of(builder, kernels.parts, self.share, self.shares) if self.several else (whole(0), whole(1))
        first, end = (begins(builder, part, kernels.most, kernels.parts) for part in self.parts)
        self.own_rows = first, builder.sub(end, first)
        apart = at(builder, given["room"], builder.add(given["shared"], builder.mul(given["share"], given["apart"])))
        self.regions = {"memory": given["memory"], "room": given["room"], "apart": apart}
        self.scratch = at(builder, apart, program.apart.length)
        region, self.totals = program.totals
        self.results = self.regions[region]
        self.since: list[Access] = []
        self.pending: dict[Node, tuple[Any, int]] = {}

    # Places

    def pointer(self, buffer: Buffer) -> Any:
        """The address of an array."""
        return at(self.builder, self.regions[buffer.region], buffer.start)

    def row(self, buffer: Buffer, row: Any) -> Any:
        """The address of a row of an array by rows, or of a number of one that has a number a row."""
        return at(self.builder, self.pointer(buffer), multiply(self.builder, row, buffer.stride or 1), self.kernels.element)

    def part_of_rows(self) -> tuple[Any, Any]:
        """This thread's part of the rows of the batch: the first of them, and how many."""
        builder, (first, count) = self.builder, self.own_rows
        there = builder.sub(self.rows, first)
        there = builder.select(builder.icmp_signed("<", there, count), there, count)
        return first, builder.select(builder.icmp_signed(">", there, whole(0)), there, whole(0))

    # The stages

    def stages(self, stages: Sequence[Stage]) -> dict[Node, Value]:
        """These stages in their order, but what need not wait comes before what has to; gives the single numbers so far."""
        left = [self.kernels.task(self.program, stage) for stage in stages]
        while left:
            task = self._next(left)
            if task is None:
                self.wait()
            else:
                left.remove(task)
                self._take(task)
        while self.since:
            self.wait()
        return self.figures

    def _next(self, left: Sequence[Task]) -> Task | None:
        """The first task that need not wait, neither for other threads nor for a task before it."""
        if not self.several:
            return left[0]
        for place, task in enumerate(left):
            before = (other.access for other in left[:place])
            if not any(map(task.access.waits, self.since)) and not any(map(task.access.clashes, before)):
                return task
        return None

    def _take(self, task: Task) -> None:
        """Emit the call of a stage, or the single numbers that it computes."""
        self.program.order.append(task.stage)
        self.since.append(task.access)
        if task.outline is None:
            for node in task.stage.nodes:
                self._number(node)
            return
        result = at(self.builder, self.results, self.totals)
        task.kernel.call(self, task.outline, [self.figure(node) for node in task.outline.figures], result)
        self.pending |= {node: (result, i) for i, node in enumerate(task.outline.totals)}
        self.totals += SUM * len(task.outline.totals)
        if not self.several:
            self.wait()

    def wait(self) -> None:
        """All threads wait for each other; sums over everything are known then."""
        if self.several:
            wait(self.builder, self.given["meeting"], self.shares)
            self.program.order.append(None)
        self.since = [Access(dict.fromkeys(self.pending, ALL), frozenset())] if self.pending and self.several else []
        for node, (result, i) in self.pending.items():
            self.figures[node] = self.wide.value(total(self.builder, result, i, self.kernels.parts))
        self.pending = {}

    # Single numbers

    def figure(self, node: Node) -> Any:
        """A single number, in the type of the numbers."""
        value = self.figures[node].ir
        return self.builder.fptrunc(value, self.kernels.element) if self.kernels.dtype == "float32" else value

    def _number(self, node: Node) -> Value:
        if node not in self.figures:
            if node.operation == "number":
                return self.wide.number(node.detail)
            if node.operation == "spread" or not node.elementwise:
                raise NotCompilable(f"{node} has no machine code")
            self.figures[node] = applied(self.wide, node, [self._number(argument) for argument in node.arguments])
        return self.figures[node]
