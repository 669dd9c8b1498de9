"""A network on a narrow page: its layers from top to bottom, so that letters can be read where the whole picture is seen.

Letters of weights, which would need room between the neurons, are left out: they stand in the numbers beside it.
"""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.document.document import BoxGraph, Drawing, Illustration, Picture, Visual
from chainrule.pictures.diagram import (
    DOWN,
    MARGIN,
    connected,
    layer_title,
    left_out,
    letter_size,
    light,
    network_diagram,
    neuron_lines,
    radius_of,
)
from chainrule.pictures.graph import graph_diagram
from chainrule.pictures.shapes import SIZE, SMALL, Circle, Diagram, DrawnShape, Label, Path, Point, TextRun, text_runs, width

NARROW, ROW = 560.0, 330.0
"""A wider picture has letters that are too small on a telephone; so wide is a row of boxes there, without the arrows between rows."""

BETWEEN, DOTS, FAN = 8.0, 20.0, 64.0
"""Between what belongs to neighbours in a row, what ⋯ takes besides, and the room for lines between rows."""


def narrow_diagram(picture: Visual) -> Diagram | None:
    """The picture for a narrow page; None where the ordinary one can be read there, or there is no other."""
    drawing: Diagram | Drawing = picture.draw() if isinstance(picture, Illustration) else picture
    if isinstance(drawing, Diagram):
        return None
    whole = network_diagram(drawing)
    if whole.width <= NARROW:
        return None
    narrow = graph_diagram(drawing, ROW) if isinstance(drawing, BoxGraph) else _Upright(drawing).diagram
    return narrow if narrow.width < whole.width else None


class _Upright:
    """Letters stand in rows, and lines only between them."""

    def __init__(self, picture: Picture) -> None:
        self.picture = picture
        self.layers = range(len(picture.layers))
        self.titles = [layer_title(picture, layer).split() for layer in self.layers]
        self.left = max(width((TextRun(word),), SMALL) for words in self.titles for word in words) + 2 * MARGIN
        self.rows = [list(self._across(layer)) for layer in self.layers]
        wide = max(row[-1] for row in self.rows)
        self.x = [[self.left + (wide - row[-1]) / 2 + x for x in row[:-1]] for row in self.rows]
        self.y = list(self._down())
        shapes = (*self._lines(), *self._neurons())
        self.diagram = Diagram(self.left + wide + MARGIN, self.y[-1] + self._below(self.layers[-1]) + MARGIN, shapes, picture.alt)

    def _across(self, layer: int) -> Iterator[float]:
        """The middle of each neuron of a layer, from 0, and the end of the row."""
        x, gaps = 0.0, left_out(self.picture, layer)
        for unit, neuron in enumerate(self.picture.layers[layer]):
            lines = (width(text_runs(line), SMALL) for line in neuron_lines(neuron))
            half = max(radius_of(self.picture, layer, unit), max(lines, default=0.0) / 2)
            x += (BETWEEN + DOTS * ((unit - 1, unit) in gaps) if unit else 0.0) + half
            yield x
            x += half
        yield x

    def _radius(self, layer: int) -> float:
        return radius_of(self.picture, layer, 0)

    def _below(self, layer: int) -> float:
        """From the middle of a row down to where all that is written in it ends."""
        written = max(len(neuron_lines(neuron)) for neuron in self.picture.layers[layer])
        return max(self._radius(layer) + (DOWN * written + 4) * bool(written), DOWN * len(self.titles[layer]) / 2)

    def _down(self) -> Iterator[float]:
        """The middle of each row."""
        y = MARGIN
        for layer in self.layers:
            y += max(self._radius(layer), DOWN * len(self.titles[layer]) / 2)
            yield y
            y += self._below(layer) + FAN

    def _lines(self) -> Iterator[DrawnShape]:
        """Every weight, what is lit last."""
        lines = (self._line(layer, *pair) for layer in self.layers[:-1] for pair in connected(self.picture, layer))
        yield from sorted(lines, key=lambda path: path.kind == "lit")

    def _line(self, layer: int, source: int, target: int) -> Path:
        """From below what is written at a neuron, and past all of its row, to the rim of the next."""
        handle = f"e{layer}-{source}-{target}"
        kind, colour = light(self.picture, handle, "line", "faint")
        x, y = self.x[layer][source], self.y[layer]
        written = len(neuron_lines(self.picture.layers[layer][source]))
        start = y + radius_of(self.picture, layer, source) + (DOWN * written + 4 if written else 1)
        points: list[Point] = [(x, start), (x, max(start, y + self._below(layer)))]
        end = (self.x[layer + 1][target], self.y[layer + 1] - self._radius(layer + 1) - 3)
        return Path(((*(points if points[1][1] - start > 1 else points[:1]), end),), kind, colour, handle=handle)

    def _neurons(self) -> Iterator[DrawnShape]:
        for layer, neurons in enumerate(self.picture.layers):
            y, words = self.y[layer], self.titles[layer]
            for place, word in enumerate(words):
                yield Label((TextRun(word),), MARGIN, y + DOWN * (place - (len(words) - 1) / 2), SMALL, quiet=True, side=1)
            for unit, neuron in enumerate(neurons):
                x, radius, handle = self.x[layer][unit], radius_of(self.picture, layer, unit), f"n{layer}-{unit}"
                kind, colour = light(self.picture, handle, "neuron", "neuron")
                yield Circle(x, y, radius, handle, kind, colour)
                yield Label(text_runs(neuron.label), x, y, letter_size(self.picture, layer, unit))
                for place, line in enumerate(neuron_lines(neuron)):
                    told = f"v{layer}-{unit}" if place == 0 and neuron.value is not None else f"g{layer}-{unit}"
                    yield Label(text_runs(line), x, y + radius + SMALL * 0.8 + DOWN * place, SMALL, handle=told)
            for before, after in left_out(self.picture, layer):
                yield Label((TextRun("⋯"),), (self.x[layer][before] + self.x[layer][after]) / 2, y, SIZE)
