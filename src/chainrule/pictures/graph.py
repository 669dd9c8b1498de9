"""A graph as a diagram: boxes in columns from left to right, arrows around them.

The columns are those of Sugiyama, Tagawa & Toda (1981), Methods for visual understanding of hierarchical system structures: each box as
far left as what leads to it allows, places in between for arrows that pass columns, and an order in each column by barycentres.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from chainrule.base.frozen import FrozenValue
from chainrule.document.document import BoxGraph, Inline, Vertex, joined_inline
from chainrule.notation.text import formula_text
from chainrule.pictures.shapes import (
    FAMILIES,
    LINE,
    SIZE,
    SMALL,
    Circle,
    Diagram,
    DrawnShape,
    Label,
    Path,
    Point,
    TextRun,
    prose_runs,
    text_runs,
    width,
)

MARGIN, PADDING, RADIUS, CORNER = 12.0, 10.0, 12.0, 6.0
"""Around the picture, between a box and its letters; of an operation's circle, of a box's corners."""

ROOM = 1.12
"""Times the width of letters is left for them: a box must hold them in any font."""

DOWN = SMALL * LINE + 1
"""From one line of small letters to the next."""

APART, LANE, BETWEEN = 24.0, 15.0, 40.0
"""Between boxes of a column, between an arrow and what it passes, and between columns."""

PORT = 13.0
"""Between the heads of arrows that lead to one box."""

LOOP = 20.0
"""How high the arrow above a box is that leads from one step to the next."""

HEAD, HALF = 8.0, 3.6
"""How long the head of an arrow is, and half of how wide."""

WIDE = 860.0
"""A wider picture goes on in rows, one below the other."""

ROUNDS = 12
"""Passes from left to right and back, in which the columns find their order and their places."""

LONGEST = 60
"""Parts of a formula in a line of text; a longer one is "…"."""

SHARED = ("W", "learning_rate", "z", "b")
"""Whose colours the layers have that are called several times, one after the other."""


def graph_diagram(graph: BoxGraph, widest: float = WIDE) -> Diagram:
    """The graph from left to right; where it is too wide, in rows."""
    return _Layout(graph, widest).diagram


class Arranged(FrozenValue):
    """Where a graph stands. Places from `boxes` on are those that arrows pass.

    columns  from left to right, the places of each from above
    steps    what leads from a column to the next
    y        how far down each place is
    """

    boxes: int
    columns: Sequence[Sequence[int]]
    steps: Sequence[tuple[int, int]]
    y: Sequence[float]


def arranged(graph: BoxGraph) -> Arranged:
    """The columns of a graph as they are drawn."""
    layout = _Layout(graph)
    return Arranged(layout.boxes, layout.columns, layout.steps, layout.y)


def box_lines(vertex: Vertex) -> tuple[Inline, ...]:
    """The lines below the letter of a box: what it is, with its activation in one line; its units and parameters, or its formula."""
    if not vertex.kind:
        return vertex.about
    if len(vertex.about) < 2:
        return ((vertex.kind,), *vertex.about)
    return ((f"{vertex.kind}, ", *vertex.about[0]), *vertex.about[1:])


def inline_runs(line: Inline) -> tuple[TextRun, ...]:
    """Prose with formulas in it as runs of letters."""
    return tuple(run for part in line for run in (prose_runs(part) if isinstance(part, str) else text_runs(part)))


class _Layout:
    """Places are counted from 0: first the vertices, then one for each column that the arrows of a vertex pass."""

    def __init__(self, graph: BoxGraph, widest: float = WIDE) -> None:
        self.graph = graph
        self.widest = widest
        self.boxes = len(graph.vertices)
        self.ranks = _ranks(graph)
        self.ways = list(self._ways())
        self.steps = list(dict.fromkeys(pair for way in self.ways for pair in itertools.pairwise(way)))
        self.before: list[list[int]] = [[] for _ in self.ranks]
        self.after: list[list[int]] = [[] for _ in self.ranks]
        for source, target in self.steps:
            self.before[target].append(source)
            self.after[source].append(target)
        self.sizes = [_size(vertex, len(self.before[number])) for number, vertex in enumerate(graph.vertices)] + [(0.0, 0.0)] * (
            len(self.ranks) - self.boxes
        )
        self.columns = self._ordered()
        self.y = self._heights()
        self.x, self.rows = self._across()
        self.diagram = self._drawn()

    def _ways(self) -> Iterator[list[int]]:
        """Each arrow as the places it passes; those of one source run together as far as they can."""
        passed: dict[tuple[int, int], int] = {}
        for source, target in self.graph.arrows:
            between = [(source, rank) for rank in range(self.ranks[source] + 1, self.ranks[target])]
            for one in between:
                if one not in passed:
                    passed[one] = len(self.ranks)
                    self.ranks.append(one[1])
            yield [source, *(passed[one] for one in between), target]

    # The order in columns

    def _ordered(self) -> list[list[int]]:
        """The columns with the fewest crossings that were seen; arrows that pass stand above, where nothing else decides."""
        places = [*range(self.boxes, len(self.ranks)), *range(self.boxes)]
        columns = [[place for place in places if self.ranks[place] == rank] for rank in range(max(self.ranks) + 1)]
        best, fewest = columns, self._crossings(columns)
        for turn in range(ROUNDS):
            columns, side = [*columns], -1 if turn % 2 == 0 else 1
            for number in range(1, len(columns)) if side < 0 else reversed(range(len(columns) - 1)):
                at = {place: position for position, place in enumerate(columns[number + side])}
                columns[number] = self._by_barycentre(columns[number], at)
            if (count := self._crossings(columns)) < fewest:
                best, fewest = columns, count
        return best

    def _by_barycentre(self, column: Sequence[int], at: Mapping[int, int]) -> list[int]:
        """A column in the order of the means of where its neighbours stand; what has none stays where it is."""
        own = {}
        for position, place in enumerate(column):
            found = [at[one] for one in (*self.before[place], *self.after[place]) if one in at]
            own[place] = Fraction(sum(found), len(found)) if found else Fraction(position)
        return sorted(column, key=own.__getitem__)

    def _crossings(self, columns: Sequence[Sequence[int]]) -> int:
        at = {place: position for column in columns for position, place in enumerate(column)}
        between: dict[int, list[tuple[int, int]]] = {}
        for source, target in self.steps:
            between.setdefault(self.ranks[source], []).append((at[source], at[target]))
        return sum((a - c) * (b - d) < 0 for pairs in between.values() for (a, b), (c, d) in itertools.combinations(pairs, 2))

    # Heights

    def _heights(self) -> list[float]:
        """The middle of each place: straight lines where they can be, those of boxes first; nothing covers anything."""
        y = [0.0] * len(self.ranks)
        for column in self.columns:
            self._settle(column, [0.0] * len(column), y)
        for turn in range(2 * ROUNDS + 1):
            for column in self.columns if turn % 2 == 0 else reversed(self.columns):
                self._settle(column, [self._wanted(place, y, turn % 2 == 0) for place in column], y)
        return [round(value, 1) for value in y]

    def _wanted(self, place: int, y: Sequence[float], forwards: bool) -> float:
        """The height of what leads to a place, or of what it leads to."""
        before, after = self.before[place], self.after[place]
        return _median([(y[one], self._bond(one, place)) for one in (before or after if forwards else after or before)])

    def _settle(self, column: Sequence[int], wanted: Sequence[float], y: list[float]) -> None:
        """Each place as near to what it wants as the room around the others allows; arrows give way to boxes."""
        weights = [1e5 if self._is_box(place) else 1.0 for place in column]
        rooms = [self._room(a, b) for a, b in itertools.pairwise(column)]
        for place, value in zip(column, _regression(wanted, weights, rooms), strict=True):
            y[place] = value

    def _room(self, above: int, below: int) -> float:
        """Between the middles of neighbours in a column."""
        apart = APART if max(above, below) < self.boxes else LANE
        return (self.sizes[above][1] + self.sizes[below][1]) / 2 + apart + self._loop(below)

    def _loop(self, place: int) -> float:
        """The room above a box for what leads from one step to the next."""
        return LOOP * (place < self.boxes and self.graph.vertices[place].recurrent)

    def _is_box(self, place: int) -> bool:
        """Is it a box that others line up with? A target stands where there is room."""
        return place < self.boxes and self.graph.vertices[place].family != "t"

    def _bond(self, one: int, other: int) -> int:
        """How much two neighbours want to stand at one height."""
        passing = (one >= self.boxes) + (other >= self.boxes)
        return 8 if passing == 2 else 1 if passing or not (self._is_box(one) and self._is_box(other)) else 4

    # Across

    def _across(self) -> tuple[list[float], list[range]]:
        """The middle of each column, and which columns stand in each row."""
        widths = [max(self.sizes[place][0] for place in column) for column in self.columns]
        gaps = [self._gap(rank) for rank in range(len(widths) - 1)]
        rows = self._rows(widths, gaps)
        x = [0.0] * len(widths)
        for columns in rows:
            at = MARGIN + (self._stub(columns.start) + HEAD if columns.start else 0)
            for rank in columns:
                x[rank] = at + widths[rank] / 2
                at += widths[rank] + (gaps[rank] if rank < len(gaps) else 0)
        self.widths = widths
        return x, rows

    def _gap(self, rank: int) -> float:
        """Between a column and the next: the wider the farther arrows go up or down."""
        steepest = max((abs(self.y[a] - self.y[b]) for a, b in self.steps if self.ranks[a] == rank), default=0.0)
        return max(BETWEEN, min(2 * BETWEEN, 0.6 * steepest))

    def _rows(self, widths: Sequence[float], gaps: Sequence[float]) -> list[range]:
        """The columns cut into rows that are not too wide: where few arrows pass, and as equal as can be."""
        if sum(widths) + sum(gaps) <= self.widest * 1.15:
            return [range(len(widths))]
        ways: list[tuple[float, list[range]]] = [(0.0, [])]
        for stop in range(1, len(widths) + 1):
            found = []
            for start in range(stop - 1, -1, -1):
                wide = sum(widths[start:stop]) + sum(gaps[start : stop - 1])
                if wide > self.widest and stop - start > 1:
                    break
                cost, before = ways[start]
                passing = len(self._over(start)) if start else 0
                found.append((cost + 1 + passing**2 + (1 - wide / self.widest) ** 2, [*before, range(start, stop)]))
            ways.append(min(found, key=lambda way: way[0]))
        return ways[-1][1]

    def _over(self, rank: int) -> list[int]:
        """The vertices whose arrows lead into a column or past it."""
        return list(dict.fromkeys(way[0] for way in self.ways if self.ranks[way[0]] < rank <= self.ranks[way[-1]]))

    def _stub(self, rank: int) -> float:
        """The room for arrows that come from the row above."""
        return 1.5 * BETWEEN + 16 + max(width(text_runs(self.graph.vertices[source].label), SIZE) for source in self._over(rank))

    def _stubs(self, rank: int, side: int) -> dict[int, float]:
        """Where the arrows of each vertex leave a row (1) and enter the next (−1): as far apart as their letters are high."""
        ends: dict[int, list[tuple[float, int]]] = {}
        for number, way in enumerate(self.ways):
            for before, after in itertools.pairwise(way):
                if self.ranks[after] == rank:
                    y = self._at(before)[1] if side > 0 else self._end(number, after)[1]
                    ends.setdefault(way[0], []).append((y, self._bond(before, after)))
        wanted = sorted((_median(each), source) for source, each in ends.items())
        settled = _regression([y for y, _ in wanted], [1.0] * len(wanted), [SIZE * LINE + 2] * (len(wanted) - 1))
        return {source: y for (_, source), y in zip(wanted, settled, strict=True)}

    # Shapes

    def _drawn(self) -> Diagram:
        self.down: dict[int, float] = {}
        top, wide = MARGIN, 0.0
        for columns in self.rows:
            places = [place for rank in columns for place in self.columns[rank]]
            edges = [(self.y[place] - self._tall(place), self.y[place] + self._tall(place)) for place in places]
            for rank in columns:
                self.down[rank] = top - min(high for high, _ in edges)
            top += max(low for _, low in edges) - min(high for high, _ in edges) + 2 * APART
            last = columns.stop - 1
            wide = max(wide, self.x[last] + self.widths[last] / 2 + (self._stub(columns.stop) if columns.stop < len(self.columns) else 0))
        shapes = [*self._arrows(), *(shape for number in range(self.boxes) for shape in self._box(number))]
        return Diagram(wide + MARGIN, top - 2 * APART + MARGIN, tuple(shapes), self.graph.alt)

    def _tall(self, place: int) -> float:
        """Half of what a place takes."""
        return self.sizes[place][1] / 2 + self._loop(place) or LANE / 2

    def _at(self, place: int) -> Point:
        rank = self.ranks[place]
        return self.x[rank], self.y[place] + self.down[rank]

    def _side(self, rank: int, side: int) -> float:
        """The left (−1) or the right (1) edge of a column."""
        return self.x[rank] + side * self.widths[rank] / 2

    def _light(self, handle: str, plain: str) -> str:
        """The kind of a shape: lit, or one of the others beside it, or plain where nothing is lit."""
        return "lit" if handle in self.graph.highlighted else "faint" if self.graph.highlighted else plain

    def _arrows(self) -> Iterator[DrawnShape]:
        """What several have in common is drawn once: with one that is lit, if there is one."""
        drawn: set[tuple[int, int]] = set()
        for number in sorted(range(len(self.ways)), key=lambda number: f"e{number}" not in self.graph.highlighted):
            yield from self._arrow(number, drawn)

    def _arrow(self, number: int, drawn: set[tuple[int, int]]) -> Iterator[DrawnShape]:
        """A line that bends between columns, and its head; where a row ends, it ends too, and goes on in the next."""
        way, lit = self.ways[number], f"e{number}" in self.graph.highlighted
        source, target = way[0], way[-1]
        label = text_runs(self.graph.vertices[source].label)
        colour = FAMILIES["gradient"] if lit else None
        loops: list[list[Point]] = []
        heads, labels = [], []
        for before, after in itertools.pairwise(way):
            if after != target and (before, after) in drawn:
                continue
            drawn.add((before, after))
            left, right, end = self.ranks[before], self.ranks[after], self._end(number, after)
            x, y = self._at(before)
            if not loops or loops[-1][-1] != (x, y):
                loops.append([(x + self.sizes[before][0] / 2, y)])
            loops[-1].append((self._side(left, 1), y))
            if self.down[left] != self.down[right]:
                stop, start = self._side(left, 1) + BETWEEN, self._side(right, -1) - 1.5 * BETWEEN
                leaves, enters = self._stubs(right, 1)[source], self._stubs(right, -1)[source]
                if (source, -right) not in drawn:
                    drawn.add((source, -right))
                    loops[-1] += [*_bent(loops[-1][-1], (stop - HEAD, leaves)), (stop, leaves)]
                    heads.append((stop + HEAD, leaves))
                    if len(self._over(right)) > 1:
                        marks = ((stop + HEAD + 4, leaves, 1), (start - HEAD - 4, enters, -1))
                        labels += [Label(label, x, y, SIZE, quiet=True, side=side) for x, y, side in marks]
                loops.append([(start - HEAD, enters), (start, enters)])
            loops[-1] += _bent(loops[-1][-1], (self._side(right, -1), end[1]))
            loops[-1].append(end if after != target else (end[0] - HEAD, end[1]))
        heads.append(end)
        lines = tuple(tuple(_thinned(points)) for points in loops)
        kind = self._light(f"e{number}", "axis")
        passes = "e" if any(target == source for _, target in self.graph.arrows) else "i"
        yield Path(lines, kind, colour, handle=f"{passes}{self.ranks[target] - 1}-{number}")
        shade = {"lit": "dot", "axis": "bar", "faint": "shade"}[kind]
        yield from (Path((((a, b), (a - HEAD, b - HALF), (a - HEAD, b + HALF)),), shade, colour, closed=True) for a, b in heads)
        yield from labels

    def _end(self, number: int, after: int) -> Point:
        """Where an arrow reaches a place: at its box, or on its way past a column."""
        return self._port(number, after) if after == self.ways[number][-1] else self._at(after)

    def _port(self, number: int, target: int) -> Point:
        """Where an arrow ends at its box: at the middle if it comes straight, else above or below, in the order in which they come."""
        x, y = self._at(target)
        leading = [other for other, way in enumerate(self.ways) if way[-1] == target]
        leading.sort(key=lambda other: (self.y[self.ways[other][-2]], other))
        straight = [place for place, other in enumerate(leading) if abs(self.y[self.ways[other][-2]] - self.y[target]) < 1]
        middle = straight[0] if len(straight) == 1 else (len(leading) - 1) / 2
        share, most = leading.index(number) - middle, max(abs(place - middle) for place in range(len(leading))) or 1
        wide, high = self.sizes[target]
        if not self.graph.vertices[target].round:
            return x - wide / 2, y + share * min(PORT, (high / 2 - CORNER - HALF) / most)
        angle = math.radians(share * min(55, 80 / most))
        return x - RADIUS * math.cos(angle), y + RADIUS * math.sin(angle)

    def _to_next_step(self, x: float, top: float, wide: float) -> Iterator[DrawnShape]:
        """Out of a box above, and into it again."""
        faint = bool(self.graph.highlighted)
        turn = [
            (x + wide * math.cos(angle), top - HEAD - (LOOP - HEAD) * math.sin(angle)) for angle in (math.pi * i / 12 for i in range(13))
        ]
        yield Path((((x + wide, top), *turn),), "faint" if faint else "axis")
        a, b = x - wide, top
        yield Path((((a, b), (a - HALF, b - HEAD), (a + HALF, b - HEAD)),), "shade" if faint else "bar", closed=True)

    def _box(self, number: int) -> Iterator[DrawnShape]:
        vertex = self.graph.vertices[number]
        (x, y), (wide, high), handle = self._at(number), self.sizes[number], f"n{number}"
        lit = handle in self.graph.highlighted
        family = SHARED[(vertex.shared - 1) % len(SHARED)] if vertex.shared else vertex.family
        colour = FAMILIES["gradient"] if lit else FAMILIES.get(family)
        kind = "lit" if lit else "neuron"
        if vertex.round:
            yield Circle(x, y, RADIUS, handle, kind, colour)
            yield Label(text_runs(vertex.label), x, y)
            return
        frame = (tuple(_rounded(x, y, wide, high)),)
        if vertex.shared:
            yield Path(frame, "area", colour, closed=True)
        yield Path(frame, kind, colour, closed=True, handle=handle)
        if vertex.recurrent:
            yield from self._to_next_step(x, y - high / 2, wide / 4)
        rank = self.ranks[number]
        parts = ((box_lines(vertex), ""), (vertex.values, f"v{rank}"), (vertex.gradients, f"g{rank}"), (vertex.changes, "u"))
        middle = y - sum(len(lines) for lines, _ in parts) * DOWN / 2
        yield Label(text_runs(vertex.label), x, middle)
        middle += SIZE * LINE / 2 + SMALL * LINE / 2
        for lines, told in parts:
            for line in lines:
                yield Label(inline_runs(line), x, middle, SMALL, quiet=not told, handle=told)
                middle += DOWN


def _ranks(graph: BoxGraph) -> list[int]:
    """The column of each vertex: inputs left, and each other one right of what leads to it; a target just before what it is compared to."""
    ranks = [0] * len(graph.vertices)
    for source, target in sorted(graph.arrows, key=lambda arrow: arrow[1]):
        ranks[target] = max(ranks[target], ranks[source] + 1)
    led = {target for _, target in graph.arrows}
    for number, vertex in enumerate(graph.vertices):
        after = [ranks[target] for source, target in graph.arrows if source == number]
        if number not in led and vertex.family != "x" and after:
            ranks[number] = min(after) - 1
    return ranks


def _size(vertex: Vertex, leading: int) -> tuple[float, float]:
    """How wide and how high a box is: as its letters, and the heads of so many arrows, need it."""
    if vertex.round:
        return 2 * RADIUS, 2 * RADIUS
    lines = (*box_lines(vertex), *vertex.values, *vertex.gradients, *vertex.changes)
    wide = max(width(text_runs(vertex.label), SIZE), *(width(inline_runs(line), SMALL) for line in lines), 24.0)
    return ROOM * wide + 2 * PADDING, max(SIZE * LINE + len(lines) * DOWN + 18, leading * (2 * HALF + 2) + 2 * CORNER)


def _regression(wanted: Sequence[float], weights: Sequence[float], rooms: Sequence[float]) -> list[float]:
    """The numbers next to those that are wanted, by weighted squares, that lie at least so far apart (isotonic regression)."""
    down = list(itertools.accumulate(rooms, initial=0.0))
    blocks: list[tuple[float, float, int]] = []
    for want, weight, below in zip(wanted, weights, down, strict=True):
        blocks.append((want - below, weight, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (a, v, m), (b, w, n) = blocks[-2:]
            blocks[-2:] = [((a * v + b * w) / (v + w), v + w, m + n)]
    settled = [value for value, _, count in blocks for _ in range(count)]
    return [value + below for value, below in zip(settled, down, strict=True)]


def _median(weighted: Sequence[tuple[float, int]]) -> float:
    """The value with as much weight below as above it; between two, the middle of them."""
    values = sorted(value for value, weight in weighted for _ in range(weight))
    return (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2


def _bent(start: Point, end: Point) -> Iterator[Point]:
    """From one height to another, level at both ends (a Bézier curve)."""
    (a, b), (c, d) = start, end
    if b == d:
        yield end
        return
    for part in range(1, 17):
        t = part / 16
        x = a + (c - a) * (1.5 * t * (1 - t) ** 2 + 1.5 * t**2 * (1 - t) + t**3)
        yield x, b + (d - b) * (3 * t**2 - 2 * t**3)


def _thinned(points: Sequence[Point]) -> Iterator[Point]:
    """Without those at which a line stays level."""
    for place, (x, y) in enumerate(points):
        ends = place in (0, len(points) - 1)
        if ends or not points[place - 1][1] == y == points[place + 1][1]:
            yield x, y


def _rounded(x: float, y: float, wide: float, high: float) -> Iterator[Point]:
    """The rim of a box with rounded corners, from the top right one on."""
    for quarter, (across, down) in enumerate(((1, -1), (1, 1), (-1, 1), (-1, -1))):
        middle = (x + across * (wide / 2 - CORNER), y + down * (high / 2 - CORNER))
        for part in range(5):
            angle = math.radians(90 * (quarter - 1) + 22.5 * part)
            yield middle[0] + CORNER * math.cos(angle), middle[1] + CORNER * math.sin(angle)


def column_captions(graph: BoxGraph) -> tuple[str, ...]:
    """What is computed in each column but the last, by its letters."""
    ranks, led = _ranks(graph), {target for _, target in graph.arrows}
    letters = [(rank, formula_text(graph.vertices[number].label)) for number, rank in enumerate(ranks) if number in led or not rank]
    return tuple(", ".join(letter for rank, letter in letters if rank == column) for column in range(max(ranks)))


def graph_lines(graph: BoxGraph) -> Iterator[Inline]:
    """A line for each box: h⁽³⁾ = dense(h⁽¹⁾ + h⁽²⁾), tanh, 3 units. Operations stand in the lines of what they lead to."""
    written: dict[int, Inline] = {}
    for number, vertex in enumerate(graph.vertices):
        sources = [source for source, target in graph.arrows if target == number]
        operands = joined_inline(written[source] for source in sources)
        if vertex.round:
            inner = joined_inline(
                (_operand(graph.vertices[source], vertex, written[source]) for source in sources), (" ", vertex.label, " ")
            )
            written[number] = inner if len(inner) < LONGEST else ("…",)
            continue
        if not vertex.family:
            written[number] = (vertex.label, "(", *operands, ")")
            continue
        written[number] = (vertex.label,)
        more = (*vertex.about, *vertex.values, *vertex.gradients, *vertex.changes)
        if not sources:
            yield (vertex.label, ": ", *joined_inline(more))
        elif vertex.kind:
            yield joined_inline(((vertex.label, f" = {vertex.kind}(", *operands, ")"), *more))
        else:
            yield (vertex.label, " = ", *joined_inline(more))


def _operand(vertex: Vertex, operation: Vertex, written: Inline) -> Inline:
    """In parentheses, where it is another operation."""
    return ("(", *written, ")") if vertex.round and vertex.label != operation.label else written
