"""A run in which each step learns from some of the samples: sample by sample, or by mini-batches, worked through and in tables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import Block, Cell, Equations, Inline, Note, Paragraph, Section, Subheading, TableBlock, table
from chainrule.explanation.context import Context
from chainrule.explanation.forward import MOST_LINES, error_lines
from chainrule.explanation.outcome import milestones, new_weights_section
from chainrule.explanation.rules import TriedRule, options_told, rule_lines, states_told
from chainrule.formula.expression import Expression
from chainrule.steps.order import Order, OrderLike, order_of
from chainrule.steps.step import Step

if TYPE_CHECKING:
    from chainrule.base.arrays import Array
    from chainrule.steps.problem import Problem

MOST_WORKED = 6
"""So many steps are worked through one after the other; the tables have the others."""

MOST_ROWS = 60
"""Steps in the table of a run; of a longer one the first epochs and the last one."""

MOST_OUTPUTS = 3
"""Predictions of a step in its row of the table."""

WIDE = 6
"""Weights side by side in a table."""

MOST_WEIGHTS = 18
"""Weights that stand in the tables after each step."""


class TableStep(FrozenValue):
    """A step in the table of a run."""

    number: int
    prediction: Array
    error: float
    parameters: dict[str, Array]


class OrderedRun(FrozenValue):
    """Steps in an order.

    whole    a step on all samples from the first weights, which is not taken: what the samples and the weights are
    worked   the first steps
    lines    of every step that the tables show
    errors   E over all samples before the first epoch and after each that the tables show, by the number of the epoch
    """

    order: Order
    whole: Step
    worked: list[Step]
    lines: list[TableStep]
    errors: dict[int, float]


def taken(problem: Problem, order: OrderLike, epochs: int | None, exact: bool) -> OrderedRun:
    """The whole run of a problem in this order. It ends early where the error is no finite number. Raises InputError."""
    whole = next(problem.steps(exact=exact))
    steps = problem.steps(exact=exact, order=order, epochs=epochs)
    first = next(steps)
    read = order_of(first.origin)
    assert read is not None
    shown = _shown_steps(read)
    ends = {epoch * len(read.batches): epoch for epoch in milestones(read.epochs)}
    worked, lines, errors = list[Step](), list[TableStep](), {0: whole.error}
    step: Step | None = first
    while step is not None:
        if len(worked) < MOST_WORKED:
            worked.append(step)
        if step.number in shown:
            lines.append(TableStep(step.number, step.prediction, step.error, dict(step.new_parameters)))
        if step.number in ends:
            after = replace(problem, network=step.network.continued(step.new_parameters))
            errors[ends[step.number]] = next(after.steps(exact=exact)).error
        step = next(steps, None) if math.isfinite(float(step.error)) else None
    return OrderedRun(read, whole, worked, lines, errors)


def _shown_steps(order: Order) -> set[int]:
    """The steps in the tables: all of a short run; of a long one as many epochs from the start as fit, and the last one."""
    if order.steps <= MOST_ROWS:
        return set(range(1, order.steps + 1))
    some = max(1, MOST_ROWS // 2 // len(order.batches)) * len(order.batches)
    return {
        *range(1, min(some, MOST_ROWS) + 1),
        *range(max(order.steps - len(order.batches), order.steps - MOST_ROWS // 2) + 1, order.steps + 1),
    }


# Sections


def opening_sections(context: Context, run: OrderedRun) -> list[Section]:
    """The network at the start, all samples, and in which order they are taken. context: of the first step."""
    from chainrule.explanation.setting import data_section, network_section

    whole = replace(context, step=run.whole)
    blocks: list[Block] = [context.says("order.intro", order=_written(run.order), epochs=run.order.epochs)]
    if states := _states(context):
        blocks.append(Paragraph((*context.text("order.states"), " ", *states, ".")))
    blocks += [Equations(tuple(rule_lines(context))), *options_told(context, of_step=False)]
    blocks += [Paragraph(line) for line in states_told(TriedRule(context))]
    return [network_section(whole), data_section(whole), context.section("order", blocks)]


def _written(order: Order) -> str:
    """The samples of each step: 1; 2; 3, or those of a batch in brackets, (1, 2); (3, 4)."""
    shown = [f"({', '.join(map(str, batch))})" if len(batch) > 1 else str(*batch) for batch in order.batches]
    return "; ".join(shown if len(shown) <= MOST_ROWS else [*shown[: MOST_ROWS // 2], "…", shown[-1]])


def _states(context: Context) -> list[str]:
    """The letters of what the optimiser keeps from step to step, for any weight."""
    states = [state for part in context.step.update.parameters[:1] for state in part.states]
    return [", ".join(context.notation.letter(state.symbol) for state in states)] if states else []


def step_section(context: Context) -> Section:
    """One step of the run: forward pass, error, gradients, states and new weights, in single numbers where they are few."""
    from chainrule.explanation import overview

    order, number = order_of(context.step.origin), context.step.number
    assert order is not None
    rows = order.rows(number)
    title = context.plain("order.step", number=number, rows=", ".join(map(str, rows)), count=len(rows))
    intro, error = context.says("later.intro", number=number, before=number - 1), Equations(error_lines(context, context.before))
    if context.detail == "overview":
        blocks: list[Block] = [intro, overview.forward_table(context), error, *overview.updates_overview(context).blocks[1:]]
        return Section(f"step{number}", title, tuple(blocks))
    if context.detail == "scalar":
        forward = _elements(context, context.derivation.quantities)
        backward = _elements(context, context.derivation.backward)
    else:
        forward = Equations(tuple(context.matrix_line(quantity) for quantity in context.derivation.quantities))
        backward = Equations(tuple(context.matrix_line(quantity) for quantity in context.derivation.backward))
    renewed = new_weights_section(context).blocks[1:]
    cut = next((place for place, block in enumerate(renewed) if isinstance(block, Subheading)), len(renewed))
    return Section(f"step{number}", title, (intro, forward, error, backward, *renewed[:cut]))


def _elements(context: Context, quantities: Sequence[Expression]) -> Equations:
    """Single numbers, or whole arrays where they are many."""
    elements = [element for quantity in quantities for element in context.elements(quantity)]
    if len(elements) > MOST_LINES:
        return Equations(tuple(context.matrix_line(quantity) for quantity in quantities))
    return Equations(tuple(context.element_line(element) for element in elements))


def closing_section(context: Context, run: OrderedRun) -> Section:
    """Every step in a row, the weights after each, and E over all samples after each epoch."""
    blocks: list[Block] = [context.says("order.table_intro"), _steps_table(context, run)]
    left = run.order.steps - len(run.lines)
    if run.lines[-1].number < run.order.steps:
        blocks.append(Note("warning", context.text("order.overflow", number=run.lines[-1].number)))
    elif left:
        blocks.append(Note("more", context.text("order.more_rows", left=left)))
    blocks += _weights_tables(context, run)
    if len(run.whole.x) > 1 and len(run.errors) > 1:
        blocks.append(context.says("order.all", error=context.labels.error))
        rows = ((str(epoch), context.number(error)) for epoch, error in run.errors.items())
        blocks.append(table((context.plain("order.epochs"), context.labels.error), rows))
    some = run.order.steps > len(run.worked)
    blocks.append(Paragraph(context.text("order.more", worked=len(run.worked)) if some else context.text("order.full")))
    return Section("epochs", context.plain("order.table"), tuple(blocks))


def _steps_table(context: Context, run: OrderedRun) -> TableBlock:
    """Step, epoch, samples, the prediction of a single one, E."""
    single = all(len(batch) == 1 for batch in run.order.batches) and run.lines[0].prediction.shape[1] <= MOST_OUTPUTS
    several = run.order.epochs > 1
    head = context.words.heads("order", "number", *(["epoch"] if several else []), "samples")
    letters = context.column_letters(context.derivation.predictions) if single else []
    rows: list[list[Cell]] = []
    for line in run.lines:
        epoch = [str(run.order.epoch(line.number))] if several else []
        numbers = map(context.number, (*(line.prediction[0] if single else ()), line.error))
        rows.append([str(line.number), *epoch, ", ".join(map(str, run.order.rows(line.number))), *numbers])
    return table([*head, *letters, context.labels.error], rows)


def _weights_tables(context: Context, run: OrderedRun) -> list[Block]:
    """The weights at the start and after each step, some side by side; none where they are many."""
    elements = [element for parameter in context.derivation.parameters for element in context.elements(parameter)]
    if len(elements) > MOST_WEIGHTS:
        return [Note("more", context.text("order.many_weights", weights=len(elements)))]
    blocks: list[Block] = [context.says("order.weights")]
    start = (0, context.step.parameters)
    for place in range(0, len(elements), WIDE):
        own = elements[place : place + WIDE]
        rows = (
            [str(number), *(context.number(values[element.key][element.index]) for element in own)]
            for number, values in (start, *((one.number, one.parameters) for one in run.lines))
        )
        blocks.append(table([context.plain("order.after"), *map(context.letter, own)], rows))
    return blocks


def place_in_run(context: Context) -> Inline:
    """Which step of its run a step is, and where its weights and states come from; nothing where all samples are taken at once."""
    order, number = order_of(context.step.origin), context.step.number
    if order is None:
        return ()
    rows = order.rows(number)
    said = {"number": number, "steps": order.steps, "epoch": order.epoch(number), "epochs": order.epochs}
    text = context.text("order.place", rows=", ".join(map(str, rows)), count=len(rows), **said)
    if number == 1:
        return text
    carried = context.text("order.carried", before=number - 1)
    states = _states(context)
    return (*text, " ", *carried, *((" ", *context.text("order.carried_states"), " ", *states, ".") if states else ()))
