"""Larger networks as kernels: the stages of a step, each a function of its own, called one after the other.

Stages that are alike (the layers of a deep network) share a function: it takes the addresses of its arrays as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.engines import ir
from chainrule.engines.compiled import passages, transport
from chainrule.engines.compiled.abi import begun
from chainrule.engines.compiled.buffers import LINE, Buffer, Buffers, for_kernels
from chainrule.engines.compiled.calls import Emitted, Task
from chainrule.engines.compiled.epochs import Batch, emit_epoch
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import DOUBLE, at, counted, whole
from chainrule.engines.compiled.pieces import tiny_as_zero
from chainrule.engines.compiled.products import Kit
from chainrule.engines.compiled.recipe import Recipe, below
from chainrule.engines.compiled.settings import setting_nodes
from chainrule.engines.compiled.sharing import PARTS, SUM, Access, figures_access, passage_access, share_of, sum_place, total, way
from chainrule.engines.compiled.stages import Plan, Stage, operand
from chainrule.engines.compiled.target import Processor, itemsize
from chainrule.engines.compiled.threads import wait
from chainrule.engines.machine import Machine, Value
from chainrule.network.derivation import BATCH


def whole_lines(count: int) -> int:
    """Bytes, in whole lines of the cache."""
    return -(-count // LINE) * LINE


class KernelForm:
    """The functions of a network.

    rows   a batch has room for so many; products go through all of them, but sums over a batch end with its last row
    given  type of the rows that come from outside
    threads  so many may share the steps of an epoch
    """

    def __init__(self, recipe: Recipe, dtype: str, given: str, processor: Processor, rows: int, threads: int = 1) -> None:
        self.recipe, self.dtype, self.given, self.processor = recipe, dtype, given, processor
        self.rows, self.threads = rows, threads
        self.leaves = recipe.leaves
        self.memory = for_kernels(self.leaves, dtype, processor)
        self.room, self.apart = 0, 0

    # The functions

    def module(self, name: str) -> ir.Module:
        """The function of that name."""
        module = ir.Module("kernels")
        module.triple = self.processor.triple
        threads = self.threads if name == "epoch" else 1
        self.kernels = kernels = Kernels(module, self.dtype, self.processor, self.rows, threads)
        {"epoch": self._epoch, "error": self._error, "predict": self._predict}[name](module, kernels)
        self.room = self.program.room.length
        self.apart = self.program.apart.length + whole_lines(kernels.scratch * itemsize(self.dtype))
        return module

    def _epoch(self, module: ir.Module, kernels: Kernels) -> None:
        recipe = self.recipe
        new = {self.leaves[key]: node for key, node in recipe.new.items()}
        program = self.program = Program(self, [recipe.error, *new.values()], new)
        now: dict[str, Any] = {}

        def before(builder: Any, given: Mapping[str, Any]) -> None:
            now.update(builder=builder, given=given)

        def step(batch: Batch) -> Value:
            builder, given = now["builder"], now["given"]
            emitted = Emitted(builder, program, kernels, given, batch.rows, batch.outside)
            order = [given[name] for name in ("order", "by_order", "as_they_lie")]
            for node in program.data:
                array = program.home[node]
                start, count = (whole(0), batch.rows) if array.region == "apart" else emitted.part_of_rows()
                copy = kernels.gather(self.given, array, ordered=True)
                builder.call(copy, [given[node.detail], emitted.row(array, start), *order, builder.add(batch.first, start), count])
                emitted.since.append(Access({array: way(array, by_rows=True)}, frozenset([array])))
            return emitted.stages(program.plan.stages)[recipe.error]

        emit_epoch(module, False, self.dtype, before, step, lambda: None)

    def _measuring(self, module: ir.Module, kernels: Kernels, name: str, root: Node) -> Emitted:
        """A function that takes no step, begun. Each thread goes through blocks of rows of its own."""
        start = begun(module, name)
        count = Machine(start.builder, "float64").value(start.builder.sitofp(start.arguments["rows"], DOUBLE))
        self.program = Program(self, [root], {}, shared=False)
        return Emitted(start.builder, self.program, kernels, start.arguments, None, {"N": count})

    @contextmanager
    def _blocks(self, emitted: Emitted, pieces: Callable[[Any], tuple[Any, Any]]) -> Iterator[Any]:
        """What is emitted inside is done for a block of rows after the other; gives the first row.

        pieces  of so many blocks, the first, and the one behind the last
        """
        builder, given = emitted.builder, emitted.given
        most = whole(self.rows)
        count = builder.udiv(builder.add(given["rows"], whole(self.rows - 1)), most)
        with counted(builder, *pieces(count), name="block") as block:
            first = builder.mul(block, most)
            left = builder.sub(given["rows"], first)
            emitted.rows = builder.select(builder.icmp_signed("<", left, most), left, most)
            for node in emitted.program.data:
                array = emitted.program.home[node]
                copy = emitted.kernels.gather(self.given, array, ordered=False)
                builder.call(copy, [given[node.detail], emitted.pointer(array), first, emitted.rows])
            yield first
        emitted.rows = given["rows"]

    def _error(self, module: ir.Module, kernels: Kernels) -> None:
        emitted = self._measuring(module, kernels, "error", self.recipe.error)
        builder, given, (inside, behind) = emitted.builder, emitted.given, emitted.program.by_rows()
        with tiny_as_zero(builder, self.dtype):
            nodes = [node for stage in inside for node in stage.nodes if not node.shape]
            emitted.program.room.length = len(nodes) * SUM
            with counted(builder, *share_of(builder, PARTS, given["share"], given["shares"]), name="part") as part:
                sums = {node: sum_place(builder, given["room"], i, part) for i, node in enumerate(nodes)}
                for place in sums.values():
                    builder.store(DOUBLE(0.0), place)
                with self._blocks(emitted, lambda count: share_of(builder, count, part, PARTS)):
                    emitted.stages(inside)
                    for node, place in sums.items():
                        builder.store(builder.fadd(builder.load(place, typ=DOUBLE), emitted.figures[node].ir), place)
            wait(builder, given["meeting"], given["shares"])
            with builder.if_then(builder.icmp_unsigned("==", given["share"], whole(0))):
                emitted.figures |= {node: emitted.wide.value(total(builder, given["room"], i, PARTS)) for i, node in enumerate(nodes)}
                error = emitted.stages(behind)[self.recipe.error].ir
                part = builder.fmul(error, builder.sitofp(given["rows"], DOUBLE))
                builder.store(builder.fadd(builder.load(given["result"], typ=DOUBLE), part), given["result"])
        builder.ret_void()

    def _predict(self, module: ir.Module, kernels: Kernels) -> None:
        emitted = self._measuring(module, kernels, "predict", self.recipe.prediction)
        builder, given, y = emitted.builder, emitted.given, emitted.program.home[self.recipe.prediction]
        with (
            tiny_as_zero(builder, self.dtype),
            self._blocks(emitted, lambda count: share_of(builder, count, given["share"], given["shares"])) as first,
        ):
            emitted.stages(emitted.program.plan.stages)
            to = at(builder, given["y"], builder.mul(first, whole(int(y.shape[1]))), kernels.element)
            builder.call(kernels.scatter(y), [emitted.pointer(y), to, emitted.rows])
        builder.ret_void()


class Program:
    """The stages of one function, and where everything lies.

    shared  whether threads share the rows of a batch; otherwise each has rows, and room, of its own
    home    the array of every node that has one
    data    x, t, s, as far as they are read
    apart   what each thread has for itself: of shared rows those that products multiply, as every product reads all of them
    order   the stages in the order in which they are called; None where all threads wait for each other
    """

    def __init__(self, form: KernelForm, roots: Sequence[Node], new: Mapping[Node, Node], shared: bool = True) -> None:
        nodes = below(roots)
        self.order: list[Stage | None] = []
        self.settings = setting_nodes(nodes)
        self.plan = Plan(roots, new, self.settings)
        self.room, self.apart = (Buffers(region, form.dtype, form.processor, form.rows) for region in ("room", "apart"))
        between = self.room if shared else self.apart
        self.home: dict[Node, Buffer] = dict(form.memory.of)
        self.data = [node for node in form.recipe.data if node in nodes]
        multiplied = {operand(argument) for node in nodes if node.operation == "matmul" for argument in node.arguments}
        for node in self.data:
            self.home[node] = (self.apart if node in multiplied else between).add(node)
        lanes = form.processor.lanes(form.dtype)
        for node in [*self.plan.stored, *passages.between(self.plan, lanes)]:
            if node.shape and node not in self.home:
                leaf = self.plan.replaced.get(node)
                self.home[node] = form.memory.of[leaf] if leaf is not None else between.add(node)
        self.totals = between.region, between.length
        between.length += SUM * sum(node.operation == "reduce" and not node.shape for node in self.plan.wanted)

    def by_rows(self) -> tuple[list[Stage], list[Stage]]:
        """The stages that go through rows, of which sums over all of them are the only trace, and those behind them.

        Raises NotCompilable where rows depend on such a sum: they would have to be gone through twice.
        """
        inside = [stage for stage in self.plan.stages if BATCH in stage.shape]
        behind = [stage for stage in self.plan.stages if BATCH not in stage.shape]
        rowwise = {node for stage in inside for node in stage.nodes if node.shape} | set(self.data)
        late = {node for stage in behind for node in stage.nodes} | {node for stage in inside for node in stage.nodes if not node.shape}
        if any(late & self.plan.near[node] for node in rowwise & set(self.plan.near)) or any(
            rowwise & self.plan.near[node] for stage in behind for node in stage.nodes
        ):
            raise NotCompilable("rows that depend on sums over all of them have no machine code")
        return inside, behind


@dataclass
class Outline:
    """What a stage reads and writes, and its structure: two stages of one structure share a function.

    buffers  arrays, in the order in which they appear
    figures  single numbers that it reads
    totals   single numbers that it gives
    inside   those arrays that its formulas read or write; of a product, without the matrices that are multiplied
    read     those that its formulas read
    words    the structure: what is read and done, in order
    """

    program: Program
    stage: Stage
    buffers: list[Buffer] = field(default_factory=list)
    figures: list[Node] = field(default_factory=list)
    totals: list[Node] = field(default_factory=list)
    inside: set[Buffer] = field(default_factory=set)
    read: set[Buffer] = field(default_factory=set)
    words: list[Any] = field(default_factory=list)
    seen: dict[Node, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, node in enumerate(self.stage.nodes):
            for argument in node.arguments:
                self._visit(operand(argument) if node.operation == "matmul" else argument)
            if not place and (node.operation == "matmul" or self.stage.kind == "columns"):
                self.inside.clear()
                self.read.clear()
            self.seen[node] = len(self.seen)
            self._describe(node)
            self.words.append(("kept", self._index(self.program.home[node]) if self.kept(node) else None))
            if node.operation == "reduce" and not node.shape:
                self.totals.append(node)

    def kept(self, node: Node) -> bool:
        """Is it stored?"""
        return bool(node.shape) and node in self.program.home

    def _index(self, buffer: Buffer) -> int:
        if buffer not in self.buffers:
            self.buffers.append(buffer)
            layout = buffer.layout and (buffer.layout.rows, buffer.layout.columns)
            self.words.append(("buffer", buffer.kind, buffer.shape, buffer.stride, layout))
        self.inside.add(buffer)
        return self.buffers.index(buffer)

    def outer(self, node: Node) -> bool:
        """Does it come from another stage, or from outside?"""
        return node not in self.stage.nodes and (node in self.program.home or (not node.shape and node.operation != "number"))

    def _visit(self, node: Node) -> None:
        if node in self.seen:
            return
        if self.outer(node):
            self.seen[node] = len(self.seen)
            if node.shape:
                self.words.append(("read", self._index(self.program.home[node])))
                self.read.add(self.program.home[node])
            else:
                self.words.append(("figure", len(self.figures)))
                self.figures.append(node)
            return
        for argument in node.arguments:
            self._visit(argument)
        self.seen[node] = len(self.seen)
        self._describe(node)

    def _describe(self, node: Node) -> None:
        arguments = [
            (argument.operation == "transpose", self.seen[operand(argument)]) if node.operation == "matmul" else self.seen[argument]
            for argument in node.arguments
        ]
        self.words.append((node.operation, repr(node.detail), node.shape, arguments))

    @property
    def key(self) -> str:
        """The structure."""
        return repr((self.stage.kind, self.stage.shape, self.words))


class Kernels:
    """The functions of a module, each made once."""

    def __init__(self, module: ir.Module, dtype: str, processor: Processor, rows: int, threads: int) -> None:
        self.module, self.dtype, self.processor, self.most = module, dtype, processor, rows
        self.lanes = processor.lanes(dtype)
        self.kit = Kit(module, processor, dtype, threads)
        self.parts = PARTS if threads > 1 else 1
        self.scratch = 0
        self.element = ir.FloatType() if dtype == "float32" else DOUBLE
        self.made: dict[str, Any] = {}
        self.names: dict[str, str] = {}

    def once(self, key: str, make: Callable[[str], Any]) -> Any:
        """What `make` gives for a new name, made at the first time."""
        if key not in self.made:
            self.names[key] = f"kernel_{len(self.names) + 1}"
            self.made[key] = make(self.names[key])
        return self.made[key]

    def of(self, outline: Outline) -> Any:
        """The function of a stage."""
        make = passages.KINDS[outline.stage.kind]
        return self.once(outline.key, lambda name: make(self, name, outline))

    def task(self, program: Program, stage: Stage) -> Task:
        """A stage with its function."""
        if stage.kind == "figures":
            return Task(stage, figures_access(stage, program.plan.near))
        outline = Outline(program, stage)
        kernel = self.of(outline)
        return Task(stage, passage_access(outline, kernel.by_rows), outline, kernel)

    def gather(self, given: str, buffer: Buffer, *, ordered: bool) -> Any:
        """The function that brings rows from outside to their place."""
        key = repr(("gather", given, buffer.shape, buffer.stride, ordered))
        return self.once(key, lambda name: transport.gather(self, name, given, buffer, ordered))

    def scatter(self, buffer: Buffer) -> Any:
        """The function that brings rows out, without the padding."""
        return self.once(repr(("scatter", buffer.shape, buffer.stride)), lambda name: transport.scatter(self, name, buffer))
