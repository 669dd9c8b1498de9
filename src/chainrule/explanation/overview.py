"""A step of a network of any size on a few screens: one row a quantity, and what was left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.document.document import NONE, Block, Cell, Equations, Note, Section, TableBlock, table
from chainrule.explanation.alike import EVERYTHING, parted, shared_pattern, shortens
from chainrule.explanation.context import Context, can_be_written
from chainrule.explanation.forward import error_lines
from chainrule.explanation.remarks import kinks
from chainrule.explanation.rules import beside_plain
from chainrule.formula.expression import Expression

ROUNDING = 1e-14
"""A mean, or a move, this much smaller than the numbers that it is made of is what rounding left of 0."""


def forward_overview(context: Context) -> Section:
    """The formulas of the forward pass, and how large each quantity is."""
    blocks = (context.says("overview.forward"), *_formulas(context, context.derivation.quantities), forward_table(context))
    return context.section("forward", blocks)


def forward_table(context: Context) -> TableBlock:
    """How large each quantity of the forward pass is."""
    return _statistics(context, context.derivation.quantities, context.settled)


def _formulas(context: Context, quantities: Sequence[Expression]) -> Iterator[Block]:
    """The formula of each quantity; of a long run of alike ones, its beginning and its end."""
    for shown, left in _parted(context, quantities):
        yield Equations(tuple(context.symbolic_line(quantity) for quantity in shown))
        if left:
            first, last = context.symbol(left[0]), context.symbol(left[-1])
            yield context.more("overview.alike", options=EVERYTHING, count=len(left), first=first, last=last)


def _parted(context: Context, quantities: Sequence[Expression]) -> Iterator[tuple[Sequence[Expression], Sequence[Expression]]]:
    """Quantities that are shown, and those after them that go like them and are left out; unless nothing is to be left out."""
    return parted(quantities, shared_pattern(quantities) if shortens(context) else quantities)


def _table(
    context: Context, head: Sequence[str], quantities: Sequence[Expression], row: Callable[[Expression], Sequence[Cell]]
) -> TableBlock:
    """A row a quantity, after its symbol; a row of … stands for those that are left out."""
    rows: list[list[Cell]] = []
    for shown, left in _parted(context, quantities):
        rows += [[context.symbol(quantity), *row(quantity)] for quantity in shown]
        if left:
            rows.append(["…", *[()] * len(head)])
    return table(context.words.heads("overview", "quantity", *head), rows)


def second_overview(context: Context) -> Section:
    """How large each quantity of the forward pass is with the new weights, and the error."""
    table = _statistics(context, context.derivation.quantities, context.settled_after)
    error = Equations(error_lines(context, context.after))
    return context.section("second", (context.says("second.intro"), table, error))


def backward_overview(context: Context) -> Section:
    """The formulas of back-propagation, and how large each gradient is: the error's side first."""
    quantities = context.derivation.backward
    blocks = (
        context.says("overview.backward"),
        *_formulas(context, quantities),
        _statistics(context, quantities, context.settled),
        *kinks(context),
    )
    return context.section("matrix", blocks)


def updates_overview(context: Context) -> Section:
    """How far each parameter moved, compared with its size."""
    step = context.step

    def row(parameter: Expression) -> Sequence[Cell]:
        before, after = (np.asarray(side[parameter.key], dtype=float) for side in (step.parameters, step.new_parameters))
        move = after - before
        size, moved = _norm(before), _norm(np.where(np.abs(move) <= ROUNDING * np.abs(before), 0, move))
        return context.number(size), context.number(moved), context.number(moved / size) if size else NONE

    moves = _table(context, ("norm", "moved", "share"), context.derivation.parameters, row)
    return context.section("weights", (context.says("overview.updates"), moves, *beside_plain(context)))


def _norm(values: Array) -> float:
    """The Euclidean norm; infinite where its square is."""
    with np.errstate(over="ignore", invalid="ignore"):
        return float(np.linalg.norm(values))


def _statistics(context: Context, quantities: Sequence[Expression], arrays: Any) -> TableBlock:
    def row(quantity: Expression) -> Sequence[Cell]:
        values = np.asarray(arrays[quantity.key], dtype=float)
        shape = values.shape[::-1] if context.notation.vectors == "columns" else values.shape
        numbers = map(context.number, (np.min(values), _mean(values), np.max(values), _norm(values)))
        return " × ".join(map(str, shape)) or "1", *numbers, f"{100 * float(np.mean(values == 0)):.0f} %"

    return _table(context, ("shape", "smallest", "mean", "largest", "norm", "zeros"), quantities, row)


def _mean(values: Any) -> float:
    """The mean; 0 where all that is left of it is the rounding of numbers that cancel."""
    mean = float(np.mean(values))
    return mean if abs(mean) > ROUNDING * float(np.max(np.abs(values))) else 0.0


def left_out_section(context: Context) -> Section:
    """What an overview does not show and how to ask for it."""
    if context.detail == "overview":
        parameters = f"{sum(value.size for value in context.step.parameters.values()):,}".replace(",", " ")
        note = Note("more", context.text("left_out.overview", parameters=parameters, weight=_some_weight(context)))
    elif context.detail == "scalar":
        note = context.more("left_out.short" if context.short else "left_out.brief", _some_weight(context))
    else:
        options = "«--detail scalar --all»" if can_be_written(context.step, "scalar") else ""
        note = context.more("left_out.matrix", _some_weight(context), options)
    return context.section("left_out", (note,))


def _some_weight(context: Context) -> str:
    """A weight in the middle of the first matrix that is there, as one may type it: hidden1.W[2,3]."""
    there = [parameter for parameter in context.derivation.parameters if any(context.each_element(parameter))]
    matrix = next((parameter for parameter in there if len(parameter.shape) == 2), there[0])
    wanted = tuple(min(place, int(extent) - 1) for place, extent in zip((1, 2), matrix.shape, strict=False))
    if len(wanted) < len(matrix.shape) or not wanted or wanted in context.step.network.absent.get(matrix.key, ()):
        return context.typed(next(context.each_element(matrix)))
    layer = context.step.network.layer_names[(matrix.name.layer or 1) - 1] if matrix.name else ""
    return f"{layer}.{matrix.symbol}[{','.join(str(place + 1) for place in wanted)}]"
