"""Where the neurons of a network picture stand and its labels lie, in centimetres, for formats that draw with their own formulas."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.document import Edge, Neuron, Picture
from chainrule.nodes import Node
from chainrule.notation.formula import Formula, Operator, row

APART = 2.1
"""Between the neurons of a layer."""

WIDE, NARROW = 4.6, 3.5
"""Between layers, with labelled lines and without."""

RADIUS = 0.45


class Point(Node):
    """x to the right, y upwards from the middle."""

    x: float
    y: float


def neurons(picture: Picture) -> Iterator[tuple[Neuron, Point, str]]:
    """Every neuron, its place, and its name layer-position."""
    for place, layer in enumerate(picture.layers):
        for i, neuron in enumerate(layer):
            yield neuron, at(picture, place, i), f"{place}-{i}"


def at(picture: Picture, layer: int, neuron: float) -> Point:
    """Where a neuron stands; between two where its number is."""
    return Point(layer * (WIDE if picture.edges else NARROW), APART * ((len(picture.layers[layer]) - 1) / 2 - neuron))


def titles(picture: Picture) -> Iterator[tuple[str, Point]]:
    """The layers' titles above them, with the number of neurons where some are left out."""
    for place, (title, layer, count) in enumerate(zip(picture.titles, picture.layers, picture.counts, strict=True)):
        yield f"{title} ({count})" if count > len(layer) else title, Point(at(picture, place, 0).x, top(picture) + 0.95)


def top(picture: Picture) -> float:
    """How far above the middle the highest neuron stands."""
    return APART * (max(map(len, picture.layers)) - 1) / 2


def dots(picture: Picture) -> Iterator[Point]:
    """Where ⋮ stands for the neurons that are left out."""
    for place, (layer, count) in enumerate(zip(picture.layers, picture.counts, strict=True)):
        if count > len(layer):
            yield at(picture, place, len(layer) - 1.5)


def label(edge: Edge) -> Formula:
    """w1 = 0.21, or the letter alone."""
    return edge.label if edge.value is None else row(edge.label, Operator("="), edge.value)


def share(picture: Picture, edge: Edge) -> float:
    """Where on its line a label stands: lines that cross have it near the neuron they lead from, where nothing crosses."""
    start, end = at(picture, edge.layer, edge.source), at(picture, edge.layer + 1, edge.target)
    return 0.5 if abs(start.y - end.y) < APART or len(picture.layers[edge.layer + 1]) == 1 else 0.27
