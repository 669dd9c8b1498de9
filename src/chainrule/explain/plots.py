"""A step in curves: the error along one weight, over learning rates and over steps, gradients by layer, and what the network predicts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.contours import loops, within
from chainrule.engines.keep import evaluate
from chainrule.errors import InputError
from chainrule.explain.context import Context
from chainrule.explain.outcome import run_errors, runs
from chainrule.explain.pictures import cut
from chainrule.expression import Name
from chainrule.history import Report
from chainrule.network import Array, Network
from chainrule.notation.formula import Equation, Formula, Operator, row
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import printed
from chainrule.plot import Arrow, Mark, Plot, Region, Scale, Series, multiples
from chainrule.rates import MOST_RATE
from chainrule.scalar import Element
from chainrule.shapes import Run, words
from chainrule.shapes import runs as letters

WEIGHT, PREDICTION, TARGET, ERROR, RATE, GRADIENT = 1, 5, 6, 7, 8, 9
"""Colours of the palette, of the symbols that curves and points stand for."""

FINE = 240
"""Pieces of a smooth curve."""

FAR = 1e-6
"""Errors this much smaller than the first one, or as much larger, are off the picture."""

TINY = 1e-16
"""Of the first error: nothing smaller is left of it but rounding."""

FEW = 30
"""Steps of a curve that are points as well."""

GRID = 61
"""Predictions along each side of a map."""

MOST_SHOWN = 400
"""Samples of a batch that are drawn."""

MOST_NAMED = 12
"""Layers that are named at an axis."""

CLASS_AREAS = ("", "area", "shade", "deep")
CLASS_MARKS = ("dot", "ring", "square", "triangle", "diamond", "cross")
"""Of classes, which are told apart without colour."""

Runs: TypeAlias = tuple[Run, ...]
Points: TypeAlias = tuple[tuple[float, float], ...]


def descent(context: Context, weight: Element) -> Plot:
    """E along one weight, the others as they are, with the tangent and this step on it."""
    along, letter, gradient = _error_along(context, weight), context.letter(weight), context.gradient_of(weight)
    old, slope = (float(context.before[context.scalars.variable(element)]) for element in (weight, gradient))
    new = float(context.step.new_parameters[weight.key][weight.index])
    if not all(map(math.isfinite, (old, slope, new, along(old)))):
        raise InputError("the numbers of this step have left the range of floating point: there is no curve to be drawn.")
    start, end, moves = along(old), along(new), new != old and math.isfinite(along(new))
    low, high = _around(along, old, new, slope)
    curve, reach = _curve(along, low, high), 0.3 * (high - low)
    series = [
        Series(curve, "curve", ERROR, letters(context.labels.error)),
        Series(
            ((old - reach, start - slope * reach), (old + reach, start + slope * reach)),
            "dashed",
            GRADIENT,
            _equal(context, context.letter(gradient), slope),
        ),
    ]
    marks = [Mark(old, start, "dot", WEIGHT, _point(context, _equation(context, letter, old), start))]
    arrows = []
    if moves:
        becomes = Equation((letter, printed(new, context.rounding).formula), ("←",))
        marks.append(Mark(new, end, "ring", WEIGHT, _point(context, becomes, end)))
        arrows.append(Arrow((old, start), (new, start), WEIGHT, _said(context, "plot.step", change=_signed(context, new - old))))
        series.append(Series(((new, start), (new, end)), "dashed", WEIGHT))
    return Plot(
        Scale(letters(letter), low, high),
        _error_scale(context, [value for _, value in curve], (start, end) if moves else (start,)),
        _told(_said(context, "plot.descent", weight=letter)),
        series=tuple(series),
        arrows=tuple(arrows),
        marks=tuple(marks),
        notes=(_said(context, "plot.descent", weight=letter),),
    )


def _point(context: Context, weight: Formula, error: float) -> Runs:
    """w1 = 0.21, E ≈ 1.59561"""
    return (*letters(weight), *words(", "), *_equal(context, context.labels.error, error))


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


def _curve(function: Callable[[float], float], low: float, high: float) -> Points:
    return tuple((x, function(x)) for x in (low + (high - low) * i / FINE for i in range(FINE + 1)))


def _error_scale(context: Context, curve: Sequence[float], points: Sequence[float]) -> Scale:
    """An axis of errors with these points on it; of a curve that rises far beyond them, only the beginning."""
    values = [value for value in curve if math.isfinite(value)]
    least = min(*values, *points)
    most = min(max(*values, *points), max(points) + 0.8 * (max(points) - least))
    if most - least < 1e-7 * max(abs(most), abs(least)):  # it does not change: as seen from 0
        least, most = min(0.0, least), max(0.0, most) or 1.0
    elif 0 <= least < 0.5 * most:
        least = 0.0
    room = 0.12 * (most - least)
    return Scale(letters(context.labels.error), least - (room if least else 0), most + room)


def rates(context: Context) -> Plot:
    """E after this step, by the learning rate, and which rates lower it."""
    advice = context.advice
    if advice is None:
        raise InputError(
            "which learning rates lower the error is simulated for the first step of a run, with an optimiser of one plain rate "
            "and in a network that is not too large; this step is none."
        )
    rate, before = context.labels.label(Name("learning_rate")), float(context.step.error)
    points = {"plot.used": (advice.rate, "dot"), "plot.lowers": (advice.lowers_below, "diamond")}
    if advice.best_single is not None:
        points["plot.best"] = (advice.best_single[0], "ring")
    known = {key: (at, form) for key, (at, form) in points.items() if at is not None and 0 < at < MOST_RATE}
    low, high = min(at for at, _ in known.values()) / 8, max(at for at, _ in known.values()) * 4
    tried = sorted([*(low * (high / low) ** (i / FINE) for i in range(FINE + 1)), *(at for at, _ in known.values())])
    curve = [(at, context.run(at, 2)[-1]) for at in tried]
    after = {key: context.run(at, 2)[-1] for key, (at, _) in known.items()}
    least = max(min(error for _, error in curve), FAR * before)
    most = min(max(error for _, error in curve), 20 * max(before, *(error for error in after.values() if math.isfinite(error))))
    y = _spread(_said(context, "plot.after", error=context.labels.error), least, most)
    marks = [
        Mark(at, min(max(after[key], y.low), y.high), form, RATE, _said(context, key, rate=_equation(context, rate, at, 3)))
        for key, (at, form) in known.items()
    ]
    level = Series(
        ((low, before), (high, before)),
        "dashed",
        ERROR,
        _said(context, "plot.before", error=_equation(context, context.labels.error, before)),
    )
    drawn = Series(tuple((at, min(max(error, y.low), 10 * y.high)) for at, error in curve), "curve", ERROR)
    title = (*letters(rate), *words(f" ({context.plain('plot.rate')})"))
    return Plot(Scale(title, low, high, log=True), y, context.plain("plot.rates"), series=(drawn, level), marks=tuple(marks))


def _spread(title: Runs, least: float, most: float) -> Scale:
    """An axis of errors with room around them, on a log scale where they differ much."""
    if least > 0 and most > 8 * least:
        room = (most / least) ** 0.08
        return Scale(title, least / room, most * room, log=True)
    room = 0.1 * (most - least) or 0.5 * abs(most) or 1.0
    return Scale(title, max(least - room, min(0.0, least)), most + room)


def training(context: Context, steps: int | None = None) -> Plot:
    """E before each step of so many; where nothing is said, as many as are of interest, and with a rate that works beside an unfit one."""
    attempts = runs(context) if steps is None else [(context.step.optimizer, steps)]
    curves: list[tuple[Runs, Points]] = []
    longest = 0
    for optimizer, most in reversed(attempts):  # the good one first: the other is given as many steps
        errors = run_errors(context, optimizer, max(most, longest), patient=steps is not None)
        longest = len(errors)
        rate = optimizer.options.get("learning_rate")
        called = (
            _equal(context, context.labels.label(Name("learning_rate")), rate) if isinstance(rate, (int, float)) else words(optimizer.name)
        )
        curves.insert(0, (called, tuple((context.step.number + k, error) for k, error in enumerate(errors))))
    return _errors_plot(context.labels, curves, context.plain("repeat.step"), context.plain("plot.training"))


def history(reports: Sequence[Report], labels: Labels, plain: Callable[[str], str]) -> Plot:
    """E of the training rows, and of the validation rows, after each epoch of a recorded run."""
    curves = [(words(plain("plot.training_rows")), tuple((float(report.epoch), report.error) for report in reports))]
    if validated := tuple((float(report.epoch), report.validation_error) for report in reports if report.validation_error is not None):
        curves.append((words(plain("plot.validation_rows")), validated))
    return _errors_plot(labels, curves, plain("plot.epoch"), plain("plot.training"))


def _errors_plot(labels: Labels, curves: Sequence[tuple[Runs, Points]], across: str, alt: str) -> Plot:
    """Errors over steps or epochs, as far as they are finite and, on a log scale, above 0."""
    positive = any(error > 0 for _, points in curves for _, error in points)
    kept = [
        (called, tuple((k, error) for k, error in points if math.isfinite(error) and (error > 0 or not positive)))
        for called, points in curves
    ]
    kept = [(called, _thinned(points)) for called, points in kept if points]
    if not kept:
        raise InputError("no error of this run is a finite number, so that there is no curve to be drawn.")
    starts = max(abs(points[0][1]) for _, points in kept)
    errors = [error for _, points in kept for _, error in points]
    y = _spread(letters(labels.error), max(min(errors), TINY * starts), min(max(errors), starts / FAR))
    last = max(k for _, points in kept for k, _ in points)
    first = min(k for _, points in kept for k, _ in points)
    series, marks = [], []
    for (called, points), kind, form in zip(kept, ("curve", "dashed"), ("dot", "ring"), strict=False):
        series.append(Series(points, kind, ERROR, called))
        if last - first <= FEW:
            marks += [Mark(k, error, form, ERROR) for k, error in points if error <= y.high]
    return Plot(
        Scale(words(across), first - 0.02 * (last - first or 1), last + 0.02 * (last - first or 1)),
        y,
        alt,
        series=tuple(series),
        marks=tuple(marks),
    )


def _thinned(points: Points) -> Points:
    every = -(-len(points) // MOST_SHOWN)
    return points if every == 1 else (*points[:-1:every], points[-1])


def gradients(context: Context) -> Plot:
    """How large the gradient of each layer's weights is, as a whole and one by one, on a log scale."""
    found = [(p, np.abs(np.asarray(context.step.gradients[p.key], dtype=float))) for p in context.derivation.parameters if p.symbol == "W"]
    sizes = [(W, values[(values > 0) & np.isfinite(values)], float(np.linalg.norm(values))) for W, values in found]
    shown = [(place, single, norm) for place, (_, single, norm) in enumerate(sizes, start=1) if single.size and 0 < norm < math.inf]
    if not shown:
        raise InputError("every gradient of this step is 0 or no number, so that there is nothing to be drawn on a log scale.")
    bottom, top = min(float(single.min()) for _, single, _ in shown) / 3, max(norm for *_, norm in shown) * 5
    series, marks = [], []
    for place, single, norm in shown:
        left, right = place - 0.3, place
        series.append(Series(((left, bottom), (left, norm), (right, norm), (right, bottom)), "bar", GRADIENT, closed=True))
        series.append(Series(((place + 0.18, float(single.min())), (place + 0.18, float(single.max()))), "curve"))
        marks.append(Mark(place + 0.18, float(np.median(single)), "dot"))
        if len(shown) <= MOST_NAMED:
            marks.append(Mark(place - 0.15, norm, "", GRADIENT, letters(printed(norm, context.rounding, 2).formula)))
    every = -(-len(sizes) // MOST_NAMED)
    names = tuple((float(place), letters(context.symbol(W))) for place, (W, *_) in enumerate(sizes, start=1) if (place - 1) % every == 0)
    slope = letters(row(Operator("∂", prefix=True), context.labels.error, Operator("/∂", prefix=True), context.labels.label(Name("W"))))
    return Plot(
        Scale(words(context.plain("plot.layers")), 0.1, len(sizes) + 0.9, names=names),
        Scale(slope, bottom, top, log=True),
        context.plain("plot.gradients"),
        series=tuple(series),
        marks=tuple(marks),
        notes=(words(context.plain("plot.gradients_bars")), words(context.plain("plot.gradients_lines"))),
    )


def boundary(context: Context) -> Plot:
    """What the network predicts for every input: a line for one input, a map for two, with the samples on it."""
    inputs = context.step.network.inputs
    if inputs > 2:
        raise InputError(f"boundary draws what a network with one or two inputs predicts; this one has {inputs}.")
    return _line(context) if inputs == 1 else _map(context)


def _line(context: Context) -> Plot:
    """y over x."""
    network, x, t = _floats(context)
    low, high = _extent(x[:, 0])
    at = np.linspace(low, high, FINE + 1)
    predicted = network.predict(at[:, None])
    series = tuple(
        Series(
            tuple(zip(at.tolist(), predicted[:, k].tolist(), strict=True)), ("curve", "dashed")[k % 2], PREDICTION, _column(context, "y", k)
        )
        for k in range(predicted.shape[1])
    )
    marks = tuple(
        Mark(float(a), float(b), CLASS_MARKS[k % len(CLASS_MARKS)], TARGET)
        for k in range(t.shape[1])
        for a, b in zip(x[:MOST_SHOWN, 0], t[:MOST_SHOWN, k], strict=True)
    )
    least, most = _extent(np.concatenate([t.ravel(), predicted.ravel()[np.isfinite(predicted.ravel())]]))
    y = Scale((*letters(context.labels.label(Name("y"))), *words(", "), *letters(context.labels.label(Name("t")))), least, most)
    return Plot(
        Scale(_column(context, "x", 0), low, high),
        y,
        context.plain("plot.boundary"),
        series=series,
        marks=marks,
        notes=(words(context.plain("plot.boundary_line")),),
    )


def _map(context: Context) -> Plot:
    """Shades of y over x1 and x2, or the class of the largest y."""
    network, x, t = _floats(context)
    (left, right), (low, high) = _extent(x[:, 0]), _extent(x[:, 1])
    xs, ys = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
    every = np.array([(a, b) for b in ys for a in xs])
    predicted = network.predict(every).reshape(GRID, GRID, -1)
    if not np.isfinite(predicted).all():
        raise InputError("some predictions are no numbers: there is no map to be drawn.")
    draw = _classes if predicted.shape[2] > 1 else _levels
    regions, series, marks, note = draw(context, predicted, t, xs.tolist(), ys.tolist())
    points = [Mark(float(a), float(b), form, TARGET) for (a, b), form in zip(x[:MOST_SHOWN], _forms(context, t), strict=False)]
    return Plot(
        Scale(_column(context, "x", 0), left, right),
        Scale(_column(context, "x", 1), low, high),
        context.plain("plot.boundary"),
        regions=tuple(regions),
        series=tuple(series),
        marks=(*points, *marks),
        notes=(note,),
        grid=False,
    )


Drawn: TypeAlias = tuple[list[Region], list[Series], list[Mark], Runs]


def _levels(context: Context, predicted: Array, t: Array, xs: list[float], ys: list[float]) -> Drawn:
    """One output: the darker the larger; the line where the decision changes, if there are two classes."""
    values = predicted[:, :, 0]
    decision = _decision(context, t)
    regions, series, marks = [], [], []
    levels = [level for level in multiples(float(values.min()), float(values.max())) if values.min() < level < values.max()]
    for number, level in enumerate(levels):
        around = loops(values.tolist(), level, xs, ys)
        regions.append(Region(tuple(around), "area", PREDICTION))
        edges = [piece for loop in around for piece in within(loop, xs, ys)]
        if edges and (decision is None or abs(level - decision) > 1e-9):
            at = max(edges, key=len)
            series += [Series(piece, "faint", PREDICTION) for piece in edges]
            marks.append(
                Mark(*at[len(at) * (number + 1) // (len(levels) + 1)], "", PREDICTION, letters(printed(level, context.rounding).formula))
            )
    if decision is None:
        return regions, series, marks, _said(context, "plot.boundary_levels", y=context.labels.label(Name("y")))
    pieces = [piece for loop in loops(values.tolist(), decision, xs, ys) for piece in within(loop, xs, ys)]
    called = _equal(context, context.labels.label(Name("y")), decision)
    series += [Series(piece, "curve", None, called if piece is max(pieces, key=len) else ()) for piece in pieces]
    return regions, series, marks, _said(context, "plot.boundary_two", y=_equation(context, context.labels.label(Name("y")), decision))


def _decision(context: Context, t: Array) -> float | None:
    """Between which predictions two classes part; None where the targets are no two classes."""
    name = context.step.network.loss.name
    if name.endswith("_from_logits") or "hinge" in name:
        return 0.0
    found = set(np.unique(t).tolist())
    return (
        0.5
        if name == "binary_cross_entropy" or (len(t) > 1 and found <= {0.0, 1.0})
        else 0.0
        if len(t) > 1 and found <= {-1.0, 1.0}
        else None
    )


def _classes(context: Context, predicted: Array, t: Array, xs: list[float], ys: list[float]) -> Drawn:
    """Several outputs: where each of them is the largest."""
    regions, series, marks = [], [], []
    for k in range(predicted.shape[2]):
        ahead = predicted[:, :, k] - np.delete(predicted, k, axis=2).max(axis=2)
        around = loops(ahead.tolist(), 0.0, xs, ys)
        if not around:
            continue
        if kind := CLASS_AREAS[k % len(CLASS_AREAS)]:
            regions.append(Region(tuple(around), kind, PREDICTION))
        series += [Series(piece, "curve") for loop in around for piece in within(loop, xs, ys)]
        i, j = _deepest(ahead)
        marks.append(Mark(xs[j], ys[i], "", PREDICTION, _column(context, "y", k)))
    return regions, series, marks, words(context.plain("plot.boundary_classes"))


def _deepest(ahead: Array) -> tuple[int, int]:
    """The place inside a region (≥ 0) that is farthest from its rim and from the picture's."""
    inside, depth = np.pad(ahead >= 0, 1), np.zeros(ahead.shape)
    while inside.any():
        depth += inside[1:-1, 1:-1]
        inside[1:-1, 1:-1] &= inside[:-2, 1:-1] & inside[2:, 1:-1] & inside[1:-1, :-2] & inside[1:-1, 2:]
    i, j = np.unravel_index(depth.argmax(), depth.shape)
    return int(i), int(j)


def _forms(context: Context, t: Array) -> list[str]:
    """The mark of each sample: by its class, where there are classes."""
    if t.shape[1] > 1:
        return [CLASS_MARKS[int(k) % len(CLASS_MARKS)] for k in t[:MOST_SHOWN].argmax(axis=1)]
    decision = _decision(context, t)
    return ["dot" if decision is None or value > decision else "ring" for value in t[:MOST_SHOWN, 0]]


def _floats(context: Context) -> tuple[Network, Array, Array]:
    """Network and batch in floats."""
    step = context.step
    network = step.network.continued({key: np.asarray(value, dtype=float) for key, value in step.parameters.items()})
    return network, step.x.astype(float), step.t.astype(float)


def _extent(values: Array) -> tuple[float, float]:
    """From the least to the largest value with room around them; around one that is alone, as far as it is large."""
    low, high = float(values.min()), float(values.max())
    room = 0.18 * (high - low) or max(1.0, abs(low))
    return low - room, high + room


def _column(context: Context, symbol: str, place: int) -> Runs:
    """x1, or x1 petal length where columns have names."""
    letter = Labels(context.labels.sizes, context.notation).label(Name(symbol, index=(0, place)))
    at = place + (context.step.network.inputs if symbol == "y" else 0)
    name = context.columns[at] if at < len(context.columns) else ""
    return (*letters(letter), *words(f" {cut(name)}" if name else ""))


def _equation(context: Context, letter: Formula, value: Any, digits: int | None = None) -> Equation:
    number = printed(value, context.rounding, digits)
    return Equation((letter, number.formula), ("=" if number.exact else "≈",))


def _equal(context: Context, letter: Formula, value: Any) -> Runs:
    return letters(_equation(context, letter, value))


def _signed(context: Context, change: float) -> Formula:
    """+0.157 or −0.157, with ≈ where it is rounded."""
    number = printed(change, context.rounding)
    sign = Operator(("" if number.exact else "≈ ") + ("+" if change > 0 else ""), prefix=True)
    return row(sign, number.formula)


def _said(context: Context, key: str, **values: Formula) -> Runs:
    """A text of the catalogue with formulas in it."""
    return tuple(run for part in context.text(key, **values) for run in (words(part) if isinstance(part, str) else letters(part)))


def _told(written: Runs) -> str:
    return "".join(run.letters for run in written)
