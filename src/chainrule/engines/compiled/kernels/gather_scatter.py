"""Rows copied: from where the data lie to an array of the code, from one array to another, and out again."""

from __future__ import annotations

from typing import Any

from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.emission.lowering import row_index
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import I64, POINTER, at, element_type, internal_function, loop, whole
from chainrule.engines.compiled.llvm.target import itemsize


def gather_scatter(context: ModuleContext, name: str, given: str, columns: int, strides: tuple[int, int], ordered: bool) -> Any:
    """Some columns of rows to rows of an array: a function of from, to, [order, by_order, as they lie,] first, rows.

    given    type of the numbers that are copied
    strides  numbers from one row to the next: where they come from, and where they go
    """
    types = [POINTER, POINTER, *([POINTER, I64, I64] if ordered else []), I64, I64]
    function = internal_function(context.module, name, types)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, *order, first, rows = function.args
    outside = element_type(given)
    lanes = context.lanes
    with loop(builder, 0, rows, name="row") as row:
        place = builder.add(first, row)
        if ordered:
            place = row_index(builder, dict(zip(("order", "by_order", "as_they_lie"), order, strict=True)), place)
        start, to = builder.mul(place, whole(strides[0])), builder.mul(row, whole(strides[1]))

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
