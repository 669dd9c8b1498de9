"""The new weights, the second forward pass, what the step did to the error, and training on until there is none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

from chainrule.doctor.rates import TOLERANCE, TOO_SLOW, Advice, steps_for
from chainrule.document.document import Block, Equations, Inline, Note, Paragraph, Section, Subheading, TableBlock
from chainrule.engines.unrolled import operations
from chainrule.explanation.context import Context
from chainrule.explanation.forward import MOST_LINES, error_lines
from chainrule.formula.expression import Expression, order
from chainrule.formula.scalar import Element
from chainrule.network.definitions import Bound
from chainrule.notation.formula import Equation
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.steps.step import Step, in_floats, run_from

MOST_PREDICTIONS = 10
"""Runs of up to so many steps are shown whole, with their predictions."""

MOST_SCHEDULED = 200
"""Steps that are computed one by one, where nobody asked for so many."""

SETTLED = 1e-6
"""A run whose error changes by no more than this share stands still."""


def new_weights_section(context: Context) -> Section:
    """Every update with its numbers, and the new matrices."""
    blocks: list[Block] = [Paragraph(context.text("weights.intro"))]
    if context.detail == "scalar":
        blocks += weight_by_weight(context)
        blocks.append(Subheading(context.text("weights.matrices")))
    step = context.step
    blocks.append(Equations(tuple(context.array_line(p, step.new_parameters[p.key]) for p in context.derivation.parameters)))
    if step.network.frozen:
        blocks.append(Note("insight", context.text("weights.frozen", names=", ".join(sorted(step.network.frozen)))))
    return Section("weights", context.plain("weights.title"), tuple(blocks))


def weight_by_weight(context: Context) -> list[Block]:
    """What all updates share, then every weight's."""
    parts = context.step.update.parameters
    shared = [node for node in intermediate_quantities(*(part.new for part in parts)) if not node.shape]
    elements = [(part, element) for part in parts for element in context.elements(part.parameter)]
    lines: list[Equation] = []
    written = 0
    for part, element in elements:
        own = update_lines(context, Element(part.new, element.index), element)
        if lines and len(lines) + len(own) > MOST_LINES:
            break
        lines, written = lines + own, written + 1
    blocks: list[Block] = []
    if shared:
        blocks.append(Equations(tuple(context.element_line(Element(node, ())) for node in shared)))
    blocks.append(Equations(tuple(lines)))
    if len(elements) > written:
        blocks.append(Note("more", context.text("weights.more", left=len(elements) - written)))
    return blocks


def update_lines(context: Context, new: Element, old: Element) -> list[Equation]:
    """w6 ← w6 − η · ∂E/∂w6 = 0.16 − 0.05 · (−3.144064) = 0.3172032, after what the rule computes for itself: m, m̂ …"""
    line = context.element_line(new)
    update = Equation((context.letter(old), *line.sides[1:]), ("←", *line.relations[1:]))
    return [*(context.element_line(Element(node, old.index)) for node in intermediate_quantities(new.quantity) if node.shape), update]


def intermediate_quantities(*new: Expression) -> list[Expression]:
    """What a rule computes between gradient and new weight: the rate of a schedule, ‖g‖, the clipped gradient, new states, m̂ …"""
    nodes = order(*new, wall=_is_gradient)
    return [node for node in nodes if node.primitive.name == "named" and node not in new and not _is_gradient(node)]


def _is_gradient(node: Expression) -> bool:
    return node.name is not None and node.name.gradient and not node.name.mark


def second_pass_section(context: Context) -> Section:
    """The forward pass on the same batch with the new weights."""
    derivation = context.derivation
    blocks: list[Block] = [Paragraph(context.text("second.intro"))]
    blocks.append(Equations(tuple(context.matrix_line(quantity, context.after_arrays) for quantity in derivation.quantities)))
    if context.detail == "scalar":
        elements = [e for quantity in derivation.quantities for e in context.elements(quantity, sample=0)][:MOST_LINES]
        blocks.append(Equations(tuple(context.element_line(element, context.after) for element in elements)))
    blocks.append(Equations(error_lines(context, context.after)))
    return Section("second", context.plain("second.title"), tuple(blocks))


def is_exact(step: Step) -> bool:
    """Is there no error, so that there is nothing to learn?"""
    return abs(float(step.error)) < TOLERANCE


def outcome_section(context: Context) -> Section:
    """What the step did to the error, and which rates would have lowered it."""
    step = context.step
    if is_exact(step):
        exact = context.text("outcome.exact", before=context.rounded(step.error))
        return Section("outcome", context.plain("outcome.title"), (Paragraph(exact),))
    blocks: list[Block] = [Paragraph(_verdict(context, step)), *rates_blocks(context, context.advice)]
    return Section("outcome", context.plain("outcome.title"), tuple(blocks))


def _verdict(context: Context, step: Step) -> Inline:
    before, after = float(step.error), float(step.after.error)
    letters = {"before": context.rounded(step.error), "after": context.rounded(step.after.error)}
    if not math.isfinite(after):
        return context.text("outcome.overflow", **letters)
    if after == before:
        return context.text("outcome.same", **letters)
    if after < TOLERANCE:
        return context.text("outcome.zero", **letters)
    change, ratio = ("larger", after / before if before else math.inf) if after > before else ("smaller", before / after)
    if ratio < 2:
        return context.text(f"outcome.{change}_by", percent=_rate(context, 100 * abs(after / before - 1), 2), **letters)
    return context.text(f"outcome.{change}", factor=_factor(context, ratio), **letters)


def _factor(context: Context, ratio: float) -> str:
    if not math.isfinite(ratio):
        return "∞"
    return _rate(context, ratio, 2 if ratio < 10 or ratio > 1e6 else math.ceil(math.log10(ratio)))


def _rate(context: Context, rate: float, digits: int = 3) -> str:
    return formula_text(number_formula(float(f"{rate:.{digits}g}"), context.rounding))


def rates_blocks(context: Context, advice: Advice | None) -> list[Block]:
    """Which rates lower the error in this step, up to which it converges, and what a good one does."""
    from chainrule.doctor.rates import MOST_RATE

    if advice is None:
        return [Note("more", context.text("rates.too_slow"))] if context.run.seconds > TOO_SLOW else []
    blocks: list[Block] = [Subheading(context.text("rates.title"))]
    rate = _rate(context, advice.rate, 6)
    if advice.lowers_below is None:
        blocks.append(Note("warning", context.text("rates.none", steps=advice.steps)))
    elif advice.lowers_below >= MOST_RATE:
        blocks.append(Paragraph(context.text("rates.all", most=_rate(context, MOST_RATE))))
    else:
        blocks.append(Paragraph(context.text("rates.lowers", limit=_rate(context, advice.lowers_below))))
        if advice.best_single is not None:
            best, left = advice.best_single
            key = "rates.single" if left >= TOLERANCE else "rates.single_to_zero"
            blocks.append(Paragraph(context.text(key, rate=_rate(context, best), error=context.rounded(left, digits=3))))
    if advice.converges_to is not None:
        if advice.converges_to < MOST_RATE:
            blocks.append(Paragraph(context.text("rates.converges", limit=_rate(context, advice.converges_to), steps=advice.steps)))
        if advice.rate > advice.converges_to:
            blocks.append(Note("warning", context.text("rates.too_large", rate=rate)))
        if advice.good is not None:
            key = "rates.good" if advice.reaches is not None else "rates.good_so_far"
            good = context.text(
                key,
                rate=_rate(context, advice.good),
                steps=advice.reaches if advice.reaches is not None else advice.steps,
                error=context.rounded(advice.last_error, digits=3),
            )
            blocks.append(Paragraph(good))
    return blocks


def repeat_section(context: Context) -> Section:
    """The same step again and again: with the rate given until it cannot go on, and with a good one until the error is zero."""
    advice, attempts = context.advice, attempted_runs(context)
    blocks: list[Block] = [Paragraph(context.text("repeat.intro"))]
    if advice is not None and advice.good is not None and len(attempts) > 1:
        too_large = advice.converges_to is not None and advice.rate > advice.converges_to
        key = "repeat.given" if too_large else "repeat.slow"
        blocks += [Paragraph(context.text(key, rate=_rate(context, advice.rate, 6))), *_run(context, *attempts[0])]
        blocks.append(Paragraph(context.text("repeat.good", rate=_rate(context, advice.good))))
    blocks += _run(context, *attempts[-1])
    return Section("repeat", context.plain("repeat.title"), tuple(blocks))


def attempted_runs(context: Context) -> list[tuple[Bound, int]]:
    """What is tried, with how many steps at most: the rule as it was given, a few steps if its rate is unfit, and then with a good one."""
    advice, given = context.advice, context.step.optimizer
    most = steps_for(operations(context.step.network, context.samples))
    if advice is None or advice.good is None or not _unfit(advice):
        return [(given, most)]
    return [(given, 6), (given.definition.bind(**{**given.given, "learning_rate": advice.good}), most)]


def _unfit(advice: Advice) -> bool:
    """Would this rate not converge, or only after more than three times as many steps as a good one?"""
    assert advice.good is not None
    return advice.converges_to is None or advice.rate > advice.converges_to or advice.rate < advice.good / 3


def _run(context: Context, optimizer: Bound, most: int) -> list[Block]:
    """The errors of up to `most` steps in a table, and how it ended."""
    step = context.step
    errors = run_errors(context, optimizer, most)
    rows: list[tuple[Inline, ...]] = []
    for k in milestones(len(errors)):
        rows.append(((str(step.number + k - 1),), (number_formula(errors[k - 1], context.rounding),)))
    head: tuple[Inline, ...] = ((context.plain("repeat.step"),), (context.labels.error,))
    few = len(errors) <= MOST_PREDICTIONS and step.prediction.size <= 2
    predictions = [following.prediction for following in itertools.islice(_from(step, optimizer), len(errors))] if few else []
    if predictions:
        letters = [context.letter(element) for y in context.derivation.predictions for element in context.elements(y)]
        head = (head[0], *((letter,) for letter in letters), head[1])
        rows = [
            (first, *((number_formula(value, context.rounding),) for value in prediction.ravel()), last)
            for (first, last), prediction in zip(rows, predictions, strict=True)
        ]
    return [TableBlock(head, tuple(rows)), Paragraph(_ending(context, errors, most))]


def run_errors(context: Context, optimizer: Bound, most: int, *, patient: bool = False) -> list[float]:
    """E before each step of a run from this step's parameters, until it is below the tolerance or has left all bounds.

    optimizer  the step's own, or one that differs in its rate alone
    patient    all of them were asked for: also those that have to be computed one by one
    """
    rate = optimizer.options.get("learning_rate")
    fresh = context.step.number == 1 or not context.step.states  # the runner starts with states of zero
    if isinstance(rate, (int, float)) and fresh:
        errors = context.run(float(rate), most)
    else:
        errors = run_scheduled(context.step, optimizer, most if patient else min(most, MOST_SCHEDULED))
    for position, error in enumerate(errors):
        if error < TOLERANCE:
            return errors[: position + 1]
    return errors


def run_scheduled(step: Step, optimizer: Bound, most: int) -> list[float]:
    """The same where the rate follows a schedule or states are under way, step by step."""
    errors: list[float] = []
    for following in itertools.islice(_from(in_floats(step), optimizer), most):
        errors.append(float(following.error))
        if not TOLERANCE < errors[-1] < math.inf:
            break
    return errors


def _from(step: Step, optimizer: Bound) -> Iterator[Step]:
    """The step and those that follow it, by this rule."""
    return run_from(step if optimizer == step.optimizer else replace(step, optimizer=optimizer).replay())


def milestones(count: int) -> list[int]:
    """All steps of a short run; of a long one the first, 1, 2, 5, 10, 20, 50 …, and the last."""
    if count <= MOST_PREDICTIONS:
        return list(range(1, count + 1))
    marks = {digit * 10**power for power in range(9) for digit in (1, 2, 5)}
    return sorted({mark for mark in marks if mark < count} | {count})


def _ending(context: Context, errors: list[float], most: int) -> Inline:
    last = context.rounded(errors[-1])
    if errors[-1] < TOLERANCE:
        return context.text("repeat.reached", steps=len(errors) - 1, error=last)
    if not math.isfinite(errors[-1]) or errors[-1] > 1e6 * max(errors[0], 1):
        return context.text("repeat.overflow", step=len(errors))
    key = "repeat.settled" if _settled(errors) else "repeat.not_reached"
    return context.text(key, steps=len(errors) - 1, error=last)


def _settled(errors: list[float]) -> bool:
    """Has the error stopped moving, over the last half of a run?"""
    late = errors[len(errors) // 2 :]
    return len(errors) > MOST_PREDICTIONS and max(late) - min(late) <= SETTLED * errors[-1]
