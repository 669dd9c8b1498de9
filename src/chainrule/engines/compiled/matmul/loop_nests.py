"""The loops around the tiles of a product, and where their matrices are found.

    for every block of rows            as many as keep their part of `a` in the cache
        gather their part of `a`                            (large gradients)
        for every block of the sum     at most MOST_STEPS terms
            for every panel of columns
                copy or transpose the block of b            (large gradients; backward)
                for every tile of rows
                    the tile's function; with the last block of the sum, its epilogue

The innermost loop goes through rows, so that a block of b (MOST_STEPS rows of a panel: 128 KiB) is fetched once and read by every tile of
rows, while `a` stays in the cache from panel to panel. Meanwhile each tile asks for its part of what comes next: of the next panel of W,
or of the weights and moments that the next tile updates. So memory works while the arithmetic does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.graph.layout import LINE, Panels, padded
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import (
    I64,
    POINTER,
    add_integers,
    at,
    choose,
    internal_function,
    lesser,
    loop,
    multiply_integers,
    share_of,
    whole,
)
from chainrule.engines.compiled.llvm.target import CACHE, itemsize
from chainrule.engines.compiled.matmul.packing import copy_function, transpose_function
from chainrule.engines.compiled.matmul.tiles import AT_ONCE, UNROLLED, Epilogue, Operand, TileEmitter, TileShape, rows

MOST_STEPS = 512
"""Terms of a sum that are added in registers before the sums go back to memory."""

FAR = CACHE
"""Bytes of a matrix from which on it is prefetched: a smaller one is near already."""

NEAR, LEAD = 2**15, 2**12
"""Bytes of a matrix from which on a single tile, which reads it once, asks for it so many bytes ahead into the first-level cache, where a
vector is a whole line of it: not arithmetic holds such a tile up, but what comes from the second level. An AMD Zen 5 goes through 0.4 MB in
1.68 µs in place of 1.98 (a tile in C); with AVX2, where each line is two loads anyway, it took a twentieth longer.
"""

BETWEEN = "sums between blocks"
"""The operand that holds incomplete sums where the caller names none."""


class ProductStrides(FrozenValue):
    """A product C[r, c] = Σₛ a[r, s] b[s, c] by the strides of its matrices.

    rows      of C; none: as many as the batch has
    steps     terms of a sum; none: as many as the batch has
    columns   of C
    a_row, a_step  strides of a along r and s
    b_panel   from one column panel of b to the next
    b_step    stride of b along s, in a whole panel and in the last, narrower one
    weights   the layout of b, where it is a matrix of weights
    turned    whether b is the transpose of that matrix
    copied    whether a panel of b is to be copied, so that it is contiguous
    gathered  whether a is to be copied, so that each tile's part is contiguous
    """

    rows: int | None
    steps: int | None
    columns: int
    a_row: int
    a_step: int
    b_panel: int
    b_step: tuple[int, int]
    weights: Panels | None = None
    turned: bool = False
    copied: bool = False
    gathered: bool = False


class Product:
    """One product, as the LLVM function `function`.

    sizes    row counts that a batch may have
    partial  an operand by rows that the epilogue only writes, for the sums between the blocks of a long sum; "": they are in the room
    room     numbers of memory that each thread needs while it works
    blocks   terms of each block of the sum; [0] where the sum goes over the batch
    """

    def __init__(
        self,
        context: ModuleContext,
        name: str,
        strides: ProductStrides,
        sizes: Sequence[int],
        epilogue: Epilogue,
        operands: Mapping[str, Operand],
        partial: str = "",
    ) -> None:
        self.context, self.name, self.strides, self.sizes, self.operands = context, name, strides, tuple(sizes), dict(operands)
        self.layout, self.most = context.layout(1, strides.columns), max(self.sizes)
        self.blocks = self._blocks()
        inside = dict(operands)
        if len(self.blocks) > 1 and not partial:
            partial, inside[BETWEEN] = BETWEEN, rows(context.stride(strides.columns))
        self.tile_emitter = TileEmitter(context.module, context.dtype, context.processor.lanes(context.dtype), epilogue, inside, partial)
        self.by_panels = self.layout.count % context.threads == 0 or self.layout.count >= 4 * context.threads
        types = [POINTER, POINTER, POINTER, I64, I64, I64, *(self.tile_emitter.type_of(operand) for operand in self.operands.values())]
        self.function = internal_function(context.module, name, types)
        self._tiles: dict[TileShape, Any] = {}
        self.room = 0
        self._emit()

    def call(self, builder: Any, a: Any, b: Any, room: Any, n: Any, share: Any, shares: Any, given: Mapping[str, Any]) -> None:
        """Emit the call: this thread's `share` of the product of a batch of n rows. The operands are those of the product, by name."""
        numbers = [whole(number) for number in (n, share, shares)]
        builder.call(self.function, [a, b, room, *numbers, *(given[name] for name in self.operands)])

    def tile(self, shape: TileShape) -> Any:
        """The function of a tile of this shape."""
        if shape not in self._tiles:
            self._tiles[shape] = self.tile_emitter.function(f"{self.name}_tile{len(self._tiles)}", shape)
        return self._tiles[shape]

    def _blocks(self) -> list[int]:
        """Terms of each block: few enough, about as many in each, and in whole panels, which a transposition needs. All in one where a
        single tile reads them.
        """
        steps = self.strides.steps
        alone = self.most <= self.context.processor.tile_rows(self.context.processor.vectors) and not self.strides.turned
        if steps is None or steps <= MOST_STEPS or alone:
            return [steps or 0]
        size = padded(-(-steps // -(-steps // MOST_STEPS)), self.layout.width)
        return [min(size, steps - start) for start in range(0, steps, size)]

    def _emit(self) -> None:
        builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        a, b, room, n, share, shares, *given = self.function.args
        pointers = dict(zip(self.operands, given, strict=True))
        if BETWEEN in self.tile_emitter.operands:
            pointers[BETWEEN] = room
            self.room += self.most * self.tile_emitter.operands[BETWEEN].stride
        known = Given(a, b, room, self.sizes[0] if len(self.sizes) == 1 else n, share, shares, pointers)
        nests = []
        if self.layout.count:
            nests.append(Nest(self, builder, known, self.context.processor.vectors, edge=False))
        if self.layout.rest:
            nests.append(Nest(self, builder, known, self.layout.rest // self.layout.lanes, edge=True))
        for nest in nests:
            nest.emit()
        self.room += max(nest.room for nest in nests)
        builder.ret_void()


class Given(FrozenValue):
    """What a product is called with, as LLVM values."""

    a: Any
    b: Any
    room: Any
    n: Any
    share: Any
    shares: Any
    operands: Mapping[str, Any]


class Here(FrozenValue):
    """Where the loops are.

    rows   the first of the tiles that go through all panels together
    panel  of columns
    place  number of the block of the sum; `start` is its first term
    b      where the block of b begins
    """

    rows: Any
    panel: Any
    place: int
    start: int
    b: Any


class Nest:
    """The loops over all whole panels, or those of the last panel, at the edge, which has columns of padding and may be narrower.

    vectors  beside each other in a panel
    before   numbers of the room that were taken before
    room     numbers of it that this needs beyond them
    """

    def __init__(self, product: Product, builder: Any, given: Given, vectors: int, edge: bool) -> None:
        self.product, self.builder, self.given, self.vectors = product, builder, given, vectors
        self.context, self.strides, self.tile_emitter, self.layout = product.context, product.strides, product.tile_emitter, product.layout
        self.size, self.number, self.before = itemsize(self.context.dtype), self.tile_emitter.number, product.room
        self.edge, self.width = edge, vectors * self.layout.lanes
        self.most_rows = self.context.processor.tile_rows(vectors)
        self.tiles = Tiling(builder, self.strides.rows or given.n, self.most_rows, vectors)
        self.chains = self._chains(self.strides.rows or product.most)
        self.at_once = max(1, CACHE // (self.size * (product.blocks[0] or product.most)) // self.most_rows)
        packed = self.strides.turned or self.strides.copied
        self.room_of_b = self.width * padded(product.blocks[0] or product.most, self.layout.lanes) if packed else 0
        self.room_of_a = product.most * self.most_rows if self.strides.gathered else 0
        self.most_tiles = min(self.at_once, tiles_of(self.strides.rows or product.most, self.most_rows, vectors))
        self.room = self.room_of_b + self.room_of_a * self.most_tiles

    def emit(self) -> None:
        """The loops."""
        builder, layout = self.builder, self.layout
        first, end = (layout.count, layout.count + 1) if self.edge else (0, layout.count)
        begin, stop = (0, self.tiles.count)
        if self.product.by_panels and not self.edge:
            first, end = self._part(end)
        else:
            begin, stop = self._part(stop)
        with loop(builder, begin, stop, self.at_once) as rows:
            until = lesser(builder, add_integers(builder, rows, self.at_once), stop)
            if self.strides.gathered:
                with loop(builder, rows, until) as tile:
                    self._gather(tile, self._gathered(tile, rows))
            for place, steps in enumerate(self.product.blocks):
                start = sum(self.product.blocks[:place])
                with loop(builder, first, end) as panel:
                    here = Here(rows, panel, place, start, self._source(panel, start, steps))
                    with loop(builder, rows, until) as tile:
                        self._tile(here, tile)

    def _chains(self, rows: int) -> int:
        """Of how many each sum is made; the same in all tiles, so that no digit depends on how rows are divided."""
        largest = -(-rows // -(-rows // self.most_rows))
        return min(UNROLLED, -(-AT_ONCE // (largest * self.vectors)))

    def _part(self, count: Any) -> tuple[Any, Any]:
        """This thread's part of so many items."""
        return share_of(self.builder, count, self.given.share, self.given.shares)

    # What the tiles read

    def _source(self, panel: Any, start: int, steps: int) -> Any:
        """Where the block of b begins; in the room of this thread where it has to be turned or copied."""
        builder, strides = self.builder, self.strides
        if strides.turned:
            self._turn(panel, start, steps)
            return self._room(0)
        step = strides.b_step[self.edge]
        b = at(builder, self.given.b, add_integers(builder, multiply_integers(builder, panel, strides.b_panel), start * step), self.number)
        if not strides.copied:
            return b
        copy = copy_function(self.context.module, self.context.dtype, self.layout.lanes, self.vectors, step)
        builder.call(copy, [b, self._room(0), whole(self.given.n)], cconv="fastcc")
        return self._room(0)

    def _turn(self, panel: Any, start: int, steps: int) -> None:
        """Transpose a block of W, one of its own panels after the other."""
        builder, weights = self.builder, self.strides.weights
        assert weights is not None
        for place in range(start // weights.width, -(-(start + steps) // weights.width)):
            across = weights.width if place < weights.count else weights.rest
            row = multiply_integers(builder, multiply_integers(builder, panel, self.layout.width), across)
            source = at(builder, self.given.b, add_integers(builder, row, place * weights.stride), self.number)
            turn = transpose_function(self.context.module, self.context.dtype, self.layout.lanes, across, self.width)
            builder.call(turn, [source, self._room((place * weights.width - start) * self.width)], cconv="fastcc")

    def _room(self, offset: Any) -> Any:
        return at(self.builder, self.given.room, add_integers(self.builder, offset, self.before), self.number)

    def _gathered(self, tile: Any, first: Any) -> Any:
        """Where a tile's part of `a` lies, gathered: behind the block of b."""
        place = self.builder.sub(whole(tile), whole(first))
        return self._room(add_integers(self.builder, multiply_integers(self.builder, place, self.room_of_a), self.room_of_b))

    def _gather(self, tile: Any, target: Any) -> None:
        """Copy a tile's part of `a`, so that it lies in the order in which the tile reads it."""
        source = at(self.builder, self.given.a, multiply_integers(self.builder, self.tiles.row(tile), self.strides.a_row), self.number)

        def call(rows: int) -> None:
            copy = copy_function(self.context.module, self.context.dtype, rows, 1, self.strides.a_step)
            self.builder.call(copy, [source, target, whole(self.given.n)], cconv="fastcc")

        self._by_rows(tile, call)

    def _by_rows(self, tile: Any, call: Any) -> None:
        """The call for as many rows as the tile has."""
        choose(self.builder, self.tiles.rows(tile), self.tiles.possible(self.strides.rows, self.product.sizes), call)

    # The tiles

    def _tile(self, here: Here, tile: Any) -> None:
        """The call of a tile's function."""
        builder, strides, blocks = self.builder, self.strides, self.product.blocks
        row, column = self.tiles.row(tile), multiply_integers(builder, here.panel, self.layout.width)
        if strides.gathered:
            a = self._gathered(tile, here.rows)
        else:
            a = at(
                builder,
                self.given.a,
                add_integers(builder, multiply_integers(builder, row, strides.a_row), here.start * strides.a_step),
                self.number,
            )
        operands = [self._operand(name, row, here.panel, column) for name in self.tile_emitter.operands]
        lead = self._lead()
        ahead, rate = (at(builder, here.b, LEAD), lead) if lead else self._ahead(here, tile)
        count = whole(blocks[here.place] or self.given.n)
        given = [a, here.b, count, ahead, *operands]

        def call(rows: int) -> None:
            shape = TileShape(
                rows=rows,
                vectors=self.vectors,
                a_row=strides.a_row,
                a_step=rows if strides.gathered else strides.a_step,
                b_step=self.width if self.room_of_b else strides.b_step[self.edge],
                width=self.width,
                steps=blocks[here.place] or None,
                first=here.place == 0,
                last=here.place == len(blocks) - 1,
                ahead=rate,
                near=lead > 0,
                following=self._following(rows),
                fetched=blocks[here.place] >= 128 and self.product.most * strides.columns * self.size > FAR // 8,
                chains=self.chains,
            )
            builder.call(self.product.tile(shape), given, cconv="fastcc")

        self._by_rows(tile, call)

    def _operand(self, name: str, row: Any, panel: Any, column: Any) -> Any:
        """Where the tile's part of an operand begins."""
        builder, operand, pointer = self.builder, self.tile_emitter.operands[name], self.given.operands[name]
        match operand.kind:
            case "number":
                return pointer
            case "rows":
                offset = add_integers(builder, multiply_integers(builder, row, operand.stride), column)
            case "panels":
                assert operand.layout is not None
                offset = add_integers(
                    builder, multiply_integers(builder, panel, operand.layout.stride), multiply_integers(builder, row, self.width)
                )
            case "columns":
                offset = column
            case _:
                offset = multiply_integers(builder, row, operand.stride)
        return at(builder, pointer, offset, self.number)

    # What is prefetched

    def _ahead(self, here: Here, tile: Any) -> tuple[Any, int]:
        """Where a tile's part of the block of W begins that the next panel needs, and the bytes of it to prefetch in each turn of the loop.

        The tiles of a panel together fetch the whole block.
        """
        builder, weights, steps = self.builder, self.strides.weights, self.product.blocks[here.place]
        if weights is None or weights.size * self.size <= FAR or steps < UNROLLED or self.edge:
            return here.b, 0
        turns = steps // UNROLLED
        tiles = max(1, self.most_tiles if self.product.by_panels else self.most_tiles // self.context.threads)
        rate = -(-steps * self.width * self.size // (tiles * turns))
        done = multiply_integers(builder, builder.sub(whole(tile), whole(here.rows)), rate * turns)
        if not self.strides.turned:
            return at(builder, here.b, add_integers(builder, done, self.strides.b_panel * self.size)), rate
        block = weights.width * self.layout.width * self.size  # of each of W's own panels
        panels = add_integers(builder, builder.udiv(whole(done), I64(block)), here.start // weights.width)
        within = add_integers(
            builder, builder.urem(whole(done), I64(block)), multiply_integers(builder, add_integers(builder, here.panel, 1), block)
        )
        return at(
            builder, self.given.b, add_integers(builder, within, multiply_integers(builder, panels, weights.stride * self.size))
        ), rate

    def _lead(self) -> int:
        """Bytes of W that a tile asks for, `LEAD` bytes ahead, in each turn of the loop: where it is the only one that reads them."""
        weights, alone = self.strides.weights, self.product.most <= self.most_rows and self.context.processor.bytes == LINE
        if weights is None or self.strides.turned or not alone or not NEAR < weights.size * self.size <= FAR:
            return 0
        return self.strides.b_step[self.edge] * self.size * UNROLLED

    def _following(self, rows: int) -> int:
        """Bytes to prefetch, in each turn of the loop, of the next tile's part of every operand in panels."""
        operands = [operand for operand in self.tile_emitter.operands.values() if operand.layout is not None]
        if sum(operand.layout.size * self.size for operand in operands if operand.layout is not None) <= FAR or self.strides.steps:
            return 0
        return padded(-(-rows * self.width * self.size // max(1, self.product.most // UNROLLED)), LINE)


def tiles_of(rows: int, most: int, vectors: int) -> int:
    """How many tiles so many rows are cut into: as few as can be; or so many that all are equal, and need one function, where that costs
    little: enough sums for the arithmetic, and hardly more loads for each multiplication.
    """

    def loads(rows: int) -> float:
        return 1 / rows + 1 / vectors

    for each in range(most, -(-AT_ONCE // vectors) - 1, -1):
        if rows % each == 0 and loads(each) < 1.1 * loads(most):
            return rows // each
    return -(-rows // most)


class Tiling:
    """Rows cut into tiles of at most `most`, as equal as can be: 32 by 6 are 6 6 5 5 5 5."""

    def __init__(self, builder: Any, total: Any, most: int, vectors: int) -> None:
        self.builder, self.most, self.vectors = builder, most, vectors
        if isinstance(total, int):
            self.count = tiles_of(total, most, vectors)
            self.least, self.larger = divmod(total, self.count)
        else:
            self.count = builder.udiv(builder.add(total, I64(most - 1)), I64(most))
            self.least, self.larger = builder.udiv(total, self.count), builder.urem(total, self.count)

    def row(self, tile: Any) -> Any:
        """The first row of a tile."""
        return add_integers(self.builder, multiply_integers(self.builder, tile, self.least), lesser(self.builder, tile, self.larger))

    def rows(self, tile: Any) -> Any:
        """How many rows the tile has."""
        if isinstance(self.larger, int) and (self.larger == 0 or isinstance(tile, int)):
            return self.least + (isinstance(tile, int) and tile < self.larger)
        more = self.builder.zext(self.builder.icmp_unsigned("<", whole(tile), whole(self.larger)), I64)
        return self.builder.add(whole(self.least), more)

    def possible(self, rows: int | None, sizes: Sequence[int]) -> list[int]:
        """Which numbers of rows a tile may have."""
        found = set()
        for total in sizes if rows is None else [rows]:
            count = tiles_of(total, self.most, self.vectors) if isinstance(self.least, int) else -(-total // self.most)
            least, larger = divmod(total, count)
            found |= {least, least + 1} if larger else {least}
        return sorted(found)
