"""The picture of a network as a diagram, so laid out that no label covers another or a neuron."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from chainrule.document.document import BoxGraph, Drawing, Edge, Neuron, Picture
from chainrule.notation.formula import Formula, Number, Operator, Prose, Row, row
from chainrule.notation.text import formula_text
from chainrule.pictures.graph import graph_diagram
from chainrule.pictures.shapes import (
    FAMILIES,
    LINE,
    SIZE,
    SMALL,
    Box,
    Circle,
    Diagram,
    Label,
    Line,
    Shape,
    TextRun,
    covered,
    text_runs,
    width,
)

RADIUS, MARGIN = 20.0, 12.0
DOWN = SMALL * LINE + 1
"""From one line of small letters to the next."""

ROW_GAPS = (26.0, 40.0, 60.0, 85.0, 120.0, 170.0, 240.0)
"""Between neurons of a layer: the first at which all labels find room."""

ALONG = (0.5, 0.4, 0.6, 0.32, 0.68, 0.25, 0.75, 0.45, 0.55, 0.2, 0.8, 0.36, 0.64, 0.28, 0.72)
ACROSS = (0.28, 0.32, 0.25, 0.36, 0.2, 0.72, 0.68, 0.75, 0.64, 0.8, 0.4, 0.6, 0.45, 0.55, 0.5)
"""Where a label may stand on a line to the next neuron over there, and on one that crosses others."""


def network_diagram(picture: Drawing) -> Diagram:
    """A network: a graph of boxes; or a column a layer, a line a weight, the larger the more there is to be written."""
    if isinstance(picture, BoxGraph):
        return graph_diagram(picture)
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

    def _title(self, layer: int) -> tuple[TextRun, ...]:
        count, drawn = self.picture.counts[layer], len(self.picture.layers[layer])
        title = self.picture.titles[layer]
        return (TextRun(f"{title} ({count})" if count > drawn else title),)

    def _half(self, layer: int) -> float:
        """Half of what the widest thing in a column takes."""
        values = [
            width((TextRun(formula_text(row(line))),), SMALL) for neuron in self.picture.layers[layer] for line in neuron_lines(neuron)
        ]
        letters = [width(text_runs(neuron.label), SIZE) for neuron in self.picture.layers[layer]]
        return max(RADIUS, width(self.titles[layer], SMALL) / 2, *(v / 2 for v in values), *(v / 2 + 6 for v in letters))

    def _columns(self) -> Iterator[float]:
        """The middle of each layer: far enough apart for titles, and for the labels of the lines between."""
        x = MARGIN + self._half(0)
        yield x
        for layer in range(1, len(self.picture.layers)):
            labels = [width(text_runs(line), SMALL) for edge in self.picture.edges if edge.layer == layer - 1 for line in edge_lines(edge)]
            needed = self._half(layer - 1) + self._half(layer) + 18
            lines = 2 * RADIUS + (max(3.2 * max(labels), 60 + 0.9 * self.gap) if labels else 90)
            x += max(needed, lines)
            yield x

    def _radius(self, layer: int) -> float:
        return max(RADIUS, *(width(text_runs(neuron.label), SIZE) / 2 + 6 for neuron in self.picture.layers[layer]))

    def _place(self, layer: int, neuron: int) -> tuple[float, float]:
        """The middle of a neuron; below ⋮ there is room for it."""
        rows, apart = max(map(len, self.picture.layers)), 2 * RADIUS + self.gap
        top = MARGIN + SMALL * LINE + 14 + RADIUS
        own = len(self.picture.layers[layer])
        return self.columns[layer], top + apart * ((rows - own) / 2 + neuron)

    def _lines(self) -> Iterator[Shape]:
        """Every weight; between layers whose weights have no labels, every pair of neurons that are drawn, but for what is absent."""
        for layer, (before, after) in enumerate(itertools.pairwise(self.picture.layers)):
            pairs = [(edge.source, edge.target) for edge in self.picture.edges if edge.layer == layer]
            every = pairs or itertools.product(range(len(before)), range(len(after)))
            yield from (self._line(layer, i, j) for i, j in every if (layer, i, j) not in self.picture.absent)

    def _line(self, layer: int, source: int, target: int) -> Line:
        """From the rim of one neuron to just before the next."""
        (x1, y1), (x2, y2) = self._place(layer, source), self._place(layer + 1, target)
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        a, b = (self._radius(layer) + 1) / length, (self._radius(layer + 1) + 4) / length
        handle = f"e{layer}-{source}-{target}"
        kind, colour = self._light(handle, "line", "faint")
        return Line(x1 + (x2 - x1) * a, y1 + (y2 - y1) * a, x2 - (x2 - x1) * b, y2 - (y2 - y1) * b, handle, kind, colour)

    def _light(self, handle: str, plain: str, others: str) -> tuple[str, int | None]:
        """The kind and the colour of a shape: highlighted, or one of the others, or plain where nothing is highlighted."""
        highlighted = self.picture.highlighted
        return ("lit", FAMILIES["gradient"]) if handle in highlighted else (others if highlighted else plain, None)

    def _neurons(self) -> Iterator[Shape]:
        for layer, neurons in enumerate(self.picture.layers):
            x, first = self._place(layer, 0)
            covering = width(self.titles[layer], SMALL) > 6 * RADIUS
            yield self._kept(Label(self.titles[layer], x, first - RADIUS - 18, SMALL, quiet=True, covering=covering))
            for i, neuron in enumerate(neurons):
                x, y = self._place(layer, i)
                radius, (kind, colour) = self._radius(layer), self._light(f"n{layer}-{i}", "neuron", "neuron")
                yield Circle(x, y, radius, f"n{layer}-{i}", kind, colour)
                self.taken.append(Box(x - radius, y - radius, x + radius, y + radius))
                self.bottom = max(self.bottom, y + radius)
                yield Label(text_runs(neuron.label), x, y)
                for line, formula in enumerate(neuron_lines(neuron)):
                    down, written = radius + SMALL * 0.8 + DOWN * line, text_runs(formula)
                    handle = f"v{layer}-{i}" if line == 0 and neuron.value is not None else f"g{layer}-{i}"
                    covering = layer > 0 or width(written, SMALL) > 3 * RADIUS
                    yield self._kept(Label(written, x, y + down, SMALL, covering=covering, handle=handle))
            for above, under in self._gaps(layer):
                (_, top), (_, bottom) = self._place(layer, above), self._place(layer, under)
                yield self._kept(Label((TextRun("⋮"),), x, (top + bottom) / 2 + DOWN * self._lines_below(layer) / 2, SIZE, covering=True))

    def _lines_below(self, layer: int) -> int:
        """How many lines stand below a neuron at most, where there is more than the one that ⋮ has room beside."""
        most = max(len(neuron_lines(neuron)) for neuron in self.picture.layers[layer])
        return most if most > 1 else 0

    def _gaps(self, layer: int) -> list[tuple[int, int]]:
        """The pairs of neighbours between which neurons are left out."""
        drawn = len(self.picture.layers[layer])
        if self.picture.units:
            units = self.picture.units[layer]
            return [(i, i + 1) for i in range(drawn - 1) if units[i + 1] - units[i] > 1]
        return [(drawn - 2, drawn - 1)] if self.picture.counts[layer] > drawn > 1 else []

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
            places = [self._beside(edge, share) for share in self._shares(edge)]
            chosen = next((place for place in places if all(self._is_free(covered(label)) for label in place)), None)
            if chosen is None:
                self.fits, chosen = False, places[0]
                if self.gap < ROW_GAPS[-1]:
                    return
            self.taken += map(covered, chosen)
            yield from chosen

    def _shares(self, edge: Edge) -> tuple[float, ...]:
        """Where labels may stand, as shares of the way."""
        (_, y1), (_, y2) = self._place(edge.layer, edge.source), self._place(edge.layer + 1, edge.target)
        alone = len(self.picture.layers[edge.layer + 1]) == 1 or abs(y2 - y1) < 2 * RADIUS + self.gap
        return ALONG if alone else ACROSS

    def _beside(self, edge: Edge, share: float) -> list[Label]:
        """The labels of a line, one below the other around a place on it."""
        (x1, y1), (x2, y2) = self._place(edge.layer, edge.source), self._place(edge.layer + 1, edge.target)
        x, y = x1 + (x2 - x1) * share, y1 + (y2 - y1) * share
        name = f"{edge.layer}-{edge.source}-{edge.target}"
        quiet = bool(self.picture.highlighted) and f"e{name}" not in self.picture.highlighted
        lines = edge_lines(edge)
        first = y - DOWN * (len(lines) - 1) / 2
        return [
            Label(text_runs(line), x, first + DOWN * i, SMALL, quiet, covering=True, handle=f"{'wu'[i]}{name}")
            for i, line in enumerate(lines)
        ]


def neuron_lines(neuron: Neuron) -> tuple[Formula, ...]:
    """What stands below a neuron, a line each."""
    return neuron.more if neuron.value is None else (neuron.value, *neuron.more)


def edge_lines(edge: Edge) -> tuple[Formula, ...]:
    """w1 = 0.21, or the letter alone; and what it becomes: → 0.374. Nothing for a line without a name."""
    if edge.label == Row(()):
        return ()
    sign = "≈" if isinstance(edge.value, Number) and edge.value.rounded else "="
    first = edge.label if edge.value is None else row(edge.label, Operator(sign), edge.value)
    return (first,) if edge.after is None else (first, row(Operator("→", prefix=True), Prose(" "), edge.after))
