"""Larger networks as kernels: the stages of a step, each a function of its own, called one after the other.

Stages that are alike (the layers of a deep network) share a function: it takes the addresses of its arrays as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from chainrule.engines.compiled.emission.abi import PARTS, begin_function
from chainrule.engines.compiled.emission.barrier import wait
from chainrule.engines.compiled.emission.context import SUM, ModuleContext, sum_place, total
from chainrule.engines.compiled.emission.epoch_loop import Batch, emit_epoch
from chainrule.engines.compiled.emission.lowering import tiny_as_zero
from chainrule.engines.compiled.graph.buffers import kernel_state_layout
from chainrule.engines.compiled.graph.layout import LINE, padded
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.graph.step_graph import StepGraph
from chainrule.engines.compiled.kernels.calls import KernelLibrary, StageCalls
from chainrule.engines.compiled.kernels.program import Access, KernelProgram, way
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import DOUBLE, at, loop, share_of, whole
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue
from chainrule.engines.compiled.llvm.target import Processor, itemsize


class KernelEmitter:
    """The functions of a network.

    rows   a batch has room for so many; products go through all of them, but sums over a batch end with its last row
    given  type of the rows that come from outside
    threads  so many may share the steps of an epoch
    """

    def __init__(self, step_graph: StepGraph, dtype: str, given: str, processor: Processor, rows: int, threads: int = 1) -> None:
        self.step_graph, self.dtype, self.given, self.processor = step_graph, dtype, given, processor
        self.rows, self.threads = rows, threads
        self.leaves = step_graph.leaves
        self.memory = kernel_state_layout(self.leaves, dtype, processor)
        self.room, self.apart = 0, 0

    # The functions

    def module(self, name: str) -> ir.Module:
        """The function of that name."""
        module = ir.Module("kernels")
        module.triple = self.processor.triple
        threads = self.threads if name == "epoch" else 1
        self.kernels = kernels = KernelLibrary(ModuleContext(module, self.dtype, self.processor, self.rows, threads))
        {"epoch": self._epoch, "error": self._error, "predict": self._predict}[name](module, kernels)
        self.room = self.program.room.length
        self.apart = self.program.apart.length + padded(kernels.context.scratch * itemsize(self.dtype), LINE)
        return module

    def _program(self, roots: Sequence[Operation], new: Mapping[Operation, Operation], shared: bool = True) -> KernelProgram:
        return KernelProgram(self.kernels.context, self.memory, self.step_graph.data, roots, new, shared)

    def _epoch(self, module: ir.Module, kernels: KernelLibrary) -> None:
        step_graph = self.step_graph
        new = {self.leaves[key]: node for key, node in step_graph.new.items()}
        program = self.program = self._program([step_graph.error, *new.values()], new)

        def begin(builder: Any, given: Mapping[str, Any]) -> Any:
            return partial(step, builder, given), lambda: None

        def step(builder: Any, given: Mapping[str, Any], batch: Batch) -> MachineValue:
            stage_calls = StageCalls(builder, program, kernels, given, batch.rows, batch.outside)
            order = [given[name] for name in ("order", "by_order", "as_they_lie")]
            for node in program.data:
                array = program.home[node]
                start, count = (whole(0), batch.rows) if array.region == "apart" else stage_calls.part_of_rows()
                copy = kernels.gather(self.given, array, ordered=True)
                builder.call(copy, [given[node.detail], stage_calls.row(array, start), *order, builder.add(batch.first, start), count])
                stage_calls.since.append(Access({array: way(array, by_rows=True)}, frozenset([array])))
            return stage_calls.stages(program.schedule.stages)[step_graph.error]

        emit_epoch(module, False, self.dtype, begin)

    def _measuring(self, module: ir.Module, kernels: KernelLibrary, name: str, root: Operation) -> StageCalls:
        """A function that takes no step, begun. Each thread goes through blocks of rows of its own."""
        start = begin_function(module, name)
        count = Machine(start.builder, "float64").value(start.builder.sitofp(start.arguments["rows"], DOUBLE))
        self.program = self._program([root], {}, shared=False)
        return StageCalls(start.builder, self.program, kernels, start.arguments, None, {"N": count})

    @contextmanager
    def _blocks(self, stage_calls: StageCalls, range_of: Callable[[Any], tuple[Any, Any]]) -> Iterator[Any]:
        """What is emitted inside is done for a block of rows after the other; gives the first row.

        range_of  of so many blocks, the first, and the one behind the last
        """
        builder, given = stage_calls.builder, stage_calls.given
        most = whole(self.rows)
        count = builder.udiv(builder.add(given["rows"], whole(self.rows - 1)), most)
        with loop(builder, *range_of(count), name="block") as block:
            first = builder.mul(block, most)
            left = builder.sub(given["rows"], first)
            stage_calls.rows = builder.select(builder.icmp_signed("<", left, most), left, most)
            for node in stage_calls.program.data:
                array = stage_calls.program.home[node]
                copy = stage_calls.kernels.gather(self.given, array, ordered=False)
                builder.call(copy, [given[node.detail], stage_calls.pointer(array), first, stage_calls.rows])
            yield first
        stage_calls.rows = given["rows"]

    def _error(self, module: ir.Module, kernels: KernelLibrary) -> None:
        stage_calls = self._measuring(module, kernels, "error", self.step_graph.error)
        builder, given, (inside, behind) = stage_calls.builder, stage_calls.given, stage_calls.program.by_rows()
        with tiny_as_zero(builder, self.dtype):
            nodes = [node for stage in inside for node in stage.nodes if not node.shape]
            stage_calls.program.room.length = len(nodes) * SUM
            with loop(builder, *share_of(builder, PARTS, given["share"], given["shares"]), name="part") as part:
                sums = {node: sum_place(builder, given["room"], i, part) for i, node in enumerate(nodes)}
                for place in sums.values():
                    builder.store(DOUBLE(0.0), place)
                with self._blocks(stage_calls, lambda count: share_of(builder, count, part, PARTS)):
                    stage_calls.stages(inside)
                    for node, place in sums.items():
                        builder.store(builder.fadd(builder.load(place, typ=DOUBLE), stage_calls.figures[node].ir), place)
            wait(builder, given["barrier"], given["shares"])
            with builder.if_then(builder.icmp_unsigned("==", given["share"], whole(0))):
                stage_calls.figures |= {
                    node: stage_calls.wide.value(total(builder, given["room"], i, PARTS)) for i, node in enumerate(nodes)
                }
                error = stage_calls.stages(behind)[self.step_graph.error].ir
                part = builder.fmul(error, builder.sitofp(given["rows"], DOUBLE))
                builder.store(builder.fadd(builder.load(given["result"], typ=DOUBLE), part), given["result"])
        builder.ret_void()

    def _predict(self, module: ir.Module, kernels: KernelLibrary) -> None:
        stage_calls = self._measuring(module, kernels, "predict", self.step_graph.prediction)
        builder, given, y = stage_calls.builder, stage_calls.given, stage_calls.program.home[self.step_graph.prediction]
        with (
            tiny_as_zero(builder, self.dtype),
            self._blocks(stage_calls, lambda count: share_of(builder, count, given["share"], given["shares"])) as first,
        ):
            stage_calls.stages(stage_calls.program.schedule.stages)
            to = at(builder, given["y"], builder.mul(first, whole(int(y.shape[1]))), kernels.context.element)
            builder.call(kernels.scatter(y), [stage_calls.pointer(y), to, stage_calls.rows])
        builder.ret_void()
