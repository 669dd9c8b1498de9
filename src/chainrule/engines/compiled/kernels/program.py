"""What the functions of a module are made from: the stages of one function, where its arrays lie, and what each stage reads and writes.

Threads divide every stage among them. A barrier between two stages costs as much as some thousand operations, and more where one thread
has to wait for another that was held up. It is needed only if one stage writes what the other touches, and not each thread for itself:
a thread that goes through its own rows stage after stage never waits.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.errors import NotCompilable
from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.emission.context import SUM, ModuleContext
from chainrule.engines.compiled.emission.lowering import step_scalar_nodes
from chainrule.engines.compiled.graph.buffers import Buffer, Buffers, StateLayout
from chainrule.engines.compiled.graph.layout import LINE, padded, row_stride
from chainrule.engines.compiled.graph.lives import shared_places
from chainrule.engines.compiled.graph.operations import PRODUCTS, Operation, over_batch, rows_each
from chainrule.engines.compiled.graph.order import topological_order
from chainrule.engines.compiled.graph.schedule import Schedule, Stage, factor, operand
from chainrule.engines.compiled.kernels.copies import copies_of, joined_arrays
from chainrule.engines.compiled.kernels.gather_scatter import Copied
from chainrule.engines.compiled.llvm.instructions import at, multiply_integers, share_of, share_start, whole

Place: TypeAlias = "tuple[str, int]"
"""A region, and bytes from its beginning."""

NARROW = 8
"""Vectors of a row up to which all of it is in registers at once."""


class KernelProgram:
    """The stages of one function, and where everything lies.

    shared  whether threads share the rows of a batch; otherwise each has rows, and room, of its own
    home    the array of every node that has one
    data    x, t, s, as far as they are read
    apart   what each thread has for itself: of shared rows those that products multiply, as every product reads all of them
    moved   where arrays begin that do not lie where they were laid first, one behind the other
    order   the stages in the order in which they are called; None where all threads wait for each other
    """

    def __init__(
        self, context: ModuleContext, state: StateLayout, data: Iterable[Operation], roots: Sequence[Operation],
        new: Mapping[Operation, Operation], shared: bool = True,
    ) -> None:  # fmt: skip
        nodes = topological_order(roots)
        self.order: list[Stage | None] = []
        self.step_scalars = step_scalar_nodes(nodes)
        self.schedule = Schedule(roots, new, self.step_scalars)
        self.room, self.apart = (Buffers(region, context.dtype, context.processor, context.rows) for region in ("room", "apart"))
        region = self.room if shared else self.apart
        self.home: dict[Operation, Buffer] = dict(state.of)
        self.data = [node for node in data if node in nodes]
        multiplied = {operand(factor(argument)) for node in nodes if node.opcode == "matmul" for argument in node.arguments}
        self.constants = Buffers("constants", context.dtype, context.processor, 0)
        for node in nodes:
            if node.opcode == "array":
                self.home[node] = self.constants.add(node)
        for node in reversed(self.schedule.stored):
            if node.opcode == "join":
                self._lay_side_by_side(node, region, multiplied)
            elif node.opcode == "reshape":
                self._lay_in_rows(node, region)
        for node in self.data:
            if node not in self.home:
                self.home[node] = (self.apart if node in multiplied else region).add(node)
        for node in [*self.schedule.stored, *between(self.schedule, context.lanes)]:
            if node.shape and node not in self.home and node.opcode != "part":
                leaf = self.schedule.replaced.get(node)
                if node.opcode == "reshape" and (found := self._in_rows(node)) is not None:
                    self.home[node] = found
                else:
                    self.home[node] = state.of[leaf] if leaf is not None else region.add(node)
        for node in nodes:
            if node.opcode == "part" and operand(node) in self.home:
                self._lies(node)
        self.signatures: dict[Stage, StageSignature] = {}
        self.moved: dict[Buffer, int] = {}
        self._share_places(region)
        for each in (self.room, self.apart):
            each.length += LINE  # behind the last row of a part there has to be something to read, up to a whole vector
        self.totals = region.region, region.length
        region.length += SUM * sum(node.opcode == "reduce" and not node.shape for node in self.schedule.wanted)

    def _share_places(self, region: Buffers) -> None:
        """Arrays by rows of the batch that are never needed at the same time lie in the same place. Others may be computed before all
        blocks of rows, and needed by each of them.
        """
        end = len(self.schedule.stages)
        lives = {self.home[node].whole: (-1, -1) for node in self.data}
        for number, stage in enumerate(self.schedule.stages):
            for buffer in self._touched(stage):
                lives[buffer] = lives.get(buffer, (number, number))[0], number
        for node in self.schedule.roots:
            if node in self.home:
                buffer = self.home[node].whole
                lives[buffer] = lives.get(buffer, (-1, end))[0], end
        by_rows = [buffer for buffer in region.sizes if buffer.kind in ("rows", "numbers")]
        self.moved, length = shared_places({buffer: lives.get(buffer, (-1, end)) for buffer in by_rows}, region.sizes)
        for buffer, size in region.sizes.items():
            if buffer not in self.moved:
                self.moved[buffer] = length
                length += size
        region.length = length

    def _touched(self, stage: Stage) -> Iterable[Buffer]:
        """The arrays that a stage reads and writes."""
        if stage.kind == "figures":
            return ()
        if stage.kind == "move":
            return [buffer.whole for source, target, _ in self.copies(stage.nodes[0]) for buffer in (source, target)]
        return [buffer.whole for buffer in self.signature(stage).buffers]

    def signature(self, stage: Stage) -> StageSignature:
        """What a stage reads and writes, and its structure."""
        if stage not in self.signatures:
            self.signatures[stage] = StageSignature(self, stage)
        return self.signatures[stage]

    def start(self, buffer: Buffer) -> int:
        """Bytes from the beginning of its region to an array."""
        whole = buffer.whole
        return self.moved.get(whole, whole.start) + buffer.start - whole.start

    def place(self, buffer: Buffer) -> Place:
        """Where the memory begins of which it is a part, by which those know each other that share it."""
        return buffer.region, self.start(buffer.whole)

    def only_multiplied(self, node: Operation) -> bool:
        """Do products alone read it, as their rows?"""
        users = [user for user in topological_order(self.schedule.roots) if node in user.arguments]
        return all(user.opcode == "matmul" and user.arguments[0] is node is not user.arguments[1] for user in users)

    @property
    def constant_bytes(self) -> bytes:
        """The numbers that are part of the code, where they lie."""
        room = np.zeros(self.constants.length, np.uint8)
        for node, buffer in self.constants.of.items():
            numbers = node.detail.numbers.astype(self.constants.dtype).view(np.uint8)
            room[buffer.start : buffer.start + len(numbers)] = numbers
        return room.tobytes()

    def _lay_side_by_side(self, join: Operation, region: Buffers, multiplied: Container[Operation]) -> None:
        """A place for arrays side by side, and in it for those that can be written there: whole vectors, rows, or rows of the data."""
        array = self.home[join] = self.home.get(join) or region.add(join)
        lanes = region.processor.lanes(region.dtype)
        for node, part in joined_arrays(join):
            count = part.stop - part.start
            fits = count % lanes == 0 or (
                array.within is None and part.stop == join.shape[1] and part.start + padded(count, lanes) <= array.stride
            )
            if join.detail == "places":
                fits = array.within is None or count % lanes == 0
                if rows_each(node.shape) > 1:  # its examples would follow each other at another distance than its rows say
                    continue
            if node not in self.home and (node not in multiplied if node.opcode == "leaf" else fits and node.opcode != "part"):
                self.home[node] = array.part(part, rows_each(node.shape), region.dtype)

    def _lay_in_rows(self, node: Operation, region: Buffers) -> None:
        """One place for the same numbers in longer and in shorter rows, if the shorter ones have no padding and the longer ones none."""
        (source,) = node.arguments
        if source in self.home or source.opcode in ("part", "leaf") or len(node.shape) != len(source.shape):
            return
        shorter, longer = sorted((node, source), key=lambda one: -rows_each(one.shape))
        if shorter.shape[1] == row_stride(int(shorter.shape[1]), region.dtype, region.processor):
            array = self.home.get(node)
            if array is None:
                self.home[shorter] = region.add(shorter)
                self.home[longer] = self.home[shorter].in_rows(longer.shape)
            elif array.stride == array.shape[1]:
                self.home[source] = array.in_rows(source.shape)

    def _lies(self, node: Operation) -> Buffer:
        """The place of an array that has one, or of a part of one."""
        if node.opcode == "part" and node not in self.home:
            self.home[node] = self._lies(node.arguments[0]).part(node.detail, rows_each(node.shape), self.room.dtype)
        return self.home[node]

    def _in_rows(self, node: Operation) -> Buffer | None:
        """The array of which it is another reading, which lies there; None where it has to be copied.

        Numbers that are only read may have their neighbours behind them where rows have padding.
        """
        array = self._lies(node.arguments[0])
        own = int(array.shape[1]) if len(array.shape) > 1 else 1
        return array.in_rows(node.shape) if array.stride == own and len(node.shape) > 1 else None

    def copies(self, node: Operation) -> list[tuple[Buffer, Buffer, Copied]]:
        """What has to be copied where for an array that is moved, as far as it does not lie there."""
        return copies_of(node, self.home, self.room.dtype)

    def by_rows(self) -> tuple[list[Stage], list[Stage], list[Stage]]:
        """The stages before the rows; those that go through them, of which sums over all rows are the only trace; those behind them.

        Raises NotCompilable where rows depend on such a sum: they would have to be gone through twice.
        """
        inside = [stage for stage in self.schedule.stages if over_batch(stage.shape)]
        rowwise = {node for stage in inside for node in stage.nodes if node.shape} | set(self.data)
        needed = set(topological_order(rowwise))
        others = [stage for stage in self.schedule.stages if stage not in inside]
        before = [stage for stage in others if needed & set(stage.nodes)]
        behind = [stage for stage in others if stage not in before]
        early = {node for stage in before for node in stage.nodes}
        late = {node for stage in behind for node in stage.nodes} | {node for stage in inside for node in stage.nodes if not node.shape}
        if any(late & self.schedule.near[node] for node in (rowwise | early) & set(self.schedule.near)) or any(
            rowwise & self.schedule.near[node] for stage in others for node in stage.nodes
        ):
            raise NotCompilable("rows that depend on sums over all of them have no machine code")
        return before, inside, behind


@dataclass
class StageSignature:
    """What a stage reads and writes, and its structure: two stages of one structure share a function.

    buffers  arrays, in the order in which they appear
    figures  single numbers that it reads
    totals   single numbers that it gives
    inside   those arrays that its formulas read or write; of a product, without the matrices that are multiplied
    read     those that its formulas read
    words    the structure: what is read and done, in order
    """

    program: KernelProgram
    stage: Stage
    buffers: list[Buffer] = field(default_factory=list)
    figures: list[Operation] = field(default_factory=list)
    totals: list[Operation] = field(default_factory=list)
    inside: set[Buffer] = field(default_factory=set)
    read: set[Buffer] = field(default_factory=set)
    words: list[Any] = field(default_factory=list)
    seen: dict[Operation, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for place, node in enumerate(self.stage.nodes):
            for argument in node.arguments:
                self._visit(factor(argument) if node.opcode == "matmul" else argument)
            if not place and (node.opcode in PRODUCTS or self.stage.kind == "columns"):  # its own operands are in no formula so far
                self.inside.clear()
                self.read.clear()
            self.seen[node] = len(self.seen)
            self._describe(node)
            self.words.append(("kept", self._index(self.program.home[node]) if self.kept(node) else None))
            if node.opcode == "reduce" and not node.shape:
                self.totals.append(node)

    def kept(self, node: Operation) -> bool:
        """Is it stored?"""
        return bool(node.shape) and node in self.program.home

    def _index(self, buffer: Buffer) -> int:
        if buffer not in self.buffers:
            self.buffers.append(buffer)
            layout = buffer.layout and (buffer.layout.rows, buffer.layout.columns)
            self.words.append(("buffer", buffer.kind, buffer.shape, buffer.stride, layout))
        self.inside.add(buffer)
        return self.buffers.index(buffer)

    def outer(self, node: Operation) -> bool:
        """Does it come from another stage, or from outside?"""
        return node not in self.stage.nodes and (node in self.program.home or (not node.shape and node.opcode != "number"))

    def _visit(self, node: Operation) -> None:
        outer = self.outer(node)
        if outer and node.shape:
            self.inside.add(self.program.home[node])
            self.read.add(self.program.home[node])
        if node in self.seen:
            return
        if outer:
            self.seen[node] = len(self.seen)
            if node.shape:
                self.words.append(("read", self._index(self.program.home[node])))
            else:
                self.words.append(("figure", len(self.figures)))
                self.figures.append(node)
            return
        for argument in node.arguments:
            self._visit(argument)
        self.seen[node] = len(self.seen)
        self._describe(node)

    def _describe(self, node: Operation) -> None:
        arguments = [
            (argument.opcode == "transpose", self.seen[factor(argument)]) if node.opcode == "matmul" else self.seen[argument]
            for argument in node.arguments
        ]
        self.words.append((node.opcode, repr(node.detail), node.shape, arguments))

    @property
    def key(self) -> str:
        """The structure."""
        return repr((self.stage.kind, self.stage.shape, self.words))


def levels(stage: Stage, schedule: Schedule) -> dict[Operation, int]:
    """For a wide row, in which pass over its columns each node is computed: one that needs a sum over the row comes after it."""
    found: dict[Operation, int] = {}
    for node in stage.nodes:
        level = 0
        for source in schedule.near[node]:
            if source in found:
                ready = found[source] + (source.opcode == "reduce" or len(source.shape) == 1)
                level = max(level, ready if node.opcode == "reduce" or len(node.shape) > 1 else found[source])
        found[node] = level
    return found


def between(schedule: Schedule, lanes: int) -> Iterator[Operation]:
    """What wide rows keep in memory from one pass over their columns to the next."""
    for stage in schedule.stages:
        if stage.kind == "rows" and len(stage.shape) > 1 and -(-int(stage.shape[1]) // lanes) > NARROW:
            level = levels(stage, schedule)
            for node in stage.nodes:
                for source in schedule.near[node]:
                    if source in level and len(source.shape) > 1 and level[source] < level[node]:
                        yield source


# Barriers

ROWS, OWN, ALL = "rows", "own", "all"
"""How threads touch an array or a single number: each its own rows, at a distance; each one of its own; each any of it."""


class Access(FrozenValue):
    """What a stage touches.

    ways     how it touches the place of each array, and each single number
    written  which of them it writes
    """

    ways: Mapping[Place | Operation, str]
    written: frozenset[Place | Operation]

    def clashes(self, other: Access) -> frozenset[Place | Operation]:
        """What one of both writes and the other touches: they have to come one after the other."""
        return (self.written & other.ways.keys()) | (other.written & self.ways.keys())

    def waits(self, other: Access) -> bool:
        """Must all threads be done with one of both before any begins with the other?"""
        return any(ALL in (self.ways[each], other.ways[each]) or self.ways[each] != other.ways[each] for each in self.clashes(other))


class Touched:
    """What several stages touch, taken together: how each array and each single number is touched, and how it is written."""

    def __init__(self, *accesses: Access) -> None:
        self.ways: dict[Place | Operation, set[str]] = {}
        self.written: dict[Place | Operation, set[str]] = {}
        for access in accesses:
            self.add(access)

    def add(self, access: Access) -> None:
        """One stage more."""
        for each, how in access.ways.items():
            self.ways.setdefault(each, set()).add(how)
            if each in access.written:
                self.written.setdefault(each, set()).add(how)

    def clashes(self, access: Access) -> bool:
        """Does one of them write what the stage touches, or touch what it writes?"""
        return any(each in (self.ways if each in access.written else self.written) for each in access.ways)

    def waits(self, access: Access) -> bool:
        """Must all threads be done with one of them before any begins with the stage?"""
        for each, how in access.ways.items():
            others = (self.ways if each in access.written else self.written).get(each, set())
            if others and (how == ALL or others != {how}):
                return True
        return False


def way(buffer: Buffer, by_rows: bool) -> str:
    """How a stage touches the memory of an array; `by_rows`: each thread goes through its own rows."""
    buffer = buffer.whole
    if buffer.region == "apart":
        return OWN
    return f"{ROWS} {buffer.rows_each * buffer.stride}" if by_rows and buffer.kind in ("rows", "numbers") else ALL


def kernel_access(signature: StageSignature, by_rows: bool) -> Access:
    """What the function of a stage touches."""
    place = signature.program.place
    ways: dict[Place | Operation, str] = {place(buffer): way(buffer, by_rows) for buffer in signature.buffers}
    ways.update(dict.fromkeys(signature.figures, OWN))
    ways.update(dict.fromkeys(signature.totals, ALL))
    kept = (place(signature.program.home[node]) for node in signature.stage.nodes if signature.kept(node))
    return Access(ways, frozenset([*kept, *signature.totals]))


def move_access(program: KernelProgram, stage: Stage) -> Access:
    """What is touched where arrays are copied, each thread its own rows."""
    pairs = [(source, target) for source, target, _ in program.copies(stage.nodes[0])]
    ways: dict[Place | Operation, str] = {program.place(buffer): way(buffer, by_rows=True) for pair in pairs for buffer in pair}
    return Access(ways, frozenset(program.place(target) for _, target in pairs))


def figures_access(stage: Stage, near: Mapping[Operation, Iterable[Operation]]) -> Access:
    """What single numbers are made of: each thread computes them for itself."""
    read = {source for node in stage.nodes for source in near[node]}
    return Access(dict.fromkeys([*read, *stage.nodes], OWN), frozenset(stage.nodes))


class ThreadFrame:
    """The memory and the share of a thread, as LLVM values.

    rows      of the batch
    parts     the first of this thread's parts of everything, and the one behind its last
    own_rows  of the rows for which there is room, the first of this thread's, and how many they are
    scratch   memory of this thread for a product
    outside   the addresses of arrays that lie in the data for now
    """

    def __init__(self, builder: Any, program: KernelProgram, context: ModuleContext, given: Mapping[str, Any], rows: Any) -> None:
        self.builder, self.program, self.context, self.given, self.rows = builder, program, context, given, rows
        self.several = context.threads > 1
        self.share, self.shares = (given["share"], given["shares"]) if self.several else (whole(0), whole(1))
        self.parts = share_of(builder, context.parts, self.share, self.shares) if self.several else (whole(0), whole(1))
        first, end = (share_start(builder, part, context.rows, context.parts) for part in self.parts)
        self.own_rows = first, builder.sub(end, first)
        apart = at(builder, given["room"], builder.add(given["shared"], builder.mul(given["share"], given["apart"])))
        self.regions = {"memory": given["memory"], "room": given["room"], "apart": apart}
        if program.constants.length:
            self.regions["constants"] = context.module.constant(program.constant_bytes)
        self.scratch = at(builder, apart, program.apart.length)
        self.outside: dict[Buffer, Any] = {}

    def pointer(self, buffer: Buffer) -> Any:
        """The address of an array."""
        return self.outside[buffer] if buffer in self.outside else at(self.builder, self.regions[buffer.region], self.program.start(buffer))

    def row(self, buffer: Buffer, row: Any) -> Any:
        """The address of the first row, or number, of an example."""
        return at(
            self.builder, self.pointer(buffer), multiply_integers(self.builder, row, buffer.rows_each * buffer.stride), self.context.element
        )

    def part_of_rows(self) -> tuple[Any, Any]:
        """This thread's part of the rows of the batch: the first of them, and how many."""
        builder, (first, count) = self.builder, self.own_rows
        there = builder.sub(self.rows, first)
        there = builder.select(builder.icmp_signed("<", there, count), there, count)
        return first, builder.select(builder.icmp_signed(">", there, whole(0)), there, whole(0))
