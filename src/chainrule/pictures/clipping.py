"""Lines of points, cut by a box: what lies in it, and what lies outside."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise

from chainrule.pictures.shapes import Box, Point

STRIDE = 6.0
"""Between points along a line, at most."""


def clipped(points: Sequence[Point], box: Box) -> list[list[Point]]:
    """The pieces of a line of points that lie in a box."""
    return _joined(part for a, b in pairwise(points) if (part := _within(a, b, box)))


def interrupted(points: Sequence[Point], box: Box) -> list[list[Point]]:
    """The pieces of a line of points that lie outside a box, in which something else stands."""
    return _joined(part for a, b in pairwise(points) for part in _outside(a, b, box))


def along(points: Sequence[Point]) -> Iterator[Point]:
    """Points a few units apart along a line."""
    for (x1, y1), (x2, y2) in pairwise(points):
        parts = max(1, math.ceil(math.hypot(x2 - x1, y2 - y1) / STRIDE))
        yield from ((x1 + (x2 - x1) * i / parts, y1 + (y2 - y1) * i / parts) for i in range(parts + 1))


def _joined(parts: Iterator[tuple[Point, Point]]) -> list[list[Point]]:
    """Parts that follow each other as one piece."""
    pieces: list[list[Point]] = []
    for a, b in parts:
        if pieces and pieces[-1][-1] == a:
            pieces[-1].append(b)
        else:
            pieces.append([a, b])
    return pieces


def _outside(a: Point, b: Point, box: Box) -> Iterator[tuple[Point, Point]]:
    inside = _within(a, b, box)
    if inside is None:
        yield a, b
        return
    if a != inside[0]:
        yield a, inside[0]
    if b != inside[1]:
        yield inside[1], b


def _within(a: Point, b: Point, box: Box) -> tuple[Point, Point] | None:
    """What of a to b lies in a box (Liang and Barsky 1984)."""
    start, end = 0.0, 1.0
    dx, dy = b[0] - a[0], b[1] - a[1]
    for step, room in ((-dx, a[0] - box.left), (dx, box.right - a[0]), (-dy, a[1] - box.top), (dy, box.bottom - a[1])):
        if step == 0:
            if room < 0:
                return None
        elif step < 0:
            start = max(start, room / step)
        else:
            end = min(end, room / step)
    if start > end:
        return None
    return a if start == 0 else _at(a, dx, dy, start, box), b if end == 1 else _at(a, dx, dy, end, box)


def _at(a: Point, dx: float, dy: float, share: float, box: Box) -> Point:
    """So far along from a; in the box, however far away a is, by whose size it is rounded."""
    return min(max(a[0] + share * dx, box.left), box.right), min(max(a[1] + share * dy, box.top), box.bottom)
