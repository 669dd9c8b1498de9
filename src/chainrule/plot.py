"""Plots as diagrams: curves and points between axes, so laid out that no label covers another, a point or a number at an axis."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from chainrule.nodes import Node
from chainrule.notation.numbers import shown
from chainrule.notation.settings import Notation
from chainrule.shapes import (
    LINE,
    SMALL,
    Box,
    Circle,
    Diagram,
    Label,
    Line,
    Path,
    Point,
    Run,
    Shape,
    covered,
    flat,
    runs,
    width,
)

WIDTH, HEIGHT, MARGIN = 460.0, 280.0, 12.0
"""Of the area between the axes, and around everything."""

BELOW = SMALL * LINE / 2 + 1
"""Between the horizontal axis and its numbers: the lowest one beside the other axis reaches so far down."""

RADIUS = 4.5
"""Of a mark."""

DISTANCES = (9.0, 16.0, 26.0, 40.0, 58.0, 80.0, 106.0, 136.0, 170.0, 210.0)
"""Between a point and its label: the first at which there is room."""

ANGLES = (-45, 45, -135, 135, -90, 90, 0, 180, -20, 20, -160, 160)
ABOVE = (-90, -60, -120, *ANGLES)
"""Of the label seen from its point, in degrees; −90 is above it, where one without a mark stands first."""

LEADER = 20.0
"""A label farther away than this is joined with its point by a line."""

PARTS = (1.0, 0.85, 0.7, 0.5, 0.3, 0.15, 0.0)
"""Where along a curve its label may stand: near its end, or farther back."""

TICKS = 6
"""Numbers at an axis, about."""

Runs = tuple[Run, ...]


class Scale(Node):
    """An axis from `low` to `high`. names: what stands there in place of numbers, and where."""

    title: Runs
    low: float
    high: float
    log: bool = False
    names: tuple[tuple[float, Runs], ...] = ()


class Series(Node):
    """Points joined by lines. kind and colour as of shapes; label: beside it; closed: what it surrounds is filled, and nothing is cut."""

    points: tuple[Point, ...]
    kind: str = "curve"
    colour: int | None = None
    label: Runs = ()
    closed: bool = False


class Region(Node):
    """What loops surround, filled."""

    loops: tuple[tuple[Point, ...], ...]
    kind: str = "area"
    colour: int | None = None


class Mark(Node):
    """A point. form: "dot", "ring", "square", "triangle", "diamond", "cross", or "" for a label alone."""

    x: float
    y: float
    form: str = "dot"
    colour: int | None = None
    label: Runs = ()


class Arrow(Node):
    """From one point to another."""

    start: Point
    end: Point
    colour: int | None = None
    label: Runs = ()


class Plot(Node):
    """What is to be drawn; the later ones over the earlier ones. notes: lines above it; grid: lines at the numbers of the axes."""

    x: Scale
    y: Scale
    alt: str
    about: str = ""
    regions: tuple[Region, ...] = ()
    series: tuple[Series, ...] = ()
    arrows: tuple[Arrow, ...] = ()
    marks: tuple[Mark, ...] = ()
    notes: tuple[Runs, ...] = ()
    grid: bool = True


def draw(plot: Plot, notation: Notation) -> Diagram:
    """The plot with its axes; numbers at them as the notation writes them."""
    return _Layout(plot, notation).diagram


class _Layout:
    """Axes first, then what is between them, then labels where they find room."""

    def __init__(self, plot: Plot, notation: Notation) -> None:
        self.plot = plot
        self.x_ticks, self.y_ticks = ticks(plot.x, notation), ticks(plot.y, notation)
        above = SMALL * LINE * (len(plot.notes) + 1) + 10
        widest = max((width(label, SMALL) for _, label in self.y_ticks), default=0.0)
        self.left, self.top = MARGIN + widest + 10, MARGIN + above
        self.right, self.bottom = self.left + WIDTH, self.top + HEIGHT
        self.taken: list[Box] = []
        self.points: list[Box] = []
        self.curves: list[Box] = []
        self.thin: list[Box] = []
        self.wanted: list[tuple[Runs, list[Point], tuple[int, ...]]] = []
        written = [*self._notes(), *self._axes()]
        self.taken += [covered(label) for label in written if isinstance(label, Label)]
        drawn = [*self._regions(), *written, *self._series(), *self._arrows(), *self._marks()]
        shapes = (*drawn, *self._labels())
        boxes = [covered(shape) for shape in flat(shapes) if isinstance(shape, Label)]
        wide = max(self.right, *(box.right for box in boxes)) + MARGIN
        self.diagram = Diagram(wide, self.bottom + 2 * SMALL * LINE + BELOW + 2 + MARGIN, shapes, plot.alt, plot.about)

    def at(self, point: Point) -> Point:
        """Where a point is drawn."""
        x, y = share(self.plot.x, point[0]), share(self.plot.y, point[1])
        return self.left + WIDTH * x, self.bottom - HEIGHT * y

    def _notes(self) -> Iterator[Label]:
        for line, note in enumerate(self.plot.notes):
            yield Label(note, MARGIN, MARGIN + SMALL * LINE * (line + 0.5), SMALL, side=1)

    def _axes(self) -> Iterator[Shape]:
        for value, label in self.x_ticks:
            x = self.left + WIDTH * share(self.plot.x, value)
            if self.plot.grid and not self.plot.x.names:
                yield Line(x, self.top, x, self.bottom, kind="grid")
            yield Label(label, x, self.bottom + SMALL * LINE / 2 + BELOW, SMALL, handle="tick")
        for value, label in self.y_ticks:
            y = self.bottom - HEIGHT * share(self.plot.y, value)
            if self.plot.grid:
                yield Line(self.left, y, self.right, y, kind="grid")
            yield Label(label, self.left - 7, y, SMALL, side=-1, handle="tick")
        yield Line(self.left, self.bottom, self.right, self.bottom, kind="axis")
        yield Line(self.left, self.top, self.left, self.bottom, kind="axis")
        yield Label(self.plot.y.title, MARGIN, self.top - SMALL * LINE / 2 - 8, SMALL, quiet=True, side=1)
        yield Label(self.plot.x.title, self.right, self.bottom + SMALL * LINE * 1.5 + BELOW + 1, SMALL, quiet=True, side=-1)

    def _regions(self) -> Iterator[Shape]:
        for region in self.plot.regions:
            yield Path(tuple(tuple(map(self.at, loop)) for loop in region.loops), region.kind, region.colour, closed=True)

    def _series(self) -> Iterator[Shape]:
        for series in self.plot.series:
            points = [self.at(point) for point in series.points if all(map(math.isfinite, point))]
            if series.closed:
                yield Path((tuple(points),), series.kind, series.colour, closed=True)
                self.points.append(Box(*map(min, zip(*points, strict=True)), *map(max, zip(*points, strict=True))))
                continue
            pieces = clipped(points, Box(self.left, self.top, self.right, self.bottom))
            if pieces:
                yield Path(tuple(map(tuple, pieces)), series.kind, series.colour)
                along = [point for piece in pieces for point in _along(piece)]
                lines = self.thin if series.kind == "faint" else self.curves
                lines += [Box(x - 3, y - 3, x + 3, y + 3) for x, y in along]
                if series.label:
                    self.wanted.append((series.label, [along[round((len(along) - 1) * part)] for part in PARTS], ANGLES))

    def _arrows(self) -> Iterator[Shape]:
        for arrow in self.plot.arrows:
            start, end = self.at(arrow.start), self.at(arrow.end)
            yield from _arrow(start, end, arrow.colour)
            self.curves += [Box(x - 3, y - 3, x + 3, y + 3) for x, y in _along([start, end])]
            if arrow.label:
                self.wanted.insert(0, (arrow.label, [((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)], ANGLES))

    def _marks(self) -> Iterator[Shape]:
        for number, mark in enumerate(self.plot.marks):
            x, y = self.at((mark.x, mark.y))
            yield from _mark(mark.form, x, y, mark.colour)
            if mark.form:
                self.points.append(Box(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
            if mark.label:
                self.wanted.insert(number, (mark.label, [(x, y)], ANGLES if mark.form else ABOVE))

    def _labels(self) -> Iterator[Shape]:
        """Those of points first, which have least choice. One that finds no room at all is left out: it would make others unreadable."""
        for label, anchors, angles in self.wanted:
            place = self._place(label, anchors, angles)
            if place is None:
                continue
            written, (x, y) = place
            box = covered(written)
            self.taken.append(box)
            near = (min(max(x, box.left), box.right), min(max(y, box.top), box.bottom))
            if math.dist((x, y), near) > LEADER:
                yield Line(x, y, *near, kind="faint")
            yield written

    def _place(self, label: Runs, anchors: Sequence[Point], angles: Sequence[int]) -> tuple[Label, Point] | None:
        """The label at the best free place near one of its anchors; off other labels always. None where there is none."""
        best: tuple[int, Label, Point] | None = None
        for distance, x, y, angle in _candidates(anchors, angles):
            beside = self._beside(label, x, y, distance, angle)
            box = covered(beside)
            if not self._is_inside(box) or _meets(box, self.taken) or (best and best[0] == 1):
                continue
            fault = self._fault(box, is_far=distance > LEADER and angles is ABOVE)
            if not fault:
                return beside, (x, y)
            if best is None or fault < best[0]:
                best = fault, beside, (x, y)
        return best and best[1:]

    def _fault(self, box: Box, is_far: bool) -> int:
        """What is wrong with a place, the worse the larger: it hides points, crosses curves, crosses thin lines or is far away."""
        return 3 if _meets(box, self.points) else 2 if _meets(box, self.curves) else 1 if is_far or _meets(box, self.thin) else 0

    def _beside(self, label: Runs, x: float, y: float, distance: float, angle: float) -> Label:
        """So far from a point in a direction; to the right of it, to its left, or around where it is above or below."""
        across, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        side = 0 if abs(across) < 0.1 else 1 if across > 0 else -1
        lower = y + distance * down + SMALL * LINE / 2 * down * (1 if side == 0 else 0.6)
        return Label(label, x + distance * across, lower, SMALL, covering=self.plot.grid, side=side)

    def _is_inside(self, box: Box) -> bool:
        return self.left <= box.left and box.right <= self.right + 1 and self.top <= box.top and box.bottom <= self.bottom


def share(scale: Scale, value: float) -> float:
    """Where a value lies between the ends of a scale: 0 at `low`, 1 at `high`."""
    if scale.log:
        return (math.log(value) - math.log(scale.low)) / (math.log(scale.high) - math.log(scale.low))
    return (value - scale.low) / (scale.high - scale.low)


def ticks(scale: Scale, notation: Notation) -> list[tuple[float, Runs]]:
    """The numbers at an axis: names where there are any, powers of ten, or multiples of 1, 2 or 5 of one."""
    if scale.names:
        return list(scale.names)
    if not scale.log:
        return [(value, runs(shown(value, notation))) for value in multiples(scale.low, scale.high)]
    first, last = math.ceil(math.log10(scale.low) - 1e-9), math.floor(math.log10(scale.high) + 1e-9)
    if last - first < 2:
        steps = [digit * 10.0**power for power in range(first - 1, last + 1) for digit in (1, 2, 5)]
        return [(value, runs(shown(value, notation))) for value in steps if scale.low <= value * (1 + 1e-9) and value <= scale.high]
    every = -(-(last - first) // TICKS)
    plain = first >= -4 and last <= 5
    powers = range(first, last + 1, every)
    return [(10.0**k, runs(shown(10.0**k, notation)) if plain else (Run("10"), Run(str(k).replace("-", "−"), 1))) for k in powers]


def multiples(low: float, high: float) -> list[float]:
    """Round numbers from low to high, about as many as are asked for."""
    rough = (high - low) / TICKS
    power = math.floor(math.log10(rough))
    digit = next(digit for digit in (1, 2, 5, 10) if digit * 10.0**power >= rough * (1 - 1e-9))
    unit = float(f"{digit}e{power}")
    first, last = math.ceil(low / unit - 1e-9), math.floor(high / unit + 1e-9)
    return [float(f"{k * digit}e{power}") for k in range(first, last + 1)]


def clipped(points: Sequence[Point], box: Box) -> list[list[Point]]:
    """The pieces of a line of points that lie in a box."""
    pieces: list[list[Point]] = []
    for a, b in pairwise(points):
        part = _clipped(a, b, box)
        if part is None:
            continue
        if pieces and pieces[-1][-1] == part[0]:
            pieces[-1].append(part[1])
        else:
            pieces.append(list(part))
    return pieces


def _clipped(a: Point, b: Point, box: Box) -> tuple[Point, Point] | None:
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
    first = a if start == 0 else (a[0] + start * dx, a[1] + start * dy)
    return first, b if end == 1 else (a[0] + end * dx, a[1] + end * dy)


def _along(points: Sequence[Point]) -> Iterator[Point]:
    """Points a few units apart along a line."""
    for (x1, y1), (x2, y2) in pairwise(points):
        parts = max(1, math.ceil(math.hypot(x2 - x1, y2 - y1) / 6))
        yield from ((x1 + (x2 - x1) * i / parts, y1 + (y2 - y1) * i / parts) for i in range(parts + 1))


def _meets(box: Box, others: Iterable[Box]) -> bool:
    return any(box.meets(other) for other in others)


def _candidates(anchors: Sequence[Point], angles: Sequence[int]) -> Iterable[tuple[float, float, float, float]]:
    """Distance, anchor and angle of each place that a label may take, the best first."""
    return ((distance, x, y, angle) for distance in DISTANCES for x, y in anchors for angle in angles)


def _arrow(start: Point, end: Point, colour: int | None) -> Iterator[Shape]:
    """A line with a head; nothing where it would be shorter than its head."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    if length < 10:
        return
    ux, uy = dx / length, dy / length
    back = (end[0] - 10 * ux, end[1] - 10 * uy)
    yield Line(*start, *back, kind="lit", colour=colour)
    yield Path(((end, (back[0] - 5 * uy, back[1] + 5 * ux), (back[0] + 5 * uy, back[1] - 5 * ux)),), "dot", colour, closed=True)


def _mark(form: str, x: float, y: float, colour: int | None) -> Iterator[Shape]:
    """A mark: forms differ so that nothing is told by colour alone."""
    r = RADIUS
    outlines = {
        "square": ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)),
        "triangle": ((x, y - 1.2 * r), (x + 1.1 * r, y + 0.8 * r), (x - 1.1 * r, y + 0.8 * r)),
        "diamond": ((x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)),
    }
    if form in outlines:
        yield Path((outlines[form],), "dot" if form == "square" else "ring", colour, closed=True)
    elif form == "cross":
        yield Path((((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r))), "curve", colour)
    elif form:
        yield Circle(x, y, r, kind=form, colour=colour)
