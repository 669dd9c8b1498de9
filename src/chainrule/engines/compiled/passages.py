"""The functions of the stages that are no products: what is emitted for rows, for columns, for all elements of a parameter.

    function(arrays …, single numbers …, result, rows, first, end)

All threads call it, each for its own parts first … end − 1 of what is gone through (`engines.compiled.sharing`). `result` takes the sums
over everything, part by part. Every array is read and written in whole vectors; what stands in the padding at its right edge
is computed along, and kept out of every sum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from chainrule.engines import ir
from chainrule.engines.compiled.buffers import Buffer
from chainrule.engines.compiled.epilogues import ProductPassage
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import DOUBLE, I32, I64, POINTER, VOID, at, counted, whole
from chainrule.engines.compiled.layout import Panels
from chainrule.engines.compiled.points import COLUMN, FULL, ROW, Point
from chainrule.engines.compiled.sharing import share_of, sum_place
from chainrule.engines.compiled.stages import Plan, Stage
from chainrule.engines.machine import Machine, Value
from chainrule.network.derivation import BATCH

if TYPE_CHECKING:
    from chainrule.engines.compiled.calls import Emitted
    from chainrule.engines.compiled.kernels import Kernels, Outline

NARROW = 8
"""Vectors of a row up to which all of it is in registers at once."""


class Passage:
    """A function being emitted: its machine, its arguments.

    by_rows  whether it goes through rows, each thread through its own
    """

    def __init__(self, kernels: Kernels, name: str, outline: Outline, by_rows: bool = False) -> None:
        self.kernels, self.outline, self.by_rows = kernels, outline, by_rows
        types = [POINTER] * len(outline.buffers) + [kernels.element] * len(outline.figures) + [POINTER, I64, I64, I64]
        self.function = ir.Function(kernels.module, ir.FunctionType(VOID, types), name)
        self.function.linkage = "internal"
        for attribute in ("nounwind", "noinline"):
            self.function.attributes.add(attribute)
        for argument in self.function.args[: len(outline.buffers)]:
            argument.add_attribute("noalias")
        self.builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.machine = Machine(self.builder, kernels.dtype, kernels.lanes)
        self.single = Machine(self.builder, kernels.dtype, 1)
        self.figures = dict(zip(outline.figures, self.function.args[len(outline.buffers) : -4], strict=True))
        self.vectors = {node: self.machine.splat(argument) for node, argument in self.figures.items()}
        self.result, self.rows, self.first, self.end = self.function.args[-4:]
        self.sums = {node: self.builder.alloca(self._adding(node).type) for node in outline.totals}

    def _adding(self, node: Node) -> Machine:
        """The machine that adds up a sum over everything: of single numbers, or of vectors."""
        return self.single if node.arguments[0].shape == (BATCH,) else self.machine

    @contextmanager
    def parts(self, pieces: int) -> Iterator[tuple[Any, Any]]:
        """Emit inside: what is done for a part of so many pieces, the first of which and the one behind its last are given. Sums over
        everything begin at 0 with each part, and go out with its end.
        """
        parts = self.kernels.parts
        with counted(self.builder, self.first, self.end, name="part") if parts > 1 else nullcontext(whole(0)) as part:
            for node, place in self.sums.items():
                self._adding(node).store(0.0, place)
            yield share_of(self.builder, pieces, part, parts) if parts > 1 else (whole(0), whole(pieces))
            self._out(part)

    def add(self, node: Node, value: Value) -> None:
        """Add to a sum over everything."""
        place, machine = self.sums[node], value.machine
        machine.store(machine.load(place, align=None) + value, place)

    def _out(self, part: Any) -> None:
        """The sums of a part go out."""
        for i, (node, place) in enumerate(self.sums.items()):
            machine = self._adding(node)
            total = machine.sum(machine.load(place)).ir
            total = self.builder.fpext(total, DOUBLE) if self.kernels.dtype == "float32" else total
            self.builder.store(total, sum_place(self.builder, self.result, i, part))

    def call(self, emitted: Emitted, outline: Outline, numbers: Sequence[Any], result: Any) -> None:
        """Call the function for a stage of this structure, which reads these single numbers; its sums go to `result`."""
        buffers = [emitted.pointer(buffer) for buffer in outline.buffers]
        emitted.builder.call(self.function, [*buffers, *numbers, result, emitted.rows, *emitted.parts])

    # Places

    def there(self, row: Any) -> Any:
        """A row, or the one behind the last of the batch if it has fewer."""
        return self.builder.select(self.builder.icmp_unsigned("<", row, self.rows), row, self.rows)

    def pointer(self, buffer: Buffer) -> Any:
        """The address of an array."""
        return self.function.args[self.outline.buffers.index(buffer)]

    def place(self, buffer: Buffer, role: str, row: Any, column: Any) -> Any:
        """Where an element of an array by rows, or a number of a column or a row, lies."""
        builder, pointer, element = self.builder, self.pointer(buffer), self.kernels.element
        if role == ROW:
            return at(builder, pointer, row, element)
        if role == COLUMN:
            return at(builder, pointer, column, element)
        return at(builder, pointer, builder.add(builder.mul(row, whole(buffer.stride)), column), element)

    def point(self, row: Any, column: Any, along: Point | None = None) -> Point:
        """The formulas at a place of an array by rows."""

        def load(buffer: Buffer, role: str) -> Value:
            if role == ROW:
                return self.machine.splat(self.single.load(self.place(buffer, ROW, row, None)))
            return self.machine.load(self.place(buffer, role, row, column))

        return Point(self.machine, self.outline, load, self.vectors.__getitem__, along)

    def row_point(self, row: Any) -> Point:
        """The formulas that have one number a row."""

        def load(buffer: Buffer, role: str) -> Value:
            return self.single.load(self.place(buffer, ROW, row, None))

        return Point(self.single, self.outline, load, lambda node: self.single.value(self.figures[node]))

    def keep(self, node: Node, value: Value, role: str, row: Any, column: Any) -> None:
        """Store a value, if it is to be stored."""
        if self.outline.kept(node):
            value.machine.store(value, self.place(self.outline.program.home[node], role, row, column))

    @contextmanager
    def vectors_of_columns(self, columns: int) -> Iterator[Any]:
        """Emit inside: what is done for a vector of columns, the first of which is given."""
        lanes = self.machine.lanes
        with self.parts(-(-columns // lanes)) as (first, end), counted(self.builder, first, end, name="vector") as vector:
            yield self.builder.mul(vector, whole(lanes))

    def masked(self, value: Value, column: Any, columns: int, otherwise: float) -> Value:
        """The value where there is a column, something harmless in the padding; `column` is that of the first lane."""
        lanes = self.machine.lanes
        if columns % lanes == 0 or lanes == 1 or (isinstance(column, int) and column + lanes <= columns):
            return value
        place = ir.Constant(ir.VectorType(I32, lanes), list(range(lanes)))
        true = self._lanes_of(self.builder.sub(whole(columns), whole(column)))
        return self.machine.choose(self.builder.icmp_signed("<", place, true), value, otherwise)

    def _lanes_of(self, number: Any) -> Any:
        """A whole number in every lane."""
        lanes, number = self.machine.lanes, self.builder.trunc(number, I32)
        empty = ir.Constant(ir.VectorType(I32, lanes), ir.Undefined)
        first = self.builder.insert_element(empty, number, I32(0))
        return self.builder.shuffle_vector(first, empty, ir.Constant(ir.VectorType(I32, lanes), [0] * lanes))


# Rows


def rows_passage(kernels: Kernels, name: str, outline: Outline) -> Passage:
    """Row after row."""
    passage = Passage(kernels, name, outline, by_rows=True)
    columns = int(outline.stage.shape[1]) if len(outline.stage.shape) > 1 else 0
    with passage.parts(kernels.most) as (first, end), counted(passage.builder, first, passage.there(end), name="row") as row:
        if -(-columns // kernels.lanes) <= NARROW:
            _narrow(passage, row, columns)
        else:
            _wide(passage, row, columns)
    passage.builder.ret_void()
    return passage


def _narrow(passage: Passage, row: Any, columns: int) -> None:
    """A row that is in registers as a whole."""
    lanes, along = passage.machine.lanes, passage.row_point(row)
    starts = list(range(0, columns, lanes))
    points = [passage.point(row, whole(start), along) for start in starts]
    later: list[tuple[Node, Value, str, Any]] = []
    for node in passage.outline.stage.nodes:
        if node.operation == "reduce":
            (argument,) = node.arguments
            if len(argument.shape) == 1:
                passage.add(node, along.value(argument, ROW))
                continue
            kind = node.detail[0]
            harmless = 0.0 if kind == "sum" else float("-inf")
            parts = [passage.masked(point.value(argument), start, columns, harmless) for point, start in zip(points, starts, strict=True)]
            whole_row = _joined(parts, kind)
            if node.shape:
                along.known[node, ROW] = passage.machine.sum(whole_row) if kind == "sum" else passage.machine.max(whole_row)
                later.append((node, along.known[node, ROW], ROW, None))
            else:
                passage.add(node, whole_row)
        elif len(node.shape) == 1:
            later.append((node, along.value(node, ROW), ROW, None))
        else:
            later += [(node, point.value(node), FULL, whole(start)) for point, start in zip(points, starts, strict=True)]
    for node, value, role, column in later:
        passage.keep(node, value, role, row, column)


def _joined(parts: Sequence[Value], kind: str) -> Value:
    joined = parts[0]
    for part in parts[1:]:
        joined = joined + part if kind == "sum" else part.machine.maximum(joined, part)
    return joined


def levels(stage: Stage, plan: Plan) -> dict[Node, int]:
    """For a wide row, in which passage over its columns each node is computed: one that needs a sum over the row comes after it."""
    found: dict[Node, int] = {}
    for node in stage.nodes:
        level = 0
        for source in plan.near[node]:
            if source in found:
                ready = found[source] + (source.operation == "reduce" or len(source.shape) == 1)
                level = max(level, ready if node.operation == "reduce" or len(node.shape) > 1 else found[source])
        found[node] = level
    return found


def between(plan: Plan, lanes: int) -> Iterator[Node]:
    """What wide rows keep in memory from one passage over their columns to the next."""
    for stage in plan.stages:
        if stage.kind == "rows" and len(stage.shape) > 1 and -(-int(stage.shape[1]) // lanes) > NARROW:
            level = levels(stage, plan)
            for node in stage.nodes:
                for source in plan.near[node]:
                    if source in level and len(source.shape) > 1 and level[source] < level[node]:
                        yield source


def _wide(passage: Passage, row: Any, columns: int) -> None:
    """A row that is gone through several times."""
    stage, lanes = passage.outline.stage, passage.machine.lanes
    level = levels(stage, passage.outline.program.plan)
    along = passage.row_point(row)
    last = (columns - 1) // lanes * lanes
    for now in range(max(level.values()) + 1):
        nodes = [node for node in stage.nodes if level[node] == now]
        across = [node for node in nodes if len(node.shape) > 1 or (node.operation == "reduce" and len(node.arguments[0].shape) > 1)]
        sums = {node: _row_sum(passage, node) for node in across if node.operation == "reduce" and node.shape}

        def at(column: Any, start: int, now: int = now, across: list[Node] = across, sums: dict[Node, Any] = sums) -> None:
            point = passage.point(row, column, along)
            for node in passage.outline.stage.nodes:
                if level[node] < now and len(node.shape) > 1 and passage.outline.kept(node):
                    point.known[node, FULL] = point.load(passage.outline.program.home[node], FULL)
            stored = []
            for node in across:
                if node.operation != "reduce":
                    stored.append((node, point.value(node)))
                    continue
                kind = node.detail[0]
                value = passage.masked(point.value(node.arguments[0]), start, columns, 0.0 if kind == "sum" else float("-inf"))
                if node.shape:
                    passage.machine.store(_joined([passage.machine.load(sums[node]), value], kind), sums[node])
                else:
                    passage.add(node, value)
            for node, value in stored:
                passage.keep(node, value, FULL, row, column)

        for node in across:
            _before_columns(along, node, set())
        if across:
            with counted(passage.builder, 0, last, lanes, name="column") as column:
                at(column, 0)
            at(whole(last), last)
        for node in nodes:
            if node in sums:
                vector = passage.machine.load(sums[node])
                along.known[node, ROW] = passage.machine.sum(vector) if node.detail[0] == "sum" else passage.machine.max(vector)
            elif node.operation == "reduce" and len(node.arguments[0].shape) == 1:
                passage.add(node, along.value(node.arguments[0], ROW))
            if len(node.shape) == 1:
                passage.keep(node, along.value(node, ROW), ROW, row, None)


def _before_columns(along: Point, node: Node, seen: set[Node]) -> None:
    """What has one number a row and is needed along the columns is computed before them."""
    outline = along.outline
    for argument in node.arguments:
        if node.operation == "spread" and node.detail == (1,) and len(argument.shape) == 1:
            along.value(argument, ROW)
        elif argument not in seen and not outline.outer(argument) and argument not in outline.stage.nodes:
            seen.add(argument)
            _before_columns(along, argument, seen)


def _row_sum(passage: Passage, node: Node) -> Any:
    """A sum, or the largest, over a row begins anew."""
    with passage.builder.goto_entry_block():
        place = passage.builder.alloca(passage.machine.type)
    passage.machine.store(0.0 if node.detail[0] == "sum" else float("-inf"), place)
    return place


# Columns


def columns_passage(kernels: Kernels, name: str, outline: Outline) -> Passage | ProductPassage:
    """Sums over the rows, a vector of columns after the other, and what follows from them."""
    first, *rest = outline.stage.nodes
    if outline.outer(first.arguments[0]) and not any(node.operation == "reduce" for node in rest):
        return ProductPassage(kernels, name, outline)
    passage = Passage(kernels, name, outline)
    builder, machine = passage.builder, passage.machine
    sums = [node for node in outline.stage.nodes if node.operation == "reduce"]
    with builder.goto_entry_block():
        places = {node: builder.alloca(machine.type) for node in sums}
    with passage.vectors_of_columns(int(outline.stage.shape[0])) as column:
        for place in places.values():
            machine.store(0.0, place)
        with counted(builder, 0, passage.rows, name="row") as row:
            point = passage.point(row, column)
            for node in sums:
                machine.store(machine.load(places[node]) + point.value(node.arguments[0]), places[node])
        _columnwise(passage, whole(0), column, {node: machine.load(place) for node, place in places.items()})
    builder.ret_void()
    return passage


def _columnwise(passage: Passage, row: Any, column: Any, known: Mapping[Node, Value]) -> None:
    """The nodes of the stage that have one number a column."""
    point = passage.point(row, column)
    point.known |= {(node, COLUMN): value for node, value in known.items()}
    values = [(node, point.value(node, COLUMN)) for node in passage.outline.stage.nodes if node.shape]
    for node, value in values:
        passage.keep(node, value, COLUMN, row, column)


# Parameters


def flat_passage(kernels: Kernels, name: str, outline: Outline) -> Passage:
    """All elements of a parameter."""
    passage = Passage(kernels, name, outline)
    if len(outline.stage.shape) == 1:
        _vector(passage, int(outline.stage.shape[0]))
    else:
        _matrix(passage, kernels.kit.layout(*map(int, outline.stage.shape)))
    passage.builder.ret_void()
    return passage


def _vector(passage: Passage, columns: int) -> None:
    """The elements of a bias."""
    with passage.vectors_of_columns(columns) as column:
        for node, value in _values(passage, passage.point(whole(0), column), COLUMN, column, columns):
            passage.keep(node, value, COLUMN, whole(0), column)


def _matrix(passage: Passage, layout: Panels) -> None:
    """The elements of a matrix; a part is some of its rows, in all panels."""
    builder, lanes = passage.builder, layout.lanes
    edge = layout.count * layout.width

    with passage.parts(layout.rows) as (top, bottom):

        def panel(start: Any, width: int, first: Any, columns: int) -> None:
            """A panel: where it begins, the distance of its rows, the first of its columns, and how many there are."""
            with counted(builder, top, bottom, name="row") as row:
                for column in range(0, columns, lanes):
                    offset = builder.add(builder.add(start, builder.mul(row, whole(width))), whole(column))
                    _panel_elements(passage, row, builder.add(first, whole(column)), offset, column, columns)

        with counted(builder, 0, layout.count, name="panel") as number:
            panel(builder.mul(number, whole(layout.stride)), layout.width, builder.mul(number, whole(layout.width)), layout.width)
        if layout.rest:
            panel(whole(layout.count * layout.stride), layout.rest, whole(edge), layout.columns - edge)


def _panel_elements(passage: Passage, row: Any, column: Any, offset: Any, start: int, columns: int) -> None:
    def load(buffer: Buffer, role: str) -> Value:
        if role == ROW:
            return passage.machine.splat(passage.single.load(passage.place(buffer, ROW, row, None)))
        if role == COLUMN:
            return passage.machine.load(passage.place(buffer, COLUMN, row, column))
        return passage.machine.load(at(passage.builder, passage.pointer(buffer), offset, passage.kernels.element))

    point = Point(passage.machine, passage.outline, load, passage.vectors.__getitem__)
    values = _values(passage, point, FULL, start, columns)
    for node, value in values:
        if passage.outline.kept(node):
            buffer = passage.outline.program.home[node]
            passage.machine.store(value, at(passage.builder, passage.pointer(buffer), offset, passage.kernels.element))


def _values(passage: Passage, point: Point, role: str, start: Any, columns: int) -> list[tuple[Node, Value]]:
    """The values to be stored; sums over everything are added to."""
    values = []
    for node in passage.outline.stage.nodes:
        if node.operation == "reduce":
            passage.add(node, passage.masked(point.value(node.arguments[0], role), start, columns, 0.0))
        else:
            values.append((node, point.value(node, role)))
    return values


KINDS: dict[str, Callable[[Any, str, Any], Any]] = {
    "product": ProductPassage,
    "rows": rows_passage,
    "columns": columns_passage,
    "flat": flat_passage,
}
