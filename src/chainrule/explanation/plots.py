"""A step in curves: the error along one weight, over learning rates and over steps; gradients by layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from chainrule.base.errors import InputError
from chainrule.diagnosis.rates import MOST_RATE
from chainrule.explanation.context import Context
from chainrule.explanation.lettering import equation, message_runs, signed, value_runs
from chainrule.explanation.outcome import attempted_runs, run_errors
from chainrule.formula.evaluation import value_of
from chainrule.formula.expression import Name
from chainrule.formula.scalar import Element
from chainrule.notation.formula import Equation, Formula, Operator, row
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import printed
from chainrule.pictures.plot import Arrow, Mark, Plot, Runs, Scale, Series
from chainrule.pictures.shapes import FAMILIES, prose_runs, text_runs
from chainrule.training.history import Report

WEIGHT, ERROR, RATE, GRADIENT = (FAMILIES[kind] for kind in ("W", "E", "learning_rate", "gradient"))
"""Curves and points have the colours of the symbols that they stand for."""

FINE = 240
"""Pieces of a smooth curve."""

FAR = 1e-6
"""Errors this much smaller than the first one, or as much larger, are off the picture."""

FLAT = 1e-7
"""A curve that changes by less than this share of its height is drawn as one that does not."""

SEEN, STRAIGHT, UNSEEN = 14.0, 3.0, 1e-8
"""So many steps are as wide as the curve that is drawn downhill where it bends so near, and so many where it does not: a line that is as
good as straight has nothing to show but the step. Unless a step is a smaller share of what it moves than the third: numbers at the axes
would no longer differ, and the curve is drawn where it bends.
"""

FARTHEST, BENT = 100.0, 0.2
"""Sizes of a weight to which a curve is followed until it has left its tangent by this share of the way down."""

TOUCHING = 0.02
"""Points less than this share of the axis apart are one."""

TINY = 1e-16
"""Of the first error: nothing smaller is left of it but rounding."""

MOST_POINTS = 400
"""Of a longer curve, some."""

FEW = 30
"""Steps of a curve that are points as well."""

MOST_NAMED = 12
"""Layers that are named at an axis."""

Points: TypeAlias = tuple[tuple[float, float], ...]


def descent_plot(context: Context, weight: Element) -> Plot:
    """E along one weight, the others as they are, with the tangent and this step on it."""
    along, letter, gradient = _error_along(context, weight), context.letter(weight), context.gradient_of(weight)
    old, slope = (float(context.before[context.scalars.variable(element)]) for element in (weight, gradient))
    new = float(context.step.new_parameters[weight.key][weight.index])
    if not all(map(math.isfinite, (old, slope, new, along(old)))):
        raise InputError("the numbers of this step have left the range of floating point: there is no curve to be drawn.")
    start, end, moves = along(old), along(new), new != old and math.isfinite(along(new))
    low, high = _around(along, old, new, slope)
    seen = moves and abs(new - old) > TOUCHING * (high - low)
    curve, reach = _curve(along, low, high), 0.3 * (high - low)
    series = [
        Series(curve, "curve", ERROR, text_runs(context.labels.error)),
        Series(
            ((old - reach, start - slope * reach), (old + reach, start + slope * reach)),
            "dashed",
            GRADIENT,
            value_runs(context, context.letter(gradient), slope),
        ),
    ]
    marks = [Mark(old, start, "dot", WEIGHT, _point(context, equation(context, letter, old), start))]
    arrows, notes = [], [message_runs(context, "plot.descent", weight=letter)]
    if moves and not seen:
        notes.append(message_runs(context, "plot.step_unseen", change=signed(context, new - old)))
    if seen:
        becomes = Equation((letter, printed(new, context.rounding).formula), ("←",))
        marks.append(Mark(new, end, "ring", WEIGHT, _point(context, becomes, end)))
        arrows.append(Arrow((old, start), (new, start), WEIGHT, message_runs(context, "plot.step", change=signed(context, new - old))))
        series.append(Series(((new, start), (new, end)), "dashed", WEIGHT))
    return Plot(
        Scale(text_runs(letter), low, high),
        _error_scale(context, [value for _, value in curve], (start, end) if seen else (start,)),
        "".join(run.letters for run in message_runs(context, "plot.descent", weight=letter)),
        series=tuple(series),
        arrows=tuple(arrows),
        marks=tuple(marks),
        notes=tuple(notes),
    )


def _point(context: Context, weight: Formula, error: float) -> Runs:
    """w1 = 0.21, E ≈ 1.59561"""
    return (*text_runs(weight), *prose_runs(", "), *value_runs(context, context.labels.error, error))


def _error_along(context: Context, weight: Element) -> Callable[[float], float]:
    """E as a function of one weight; infinite where it is no number."""
    step, derivation = context.step, context.derivation
    fixed = {node: np.asarray(step.values[node.key], dtype=float) for node in (*derivation.data, *derivation.parameters)}

    def error(value: float) -> float:
        changed = fixed[weight.quantity].copy()
        changed[weight.index] = value
        found = float(value_of(derivation.error, {**fixed, weight.quantity: changed}))
        return found if math.isfinite(found) else math.inf

    return error


def _around(along: Callable[[float], float], old: float, new: float, slope: float) -> tuple[float, float]:
    """Where to look: downhill until the error is as large again, but not so far that the step could not be seen, and a little uphill."""
    start, moved, size = along(old), abs(new - old), max(1.0, abs(old))
    downhill = -math.copysign(1.0, slope)
    zoomed = moved > UNSEEN * abs(old) and abs(slope) * moved > UNSEEN * abs(start)
    reach, most = max(moved, 1e-3 * size), max(8 * moved, 4 * size)

    def is_straight(reach: float) -> bool:
        return abs(along(old + downhill * reach) - start + abs(slope) * reach) < BENT * abs(slope) * reach

    while reach < most and along(old + downhill * reach) < start:
        reach *= 1.25
    if zoomed:
        reach = min(reach, SEEN * moved)
        reach = STRAIGHT * moved if is_straight(reach) else reach
    else:
        while reach < FARTHEST * size and is_straight(reach):
            reach *= 1.25
    reach = max(reach, 1.25 * moved)
    ends = sorted((old - downhill * 0.3 * reach, old + downhill * reach))
    return min(ends[0], new - 0.1 * reach), max(ends[1], new + 0.1 * reach)


def _curve(function: Callable[[float], float], low: float, high: float) -> Points:
    return tuple((x, function(x)) for x in (low + (high - low) * i / FINE for i in range(FINE + 1)))


def _error_scale(context: Context, curve: Sequence[float], points: Sequence[float]) -> Scale:
    """An axis of errors with these points on it; of a curve that rises far beyond them, only the beginning."""
    values = [value for value in curve if math.isfinite(value)]
    least, most, highest = min(*values, *points), max(*values, *points), max(points)
    if highest > least:
        most = min(most, highest + 0.8 * (highest - least))
    if most - least <= FLAT * max(abs(most), abs(least)):  # it does not change: as seen from 0
        least, most = min(0.0, least), max(0.0, most) or 1.0
    elif 0 <= least < 0.5 * most:
        least = 0.0
    room = 0.12 * (most - least)
    return Scale(text_runs(context.labels.error), least - (room if least else 0), most + room)


def rates_plot(context: Context) -> Plot:
    """E after this step, by the learning rate, and which rates lower it, where that is known."""
    used, before = context.run.optimizer.options.get("learning_rate"), float(context.step.error)
    if not isinstance(used, (int, float)):
        raise InputError(f"{context.step.optimizer.name} has no learning rate: there is no curve to be drawn.")
    if context.without_target or not math.isfinite(before):
        raise InputError("the error of this step is no number: there is no curve to be drawn.")
    rate, advice = context.labels.label(Name("learning_rate")), context.advice
    points = {"plot.used": (float(used), "dot")}
    if advice is not None and advice.lowers_below is not None:
        points["plot.lowers"] = (advice.lowers_below, "diamond")
    if advice is not None and advice.best_single is not None:
        points["plot.best"] = (advice.best_single[0], "ring")
    known = {key: (at, form) for key, (at, form) in points.items() if at and (at < MOST_RATE or key == "plot.used")}
    rates = [at for at, _ in known.values()] or [1.0]
    first, last = (0.01, 100) if len(known) < 2 else (1 / 8, 4)
    low, high = first * min(rates), last * max(rates)
    tried = sorted([*(low * (high / low) ** (i / FINE) for i in range(FINE + 1)), *rates])
    curve = [(at, context.run.after(at)) for at in tried]
    after = {key: context.run.after(at) for key, (at, _) in known.items()}
    errors = [error for _, error in curve if math.isfinite(error)]
    least = max(min(errors, default=before), FAR * before if before > 0 else before - 20 * abs(before))
    most = min(max(errors, default=before), 20 * max(abs(before), *(abs(error) for error in after.values() if math.isfinite(error))))
    y = _spread(message_runs(context, "plot.after", error=context.labels.error), least, max(least, most))
    marks = [
        Mark(at, _between(after[key], y, y.high), form, RATE, message_runs(context, key, rate=equation(context, rate, at, 3)))
        for key, (at, form) in known.items()
    ]
    level = Series(
        ((low, before), (high, before)),
        "dashed",
        ERROR,
        message_runs(context, "plot.before", error=equation(context, context.labels.error, before)),
    )
    drawn = Series(tuple((at, _between(error, y, y.high + 9 * abs(y.high))) for at, error in curve), "curve", ERROR)
    title = (*text_runs(rate), *prose_runs(f" ({context.plain('plot.rate')})"))
    notes = () if advice is not None else (prose_runs(context.plain("plot.rates_unknown")),)
    return Plot(Scale(title, low, high, log=True), y, context.plain("plot.rates"), series=(drawn, level), marks=tuple(marks), notes=notes)


def _between(error: float, scale: Scale, most: float) -> float:
    """The error, where it can be drawn: from the lower end of the axis to the most, which also stands for what is no number."""
    return min(max(error, scale.low), most) if math.isfinite(error) else most


def _spread(title: Runs, least: float, most: float) -> Scale:
    """An axis of errors with room around them, on a log scale where they differ much."""
    if least > 0 and most > 8 * least:
        room = (most / least) ** 0.08
        return Scale(title, least / room, most * room, log=True)
    room = 0.1 * (most - least) if most - least > FLAT * abs(most) else 0.5 * abs(most) or 1.0
    return Scale(title, max(least - room, min(0.0, least)), most + room)


def training_plot(context: Context, steps: int | None = None) -> Plot:
    """E before each step of so many; where nothing is said, as many as are of interest, and with a rate that works next to an unfit one."""
    attempts = attempted_runs(context) if steps is None else [(context.step.optimizer, steps)]
    curves: list[tuple[Runs, Points]] = []
    longest = 0
    for optimizer, most in reversed(attempts):  # the good one first: the other is given as many steps
        errors = run_errors(context, optimizer, max(most, longest), patient=steps is not None)
        longest = len(errors)
        rate = optimizer.options.get("learning_rate")
        called = (
            value_runs(context, context.labels.label(Name("learning_rate")), rate)
            if isinstance(rate, (int, float))
            else prose_runs(optimizer.name)
        )
        curves.insert(0, (called, tuple((context.step.number + k, error) for k, error in enumerate(errors))))
    return _errors_plot(context.labels, curves, context.plain("repeat.step"), context.plain("plot.training"))


def history_plot(reports: Sequence[Report], labels: Labels, plain: Callable[[str], str]) -> Plot:
    """E of the training rows, and of the validation rows, after each epoch of a recorded run."""
    curves = [(prose_runs(plain("plot.training_rows")), tuple((float(report.epoch), report.error) for report in reports))]
    if validated := tuple((float(report.epoch), report.validation_error) for report in reports if report.validation_error is not None):
        curves.append((prose_runs(plain("plot.validation_rows")), validated))
    return _errors_plot(labels, curves, plain("plot.epoch"), plain("plot.training"))


def _errors_plot(labels: Labels, curves: Sequence[tuple[Runs, Points]], across: str, alt: str) -> Plot:
    """Errors over steps or epochs, as far as they are finite and, where none is below 0, on a log scale and above it."""
    below = any(-math.inf < error < 0 for _, points in curves for _, error in points)
    positive = not below and any(error > 0 for _, points in curves for _, error in points)
    kept = [
        (called, tuple((k, error) for k, error in points if math.isfinite(error) and (error > 0 or not positive)))
        for called, points in curves
    ]
    kept = [(called, _thinned(points)) for called, points in kept if points]
    if not kept:
        raise InputError("no error of this run is a finite number, so that there is no curve to be drawn.")
    starts = max(abs(points[0][1]) for _, points in kept)
    errors = [error for _, points in kept for _, error in points]
    least = max(min(errors), -starts / FAR if below else TINY * starts)
    y = _spread(text_runs(labels.error), least, min(max(errors), starts / FAR))
    last = max(k for _, points in kept for k, _ in points)
    first = min(k for _, points in kept for k, _ in points)
    forms = ("dot", "ring") if last - first <= FEW else ("", "")
    series = [
        Series(points, kind, ERROR, called, form=form)
        for (called, points), kind, form in zip(kept, ("curve", "dashed"), forms, strict=False)
    ]
    return Plot(
        Scale(prose_runs(across), first - 0.02 * (last - first or 1), last + 0.02 * (last - first or 1), whole=True),
        y,
        alt,
        series=tuple(series),
        key=len(series) > 1,
    )


def _thinned(points: Points) -> Points:
    every = -(-len(points) // MOST_POINTS)
    return points if every == 1 else (*points[:-1:every], points[-1])


def gradients_plot(context: Context) -> Plot:
    """How large the gradient of each layer's weights is, as a whole and one by one, on a log scale; 0 stands below it."""
    found = [(p, np.abs(np.asarray(context.step.gradients[p.key], dtype=float))) for p in context.derivation.parameters if len(p.shape) > 1]
    sizes = [(W, values[(values > 0) & np.isfinite(values)], float(np.linalg.norm(values))) for W, values in found]
    shown = [(place, single, norm) for place, (_, single, norm) in enumerate(sizes, start=1) if single.size and 0 < norm < math.inf]
    bottom, top = min((float(one.min()) for _, one, _ in shown), default=1.0) / 3, max((norm for *_, norm in shown), default=1.0) * 5
    series, marks = [], []
    for place, single, norm in shown:
        series.append(Series(((place + 0.18, float(single.min())), (place + 0.18, float(single.max()))), "curve"))
        marks.append(Mark(place + 0.18, float(np.median(single)), "dot"))
        number = text_runs(printed(norm, context.rounding, 2).formula) if len(shown) <= MOST_NAMED else ()
        marks.append(Mark(place - 0.15, norm, "ring", GRADIENT, number))
    others = {place: norm for place, (*_, norm) in enumerate(sizes, start=1) if place not in {at for at, *_ in shown}}
    marks += [
        Mark(place, top if norm else bottom, "", GRADIENT, text_runs(printed(norm, context.rounding, 2).formula))
        for place, norm in others.items()
    ]
    notes = [context.plain("plot.gradients_rings"), context.plain("plot.gradients_lines")] if shown else []
    notes += [context.plain("plot.gradients_zero")] * any(norm == 0 for norm in others.values())
    every = -(-len(sizes) // MOST_NAMED)
    names = tuple((float(place), text_runs(context.symbol(W))) for place, (W, *_) in enumerate(sizes, start=1) if (place - 1) % every == 0)
    slope = text_runs(row(Operator("∂", prefix=True), context.labels.error, Operator("/∂", prefix=True), context.labels.label(Name("W"))))
    return Plot(
        Scale(prose_runs(context.plain("plot.layers")), 0.1, len(sizes) + 0.9, names=names),
        Scale(slope, bottom, top, log=True),
        context.plain("plot.gradients"),
        series=tuple(series),
        marks=tuple(marks),
        notes=tuple(map(prose_runs, notes)),
    )
