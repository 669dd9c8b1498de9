"""Larger networks as kernels: the stages of a step, each a function of its own, called one after the other.

Stages that are alike (the layers of a deep network) share a function: it takes the addresses of its arrays as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chainrule.derivation import BATCH
from chainrule.engines import ir
from chainrule.engines.compiled import passages, transport
from chainrule.engines.compiled.abi import begun
from chainrule.engines.compiled.buffers import LINE, Buffer, Buffers, Store
from chainrule.engines.compiled.epochs import Batch, emit_epoch
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import at, counted, whole
from chainrule.engines.compiled.pieces import DOUBLE, applied, tiny_as_zero
from chainrule.engines.compiled.products import Kit
from chainrule.engines.compiled.recipe import Recipe, below
from chainrule.engines.compiled.settings import setting_nodes, settings
from chainrule.engines.compiled.stages import Plan, Stage, operand
from chainrule.engines.compiled.target import Processor, itemsize
from chainrule.engines.compiled.threads import wait
from chainrule.engines.machine import Machine, Value
from chainrule.errors import NotCompilable

BYTE = ir.IntType(8)

MOST_THREADS = 2
"""Into so many parts products are cut by panels, where these are enough."""


def whole_lines(count: int) -> int:
    """Bytes, in whole lines of the cache."""
    return -(-count // LINE) * LINE


class KernelForm:
    """The functions of a network.

    rows   a batch has room for so many; products go through all of them, but sums over a batch end with its last row
    given  type of the rows that come from outside
    threads  so many may share an epoch
    """

    def __init__(self, recipe: Recipe, dtype: str, given: str, processor: Processor, rows: int, threads: int = 1) -> None:
        self.recipe, self.dtype, self.given, self.processor = recipe, dtype, given, processor
        self.rows, self.threads = rows, threads
        self.memory = Buffers("memory", dtype, processor, rows)
        for leaf in (*recipe.parameters.values(), *recipe.states.values()):
            self.memory.add(leaf)
        self.leaves = {**recipe.parameters, **recipe.states}
        self.length, self.room, self.apart = self.memory.length, 0, 0

    def store(self, memory: Any) -> Store:
        """Parameters and states in this memory."""
        return Store({key: self.memory.of[leaf] for key, leaf in self.leaves.items()}, memory, self.dtype)

    # The functions

    def module(self, name: str) -> ir.Module:
        """The function of that name."""
        module = ir.Module("kernels")
        module.triple = self.processor.triple
        self.kernels = kernels = Kernels(module, self.dtype, self.processor, self.rows, self.threads)
        {"epoch": self._epoch, "error": self._error, "predict": self._predict}[name](module, kernels)
        self.apart = whole_lines(kernels.scratch * itemsize(self.dtype))
        return module

    def _program(self, roots: Sequence[Node], new: Mapping[Node, Node]) -> Program:
        program = self.program = Program(self.recipe, roots, new, self.memory, self.dtype, self.processor, self.rows)
        self.room = program.room.length
        return program

    def _epoch(self, module: ir.Module, kernels: Kernels) -> None:
        recipe = self.recipe
        new = {self.leaves[key]: node for key, node in recipe.new.items()}
        program = self._program([recipe.error, *new.values()], new)
        now: dict[str, Any] = {}

        def before(builder: Any, given: Mapping[str, Any]) -> None:
            now.update(builder=builder, given=given)

        def step(batch: Batch) -> Value:
            builder, given = now["builder"], now["given"]
            emitted = Emitted(builder, program, kernels, given, batch.rows, batch.outside)
            order = [given[name] for name in ("order", "by_order", "as_they_lie")]
            start, count = emitted.part_of_rows()
            for node in program.data:
                array = program.room.of[node]
                bytes_on = builder.mul(start, whole((array.stride or 1) * itemsize(self.dtype)))
                to = builder.gep(emitted.pointer(array), [bytes_on], inbounds=True, source_etype=BYTE)
                copy = kernels.gather(self.given, array, ordered=True)
                builder.call(copy, [given[node.detail], to, *order, builder.add(batch.first, start), count])
            emitted.wait()
            return emitted.stages(program.plan.stages)[recipe.error]

        emit_epoch(module, False, self.dtype, before, step, lambda: None)

    @contextmanager
    def _blocks(self, emitted: Emitted) -> Iterator[Any]:
        """What is emitted inside is done for a block of the rows after the other; gives the first of them."""
        builder, given = emitted.builder, emitted.given
        with counted(builder, 0, given["rows"], self.rows, name="block") as first:
            left = builder.sub(given["rows"], first)
            emitted.rows = builder.select(builder.icmp_signed("<", left, whole(self.rows)), left, whole(self.rows))
            for node in emitted.program.data:
                array = emitted.program.room.of[node]
                copy = emitted.kernels.gather(self.given, array, ordered=False)
                builder.call(copy, [given[node.detail], emitted.pointer(array), first, emitted.rows])
            yield first
        emitted.rows = given["rows"]

    def _measuring(self, module: ir.Module, kernels: Kernels, name: str, root: Node) -> Emitted:
        """A function that takes no step, begun."""
        start = begun(module, name)
        count = Machine(start.builder, "float64").value(start.builder.sitofp(start.arguments["rows"], DOUBLE))
        return Emitted(start.builder, self._program([root], {}), kernels, start.arguments, None, {"N": count})

    def _error(self, module: ir.Module, kernels: Kernels) -> None:
        emitted = self._measuring(module, kernels, "error", self.recipe.error)
        builder, given, (inside, behind) = emitted.builder, emitted.given, emitted.program.by_rows()
        with tiny_as_zero(builder, self.dtype):
            sums = {node: builder.alloca(DOUBLE) for stage in inside for node in stage.nodes if not node.shape}
            for place in sums.values():
                builder.store(DOUBLE(0.0), place)
            with self._blocks(emitted):
                emitted.stages(inside)
                for node, place in sums.items():
                    builder.store(builder.fadd(builder.load(place, typ=DOUBLE), emitted.figures[node].ir), place)
            emitted.figures |= {node: emitted.wide.value(builder.load(place, typ=DOUBLE)) for node, place in sums.items()}
            error = emitted.stages(behind)[self.recipe.error].ir
            part = builder.fmul(error, builder.sitofp(given["rows"], DOUBLE))
            builder.store(builder.fadd(builder.load(given["result"], typ=DOUBLE), part), given["result"])
        builder.ret_void()

    def _predict(self, module: ir.Module, kernels: Kernels) -> None:
        emitted = self._measuring(module, kernels, "predict", self.recipe.prediction)
        builder, y = emitted.builder, emitted.program.home[self.recipe.prediction]
        with tiny_as_zero(builder, self.dtype), self._blocks(emitted) as first:
            emitted.stages(emitted.program.plan.stages)
            to = at(builder, emitted.given["y"], builder.mul(first, whole(int(y.shape[1]))), kernels.element)
            builder.call(kernels.scatter(y), [emitted.pointer(y), to, emitted.rows])
        builder.ret_void()


class Program:
    """The stages of one function, and where everything lies.

    home  the array of every node that has one
    data  x, t, s, as far as they are read
    """

    def __init__(
        self, recipe: Recipe, roots: Sequence[Node], new: Mapping[Node, Node], memory: Buffers, dtype: str, processor: Processor, rows: int
    ) -> None:
        nodes = below(roots)
        self.settings = setting_nodes(nodes)
        self.plan = Plan(roots, new, self.settings)
        self.room = Buffers("room", dtype, processor, rows)
        self.home: dict[Node, Buffer] = dict(memory.of)
        self.data = [node for node in recipe.data if node in nodes]
        for node in self.data:
            self.home[node] = self.room.add(node)
        lanes = processor.lanes(dtype)
        for node in [*self.plan.stored, *passages.between(self.plan, lanes)]:
            if node.shape and node not in self.home:
                leaf = self.plan.replaced.get(node)
                self.home[node] = memory.of[leaf] if leaf is not None else self.room.add(node)
        self.totals = self.room.length
        self.room.length += LINE * sum(any(not node.shape for node in stage.nodes) for stage in self.plan.stages)
        self.scratch = self.room.length

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

    def gather(self, given: str, buffer: Buffer, *, ordered: bool) -> Any:
        """The function that brings rows from outside to their place."""
        key = repr(("gather", given, buffer.shape, buffer.stride, ordered))
        return self.once(key, lambda name: transport.gather(self, name, given, buffer, ordered))

    def scatter(self, buffer: Buffer) -> Any:
        """The function that brings rows out, without the padding."""
        return self.once(repr(("scatter", buffer.shape, buffer.stride)), lambda name: transport.scatter(self, name, buffer))


class Emitted:
    """The calls of the stages of a program, being emitted.

    rows  of the batch, as an LLVM value

    Every thread goes through all of it. Products they share; what stands in `alone` the first does by itself, and all wait before
    they read what another one wrote.
    """

    def __init__(
        self, builder: Any, program: Program, kernels: Kernels, given: Mapping[str, Any], rows: Any, outside: Mapping[str, Value]
    ) -> None:
        self.builder, self.program, self.kernels, self.given, self.rows = builder, program, kernels, given, rows
        self.wide = Machine(builder, "float64")
        self.figures: dict[Node, Value] = settings(program.settings, self.wide, outside)
        self.several = kernels.kit.threads > 1 and "share" in given
        self.share: Any = given["share"] if self.several else 0
        self.shares: Any = given["shares"] if self.several else 1
        self.scratch = builder.gep(given["room"], [whole(program.scratch)], inbounds=True, source_etype=BYTE)
        if self.several:
            self.scratch = builder.gep(self.scratch, [builder.mul(self.share, given["apart"])], inbounds=True, source_etype=BYTE)
        self.totals = program.totals
        self.result: Any = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """What is emitted inside is done by one thread, while the others wait."""
        if not self.several:
            yield
            return
        with self.builder.if_then(self.builder.icmp_unsigned("==", self.share, whole(0))):
            yield
        self.wait()

    def part_of_rows(self) -> tuple[Any, Any]:
        """This thread's part of the rows: the first of them, and how many."""
        if not self.several:
            return whole(0), self.rows
        builder = self.builder
        start, end = (builder.udiv(builder.mul(self.rows, share), self.shares) for share in (self.share, builder.add(self.share, whole(1))))
        return start, builder.sub(end, start)

    def wait(self) -> None:
        """All threads wait for each other."""
        if self.several:
            wait(self.builder, self.given["meeting"], self.shares)

    def pointer(self, buffer: Buffer) -> Any:
        """The address of an array."""
        return self.builder.gep(self.given[buffer.region], [whole(buffer.start)], inbounds=True, source_etype=BYTE)

    def figure(self, node: Node) -> Any:
        """A single number, in the type of the numbers."""
        value = self.figures[node].ir
        return self.builder.fptrunc(value, self.kernels.element) if self.kernels.dtype == "float32" else value

    def stages(self, stages: Sequence[Stage]) -> dict[Node, Value]:
        """These stages; gives the single numbers so far."""
        for stage in stages:
            if stage.kind == "figures":
                self._figures(stage)
            else:
                self._passage(Outline(self.program, stage))
        return self.figures

    def _passage(self, outline: Outline) -> None:
        kernel = self.kernels.of(outline)
        self.result = self.builder.gep(self.given["room"], [whole(self.totals)], inbounds=True, source_etype=BYTE)
        numbers = [self.figure(node) for node in outline.figures]
        if kernel.shared:
            kernel.call(self, outline, numbers)
            self.wait()
        else:
            with self.alone():
                kernel.call(self, outline, numbers)
        for i, node in enumerate(outline.totals):
            self.figures[node] = self.wide.value(self.builder.load(at(self.builder, self.result, i, DOUBLE), typ=DOUBLE))
        self.totals += LINE * bool(outline.totals)

    def _figures(self, stage: Stage) -> None:
        for node in stage.nodes:
            self._number(node)

    def _number(self, node: Node) -> Value:
        if node not in self.figures:
            if node.operation == "number":
                return self.wide.number(node.detail)
            if node.operation == "spread" or not node.elementwise:
                raise NotCompilable(f"{node} has no machine code")
            self.figures[node] = applied(self.wide, node, [self._number(argument) for argument in node.arguments])
        return self.figures[node]
