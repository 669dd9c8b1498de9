"""Where a function of two variables is at least as large as a level: closed loops around it, by marching squares."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TypeAlias

from chainrule.pictures.shapes import Point

CellSide: TypeAlias = tuple[int, int, int]
"""A side of a cell: its first corner (row, column), and 0 if it runs along the row, 1 down the column."""

CASES: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((3, 0),), 2: ((0, 1),), 3: ((3, 1),), 4: ((1, 2),), 5: ((3, 0), (1, 2)), 6: ((0, 2),), 7: ((3, 2),),
    8: ((2, 3),), 9: ((2, 0),), 10: ((0, 1), (2, 3)), 11: ((2, 1),), 12: ((1, 3),), 13: ((1, 0),), 14: ((0, 3),),
}  # fmt: skip
"""From which side to which a loop crosses a cell, by which of its corners (1, 2, 4, 8, in turn) lie inside.
Sides: 0 between the first two corners, then in turn."""


def loops(values: Sequence[Sequence[float]], level: float, xs: Sequence[float], ys: Sequence[float]) -> list[tuple[Point, ...]]:
    """Closed loops around values ≥ level; holes are loops too, so that what an odd number of loops surrounds is inside.

    values  row by row: values[i][j] at (xs[j], ys[i])
    """
    framed = [[-math.inf] * (len(xs) + 2)]
    framed += [[-math.inf, *(value if not math.isnan(value) else -math.inf for value in line), -math.inf] for line in values]
    framed.append([-math.inf] * (len(xs) + 2))
    places = ([xs[0], *xs, xs[-1]], [ys[0], *ys, ys[-1]])
    following = {
        start: end for i in range(len(framed) - 1) for j in range(len(framed[0]) - 1) for start, end in _steps(framed, level, i, j)
    }
    return [tuple(_crossing(framed, level, edge, *places) for edge in loop) for loop in _rings(following)]


def _steps(values: list[list[float]], level: float, i: int, j: int) -> Iterator[tuple[CellSide, CellSide]]:
    """How loops cross one cell, from edge to edge."""
    corners = (values[i][j], values[i][j + 1], values[i + 1][j + 1], values[i + 1][j])
    inside = sum(1 << corner for corner, value in enumerate(corners) if value >= level)
    sides: tuple[CellSide, ...] = ((i, j, 0), (i, j + 1, 1), (i + 1, j, 0), (i, j, 1))
    for start, end in CASES.get(inside, ()):
        yield sides[start], sides[end]


def _rings(following: dict[CellSide, CellSide]) -> Iterator[list[CellSide]]:
    """Edges one after the other until they close."""
    while following:
        start, edge = following.popitem()
        ring = [start]
        while edge != start:
            ring.append(edge)
            edge = following.pop(edge)
        yield ring


def _crossing(values: list[list[float]], level: float, edge: CellSide, xs: list[float], ys: list[float]) -> Point:
    """Where the level is crossed, between two corners; at the rim where beyond it there is nothing."""
    i, j, down = edge
    k, m = (i + 1, j) if down else (i, j + 1)
    a, b = values[i][j], values[k][m]
    part = 0.0 if math.isinf(b) else 1.0 if math.isinf(a) else (level - a) / (b - a)
    return xs[j] + (xs[m] - xs[j]) * part, ys[i] + (ys[k] - ys[i]) * part


def inner_pieces(loop: Sequence[Point], xs: Sequence[float], ys: Sequence[float]) -> list[tuple[Point, ...]]:
    """The pieces of a loop that do not run along the rim of the values: where the level is in truth."""

    def at_rim(a: Point, b: Point) -> bool:
        return any(a[axis] == b[axis] == end for axis, ends in enumerate((xs, ys)) for end in (ends[0], ends[-1]))

    start = next((i for i in range(len(loop)) if at_rim(loop[i - 1], loop[i])), 0)
    around = [*loop[start:], *loop[: start + 1]]
    pieces: list[list[Point]] = [[]]
    for a, b in pairwise(around):
        if at_rim(a, b):
            pieces.append([])
        else:
            pieces[-1] += [b] if pieces[-1] else [a, b]
    return [tuple(piece) for piece in pieces if piece]
