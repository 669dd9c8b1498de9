"""What covers what in a picture: letters, circles and lines, by the shapes alone, in the widths of the project's own font metrics."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator

from chainrule.pictures.shapes import PENS, SCRIPT, Box, Circle, Diagram, DrawnShape, Label, Line, Path, Scene, still_shapes, width

ASCENT, DESCENT = 0.72, 0.22
"""Of letters above and below their line, in sizes: that of the capitals and brackets of common serif fonts, a little less."""

BASELINE, RAISED, LOWERED = 0.33, 0.38, 0.22
"""Below the middle of a label; where raised and lowered letters stand above and below it."""

TOUCHING = 1.0
"""What shapes may overlap by: nobody sees one unit."""

Segment = tuple[float, float, float, float]


def said(label: Label) -> str:
    """What is written on it."""
    return "".join(run.letters for run in label.runs)


def letters(label: Label) -> Box:
    """What the letters themselves cover."""
    tops, bottoms = [0.0], [0.0]
    for run in (run for run in label.runs if run.letters.strip()):
        size = label.size * (SCRIPT if run.raised else 1)
        line = label.size * (BASELINE - RAISED * (run.raised > 0) + LOWERED * (run.raised < 0))
        tops.append(line - ASCENT * size)
        bottoms.append(line + DESCENT * size)
    wide = width(label.runs, label.size)
    middle = label.x + label.side * wide / 2
    return Box(middle - wide / 2, label.y + min(tops), middle + wide / 2, label.y + max(bottoms))


def collisions(diagram: Diagram) -> list[str]:
    """Text on text, on a circle, on a line or off the picture; circles on circles; a line through a neuron: at any time, where it moves.

    Text may stand inside its circle, on an area, on a ground of its own over the grid, and between the lines of a box's frame.
    """
    found: list[str] = []
    for turn in turns(diagram):
        found += _collisions(list(turn), diagram)
    return list(dict.fromkeys(found))


def turns(diagram: Diagram) -> Iterator[Iterable[DrawnShape]]:
    """What is seen where nothing moves, and in each turn."""
    yield still_shapes(diagram.shapes)
    for turn in range(1, 1 + max((shape.number for shape in diagram.shapes if isinstance(shape, Scene)), default=0)):
        yield _in_turn(diagram.shapes, turn)


def _in_turn(shapes: Iterable[DrawnShape], turn: int) -> Iterator[DrawnShape]:
    for shape in shapes:
        if not isinstance(shape, Scene):
            yield shape
        elif shape.number == turn or (shape.number < turn and not shape.passing):
            yield from _in_turn(shape.shapes, turn)


def _collisions(shapes: list[DrawnShape], diagram: Diagram) -> Iterator[str]:
    labels = [(said(shape), letters(shape), shape) for shape in shapes if isinstance(shape, Label) and said(shape).strip()]
    circles = [shape for shape in shapes if isinstance(shape, Circle)]
    whole = Box(0, 0, diagram.width, diagram.height)
    for (a, one, _), (b, other, _) in itertools.combinations(labels, 2):
        if _shrunk(one).overlaps(_shrunk(other)):
            yield f"{a} on {b}"
    for name, box, _ in labels:
        if box.left < whole.left or box.right > whole.right or box.top < whole.top or box.bottom > whole.bottom:
            yield f"{name} off the picture"
        for circle in circles:
            if _meets_circle(_shrunk(box), circle) and not (circle.handle and _inside(box, circle)):
                yield f"{name} on circle {circle.handle}"
    for shape in shapes:
        if not isinstance(shape, Line | Path):
            continue
        handle = shape.handle or shape.kind
        parts = list(segments(shape))
        for name, box, label in labels:
            if (label.covering and shape.kind == "grid") or not any(crosses(part, _shrunk(box)) for part in parts):
                continue
            yield f"{name} on a line ({handle})"
        for circle in circles if PENS[shape.kind].stroke and not getattr(shape, "closed", False) else ():
            if circle.handle and any(_distance(part, circle) < circle.radius - 2 * TOUCHING for part in parts):
                yield f"a line ({handle}) through circle {circle.handle}"
    for one, other in itertools.combinations([circle for circle in circles if circle.handle], 2):
        if math.dist((one.x, one.y), (other.x, other.y)) < one.radius + other.radius:
            yield f"circle {one.handle} on circle {other.handle}"


def segments(shape: Line | Path) -> Iterator[Segment]:
    """The strokes of a shape, and the rim of what is filled darkly; nothing of areas, on which text may stand."""
    pen = PENS[shape.kind]
    if not pen.stroke and pen.fill < 0.5:
        return
    if isinstance(shape, Line):
        yield shape.x1, shape.y1, shape.x2, shape.y2
        return
    for loop in shape.loops:
        for a, b in itertools.pairwise((*loop, loop[0]) if shape.closed else loop):
            yield *a, *b


def crosses(part: Segment, box: Box) -> bool:
    """Does a part of the line lie inside the box? Clipped at each of its sides, by Liang & Barsky (1984)."""
    x1, y1, x2, y2 = part
    enters, leaves = 0.0, 1.0
    for way, room in ((x1 - x2, x1 - box.left), (x2 - x1, box.right - x1), (y1 - y2, y1 - box.top), (y2 - y1, box.bottom - y1)):
        if way == 0:
            if room <= 0:
                return False
        elif way < 0:
            enters = max(enters, room / way)
        else:
            leaves = min(leaves, room / way)
    return enters < leaves


def _shrunk(box: Box) -> Box:
    return Box(box.left + TOUCHING, box.top + TOUCHING, box.right - TOUCHING, box.bottom - TOUCHING)


def _meets_circle(box: Box, circle: Circle) -> bool:
    near = (min(max(circle.x, box.left), box.right), min(max(circle.y, box.top), box.bottom))
    return math.dist(near, (circle.x, circle.y)) < circle.radius


def _inside(box: Box, circle: Circle) -> bool:
    """Its own letters: around its middle, and no wider than it."""
    around = abs((box.left + box.right) / 2 - circle.x) < 1 and abs((box.top + box.bottom) / 2 - circle.y) < circle.radius / 2
    return around and circle.x - circle.radius <= box.left


def _distance(part: Segment, circle: Circle) -> float:
    """From the middle of a circle to a line."""
    x1, y1, x2, y2 = part
    length = math.dist((x1, y1), (x2, y2)) ** 2
    along = 0.0 if not length else min(1.0, max(0.0, ((circle.x - x1) * (x2 - x1) + (circle.y - y1) * (y2 - y1)) / length))
    return math.dist((circle.x, circle.y), (x1 + along * (x2 - x1), y1 + along * (y2 - y1)))
