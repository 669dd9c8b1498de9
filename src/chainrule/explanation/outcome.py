"""The new weights, the second forward pass, what the step did to the error, and training on until there is none."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from chainrule.base.frozen import replace
from chainrule.diagnosis.rates import MOST_RATE, Advice
from chainrule.diagnosis.scalar_search import rounded
from chainrule.diagnosis.simulation import MOST_SATURATED, MOST_STEPS, TOLERANCE, Runner, Simulation, steps_for
from chainrule.document.document import NONE, Block, Cell, Equations, Inline, Note, Paragraph, Section, TableBlock, table
from chainrule.explanation.backward import representatives
from chainrule.explanation.context import Context
from chainrule.explanation.facts import facts_blocks
from chainrule.explanation.forward import MOST_LINES, error_lines, scalar_lines
from chainrule.explanation.rules import beside_plain
from chainrule.formula.expression import Expression, definition, order
from chainrule.formula.scalar import Element
from chainrule.network.definitions import Bound
from chainrule.network.update import ParameterUpdate
from chainrule.notation.formula import Equation, Number
from chainrule.notation.numbers import number_formula
from chainrule.notation.text import formula_text
from chainrule.steps.step import Step, in_floats, run_from

MOST_PREDICTIONS = 10
"""Runs of up to so many steps are shown whole, with their predictions."""

MOST_TOGETHER = 26
"""Quantities of a rule that takes all weights of a parameter together."""

MOST_TIMES = 1e5
"""So many times larger, or more, is said as a power of ten."""

NUDGE = 1e-13
"""By how much parameters are moved, in parts of themselves, to see what of a run rounding decides."""

LEAST_LEFT = 1e-6
"""A smaller part of E is next to nothing: no rate of three digits says which it is."""

SLIGHT = 1e-3
"""A part of E that is hardly noticed where a rate is rounded."""

STANDING = 1e-3
"""An error that changed by no more than this share of it over the last half of a run is said to stand still."""

MOST_SCHEDULED = 200
"""Steps that are computed one by one, where nobody asked for so many."""


def new_weights_section(context: Context) -> Section:
    """Every update with its numbers, and the new matrices."""
    moves = bool(context.step.update.parameters)
    blocks: list[Block] = [context.says("weights.intro")] if moves else []
    if context.detail == "scalar" and moves:
        blocks += weight_by_weight(context)
    if not (moves and context.short):
        blocks += [context.heading("weights.matrices")] if context.detail == "scalar" and moves else []
        blocks += context.matrix_blocks((context.array_line(p, context.after) for p in context.derivation.parameters), worked=False)
    blocks += beside_plain(context)
    if names := context.left_alone:
        blocks.append(Note("insight", context.text("weights.frozen", names=names)))
    return context.section("weights", blocks)


def weight_by_weight(context: Context) -> list[Block]:
    """What all updates share, then every weight's; where it is to be brief, that of one weight a layer, and a table of all."""
    parts = context.step.update.parameters
    shared = [node for node in intermediate_quantities(*(part.new for part in parts)) if not node.shape]
    kept = context.step.network.kept
    elements = [(part, one) for part in parts for one in context.elements(part.parameter) if one.index not in kept.get(one.key, ())]
    if not context.step.optimizer.elementwise:
        return _matrix_by_matrix(context, elements)
    chosen = representatives(context, [element for _, element in elements]) if context.brief else None
    lines: list[Equation] = []
    written = set[Element]()
    for part, element in elements:
        if chosen is not None and element not in chosen:
            continue
        own = update_lines(context, Element(part.new, element.index), element)
        if chosen is None and lines and len(context.shown(lines + own, MOST_LINES)) < len(lines) + len(own):
            break
        lines.extend(own)
        written.add(element)
    blocks: list[Block] = []
    if shared:
        blocks.append(Equations(tuple(context.element_line(Element(node, ())) for node in shared)))
    if lines:
        blocks.append(Equations(tuple(lines)))
    if chosen is not None:
        blocks += [context.says("weights.table"), _table_of_weights(context, elements)]
    left = [element for _, element in elements if element not in written]
    return blocks + (context.left_out("weights.more", len(left), context.typed(left[0])) if left else [])


def _matrix_by_matrix(context: Context, elements: Sequence[tuple[ParameterUpdate, Element]]) -> list[Block]:
    """What a rule computes of all weights of a parameter together, and a table of every weight."""
    quantities = intermediate_quantities(*(part.new for part in context.step.update.parameters))
    shown = context.shown(quantities, MOST_TOGETHER)
    blocks = list(context.matrix_blocks(context.matrix_line(quantity) for quantity in shown))
    blocks += context.left_out("weights.more_together", len(quantities) - len(shown))
    return [*blocks, context.says("weights.table"), _table_of_weights(context, elements)]


def _table_of_weights(context: Context, elements: Sequence[tuple[ParameterUpdate, Element]]) -> TableBlock:
    """A weight a row: before the step, its gradient, and after."""
    rows: list[list[Cell]] = []
    for part, element in elements:
        of_weight = (element, context.gradient_of(element), Element(part.new, element.index))
        before, gradient, after = (context.number(context.before[context.scalars.variable(one)]) for one in of_weight)
        # What has no gradient has not one of 0.
        rows.append([context.letter(element), before, NONE if element.key in context.running else gradient, after])
    first = "parameter" if any(element.key in context.running for _, element in elements) else "weight"
    return table(context.words.heads("weights", first, "before", "gradient", "after"), rows)


def update_lines(context: Context, new: Element, old: Element) -> list[Equation]:
    """w6 ← w6 − η · ∂E/∂w6 = 0.16 − 0.05 · (−3.144064) = 0.3172032, after what the rule computes for itself: m, m̂ …"""
    line = context.element_line(new)
    update = replace(line, sides=(context.letter(old), *line.sides[1:]), relations=("←", *line.relations[1:]))
    return [*(context.element_line(Element(node, old.index)) for node in intermediate_quantities(new.quantity) if node.shape), update]


def intermediate_quantities(*new: Expression) -> list[Expression]:
    """What a rule computes between gradient and new weight: the rate of a schedule, ‖g‖, the clipped gradient, new states, m̂ …"""
    nodes = order(*new, wall=_is_known)
    named = [node for node in nodes if node.primitive.name == "named" and node not in new and not _is_known(node)]
    return [node for node in named if definition(node).primitive.name != "pattern"]


def _is_known(node: Expression) -> bool:
    """Is it a gradient, or a quantity of the forward pass, which a running mean follows?"""
    return node.name is not None and not node.name.mark and (node.name.gradient or node.name.layer is not None)


def second_pass_section(context: Context) -> Section:
    """The forward pass on the same batch with the new weights."""
    scalar, derivation = context.detail == "scalar", context.derivation
    blocks: list[Block] = [context.says("second.intro")]
    quantities = derivation.predictions if context.short else derivation.quantities
    blocks += context.matrix_blocks(context.matrix_line(quantity, context.after) for quantity in quantities)
    if scalar:
        blocks += (
            [context.more("second.short" if context.short else "second.brief")] if context.brief else scalar_lines(context, context.after)
        )
    blocks.append(Equations(error_lines(context, context.after)))
    return context.section("second", blocks)


def is_exact(step: Step) -> bool:
    """Is there no error, so that there is nothing to learn?"""
    return abs(float(step.error)) < TOLERANCE


def outcome_section(context: Context) -> Section:
    """What the step did to the error, and which rates would have lowered it."""
    step = context.step
    if not _aims_at_zero(step):
        return _movement(context)
    if is_exact(step):
        error = context.before.of(context.derivation.error)  # as it is printed, not as a float has it
        key = "outcome.as_good_as_exact" if error else "outcome.exact"
        return context.section("outcome", (context.says(key, before=context.rounded(error)),))
    blocks: list[Block] = [Paragraph(_verdict(context, step)), *facts_blocks(context), *rates_blocks(context, context.advice)]
    return context.section("outcome", blocks)


def _aims_at_zero(step: Step) -> bool:
    """Is an error of 0 what training aims at? Not where an output is its own error; an error below 0 tells as much of any other."""
    return step.network.measures and not min(float(step.error), float(step.after.error)) < 0


def _movement(context: Context) -> Section:
    """What the step did to an E that no training brings to 0: outputs that are their own errors, and a given ∂E/∂y."""
    step, letters = context.step, {"before": context.rounded(context.step.error), "after": context.rounded(context.step.after.error)}
    key = "outcome.given" if any(goal.given for goal in step.network.goals.values()) else "outcome.own"
    return context.section("outcome", (context.says(key, **letters),))


def _verdict(context: Context, step: Step) -> Inline:
    before, after = float(step.error), float(step.after.error)
    letters = {"before": context.rounded(step.error), "after": context.rounded(step.after.error)}
    if not math.isfinite(after):
        return context.text("outcome.overflow", **letters)
    if after == before:
        return context.text("outcome.same", **letters)
    if after < TOLERANCE:
        left = context.after.of(context.derivation.error)
        # Fifty digits know what is left; of floats it may be less than rounding makes of y − t.
        dust = not (left if context.after.precise else context.settled_after[context.derivation.error.key])
        key = "outcome.as_good_as_zero" if not dust else "outcome.zero_but_rounding" if left else "outcome.zero"
        return context.text(key, before=letters["before"], after=context.rounded(left))
    if not step.exact and abs(after - before) <= NUDGE * before:
        return context.text("outcome.same_but_rounding", **letters)
    change, ratio = ("larger", after / before if before else math.inf) if after > before else ("smaller", before / after)
    downhill = sum(np.sum((new - step.parameters[key]) * step.gradients[key]) for key, new in step.new_parameters.items()) < 0
    shorter = context.advice is None or context.advice.lowers_below is not None
    reason = context.plain(f"outcome.reason.{'uphill' if not downhill else 'too_long' if shorter else 'no_shorter'}")
    if ratio < 2:
        return context.text(f"outcome.{change}_by", percent=_rate(context, 100 * abs(after / before - 1), 2), reason=reason, **letters)
    return context.text(f"outcome.{change}", factor=_factor(context, ratio), reason=reason, **letters)


def _factor(context: Context, ratio: float) -> str | Number:
    """About so many times, in whole numbers of three digits that count; what is too long to be read as 2.6 · 10⁷."""
    if not math.isfinite(ratio):
        return "∞"
    if ratio < MOST_TIMES:
        return _rate(context, ratio, 2 if ratio < 100 else 3)
    mantissa, power = f"{ratio:.1e}".split("e")
    number = number_formula(float(mantissa), context.rounding)
    assert isinstance(number, Number)
    return replace(number, power=int(power), value=None)


def _rate(context: Context, rate: float, digits: int = 3) -> str:
    return formula_text(number_formula(float(f"{rate:.{digits}g}"), context.rounding))


def rates_blocks(context: Context, advice: Advice | None) -> list[Block]:
    """Which rates lower the error in this step, with which training converges, and which one to take; or why nothing is said of that."""
    if advice is None:
        reason = _why_no_advice(context)
        return [Note("more", context.text(reason, optimizer=context.called(context.step.optimizer)))] if reason else []
    blocks: list[Block] = [context.heading("rates.title")]
    if advice.scheduled:
        blocks.append(context.says("rates.scheduled", rate=_rate(context, advice.rate)))
    if advice.gradient == 0:
        return [*blocks, Note("warning", context.text("rates.no_gradient"))]
    blocks += [Paragraph(text) for text in _one_step(context, advice)]
    if advice.used is None:
        return [*blocks, Note("more", context.text("rates.one_step_only"))]
    if advice.converges is not None and not context.short:
        low, high = (_rate(context, rate) for rate in advice.converges)
        blocks.append(context.says("rates.converges", low=low, limit=high, steps=advice.steps))
    if warning := _unfit_text(context, advice.used):
        blocks.append(Note("warning", warning))
    blocks.append(Paragraph(_recommended_text(context, advice)))
    why = "most" if advice.steps == MOST_STEPS else "size"
    return blocks if context.short else [*blocks, context.says(f"rates.steps.{why}", steps=advice.steps)]


def _why_no_advice(context: Context) -> str:
    """The text that says why no rate was simulated; "" where E is no number, which is told elsewhere, or other samples come next."""
    if context.in_order or not math.isfinite(float(context.step.error)):
        return ""
    return "rates.no_rate" if "learning_rate" not in context.step.optimizer.options else "rates.too_slow"


def _one_step(context: Context, advice: Advice) -> Iterator[Inline]:
    """Which rates lower the error in this step, and which lowers it most."""
    fell = float(context.step.after.error) < float(context.step.error) and not advice.scheduled
    if advice.lowers_below is None:
        yield context.text("rates.none_small" if fell else "rates.none", rate=_rate(context, advice.rate, 6))
        return
    if advice.lowers_below >= MOST_RATE:
        yield context.text("rates.all", most=_rate(context, MOST_RATE))
        return
    yield context.text("rates.lowers", limit=_rate(context, advice.lowers_below))
    if advice.rate > advice.lowers_below and fell:
        yield context.text("rates.lowers_beyond", rate=_rate(context, advice.rate, 6))
    if advice.best_single is not None:
        best, left = advice.best_single
        noticed = left >= max(TOLERANCE, LEAST_LEFT * float(context.step.error))
        key = "rates.single" if noticed else "rates.single_to_zero"
        yield context.text(key, rate=_rate(context, best, _digits_in_valley(context, best, left)), error=context.rounded(left, digits=3))


def _digits_in_valley(context: Context, best: float, left: float) -> int:
    """How many digits of the best rate have to be told so that one step with what is told leaves about as much: few in a wide valley."""
    held = max(1.02 * left, SLIGHT * float(context.step.error))
    return next((digits for digits in (3, 4, 5) if context.run.after(rounded(best, digits)) <= held), 6)


def _unfit_text(context: Context, used: Simulation) -> Inline | None:
    """What the rate in use comes to, where that is nothing good."""
    rate = _rate(context, used.rate, 6)
    if used.ending == "diverged":
        return context.text("rates.diverges", rate=rate, step=context.step.number + len(used.errors) - 1)
    if used.ending in ("wandering", "still"):
        said = context.text(f"rates.{used.ending}", rate=rate, steps=len(used.errors) - 1, error=context.rounded(used.last_error, digits=3))
        return (*said, *standing_still(context, used))
    if used.rose:
        return context.text("rates.rises", rate=rate, error=context.rounded(max(used.errors), digits=3))
    return None


def standing_still(context: Context, simulation: Simulation) -> Inline:
    """Why a run gets no further, as a sentence with a blank before it; nothing where that is not known."""
    cause, end = simulation.cause, simulation.end
    if not cause or end is None:
        return ()
    values: dict[str, int | str] = {
        "count": sum(int(units.dead.sum()) for units in end.hidden),
        "all": sum(len(units.dead) for units in end.hidden),
        "percent": f"{100 * end.saturated_share:.0f}",
    }
    kind = "saturated_outputs" if cause == "saturated" and end.saturated_share <= MOST_SATURATED else cause
    return (" ", *context.text(f"still.{kind}", **values))


def _recommended_text(context: Context, advice: Advice) -> Inline:
    """The rate to take and what it comes to, or that none is recommended."""
    best = advice.recommended
    if best is None:
        return context.text(f"doctor.rates.{advice.withheld}" if advice.withheld else "rates.none_recommended")
    key = {"zero": "rates.good", "minimum": "rates.good_minimum"}.get(best.ending, "rates.good_so_far")
    return context.text(key, rate=_rate(context, best.rate), steps=len(best.errors) - 1, error=context.rounded(best.last_error, digits=3))


def repeat_section(context: Context) -> Section | None:
    """The same step again and again: with the rate given until it cannot go on, and with a good one until the error is zero.

    None where there is nothing to learn, or no error of zero to be reached.
    """
    if is_exact(context.step) or not _aims_at_zero(context.step):
        return None
    advice, attempts = context.advice, attempted_runs(context)
    blocks: list[Block] = [context.says("repeat.intro")]
    if advice is not None and advice.good is not None and len(attempts) > 1:
        key = "repeat.slow" if advice.used is not None and advice.used.sound else "repeat.given"
        blocks += [context.says(key, rate=_rate(context, advice.rate, 6)), *_run(context, *attempts[0])]
        blocks.append(context.says("repeat.good", rate=_rate(context, advice.good)))
    blocks += _run(context, *attempts[-1])
    return context.section("repeat", blocks)


def attempted_runs(context: Context) -> list[tuple[Bound, int]]:
    """What is tried, with how many steps at most: the rule as it was given, a few steps if its rate is unfit, and then with a good one."""
    advice, given = context.advice, context.step.optimizer
    most = steps_for(context.run)
    if advice is None or advice.good is None or not _unfit(advice):
        return [(given, most)]
    return [(given, 6), (given.definition.bind(**{**given.given, "learning_rate": advice.good}), most)]


def _unfit(advice: Advice) -> bool:
    """Does this rate come to nothing good, or take far more steps than the one to take?"""
    assert advice.good is not None
    return advice.used is None or not advice.used.sound or advice.rate < advice.good / 3


def _run(context: Context, optimizer: Bound, most: int) -> list[Block]:
    """The errors of up to `most` steps in a table, and how it ended."""
    step = context.step
    errors = run_errors(context, optimizer, most)
    shown = milestones(len(errors))
    few = len(errors) <= MOST_PREDICTIONS and step.prediction.size <= 2
    run = _from(in_floats(step), optimizer)  # fractions have about three times as many digits after each step
    predictions = [following.prediction.ravel() for following in itertools.islice(run, len(errors))] if few else [()] * len(errors)
    letters = [context.letter(element) for y in context.derivation.predictions for element in context.elements(y)] if few else []
    rows = [
        [str(step.number + k - 1), *(number_formula(value, context.rounding) for value in (*predictions[k - 1], errors[k - 1]))]
        for k in shown
    ]
    blocks: list[Block] = [table([context.plain("repeat.step"), *letters, context.labels.error], rows)]
    if len(shown) < len(errors):
        other = [] if optimizer == step.optimizer else [f"--learning-rate {_typed(optimizer.options['learning_rate'])}"]
        between = step.number + next(k for k, following in itertools.pairwise(shown) if following > k + 1)
        blocks.append(Note("more", context.text("repeat.more", options=f"«{' '.join([*other, f'--step {between}'])}»")))
    return [*blocks, Paragraph(_ending(context, optimizer, errors, most))]


def run_errors(context: Context, optimizer: Bound, most: int, *, patient: bool = False) -> list[float]:
    """E before each step of a run from this step's parameters, until it is below the tolerance or has left all bounds.

    optimizer  the step's own, or one that differs in its rate alone
    patient    all of them were asked for: also those that have to be computed one by one
    """
    rate = optimizer.options.get("learning_rate")
    if isinstance(rate, (int, float)):
        errors = context.run(float(rate), most)
    else:
        errors = run_scheduled(context.step, optimizer, most if patient else min(most, MOST_SCHEDULED))
    for position, error in enumerate(errors):
        if abs(error) < TOLERANCE:
            return errors[: position + 1]
    return errors


def reproducible_errors(context: Context, optimizer: Bound, errors: Sequence[float]) -> int:
    """How many of a run's errors, from its first on, do not depend on how numbers are rounded.

    They are those that a run from parameters that are off by about 10⁻¹³ has, too. A rule that moves a weight as far for a small
    gradient as for a large one makes the noise of a gradient near 0 as large as its steps, and what follows differs from machine to
    machine.
    """
    step = in_floats(context.step if optimizer == context.step.optimizer else replace(context.step, optimizer=optimizer).replay())
    random = np.random.default_rng(0)
    moved = {key: array * (1 + NUDGE * random.choice([-1, 1], np.shape(array))) for key, array in step.parameters.items()}
    near = replace(step, network=step.network.continued(moved)).replay()
    rate = optimizer.options.get("learning_rate")
    others = Runner.of(near)(float(rate), len(errors)) if isinstance(rate, (int, float)) else run_scheduled(near, optimizer, len(errors))
    for position, (error, other) in enumerate(zip(errors, others, strict=False)):
        if math.isfinite(error) and not math.isclose(error, other, rel_tol=1e-7, abs_tol=1e-14):
            return position
    return min(len(errors), len(others))


def _typed(number: float) -> str:
    """A number as people type it on a command line, in decimals: 0.0000221."""
    return np.format_float_positional(float(f"{number:.12g}"), trim="-")


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


def _ending(context: Context, optimizer: Bound, errors: list[float], most: int) -> Inline:
    last = context.rounded(errors[-1])
    if abs(errors[-1]) < TOLERANCE:
        return context.text("repeat.reached", steps=len(errors) - 1, error=last)
    if not math.isfinite(errors[-1]) or errors[-1] > 1e6 * max(errors[0], 1):
        return context.text("repeat.overflow", step=len(errors))
    rate = optimizer.options.get("learning_rate")
    run = context.run.simulated(float(rate), most) if isinstance(rate, (int, float)) and len(errors) > MOST_PREDICTIONS else None
    if run is not None and run.ending == "minimum" and run.late_change > STANDING:
        return context.text("repeat.minimum", steps=len(errors) - 1, error=last)
    if run is not None and run.ending in ("minimum", "still"):
        return (*context.text("repeat.settled", steps=len(errors) - 1, error=last), *standing_still(context, run))
    return context.text("repeat.not_reached", steps=len(errors) - 1, error=last)
