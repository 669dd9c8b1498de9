"""Tiny networks as straight-line code: a variable for each number, a step without a loop, or with one over the samples of a batch.

Parameters and states are variables of the processor (registers, as many as there are) for as long as the rows last. What has one number
for each sample is computed inside the loop over the samples; what sums over samples is added up there; the rest comes before or after.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.emission.abi import begin_function
from chainrule.engines.compiled.emission.epoch_loop import Batch, emit_epoch
from chainrule.engines.compiled.emission.lowering import lowered, narrowed, row_index, step_scalars, tiny_as_zero, widened
from chainrule.engines.compiled.graph.buffers import straight_line_state_layout
from chainrule.engines.compiled.graph.operations import Operation
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.engines.compiled.graph.step_graph import StepGraph
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import DOUBLE, at, element_type, loop, whole
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue
from chainrule.engines.compiled.llvm.target import Processor, itemsize
from chainrule.engines.compiled.straight_line.reassociation import Reassociation
from chainrule.formula.expression import Shape
from chainrule.network.derivation import BATCH

BEFORE, EACH, AFTER = range(3)
"""When a node is computed: before the samples, for each of them, after all of them."""


def inner(shape: Shape) -> tuple[int, ...]:
    """The sizes of what one sample has."""
    return tuple(size for size in shape if isinstance(size, int))


def numbers_per_sample(shape: Shape) -> int:
    """How many numbers one sample has."""
    return math.prod(inner(shape))


def places(shape: Shape) -> Iterator[tuple[int, ...]]:
    """The indices of what one sample has, row by row."""
    return product(*(range(size) for size in inner(shape)))


def moments(nodes: Sequence[Operation], data: Container[Operation]) -> dict[Operation, int]:
    """When each node is computed. Raises NotCompilable where samples need what only all of them give."""
    found: dict[Operation, int] = {}
    for node in nodes:
        of = [found[argument] for argument in node.arguments]
        if node in data:
            found[node] = EACH
        elif BATCH in node.shape:
            if AFTER in of:
                raise NotCompilable("samples that depend on sums over all of them have no straight-line code")
            found[node] = EACH
        else:
            found[node] = AFTER if any(moment != BEFORE for moment in of) else BEFORE
    return found


def _sums_samples(node: Operation) -> bool:
    return BATCH not in node.shape and any(BATCH in argument.shape for argument in node.arguments)


class StraightLineCode:
    """The code of a step, number by number.

    values  of each node, as far as they are known: those of one sample
    sums    over the samples: the variables in which they are added up
    """

    def __init__(self, step_graph: StepGraph, roots: Sequence[Operation], machine: Machine, *, single: bool = False) -> None:
        self.step_graph, self.machine, self.builder = step_graph, machine, machine.builder
        self.reassociation = Reassociation(machine, active=single)
        self.nodes = topological_order(roots)
        self.moment = moments(self.nodes, step_graph.data)
        self.values: dict[Operation, list[MachineValue]] = {}
        self.sums = {node: self.variables(numbers_per_sample(node.shape)) for node in self.nodes if _sums_samples(node)}

    def variables(self, count: int) -> list[Any]:
        """Memory that LLVM makes registers of."""
        with self.builder.goto_entry_block():
            return [self.builder.alloca(self.machine.element) for _ in range(count)]

    def scalars(self, outside: Mapping[str, MachineValue]) -> dict[Operation, list[MachineValue]]:
        """The scalars of the step, from the values of k, learning_rate and N, as far as they are needed."""
        wide = Machine(self.builder, "float64")
        return {node: [narrowed(self.machine, value)] for node, value in step_scalars(self.nodes, wide, outside).items()}

    def before(self, known: Mapping[Operation, list[MachineValue]]) -> None:
        """What no sample changes; and the sums are set to 0."""
        self.values = dict(known)
        for memory in self.sums.values():
            for place in memory:
                self.machine.store(0.0, place)
        self._compute(BEFORE)

    def only(self, known: Mapping[Operation, list[MachineValue]]) -> None:
        """What the only sample of a batch gives: its part of every sum is the sum."""
        self.values |= known
        self._compute(EACH)
        self.values |= {node: self._part(node) for node in self.sums}
        self._compute(AFTER)

    def each(self, known: Mapping[Operation, list[MachineValue]]) -> None:
        """What one sample gives; its part of every sum is added."""
        self.values |= known
        self._compute(EACH)
        for node, memory in self.sums.items():
            for place, part in zip(memory, self._part(node), strict=True):
                self.machine.store(self.machine.load(place) + part, place)

    def after(self) -> None:
        """What follows from the sums."""
        for node, memory in self.sums.items():
            self.values[node] = [self.machine.load(place) for place in memory]
        self._compute(AFTER)

    def _compute(self, moment: int) -> None:
        for node in self.nodes:
            if self.moment[node] == moment and node not in self.values:
                self.values[node] = self._value(node)

    def _value(self, node: Operation) -> list[MachineValue]:
        machine, arguments = self.machine, [self.values[argument] for argument in node.arguments]
        if node.opcode == "number":
            return [machine.number(node.detail)]
        if node.elementwise:
            full = [argument * numbers_per_sample(node.shape) if len(argument) == 1 else argument for argument in arguments]
            own = {"multiply": self.reassociation.times, "subtract": self.reassociation.minus}.get(node.opcode)
            if own is not None:
                return [own(a, b) for a, b in zip(*full, strict=True)]
            return [self.reassociation.computed(lowered(machine, node, operands), *operands) for operands in zip(*full, strict=True)]
        if node.opcode == "spread":
            return self._spread(node, arguments[0])
        if node.opcode == "transpose":
            return self._transposed(node, arguments[0])
        if node.opcode == "matmul":
            return self._product(*node.arguments)
        if node.opcode == "reduce":
            return self._reduced(node)
        if node.opcode == "join":
            return [value for values in arguments for value in values]
        if node.opcode == "part":
            return arguments[0][node.detail.start : node.detail.stop]
        raise NotCompilable(f"{node.opcode} has no straight-line code")

    def _spread(self, node: Operation, values: list[MachineValue]) -> list[MachineValue]:
        of = dict(zip(places(node.arguments[0].shape), values, strict=True))
        kept = [axis for axis in range(len(node.shape)) if axis not in node.detail and node.shape[axis] != BATCH]
        own = [axis for axis in range(len(node.shape)) if node.shape[axis] != BATCH]
        return [of[tuple(index[own.index(axis)] for axis in kept)] for index in places(node.shape)]

    def _transposed(self, node: Operation, values: list[MachineValue]) -> list[MachineValue]:
        if BATCH in node.shape:
            return values
        of = dict(zip(places(node.arguments[0].shape), values, strict=True))
        return [of[index[::-1]] for index in places(node.shape)]

    def _product(self, a: Operation, b: Operation) -> list[MachineValue]:
        """Σₖ aᵢₖ bₖⱼ where k is no sample."""
        k = a.shape[1]
        assert isinstance(k, int)
        rows, columns = (1 if size == BATCH else int(size) for size in (a.shape[0], b.shape[1]))
        left, right = self.values[a], self.values[b]
        return [
            self.reassociation.total([self.reassociation.times(left[i * k + m], right[m * columns + j]) for m in range(k)])
            for i, j in product(range(rows), range(columns))
        ]

    def _reduced(self, node: Operation) -> list[MachineValue]:
        """Over axes that are no samples."""
        kind, axes = node.detail
        (argument,) = node.arguments
        own = [axis for axis in range(len(argument.shape)) if argument.shape[axis] != BATCH]
        groups: dict[tuple[int, ...], list[MachineValue]] = {}
        for index, value in zip(places(argument.shape), self.values[argument], strict=True):
            groups.setdefault(tuple(i for axis, i in zip(own, index, strict=True) if axis not in axes), []).append(value)
        return [self.reassociation.total(values) if kind == "sum" else self._largest(values) for values in groups.values()]

    def _part(self, node: Operation) -> list[MachineValue]:
        """What this sample adds to a sum over samples."""
        if node.opcode == "matmul":
            left, right = (self.values[argument] for argument in node.arguments)
            return [self.reassociation.times(a, b) for a, b in product(left, right)]
        if node.opcode != "reduce" or node.detail[0] != "sum":
            raise NotCompilable(f"{node.opcode} over the samples has no straight-line code")
        return self._reduced(node)

    def _largest(self, values: Sequence[MachineValue]) -> MachineValue:
        largest = values[0]
        for value in values[1:]:
            largest = self.machine.maximum(largest, value)
        return largest


class StraightLineEmitter:
    """The functions of a tiny network.

    dtype   of the numbers in memory: parameters and states one after the other
    given   of the rows
    processor  that the code is for
    single  whether a batch is always one row
    """

    def __init__(self, step_graph: StepGraph, dtype: str, given: str, processor: Processor, *, single: bool) -> None:
        if step_graph.has_places:
            raise NotCompilable("sequences, images and tokens have no straight-line code")
        self.step_graph, self.dtype, self.processor, self.single = step_graph, dtype, processor, single
        self.given = element_type(given)
        self.leaves = step_graph.leaves
        self.memory = straight_line_state_layout(self.leaves, dtype)
        self.room, self.apart = 0, 0

    def module(self, name: str) -> ir.Module:
        """The function of that name."""
        module = ir.Module("straight")
        module.triple = self.processor.triple
        {"epoch": self._epoch, "error": self._error, "predict": self._predict}[name](module)
        return module

    # The memory

    def _number(self, builder: Any, machine: Machine, memory: Any, key: str, i: int) -> Any:
        return at(builder, memory, self.memory.of[self.leaves[key]].start // itemsize(self.dtype) + i, machine.element)

    def _loaded(self, machine: Machine, memory: Any, keys: Sequence[str]) -> dict[Operation, list[MachineValue]]:
        """Numbers straight from the memory, which does not change."""
        return {
            self.leaves[key]: [
                machine.load(self._number(machine.builder, machine, memory, key, i))
                for i in range(numbers_per_sample(self.leaves[key].shape))
            ]
            for key in keys
        }

    # Rows

    def _row(self, machine: Machine, pointers: Mapping[str, Any], row: Any) -> dict[Operation, list[MachineValue]]:
        """The numbers of a row of x, t and s, as far as there are pointers to them."""
        builder, known = machine.builder, {}
        for node, columns in self.step_graph.data.items():
            if columns.array in pointers:
                start = builder.mul(row, whole(columns.stride))
                known[node] = [
                    self._given(machine, at(builder, pointers[columns.array], builder.add(start, whole(columns.start + i)), self.given))
                    for i in range(numbers_per_sample(node.shape))
                ]
        return known

    def _given(self, machine: Machine, place: Any) -> MachineValue:
        builder = machine.builder
        number = builder.load(place, typ=self.given, align=4 if self.given != DOUBLE else 8)
        if self.given == machine.element:
            return machine.value(number)
        return machine.value(builder.fptrunc(number, machine.element) if machine.single else builder.fpext(number, machine.element))

    # The functions

    def _epoch(self, module: ir.Module) -> None:
        step_graph = self.step_graph

        def begin(builder: Any, given: Mapping[str, Any]) -> Any:
            machine = Machine(builder, self.dtype)
            code = StraightLineCode(step_graph, [step_graph.error, *step_graph.new.values()], machine, single=self.single)
            variables = {key: code.variables(numbers_per_sample(leaf.shape)) for key, leaf in self.leaves.items()}
            places = [
                (variable, self._number(builder, machine, given["memory"], key, i))
                for key, own in variables.items()
                for i, variable in enumerate(own)
            ]
            for variable, place in places:
                machine.store(machine.load(place), variable)

            def step(batch: Batch) -> MachineValue:
                known = {self.leaves[key]: [machine.load(variable) for variable in own] for key, own in variables.items()}
                for values in known.values():
                    code.reassociation.note(values, 0)
                code.before(known | code.scalars(batch.outside))
                pointers = {key: given[key] for key in ("x", "t", "s")}
                if self.single:
                    code.only(self._row(machine, pointers, row_index(builder, given, batch.first)))
                else:
                    with loop(builder, batch.first, batch.end, name="sample") as sample:
                        code.each(self._row(machine, pointers, row_index(builder, given, sample)))
                    code.after()
                for key, node in step_graph.new.items():
                    for variable, value in zip(variables[key], code.values[node], strict=True):
                        machine.store(value, variable)
                return widened(machine, code.values[step_graph.error][0])

            def end() -> None:
                for variable, place in places:
                    machine.store(machine.load(variable), place)

            return step, end

        emit_epoch(module, self.single, self.dtype, begin)

    def _measuring(self, module: ir.Module, name: str) -> tuple[Any, Mapping[str, Any], StraightLineCode]:
        """A function that takes no step, begun: its builder, its arguments and the code of a sample."""
        body = begin_function(module, name)
        builder, given = body.builder, body.arguments
        code = StraightLineCode(self.step_graph, self.step_graph.roots(name), Machine(builder, self.dtype))
        rows = Machine(builder, "float64").value(builder.sitofp(given["rows"], DOUBLE))
        code.before(self._loaded(code.machine, given["memory"], list(self.step_graph.parameters)) | code.scalars({"N": rows}))
        return builder, given, code

    def _error(self, module: ir.Module) -> None:
        builder, given, code = self._measuring(module, "error")
        with tiny_as_zero(builder, self.dtype), loop(builder, 0, given["rows"], name="sample") as sample:
            code.each(self._row(code.machine, {key: given[key] for key in ("x", "t", "s")}, sample))
        code.after()
        error = widened(code.machine, code.values[self.step_graph.measured][0]).ir
        error = builder.fmul(error, builder.sitofp(given["rows"], DOUBLE))
        builder.store(builder.fadd(builder.load(given["result"], typ=DOUBLE), error), given["result"])
        builder.ret_void()

    def _predict(self, module: ir.Module) -> None:
        builder, given, code = self._measuring(module, "predict")
        with tiny_as_zero(builder, self.dtype), loop(builder, 0, given["rows"], name="sample") as sample:
            code.each(self._row(code.machine, {"x": given["x"]}, sample))
            outputs = [value for prediction in self.step_graph.predictions for value in code.values[prediction]]
            start = builder.mul(sample, whole(len(outputs)))
            for j, value in enumerate(outputs):
                code.machine.store(value, at(builder, given["y"], builder.add(start, whole(j)), code.machine.element))
        builder.ret_void()
