"""The pictures of a report: which class was taken for which, how far numbers were missed, and gradients in the course of a run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.base.frozen import replace
from chainrule.base.printing import clean
from chainrule.document.words import Words
from chainrule.explanation.lettering import shortened_name
from chainrule.explanation.predictions import FORMS
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Formula
from chainrule.pictures.plot import Mark, Plot, Scale, Series, plot_diagram
from chainrule.pictures.shapes import (
    FAMILIES,
    LINE,
    SMALL,
    Diagram,
    DrawnShape,
    Label,
    Line,
    Path,
    prose_runs,
    text_runs,
    width,
    with_description,
)

MOST_CLASSES = 30
"""Of more no picture shows which was taken for which."""

COUNTED = 14
"""So many classes have cells large enough for their numbers."""

CELL, SMALL_CELL, CELL_HEIGHT, MARGIN = 42.0, 17.0, 30.0, 12.0
"""Of the picture of classes."""

WIDEST = 460.0
"""Of all columns with names above them; where these are wider, the columns have numbers."""

SHADES = ((0.5, "deep"), (0.1, "shade"), (0.0, "area"))
"""How a cell is drawn of which more than this share of its row lies in it."""

RIGHT, WRONG = FAMILIES["y"], FAMILIES["E"]

MOST_POINTS = 300
"""Rows that are drawn."""

COLOURS = (0, 1, 4, 7, 3, 2)
"""Of lines, which can be told apart without colour by the marks on them, where there are as few."""


def confusion_diagram(words: Words, names: Sequence[str], confusion: Array) -> Diagram:
    """Rows: the true classes; columns: what they were said to be. Raises InputError where there are too many classes.

    names, confusion  of `Scores`; (classes, classes)
    """
    size = len(names)
    if size > MOST_CLASSES:
        raise InputError(f"{size} classes are too many for a picture of which was taken for which.")
    shown = [clean(shortened_name(name)) for name in names]
    counted = size <= COUNTED
    across, down = (CELL, CELL_HEIGHT) if counted else (SMALL_CELL, SMALL_CELL)
    if counted:
        across = max(across, *(width(prose_runs(str(count)), SMALL) + 12 for count in confusion.ravel().tolist()))
    widest = max(width(prose_runs(name), SMALL) + 10 for name in shown)
    named = size * max(across, widest) <= WIDEST if counted else widest <= across
    across = max(across, widest) if named else across
    heads = shown if named else [str(number) for number in range(1, size + 1)]
    sides = shown if named or heads == shown else [f"{name} ({number})" for number, name in enumerate(shown, start=1)]
    said, true = (prose_runs(words.plain(f"report.confusion.{key}")) for key in ("said", "true"))
    left = MARGIN + max(width(runs, SMALL) for runs in (true, *map(prose_runs, sides))) + 10
    top = MARGIN + 2.4 * SMALL * LINE
    alt = words.plain("report.confusion.alt", classes=size)

    def shapes() -> Iterator[DrawnShape]:
        right, bottom = left + across * size, top + down * size
        yield Label(said, left, MARGIN + SMALL * LINE / 2, SMALL, quiet=True, side=1)
        yield Label(true, left - 10, top - SMALL * LINE / 2 - 4, SMALL, quiet=True, side=-1)
        for place, (head, side) in enumerate(zip(heads, sides, strict=True)):
            if counted or place % 2 == 0:
                yield Label(prose_runs(head), left + across * (place + 0.5), top - SMALL * LINE / 2 - 4, SMALL, handle="tick")
            yield Label(prose_runs(side), left - 10, top + down * (place + 0.5), SMALL, side=-1, handle="tick")
        for (i, j), count in np.ndenumerate(confusion):
            if not count:
                continue
            x, y, share = left + across * j, top + down * i, count / confusion[i].sum()
            kind = next(kind for least, kind in SHADES if share > least)
            corners = ((x, y), (x + across, y), (x + across, y + down), (x, y + down))
            yield Path((corners,), kind, RIGHT if i == j else WRONG, closed=True)
            if counted:
                yield Label(prose_runs(str(int(count))), x + across / 2, y + down / 2, SMALL)
        for place in range(size + 1):
            yield Line(left + across * place, top, left + across * place, bottom, kind="grid")
            yield Line(left, top + down * place, right, top + down * place, kind="grid")

    wide = left + max(across * size, width(said, SMALL)) + MARGIN
    return with_description(Diagram(wide, top + down * size + MARGIN, tuple(shapes()), alt))


def residuals_diagram(words: Words, notation: Notation, name: str, part: str, predicted: Array, true: Array) -> Diagram:
    """How far each prediction is from its target, y − t over y, both in the data's own units. Raises InputError where none is finite.

    part             which rows they are: "train", "validation" or "test"
    predicted, true  (rows,)
    """
    off = predicted - true
    kept = np.flatnonzero(np.isfinite(off))
    if not len(kept):
        raise InputError("no prediction is a finite number, so that there is nothing to be drawn.")
    kept = kept[np.unique(np.linspace(0, len(kept) - 1, min(len(kept), MOST_POINTS)).astype(int))]
    low, high = _around(predicted[kept])
    farthest = 1.15 * float(np.abs(off[kept]).max()) or 1.0
    called = shortened_name(name)
    plot = Plot(
        Scale(prose_runs(words.plain("report.residuals.predicted", name=called)), low, high),
        Scale(prose_runs(words.plain("report.residuals.off")), -farthest, farthest),
        words.plain("report.residuals.alt", name=called),
        series=(Series(((low, 0.0), (high, 0.0)), "dashed"),),
        marks=tuple(Mark(float(predicted[row]), float(off[row]), "ring", RIGHT) for row in kept),
        notes=(prose_runs(words.plain(f"report.residuals.{part}")), prose_runs(words.plain("report.residuals.sides"))),
    )
    return with_description(plot_diagram(plot, notation))


def _around(values: Array) -> tuple[float, float]:
    """From the least to the largest with room beside them."""
    low, high = float(values.min()), float(values.max())
    room = 0.06 * (high - low) or 0.5 * abs(low) or 1.0
    return low - room, high + room


def gradients_diagram(words: Words, notation: Notation, norms: Mapping[Formula, Sequence[tuple[int, float]]]) -> Diagram:
    """How large the gradient of each layer's weights is at some steps of a run, both on a log scale.

    norms  by the letter of the weights: the number of a step, and the norm of the gradient in it

    Raises InputError where no gradient is a number above 0.
    """
    lines = {letter: [(float(k), norm) for k, norm in points if 0 < norm < math.inf] for letter, points in norms.items()}
    lines = {letter: points for letter, points in lines.items() if points}
    if not lines:
        raise InputError("every gradient that was looked at is 0 or no number, so that there is nothing to be drawn on a log scale.")
    every = [point for points in lines.values() for point in points]
    last, least, most = max(k for k, _ in every), min(norm for _, norm in every), max(norm for _, norm in every)
    room = max((most / least) ** 0.08, 1.3)
    few = len(lines) <= len(FORMS)
    step = -(-len(lines) // len(FORMS))
    series = []
    for place, (letter, points) in enumerate(lines.items()):
        named = tuple(replace(run, key="") for run in text_runs(letter))  # not in the colour of weights, which a line may have
        label = named if few or place % step == 0 or place == len(lines) - 1 else ()
        colour, form = COLOURS[place % len(COLOURS)], FORMS[place % len(FORMS)] if few else ""
        series.append(Series(tuple(points), ("curve", "dashed")[place // len(COLOURS) % 2], colour, label, form=form))
    plot = Plot(
        Scale(prose_runs(words.plain("report.gradients.step")), 0.9, max(last * 1.25, 2.0), log=True),
        Scale(prose_runs(words.plain("report.gradients.norm")), least / room, most * room, log=True),
        words.plain("report.gradients.alt"),
        series=tuple(series),
        key=few,
    )
    return with_description(plot_diagram(plot, notation))
