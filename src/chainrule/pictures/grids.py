"""Planes of numbers as a diagram: each number in a cell, the darker the larger it is; one plane beside the other, or below it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from chainrule.document.document import GridBlock
from chainrule.pictures.graph import inline_runs
from chainrule.pictures.shapes import LINE, SMALL, Diagram, DrawnShape, Label, Path, TextRun, width

MARGIN, PADDING, APART, WIDEST = 12.0, 7.0, 34.0, 860.0
"""Around the picture, beside the letters of a cell, between two planes; a wider row of planes goes on below."""

HEIGHT = SMALL * LINE + 8
"""Of a cell."""

SHADES = ("", "area", "shade", "deep")
"""The grounds of cells, of which the largest number has the last: letters stay legible on each."""

LONGEST = 46
"""Letters of a line of a caption."""


def grids_diagram(grids: Sequence[GridBlock], alt: str) -> Diagram:
    """The planes from left to right; where they are too wide together, in rows."""
    shapes: list[DrawnShape] = []
    x = y = MARGIN
    right = bottom = below = 0.0
    for grid in grids:
        drawn, wide, high = _plane(grid, x, y)
        if x > MARGIN and x + wide > WIDEST:
            x, y = MARGIN, below + APART
            drawn, wide, high = _plane(grid, x, y)
        shapes += drawn
        below = max(below, y + high) if x > MARGIN else y + high
        right, bottom, x = max(right, x + wide), max(bottom, y + high), x + wide + APART
    return Diagram(right + MARGIN, bottom + MARGIN, tuple(shapes), alt)


def _plane(grid: GridBlock, left: float, top: float) -> tuple[list[DrawnShape], float, float]:
    """Its shapes with that corner, its width and its height."""
    lines = [[inline_runs(cell) for cell in line] for line in (grid.head, *grid.rows)]
    widths = [max(width(line[place], SMALL) for line in lines) + 2 * PADDING for place in range(len(grid.head))]
    if len(set(grid.darkest)) == 1:  # a plane of one kind of number has columns of one width
        widths[1 : len(grid.darkest) + 1] = [max(widths[1 : len(grid.darkest) + 1])] * len(grid.darkest)
    caption = _lines(inline_runs(grid.caption))
    shapes: list[DrawnShape] = [Label(runs, left, top + (line + 0.5) * SMALL * LINE, SMALL, side=1) for line, runs in enumerate(caption)]
    start = top + len(caption) * SMALL * LINE + 4
    edges = [left + sum(widths[:place]) for place in range(len(widths) + 1)]
    for row, line in enumerate(lines):
        middle = start + (row + 0.5) * HEIGHT
        for place, runs in enumerate(line):
            inside = 0 < row <= len(grid.values) and 0 < place <= len(grid.darkest)
            if inside:
                box = (edges[place], middle - HEIGHT / 2), (edges[place + 1], middle + HEIGHT / 2)
                shapes += _cell(box, grid.values[row - 1][place - 1], grid.darkest[place - 1])
            shapes.append(Label(runs, (edges[place] + edges[place + 1]) / 2, middle, SMALL, quiet=not inside))
    wide = max([edges[-1] - left, *(width(runs, SMALL) for runs in caption)])
    return shapes, wide, start - top + len(lines) * HEIGHT


def _cell(box: tuple[tuple[float, float], tuple[float, float]], value: float, largest: float) -> list[DrawnShape]:
    (left, top), (right, bottom) = box
    loop = (((left, top), (right, top), (right, bottom), (left, bottom)),)
    share = abs(value) / largest if math.isfinite(value) and largest else 0.0
    shade = SHADES[math.ceil(share * (len(SHADES) - 1))]
    colour = 0 if value >= 0 else 1
    ground: list[DrawnShape] = [Path(loop, shade, colour, closed=True)] if shade else []
    return [*ground, Path(loop, "grid", closed=True)]


def _lines(runs: Sequence[TextRun]) -> list[tuple[TextRun, ...]]:
    """A caption in lines, cut at blanks."""
    lines: list[list[TextRun]] = [[]]
    for run in runs:
        words = run.letters.split(" ") if not run.raised else [run.letters]
        for number, word in enumerate(words):
            letters = f"{' ' * bool(number)}{word}"
            if number and sum(len(part.letters) for part in lines[-1]) + len(letters) > LONGEST:
                lines.append([])
                letters = word
            if letters:
                lines[-1].append(TextRun(letters, run.raised, run.italic, run.bold, run.key))
    return [tuple(line) for line in lines if line]
