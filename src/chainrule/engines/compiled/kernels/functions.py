"""Larger networks as kernels: the stages of a step, each a function of its own, called one after the other.

Stages that are alike (the layers of a deep network) share a function: it takes the addresses of its arrays as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from chainrule.engines.compiled.emission.abi import PARTS, begin_function
from chainrule.engines.compiled.emission.barrier import wait
from chainrule.engines.compiled.emission.context import SUM, ModuleContext, sum_of_parts, sum_place
from chainrule.engines.compiled.emission.epoch_loop import Batch, emit_epoch
from chainrule.engines.compiled.emission.lowering import narrowed, tiny_as_zero, widened
from chainrule.engines.compiled.graph.arrangement import example_length, row_length
from chainrule.engines.compiled.graph.buffers import kernel_state_layout
from chainrule.engines.compiled.graph.layout import LINE, padded
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.graph.step_graph import StepGraph
from chainrule.engines.compiled.kernels.calls import KernelLibrary, StageCalls
from chainrule.engines.compiled.kernels.gather_scatter import Copied
from chainrule.engines.compiled.kernels.program import Access, KernelProgram, way
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import DOUBLE, add_integers, at, element_type, loop, share_of, whole
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

    def _gather(self, stage_calls: StageCalls, node: Operation, start: Any, first: Any, count: Any, *order: Any) -> None:
        """So many rows of the data, from the row `first` + `start` on, to an array from the row `start` on. order: see `gather_scatter`."""
        builder, columns, array = stage_calls.builder, self.step_graph.data[node], stage_calls.program.home[node]
        rows, numbers = array.rows_each, row_length(array.shape)
        copied = Copied(numbers, (columns.stride, rows * array.stride), ((rows, numbers, array.stride),) if rows > 1 else ())
        copy = stage_calls.kernels.copy(self.given, copied, ordered=bool(order))
        source = at(builder, stage_calls.given[columns.array], columns.start, element_type(self.given))
        builder.call(copy, [source, stage_calls.row(array, start), *order, add_integers(builder, first, start), count])

    def _read_in_place(self, program: KernelProgram, node: Operation) -> bool:
        """Can products read the rows of the data where they lie? Nothing else may, since vectors would go beyond the ends of rows."""
        array, columns = program.home[node], self.step_graph.data[node]
        if array.rows_each > 1 or array.stride != columns.stride:  # rows of places are padded, and lie in one row of the data
            return False
        return self.given == self.dtype and array.within is None and program.only_multiplied(node)

    def _lay_outside(self, stage_calls: StageCalls, node: Operation, first: Any, whole_block: Any) -> None:
        """The rows of a whole block stay where they lie; fewer are copied, as products go through those that are missing, too."""
        builder, columns, array = stage_calls.builder, self.step_graph.data[node], stage_calls.program.home[node]
        row = builder.add(builder.mul(first, whole(columns.stride)), whole(columns.start))
        there = at(builder, stage_calls.given[columns.array], row, element_type(self.given))
        self._gather(stage_calls, node, 0, first, builder.select(whole_block, whole(0), stage_calls.rows))
        stage_calls.outside[array] = builder.select(whole_block, there, stage_calls.pointer(array))

    def _single_numbers(self, builder: Any, memory: Any) -> dict[Operation, Any]:
        """Where the parameters and states lie that are one number."""
        return {leaf: at(builder, memory, self.memory.of[leaf].start) for leaf in self.leaves.values() if not leaf.shape}

    def _epoch(self, module: ir.Module, kernels: KernelLibrary) -> None:
        step_graph = self.step_graph
        new = {self.leaves[key]: node for key, node in step_graph.new.items()}
        in_memory = {leaf: node for leaf, node in new.items() if leaf.shape}
        program = self.program = self._program([step_graph.error, *new.values()], in_memory)
        parcels = [[step_graph.new[key] for key in parcel] for parcel in step_graph.parcels]

        def begin(builder: Any, given: Mapping[str, Any]) -> Any:
            machine, places = Machine(builder, self.dtype), self._single_numbers(builder, given["memory"])
            variables = {leaf: builder.alloca(machine.element) for leaf in places}  # each thread has its own: all compute the same
            for leaf, variable in variables.items():
                machine.store(machine.load(places[leaf]), variable)

            def step(batch: Batch) -> MachineValue:
                stage_calls = StageCalls(builder, program, kernels, given, batch.rows, batch.outside, parcels)
                stage_calls.figures |= {leaf: widened(machine, machine.load(variable)) for leaf, variable in variables.items()}
                order = [given[name] for name in ("order", "by_order", "as_they_lie")]
                for node in program.data:
                    array = program.home[node]
                    start, count = (whole(0), batch.rows) if array.region == "apart" else stage_calls.part_of_rows()
                    drawn = step_graph.data[node].array == "drawn"  # in the order in which they are taken
                    self._gather(stage_calls, node, start, batch.first, count, *([] if drawn else order))
                    place = program.place(array)
                    stage_calls.since.add(Access({place: way(array, by_rows=True)}, frozenset([place])))
                figures = stage_calls.stages(program.schedule.stages)
                for leaf in filter(new.__contains__, variables):
                    machine.store(narrowed(machine, figures[new[leaf]]), variables[leaf])
                return figures[step_graph.error]

            def end() -> None:
                for leaf, variable in variables.items():
                    machine.store(machine.load(variable), places[leaf])

            return step, end

        emit_epoch(module, False, self.dtype, begin)

    def _measuring(self, module: ir.Module, kernels: KernelLibrary, name: str) -> StageCalls:
        """A function that takes no step, begun. Each thread goes through blocks of rows of its own."""
        start = begin_function(module, name)
        count = Machine(start.builder, "float64", flags=()).value(start.builder.sitofp(start.arguments["rows"], DOUBLE))
        self.program = self._program(self.step_graph.roots(name), {}, shared=False)
        stage_calls = StageCalls(start.builder, self.program, kernels, start.arguments, start.arguments["rows"], {"N": count})
        machine, numbers = Machine(start.builder, self.dtype), self._single_numbers(start.builder, start.arguments["memory"])
        stage_calls.figures |= {leaf: widened(machine, machine.load(place)) for leaf, place in numbers.items()}
        return stage_calls

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
            whole_block = builder.icmp_signed("==", stage_calls.rows, most)
            for node in stage_calls.program.data:
                if self._read_in_place(stage_calls.program, node):
                    self._lay_outside(stage_calls, node, first, whole_block)
                else:
                    self._gather(stage_calls, node, 0, first, stage_calls.rows)
            yield first
            stage_calls.outside.clear()
        stage_calls.rows = given["rows"]

    def _error(self, module: ir.Module, kernels: KernelLibrary) -> None:
        stage_calls = self._measuring(module, kernels, "error")
        builder, given, (before, inside, behind) = stage_calls.builder, stage_calls.given, stage_calls.program.by_rows()
        with tiny_as_zero(builder, self.dtype):
            stage_calls.stages(before)
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
                    node: stage_calls.wide.value(sum_of_parts(builder, given["room"], i, PARTS)) for i, node in enumerate(nodes)
                }
                error = stage_calls.stages(behind)[self.step_graph.measured].ir
                part = builder.fmul(error, builder.sitofp(given["rows"], DOUBLE))
                builder.store(builder.fadd(builder.load(given["result"], typ=DOUBLE), part), given["result"])
        builder.ret_void()

    def _predict(self, module: ir.Module, kernels: KernelLibrary) -> None:
        stage_calls = self._measuring(module, kernels, "predict")
        builder, given = stage_calls.builder, stage_calls.given
        arrays = [stage_calls.program.home[prediction] for prediction in self.step_graph.predictions]
        outputs = sum(example_length(array.shape) for array in arrays)
        with (
            tiny_as_zero(builder, self.dtype),
            self._blocks(stage_calls, lambda count: share_of(builder, count, given["share"], given["shares"])) as first,
        ):
            stage_calls.stages(stage_calls.program.schedule.stages)
            to = at(builder, given["y"], builder.mul(first, whole(outputs)), kernels.context.element)
            for array in arrays:
                rows, columns = array.rows_each, row_length(array.shape)
                axes = ((rows, array.stride, columns),) if rows > 1 else ()
                copy = kernels.copy(self.dtype, Copied(columns, (rows * array.stride, outputs), axes))
                builder.call(copy, [stage_calls.pointer(array), to, whole(0), stage_calls.rows])
                to = at(builder, to, rows * columns, kernels.context.element)
        builder.ret_void()
