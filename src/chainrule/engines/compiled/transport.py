"""Rows on their way in and out: from where the data lie to an array of the code, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chainrule.engines import ir
from chainrule.engines.compiled.buffers import Buffer
from chainrule.engines.compiled.instructions import I64, POINTER, VOID, at, counted, whole
from chainrule.engines.compiled.pieces import DOUBLE, row_index

if TYPE_CHECKING:
    from chainrule.engines.compiled.kernels import Kernels


def gather(kernels: Kernels, name: str, given: str, buffer: Buffer, ordered: bool) -> Any:
    """Rows of the data to rows of an array: a function of from, to, [order, by_order, as they lie,] first, rows."""
    types = [POINTER, POINTER, *([POINTER, I64, I64] if ordered else []), I64, I64]
    function = ir.Function(kernels.module, ir.FunctionType(VOID, types), name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, *order, first, rows = function.args
    columns = int(buffer.shape[1]) if len(buffer.shape) > 1 else 1
    stride = buffer.stride or 1
    outside = ir.FloatType() if given == "float32" else DOUBLE
    lanes = kernels.lanes
    with counted(builder, 0, rows, name="row") as row:
        place = builder.add(first, row)
        if ordered:
            place = row_index(builder, dict(zip(("order", "by_order", "as_they_lie"), order, strict=True)), place)
        start, to = builder.mul(place, whole(columns)), builder.mul(row, whole(stride))

        def copy(column: Any, count: int, start: Any = start, to: Any = to) -> None:
            read = at(builder, source, builder.add(start, column), outside)
            write = at(builder, target, builder.add(to, column), kernels.element)
            kind = outside if count == 1 else ir.VectorType(outside, count)
            wanted = kernels.element if count == 1 else ir.VectorType(kernels.element, count)
            value = builder.load(read, typ=kind, align=4 if given == "float32" else 8)
            if outside != kernels.element:
                value = builder.fptrunc(value, wanted) if given == "float64" else builder.fpext(value, wanted)
            builder.store(value, write, align=4 if kernels.dtype == "float32" else 8)

        even = columns // lanes * lanes
        if even:
            with counted(builder, 0, even, lanes, name="column") as column:
                copy(column, lanes)
        if even < columns:
            with counted(builder, even, columns, name="column") as column:
                copy(column, 1)
    builder.ret_void()
    return function


def scatter(kernels: Kernels, name: str, buffer: Buffer) -> Any:
    """Rows of an array to rows without padding: a function of from, to, rows."""
    function = ir.Function(kernels.module, ir.FunctionType(VOID, [POINTER, POINTER, I64]), name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, rows = function.args
    columns = int(buffer.shape[1])
    size = 4 if kernels.dtype == "float32" else 8
    with counted(builder, 0, rows, name="row") as row, counted(builder, 0, columns, name="column") as column:
        read = at(builder, source, builder.add(builder.mul(row, whole(buffer.stride)), column), kernels.element)
        write = at(builder, target, builder.add(builder.mul(row, whole(columns)), column), kernels.element)
        builder.store(builder.load(read, typ=kernels.element, align=size), write, align=size)
    builder.ret_void()
    return function
