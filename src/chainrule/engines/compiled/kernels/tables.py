"""Rows of a table at places, and their way back: rows added up in a table, each at its place.

A table is a matrix of parameters, and so lies in column panels. A place that is none of its rows (rows of data are checked before) is taken
as its first or its last, so that nothing outside it is ever read or written.
"""

from __future__ import annotations

from typing import Any

from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.graph.layout import Panels
from chainrule.engines.compiled.graph.operations import rows_each
from chainrule.engines.compiled.kernels.loops import LoopKernel
from chainrule.engines.compiled.kernels.program import StageSignature
from chainrule.engines.compiled.llvm.instructions import I64, at, lesser, loop, multiply_integers, whole


def lookup_kernel(context: ModuleContext, name: str, signature: StageSignature) -> LoopKernel:
    """Row after row of what is looked up."""
    (node,) = signature.stage.nodes
    table, places = (signature.program.home[argument] for argument in node.arguments)
    kernel, target = LoopKernel(context, name, signature, by_rows=True), signature.program.home[node]
    builder, layout, each = kernel.builder, table.layout, rows_each(node.shape)
    assert layout is not None
    with kernel.parts(context.rows) as (first, end):
        begin, stop = (multiply_integers(builder, bound, each) for bound in (first, lesser(builder, end, kernel.rows)))
        with loop(builder, begin, stop, name="row") as row:
            line = _line(kernel, kernel.place(places, "row", row, None), layout.rows)
            with loop(builder, 0, -(-layout.columns // layout.lanes), name="vector") as vector:
                column = builder.mul(whole(vector), whole(layout.lanes))
                number = kernel.machine.load(at(builder, kernel.pointer(table), _offset(builder, layout, line, column), context.element))
                kernel.machine.store(number, kernel.place(target, "full", row, column))
    builder.ret_void()
    return kernel


def added_kernel(context: ModuleContext, name: str, signature: StageSignature) -> LoopKernel:
    """A vector of columns after the other, in all rows of the table."""
    (node,) = signature.stage.nodes
    rows, places = (signature.program.home[argument] for argument in node.arguments)
    kernel, layout = LoopKernel(context, name, signature), signature.program.home[node].layout
    builder, machine, each = kernel.builder, kernel.machine, rows_each(node.arguments[0].shape)
    table = kernel.pointer(signature.program.home[node])
    assert layout is not None
    with kernel.vectors_of_columns(layout.columns) as column:
        with loop(builder, 0, layout.rows, name="line") as line:
            machine.store(0.0, at(builder, table, _offset(builder, layout, line, column), context.element))
        with loop(builder, 0, builder.mul(kernel.rows, whole(each)), name="row") as row:
            line = _line(kernel, kernel.place(places, "row", row, None), layout.rows)
            there = at(builder, table, _offset(builder, layout, line, column), context.element)
            machine.store(machine.load(there) + machine.load(kernel.place(rows, "full", row, column)), there)
    builder.ret_void()
    return kernel


def _line(kernel: LoopKernel, place: Any, count: int) -> Any:
    """The row of a table of so many that a number says."""
    builder, element = kernel.builder, kernel.context.element
    number = builder.load(place, typ=element)
    for limit, sign in ((0.0, ">"), (float(count - 1), "<")):
        number = builder.select(builder.fcmp_ordered(sign, number, element(limit)), number, element(limit))
    return builder.fptosi(number, I64)


def _offset(builder: Any, layout: Panels, line: Any, column: Any) -> Any:
    """Where a row of a table has its number of a column, the first of a vector."""
    panel = builder.udiv(column, whole(layout.width))
    width: Any = whole(layout.width)
    if layout.rest:
        width = builder.select(builder.icmp_unsigned("<", panel, whole(layout.count)), width, whole(layout.rest))
    within = builder.urem(column, whole(layout.width))
    return builder.add(builder.add(builder.mul(panel, whole(layout.stride)), builder.mul(whole(line), width)), within)
