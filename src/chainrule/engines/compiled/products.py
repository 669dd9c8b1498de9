"""The three matrix products of a training step as machine code; each hands its sums, tile by tile, to formulas of the caller.

    forward      z[n, c] = Σₖ x[n, k] W[k, c]      then e.g. + b[c] and the activation
    backward     e[n, k] = Σ꜀ δ[n, c] W[k, c]      then e.g. times the slope of the activation below
    gradient     G[k, c] = Σₙ x[n, k] δ[n, c]      then e.g. the whole optimiser, so that G never reaches memory
    column_sums  g[c]    = Σₙ δ[n, c]              then e.g. the optimiser of a bias

    kit = Kit(module, host(), "float32", threads=2)
    layout = kit.layout(784, 128)                                      # of W, in column panels
    product = kit.forward("forward1", layout, [32], x_stride, epilogue, {"b": COLUMNS, "y": rows(y_stride)})
    product.call(builder, x, weights, room, n, share, shares, {"b": bias, "y": y})

[32] are the row counts that a batch may have. `epilogue(tile, sums)` is called, while the code is made, for every vector of sums of a
tile. `sums` is a `Value` of `tile.machine`; the tile loads and stores the operands at the same place:

    def epilogue(tile, z):
        tile.store("y", primitives.relu.value(tile.machine, z + tile.load("b")))

Operands, all passed by the caller of the product as LLVM values, a pointer to the first number or, for NUMBER, the number itself:

    rows(stride)    a matrix (n, columns) by rows
    panels(layout)  a matrix like W in column panels
    COLUMNS         one number a column, as a bias
    ROWS            one number a row, as the weight of an example
    NUMBER          one number, as the learning rate

Every array begins at a multiple of 64 bytes and is padded to whole vectors (`engines.compiled.layout`): an epilogue may load and store
beyond the last column of a row, up to a whole vector, and what stands there never gets into a true number.

The work of a product is divided among threads by panels of columns or by rows, never by the terms of a sum: its numbers are the same,
bit for bit, whatever `shares` is. The caller calls the product with each `share` in range(shares), and waits before it uses the result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from llvmlite import ir

from chainrule.engines.compiled.instructions import I64, POINTER, VOID, add, at, choose, element, lesser, loop, multiply, whole_number
from chainrule.engines.compiled.layout import LINE, Panels, row_stride, whole
from chainrule.engines.compiled.packing import copy_function, transpose_function
from chainrule.engines.compiled.target import CACHE, Processor, itemsize
from chainrule.engines.compiled.tiles import COLUMNS, NUMBER, ROWS, UNROLLED, Epilogue, Kernel, Operand, Shape, panels, rows

__all__ = ["COLUMNS", "NUMBER", "ROWS", "Kit", "Operand", "Product", "panels", "rows"]

import os
AHEAD=int(os.environ.get("AHEAD","1"))
FOLLOW=int(os.environ.get("FOLLOW","1"))
CACHE=int(os.environ.get("CACHE",str(2**20)))
FETCH=int(os.environ.get("FETCH","1"))
GATHER=int(os.environ.get("GATHER","8"))
MOST_STEPS = int(os.environ.get("STEPS","512"))
"""Terms of a sum that are added before its tile goes back to memory: a block of W of so many rows is half of the nearer cache."""


@dataclass(frozen=True)
class Form:
    """A product C[r, c] = Σₛ a[r, s] b[s, c] by the strides of its matrices.

    rows      of C; none: as many as the batch has
    steps     terms of a sum; none: as many as the batch has
    columns   of C
    a_row, a_step  strides of a along r and s
    b_panel   from one column panel of b to the next
    b_step    stride of b along s, in a whole panel and in the last, narrower one
    turned    the layout of the matrix that has to be transposed to be b
    copied    whether a panel of b is to be copied, so that it lies in one piece
    gathered  whether a is to be copied so that each tile's part lies in one piece
    """

    rows: int | None
    steps: int | None
    columns: int
    a_row: int
    a_step: int
    b_panel: int
    b_step: tuple[int, int]
    turned: Panels | None = None
    copied: bool = False
    gathered: bool = False


@dataclass(frozen=True)
class Kit:
    """Makes the products of a module for one processor and one type of number.

    threads  the most that will share the work
    """

    module: Any
    processor: Processor
    dtype: str = "float32"
    threads: int = 1
    _made: dict[Any, Product] = field(default_factory=dict, compare=False, repr=False)

    def layout(self, rows: int, columns: int) -> Panels:
        """How a weight matrix and its moments lie."""
        return Panels(rows, columns, self.dtype, self.processor)

    def stride(self, columns: int) -> int:
        """Numbers from one row of activations to the next."""
        return row_stride(columns, self.dtype, self.processor)

    def forward(
        self, name: str, layout: Panels, sizes: Sequence[int], stride: int, epilogue: Epilogue, operands: Mapping[str, Operand], **more: Any
    ) -> Product:
        """z = x W. Call it with x (by rows, `stride` numbers apart) and W. `partial` names the operand by rows that z's sums may be in."""
        form = Form(None, layout.rows, layout.columns, stride, 1, layout.stride, (layout.width, layout.rest))
        return Product(self, name, form, sizes, epilogue, operands, weights=layout, **more)

    def backward(
        self, name: str, layout: Panels, sizes: Sequence[int], stride: int, epilogue: Epilogue, operands: Mapping[str, Operand], **more: Any
    ) -> Product:
        """e = δ Wᵀ. Call it with δ and W."""
        turned = self.layout(layout.columns, layout.rows)  # of Wᵀ
        form = Form(None, layout.columns, layout.rows, stride, 1, 0, (turned.width, turned.rest), turned=layout)
        return Product(self, name, form, sizes, epilogue, operands, **more)

    def gradient(
        self,
        name: str,
        layout: Panels,
        sizes: Sequence[int],
        strides: tuple[int, int],
        epilogue: Epilogue,
        operands: Mapping[str, Operand],
        **more: Any,
    ) -> Product:
        """G = xᵀ δ. Call it with x and δ, whose strides these are."""
        x, delta = strides
        large = layout.rows * max(sizes) > 2**16
        gathered = large and layout.count >= GATHER
        form = Form(layout.rows, None, layout.columns, 1, x, layout.width, (delta, delta), copied=large, gathered=gathered)
        return Product(self, name, form, sizes, epilogue, operands, **more)

    def column_sums(
        self, name: str, columns: int, sizes: Sequence[int], stride: int, epilogue: Epilogue, operands: Mapping[str, Operand], **more: Any
    ) -> Product:
        """g = the sums of the columns of δ. Call it with δ twice."""
        form = Form(1, None, columns, 0, 0, self.layout(1, columns).width, (stride, stride))
        return Product(self, name, form, sizes, epilogue, operands, **more)


class Product:
    """One product, as the LLVM function `function`.

    sizes    row counts that a batch may have
    partial  operand (by rows) for the sums between the blocks of a long sum
    flags    fast-math flags of the epilogue
    room     numbers of memory that each thread needs while it works
    """

    def __init__(
        self,
        kit: Kit,
        name: str,
        form: Form,
        sizes: Sequence[int],
        epilogue: Epilogue,
        operands: Mapping[str, Operand],
        partial: str = "",
        flags: Sequence[str] = ("contract",),
        weights: Panels | None = None,
    ) -> None:
        self.kit, self.name, self.form, self.sizes, self.operands = kit, name, form, tuple(sizes), dict(operands)
        self.kernel = Kernel(kit.module, kit.dtype, kit.processor.lanes(kit.dtype), epilogue, self.operands, partial, flags)
        self.layout = kit.layout(1, form.columns)
        self.most, self.weights = max(self.sizes), weights
        self.blocks = self._blocks()
        self.room_of_b = self.layout.width * whole(self.blocks[0] if form.steps else self.most, self.layout.lanes) * self._packed
        self.room = self.room_of_b + form.gathered * max(
            min(self._tiles_at_once(vectors), -(-(form.rows or 0) // self._rows_of_tile(vectors))) * self._part_of_a(vectors)
            for vectors in (kit.processor.vectors, self.layout.rest // self.layout.lanes or kit.processor.vectors)
        )
        self.by_panels = self.layout.count % kit.threads == 0 or self.layout.count >= 4 * kit.threads
        self._tiles: dict[Shape, Any] = {}
        types = [POINTER, POINTER, POINTER, I64, I64, I64, *self.kernel.types]
        self.function = ir.Function(kit.module, ir.FunctionType(VOID, types), name)
        self.function.linkage = "internal"
        self.function.attributes.add("nounwind")
        self.function.attributes.add("noinline")
        self._emit()

    def call(self, builder: Any, a: Any, b: Any, room: Any, n: Any, share: Any, shares: Any, given: Mapping[str, Any]) -> None:
        """Emit the call: this thread's `share` of the product of a batch of n rows. The operands are those of the product, by name."""
        numbers = [whole_number(number) for number in (n, share, shares)]
        builder.call(self.function, [a, b, room, *numbers, *(given[name] for name in self.operands)])

    @property
    def _packed(self) -> bool:
        return self.form.turned is not None or self.form.copied

    def _blocks(self) -> list[int]:
        """Steps of each block: alike, in whole panels of what is transposed, and few enough."""
        steps = self.form.steps
        if steps is None:
            return [0]
        if steps <= MOST_STEPS or not self.kernel.partial:
            return [steps]
        size = whole(-(-steps // -(-steps // MOST_STEPS)), self.layout.width)
        return [min(size, steps - start) for start in range(0, steps, size)]

    # The function: loops over panels, blocks and tiles

    def _emit(self) -> None:
        self.builder = builder = ir.IRBuilder(self.function.append_basic_block("entry"))
        self.a, self.b, self.room_pointer, self.n, self.share, self.shares, *given = self.function.args
        self.given = dict(zip(self.operands, given, strict=True))
        if len(self.sizes) == 1:
            self.n = self.sizes[0]
        if self.layout.count:
            first, end = self._part(self.layout.count) if self.by_panels else (0, self.layout.count)
            self._nest(first, end, self.kit.processor.vectors, self.by_panels)
        if self.layout.rest:
            self._nest(self.layout.count, self.layout.count + 1, self.layout.rest // self.layout.lanes, False)
        builder.ret_void()

    def _part(self, count: Any) -> tuple[Any, Any]:
        """This thread's part of so many pieces."""
        builder, pieces = self.builder, whole_number(count)
        return tuple(  # type: ignore[return-value]
            builder.udiv(builder.mul(pieces, share), self.shares) for share in (self.share, builder.add(self.share, I64(1)))
        )

    def _nest(self, first: Any, end: Any, vectors: int, whole_rows: bool) -> None:
        """The loops over a range of panels that are so many vectors wide."""
        builder, form = self.builder, self.form
        tiles = Tiling(builder, form.rows or self.n, self.kit.processor.tile_rows(vectors))
        begin, stop = (0, tiles.count) if whole_rows else self._part(tiles.count)
        at_once = self._tiles_at_once(vectors)
        with loop(builder, begin, stop, at_once) as block:
            until = lesser(builder, add(builder, block, at_once), stop)
            if form.gathered:
                with loop(builder, block, until) as tile:
                    self._gather(tiles, tile, self._gathered(tile, block, vectors))
            start = 0
            for place, steps in enumerate(self.blocks):
                with loop(builder, first, end) as panel:
                    b = self._source(panel, start, steps, vectors)
                    with loop(builder, block, until) as tile:
                        self._tile(tiles, tile, panel, vectors, place, start, b, tiles_of=(block, at_once))
                start += steps

    def _rows_of_tile(self, vectors: int = 0) -> int:
        """The most rows of a tile so many vectors wide; of a whole panel if none are said."""
        return self.kit.processor.tile_rows(vectors or self.kit.processor.vectors)

    def _tiles_at_once(self, vectors: int = 0) -> int:
        """So many tiles of rows go through all panels before the next: their part of `a` stays in the cache meanwhile."""
        bytes_of_a = itemsize(self.kit.dtype) * (self.blocks[0] or self.most)
        return max(1, CACHE // bytes_of_a // self._rows_of_tile(vectors))

    def _part_of_a(self, vectors: int = 0) -> int:
        """Numbers of one tile's part of `a`, gathered."""
        return self.most * self._rows_of_tile(vectors)

    def _gathered(self, tile: Any, block: Any, vectors: int) -> Any:
        """Where a tile's part of `a` lies, gathered: in the room of this thread, behind the block of b."""
        place = self.builder.sub(whole_number(tile), whole_number(block))
        offset = add(self.builder, multiply(self.builder, place, self._part_of_a(vectors)), self.room_of_b)
        return at(self.builder, self.room_pointer, offset, self.kernel.number)

    def _gather(self, tiles: Tiling, tile: Any, target: Any) -> None:
        """Copy a tile's part of `a`, so that it lies in the order in which the tile reads it."""
        source = at(self.builder, self.a, multiply(self.builder, tiles.row(tile), self.form.a_row), self.kernel.number)

        def call(rows: int) -> None:
            copy = copy_function(self.kit.module, self.kit.dtype, rows, 1, self.form.a_step)
            self.builder.call(copy, [source, target, whole_number(self.n)], cconv="fastcc")

        choose(self.builder, tiles.rows(tile), tiles.possible(self.form.rows, self.sizes), call)

    def _source(self, panel: Any, start: int, steps: int, vectors: int) -> Any:
        """Where the block of b begins; where it has to be turned or copied, in the room of this thread."""
        builder, form, kit, layout = self.builder, self.form, self.kit, self.layout
        number, width = self.kernel.number, vectors * layout.lanes
        if form.turned is not None:
            across = form.turned
            rows = multiply(builder, panel, layout.width)
            for place in range(start // across.width, -(-(start + steps) // across.width)):
                part = across.width if place < across.count else across.rest
                source = at(builder, self.b, add(builder, multiply(builder, rows, part), place * across.stride), number)
                target = at(builder, self.room_pointer, (place * across.width - start) * width, number)
                turn = transpose_function(kit.module, kit.dtype, layout.lanes, part, width)
                builder.call(turn, [source, target], cconv="fastcc")
            return self.room_pointer
        b = at(builder, self.b, add(builder, multiply(builder, panel, form.b_panel), start * form.b_step[0 if vectors == kit.processor.vectors else 1]), number)
        if form.copied:
            copy = copy_function(kit.module, kit.dtype, layout.lanes, vectors, form.b_step[0])
            builder.call(copy, [b, self.room_pointer, whole_number(self.n)], cconv="fastcc")
            return self.room_pointer
        return b

    def _tile(self, tiles: Tiling, tile: Any, panel: Any, vectors: int, place: int, start: int, b: Any, tiles_of: Any) -> None:
        """The call of one tile's function."""
        builder, form, number = self.builder, self.form, self.kernel.number
        row, count = tiles.row(tile), tiles.rows(tile)
        column = multiply(builder, panel, self.layout.width)
        if form.gathered:
            a = self._gathered(tile, tiles_of[0], vectors)
        else:
            a = at(builder, self.a, add(builder, multiply(builder, row, form.a_row), start * form.a_step), number)
        operands = [self._operand(name, row, panel, column, vectors) for name in self.operands]
        steps = self.blocks[place] or self.n
        width = vectors * self.layout.lanes
        narrow = vectors != self.kit.processor.vectors
        ahead, bytes_ahead = self._ahead(panel, vectors, place, start, b, tile, tiles_of)
        shape = Shape(
            rows=0, vectors=vectors, columns=self.form.columns - self.layout.count * self.layout.width if narrow else width,
            a_row=form.a_row, a_step=form.a_step, b_step=width if self._packed else form.b_step[narrow], width=width,
            first=place == 0, last=place == len(self.blocks) - 1, ahead=bytes_ahead,
            following=self._following(width) if form.steps is None else 0,
            fetched=FETCH and self.blocks[place] >= 128 and self.most * form.columns * itemsize(self.kit.dtype) > CACHE // 8,
        )

        def call(rows: int) -> None:
            a_step = rows if form.gathered else form.a_step
            function = self._function(replace(shape, rows=rows, a_step=a_step, following=-(-shape.following * rows // LINE) * LINE))
            builder.call(
                function, [a, b, whole_number(steps), ahead, whole_number(row), whole_number(column), *operands], cconv="fastcc"
            )

        choose(builder, count, tiles.possible(form.rows, self.sizes), call)

    def _ahead(self, panel: Any, vectors: int, place: int, start: int, b: Any, tile: Any, tiles_of: tuple[Any, int]) -> tuple[Any, int]:
        """What a tile prefetches while it computes: its part of the block of W that comes next, and the bytes in each turn of its loop.

        The tiles of a panel together fetch the whole block of the next panel. Where W is small it is near already.
        """
        builder, form, size = self.builder, self.form, itemsize(self.kit.dtype)
        weights, steps = form.turned or self.weights, self.blocks[place]
        turns = steps // UNROLLED
        if not AHEAD or weights is None or weights.size * size <= CACHE or not turns or vectors != self.kit.processor.vectors:
            return b, 0
        block, at_once = tiles_of
        tiles = min(at_once, -(-self.most // self.kit.processor.tile_rows(vectors)))
        tiles = max(1, tiles if self.by_panels else tiles // self.kit.threads)
        rate = -(-steps * self.layout.width * size // (tiles * turns))
        done = multiply(builder, builder.sub(whole_number(tile), whole_number(block)), rate * turns)
        if form.turned is None:
            return at(builder, b, add(builder, done, form.b_panel * size)), rate
        piece = weights.width * self.layout.width * size
        inside = builder.urem(done, I64(piece))
        row = multiply(builder, add(builder, panel, 1), piece)
        jump = builder.mul(builder.udiv(done, I64(piece)), I64(weights.stride * size))
        offset = builder.add(builder.add(inside, jump), whole_number(row))
        return at(builder, self.b, builder.add(offset, I64(start // weights.width * weights.stride * size))), rate

    def _following(self, width: int) -> int:
        """Bytes of one row of a tile, by the turns of its loop: the part of the next tile's row to prefetch in each turn."""
        size = itemsize(self.kit.dtype)
        wide = sum(operand.layout.size * size for operand in self.operands.values() if operand.layout is not None)
        return -(-width * size // max(1, self.most // UNROLLED)) if FOLLOW and wide > CACHE else 0

    def _operand(self, name: str, row: Any, panel: Any, column: Any, vectors: int) -> Any:
        """Where the tile's part of an operand begins."""
        builder, operand, pointer = self.builder, self.operands[name], self.given[name]
        match operand.kind:
            case "number":
                return pointer
            case "rows":
                offset = add(builder, multiply(builder, row, operand.stride), column)
            case "panels":
                assert operand.layout is not None
                within = multiply(builder, row, vectors * self.layout.lanes)
                offset = add(builder, multiply(builder, panel, operand.layout.stride), within)
            case "columns":
                offset = column
            case _:
                offset = row
        return at(builder, pointer, offset, self.kernel.number)

    def _function(self, shape: Shape) -> Any:
        if shape not in self._tiles:
            self._tiles[shape] = self.kernel.function(f"{self.name}_tile{len(self._tiles)}", shape)
        return self._tiles[shape]


class Tiling:
    """Rows cut into tiles of at most `most`, as equal as can be: 32 by 6 are 6 6 5 5 5 5."""

    def __init__(self, builder: Any, total: Any, most: int) -> None:
        self.builder, self.most = builder, most
        if isinstance(total, int):
            self.count = -(-total // most)
            self.least, self.larger = divmod(total, self.count)
        else:
            self.count = builder.udiv(builder.add(total, I64(most - 1)), I64(most))
            self.least, self.larger = builder.udiv(total, self.count), builder.urem(total, self.count)

    def row(self, tile: Any) -> Any:
        """The first row of a tile."""
        return add(self.builder, multiply(self.builder, tile, self.least), lesser(self.builder, tile, self.larger))

    def rows(self, tile: Any) -> Any:
        """How many rows the tile has."""
        if isinstance(self.larger, int) and (self.larger == 0 or isinstance(tile, int)):
            return self.least + (isinstance(tile, int) and tile < self.larger)
        more = self.builder.zext(self.builder.icmp_unsigned("<", whole_number(tile), whole_number(self.larger)), I64)
        return self.builder.add(whole_number(self.least), more)

    def possible(self, rows: int | None, sizes: Sequence[int]) -> list[int]:
        """Which numbers of rows a tile may have."""
        found = set()
        for total in sizes if rows is None else [rows]:
            count = -(-total // self.most)
            least, larger = divmod(total, count)
            found |= {least, least + 1} if larger else {least}
        return sorted(found)
