"""The functions of the stages that are no products: what is emitted for rows, for columns, for all elements of a parameter.

    function(arrays …, single numbers …, result, rows, first, end)

All threads call it, each for its own parts first … end − 1 of what is gone through (`emission.context`). `result` takes the sums
over everything, part by part. Every array is read and written in whole vectors; what stands in the padding at its right edge
is computed along, and kept out of every sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from chainrule.engines.compiled.emission.context import ModuleContext, sum_place
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.graph.layout import Panels
from chainrule.engines.compiled.graph.operations import Operation, over_batch, rows_each
from chainrule.engines.compiled.kernels.evaluation import COLUMN, FULL, ROW, Evaluator
from chainrule.engines.compiled.kernels.products import ProductKernel
from chainrule.engines.compiled.kernels.program import NARROW, StageSignature, ThreadFrame, levels
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import (
    DOUBLE,
    I32,
    I64,
    POINTER,
    at,
    internal_function,
    lesser,
    loop,
    multiply_integers,
    share_of,
    whole,
)
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue


class LoopKernel:
    """A function being emitted: its machine, its arguments.

    by_rows  whether it goes through rows, each thread through its own
    """

    def __init__(self, context: ModuleContext, name: str, signature: StageSignature, by_rows: bool = False) -> None:
        self.context, self.signature, self.by_rows = context, signature, by_rows
        types = [POINTER] * len(signature.buffers) + [context.element] * len(signature.figures) + [POINTER, I64, I64, I64]
        self.function = internal_function(context.module, name, types, distinct=len(signature.buffers))
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.machine = Machine(self.builder, context.dtype, context.lanes)
        self.single = Machine(self.builder, context.dtype, 1)
        self.figures = dict(zip(signature.figures, self.function.args[len(signature.buffers) : -4], strict=True))
        self.vectors = {node: self.machine.splat(argument) for node, argument in self.figures.items()}
        self.result, self.rows, self.first, self.end = self.function.args[-4:]
        self.sums = {node: self.builder.alloca(self._adding(node).type) for node in signature.totals}

    def _adding(self, node: Operation) -> Machine:
        """The machine that adds up a sum over everything: of single numbers, or of vectors."""
        shape = node.arguments[0].shape
        return self.single if len(shape) == 1 and over_batch(shape) else self.machine

    @contextmanager
    def parts(self, items: int) -> Iterator[tuple[Any, Any]]:
        """Emit inside: what is done for a part of so many items, the first of which and the one behind its last are given. Sums over
        everything begin at 0 with each part, and go out with its end.
        """
        parts = self.context.parts
        with loop(self.builder, self.first, self.end, name="part") if parts > 1 else nullcontext(0) as part:
            for node, place in self.sums.items():
                self._adding(node).store(0.0, place)
            yield share_of(self.builder, items, part, parts) if parts > 1 else (0, items)
            self._out(part)

    def add(self, node: Operation, value: MachineValue) -> None:
        """Add to a sum over everything."""
        place, machine = self.sums[node], value.machine
        machine.store(machine.load(place, align=None) + value, place)

    def _out(self, part: Any) -> None:
        """The sums of a part go out."""
        for i, (node, place) in enumerate(self.sums.items()):
            machine = self._adding(node)
            total = machine.sum(machine.load(place)).ir
            total = self.builder.fpext(total, DOUBLE) if self.context.dtype == "float32" else total
            self.builder.store(total, sum_place(self.builder, self.result, i, part))

    def call(self, frame: ThreadFrame, signature: StageSignature, numbers: Sequence[Any], result: Any) -> None:
        """Call the function for a stage of this structure, which reads these single numbers; its sums go to `result`."""
        buffers = [frame.pointer(buffer) for buffer in signature.buffers]
        frame.builder.call(self.function, [*buffers, *numbers, result, frame.rows, *frame.parts])

    # Places

    def pointer(self, buffer: Buffer) -> Any:
        """The address of an array."""
        return self.function.args[self.signature.buffers.index(buffer)]

    def place(self, buffer: Buffer, role: str, row: Any, column: Any) -> Any:
        """Where an element of an array by rows, or a number of a column or a row, lies."""
        builder, pointer, element = self.builder, self.pointer(buffer), self.context.element
        if role == ROW:
            return at(builder, pointer, builder.mul(row, whole(buffer.stride)) if buffer.stride > 1 else row, element)
        if role == COLUMN:
            return at(builder, pointer, column, element)
        return at(builder, pointer, builder.add(builder.mul(row, whole(buffer.stride)), column), element)

    def evaluator(self, row: Any, column: Any, along: Evaluator | None = None) -> Evaluator:
        """The formulas at a place of an array by rows."""

        def load(buffer: Buffer, role: str) -> MachineValue:
            if role == ROW:
                return self.machine.splat(self.single.load(self.place(buffer, ROW, row, None)))
            return self.machine.load(self.place(buffer, role, row, column))

        return Evaluator(self.machine, self.signature, load, self.vectors.__getitem__, along)

    def row_evaluator(self, row: Any) -> Evaluator:
        """The formulas that have one number a row."""

        def load(buffer: Buffer, role: str) -> MachineValue:
            return self.single.load(self.place(buffer, ROW, row, None))

        return Evaluator(self.single, self.signature, load, lambda node: self.single.value(self.figures[node]))

    def keep(self, node: Operation, value: MachineValue, role: str, row: Any, column: Any) -> None:
        """Store a value, if it is to be stored."""
        if self.signature.kept(node):
            value.machine.store(value, self.place(self.signature.program.home[node], role, row, column))

    @contextmanager
    def vectors_of_columns(self, columns: int) -> Iterator[Any]:
        """Emit inside: what is done for a vector of columns, the first of which is given."""
        lanes = self.machine.lanes
        with self.parts(-(-columns // lanes)) as (first, end), loop(self.builder, first, end, name="vector") as vector:
            yield self.builder.mul(whole(vector), whole(lanes))

    def masked(self, value: MachineValue, column: Any, columns: int, otherwise: float) -> MachineValue:
        """The value where there is a column, something harmless in the padding; `column` is that of the first lane."""
        lanes = self.machine.lanes
        if columns % lanes == 0 or lanes == 1 or (isinstance(column, int) and column + lanes <= columns):
            return value
        place = ir.VectorType(I32, lanes)(list(range(lanes)))
        true = self._lanes_of(self.builder.sub(whole(columns), whole(column)))
        return self.machine.choose(self.builder.icmp_signed("<", place, true), value, otherwise)

    def _lanes_of(self, number: Any) -> Any:
        """A whole number in every lane."""
        lanes, number = self.machine.lanes, self.builder.trunc(number, I32)
        vector = ir.VectorType(I32, lanes)
        empty = vector(ir.Undefined)
        first = self.builder.insert_element(empty, number, I32(0))
        return self.builder.shuffle_vector(first, empty, vector([0] * lanes))


# Rows


def rows_kernel(context: ModuleContext, name: str, signature: StageSignature) -> LoopKernel:
    """Row after row."""
    kernel, shape = LoopKernel(context, name, signature, by_rows=True), signature.stage.shape
    builder, each = kernel.builder, rows_each(shape)
    columns = int(shape[1]) if len(shape) > 1 else 0
    with kernel.parts(context.rows) as (first, end):
        bounds = [multiply_integers(builder, bound, each) for bound in (first, lesser(builder, end, kernel.rows))]
        with loop(builder, bounds[0], bounds[1], name="row") as row:
            narrow = -(-columns // context.lanes) <= NARROW
            (_narrow if narrow else _wide)(kernel, row, columns)
    builder.ret_void()
    return kernel


def _narrow(kernel: LoopKernel, row: Any, columns: int) -> None:
    """A row that is in registers as a whole."""
    lanes, along = kernel.machine.lanes, kernel.row_evaluator(row)
    starts = list(range(0, columns, lanes))
    evaluators = [kernel.evaluator(row, whole(start), along) for start in starts]
    later: list[tuple[Operation, MachineValue, str, Any]] = []
    for node in kernel.signature.stage.nodes:
        if node.opcode == "reduce":
            (argument,) = node.arguments
            if len(argument.shape) == 1:
                kernel.add(node, along.value(argument, ROW))
                continue
            kind = node.detail[0]
            harmless = 0.0 if kind == "sum" else float("-inf")
            parts = [
                kernel.masked(evaluator.value(argument), start, columns, harmless)
                for evaluator, start in zip(evaluators, starts, strict=True)
            ]
            whole_row = _joined(parts, kind)
            if node.shape:
                along.known[node, ROW] = kernel.machine.sum(whole_row) if kind == "sum" else kernel.machine.max(whole_row)
                later.append((node, along.known[node, ROW], ROW, None))
            else:
                kernel.add(node, whole_row)
        elif len(node.shape) == 1:
            later.append((node, along.value(node, ROW), ROW, None))
        else:
            later += [(node, evaluator.value(node), FULL, whole(start)) for evaluator, start in zip(evaluators, starts, strict=True)]
    for node, value, role, column in later:
        kernel.keep(node, value, role, row, column)


def _joined(parts: Sequence[MachineValue], kind: str) -> MachineValue:
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + part if kind == "sum" else part.machine.maximum(joined, part)
    return joined


def _wide(kernel: LoopKernel, row: Any, columns: int) -> None:
    """A row that is gone through several times."""
    stage, lanes = kernel.signature.stage, kernel.machine.lanes
    level = levels(stage, kernel.signature.program.schedule)
    along = kernel.row_evaluator(row)
    last = (columns - 1) // lanes * lanes
    for now in range(max(level.values()) + 1):
        nodes = [node for node in stage.nodes if level[node] == now]
        across = [node for node in nodes if len(node.shape) > 1 or (node.opcode == "reduce" and len(node.arguments[0].shape) > 1)]
        sums = {node: _row_sum(kernel, node) for node in across if node.opcode == "reduce" and node.shape}

        def at(column: Any, start: int, now: int = now, across: list[Operation] = across, sums: dict[Operation, Any] = sums) -> None:
            evaluator = kernel.evaluator(row, column, along)
            for node in kernel.signature.stage.nodes:
                if level[node] < now and len(node.shape) > 1 and kernel.signature.kept(node):
                    evaluator.known[node, FULL] = evaluator.load(kernel.signature.program.home[node], FULL)
            stored = []
            for node in across:
                if node.opcode != "reduce":
                    stored.append((node, evaluator.value(node)))
                    continue
                kind = node.detail[0]
                value = kernel.masked(evaluator.value(node.arguments[0]), start, columns, 0.0 if kind == "sum" else float("-inf"))
                if node.shape:
                    kernel.machine.store(_joined([kernel.machine.load(sums[node]), value], kind), sums[node])
                else:
                    kernel.add(node, value)
            for node, value in stored:
                kernel.keep(node, value, FULL, row, column)

        for node in across:
            _before_columns(along, node, set())
        if across:
            with loop(kernel.builder, 0, last, lanes, name="column") as column:
                at(whole(column), 0)
            at(whole(last), last)
        for node in nodes:
            if node in sums:
                vector = kernel.machine.load(sums[node])
                along.known[node, ROW] = kernel.machine.sum(vector) if node.detail[0] == "sum" else kernel.machine.max(vector)
            elif node.opcode == "reduce" and len(node.arguments[0].shape) == 1:
                kernel.add(node, along.value(node.arguments[0], ROW))
            if len(node.shape) == 1:
                kernel.keep(node, along.value(node, ROW), ROW, row, None)


def _before_columns(along: Evaluator, node: Operation, seen: set[Operation]) -> None:
    """What has one number a row and is needed along the columns is computed before them."""
    signature = along.signature
    for argument in node.arguments:
        if node.opcode == "spread" and node.detail == (1,) and len(argument.shape) == 1:
            along.value(argument, ROW)
        elif argument not in seen and not signature.outer(argument) and argument not in signature.stage.nodes:
            seen.add(argument)
            _before_columns(along, argument, seen)


def _row_sum(kernel: LoopKernel, node: Operation) -> Any:
    """A sum, or the largest, over a row begins anew."""
    with kernel.builder.goto_entry_block():
        place = kernel.builder.alloca(kernel.machine.type)
    kernel.machine.store(0.0 if node.detail[0] == "sum" else float("-inf"), place)
    return place


# Columns


def columns_kernel(context: ModuleContext, name: str, signature: StageSignature) -> LoopKernel | ProductKernel:
    """Sums over the rows, a vector of columns after the other, and what follows from them."""
    first, *rest = signature.stage.nodes
    if signature.outer(first.arguments[0]) and not any(node.opcode == "reduce" for node in rest):
        return ProductKernel(context, name, signature)
    kernel = LoopKernel(context, name, signature)
    builder, machine = kernel.builder, kernel.machine
    sums = [node for node in signature.stage.nodes if node.opcode == "reduce"]
    each = rows_each(first.arguments[0].shape)
    with builder.goto_entry_block():
        places = {node: builder.alloca(machine.type) for node in sums}
    with kernel.vectors_of_columns(int(signature.stage.shape[0])) as column:
        for place in places.values():
            machine.store(0.0, place)
        with loop(builder, 0, builder.mul(kernel.rows, whole(each)), name="row") as row:
            evaluator = kernel.evaluator(row, column)
            for node in sums:
                machine.store(machine.load(places[node]) + evaluator.value(node.arguments[0]), places[node])
        _columnwise(kernel, whole(0), column, {node: machine.load(place) for node, place in places.items()})
    builder.ret_void()
    return kernel


def _columnwise(kernel: LoopKernel, row: Any, column: Any, known: Mapping[Operation, MachineValue]) -> None:
    """The nodes of the stage that have one number a column."""
    evaluator = kernel.evaluator(row, column)
    evaluator.known |= {(node, COLUMN): value for node, value in known.items()}
    values = [(node, evaluator.value(node, COLUMN)) for node in kernel.signature.stage.nodes if node.shape]
    for node, value in values:
        kernel.keep(node, value, COLUMN, row, column)


# Parameters


def flat_kernel(context: ModuleContext, name: str, signature: StageSignature) -> LoopKernel:
    """All elements of a parameter."""
    kernel = LoopKernel(context, name, signature)
    if len(signature.stage.shape) == 1:
        _vector(kernel, int(signature.stage.shape[0]))
    else:
        _matrix(kernel, context.layout(*map(int, signature.stage.shape)))
    kernel.builder.ret_void()
    return kernel


def _vector(kernel: LoopKernel, columns: int) -> None:
    """The elements of a bias."""
    with kernel.vectors_of_columns(columns) as column:
        for node, value in _values(kernel, kernel.evaluator(whole(0), column), COLUMN, column, columns):
            kernel.keep(node, value, COLUMN, whole(0), column)


def _matrix(kernel: LoopKernel, layout: Panels) -> None:
    """The elements of a matrix; a part is some of its rows, in all panels."""
    builder, lanes = kernel.builder, layout.lanes
    edge = layout.count * layout.width

    with kernel.parts(layout.rows) as (top, bottom):

        def panel(start: Any, width: int, first: Any, columns: int) -> None:
            """A panel: where it begins, the distance of its rows, the first of its columns, and how many there are."""
            with loop(builder, top, bottom, name="row") as row:
                row = whole(row)
                for column in range(0, columns, lanes):
                    offset = builder.add(builder.add(start, builder.mul(row, whole(width))), whole(column))
                    _panel_elements(kernel, row, builder.add(first, whole(column)), offset, column, columns)

        if layout.count:
            with loop(builder, 0, layout.count, name="panel") as number:
                panel(
                    builder.mul(whole(number), whole(layout.stride)),
                    layout.width,
                    builder.mul(whole(number), whole(layout.width)),
                    layout.width,
                )
        if layout.rest:
            panel(whole(layout.count * layout.stride), layout.rest, whole(edge), layout.columns - edge)


def _panel_elements(kernel: LoopKernel, row: Any, column: Any, offset: Any, start: int, columns: int) -> None:
    def load(buffer: Buffer, role: str) -> MachineValue:
        if role == ROW:
            return kernel.machine.splat(kernel.single.load(kernel.place(buffer, ROW, row, None)))
        if role == COLUMN:
            return kernel.machine.load(kernel.place(buffer, COLUMN, row, column))
        return kernel.machine.load(at(kernel.builder, kernel.pointer(buffer), offset, kernel.context.element))

    evaluator = Evaluator(kernel.machine, kernel.signature, load, kernel.vectors.__getitem__)
    values = _values(kernel, evaluator, FULL, start, columns)
    for node, value in values:
        if kernel.signature.kept(node):
            buffer = kernel.signature.program.home[node]
            kernel.machine.store(value, at(kernel.builder, kernel.pointer(buffer), offset, kernel.context.element))


def _values(kernel: LoopKernel, evaluator: Evaluator, role: str, start: Any, columns: int) -> list[tuple[Operation, MachineValue]]:
    """The values to be stored; sums over everything are added to."""
    values = []
    for node in kernel.signature.stage.nodes:
        if node.opcode == "reduce":
            kernel.add(node, kernel.masked(evaluator.value(node.arguments[0], role), start, columns, 0.0))
        else:
            values.append((node, evaluator.value(node, role)))
    return values
