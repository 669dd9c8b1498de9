"""The stages that are products: the kernels of `engines.compiled.products`, with the formulas of the stage as their epilogues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.buffers import Buffer
from chainrule.engines.compiled.graph import Node
from chainrule.engines.compiled.instructions import whole
from chainrule.engines.compiled.layout import Panels
from chainrule.engines.compiled.points import COLUMN, FULL, Point
from chainrule.engines.compiled.products import COLUMNS, NUMBER, ROWS, Operand, panels, rows
from chainrule.engines.compiled.sharing import counts
from chainrule.engines.compiled.stages import operand
from chainrule.engines.compiled.target import itemsize
from chainrule.engines.compiled.tiles import Tile
from chainrule.engines.machine import Value
from chainrule.network.derivation import BATCH

if TYPE_CHECKING:
    from chainrule.engines.compiled.calls import Emitted
    from chainrule.engines.compiled.kernels import Kernels, Outline


SMALL = 2**16
"""Bytes of W up to which every thread reads all of it in every step, though another one has written half of it."""


class ProductPassage:
    """A matrix product, or the sums of the columns of a matrix, with an epilogue. All threads call it, each for its share.

    by_rows  whether each thread computes its own rows, and nothing else divides the work
    """

    by_rows = False

    def __init__(self, kernels: Kernels, name: str, outline: Outline) -> None:
        kit, self.most = kernels.kit, kernels.most
        any_number = [kernels.most, kernels.most]
        first = outline.stage.nodes[0]
        factors = [outline.program.home[operand(argument)] for argument in first.arguments]
        self.factors = [outline.buffers.index(factor) for factor in factors]
        self.kind = kind = "column_sums" if first.operation == "reduce" else _kind(*first.arguments)
        self.names = {buffer: f"array_{i}" for i, buffer in enumerate(outline.buffers) if buffer in outline.inside}
        self.figures = {node: f"number_{i}" for i, node in enumerate(outline.figures)}
        operands = {name: _operand(buffer) for buffer, name in self.names.items()} | dict.fromkeys(self.figures.values(), NUMBER)
        role = COLUMN if kind == "column_sums" else FULL

        def epilogue(tile: Tile, sums: Value) -> None:
            point = Point(
                tile.machine, outline, lambda buffer, role: tile.load(self.names[buffer]), lambda node: tile.load(self.figures[node])
            )
            point.known[first, role] = sums
            values = [(node, point.value(node, role)) for node in outline.stage.nodes]
            for node, value in values:
                if outline.kept(node):
                    tile.store(self.names[outline.program.home[node]], value)

        if kind == "column_sums":
            self.factors *= 2
            self.product = kit.column_sums(name, int(first.shape[0]), any_number, factors[0].stride, epilogue, operands)
        elif kind == "gradient":
            layout = kit.layout(int(first.shape[0]), int(first.shape[1]))
            self.product = kit.gradient(name, layout, any_number, (factors[0].stride, factors[1].stride), epilogue, operands)
        else:
            make, weights = kit.forward if kind == "forward" else kit.backward, factors[1].layout
            assert weights is not None
            self.by_rows = _by_rows(kernels, weights, weights.columns if kind == "forward" else weights.rows)
            sizes = counts(kernels.most, kernels.parts, kernels.kit.threads) if self.by_rows else [kernels.most]
            partial = self._partial(outline) if kind == "forward" else ""
            self.product = make(name, weights, sizes, factors[0].stride, epilogue, operands, partial=partial)
        kernels.scratch = max(kernels.scratch, self.product.room)

    def _partial(self, outline: Outline) -> str:
        """An array that the epilogue only writes: sums that are not complete may stand there meanwhile."""
        return next(
            (
                self.names[buffer]
                for node in outline.stage.nodes
                if outline.kept(node) and (buffer := outline.program.home[node]) not in outline.read
            ),
            "",
        )

    def call(self, emitted: Emitted, outline: Outline, numbers: Sequence[Any], _: Any) -> None:
        """Call it for a stage of this structure, which reads these single numbers."""
        if not self.by_rows:
            rows = whole(self.most) if self.kind in ("forward", "backward") else emitted.rows
            self._call(emitted, [emitted.pointer(buffer) for buffer in outline.buffers], numbers, rows, emitted.share, emitted.shares)
            return
        first, rows = emitted.own_rows
        arrays = [emitted.row(buffer, first if buffer.kind in ("rows", "numbers") else 0) for buffer in outline.buffers]
        with emitted.builder.if_then(emitted.builder.icmp_unsigned(">", rows, whole(0))):
            self._call(emitted, arrays, numbers, rows, whole(0), whole(1))

    def _call(self, emitted: Emitted, arrays: Sequence[Any], numbers: Sequence[Any], rows: Any, share: Any, shares: Any) -> None:
        given = {name: arrays[int(name.removeprefix("array_"))] for name in self.names.values()}
        given |= {f"number_{i}": number for i, number in enumerate(numbers)}
        left, right = (arrays[i] for i in self.factors)
        self.product.call(emitted.builder, left, right, emitted.scratch, rows, share, shares, given)


def _by_rows(kernels: Kernels, weights: Panels, columns: int) -> bool:
    """Does each thread compute its own rows, from which it can go on without a wait? Where there are few panels, or W is small."""
    threads, size = kernels.kit.threads, weights.size * itemsize(kernels.dtype)
    return threads > 1 and (kernels.kit.layout(1, columns).count < threads or size <= SMALL)


def _kind(a: Node, b: Node) -> str:
    """Which of the three products it is. Raises NotCompilable."""
    if a.shape[0] == BATCH and b.operation == "transpose":
        return "backward"
    if a.shape[0] == BATCH:
        return "forward"
    if a.operation == "transpose" and b.shape[0] == BATCH:
        return "gradient"
    raise NotCompilable("a product of two parameters has no machine code")


def _operand(buffer: Buffer) -> Operand:
    """How the tiles of a product find the numbers of an array."""
    match buffer.kind:
        case "rows":
            return rows(buffer.stride)
        case "panels":
            assert buffer.layout is not None
            return panels(buffer.layout)
        case "columns":
            return COLUMNS
    return ROWS
