"""The inner loop of every product: a tile of sums that stays in registers.

    sums[i, j] = Σₖ a[i, k] · b[k, j]        i < rows (6), j < vectors (4) of 16 numbers each

              b[k, 0]  b[k, 1]  b[k, 2]  b[k, 3]      4 loads of a vector
    a[0, k]   sum      sum      sum      sum          1 load of a number, into every lane; 4 multiplications and additions
       …         24 sums, in 24 of the 32 registers
    a[5, k]   sum      sum      sum      sum

For each k, 10 loads serve 24 multiplications and additions of a vector, and no sum waits for the one before it: a processor that
starts two of either in a cycle is busy with arithmetic alone. `a` and `b` are reached by strides that are constants of the code:

                      from a[i, k] to a[i + 1, k]    from a[i, k] to a[i, k + 1]    from b[k, j] to b[k + 1, j]
    forward  x W      stride of x                    1                              width of the panel
    backward δ Wᵀ     stride of δ                    1                              width of the panel (transposed)
    gradient xᵀ δ     1                              stride of x                    stride of δ
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.graph.layout import LINE, Panels
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import I64, POINTER, at, carried, element_type, internal_function, prefetch
from chainrule.engines.compiled.llvm.machine import Machine, MachineValue
from chainrule.engines.compiled.llvm.target import itemsize

UNROLLED = 4
"""Steps of k in one turn of the inner loop."""

AT_ONCE = 8
"""Additions that a processor has under way: it starts two a cycle, and each takes four."""


class Operand(FrozenValue):
    """How the elements of an operand are found.

    kind    "rows", "panels", "columns", "rowwise" or "number"
    stride  rows, rowwise: numbers from one row to the next
    layout  panels: where they lie
    """

    kind: str
    stride: int = 0
    layout: Panels | None = None


COLUMNS, NUMBER = Operand("columns"), Operand("number")


def rows(stride: int) -> Operand:
    """A matrix by rows."""
    return Operand("rows", stride)


def rowwise(stride: int = 1) -> Operand:
    """One number a row."""
    return Operand("rowwise", stride)


def panels(layout: Panels) -> Operand:
    """A matrix in column panels."""
    return Operand("panels", layout=layout)


class TileShape(FrozenValue):
    """What distinguishes one tile function of a product from another.

    rows, vectors  of the tile
    a_row, a_step  strides of a along i and along k; both 0: a is 1 everywhere, and the sums are those of the columns of b
    b_step         stride of b along k
    width          stride along the rows of operands in panels
    steps          of k; none: as many as are said in the call
    first, last    is it the first, the last block of k?
    ahead          bytes to prefetch from the address `ahead` on in each turn of the loop; 0: none
    near           whether these are wanted in the first-level cache: the tile soon reads them itself
    following      bytes to prefetch of the next tile's part of each operand in panels, in each turn of the loop; 0: none
    fetched        whether operands by rows are prefetched before the loop
    chains         each sum is made of so many, which take turns
    """

    rows: int
    vectors: int
    a_row: int
    a_step: int
    b_step: int
    width: int
    steps: int | None = None
    first: bool = True
    last: bool = True
    ahead: int = 0
    near: bool = False
    following: int = 0
    fetched: bool = False
    chains: int = 1


@dataclass
class Tile:
    """One vector of sums and the operands at its place, while its formula is being emitted.

    machine      the namespace for formulas, with `lanes` numbers in a value
    i, j     its row and its vector in the tile
    """

    machine: Machine
    shape: TileShape
    operands: Mapping[str, Operand]
    pointers: Mapping[str, Any]
    i: int = 0
    j: int = 0
    _known: dict[Any, MachineValue] = field(default_factory=dict)

    def load(self, name: str) -> MachineValue:
        """The operand's numbers at this place."""
        operand, machine = self.operands[name], self.machine
        match operand.kind:
            case "number":
                return self._once((name,), lambda: machine.splat(self.pointers[name]))
            case "columns":
                return self._once((name, self.j), lambda: machine.load(self._address(name)))
            case "rowwise":
                return self._once((name, -1, self.i), lambda: machine.splat(machine.builder.load(self._address(name), typ=machine.element)))
        return machine.load(self._address(name))

    def store(self, name: str, value: MachineValue) -> None:
        """Put numbers there."""
        self.machine.store(value, self._address(name))
        self._known.pop((name, self.j), None)

    def _once(self, key: tuple[Any, ...], made: Callable[[], MachineValue]) -> MachineValue:
        if key not in self._known:
            self._known[key] = made()
        return self._known[key]

    def _address(self, name: str) -> Any:
        operand, column = self.operands[name], self.j * self.machine.lanes
        match operand.kind:
            case "rows":
                offset = self.i * operand.stride + column
            case "panels":
                offset = self.i * self.shape.width + column
            case "rowwise":
                offset = self.i * operand.stride
            case _:
                offset = column
        return at(self.machine.builder, self.pointers[name], offset, self.machine.element)


Epilogue = Callable[[Tile, MachineValue], None]


class TileEmitter(FrozenValue):
    """What all tile functions of a product have in common.

    epilogue  emits what is made of a vector of sums
    operands  what the epilogue may load and store
    partial   the operand that holds the sums between the blocks of k; "" where there is only one block
    """

    module: Any
    dtype: str
    lanes: int
    epilogue: Epilogue
    operands: Mapping[str, Operand]
    partial: str = ""

    @property
    def number(self) -> Any:
        """The LLVM type of a number."""
        return element_type(self.dtype)

    def type_of(self, operand: Operand) -> Any:
        """The LLVM type of what is passed for an operand."""
        return self.number if operand.kind == "number" else POINTER

    def function(self, name: str, shape: TileShape) -> Any:
        """void name(a, b, count, ahead, operands…): sums over `count` steps of k, and what the epilogue makes of them."""
        types = [POINTER, POINTER, I64, POINTER, *(self.type_of(operand) for operand in self.operands.values())]
        function = internal_function(self.module, name, types, fast=True, distinct=len(types))
        a, b, count, ahead, *given = function.args
        builder = ir.IRBuilder(function.append_basic_block("entry"))
        pointers = dict(zip(self.operands, given, strict=True))
        tile = Tile(Machine(builder, self.dtype, self.lanes), shape, self.operands, pointers)
        places = [(i, j) for i in range(shape.rows) for j in range(shape.vectors)]
        if shape.fetched:
            self._fetch(tile)
        sums = self._summed(builder, shape, a, b, count, self._streams(shape, ahead, pointers))
        for (tile.i, tile.j), value in zip(places, sums, strict=True):
            total = tile.machine.value(value)
            if not shape.first:
                total = tile.load(self.partial) + total
            if shape.last:
                self.epilogue(tile, total)
            else:
                tile.store(self.partial, total)
        builder.ret_void()
        return function

    def _fetch(self, tile: Tile) -> None:
        """Ask for what comes behind the loop, where it is by rows: each row is elsewhere, and no processor fetches it by itself."""
        builder, shape = tile.machine.builder, tile.shape
        for name, operand in self.operands.items():
            if operand.kind == "rows" and (shape.last or name == self.partial):
                for i in range(shape.rows):
                    for column in range(0, shape.vectors * self.lanes, LINE // itemsize(self.dtype)):
                        line = at(builder, tile.pointers[name], i * operand.stride + column, self.number)
                        prefetch(builder, line, writing=name == self.partial, near=True)

    def _streams(self, shape: TileShape, ahead: Any, pointers: Mapping[str, Any]) -> list[tuple[Any, int, bool, bool]]:
        """What is prefetched in the loop: from which address on, so many bytes a turn, whether it will be written to, and whether it is
        wanted in the first-level cache.

        An operand in panels lies so that the next tile's part follows this one's.
        """
        streams = [(ahead, shape.ahead, False, shape.near)] if shape.ahead else []
        for name in self.operands if shape.following else ():
            if self.operands[name].kind == "panels":
                streams.append((pointers[name], shape.following, True, True))
        return streams

    def _summed(self, builder: Any, shape: TileShape, a: Any, b: Any, count: Any, streams: Sequence[Any]) -> list[Any]:
        """The sums after `count` steps: whole turns of the loop, then what is left of a turn. Where a tile has few sums, each is made
        of several, which take turns, so that none waits for its own last addition.
        """
        tile, chains = shape.rows * shape.vectors, shape.chains

        def turn(steps: int, fetching: bool, values: Sequence[Any]) -> list[Any]:
            a, b, *rest = values
            addresses, sums = list(rest[: len(streams)]), list(rest[len(streams) :])
            for step in range(steps):
                here = slice(step % chains * tile, (step % chains + 1) * tile)
                sums[here] = self._step(builder, shape, a, b, step, sums[here])
            for place, (_, size, writing, near) in enumerate(streams if fetching else ()):
                for offset in range(0, size, LINE):
                    prefetch(builder, at(builder, addresses[place], offset), writing, near)
                addresses[place] = at(builder, addresses[place], size)
            return [at(builder, a, steps * shape.a_step, self.number), at(builder, b, steps * shape.b_step, self.number), *addresses, *sums]

        if shape.steps is not None:
            turns, left = divmod(shape.steps, UNROLLED)
        else:
            turns, left = builder.udiv(count, I64(UNROLLED)), builder.urem(count, I64(UNROLLED))
        zero = Machine(builder, self.dtype, self.lanes).literal(0.0)
        values = [a, b, *(stream[0] for stream in streams), *[zero] * (chains * tile)]
        values = carried(builder, turns, values, lambda values: turn(UNROLLED, True, values))
        values = carried(builder, left, values, lambda values: turn(1, False, values))
        sums = values[2 + len(streams) :]
        return [reduce(builder.fadd, sums[place::tile]) for place in range(tile)]

    def _step(self, builder: Any, shape: TileShape, a: Any, b: Any, step: int, sums: Sequence[Any]) -> list[Any]:
        """One step of k: every sum grows by its a · b."""
        machine = Machine(builder, self.dtype, self.lanes)
        vectors = [machine.load(at(builder, b, step * shape.b_step + j * self.lanes, self.number)).ir for j in range(shape.vectors)]
        grown = []
        for i in range(shape.rows):
            factor = None
            if shape.a_row or shape.a_step:
                address = at(builder, a, i * shape.a_row + step * shape.a_step, self.number)
                factor = machine.splat(builder.load(address, typ=self.number)).ir
            for j, vector in enumerate(vectors):
                product = vector if factor is None else builder.fmul(factor, vector, flags=("contract",))
                grown.append(builder.fadd(sums[i * shape.vectors + j], product, flags=("contract",)))
        return grown
