"""The curves of a training on a terminal, on a log scale, drawn by uniplot in characters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec

from chainrule.pictures.ticks import multiples, on_log_scale

MOST_POINTS = 400
"""A longer curve is thinned out: no terminal shows more."""

BESIDE = 12
"""Columns for the frame and the numbers beside it."""

FLAT = 1e-4
"""Errors whose logarithms differ by no more are drawn as ones that do not differ: numbers beside them would need too many digits."""

SMALLEST, LARGEST = 1e-300, 1e300
"""An error below counts as 0, which no log scale shows, and one above as infinite."""

APART = 2
"""Columns from one dot of a curve to the next."""

SYMBOL, LINE, DOTS = "⣿⣿", "⠒⠒", "⠂⠂"
"""What uniplot writes before the name of a curve, and what stands there: how the curve is drawn."""

Curves = Mapping[str, Sequence[tuple[int, float]]]
"""What each curve is called, and its points (epoch, error)."""


def can_draw() -> bool:
    """Is uniplot, of the extra `plot`, installed?"""
    return find_spec("uniplot") is not None


def terminal_curves(curves: Curves, width: int, height: int, *, colour: bool = True, write: Callable[[str], str] = str) -> str:
    """The curves in braille characters, `width` columns wide with the numbers beside them; empty without two points to join.

    The first is a line and the others are dots, so that nobody needs colours to tell them apart.

    write  how a number is written, where that is not with a point
    """
    from uniplot import plot_to_string

    shown = {name: points for name, points in _positive(curves).items() if len(points) > 1}
    if not shown:
        return ""
    across = max(10, width - BESIDE)
    epochs = [epoch for points in shown.values() for epoch, _ in points]
    errors = [error for points in shown.values() for _, error in points]
    room = 0.001 * (max(epochs) - min(epochs))
    left, right = min(epochs) - room, max(epochs) + room
    change = math.log(max(errors)) - math.log(min(errors))
    factor = math.exp(0.001 * change) if change > FLAT else 2.0
    low, high = min(errors) / factor, max(errors) * factor
    apart = APART * (right - left) / across
    drawn = [_dotted(points, apart) if place else points for place, points in enumerate(shown.values())][::-1]  # the line over the dots
    text: str = plot_to_string(
        [[error for _, error in points] for points in drawn],
        [[epoch for epoch, _ in points] for points in drawn],
        y_as_log=True,
        lines=[place == len(drawn) - 1 for place in range(len(drawn))],
        width=across,
        height=height,
        character_set="braille",
        rounded_corners=True,
        color=list(_COLOURS[-len(shown) :]) if colour else False,
        legend_labels=list(shown)[::-1],
        x_gridlines=[],
        y_gridlines=[],
        x_labels=False,  # uniplot's own are rounded: 2, 5 and 8 stand for 2.5, 5 and 7.5
        y_labels=False,
        x_min=left,
        x_max=right,
        y_min=low,
        y_max=high,
    )
    places = {_row(error, low, high, height): write(f"{error:g}") for error in on_log_scale(low, high, most=height // 2)}
    top, *rows = text.split("\n")
    beside = [f"{row} {places.get(number, '')}".rstrip() for number, row in enumerate(rows[:height])]
    below = {across * (epoch - left) / (right - left): f"{epoch:.0f}" for epoch in multiples(left, right, whole=True)}
    bottom, *legend = "\n".join(rows[height:]).replace(SYMBOL, DOTS, len(shown) - 1).replace(SYMBOL, LINE).split("\n")
    return "\n".join((top, *beside, bottom, _in_a_line(below), *legend))


def _dotted(points: Sequence[tuple[int, float]], apart: float) -> list[tuple[float, float]]:
    """Points of a curve so far apart, on straight lines between its own, as a log scale has them."""
    (first, _), (last, _) = points[0], points[-1]
    dots = []
    places = itertools.pairwise(points)
    (before, low), (after, high) = next(places)
    for number in range(1 + math.floor((last - first) / apart + 1e-9)):
        epoch = first + number * apart
        while epoch > after and (found := next(places, None)):
            (before, low), (after, high) = found
        part = min((epoch - before) / (after - before), 1.0)
        dots.append((min(epoch, last), math.exp((1 - part) * math.log(low) + part * math.log(high))))
    return dots


def _row(error: float, low: float, high: float, height: int) -> int:
    """Which of so many rows an error is drawn in, on a log scale; the first is 0."""
    return height - 1 - math.floor(height * (math.log(error) - math.log(low)) / (math.log(high) - math.log(low)))


def _in_a_line(places: Mapping[float, str]) -> str:
    """Numbers in a line, each around its place, as far as they keep apart."""
    line = ""
    for place, number in places.items():
        start = max(0, 1 + math.floor(place) - (len(number) - 1) // 2)
        if start >= len(line) + 2 or not line:
            line = line.ljust(start) + number
    return line


_COLOURS = ("yellow", "cyan")


def _positive(curves: Curves) -> dict[str, list[tuple[int, float]]]:
    """What a log scale can show, thinned out."""
    kept = {name: [(epoch, error) for epoch, error in points if SMALLEST <= error <= LARGEST] for name, points in curves.items()}
    return {name: _thinned(points) for name, points in kept.items() if points}


def _thinned(points: list[tuple[int, float]]) -> list[tuple[int, float]]:
    every = -(-len(points) // MOST_POINTS)
    return points if every <= 1 else [*points[:-1:every], points[-1]]
