"""The stages that are products: the products of `matmul`, with the formulas of the stage as their epilogues."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.base.errors import NotCompilable
from chainrule.engines.compiled.emission.context import ModuleContext, counts
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.graph.layout import Panels
from chainrule.engines.compiled.graph.operations import EachProduct, Operation, over_batch, rows_each
from chainrule.engines.compiled.graph.schedule import factor
from chainrule.engines.compiled.kernels.evaluation import COLUMN, FULL, Evaluator
from chainrule.engines.compiled.kernels.program import StageSignature, ThreadFrame
from chainrule.engines.compiled.llvm.instructions import at, loop, multiply_integers, whole
from chainrule.engines.compiled.llvm.machine import MachineValue
from chainrule.engines.compiled.llvm.target import itemsize
from chainrule.engines.compiled.matmul import products
from chainrule.engines.compiled.matmul.products import COLUMNS, NUMBER, Operand, panels, rows, rowwise
from chainrule.engines.compiled.matmul.tiles import Tile

SMALL = 2**16
"""Bytes of W up to which every thread reads all of it in every step, though another one has written half of it."""


class ProductKernel:
    """A matrix product, or the sums of the columns of a matrix, with an epilogue. All threads call it, each for its share.

    by_rows  whether each thread computes its own rows, and nothing else divides the work
    """

    by_rows = False

    def __init__(self, context: ModuleContext, name: str, signature: StageSignature) -> None:
        first = signature.stage.nodes[0]
        self.each = rows_each(factor(first.arguments[0]).shape)
        self.most = context.rows * self.each
        factors = [signature.program.home[factor(argument)] for argument in first.arguments]
        self.factors = [signature.buffers.index(factor) for factor in factors]
        self.kind = kind = "column_sums" if first.opcode == "reduce" else _kind(*first.arguments)
        self.epilogue_of(signature, COLUMN if kind == "column_sums" else FULL)
        sizes, partial = [self.most, self.most], ""  # two sizes: any number of rows
        if kind == "column_sums":
            self.factors *= 2
            strides = products.column_sum_strides(context.layout(1, int(first.shape[0])), factors[0].stride)
        elif kind == "gradient":
            layout = context.layout(int(first.shape[0]), int(first.shape[1]))
            strides = products.gradient_strides(layout, (factors[0].stride, factors[1].stride), self.most)
        else:
            weights = factors[1].layout
            assert weights is not None
            strides = (products.forward_strides if kind == "forward" else products.backward_strides)(weights, factors[0].stride)
            self.by_rows = _by_rows(context, weights, strides.columns)
            examples = counts(context.rows, context.parts, context.threads) if self.by_rows else [context.rows]
            sizes = [count * self.each for count in examples]
            partial = self._partial(signature) if kind == "forward" else ""
        self.product = products.Product(context, name, strides, sizes, self.epilogue, self.operands, partial)
        context.scratch = max(context.scratch, self.product.room)

    def epilogue_of(self, signature: StageSignature, role: str) -> None:
        """The formulas of a stage behind its product, and what they read and write."""
        first = signature.stage.nodes[0]
        self.names = {buffer: f"array_{i}" for i, buffer in enumerate(signature.buffers) if buffer in signature.inside}
        self.figures = {node: f"number_{i}" for i, node in enumerate(signature.figures)}
        self.operands = {name: _operand(buffer) for buffer, name in self.names.items()} | dict.fromkeys(self.figures.values(), NUMBER)

        def epilogue(tile: Tile, sums: MachineValue) -> None:
            evaluator = Evaluator(
                tile.machine, signature, lambda buffer, role: tile.load(self.names[buffer]), lambda node: tile.load(self.figures[node])
            )
            evaluator.known[first, role] = sums
            values = [(node, evaluator.value(node, role)) for node in signature.stage.nodes]
            for node, value in values:
                if signature.kept(node):
                    tile.store(self.names[signature.program.home[node]], value)

        self.epilogue = epilogue

    def _partial(self, signature: StageSignature) -> str:
        """An array that the epilogue only writes: sums that are not complete may stand there meanwhile."""
        return next(
            (
                self.names[buffer]
                for node in signature.stage.nodes
                if signature.kept(node) and (buffer := signature.program.home[node]) not in signature.read
            ),
            "",
        )

    def call(self, frame: ThreadFrame, signature: StageSignature, numbers: Sequence[Any], _: Any) -> None:
        """Call it for a stage of this structure, which reads these single numbers."""
        if not self.by_rows:
            rows = whole(self.most) if self.kind in ("forward", "backward") else frame.builder.mul(frame.rows, whole(self.each))
            self._call(frame, [frame.pointer(buffer) for buffer in signature.buffers], numbers, rows, frame.share, frame.shares)
            return
        first, rows = frame.own_rows
        arrays = [frame.row(buffer, first if buffer.kind in ("rows", "numbers") else 0) for buffer in signature.buffers]
        with frame.builder.if_then(frame.builder.icmp_unsigned(">", rows, whole(0))):
            self._call(frame, arrays, numbers, frame.builder.mul(rows, whole(self.each)), whole(0), whole(1))

    def _call(self, frame: ThreadFrame, arrays: Sequence[Any], numbers: Sequence[Any], rows: Any, share: Any, shares: Any) -> None:
        given = {name: arrays[int(name.removeprefix("array_"))] for name in self.names.values()}
        given |= {f"number_{i}": number for i, number in enumerate(numbers)}
        left, right = (arrays[i] for i in self.factors)
        self.product.call(frame.builder, left, right, frame.scratch, rows, share, shares, given)


class EachProductKernel(ProductKernel):
    """Matrix products of each example, with an epilogue. Each thread computes those of its own examples."""

    by_rows = True

    def __init__(self, context: ModuleContext, name: str, signature: StageSignature) -> None:
        first = signature.stage.nodes[0]
        self.detail: EachProduct = first.detail
        a, b = (signature.program.home[argument] for argument in first.arguments)
        self.factors = [signature.buffers.index(factor) for factor in (a, b)]
        self.epilogue_of(signature, FULL)
        strides = products.each_strides(context.layout(1, self.detail.columns), self.detail, (a.stride, b.stride))
        self.product = products.Product(context, name, strides, [self.detail.rows], self.epilogue, self.operands)
        context.scratch = max(context.scratch, self.product.room)

    def call(self, frame: ThreadFrame, signature: StageSignature, numbers: Sequence[Any], _: Any) -> None:
        """Call it for the examples of this thread."""
        builder, (first, rows) = frame.builder, frame.part_of_rows()
        count = multiply_integers(builder, rows, self.detail.count)
        arrays = [frame.row(buffer, first) if buffer.kind in ("rows", "numbers") else frame.pointer(buffer) for buffer in signature.buffers]
        with loop(builder, 0, count, name="each") as place:
            here = [
                at(
                    builder,
                    array,
                    multiply_integers(builder, place, buffer.rows_each // self.detail.count * buffer.stride),
                    frame.context.element,
                )
                if buffer.kind in ("rows", "numbers")
                else array
                for array, buffer in zip(arrays, signature.buffers, strict=True)
            ]
            self._call(frame, here, numbers, whole(self.detail.rows), whole(0), whole(1))


def _by_rows(context: ModuleContext, weights: Panels, columns: int) -> bool:
    """Does each thread compute its own rows, from which it can go on without a wait? Where there are few panels, or W is small."""
    threads, size = context.threads, weights.size * itemsize(context.dtype)
    return threads > 1 and (context.layout(1, columns).count < threads or size <= SMALL)


def _kind(a: Operation, b: Operation) -> str:
    """Which of the three products it is. Raises NotCompilable."""
    if over_batch(a.shape[:1]) and b.opcode == "transpose":
        return "backward"
    if over_batch(a.shape[:1]):
        return "forward"
    if a.opcode == "transpose" and over_batch(b.shape[:1]):
        return "gradient"
    raise NotCompilable("a product of two matrices of parameters, as an update rule may have, has no machine code")


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
    return rowwise(buffer.stride)
