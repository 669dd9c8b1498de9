"""Tiny networks as straight-line code: a variable for each number, a step without a loop, or with one over the samples of a batch.

Parameters and states are variables of the processor (registers, as many as there are) for as long as the rows last. What has one number
for each sample is computed inside the loop over the samples; what sums over samples is added up there; the rest comes before or after.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.engines import ir
from chainrule.engines.compiled.abi import begun
from chainrule.engines.compiled.buffers import for_straight_line_code
from chainrule.engines.compiled.early import Early
from chainrule.engines.compiled.epochs import Batch, emit_epoch
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import DOUBLE, at, counted, whole
from chainrule.engines.compiled.pieces import applied, narrowed, row_index, tiny_as_zero, widened
from chainrule.engines.compiled.recipe import Recipe, below
from chainrule.engines.compiled.settings import settings
from chainrule.engines.compiled.target import Processor, itemsize
from chainrule.engines.machine import Machine, Value
from chainrule.formula.expression import Shape
from chainrule.network.derivation import BATCH

BEFORE, EACH, AFTER = range(3)
"""When a node is computed: before the samples, for each of them, after all of them."""


def inner(shape: Shape) -> tuple[int, ...]:
    """The sizes of what one sample has."""
    return tuple(size for size in shape if isinstance(size, int))


def places(shape: Shape) -> Iterator[tuple[int, ...]]:
    """The indices of what one sample has, row by row."""
    return product(*(range(size) for size in inner(shape)))


def moments(nodes: Sequence[Node], data: Sequence[Node]) -> dict[Node, int]:
    """When each node is computed. Raises NotCompilable where samples need what only all of them give."""
    found: dict[Node, int] = {}
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


def _sums_samples(node: Node) -> bool:
    return BATCH not in node.shape and any(BATCH in argument.shape for argument in node.arguments)


class Straight:
    """The code of a step, number by number.

    variables  for every parameter and state its numbers in memory that LLVM makes registers of
    """

    def __init__(self, recipe: Recipe, roots: Sequence[Node], machine: Machine, *, single: bool = False) -> None:
        self.recipe, self.machine, self.builder = recipe, machine, machine.builder
        self.early = Early(machine, active=single)
        self.nodes = below(roots)
        self.moment = moments(self.nodes, recipe.data)
        self.values: dict[Node, list[Value]] = {}
        self.sums = {node: self.memory(len(list(places(node.shape)))) for node in self.nodes if _sums_samples(node)}

    def memory(self, count: int) -> list[Any]:
        """Variables: memory that LLVM makes registers of."""
        with self.builder.goto_entry_block():
            return [self.builder.alloca(self.machine.element) for _ in range(count)]

    def before(self, known: Mapping[Node, list[Value]]) -> None:
        """What no sample changes; and the sums are set to 0."""
        self.values = dict(known)
        for memory in self.sums.values():
            for place in memory:
                self.machine.store(0.0, place)
        self._compute(BEFORE)

    def only(self, known: Mapping[Node, list[Value]]) -> None:
        """What the only sample of a batch gives: its part of every sum is the sum."""
        self.values |= known
        self._compute(EACH)
        self.values |= {node: self._part(node) for node in self.sums}
        self._compute(AFTER)

    def each(self, known: Mapping[Node, list[Value]]) -> None:
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

    def _value(self, node: Node) -> list[Value]:
        machine, arguments = self.machine, [self.values[argument] for argument in node.arguments]
        count = len(list(places(node.shape)))
        if node.operation == "number":
            return [machine.number(node.detail)]
        if node.elementwise:
            full = [argument * count if len(argument) == 1 else argument for argument in arguments]
            own = {"multiply": self.early.times, "subtract": self.early.minus}.get(node.operation)
            if own is not None:
                return [own(a, b) for a, b in zip(*full, strict=True)]
            return [self.early.computed(applied(machine, node, operands), *operands) for operands in zip(*full, strict=True)]
        if node.operation == "spread":
            return self._spread(node, arguments[0])
        if node.operation == "transpose":
            return self._transposed(node, arguments[0])
        if node.operation == "matmul":
            return self._product(*node.arguments)
        if node.operation == "reduce":
            return self._reduced(node)
        raise NotCompilable(f"{node.operation} has no straight-line code")

    def _spread(self, node: Node, values: list[Value]) -> list[Value]:
        of = dict(zip(places(node.arguments[0].shape), values, strict=True))
        kept = [axis for axis in range(len(node.shape)) if axis not in node.detail and node.shape[axis] != BATCH]
        own = [axis for axis in range(len(node.shape)) if node.shape[axis] != BATCH]
        return [of[tuple(index[own.index(axis)] for axis in kept)] for index in places(node.shape)]

    def _transposed(self, node: Node, values: list[Value]) -> list[Value]:
        if BATCH in node.shape:
            return values
        of = dict(zip(places(node.arguments[0].shape), values, strict=True))
        return [of[index[::-1]] for index in places(node.shape)]

    def _product(self, a: Node, b: Node) -> list[Value]:
        """Σₖ aᵢₖ bₖⱼ where k is no sample."""
        k = a.shape[1]
        assert isinstance(k, int)
        rows, columns = (1 if size == BATCH else int(size) for size in (a.shape[0], b.shape[1]))
        left, right = self.values[a], self.values[b]
        return [
            self.early.total([self.early.times(left[i * k + m], right[m * columns + j]) for m in range(k)])
            for i, j in product(range(rows), range(columns))
        ]

    def _reduced(self, node: Node) -> list[Value]:
        """Over axes that are no samples."""
        kind, axes = node.detail
        (argument,) = node.arguments
        own = [axis for axis in range(len(argument.shape)) if argument.shape[axis] != BATCH]
        groups: dict[tuple[int, ...], list[Value]] = {}
        for index, value in zip(places(argument.shape), self.values[argument], strict=True):
            groups.setdefault(tuple(i for axis, i in zip(own, index, strict=True) if axis not in axes), []).append(value)
        return [self.early.total(values) if kind == "sum" else self._largest(values) for values in groups.values()]

    def _part(self, node: Node) -> list[Value]:
        """What this sample adds to a sum over samples."""
        if node.operation == "matmul":
            left, right = (self.values[argument] for argument in node.arguments)
            return [self.early.times(a, b) for a, b in product(left, right)]
        if node.operation != "reduce" or node.detail[0] != "sum":
            raise NotCompilable(f"{node.operation} over the samples has no straight-line code")
        return self._reduced(node)

    def _largest(self, values: Sequence[Value]) -> Value:
        largest = values[0]
        for value in values[1:]:
            largest = self.machine.maximum(largest, value)
        return largest


class StraightForm:
    """The functions of a tiny network.

    dtype   of the numbers in memory: parameters and states one after the other
    given   of the rows
    processor  that the code is for
    single  whether a batch is always one row
    """

    def __init__(self, recipe: Recipe, dtype: str, given: str, processor: Processor, *, single: bool) -> None:
        self.recipe, self.dtype, self.processor, self.single = recipe, dtype, processor, single
        self.given = ir.FloatType() if given == "float32" else DOUBLE
        self.leaves = recipe.leaves
        self.memory = for_straight_line_code(self.leaves, dtype)
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

    def _loaded(self, machine: Machine, memory: Any, keys: Sequence[str]) -> dict[Node, list[Value]]:
        """Numbers straight from the memory, which does not change."""
        return {
            self.leaves[key]: [
                machine.load(self._number(machine.builder, machine, memory, key, i))
                for i in range(len(list(places(self.leaves[key].shape))))
            ]
            for key in keys
        }

    # Rows

    def _row(self, machine: Machine, pointers: Mapping[str, Any], row: Any) -> dict[Node, list[Value]]:
        """The numbers of a row of x, t and s, as far as there are pointers to them."""
        builder, known = machine.builder, {}
        for node in self.recipe.data:
            if node.detail in pointers:
                columns = len(list(places(node.shape)))
                start = builder.mul(row, whole(columns))
                known[node] = [
                    self._given(machine, at(builder, pointers[node.detail], builder.add(start, whole(i)), self.given))
                    for i in range(columns)
                ]
        return known

    def _given(self, machine: Machine, place: Any) -> Value:
        builder = machine.builder
        number = builder.load(place, typ=self.given, align=4 if self.given != DOUBLE else 8)
        if self.given == machine.element:
            return machine.value(number)
        return machine.value(builder.fptrunc(number, machine.element) if machine.single else builder.fpext(number, machine.element))

    # The functions

    def _epoch(self, module: ir.Module) -> None:
        recipe = self.recipe
        now: dict[str, Any] = {}

        def before(builder: Any, given: Mapping[str, Any]) -> None:
            machine = Machine(builder, self.dtype)
            code = Straight(recipe, [recipe.error, *recipe.new.values()], machine, single=self.single)
            variables = {key: code.memory(len(list(places(leaf.shape)))) for key, leaf in self.leaves.items()}
            for key, memory in variables.items():
                for i, place in enumerate(memory):
                    machine.store(machine.load(self._number(builder, machine, given["memory"], key, i)), place)
            now.update(builder=builder, given=given, machine=machine, code=code, variables=variables)

        def step(batch: Batch) -> Value:
            builder, given, machine, code, variables = (now[name] for name in ("builder", "given", "machine", "code", "variables"))
            known = {self.leaves[key]: [machine.load(place) for place in memory] for key, memory in variables.items()}
            for values in known.values():
                code.early.note(values, 0)
            wide = Machine(builder, "float64")
            known |= {node: [narrowed(machine, value)] for node, value in settings(code.nodes, wide, batch.outside).items()}
            code.before(known)
            pointers = {key: given[key] for key in ("x", "t", "s")}
            if self.single:
                code.only(self._row(machine, pointers, row_index(builder, given, batch.first)))
            else:
                with counted(builder, batch.first, batch.end, name="sample") as sample:
                    code.each(self._row(machine, pointers, row_index(builder, given, sample)))
                code.after()
            for key, node in recipe.new.items():
                for place, value in zip(variables[key], code.values[node], strict=True):
                    machine.store(value, place)
            return widened(machine, code.values[recipe.error][0])

        def after() -> None:
            machine = now["machine"]
            for key, memory in now["variables"].items():
                for i, place in enumerate(memory):
                    machine.store(machine.load(place), self._number(now["builder"], machine, now["given"]["memory"], key, i))

        emit_epoch(module, self.single, self.dtype, before, step, after)

    def _error(self, module: ir.Module) -> None:
        recipe, start = self.recipe, begun(module, "error")
        builder, given = start.builder, start.arguments
        machine, wide = Machine(builder, self.dtype), Machine(builder, "float64")
        code = Straight(recipe, [recipe.error], machine)
        rows = builder.sitofp(given["rows"], DOUBLE)
        known = self._loaded(machine, given["memory"], list(recipe.parameters))
        known |= {node: [narrowed(machine, value)] for node, value in settings(code.nodes, wide, {"N": wide.value(rows)}).items()}
        code.before(known)
        with tiny_as_zero(builder, self.dtype), counted(builder, 0, given["rows"], name="sample") as sample:
            code.each(self._row(machine, {key: given[key] for key in ("x", "t", "s")}, sample))
        code.after()
        error = builder.fmul(widened(machine, code.values[recipe.error][0]).ir, rows)
        builder.store(builder.fadd(builder.load(given["result"], typ=DOUBLE), error), given["result"])
        builder.ret_void()

    def _predict(self, module: ir.Module) -> None:
        recipe, start = self.recipe, begun(module, "predict")
        builder, given = start.builder, start.arguments
        machine, wide = Machine(builder, self.dtype), Machine(builder, "float64")
        code = Straight(recipe, [recipe.prediction], machine)
        known = self._loaded(machine, given["memory"], list(recipe.parameters))
        known |= {node: [narrowed(machine, value)] for node, value in settings(code.nodes, wide, {}).items()}
        code.before(known)
        with tiny_as_zero(builder, self.dtype), counted(builder, 0, given["rows"], name="sample") as sample:
            code.each(self._row(machine, {"x": given["x"]}, sample))
            outputs = code.values[recipe.prediction]
            place = builder.mul(sample, whole(len(outputs)))
            for j, value in enumerate(outputs):
                machine.store(value, at(builder, given["y"], builder.add(place, whole(j)), machine.element))
        builder.ret_void()
