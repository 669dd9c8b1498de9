"""The calls of a step's stages, one after the other: each thread's share of each, and the barriers between them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.emission.barrier import hand_out, wait
from chainrule.engines.compiled.emission.context import SUM, ModuleContext, sum_of_parts
from chainrule.engines.compiled.emission.lowering import lowered, step_scalars
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.graph.schedule import Stage
from chainrule.engines.compiled.kernels.gather_scatter import Copied, gather_scatter
from chainrule.engines.compiled.kernels.kinds import KINDS
from chainrule.engines.compiled.kernels.program import (
    ALL,
    Access,
    KernelProgram,
    StageSignature,
    ThreadFrame,
    Touched,
    figures_access,
    kernel_access,
    move_access,
)
from chainrule.engines.compiled.llvm.instructions import at, multiply_integers, whole
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue

LOOKED_AT = 32
"""Stages among which one is looked for that need not wait: of a long sequence there may be a thousand."""


@dataclass(eq=False)
class StageCall:
    """A stage to be called: what it touches, and its function, unless it computes single numbers or moves arrays."""

    stage: Stage
    access: Access
    signature: StageSignature | None = None
    kernel: Any = None


class KernelLibrary:
    """The functions of a module, each made once."""

    def __init__(self, context: ModuleContext) -> None:
        self.context = context
        self.made: dict[str, Any] = {}
        self.names: dict[str, str] = {}

    def once(self, key: str, make: Callable[[str], Any]) -> Any:
        """What `make` gives for a new name, made at the first time."""
        if key not in self.made:
            self.names[key] = f"kernel_{len(self.names) + 1}"
            self.made[key] = make(self.names[key])
        return self.made[key]

    def of(self, signature: StageSignature) -> Any:
        """The function of a stage."""
        make = KINDS[signature.stage.kind]
        return self.once(signature.key, lambda name: make(self.context, name, signature))

    def stage_call(self, program: KernelProgram, stage: Stage) -> StageCall:
        """A stage with its function."""
        if stage.kind == "figures":
            return StageCall(stage, figures_access(stage, program.schedule.near))
        if stage.kind == "move":
            return StageCall(stage, move_access(program, stage))
        signature = program.signature(stage)
        kernel = self.of(signature)
        return StageCall(stage, kernel_access(signature, kernel.by_rows), signature, kernel)

    def copy(self, given: str, copied: Copied, *, ordered: bool = False) -> Any:
        """The function that copies numbers of a type: see `gather_scatter`."""
        return self.once(repr((given, copied, ordered)), lambda name: gather_scatter(self.context, name, given, copied, ordered))


class StageCalls(ThreadFrame):
    """The calls of the stages of a program, being emitted.

    figures  single numbers, as far as they are known
    since    what has been touched since the last barrier
    pending  sums over everything that are known behind the next barrier: where those of the parts lie
    parcels  arrays that are handed out as soon as all of a parcel are there, in this order

    Every thread goes through all of it, and takes its share of every stage.
    """

    def __init__(
        self, builder: Any, program: KernelProgram, kernels: KernelLibrary, given: Mapping[str, Any], rows: Any,
        outside: Mapping[str, MachineValue], parcels: Sequence[Collection[Operation]] = (),
    ) -> None:  # fmt: skip
        super().__init__(builder, program, kernels.context, given, rows)
        self.parcels = [set(parcel) for parcel in parcels]
        self.kernels, self.wide = kernels, Machine(builder, "float64", flags=())
        self.figures: dict[Operation, MachineValue] = step_scalars(program.step_scalars, self.wide, outside)
        region, self.totals = program.totals
        self.results = self.regions[region]
        self.since = Touched()
        self.pending: dict[Operation, tuple[Any, int]] = {}

    # The stages

    def stages(self, stages: Sequence[Stage]) -> dict[Operation, MachineValue]:
        """These stages in their order, but what need not wait comes before what has to; gives the single numbers so far."""
        left = [self.kernels.stage_call(self.program, stage) for stage in stages]
        handed = 0
        while left:
            stage_call = self._next(left)
            if stage_call is None:
                self.wait()
            else:
                left.remove(stage_call)
                self._take(stage_call)
                missing = {node for other in left for node in other.stage.nodes} if handed < len(self.parcels) else set()
                while handed < len(self.parcels) and not self.parcels[handed] & missing:
                    self._hand_out(handed)
                    handed += 1
        while self.since.ways:
            self.wait()
        return self.figures

    def _next(self, left: Sequence[StageCall]) -> StageCall | None:
        """The first task that need not wait, neither for other threads nor for a task before it."""
        if not self.several:
            return left[0]
        before = Touched()
        for stage_call in left[:LOOKED_AT]:
            if not before.clashes(stage_call.access) and not self.since.waits(stage_call.access):
                return stage_call
            before.add(stage_call.access)
        return None

    def _take(self, stage_call: StageCall) -> None:
        """Emit the call of a stage, or the single numbers that it computes."""
        self.program.order.append(stage_call.stage)
        self.since.add(stage_call.access)
        if stage_call.stage.kind == "move":
            for copied in self.program.copies(stage_call.stage.nodes[0]):
                self._copy(*copied)
            return
        if stage_call.signature is None:
            for node in stage_call.stage.nodes:
                self._number(node)
            return
        result = at(self.builder, self.results, self.totals)
        stage_call.kernel.call(self, stage_call.signature, [self.figure(node) for node in stage_call.signature.figures], result)
        self.pending |= {node: (result, i) for i, node in enumerate(stage_call.signature.totals)}
        self.totals += SUM * len(stage_call.signature.totals)
        if not self.several:
            self.wait()

    def _copy(self, source: Buffer, target: Buffer, copied: Copied) -> None:
        """This thread's part of the examples of an array to another."""
        start, count = self.part_of_rows()
        places = (
            at(self.builder, self.pointer(buffer), multiply_integers(self.builder, start, distance), self.context.element)
            for buffer, distance in zip((source, target), copied.examples, strict=True)
        )
        self.builder.call(self.kernels.copy(self.context.dtype, copied), [*places, whole(0), count])

    def _hand_out(self, parcel: int) -> None:
        """One thread says that a parcel is ready, when all are done with it."""
        self.wait()
        with self.builder.if_then(self.builder.icmp_unsigned("==", self.given["share"], whole(0))):
            hand_out(self.builder, self.given["barrier"], parcel)

    def wait(self) -> None:
        """All threads wait for each other; sums over everything are known then."""
        if self.several:
            wait(self.builder, self.given["barrier"], self.shares)
            self.program.order.append(None)
        self.since = Touched(*([Access(dict.fromkeys(self.pending, ALL), frozenset())] if self.pending and self.several else []))
        for node, (result, i) in self.pending.items():
            self.figures[node] = self.wide.value(sum_of_parts(self.builder, result, i, self.context.parts))
        self.pending = {}

    # Single numbers

    def figure(self, node: Operation) -> Any:
        """A single number, in the type of the numbers."""
        value = self.figures[node].ir
        return self.builder.fptrunc(value, self.context.element) if self.context.dtype == "float32" else value

    def _number(self, node: Operation) -> MachineValue:
        if node not in self.figures:
            if node.opcode == "number":
                return self.wide.number(node.detail)
            if node.opcode == "spread" or not node.elementwise:
                raise NotCompilable(f"{node} has no machine code")
            self.figures[node] = lowered(self.wide, node, [self._number(argument) for argument in node.arguments])
        return self.figures[node]
