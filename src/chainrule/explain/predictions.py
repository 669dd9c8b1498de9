"""What a network predicts for every input there may be: a line for one input, a map for two."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np

from chainrule.contours import loops, within
from chainrule.errors import InputError
from chainrule.explain.context import Context
from chainrule.explain.lettering import Runs, equal, equation, said
from chainrule.explain.pictures import cut
from chainrule.expression import Name
from chainrule.network import Array, Network
from chainrule.notation.labels import Labels
from chainrule.notation.numbers import printed
from chainrule.plot import Mark, Plot, Region, Scale, Series, multiples
from chainrule.shapes import FAMILIES, words
from chainrule.shapes import runs as letters

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
"""Of classes, which are told apart without colour; marks with the signs that stand for them in words."""

FORMS = tuple(CLASS_MARKS)


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
    at = np.linspace(low, high, PIECES + 1)
    predicted = network.predict(at[:, None])
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
    regions, series, marks, notes = draw(context, predicted, t, xs.tolist(), ys.tolist())
    points = [Mark(float(a), float(b), form, TARGET) for (a, b), form in zip(x[:MOST_SHOWN], _forms(context, t), strict=False)]
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
    values = predicted[:, :, 0]
    decision = _decision(context, t)
    regions, series, marks = [], [], []
    low, high = float(values.min()), float(values.max())
    levels = [level for level in multiples(low, high) if low < level < high] if high - low > FLAT * max(abs(low), abs(high)) else []
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
        return regions, series, marks, (said(context, "plot.boundary_levels", y=context.labels.label(Name("y"))),)
    pieces = [piece for loop in loops(values.tolist(), decision, xs, ys) for piece in within(loop, xs, ys)]
    called = equal(context, context.labels.label(Name("y")), decision)
    series += [Series(piece, "curve", None, called if piece is max(pieces, key=len) else ()) for piece in pieces]
    return regions, series, marks, (said(context, "plot.boundary_two", y=equation(context, context.labels.label(Name("y")), decision)),)


def _decision(context: Context, t: Array) -> float | None:
    """Between which predictions two classes part; None where the targets are no two classes."""
    name = context.step.network.loss.name
    if name.endswith("_from_logits") or "hinge" in name:
        return 0.0
    found = set(np.unique(t).tolist())
    if name == "binary_cross_entropy" or found == {0.0, 1.0}:
        return 0.5
    return 0.0 if found == {-1.0, 1.0} else None


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
    return regions, series, marks, (words(context.plain("plot.boundary_classes")), _legend(context, predicted.shape[2]))


def _legend(context: Context, classes: int) -> Runs:
    """● y1, ∘ y2, ■ y3: the form of each class, as far as there are forms."""
    forms = zip(range(classes), CLASS_MARKS.values(), strict=False)
    named = (words(f"{', ' if k else ''}{sign} ") + _column(context, "y", k) for k, sign in forms)
    return tuple(run for part in named for run in part) + words(", …" if classes > len(FORMS) else "")


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
        return [FORMS[int(k) % len(FORMS)] for k in t[:MOST_SHOWN].argmax(axis=1)]
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
    room = 0.18 * (high - low) if high - low > FLAT * max(abs(low), abs(high)) else max(1.0, abs(low))
    return low - room, high + room


def _column(context: Context, symbol: str, place: int) -> Runs:
    """x1, or x1 petal length where columns have names."""
    letter = Labels(context.labels.sizes, context.notation).label(Name(symbol, index=(0, place)))
    at = place + (context.step.network.inputs if symbol == "y" else 0)
    name = context.columns[at] if at < len(context.columns) else ""
    return (*letters(letter), *words(f" {cut(name)}" if name else ""))
