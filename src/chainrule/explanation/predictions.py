"""What a network predicts for every input there may be: a line for one input, a map for two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.explanation.answers import ColumnUnits, column_units
from chainrule.explanation.context import Context
from chainrule.explanation.lettering import equation, in_ink, message_runs, shortened_name
from chainrule.formula.expression import Name
from chainrule.notation.formula import Formula, Prose, row
from chainrule.notation.numbers import printed
from chainrule.pictures.contours import inner_pieces, loops
from chainrule.pictures.plot import Mark, Plot, Region, Runs, Scale, Series
from chainrule.pictures.shapes import FAMILIES, Point, prose_runs, text_runs
from chainrule.pictures.ticks import multiples

PREDICTION, TARGET = FAMILIES["y"], FAMILIES["t"]
"""Curves and points have the colours of the symbols that they stand for."""

PIECES = 240
"""Of a line."""

FLAT = 1e-9
"""Numbers that differ by less than this share of them are one."""

GRID = 61
"""Predictions along each side of a map."""

MOST_SHOWN = 400
"""Samples of a batch that are drawn."""

CLASS_AREAS = ("", "area", "shade", "deep")
CLASS_MARKS = {"dot": "●", "ring": "∘", "square": "■", "triangle": "△", "diamond": "◇", "cross": "×"}
"""Of classes, which can be told apart without colour; marks with the signs that stand for them in words."""

FORMS = tuple(CLASS_MARKS)


def boundary_plot(context: Context) -> Plot:
    """What the network predicts for every input, with the samples on it: a line for one input, a map for two.

    Of more inputs, the others stay as in the first sample; of several outputs, a map shows the first.
    """
    return _line(context) if context.step.network.inputs == 1 else _map(context)


def _line(context: Context) -> Plot:
    """y over x."""
    x, t = _batch(context)
    low, high = _known(context, x, 0)
    at = np.linspace(low, high, PIECES + 1)
    predicted = _predictions(context, at[:, None])
    series = tuple(
        Series(
            tuple(zip(at.tolist(), predicted[:, k].tolist(), strict=True)), ("curve", "dashed")[k % 2], PREDICTION, _column(context, "y", k)
        )
        for k in range(predicted.shape[1])
    )
    marks = tuple(
        Mark(float(a), float(b), FORMS[k % len(FORMS)], TARGET)
        for k in range(t.shape[1])
        for a, b in zip(x[:MOST_SHOWN, 0], t[:MOST_SHOWN, k], strict=True)
    )
    least, most = _extent(np.concatenate([t.ravel(), predicted.ravel()[np.isfinite(predicted.ravel())]]))
    both = (*text_runs(context.labels.label(Name("y"))), *prose_runs(", "), *text_runs(context.labels.label(Name("t"))))
    known, outputs = column_units(context, "t"), range(predicted.shape[1])
    if known and any(_differ(known, k) for k in outputs):
        both = tuple(run for k in outputs for run in (*prose_runs(", " if k else ""), *_column(context, "y", k)))
    return Plot(
        Scale(_column(context, "x", 0), low, high),
        Scale(both, least, most),
        context.plain("plot.boundary"),
        series=series,
        marks=marks,
        notes=(prose_runs(context.plain("plot.boundary_line")),),
    )


def _map(context: Context) -> Plot:
    """Shades of y over x1 and x2, or the class of the largest y."""
    x, t = _batch(context)
    network = context.step.network
    (first, width), *others = network.output_sizes.items()
    t = t[:, : network.target_sizes.get(first, 0) if network.measures else 0]
    (left, right), (low, high) = _known(context, x, 0), _known(context, x, 1)
    xs, ys = np.linspace(left, right, GRID), np.linspace(low, high, GRID)
    places = np.array([(a, b, *x[0, 2:]) for b in ys for a in xs])
    predicted = _predictions(context, places)[:, :width].reshape(GRID, GRID, width)
    if not np.isfinite(predicted).all():
        raise InputError("some predictions are no numbers: there is no map to be drawn.")
    draw = _classes if predicted.shape[2] > 1 else _levels
    regions, series, marks, notes = draw(context, predicted, t, xs.tolist(), ys.tolist())
    shown = (x[:, 2:] == x[0, 2:]).all(axis=1)
    points = [
        Mark(float(a), float(b), form, TARGET) for (a, b), form in zip(x[shown][:MOST_SHOWN, :2], _forms(context, t[shown]), strict=False)
    ]
    if x.shape[1] > 2:
        notes = (*notes, prose_runs(context.plain("plot.boundary_slice")))
    if others:
        notes = (*notes, message_runs(context, "plot.boundary_first", y=context.symbol(context.derivation.predictions[0])))
    return Plot(
        Scale(_column(context, "x", 0), left, right),
        Scale(_column(context, "x", 1), low, high),
        context.plain("plot.boundary"),
        regions=tuple(regions),
        series=tuple(series),
        marks=(*points, *marks),
        notes=notes,
        grid=False,
    )


Drawn: TypeAlias = tuple[list[Region], list[Series], list[Mark], tuple[Runs, ...]]


def _levels(context: Context, predicted: Array, t: Array, xs: list[float], ys: list[float]) -> Drawn:
    """One output: the darker the larger; the line where the decision changes, if there are two classes."""
    values, y = predicted[:, :, 0], _called(context, "y", 0)
    decision = _decision(context, t)
    low, high = float(values.min()), float(values.max())
    levels = [level for level in multiples(low, high) if low < level < high] if high - low > FLAT * max(abs(low), abs(high)) else []
    regions, series = [], []
    for level in levels:
        around = loops(values.tolist(), level, xs, ys)
        regions.append(Region(tuple(around), "area", PREDICTION))
        if decision is None or abs(level - decision) > 1e-9:
            series += _contour(around, text_runs(printed(level, context.rounding).formula), "faint", PREDICTION, xs, ys)
    if decision is None:
        return regions, series, [], (message_runs(context, "plot.boundary_levels", y=y),)
    changes = equation(context, y, decision)
    line = _contour(loops(values.tolist(), decision, xs, ys), in_ink(text_runs(changes)), "curve", None, xs, ys)
    told = message_runs(context, "plot.boundary_two", line=changes, y=y)
    return regions, [*line, *series], [], (told, prose_runs(context.plain("plot.boundary_points")))


def _contour(
    around: Sequence[Sequence[Point]], label: Runs, kind: str, colour: int | None, xs: list[float], ys: list[float]
) -> list[Series]:
    """The lines of one level, the longest with its label."""
    pieces = sorted((piece for loop in around for piece in inner_pieces(loop, xs, ys)), key=len, reverse=True)
    return [Series(piece, kind, colour, () if place else label, inline=True) for place, piece in enumerate(pieces)]


def _decision(context: Context, t: Array) -> float | None:
    """Between which predictions two classes part; None where the targets are no two classes."""
    decision = context.step.network.loss.definition.decision
    if decision is not None:
        return decision
    found = set(np.unique(t).tolist())
    return 0.5 if found == {0.0, 1.0} else 0.0 if found == {-1.0, 1.0} else None


def _classes(context: Context, predicted: Array, t: Array, xs: list[float], ys: list[float]) -> Drawn:
    """Several outputs: where each of them is the largest; where several are, the first of them, as it is what the network answers."""
    regions, series, marks = [], [], []
    predicted = predicted - FLAT * (float(np.ptp(predicted)) or 1.0) * np.arange(predicted.shape[2])
    for k in range(predicted.shape[2]):
        ahead = predicted[:, :, k] - np.delete(predicted, k, axis=2).max(axis=2)
        around = loops(ahead.tolist(), 0.0, xs, ys)
        if not around:
            continue
        if kind := CLASS_AREAS[k % len(CLASS_AREAS)]:
            regions.append(Region(tuple(around), kind, PREDICTION))
        series += [Series(piece, "curve") for loop in around for piece in inner_pieces(loop, xs, ys)]
        i, j = _deepest(ahead)
        marks.append(Mark(xs[j], ys[i], "", PREDICTION, in_ink(_column(context, "y", k))))
    legend = (_legend(context, predicted.shape[2]),) if t.shape[1] else ()
    return regions, series, marks, (prose_runs(context.plain("plot.boundary_classes")), *legend)


def _legend(context: Context, classes: int) -> Runs:
    """● y1, ∘ y2, ■ y3: the form of each class, as far as there are forms."""
    forms = zip(range(classes), CLASS_MARKS.values(), strict=False)
    named = (prose_runs(f"{', ' if k else ''}{sign} ") + _column(context, "y", k) for k, sign in forms)
    return tuple(run for part in named for run in part) + prose_runs(", …" if classes > len(FORMS) else "")


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
    if not t.shape[1]:
        return ["dot"] * len(t)
    if t.shape[1] > 1:
        return [FORMS[int(k) % len(FORMS)] for k in t[:MOST_SHOWN].argmax(axis=1)]
    decision = _decision(context, t)
    return ["dot" if decision is None or value > decision else "ring" for value in t[:MOST_SHOWN, 0]]


def _in_units(context: Context, symbol: str, numbers: Array) -> Array:
    found = column_units(context, symbol)
    return numbers.astype(float) if found is None or not numbers.shape[1] else found.of(numbers.astype(float))


def _batch(context: Context) -> tuple[Array, Array]:
    """x and t in the units of their columns; no t where that is nothing that y could be."""
    t = context.step.t if context.step.network.measures else context.step.t[:, :0]
    return _in_units(context, "x", context.step.x), _in_units(context, "t", t)


def _predictions(context: Context, values: Array) -> Array:
    """y for these inputs, both in the units of their columns."""
    step, inputs = context.step, column_units(context, "x")
    network = step.network.continued({key: np.asarray(value, dtype=float) for key, value in step.parameters.items()})
    values = values.copy() if inputs is None else inputs.numbers(values)
    for column, vocabulary in enumerate(_vocabularies(context)):
        if vocabulary:  # each token is a stripe as wide as 1
            values[:, column] = np.clip(np.rint(values[:, column]), 0, vocabulary - 1)
    return _in_units(context, "t", network.predict(values))


def _vocabularies(context: Context) -> list[int]:
    """For each input, how many tokens it knows; 0 for a number."""
    return [getattr(size, "vocabulary", 0) for size in context.step.network.wiring.inputs.values() for _ in range(size)]


def _known(context: Context, x: Array, column: int) -> tuple[float, float]:
    """Of an input, what is drawn of it: all tokens, or the numbers of the samples and some room."""
    vocabulary = _vocabularies(context)[column]
    return (-0.5, vocabulary - 0.5) if vocabulary else _extent(x[:, column])


def _extent(values: Array) -> tuple[float, float]:
    """From the least to the largest value with room around them; around one that is alone, as far as it is large."""
    low, high = float(values.min()), float(values.max())
    room = 0.18 * (high - low) if high - low > FLAT * max(abs(low), abs(high)) else max(1.0, abs(low))
    return low - room, high + room


def _called(context: Context, symbol: str, place: int) -> Formula:
    """x1, or x1 (petal length) where columns have names; the name alone where the axis has the column's own units, as x1 has not."""
    at = place + (context.step.network.inputs if symbol == "y" else 0)
    name = context.columns[at] if at < len(context.columns) else ""
    node, column = context.columns_of(context.derivation.inputs if symbol == "x" else context.derivation.predictions)[place]
    letter = context.one_sample.label(node.own_name.at(0, *column))
    if not name:
        return letter
    known = column_units(context, "t" if symbol == "y" else symbol)
    return Prose(shortened_name(name)) if known and _differ(known, place) else row(letter, Prose(f" ({shortened_name(name)})"))


def _differ(known: ColumnUnits, place: int) -> bool:
    """Is a column's value another number than the network's?"""
    return (known.mean[place], known.deviation[place]) != (0, 1)


def _column(context: Context, symbol: str, place: int) -> Runs:
    return text_runs(_called(context, symbol, place))
