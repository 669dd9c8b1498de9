"""The three matrix products of a training step as machine code; each hands its sums, tile by tile, to formulas of the caller.

    forward      z[n, c] = Σₖ x[n, k] W[k, c]      then e.g. + b[c] and the activation
    backward     e[n, k] = Σ꜀ δ[n, c] W[k, c]      then e.g. times the slope of the activation below
    gradient     G[k, c] = Σₙ x[n, k] δ[n, c]      then e.g. the whole optimiser, so that G never reaches memory
    column_sums  g[c]    = Σₙ δ[n, c]              then e.g. the optimiser of a bias

    layout = context.layout(784, 128)                                       # of W, in column panels
    product = Product(context, "forward1", forward_strides(layout, x_stride), [32], epilogue, {"b": COLUMNS, "y": rows(y_stride)})
    product.call(builder, x, weights, room, n, share, shares, {"b": bias, "y": y})

[32] are the row counts that a batch may have, each at least 1. `epilogue(tile, sums)` is called, while the code is made, for every vector
of sums of a tile. `sums` is a value of `tile.machine`; the tile loads and stores the operands at the same place:

    def epilogue(tile, z):
        tile.store("y", primitives.relu.value(tile.machine, z + tile.load("b")))

Operands, all passed by the caller of the product as LLVM values, a pointer to the first number or, for NUMBER, the number itself:

    rows(stride)    a matrix (n, columns) by rows
    panels(layout)  a matrix like W in column panels
    COLUMNS         one number a column, as a bias
    rowwise(stride) one number a row, as the weight of an example
    NUMBER          one number, as the learning rate

Sums of more than `loop_nests.MOST_STEPS` terms are made block by block and stand in memory between the blocks: in the operand by rows that
`partial` names, which the epilogue may only write, or else in the room.

`room` is memory for each thread alone, `product.room` numbers of it. Every array begins at a multiple of 64 bytes and is padded to whole
vectors (`graph.layout`): an epilogue may load and store beyond the last column of a row, up to a whole vector, and what stands
there never gets into a true number.

The work of a product is divided among threads by panels of columns or by rows, never by the terms of a sum: its numbers are the same,
bit for bit, whatever `shares` is. The caller calls the product with each `share` in range(shares), and waits before it uses the result.
"""

from __future__ import annotations

from chainrule.base.frozen import replace
from chainrule.engines.compiled.graph.layout import Panels
from chainrule.engines.compiled.graph.operations import EachProduct
from chainrule.engines.compiled.matmul.loop_nests import Product, ProductStrides
from chainrule.engines.compiled.matmul.tiles import COLUMNS, NUMBER, Operand, panels, rows, rowwise

__all__ = ["COLUMNS", "NUMBER", "Operand", "Product", "panels", "rows", "rowwise"]

COPIED_FROM = 2**16
"""Numbers of x from which on a gradient's panels of δ are copied: fewer are near anyway."""

GATHERED_FROM = 8
"""Panels of δ from which on x is gathered for a gradient: each of them reads it once."""


def forward_strides(layout: Panels, stride: int) -> ProductStrides:
    """z = x W, for x by rows that are `stride` numbers apart. The product is called with x and W."""
    return ProductStrides(None, layout.rows, layout.columns, stride, 1, layout.stride, (layout.width, layout.rest), weights=layout)


def backward_strides(layout: Panels, stride: int) -> ProductStrides:
    """e = δ Wᵀ. The product is called with δ and W."""
    turned = replace(layout, rows=layout.columns, columns=layout.rows)  # of Wᵀ
    return ProductStrides(None, turned.rows, turned.columns, stride, 1, 0, (turned.width, turned.rest), weights=layout, turned=True)


def gradient_strides(layout: Panels, strides: tuple[int, int], rows: int) -> ProductStrides:
    """G = xᵀ δ, for x and δ with these strides, and a batch of at most so many rows. The product is called with x and δ."""
    x, delta = strides
    large = layout.rows * rows > COPIED_FROM
    gathered = large and layout.count >= GATHERED_FROM
    return ProductStrides(layout.rows, None, layout.columns, 1, x, layout.width, (delta, delta), copied=large, gathered=gathered)


def column_sum_strides(layout: Panels, stride: int) -> ProductStrides:
    """g = the sums of the columns of δ, where g has this layout. The product is called with δ twice."""
    return ProductStrides(1, None, layout.columns, 0, 0, layout.width, (stride, stride))


def each_strides(layout: Panels, each: EachProduct, strides: tuple[int, int]) -> ProductStrides:
    """a b, or where a lies transposed aᵀ b, of two matrices by rows with these strides."""
    a, b = strides
    row, step = (1, a) if each.turned else (a, 1)
    return ProductStrides(each.rows, each.terms, each.columns, row, step, layout.width, (b, b))
