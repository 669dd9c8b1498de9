"""The three matrix products of a training step as machine code; each hands its sums, tile by tile, to formulas of the caller.

    forward    z[n, c] = Σₖ x[n, k] W[k, c]      then e.g. + b[c] and the activation
    backward   e[n, k] = Σ꜀ δ[n, c] W[k, c]      then e.g. times the slope of the activation below
    gradient   G[k, c] = Σₙ x[n, k] δ[n, c]      then e.g. the whole optimiser, so that G never reaches memory

    product = forward(module, "forward_1", layout, [32], x_stride, epilogue, {"b": COLUMNS, "y": rows(y_stride)})
    product.call(builder, x, weights, room, n, share, shares, {"b": bias, "y": y})

`layout` is the `Panels` of W; [32] are the row counts that a batch may have. `epilogue(tile, sums)` is called, while the code is made,
for every vector of sums in a tile. `sums` is a `Value` of `tile.machine`; the tile loads and stores the operands at the same place:

    def epilogue(tile, z):
        tile.store("y", primitives.relu.value(tile.machine, z + tile.load("b")))

Operands, all passed by the caller of the product as LLVM values: a pointer to a number, or for NUMBER the number itself:

    rows(stride)    a matrix (n, columns) by rows
    panels(layout)  a matrix like W in column panels
    COLUMNS         one number a column, as a bias
    ROWS            one number a row, as the weight of an example
    NUMBER          one number, as the learning rate
"""
