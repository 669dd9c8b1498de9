"""The forward pass, the error, and the prediction written out in its weights."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from chainrule.base.frozen import replace
from chainrule.document.document import Block, Cell, Equations, Inline, Paragraph, Section, Subheading, TableBlock, table
from chainrule.explanation.context import PENALTY, Context
from chainrule.explanation.definitions import functions
from chainrule.explanation.remarks import unreachable
from chainrule.explanation.traces import Trace, with_trace
from chainrule.explanation.values import Values
from chainrule.formula.evaluation import value_of
from chainrule.formula.expression import Expression, definition, order, substitute, variable, written_nodes
from chainrule.formula.scalar import Element
from chainrule.formula.tidy import tidy
from chainrule.notation.build import formula
from chainrule.notation.formula import Equation, Formula
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.notation.worked import value_equation

MOST_LINES = 24
"""Scalar lines of a section; beyond, the others are a question away."""

MOST_SAMPLES, MOST_COLUMNS = 8, 4
"""Of the table of predictions, and of the targets beside them."""

MOST_SIGNS = 160
"""Where a prediction is written layer by layer, a formula has no more signs than this: two lines."""

MOST_EXPANDED = 3
"""Predictions that are written out in weights."""

MOST_OWN = 200
"""Samples of a batch up to which the error of each is computed by itself."""

MOST_LETTERS = 40
"""An expanded prediction with more letters is not written out."""


def forward_section(context: Context) -> Section:
    """Every layer, in matrices and then in sums of single numbers."""
    blocks: list[Block] = [context.says("forward.intro"), context.heading("forward.matrices")]
    blocks += _several_matrices(context)
    blocks += context.matrix_blocks(context.matrix_line(quantity) for quantity in context.derivation.quantities)
    if context.detail == "scalar":
        blocks += [*scalar_lines(context, context.before), *functions(context)]
    return context.section("forward", blocks)


def _several_matrices(context: Context) -> Iterator[Block]:
    """How arrays of more than two axes are printed, by the first of them: the heads of an attention, the steps of a sequence."""
    for quantity in context.derivation.quantities:
        shape = context.scalars.shape(quantity)
        count = math.prod(shape[:-2])
        if len(shape) > 2 and count > 1 and shape[-2] > 1:
            each = " × ".join(map(str, shape[-2:]))
            yield context.says("forward.several", symbol=context.symbol(quantity), count=count, shape=each)
            return


def scalar_lines(context: Context, values: Values) -> list[Block]:
    """Every unit's sum, for the first sample; for all of them where nothing is left out."""
    blocks: list[Block] = []
    for sample in context.worked_samples:
        title = context.text("forward.scalars")
        if context.samples > 1:
            title = context.text("forward.scalars_of", sample=sample + 1, samples=context.samples)
        blocks += [Subheading(title), *unit_lines(context, values, sample)]
    return blocks + context.left_out("forward.more_samples", context.samples - len(context.worked_samples))


def unit_lines(context: Context, values: Values, sample: int) -> list[Block]:
    """One sample in single numbers, unit by unit; where it is to be brief, the first unit of each kind."""
    quantities = [context.elements(quantity, sample) for quantity in context.derivation.quantities]
    elements = [element for units in quantities for element in units]
    shown = [units[0] for units in quantities] if context.brief else context.shown(elements, MOST_LINES)
    lines = Equations(tuple(context.element_line(element, values) for element in shown))
    return [lines, *context.left_out("forward.more", len(elements) - len(shown))]


def error_section(context: Context) -> Section:
    """How wrong the prediction is."""
    blocks: list[Block] = [Paragraph(_how_measured(context))]
    blocks.append(Equations(error_lines(context, context.before)))
    if context.step.network.regularizer is not None:
        blocks.append(context.says("error.penalty", penalty=context.labels.label(PENALTY)))
        R, value = context.labels.label(PENALTY), _penalty_value(context, context.before)
        blocks.append(
            Equations((_in_arrays(context, R, penalty_expression(context), with_penalty(context, context.before), variable(PENALTY)),))
        )
        error = float(context.step.error)
        if 0 < value <= error < math.inf:
            percent = formula_text(number_formula(float(f"{100 * float(value) / error:.3g}"), context.rounding))
            blocks.append(context.says("error.share", error=context.labels.error, percent=percent))
    if context.samples > 1:
        own = _own_errors(context)
        blocks.append(_sample_table(context, own))
        if own:
            kind = "own" if context.step.network.regularizer is None else "own_penalised"
            counted = context.step.network.conventions.batch
            blocks.append(context.says(f"error.{kind}.{counted}", error=context.labels.error))
        outputs = context.step.prediction.shape[1]
        blocks += context.left_out("data.more", context.samples - len(context.shown_samples(MOST_SAMPLES)))
        blocks += context.left_out("error.more", outputs - len(context.shown(range(outputs), MOST_COLUMNS)))
    return context.section("error", (*blocks, *unreachable(context)))


def _how_measured(context: Context) -> Inline:
    """What the error is, in words: how far predictions are from targets, or what stands in its place."""
    network, derivation = context.step.network, context.derivation
    if len(network.goals) > 1:
        losses = ", ".join(f"{name}: {context.called(goal.loss)}" for name, goal in network.goals.items())
        return context.text("error.several" if network.measures else "error.several_kinds", losses=losses)
    ((name, goal),) = network.goals.items()
    if goal.given and goal.weight == 1:
        letters = {"y": derivation.prediction, "u": derivation.compared[name], "error": derivation.error}
        return context.text("error.given", **{key: context.symbol(node) for key, node in letters.items()})
    key = "error.intro" if goal.loss.definition.has_target else "error.own"
    return context.text(key, loss=context.called(goal.loss))


def error_lines(context: Context, values: Values) -> tuple[Equation, ...]:
    """E, after the errors of the outputs where there are several."""
    parts = []
    for quantity in context.derivation.paper_errors:
        letter, worth = context.symbol(quantity), context.scalars.variable(Element(context.derivation.named[quantity.key], ()))
        long = _is_long(context, definition(quantity))
        inner = tidy(context.scalars(definition(quantity), ()))
        parts.append(
            _in_arrays(context, letter, definition(quantity), values, worth) if long else context.worked_line(letter, inner, worth, values)
        )
    return (*parts, error_line(context, values))


def error_line(context: Context, values: Values) -> Equation:
    """E = ½ · (y − t)² = … in numbers while that is short; else in matrices, and its value."""
    error, worth = _written_error(context), context.scalars.variable(Element(context.derivation.error, ()))
    if _is_long(context, error):
        return _in_arrays(context, context.labels.error, error, values, worth)
    values = values if context.step.network.regularizer is None else with_penalty(context, values)
    return context.worked_line(context.labels.error, tidy(context.scalars(error, ())), worth, values)


MOST_TERMS, MOST_CASES = 8, 1
"""Numbers of t up to which the error is a sum of as many terms, and those where each term has several cases."""


def _is_long(context: Context, error: Expression) -> bool:
    """Is it written in arrays, since one term for each number of t could not be read?"""
    cases = any(node.primitive.name == "select" for node in order(error))
    return context.samples * context.step.t.shape[1] > (MOST_CASES if cases else MOST_TERMS) or context.detail == "overview"


def with_penalty(context: Context, values: Values) -> Values:
    """The numbers with that of R among them."""
    return replace(values, arrays={**values.arrays, str(PENALTY): np.asarray(_penalty_value(context, values))})


def _in_arrays(context: Context, letter: Formula, expression: Expression, values: Values, worth: Expression) -> Equation:
    """A formula of whole arrays, and what it is worth: the number of a letter."""
    number, shown = value_equation(letter, values[worth], context.labels), context.of_batch(expression)
    line = Equation((letter, formula(shown, context.labels), number.sides[1]), ("=", number.relations[0]))
    return with_trace(line, Trace(shown, values, worth, stated=True))


def _written_error(context: Context) -> Expression:
    """E as one writes it: the loss of the batch, and R where weights are penalised."""
    network = context.step.network
    whole = network.unpenalised.derivation
    error = definition(whole.paper_error)
    if whole.paper_errors:
        weights = [goal.weight for goal in network.goals.values()]
        parts = [part if weight == 1 else weight * part for part, weight in zip(whole.paper_errors, weights, strict=True)]
        error = reduce(add, parts)
    return error if network.regularizer is None else error + variable(PENALTY)


def penalty_expression(context: Context) -> Expression:
    """What large weights cost."""
    regularizer = context.step.network.regularizer
    assert regularizer is not None
    first, *others = (regularizer.apply(W) for W in context.derivation.parameters if len(W.shape) > 1)
    return tidy(sum(others, first))


def _penalty_value(context: Context, values: Values) -> Any:
    weights = {W: values.arrays[W.key] for W in context.derivation.parameters if len(W.shape) > 1}
    penalty = penalty_expression(context)
    return value_of(penalty, weights, context.step.arrays)


def _own_errors(context: Context) -> list[Any]:
    """The error of each sample by itself; nothing where E is not made of them, or there are very many."""
    step = context.step
    if context.samples > MOST_OWN or not step.network.measures or step.weights is not None:
        return []
    alone = step.network.unpenalised.derivation
    parameters = {node: step.parameters[node.key] for node in alone.parameters}

    def error(first: int, last: int) -> Any:
        rows = {node: step.values[node.key][first:last] for node in alone.data}
        return np.asarray(value_of(alone.error, {**rows, **parameters}, step.arrays))[()]

    own = [error(n, n + 1) for n in range(context.samples)]
    together = sum(own) / (len(own) if step.network.conventions.batch == "mean" else 1)
    whole = error(0, context.samples)
    return own if abs(float(together) - float(whole)) <= 1e-9 * sum(abs(float(one)) for one in own) else []


def _sample_table(context: Context, own: Sequence[Any]) -> TableBlock:
    """Prediction and target of each sample, and its own error where that is known."""
    step = context.step
    columns = len(context.shown(range(step.prediction.shape[1]), MOST_COLUMNS))
    sides = (context.derivation.predictions, context.derivation.targets)
    letters = [letter for side in sides for letter in context.column_letters(side)[:columns]]
    rows: list[list[Cell]] = []
    for sample in context.shown_samples(MOST_SAMPLES):
        numbers = (*step.prediction[sample, :columns], *step.t[sample, :columns], *own[sample : sample + 1])
        rows.append([str(sample + 1), *map(context.number, numbers)])
    return table([context.plain("data.sample"), *letters, *([context.plain("error.own_column")] if own else [])], rows)


def expanded_section(context: Context) -> Section:
    """The prediction with every hidden unit replaced by its own sum, down to the weights; layer by layer, or in matrices, where that is
    too long to be read.
    """
    lines: list[Equation] = []
    elements = [element for sample in context.worked_samples for element in context.elements(context.derivation.prediction, sample)]
    shown = context.shown(elements, 1 if context.brief else MOST_EXPANDED)
    layered: list[Equation] = []
    for element in shown:
        expression = in_parameters(context, element)
        if expression is None:
            layered += [line for line in _by_layers(context, element) if line not in layered]
        else:
            letter = context.scalars.variable(element)
            lines.append(context.worked_line(context.letter(element), expression, letter))
    in_matrices = len(context.shown(layered, MOST_LINES)) < len(layered)
    network = context.step.network
    intro = "intro_own" if not network.measures else "intro" if network.regularizer is None else "intro_penalised"
    blocks: list[Block] = [context.says(f"expanded.{intro}"), *([Equations(tuple(lines))] if lines else [])]
    if layered:
        blocks.append(context.says("expanded.matrices" if in_matrices else "expanded.layers"))
        blocks += expanded_in_matrices(context).blocks if in_matrices else [Equations(tuple(layered))]
    if in_matrices:
        blocks.append(context.more("expanded.in_weights"))
    else:
        blocks += context.left_out("expanded.more", context.samples * len(elements) // len(context.worked_samples) - len(shown))
    blocks.append(context.says("expanded.outro"))
    return context.section("expanded", blocks)


def expanded_in_matrices(context: Context) -> Section:
    """Each prediction as one formula of matrices, down to the inputs as far as it can be read, and what then stands in it."""
    lines, waiting = list[Equation](), list(context.derivation.predictions)
    seen = set(waiting)
    for quantity in waiting:
        inner = definition(quantity)
        while computed := [node for node in written_nodes(inner) if node.arguments and node.name is not None]:
            further = substitute(inner, {node: definition(node) for node in computed})
            if _length(further) > MOST_LETTERS:
                break
            inner = further
        waiting += [node for node in computed if node not in seen]
        seen.update(computed)
        lines.append(context.symbolic_line(quantity, inner))
    return context.section("expanded", (Equations(tuple(lines)),))


def in_parameters(context: Context, element: Element) -> Expression | None:
    """An element written in weights and inputs alone; None if that takes too many letters."""
    expression, left = _written_out(context, element)
    return None if left else expression


def _written_out(context: Context, element: Element, most: int = sys.maxsize) -> tuple[Expression, list[Element]]:
    """An element in the letters of as many layers before it as can be read in one formula, and those that are computed themselves.

    most  signs of the formula
    """
    expression = context.scalars.definition(element)
    while True:
        letters = [node for node in order(expression) if node.name is not None and context.scalars.has(node)]
        computed = [letter for letter in letters if context.scalars.element(letter).quantity.arguments]
        further = substitute(expression, {letter: context.scalars.definition(context.scalars.element(letter)) for letter in computed})
        long = _length(further) > MOST_LETTERS or (most < sys.maxsize and len(formula_text(formula(further, context.labels))) > most)
        if not computed or long:
            return expression, [context.scalars.element(letter) for letter in computed]
        expression = further


def _by_layers(context: Context, element: Element) -> list[Equation]:
    """An element in letters, and then those of its letters that are computed themselves, each as far as it can be read."""
    lines, waiting, seen = list[Equation](), [element], {element}
    while waiting and len(context.shown(lines, MOST_LINES)) == len(lines):
        one = waiting.pop(0)
        expression, left = _written_out(context, one, MOST_SIGNS)
        lines.append(Equation((context.letter(one), formula(expression, context.labels)), ("=",)))
        waiting += [further for further in left if further not in seen]
        seen.update(left)
    return lines


def _length(expression: Expression) -> int:
    """How many letters and numbers a formula has on paper."""
    lengths: dict[Expression, int] = {}
    for node in order(expression):
        lengths[node] = sum(lengths[argument] for argument in node.arguments) or 1
    return lengths[expression]
