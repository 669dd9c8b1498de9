"""The picture of a network as a diagram, so laid out that no letters cover anything, nor a line letters."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

from chainrule.base.frozen import replace
from chainrule.document.document import BoxGraph, Drawing, Edge, Illustration, Neuron, Picture, Visual
from chainrule.notation.formula import Formula, Number, Operator, Row, row
from chainrule.pictures.graph import WIDE, graph_diagram
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
    text_runs,
    width,
)

RADIUS, SMALL_RADIUS, MARGIN = 20.0, 13.0, 12.0
"""Of neurons, of the 1 that a bias is multiplied by, and around the picture."""

DOWN = SMALL * LINE + 1
"""From one line of small letters to the next."""

APART, DOTS = 16.0, 26.0
"""Between a neuron with all that belongs to it and the next one below, and what ⋮ takes besides."""

BUS = 9.0
"""From a neuron's letters, or its rim, to the upright line on which what leads into it is added up, and on to its labels."""

FAN, STEEPEST, WIDEST = 56.0, 0.34, 220.0
"""How wide the room is in which lines lead from one layer to the labels of the next: at least, in heights of the layers, and at most."""


def network_diagram(picture: Visual, widest: float = WIDE) -> Diagram:
    """A network: a graph of boxes; or a column a layer, in which each line leads to its label and the labels to their neuron.

    widest  a wider graph goes on in rows, one below the other
    """
    if isinstance(picture, Illustration):
        drawn: Diagram | Drawing = picture.draw()
        return drawn if isinstance(drawn, Diagram) else network_diagram(drawn, widest)
    return graph_diagram(picture, widest) if isinstance(picture, BoxGraph) else _Layout(picture).diagram


class _Layout:
    """Letters stand in columns, and lines only between them: so nothing covers anything, however many there are."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.titles = [(TextRun(layer_title(picture, layer)),) for layer in range(len(picture.layers))]
        self.stacks = {
            (layer, unit): [edge for edge in picture.edges if (edge.layer, edge.target) == (layer - 1, unit) and edge.label != Row(())]
            for layer, neurons in enumerate(picture.layers)
            for unit in range(len(neurons))
        }
        self.y = [list(self._heights(layer)) for layer in range(len(picture.layers))]
        self._centre()
        self.x = list(self._columns())
        shapes = [*self._lines(), *self._neurons(), *self._labels()]
        last = len(picture.layers) - 1
        below = max(self.y[layer][-1] + self._below(layer, len(neurons) - 1) for layer, neurons in enumerate(picture.layers))
        wide = self.x[-1] + max(self._right(last), width(self.titles[last], SMALL) / 2 + 2)
        self.diagram = Diagram(wide + MARGIN, below + MARGIN, tuple(shapes), picture.alt)

    # How much room there must be

    def _radius(self, layer: int, unit: int) -> float:
        return radius_of(self.picture, layer, unit)

    def _above(self, layer: int, unit: int) -> float:
        """From the middle of a neuron up to where another may stand."""
        return max(self._radius(layer, unit), DOWN * len(self.stacks[layer, unit]) / 2, DOWN * self._beside(layer, unit) / 2)

    def _below(self, layer: int, unit: int) -> float:
        """The same, down: what is written below it too."""
        written = 0 if layer == 0 else len(neuron_lines(self.picture.layers[layer][unit]))
        return max(self._above(layer, unit), self._radius(layer, unit) + (DOWN * written + 4) * bool(written))

    def _beside(self, layer: int, unit: int) -> int:
        """The lines that stand left of a neuron: an input's."""
        return len(neuron_lines(self.picture.layers[layer][unit])) if layer == 0 else 0

    def _wide(self, layer: int) -> float:
        """Of the lines of all neurons of a layer, the widest."""
        lines = (line for neuron in self.picture.layers[layer] for line in neuron_lines(neuron))
        return max((width(text_runs(line), SMALL) + 4 for line in lines), default=0.0)

    def _right(self, layer: int) -> float:
        """From the middle of a column to the right, as far as letters go."""
        written = 0.0 if layer == 0 else self._wide(layer) / 2
        return max(self._radius(layer, 0), written)

    def _left(self, layer: int) -> float:
        """The same to the left; where a column's inputs have their values, or its weights their labels."""
        if layer == 0:
            return self._radius(0, 0) + 6 + self._wide(0)
        labels = self._stack(layer)
        return self._right(layer) + (2 * BUS + labels if labels else 0)

    def _stack(self, layer: int) -> float:
        """The widest label of a weight that leads into a layer."""
        edges = (edge for unit in range(len(self.picture.layers[layer])) for edge in self.stacks[layer, unit])
        return max((_label_width(edge) + 4 for edge in edges), default=0.0)

    # Where everything stands

    def _heights(self, layer: int) -> Iterator[float]:
        """The middle of each neuron, from 0."""
        y, gaps = 0.0, left_out(self.picture, layer)
        for unit in range(len(self.picture.layers[layer])):
            if unit:
                y += self._below(layer, unit - 1) + APART + self._above(layer, unit) + DOTS * ((unit - 1, unit) in gaps)
            yield y

    def _centre(self) -> None:
        """Every column around one height, below the line of titles."""
        tall = [self._above(layer, 0) + column[-1] + self._below(layer, len(column) - 1) for layer, column in enumerate(self.y)]
        top = MARGIN + DOWN + 8
        for layer, column in enumerate(self.y):
            start = top + (max(tall) - tall[layer]) / 2 + self._above(layer, 0)
            self.y[layer] = [start + y for y in column]
        self.tall = max(tall)

    def _columns(self) -> Iterator[float]:
        """The middle of each layer."""
        titles = [width(title, SMALL) / 2 + 2 for title in self.titles]
        x = MARGIN + max(self._left(0), titles[0])
        yield x
        for layer in range(1, len(self.picture.layers)):
            apart = self._right(layer - 1) + min(max(FAN, STEEPEST * self.tall), WIDEST) + self._left(layer)
            x += max(apart, titles[layer - 1] + titles[layer] + MARGIN)
            yield x

    # Shapes

    def _lines(self) -> Iterator[DrawnShape]:
        """Every weight; between layers whose weights have no labels, every pair of neurons that are drawn; what is lit last."""
        found: list[Path] = []
        for layer in range(len(self.picture.layers) - 1):
            found += [self._line(layer, source, target) for source, target in connected(self.picture, layer)]
            found += [bus for target in range(units_of(self.picture, layer + 1)) if (bus := self._bus(layer + 1, target)) is not None]
        yield from sorted(found, key=lambda path: path.kind == "lit")

    def _line(self, layer: int, source: int, target: int) -> Path:
        """From the rim of one neuron to the label, or to just before the next neuron; letters beside either are passed."""
        handle = f"e{layer}-{source}-{target}"
        kind, colour = light(self.picture, handle, "line", "faint")
        y, x = self.y[layer][source], self.x[layer]
        start = [(x + self._radius(layer, source) + 1, y), (x + self._right(layer) + 2, y)]
        labels = self.stacks[layer + 1, target]
        place = next((place for place, edge in enumerate(labels) if edge.source == source), None)
        if place is None:
            end = self._into(layer + 1, target)
            return Path(((*self._fanned(start, end),),), kind, colour, handle=handle)
        left, high = self._label_place(layer + 1, target, place)
        loops = ((*start, (left - 2, high)),)
        rest = self._to_neuron(layer + 1, target, place)
        return Path((*loops, rest) if kind == "lit" else loops, kind, colour, handle=handle)

    def _fanned(self, start: Sequence[Point], end: Sequence[Point]) -> Iterator[Point]:
        """Straight from rim to rim, where nothing is written beside either."""
        (x1, y1), (x2, _) = start
        (x3, _), (x4, y4) = end
        if x2 - x1 < 6 and x4 - x3 < 6:
            length = math.hypot(x4 - x1, y4 - y1)
            yield from ((x1, y1), (x4 - 3 * (x4 - x1) / length, y4 - 3 * (y4 - y1) / length))
        else:
            yield from (*start, *end)

    def _into(self, layer: int, unit: int) -> tuple[Point, Point]:
        """The way of what has no label: past the letters of the column, to the rim."""
        x, y = self.x[layer], self.y[layer][unit]
        return (x - self._right(layer) - 2, y), (x - self._radius(layer, unit) - 1, y)

    def _label_place(self, layer: int, unit: int, place: int) -> Point:
        """The left end and the middle height of a weight's label."""
        count = len(self.stacks[layer, unit])
        return self.x[layer] - self._left(layer), self.y[layer][unit] + DOWN * (place - (count - 1) / 2)

    def _to_neuron(self, layer: int, unit: int, place: int) -> tuple[Point, ...]:
        """From a label to the upright line, along it, and to the neuron."""
        left, high = self._label_place(layer, unit, place)
        label = _label_width(self.stacks[layer, unit][place])
        bus, y = self.x[layer] - self._right(layer) - BUS, self.y[layer][unit]
        return (left + label + 5, high), (bus, high), (bus, y), (self.x[layer] - self._radius(layer, unit) - 2, y)

    def _bus(self, layer: int, unit: int) -> Path | None:
        """From all labels of a neuron to it."""
        count = len(self.stacks[layer, unit])
        ways = [self._to_neuron(layer, unit, place) for place in range(count)]
        if not ways:
            return None
        straight = tuple(way[:2] for way in ways)
        upright = ((ways[0][1], ways[-1][1]),) if count > 1 else ()
        return Path((*straight, *upright, ways[0][2:]), "faint" if self.picture.highlighted else "line")

    def _neurons(self) -> Iterator[DrawnShape]:
        for layer, neurons in enumerate(self.picture.layers):
            x = self.x[layer]
            yield Label(self.titles[layer], x, MARGIN + DOWN / 2, SMALL, quiet=True)
            for unit, neuron in enumerate(neurons):
                y, radius = self.y[layer][unit], self._radius(layer, unit)
                kind, colour = light(self.picture, f"n{layer}-{unit}", "neuron", "neuron")
                yield Circle(x, y, radius, f"n{layer}-{unit}", kind, colour)
                yield Label(text_runs(neuron.label), x, y, letter_size(self.picture, layer, unit))
                yield from self._written(layer, unit, neuron)
            for above, under in left_out(self.picture, layer):
                top, bottom = self.y[layer][above] + self._below(layer, above), self.y[layer][under] - self._above(layer, under)
                yield Label((TextRun("⋮"),), x, (top + bottom) / 2, SIZE)

    def _written(self, layer: int, unit: int, neuron: Neuron) -> Iterator[Label]:
        """What stands beside an input, or below another neuron."""
        lines, x, y, radius = neuron_lines(neuron), self.x[layer], self.y[layer][unit], self._radius(layer, unit)
        for place, line in enumerate(lines):
            handle = f"v{layer}-{unit}" if place == 0 and neuron.value is not None else f"g{layer}-{unit}"
            if layer == 0:
                yield Label(text_runs(line), x - radius - 6, y + DOWN * (place - (len(lines) - 1) / 2), SMALL, side=-1, handle=handle)
            else:
                yield Label(text_runs(line), x, y + radius + SMALL * 0.8 + DOWN * place, SMALL, handle=handle)

    def _labels(self) -> Iterator[DrawnShape]:
        """The weights, one below the other where their lines end."""
        for (layer, unit), edges in self.stacks.items():
            for place, edge in enumerate(edges):
                x, y = self._label_place(layer, unit, place)
                name = f"{edge.layer}-{edge.source}-{edge.target}"
                quiet = bool(self.picture.highlighted) and f"e{name}" not in self.picture.highlighted
                before = text_runs(edge_line(replace(edge, after=None)))
                yield Label(before, x + 2, y, SMALL, quiet, side=1, handle=f"w{name}")
                if edge.after is not None:
                    yield Label(text_runs(edge_after(edge)), x + 7 + width(before, SMALL), y, SMALL, quiet, side=1, handle=f"u{name}")


def layer_title(picture: Picture, layer: int) -> str:
    """What stands at a layer, with the number of its units where some are left out."""
    count, title = picture.counts[layer], picture.titles[layer]
    return f"{title} ({count})" if count > units_of(picture, layer) else title


def units_of(picture: Picture, layer: int) -> int:
    """How many neurons of a layer are drawn, without the 1 that biases are multiplied by, which stands last."""
    return len(picture.layers[layer]) - (layer in picture.biased)


def radius_of(picture: Picture, layer: int, unit: int) -> float:
    """Of a neuron: as large as the letters of its layer want it."""
    if unit == units_of(picture, layer):
        return SMALL_RADIUS
    return max(RADIUS, *(width(text_runs(neuron.label), SIZE) / 2 + 6 for neuron in picture.layers[layer]))


def letter_size(picture: Picture, layer: int, unit: int) -> float:
    """Of a neuron's letter."""
    return SMALL if unit == units_of(picture, layer) else SIZE


def left_out(picture: Picture, layer: int) -> list[tuple[int, int]]:
    """The pairs of neighbours in a layer between which neurons are left out."""
    drawn = units_of(picture, layer)
    if picture.units:
        units = picture.units[layer]
        return [(i, i + 1) for i in range(drawn - 1) if units[i + 1] - units[i] > 1]
    return [(drawn - 2, drawn - 1)] if picture.counts[layer] > drawn > 1 else []


def connected(picture: Picture, layer: int) -> Iterator[tuple[int, int]]:
    """The neurons of a layer and of the next between which a line is drawn: those with a weight that has a label, or every pair."""
    labelled = [(edge.source, edge.target) for edge in picture.edges if edge.layer == layer]
    every = itertools.product(range(len(picture.layers[layer])), range(units_of(picture, layer + 1)))
    return ((source, target) for source, target in labelled or every if (layer, source, target) not in picture.absent)


def light(picture: Picture, handle: str, plain: str, others: str) -> tuple[str, int | None]:
    """The kind and the colour of a shape: highlighted, or one of the others, or plain where nothing is highlighted."""
    if handle in picture.highlighted:
        return "lit", FAMILIES["gradient"]
    return others if picture.highlighted else plain, None


def _label_width(edge: Edge) -> float:
    """Of a weight's label, before and after a step."""
    return width(text_runs(edge_line(edge)), SMALL) + (5 if edge.after is not None else 0)


def neuron_lines(neuron: Neuron) -> tuple[Formula, ...]:
    """What stands beside a neuron, a line each."""
    return neuron.more if neuron.value is None else (neuron.value, *neuron.more)


def edge_line(edge: Edge) -> Formula:
    """w1 = 0.21 → 0.374, or the letter alone; nothing for a line without a name."""
    if edge.label == Row(()):
        return edge.label
    sign = "≈" if isinstance(edge.value, Number) and edge.value.rounded else "="
    first = edge.label if edge.value is None else row(edge.label, Operator(sign), edge.value)
    return first if edge.after is None else row(first, edge_after(edge))


def edge_after(edge: Edge) -> Formula:
    """What the weight becomes."""
    return Row(()) if edge.after is None else row(Operator("→"), edge.after)
