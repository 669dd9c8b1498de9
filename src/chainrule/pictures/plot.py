"""Plots as diagrams: curves and points between axes, so laid out that no label covers another, a point or a number at an axis."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence

from chainrule.base.frozen import FrozenValue, replace
from chainrule.notation.conventions import Notation
from chainrule.notation.numbers import number_formula
from chainrule.pictures import shapes
from chainrule.pictures.clipping import along, clipped, interrupted
from chainrule.pictures.ticks import multiples, on_log_scale

AREA, SMALL_AREA, MARGIN = (460.0, 280.0), (520.0, 120.0), 12.0
"""Width and height of the area between the axes; the same where letters are to be large beside it; and the room around everything."""

BELOW = shapes.SMALL * shapes.LINE / 2 + 1
"""Between the horizontal axis and its numbers: the lowest one beside the other axis reaches so far down."""

RADIUS = 4.5
"""Of a mark."""

DISTANCES = (9.0, 16.0, 26.0, 40.0, 58.0, 80.0, 106.0, 136.0, 170.0, 210.0)
"""Between a point and its label: the first at which there is room."""

ANGLES = (-45, 45, -135, 135, -90, 90, 0, 180, -20, 20, -160, 160, -70, 70, -110, 110)
ABOVE = (-90, -60, -120, *ANGLES)
"""Of the label seen from its point, in degrees; −90 is above it, where one without a mark stands first."""

SAMPLE = 40.0
"""The piece of a line before its name."""

LEADER = 20.0
"""A label farther away than this is joined with its point by a line."""

PARTS = (1.0, 0.85, 0.7, 0.5, 0.3, 0.15, 0.0)
"""Where along a curve its label may stand: near its end, or farther back."""

CELL = 20.0
"""The side of the squares by which places on lines are found."""

MIDDLE = (0.5, *(0.5 + side * part / 40 for part in range(1, 20) for side in (1, -1)))
"""Where a label on the line itself may stand: the nearer to the middle the better."""

THIN, CROSSES = 1, 2
"""Faults of a label's place: it crosses thin lines, which it may where nothing else is free; it crosses curves or hides points."""

Runs = tuple[shapes.TextRun, ...]


class Scale(FrozenValue):
    """An axis from `low` to `high`. whole: its numbers are; names: what stands there in place of numbers, and where."""

    title: Runs
    low: float
    high: float
    log: bool = False
    whole: bool = False
    names: tuple[tuple[float, Runs], ...] = ()


class Series(FrozenValue):
    """Points joined by lines. kind and colour as of shapes; closed: what it surrounds is filled, and nothing is cut.

    label   beside it, or, where lines lie side by side, on it in a gap (`inline`), so that it cannot be taken for that of another
    form    of a mark at each of its points
    """

    points: tuple[shapes.Point, ...]
    kind: str = "curve"
    colour: int | None = None
    label: Runs = ()
    inline: bool = False
    closed: bool = False
    form: str = ""


class Region(FrozenValue):
    """What loops surround, filled."""

    loops: tuple[tuple[shapes.Point, ...], ...]
    kind: str = "area"
    colour: int | None = None


class Mark(FrozenValue):
    """A point. form: "dot", "ring", "square", "triangle", "diamond", "cross", or "" for a label alone."""

    x: float
    y: float
    form: str = "dot"
    colour: int | None = None
    label: Runs = ()


class Arrow(FrozenValue):
    """From one point to another."""

    start: shapes.Point
    end: shapes.Point
    colour: int | None = None
    label: Runs = ()


class Plot(FrozenValue):
    """What is to be drawn; the later ones over the earlier ones. notes: lines above it; grid: lines at the numbers of the axes.

    key     are lines named above the plot, each behind a piece of itself, as those that may run into each other have to be?
    """

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
    key: bool = False


def plot_diagram(plot: Plot, notation: Notation, area: tuple[float, float] = AREA) -> shapes.Diagram:
    """The plot with its axes; numbers at them as the notation writes them."""
    return _Layout(plot, notation, area).diagram


class _Wanted(FrozenValue):
    """A label that has to find a place: near one of its anchors, or on its own line. rank: 0 of a point, 1 of an arrow, 2 of a line."""

    label: Runs
    anchors: Sequence[shapes.Point]
    rank: int
    angles: tuple[int, ...] = ANGLES
    line: Series | None = None


class _Layout:
    """Axes first, then where everything between them is, then labels where they find room."""

    def __init__(self, plot: Plot, notation: Notation, area: tuple[float, float]) -> None:
        self.plot = plot
        self.width, self.height = area
        self.x_ticks, self.y_ticks = ticks(plot.x, notation), ticks(plot.y, notation)
        self.keyed = [series for series in plot.series if series.label] if plot.key else []
        above = shapes.SMALL * shapes.LINE * (len(plot.notes) + max(len(self.keyed), 1)) + 10
        widest = max((shapes.width(label, shapes.SMALL) for _, label in self.y_ticks), default=0.0)
        self.left, self.top = MARGIN + widest + 10, MARGIN + above
        self.right, self.bottom = self.left + self.width, self.top + self.height
        self.foot = self.bottom + 2 * shapes.SMALL * shapes.LINE + BELOW + 2
        self.taken: list[shapes.Box] = []
        self.leaders: list[shapes.Box] = []
        self.points: list[shapes.Box] = []
        self.lines: list[tuple[Series | Arrow, _Cells]] = []
        self.gaps: list[tuple[Series, shapes.Box]] = []
        self.wanted: list[_Wanted] = []
        written = [*self._notes(), *self._axes(), *self._key()]
        self.taken += [shapes.covered(label) for label in written if isinstance(label, shapes.Label)]
        marks, arrows, pieces = list(self._marks()), list(self._arrows()), list(self._pieces())
        labels = self._labels()
        everything = (*self._regions(), *written, *self._strokes(pieces), *arrows, *marks, *labels)
        boxes = [shapes.covered(shape) for shape in shapes.still_shapes(everything) if isinstance(shape, shapes.Label)]
        wide = max(self.right, *(box.right for box in boxes)) + MARGIN
        self.diagram = shapes.Diagram(wide, self.foot + MARGIN, everything, plot.alt, plot.about)

    def at(self, point: shapes.Point) -> shapes.Point:
        """Where a point is drawn."""
        x, y = share(self.plot.x, point[0]), share(self.plot.y, point[1])
        return self.left + self.width * x, self.bottom - self.height * y

    def _notes(self) -> Iterator[shapes.Label]:
        for line, note in enumerate(self.plot.notes):
            yield shapes.Label(note, MARGIN, MARGIN + shapes.SMALL * shapes.LINE * (line + 0.5), shapes.SMALL, side=1)

    def _axes(self) -> Iterator[shapes.DrawnShape]:
        for value, label in self.x_ticks:
            x = self.left + self.width * share(self.plot.x, value)
            if self.plot.grid and not self.plot.x.names:
                yield shapes.Line(x, self.top, x, self.bottom, kind="grid")
            yield shapes.Label(label, x, self.bottom + shapes.SMALL * shapes.LINE / 2 + BELOW, shapes.SMALL, handle="tick")
        for value, label in self.y_ticks:
            y = self.bottom - self.height * share(self.plot.y, value)
            if self.plot.grid:
                yield shapes.Line(self.left, y, self.right, y, kind="grid")
            yield shapes.Label(label, self.left - 7, y, shapes.SMALL, side=-1, handle="tick")
        yield shapes.Line(self.left, self.bottom, self.right, self.bottom, kind="axis")
        yield shapes.Line(self.left, self.top, self.left, self.bottom, kind="axis")
        yield shapes.Label(self.plot.y.title, MARGIN, self.top - shapes.SMALL * shapes.LINE / 2 - 8, shapes.SMALL, quiet=True, side=1)
        yield shapes.Label(
            self.plot.x.title, self.right, self.bottom + shapes.SMALL * shapes.LINE * 1.5 + BELOW + 1, shapes.SMALL, quiet=True, side=-1
        )

    def _key(self) -> Iterator[shapes.DrawnShape]:
        """The names of lines at the right, one below the other in the order in which the lines end, each behind a piece of its line."""
        wide = max((shapes.width(series.label, shapes.SMALL) for series in self.keyed), default=0.0)
        x = self.right - wide
        for place, series in enumerate(sorted(self.keyed, key=lambda series: series.points[-1][1])):
            y = self.top - shapes.SMALL * shapes.LINE * (place + 0.5) - 8
            yield shapes.Path((((x - SAMPLE - 8, y), (x - 8, y)),), series.kind, series.colour)
            yield from _mark(series.form, x - 8 - SAMPLE / 2, y, series.colour)
            yield shapes.Label(series.label, x, y, shapes.SMALL, side=1)

    def _regions(self) -> Iterator[shapes.DrawnShape]:
        for region in self.plot.regions:
            yield shapes.Path(tuple(tuple(map(self.at, loop)) for loop in region.loops), region.kind, region.colour, closed=True)

    def _marks(self) -> Iterator[shapes.DrawnShape]:
        shown = (self.plot.x, self.plot.y)
        along = (
            Mark(*point, series.form, series.colour)
            for series in self.plot.series
            for point in series.points
            if series.form and all(scale.low <= at <= scale.high for scale, at in zip(shown, point, strict=True))
        )
        for mark in (*along, *self.plot.marks):
            x, y = self.at((mark.x, mark.y))
            yield from _mark(mark.form, x, y, mark.colour)
            if mark.form:
                self.points.append(shapes.Box(x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS))
            if mark.label:
                self.wanted.append(_Wanted(mark.label, [(x, y)], 0, ANGLES if mark.form else ABOVE))

    def _arrows(self) -> Iterator[shapes.DrawnShape]:
        for arrow in self.plot.arrows:
            start, end = self.at(arrow.start), self.at(arrow.end)
            yield from _arrow(start, end, arrow.colour)
            self.lines.append((arrow, _Cells(map(_around, along([start, end])))))
            if arrow.label:
                self.wanted.append(_Wanted(arrow.label, [((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)], 1))

    def _pieces(self) -> Iterator[tuple[Series, list[list[shapes.Point]]]]:
        """Each line with its pieces that lie between the axes."""
        for series in self.plot.series:
            points = [self.at(point) for point in series.points if all(map(math.isfinite, point))]
            if series.closed:
                self.points.append(shapes.Box(*map(min, zip(*points, strict=True)), *map(max, zip(*points, strict=True))))
                yield series, [points]
                continue
            pieces = clipped(points, shapes.Box(self.left, self.top, self.right, self.bottom))
            if pieces:
                yield series, pieces
                passed = [point for piece in pieces for point in along(piece)]
                self.lines.append((series, _Cells(map(_around, passed))))
                if series.label and not self.keyed:
                    anchors = [passed[round((len(passed) - 1) * part)] for part in (MIDDLE if series.inline else PARTS)]
                    self.wanted.append(_Wanted(series.label, anchors, 2, line=series))

    def _strokes(self, lines: Iterable[tuple[Series, list[list[shapes.Point]]]]) -> Iterator[shapes.DrawnShape]:
        """Lines, with gaps where their own labels stand on them."""
        for series, pieces in lines:
            for gap in (gap for owner, gap in self.gaps if owner is series):
                pieces = [part for piece in pieces for part in interrupted(piece, gap)]
            yield shapes.Path(tuple(map(tuple, pieces)), series.kind, series.colour, closed=series.closed)

    def _labels(self) -> list[shapes.DrawnShape]:
        """Each near its point or line, in the first order in which all find room; else as many as can be."""
        wanted, foot, taken = self.wanted, self.foot, list(self.taken)
        tried = []
        for turn, order in enumerate(((0, 1, 2), (2, 1, 0), (1, 0, 2))):
            ranked = sorted(wanted, key=lambda one: order[one.rank])
            self.foot, self.taken, self.leaders, self.gaps = foot, list(taken), [], []
            placed = list(self._in_order(ranked))
            tried.append((self.foot, turn, placed, self.gaps))
            if self.foot == foot:
                break
        self.foot, _, placed, self.gaps = min(tried, key=lambda one: one[:2])
        return placed

    def _in_order(self, labels: Sequence[_Wanted]) -> Iterator[shapes.DrawnShape]:
        """One after the other; one that finds no room stands below the axes, and a number in its place, if that has room."""
        numbered = 0
        for wanted in labels:
            placed = list(self._placed(wanted))
            if not placed:
                reference = shapes.prose_runs(f"({numbered + 1})")
                placed = list(self._placed(replace(wanted, label=reference)))
                numbered += bool(placed)
                below = (*reference, shapes.TextRun(" "), *wanted.label) if placed else wanted.label
                placed.append(shapes.Label(below, MARGIN, self.foot + shapes.SMALL * shapes.LINE / 2, shapes.SMALL, side=1))
                self.foot += shapes.SMALL * shapes.LINE
            for shape in placed:
                if isinstance(shape, shapes.Label):
                    self.taken.append(shapes.covered(shape))
                elif isinstance(shape, shapes.Line):  # nothing is written on what joins a label with its point
                    self.leaders += [_around(point, 1) for point in along([(shape.x1, shape.y1), (shape.x2, shape.y2)])]
            yield from placed

    def _placed(self, wanted: _Wanted) -> Iterator[shapes.DrawnShape]:
        """The label at its place, joined with its point by a line where it is far away; nothing where there is none."""
        on_line = wanted.line is not None and wanted.line.inline
        if on_line and (written := self._on_line(wanted)):
            yield written
            return
        place = self._place(wanted)
        if place is None:
            return
        written, (x, y) = place
        near = _nearest((x, y), shapes.covered(written))
        if on_line:
            yield from (shapes.Line(x, y, *near), shapes.Circle(x, y, 1.5, kind="dot"))
        elif math.dist((x, y), near) > LEADER:
            yield shapes.Line(x, y, *near, kind="faint")
        yield written

    def _on_line(self, wanted: _Wanted) -> shapes.Label | None:
        """The label on its line, at the first of its anchors where it covers nothing else; the line has a gap there."""
        for x, y in wanted.anchors:
            written = shapes.Label(wanted.label, x, y, shapes.SMALL)
            box = shapes.covered(written)
            if self._is_free(box) and not self._fault(box, wanted.line):
                assert wanted.line is not None
                self.gaps.append((wanted.line, box))
                return written
        return None

    def _place(self, wanted: _Wanted) -> tuple[shapes.Label, shapes.Point] | None:
        """The label at the best free place near one of its anchors; off other labels always. None where there is none."""
        best: tuple[shapes.Label, shapes.Point] | None = None
        for distance, x, y, angle in _candidates(wanted.anchors, wanted.angles):
            beside = self._beside(wanted.label, x, y, distance, angle)
            box = shapes.covered(beside)
            if not self._is_free(box):
                continue
            joined = [(x, y), _nearest((x, y), box)]
            if math.dist(*joined) > LEADER and any(clipped(joined, other) for other in self.taken):
                continue
            fault = self._fault(box) or (distance > LEADER and wanted.angles is ABOVE)
            if not fault:
                return beside, (x, y)
            if fault == THIN and best is None:
                best = beside, (x, y)
        return best

    def _fault(self, box: shapes.Box, own: Series | None = None) -> int:
        """What is wrong with a place, the worse the larger; nothing where it crosses its own line."""
        if _meets(box, self.points):
            return CROSSES
        crossed = [line for line, places in self.lines if line is not own and places.meet(box)]
        return 0 if not crossed else THIN if all(isinstance(line, Series) and line.kind == "faint" for line in crossed) else CROSSES

    def _beside(self, label: Runs, x: float, y: float, distance: float, angle: float) -> shapes.Label:
        """So far from a point in a direction; to the right of it, to its left, or around where it is above or below, as the axes allow."""
        across, down = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        side = 0 if abs(across) < 0.1 else 1 if across > 0 else -1
        if side == 0:
            half = shapes.width(label, shapes.SMALL) / 2 + 2
            x = min(max(x, self.left + half), self.right - half)
        lower = y + distance * down + shapes.SMALL * shapes.LINE / 2 * down * (1 if side == 0 else 0.6)
        return shapes.Label(label, x + distance * across, lower, shapes.SMALL, covering=self.plot.grid, side=side)

    def _is_free(self, box: shapes.Box) -> bool:
        """Is it between the axes, off other labels, and off what joins them with their points?"""
        return self._is_inside(box) and not _meets(box, self.taken) and not _meets(box, self.leaders)

    def _is_inside(self, box: shapes.Box) -> bool:
        return self.left <= box.left and box.right <= self.right + 1 and self.top <= box.top and box.bottom <= self.bottom


def share(scale: Scale, value: float) -> float:
    """Where a value lies between the ends of a scale: 0 at `low`, 1 at `high`."""
    if scale.log:
        return (math.log(value) - math.log(scale.low)) / (math.log(scale.high) - math.log(scale.low))
    return (value - scale.low) / (scale.high - scale.low)


def ticks(scale: Scale, notation: Notation) -> list[tuple[float, Runs]]:
    """The numbers at an axis: names where there are any, round numbers otherwise; on a log scale far from 1 as powers of ten."""
    if scale.names:
        return list(scale.names)
    if not scale.log:
        return [(value, shapes.text_runs(number_formula(value, notation))) for value in multiples(scale.low, scale.high, whole=scale.whole)]
    values = on_log_scale(scale.low, scale.high)
    powers = [round(math.log10(value)) for value in values]
    if (powers[0] >= -4 and powers[-1] <= 5) or not all(math.isclose(value, 10.0**k) for value, k in zip(values, powers, strict=True)):
        return [(value, shapes.text_runs(number_formula(value, notation))) for value in values]
    return [(value, (shapes.TextRun("10"), shapes.TextRun(str(k).replace("-", "−"), 1))) for value, k in zip(values, powers, strict=True)]


def _around(point: shapes.Point, room: float = 3) -> shapes.Box:
    """What a place on a line keeps free of labels."""
    return shapes.Box(point[0] - room, point[1] - room, point[0] + room, point[1] + room)


def _nearest(point: shapes.Point, box: shapes.Box) -> shapes.Point:
    """The place of a box that is nearest to a point."""
    return min(max(point[0], box.left), box.right), min(max(point[1], box.top), box.bottom)


class _Cells:
    """Many small boxes, by the squares of paper in which they lie: only those near a place are asked whether they meet it."""

    def __init__(self, boxes: Iterable[shapes.Box]) -> None:
        self.found: dict[tuple[int, int], list[shapes.Box]] = {}
        for box in boxes:
            for cell in _cells(box):
                self.found.setdefault(cell, []).append(box)

    def meet(self, box: shapes.Box) -> bool:
        """Does one of them overlap this?"""
        return any(_meets(box, self.found.get(cell, ())) for cell in _cells(box))


def _cells(box: shapes.Box) -> Iterable[tuple[int, int]]:
    across, down = ((math.floor(low / CELL), math.floor(high / CELL) + 1) for low, high in ((box.left, box.right), (box.top, box.bottom)))
    return itertools.product(range(*across), range(*down))


def _meets(box: shapes.Box, others: Iterable[shapes.Box]) -> bool:
    return any(box.overlaps(other) for other in others)


def _candidates(anchors: Sequence[shapes.Point], angles: Sequence[int]) -> Iterable[tuple[float, float, float, float]]:
    """Distance, anchor and angle of each place that a label may take, the best first."""
    return ((distance, x, y, angle) for distance in DISTANCES for x, y in anchors for angle in angles)


def _arrow(start: shapes.Point, end: shapes.Point, colour: int | None) -> Iterator[shapes.DrawnShape]:
    """A line with a head; nothing where it would be shorter than its head."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = math.hypot(dx, dy)
    if length < 10:
        return
    ux, uy = dx / length, dy / length
    back = (end[0] - 10 * ux, end[1] - 10 * uy)
    yield shapes.Line(*start, *back, kind="lit", colour=colour)
    yield shapes.Path(((end, (back[0] - 5 * uy, back[1] + 5 * ux), (back[0] + 5 * uy, back[1] - 5 * ux)),), "dot", colour, closed=True)


def _mark(form: str, x: float, y: float, colour: int | None) -> Iterator[shapes.DrawnShape]:
    """A mark: forms differ so that nothing is told by colour alone."""
    r = RADIUS
    outlines = {
        "square": ((x - r, y - r), (x + r, y - r), (x + r, y + r), (x - r, y + r)),
        "triangle": ((x, y - 1.2 * r), (x + 1.1 * r, y + 0.8 * r), (x - 1.1 * r, y + 0.8 * r)),
        "diamond": ((x, y - 1.3 * r), (x + 1.3 * r, y), (x, y + 1.3 * r), (x - 1.3 * r, y)),
    }
    if form in outlines:
        yield shapes.Path((outlines[form],), "dot" if form == "square" else "ring", colour, closed=True)
    elif form == "cross":
        yield shapes.Path((((x - r, y - r), (x + r, y + r)), ((x - r, y + r), (x + r, y - r))), "curve", colour)
    elif form:
        yield shapes.Circle(x, y, r, kind=form, colour=colour)
