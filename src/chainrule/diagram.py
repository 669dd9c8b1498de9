"""A network picture as a value: circles, lines and labels at places, so laid out that no label covers another or a neuron.

Formats print it, one `match` each. Lengths are in units of which a letter of ordinary text is about 14 high; y grows downwards.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from chainrule.document import Edge, Picture
from chainrule.nodes import Node
from chainrule.notation.formula import Formula, Number, Operator, Row, Symbol, row
from chainrule.notation.parts import letter_parts
from chainrule.notation.text import text

SIZE = 14.0
"""Of ordinary letters; those on lines are `SMALL`, raised and lowered ones `SCRIPT` times as large."""

SMALL, SCRIPT = 12.0, 0.7
RADIUS, MARGIN = 20.0, 12.0
LINE = 1.3
"""The height of a line of text, in sizes of its letters."""

ROW_GAPS = (26.0, 40.0, 60.0, 85.0, 120.0, 170.0, 240.0)
"""Between neurons of a layer: the first at which all labels find room."""

ALONG = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.45, 0.55, 0.2, 0.8, 0.36, 0.64, 0.28, 0.72)
ACROSS = (0.28, 0.32, 0.25, 0.36, 0.2, 0.72, 0.68, 0.75, 0.64, 0.8, 0.4, 0.6, 0.45, 0.55, 0.5)
"""Where a label may stand on a line to the next neuron over there, and on one that crosses others."""


class Run(Node):
    """Letters of one kind. raised: 1 above, −1 below, 0 on the line; key: of the symbol that they write."""

    letters: str
    raised: int = 0
    italic: bool = False
    bold: bool = False
    key: str = ""


class Circle(Node):
    """A neuron. handle: which one, as "n0-1" for the second of the first layer."""

    x: float
    y: float
    radius: float
    handle: str


class Line(Node):
    """A connection, with an arrow's head at its end. handle: "e0-1-0" from the second neuron of layer 0 to the first of layer 1."""

    x1: float
    y1: float
    x2: float
    y2: float
    handle: str


class Label(Node):
    """Letters around a place. quiet: less important; covering: on a ground of its own, over lines."""

    runs: tuple[Run, ...]
    x: float
    y: float
    size: float = SIZE
    quiet: bool = False
    covering: bool = False


class Box(Node):
    """What a shape covers."""

    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: Box) -> bool:
        """Do they overlap?"""
        return self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom


Shape: TypeAlias = Circle | Line | Label


class Diagram(Node):
    """Shapes, the later ones over the earlier ones, within (0, 0) to (width, height); `alt` is the diagram in words."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    alt: str


def network(picture: Picture) -> Diagram:
    """A network: a column a layer, a line a weight, the larger the more there is to be written."""
    for gap in ROW_GAPS:
        layout = _Layout(picture, gap)
        if layout.fits or gap == ROW_GAPS[-1]:
            return layout.diagram
    raise AssertionError("the last of the gaps is taken as it is")


class _Layout:
    """One try: neurons so far apart, and whether each label found room."""

    def __init__(self, picture: Picture, gap: float) -> None:
        self.picture, self.gap = picture, gap
        self.taken: list[Box] = []
        self.fits = True
        self.titles = [self._title(i) for i in range(len(picture.layers))]
        self.columns = list(self._columns())
        self.bottom = 0.0
        shapes = [*self._lines(), *self._neurons(), *self._edge_labels()]
        self.diagram = Diagram(
            self.columns[-1] + self._half(len(self.columns) - 1) + MARGIN, self.bottom + MARGIN, tuple(shapes), picture.alt
        )

    def _title(self, layer: int) -> tuple[Run, ...]:
        count, drawn = self.picture.counts[layer], len(self.picture.layers[layer])
        title = self.picture.titles[layer]
        return (Run(f"{title} ({count})" if count > drawn else title),)

    def _half(self, layer: int) -> float:
        """Half of what the widest thing in a column takes."""
        values = [width((Run(text(row(neuron.value))),), SMALL) for neuron in self.picture.layers[layer] if neuron.value is not None]
        letters = [width(runs(neuron.label), SIZE) for neuron in self.picture.layers[layer]]
        return max(RADIUS, width(self.titles[layer], SMALL) / 2, *(v / 2 for v in values), *(v / 2 + 6 for v in letters))

    def _columns(self) -> Iterator[float]:
        """The middle of each layer: far enough apart for titles, and for the labels of the lines between."""
        x = MARGIN + self._half(0)
        yield x
        for layer in range(1, len(self.picture.layers)):
            labels = [width(runs(label(edge)), SMALL) for edge in self.picture.edges if edge.layer == layer - 1]
            needed = self._half(layer - 1) + self._half(layer) + 18
            lines = 2 * RADIUS + (max(3.2 * max(labels), 60 + 0.9 * self.gap) if labels else 90)
            x += max(needed, lines)
            yield x

    def _radius(self, layer: int) -> float:
        return max(RADIUS, *(width(runs(neuron.label), SIZE) / 2 + 6 for neuron in self.picture.layers[layer]))

    def _place(self, layer: int, neuron: int) -> tuple[float, float]:
        """The middle of a neuron; below ⋮ there is room for it."""
        rows, apart = max(map(len, self.picture.layers)), 2 * RADIUS + self.gap
        top = MARGIN + SMALL * LINE + 14 + RADIUS
        own = len(self.picture.layers[layer])
        return self.columns[layer], top + apart * ((rows - own) / 2 + neuron)

    def _lines(self) -> Iterator[Shape]:
        """Every weight; where they have no labels, every pair of neurons that are drawn."""
        pairs = [(edge.layer, edge.source, edge.target) for edge in self.picture.edges]
        if not pairs:
            sizes = [range(len(layer)) for layer in self.picture.layers]
            pairs = [(k, i, j) for k, (a, b) in enumerate(itertools.pairwise(sizes)) for i in a for j in b]
        for layer, source, target in pairs:
            (x1, y1), (x2, y2) = self._place(layer, source), self._place(layer + 1, target)
            length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
            a, b = (self._radius(layer) + 1) / length, (self._radius(layer + 1) + 4) / length
            yield Line(x1 + (x2 - x1) * a, y1 + (y2 - y1) * a, x2 - (x2 - x1) * b, y2 - (y2 - y1) * b, f"e{layer}-{source}-{target}")

    def _neurons(self) -> Iterator[Shape]:
        for layer, neurons in enumerate(self.picture.layers):
            x, first = self._place(layer, 0)
            yield self._kept(Label(self.titles[layer], x, first - RADIUS - 18, SMALL, quiet=True))
            for i, neuron in enumerate(neurons):
                x, y = self._place(layer, i)
                radius = self._radius(layer)
                yield Circle(x, y, radius, f"n{layer}-{i}")
                self.taken.append(Box(x - radius, y - radius, x + radius, y + radius))
                self.bottom = max(self.bottom, y + radius)
                yield Label(runs(neuron.label), x, y)
                if neuron.value is not None:
                    yield self._kept(Label(runs(neuron.value), x, y + radius + SMALL * 0.8, SMALL))
            if self.picture.counts[layer] > len(neurons) > 1:
                (_, above), (_, below) = self._place(layer, len(neurons) - 2), self._place(layer, len(neurons) - 1)
                yield self._kept(Label((Run("⋮"),), x, (above + below) / 2, SIZE, covering=True))

    def _kept(self, label: Label) -> Label:
        box = covered(label)
        self.fits = self.fits and self._is_free(box)
        self.taken.append(box)
        self.bottom = max(self.bottom, box.bottom)
        return label

    def _is_free(self, box: Box) -> bool:
        return not any(box.meets(other) for other in self.taken)

    def _edge_labels(self) -> Iterator[Shape]:
        """Each at the first place on its line where there is room; the first that finds none ends this try."""
        for edge in self.picture.edges:
            (x1, y1), (x2, y2) = self._place(edge.layer, edge.source), self._place(edge.layer + 1, edge.target)
            written = runs(label(edge))
            alone = len(self.picture.layers[edge.layer + 1]) == 1 or abs(y2 - y1) < 2 * RADIUS + self.gap
            shares = ALONG if alone else ACROSS
            places = [Label(written, x1 + (x2 - x1) * s, y1 + (y2 - y1) * s, SMALL, covering=True) for s in shares]
            chosen = next((place for place in places if self._is_free(covered(place))), None)
            if chosen is None:
                self.fits, chosen = False, places[0]
                if self.gap < ROW_GAPS[-1]:
                    return
            self.taken.append(covered(chosen))
            yield chosen


def label(edge: Edge) -> Formula:
    """w1 = 0.21, or the letter alone."""
    return edge.label if edge.value is None else row(edge.label, Operator("="), edge.value)


def covered(label: Label) -> Box:
    """What a label covers, with a little room around it."""
    half, height = width(label.runs, label.size) / 2 + 2, label.size * LINE / 2
    return Box(label.x - half, label.y - height, label.x + half, label.y + height)


def runs(formula: Formula) -> tuple[Run, ...]:
    """A symbol, a number or a short row of them as runs of letters; anything else in one line of text."""
    match formula:
        case Symbol():
            return tuple(_symbol(formula))
        case Row(items):
            return tuple(run for item in items for run in runs(item))
        case Operator(sign, prefix):
            return (Run(sign if prefix else f" {sign} "),)
        case Number(digits, power):
            return (Run(digits),) if power is None else (Run(f"{digits} · 10"), Run(str(power).replace("-", "−"), 1))
        case _:
            return (Run(text(formula)),)


def _symbol(symbol: Symbol) -> Iterator[Run]:
    base, accent, digits = letter_parts(symbol.letter)
    whole = symbol.letter.rstrip("₀₁₂₃₄₅₆₇₈₉") if accent else base
    yield Run(whole, italic=len(base) == 1 and not symbol.bold, bold=symbol.bold, key=symbol.key)
    if below := digits + symbol.subscript:
        yield Run(below, -1, key=symbol.key)
    if symbol.superscript:
        yield Run(symbol.superscript, 1, key=symbol.key)


def width(written: Iterable[Run], size: float) -> float:
    """How wide letters of that size are at most, in common fonts."""
    return sum(sum(map(_advance, run.letters)) * size * (SCRIPT if run.raised else 1) for run in written)


def _advance(letter: str) -> float:
    """In sizes of the letters; generous, since nobody knows which font there will be."""
    if unicodedata.combining(letter):
        return 0.0
    if unicodedata.east_asian_width(letter) in "WF" or unicodedata.category(letter) == "So":
        return 1.2
    if letter in "ijlt.,;:|!'()[] ":
        return 0.34
    return 0.9 if letter in "mwMW@%" else 0.75 if letter.isupper() else 0.62 if letter in "−=+·" else 0.53
