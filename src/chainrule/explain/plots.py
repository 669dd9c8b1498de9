"""A step in curves: the error along one weight, over learning rates and over steps, gradients by layer, and what the network predicts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.contours import loops, within
from chainrule.engines.keep import evaluate
from chainrule.errors import InputError
from chainrule.explain.context import Context
from chainrule.explain.outcome import run_errors, runs
from chainrule.history import Report
from chainrule.network import Array
from chainrule.notation.formula import Equation, Formula, Row, Words, row
from chainrule.notation.labels import Labels
from chainrule.notation.worked import stated
from chainrule.plot import Arrow, Mark, Plot, Region, Scale, Series, multiples
from chainrule.rates import MOST_RATE
from chainrule.scalar import Element
from chainrule.shapes import Run, words
from chainrule.shapes import runs as letters
from chainrule.step import run_from

WEIGHT, PREDICTION, TARGET, ERROR, RATE, GRADIENT = 1, 5, 6, 7, 8, 9
"""Colours of the palette, of the symbols that curves and points stand for."""

POINTS = 240
"""Of a smooth curve."""

GRID = 61
"""Predictions along each side of a map."""

MOST_SHOWN = 400
"""Samples of a batch that are drawn."""

MOST_NAMED = 12
"""Layers that are named at an axis."""

CLASS_AREAS = ("", "area", "shade", "deep")
CLASS_MARKS = ("dot", "ring", "square", "triangle", "diamond", "cross")
"""Of classes, which are told apart without colour."""

Runs = tuple[Run, ...]


def descent(context: Context, weight: Element) -> Plot:
    """E along one weight, the others as they are, with the tangent and this step on it."""
    along = _error_along(context, weight)
    letter = context.letter(weight)
    gradient = context.gradient_of(weight)
    old, slope = (float(context.before[context.scalars.variable(element)]) for element in (weight, gradient))
    new = float(context.step.new_parameters[weight.key][weight.index])
    low, high = _around(along, old, new, slope)
    curve = _curve(along, low, high)
    start, end = along(old), along(new)
    _check_finite(start, old, new, slope)
    y = _error_scale(context, [value for _, value in curve if math.isfinite(value)], start, end)
    reach = 0.3 * (high - low)
    tangent = tuple((old + side, start + slope * side) for side in (-reach, reach))
    marks = [Mark(old, start, "dot", WEIGHT, _both(context, letter, old, start))]
    arrows = ()
    if new != old and math.isfinite(end):
        marks.append(Mark(new, end, "ring", WEIGHT, _both(context, letter, new, end)))
        step = _label(context, (context.plain("plot.step"), ": "), _signed(context, new - old))
        arrows = (Arrow((old, start), (new, start), WEIGHT, step),)
    drop = (Series(((new, start), (new, end)), "dashed", WEIGHT),) if arrows else ()
    return Plot(
        Scale(letters(letter), low, high),
        y,
        _text(context, "plot.descent", letter),
        series=(
            Series(tuple(curve), "curve", ERROR, letters(context.labels.error)),
            Series(tangent, "dashed", GRADIENT, letters(stated(context.letter(gradient), slope, context.labels))),
            *drop,
        ),
        arrows=arrows,
        marks=tuple(marks),
        notes=(_runs(context, "plot.descent", letter),),
    )


def _check_finite(*numbers: float) -> None:
    if not all(map(math.isfinite, numbers)):
        raise InputError("the numbers of this step have left the range of floating point: there is no curve to be drawn.")


def _error_along(context: Context, weight: Element) -> Callable[[float], float]:
    """E as a function of one weight; infinite where it is no number."""
    step, derivation = context.step, context.derivation
    fixed = {node: np.asarray(step.values[node.key], dtype=float) for node in (*derivation.data, *derivation.parameters)}

    def error(value: float) -> float:
        changed = fixed[weight.quantity].copy()
        changed[weight.index] = value
        found = float(evaluate([derivation.error], {**fixed, weight.quantity: changed})[derivation.error])
        return found if math.isfinite(found) else math.inf

    return error


def _around(along: Callable[[float], float], old: float, new: float, slope: float) -> tuple[float, float]:
    """Where to look: downhill until the error is as large again, but not endlessly far, and a little uphill; the step is in it."""
    start, moved, size = along(old), abs(new - old), max(1.0, abs(old))
    downhill = -math.copysign(1.0, slope)
    reach, most = max(moved, 1e-3 * size), max(8 * moved, 4 * size)
    while reach < most and along(old + downhill * reach) < start:
        reach *= 1.25
    reach = max(reach, 1.25 * moved)
    ends = sorted((old - downhill * 0.3 * reach, old + downhill * reach))
    return min(ends[0], new - 0.1 * reach), max(ends[1], new + 0.1 * reach)


def _curve(function: Callable[[float], float], low: float, high: float) -> list[tuple[float, float]]:
    return [(x, function(x)) for x in (low + (high - low) * i / POINTS for i in range(POINTS + 1))]


def _error_scale(context: Context, values: Sequence[float], *shown: float) -> Scale:
    """An axis of errors with these on it; of a curve that rises far beyond, only the beginning."""
    known = [value for value in shown if math.isfinite(value)]
    least, most = min(*values, *known), min(max(*values, *known), max(known) + 0.8 * (max(known) - min(*values, *known)))
    if most - least < 1e-7 * max(abs(most), abs(least)):  # it does not change: as seen from 0
        least, most = 0.0, most or 1.0
    elif 0 <= least < 0.5 * most:
        least = 0.0
    room = 0.08 * (most - least)
    return Scale(letters(context.labels.error), least - (room if least else 0), most + 2 * room)


def rates(context: Context) -> Plot:
    """E after this step, by the learning rate, with the rates that lower it."""
    advice = context.advice
    if advice is None:
        raise InputError(
            "which learning rates lower the error is found by simulating the first step of a run with one plain rate, "
            "in a network that is not too large; this step is none."
        )
    before = float(context.step.error)
    best = advice.best_single
    known = [advice.rate, *(rate for rate in (advice.lowers_below, best[0] if best else None) if rate is not None and rate < MOST_RATE)]
    low, high = min(known) / 8, max(known) * 4
    tried = [low * (high / low) ** (i / POINTS) for i in range(POINTS + 1)]
    curve = [(rate, _after(context, rate)) for rate in tried]
    shown = [error for _, error in curve if 0 < error < math.inf]
    used = _after(context, advice.rate)
    least = max(min(shown, default=before), 1e-6 * before)
    y = Scale(letters(context.labels.error), least / 2, max(before, min(max(shown, default=before), max(used, before) * 20)) * 2, log=True)
    rate = context.labels.symbol_of_rate if hasattr(context.labels, "symbol_of_rate") else Words(context.notation.letter("learning_rate"))
    marks = [Mark(advice.rate, min(used, y.high), "dot", RATE, _label(context, (context.plain("plot.used"), ": "), _stated(context, rate, advice.rate)))]
    series = [
        Series(tuple((at, min(error, y.high * 10)) for at, error in curve if error > 0), "curve", ERROR),
        Series(((low, before), (high, before)), "dashed", ERROR, _label(context, (context.plain("plot.before"), ": "), _stated(context, context.labels.error, before))),
    ]
    if best is not None and best[1] > 0:
        marks.append(Mark(best[0], max(best[1], y.low), "ring", RATE, _label(context, (context.plain("plot.best"), ": "), _stated(context, rate, best[0], 3))))
    if advice.lowers_below is not None and advice.lowers_below < MOST_RATE:
        limit = advice.lowers_below
        marks.append(Mark(limit, before, "diamond", RATE, _label(context, (context.plain("plot.lowers"), ": "), _stated(context, rate, limit, 3))))
    title = (*letters(rate), *words(f" ({context.plain('plot.rate')})"))
    return Plot(Scale(title, low, high, log=True), y, context.plain("plot.rates"), series=tuple(series), marks=tuple(marks), notes=(words(context.plain("plot.rates")),))


def _after(context: Context, rate: float) -> float:
    errors = context.run(rate, 2)
    return errors[1] if len(errors) > 1 else errors[0]
