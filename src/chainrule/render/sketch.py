"""Graphs drawn in characters: x ─▶ h ─╮ and what it is joined with on the line below."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence

from chainrule.base.frozen import replace
from chainrule.document.document import BoxGraph, Vertex
from chainrule.notation.blocks import line_width
from chainrule.notation.text import Segment, segments
from chainrule.pictures.graph import Arranged, arranged

LINES = {
    "lr": "─", "du": "│", "dr": "╭", "dl": "╮", "ru": "╰", "lu": "╯", "dru": "├", "dlu": "┤", "dlr": "┬", "lru": "┴", "dlru": "┼",
}  # fmt: skip
"""What leads left, right, up and down from a place."""

MOST_ROWS = 12
"""A drawing of more rows is no help."""


def sketch(graph: BoxGraph, width: int) -> list[list[Segment]]:
    """The graph without its targets, in lines; none where it does not fit, or where lines would cross."""
    kept = [number for number, vertex in enumerate(graph.vertices) if vertex.family != "t"]
    at = {number: place for place, number in enumerate(kept)}
    arrows = tuple((at[source], at[target]) for source, target in graph.arrows if source in at and target in at)
    plain = replace(graph, vertices=tuple(graph.vertices[number] for number in kept), arrows=arrows)
    return _in_a_row(plain, width) or _in_rows(plain, width)


def _in_a_row(graph: BoxGraph, width: int) -> list[list[Segment]]:
    """x ─▶ h1 ─┴─▶ h2 ─▶ + ─▶ y, arrows that pass something above it; nothing where that is not all there is, or cannot be followed."""
    order = range(len(graph.vertices))
    following = list(itertools.pairwise(order))
    passing = sorted((arrow for arrow in graph.arrows if arrow not in following), key=lambda arrow: arrow[1] - arrow[0])
    if not passing or any(graph.arrows.count(arrow) != 1 for arrow in (*following, *passing)):
        return []
    forks, heads = {}, {}
    parts: list[Segment] = []
    for place in order:
        heads[place] = line_width(parts)
        parts += _label(graph.vertices[place])
        forks[place] = line_width(parts) + 2
        if place + 1 < len(order):
            parts.append((" ─┴─▶ " if any(source == place for source, _ in passing) else " ─▶ ", None))
    if line_width(parts) > width:
        return []
    lanes: list[dict[int, set[str]]] = []
    for source, target in passing:
        start, end = forks[source], heads[target]
        level = next((i for i, lane in enumerate(lanes) if not any("r" in lane.get(x, "") for x in range(start, end))), len(lanes))
        lanes += [{} for _ in range(level + 1 - len(lanes))]
        for lane in lanes[:level]:
            for x in (start, end):
                lane.setdefault(x, set()).update("ud")
        for x in range(start, end + 1):
            lanes[level].setdefault(x, set()).update("d" * (x in (start, end)) + "l" * (x > start) + "r" * (x < end))
    if any(len(sides) == 4 for lane in lanes for sides in lane.values()):
        return []
    ends = {**{forks[source]: "│" for source, _ in passing}, **{heads[target]: "▼" for _, target in passing}}
    drawn = [{x: LINES["".join(sorted(sides))] for x, sides in lane.items()} for lane in reversed(lanes)]
    above: list[list[Segment]] = [[("".join(signs.get(x, " ") for x in range(max(signs) + 1)), None)] for signs in (*drawn, ends)]
    return [*above, parts]


def _in_rows(graph: BoxGraph, width: int) -> list[list[Segment]]:
    """The columns of the drawn graph; between two of them, what is joined is joined by one upright line."""
    layout = arranged(graph)
    rows = _rows(layout)
    count = max(rows.values()) + 1
    lines: list[list[Segment]] = [[] for _ in range(count)]
    for number, column in enumerate(layout.columns):
        wide = max(line_width(_label(graph.vertices[place])) if place < layout.boxes else 1 for place in column)
        joints = _joints(layout, number, rows)
        if joints is None:
            return []
        upright = set(joints.values()) - {"─"}
        start = max(map(line_width, lines))
        for place in column:
            line = lines[rows[place]]
            line.append((" " * (start - line_width(line)), None))
            line += _label(graph.vertices[place]) if place < layout.boxes else [("─", None)]
            if any(source == place for source, _ in layout.steps):
                line.append(("─" if place >= layout.boxes else " ", None))
                line.append(("─" * (start + wide + (2 if upright else 1) - line_width(line)), None))
        for row, sign in joints.items() if upright else ():
            lines[row].append((" " * (start + wide + 2 - line_width(lines[row])) + sign, None))
        for place in layout.columns[number + 1] if number + 1 < len(layout.columns) else ():
            if any(target == place for _, target in layout.steps):
                lines[rows[place]].append(("─▶ " if place < layout.boxes else "───", None))
    return lines if count <= MOST_ROWS and max(map(line_width, lines)) <= width else []


def _label(vertex: Vertex) -> list[Segment]:
    """The letter of a box, with a turn behind what reads what it gave one step before."""
    return [*segments(vertex.label), *([(" ↺", None)] if vertex.recurrent else [])]


def _rows(layout: Arranged) -> dict[int, int]:
    """The line of each place: places of one height stand on one line, as long as they are of different columns."""
    column = {place: number for number, places in enumerate(layout.columns) for place in places}
    rows: dict[int, int] = {}
    row, taken, height = 0, set[int](), None
    for place in sorted(column, key=lambda place: (layout.y[place], column[place])):
        if height is not None and (layout.y[place] - height > 6 or column[place] in taken):
            row, taken = row + 1, set()
        rows[place], height = row, layout.y[place]
        taken.add(column[place])
    return rows


def _joints(layout: Arranged, number: int, rows: Mapping[int, int]) -> dict[int, str] | None:
    """The signs of the upright lines between a column and the next, by row; None where they would run into each other."""
    steps = [(source, target) for source, target in layout.steps if source in layout.columns[number]]
    found: dict[int, str] = {}
    for sources, targets in _groups(steps):
        if sum(source in sources for source, _ in steps) != len(sources) * len(targets):
            return None  # a single line would join what is not joined
        left, right = {rows[source] for source in sources}, {rows[target] for target in targets}
        first, last = min(left | right), max(left | right)
        for row in range(first, last + 1):
            if row in found:
                return None
            sides = "d" * (row < last) + "l" * (row in left) + "r" * (row in right) + "u" * (row > first)
            found[row] = LINES["".join(sorted(sides))]
    return found


def _groups(steps: Sequence[tuple[int, int]]) -> Iterator[tuple[set[int], set[int]]]:
    """Sources and targets that hang together."""
    left = list(steps)
    while left:
        sources, targets = {left[0][0]}, {left[0][1]}
        while any((source in sources) != (target in targets) for source, target in left):
            sources |= {source for source, target in left if target in targets}
            targets |= {target for source, target in left if source in sources}
        left = [step for step in left if step[0] not in sources]
        yield sources, targets
