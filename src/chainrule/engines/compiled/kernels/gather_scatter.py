"""Rows on their way in and out: from where the data lie to an array of the code, and back."""

from __future__ import annotations

from typing import Any

from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.emission.lowering import row_index
from chainrule.engines.compiled.graph.buffers import Buffer
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import I64, POINTER, at, element_type, internal_function, loop, whole
from chainrule.engines.compiled.llvm.target import itemsize


def gather(context: ModuleContext, name: str, given: str, buffer: Buffer, ordered: bool) -> Any:
    """Rows of the data to rows of an array: a function of from, to, [order, by_order, as they lie,] first, rows."""
    types = [POINTER, POINTER, *([POINTER, I64, I64] if ordered else []), I64, I64]
    function = internal_function(context.module, name, types)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, *order, first, rows = function.args
    columns = int(buffer.shape[1]) if len(buffer.shape) > 1 else 1
    stride = buffer.stride or 1
    outside = element_type(given)
    lanes = context.lanes
    with loop(builder, 0, rows, name="row") as row:
        place = builder.add(first, row)
        if ordered:
            place = row_index(builder, dict(zip(("order", "by_order", "as_they_lie"), order, strict=True)), place)
        start, to = builder.mul(place, whole(columns)), builder.mul(row, whole(stride))

        def copy(column: Any, count: int, start: Any = start, to: Any = to) -> None:
            read = at(builder, source, builder.add(start, column), outside)
            write = at(builder, target, builder.add(to, column), context.element)
            kind = outside if count == 1 else ir.VectorType(outside, count)
            wanted = context.element if count == 1 else ir.VectorType(context.element, count)
            value = builder.load(read, typ=kind, align=itemsize(given))
            if outside != context.element:
                value = builder.fptrunc(value, wanted) if given == "float64" else builder.fpext(value, wanted)
            builder.store(value, write, align=itemsize(context.dtype))

        even = columns // lanes * lanes
        if even:
            with loop(builder, 0, even, lanes, name="column") as column:
                copy(whole(column), lanes)
        if even < columns:
            with loop(builder, even, columns, name="column") as column:
                copy(whole(column), 1)
    builder.ret_void()
    return function


def scatter(context: ModuleContext, name: str, buffer: Buffer) -> Any:
    """Rows of an array to rows without padding: a function of from, to, rows."""
    function = internal_function(context.module, name, [POINTER, POINTER, I64])
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, rows = function.args
    columns = int(buffer.shape[1])
    size = itemsize(context.dtype)
    with loop(builder, 0, rows, name="row") as row, loop(builder, 0, columns, name="column") as column:
        column = whole(column)
        read = at(builder, source, builder.add(builder.mul(row, whole(buffer.stride)), column), context.element)
        write = at(builder, target, builder.add(builder.mul(row, whole(columns)), column), context.element)
        builder.store(builder.load(read, typ=context.element, align=size), write, align=size)
    builder.ret_void()
    return function
