"""Numbers copied: from where the data lie to an array of the code, from one array to another, and out again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.emission.context import ModuleContext
from chainrule.engines.compiled.emission.lowering import row_index
from chainrule.engines.compiled.graph.layout import LINE
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.instructions import (
    I64,
    POINTER,
    add_integers,
    at,
    element_type,
    internal_function,
    lesser,
    loop,
    multiply_integers,
    prefetch,
    whole,
)
from chainrule.engines.compiled.llvm.target import itemsize

LONG_ROW = 2**10
"""Bytes of a row from which on the one that comes next is asked for, line by line as this one is copied: it may lie anywhere, and no
processor knows where. (All of its lines before the copy took a fifth longer on an AMD Zen 3.)
"""


class Copied(FrozenValue):
    """What is copied of each example.

    columns   numbers that lie behind each other in both arrays
    examples  numbers from one example to the next: where they come from, and where they go
    axes      loops around the columns: how many turns, and by how many numbers a turn goes on in both arrays
    start     where the first number lies in an example, in both arrays
    empty     rows, their numbers, and their distance, that are set to 0 before; () where all of them are written
    added     whether numbers are added to what is there
    """

    columns: int
    examples: tuple[int, int]
    axes: tuple[tuple[int, int, int], ...] = ()
    start: tuple[int, int] = (0, 0)
    empty: tuple[int, ...] = ()
    added: bool = False


def gather_scatter(context: ModuleContext, name: str, given: str, copied: Copied, ordered: bool) -> Any:
    """The numbers of examples to another array: a function of from, to, [order, by_order, as they lie,] first, rows.

    given  type of the numbers that are copied
    """
    types = [POINTER, POINTER, *([POINTER, I64, I64] if ordered else []), I64, I64]
    function = internal_function(context.module, name, types)
    builder = ir.IRBuilder(function.append_basic_block("entry"))
    source, target, *order, first, rows = function.args
    by = dict(zip(("order", "by_order", "as_they_lie"), order, strict=False))
    with loop(builder, 0, rows, name="row") as row:
        taken, ahead = builder.add(first, row), None
        place = row_index(builder, by, taken) if ordered else taken
        if ordered and copied.columns * itemsize(given) >= LONG_ROW:
            last = builder.sub(builder.add(first, rows), I64(1))
            following = row_index(builder, by, lesser(builder, builder.add(taken, I64(1)), last))
            ahead = builder.mul(builder.sub(following, place), I64(copied.examples[0]))
        read, write = (
            add_integers(builder, multiply_integers(builder, each, distance), start)
            for each, distance, start in zip((place, row), copied.examples, copied.start, strict=True)
        )
        if copied.empty:
            count, columns, distance = copied.empty
            begin = multiply_integers(builder, row, copied.examples[1])
            with loop(builder, 0, count, name="empty") as line:
                _clear(context, builder, target, add_integers(builder, begin, multiply_integers(builder, line, distance)), columns)
        _loops(context, builder, given, copied, (source, target), (read, write), ahead, copied.axes)
    builder.ret_void()
    return function


def _loops(
    context: ModuleContext, builder: Any, given: str, copied: Copied, arrays: tuple[Any, Any], places: tuple[Any, Any], ahead: Any,
    axes: tuple[tuple[int, int, int], ...],
) -> None:  # fmt: skip
    """ahead: how many numbers on the same ones lie of the example that comes next; None where it need not be asked for."""
    if axes:
        count, *steps = axes[0]
        with loop(builder, 0, count, name="axis") as turn:
            read, write = (
                add_integers(builder, place, multiply_integers(builder, turn, step)) for place, step in zip(places, steps, strict=True)
            )
            _loops(context, builder, given, copied, arrays, (read, write), ahead, axes[1:])
        return

    def emit(column: Any, count: int) -> None:
        if ahead is not None and count >= context.lanes:
            there = at(builder, arrays[0], builder.add(builder.add(places[0], ahead), whole(column)), element_type(given))
            for byte in range(0, count * itemsize(given), LINE):
                prefetch(builder, at(builder, there, byte), writing=False, near=True)
        lanes = min(count, context.lanes)
        for further in range(0, count, lanes):
            _copy(context, builder, given, copied, arrays, places, add_integers(builder, column, further), lanes)

    _in_vectors(context, builder, copied.columns, emit, 0 if ahead is None else LINE // itemsize(given))


def _in_vectors(context: ModuleContext, builder: Any, columns: int, emit: Callable[[Any, int], None], line: int = 0) -> None:
    """What is emitted for columns that follow each other: emit(the first, how many). Lines of so many first, if any, then vectors."""
    start = 0
    for count in (max(line, context.lanes), context.lanes, 1):
        end = start + (columns - start) // count * count
        if start < end:
            with loop(builder, start, end, count, name="column") as column:
                emit(column, count)
        start = end


def _clear(context: ModuleContext, builder: Any, target: Any, there: Any, columns: int) -> None:
    """So many numbers become 0."""

    def emit(column: Any, lanes: int) -> None:
        zero = context.element(0.0) if lanes == 1 else ir.splat(ir.VectorType(context.element, lanes), context.element(0.0))
        builder.store(zero, at(builder, target, add_integers(builder, there, column), context.element), align=itemsize(context.dtype))

    _in_vectors(context, builder, columns, emit)


def _copy(
    context: ModuleContext,
    builder: Any,
    given: str,
    copied: Copied,
    arrays: tuple[Any, Any],
    places: tuple[Any, Any],
    column: Any,
    lanes: int,
) -> None:
    outside = element_type(given)
    read = at(builder, arrays[0], add_integers(builder, places[0], column), outside)
    write = at(builder, arrays[1], add_integers(builder, places[1], column), context.element)
    kind = outside if lanes == 1 else ir.VectorType(outside, lanes)
    wanted = context.element if lanes == 1 else ir.VectorType(context.element, lanes)
    value = builder.load(read, typ=kind, align=itemsize(given))
    if outside != context.element:
        value = builder.fptrunc(value, wanted) if given == "float64" else builder.fpext(value, wanted)
    if copied.added:
        value = builder.fadd(builder.load(write, typ=wanted, align=itemsize(context.dtype)), value)
    builder.store(value, write, align=itemsize(context.dtype))
