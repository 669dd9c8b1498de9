"""An explanation as a value: sections of inert nodes. Formats print them, one `match` each; none decides a formula or a layout."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import field
from functools import cached_property
from typing import Any, TypeAlias

from chainrule.base.display import Rendered
from chainrule.base.errors import InputError
from chainrule.base.frozen import FrozenValue, replace
from chainrule.notation.formula import Equation, Formula, Number
from chainrule.notation.text import formula_text

Inline: TypeAlias = "tuple[str | Formula, ...]"
"""Prose with formulas in it, and with `Code`."""


class Paragraph(FrozenValue):
    """Prose."""

    text: Inline


class Note(FrozenValue):
    """Prose that stands out. kind: "insight" (worth remembering), "warning" (goes wrong), "more" (what was left out, how to ask)."""

    kind: str
    text: Inline


class Equations(FrozenValue):
    """Displayed equations, one below the other."""

    equations: tuple[Equation | Formula, ...]


NONE: Inline = ("–",)
"""A cell where others have a number."""


class TableBlock(FrozenValue):
    """Rows below a head; a cell is prose or a formula."""

    head: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]

    @property
    def numbers(self) -> list[bool]:
        """Which columns hold nothing but numbers, and dashes where there is none: they stand right."""
        cells = ([row[place] for row in self.rows if row[place] != NONE] for place in range(len(self.head)))
        return [all(map(is_number, column)) for column in cells]


Cell: TypeAlias = "Inline | str | Formula"
"""What a cell holds, or the one thing that it holds."""


def table(head: Iterable[Cell], rows: Iterable[Iterable[Cell]]) -> TableBlock:
    """A table of such cells."""
    return TableBlock(_cells(head), tuple(map(_cells, rows)))


def _cells(row: Iterable[Cell]) -> tuple[Inline, ...]:
    return tuple(cell if isinstance(cell, tuple) else (cell,) for cell in row)


def inline_text(parts: Inline) -> str:
    """Prose with formulas in it, as plain text."""
    return "".join(part if isinstance(part, str) else formula_text(part) for part in parts)


def joined_inline(parts: Iterable[Cell], between: Inline = (", ",)) -> Inline:
    """Pieces of prose with something between them."""
    return tuple(part for piece in _cells(parts) for part in (*between, *piece))[len(between) :]


class GridBlock(TableBlock):
    """A table of numbers that is a plane, and may be drawn as one, each number the darker the larger it is.

    values   (rows, columns) the numbers behind the cells, without the head and without the first column
    darkest  for each column, the magnitude that is drawn darkest
    kind     of what: "windows", "gates" or "attention"
    caption  above it in a picture
    """

    values: tuple[tuple[float, ...], ...] = ()
    darkest: tuple[float, ...] = ()
    kind: str = ""
    caption: Inline = ()


NOUGHT: Inline = ("·",)
"""A 0 in a grid of numbers."""


def is_number(cell: Inline) -> bool:
    """Does a cell of a table hold nothing but a number?"""
    return cell == NOUGHT or (len(cell) == 1 and isinstance(cell[0], Number))


class Neuron(FrozenValue):
    """One circle of a network picture. value: stands below it, and `more` below that."""

    label: Formula
    value: Formula | None = None
    more: tuple[Formula, ...] = ()


class Edge(FrozenValue):
    """A line of a network picture, from neuron `source` of one layer to neuron `target` of the next, both counted from 0.

    label         its weight; an empty row for a line without one
    value, after  of the weight, before and after a step
    """

    layer: int
    source: int
    target: int
    label: Formula
    value: Formula | None = None
    after: Formula | None = None


class Picture(FrozenValue):
    """A network as layers of neurons and the edges between them; a layer that is too large shows its first and last neurons.

    titles       of the layers
    counts       how many neurons each layer has in truth
    alt          the picture in words
    units        which of them are drawn, counted from 0; the first ones and the last where nothing is said
    highlighted  the neurons ("n0-1") and lines ("e0-1-0") that stand out
    absent       lines that are not there: the layer, and the neurons, among those drawn, from which and to which they would lead
    biased       the layers whose last neuron is no neuron, but the 1 that the biases of the next layer are multiplied by
    """

    layers: tuple[tuple[Neuron, ...], ...]
    edges: tuple[Edge, ...]
    titles: tuple[str, ...]
    counts: tuple[int, ...]
    alt: str
    units: tuple[tuple[int, ...], ...] = ()
    highlighted: tuple[str, ...] = ()
    absent: tuple[tuple[int, int, int], ...] = ()
    biased: tuple[int, ...] = ()

    def neurons(self, layer: int) -> tuple[Neuron, ...]:
        """The neurons of a layer, without the 1 of biases."""
        return self.layers[layer][:-1] if layer in self.biased else self.layers[layer]


class Vertex(FrozenValue):
    """A box of a graph: an input, what a layer gives, a target, an error; or an operation, which has no letter of its own.

    label      its letter; of an operation its sign, or its name
    family     the symbol whose colour its frame has; "" for an operation
    kind       what makes it of what leads to it: "dense"; "" where that stands in `about`, or nothing leads to it
    about      its activation, its units, its parameters; or its formula
    values     the numbers of its parameters, and its own
    gradients  by which back-propagation passes it
    changes    of its parameters in a step
    round      is it a sign, in a small circle?
    recurrent  does it read what it gave one step before?
    shared     which of the layers that are called several times makes it, from 1; 0 for none of them
    """

    label: Formula
    family: str = ""
    kind: str = ""
    about: tuple[Inline, ...] = ()
    values: tuple[Inline, ...] = ()
    gradients: tuple[Inline, ...] = ()
    changes: tuple[Inline, ...] = ()
    round: bool = False
    recurrent: bool = False
    shared: int = 0


class BoxGraph(FrozenValue):
    """A network as boxes and arrows between them.

    vertices     in an order in which they can be computed
    arrows       from vertex to vertex, counted from 0; those that lead to one are in the order of its operands
    alt          the picture in words
    highlighted       the vertices ("n0") and arrows ("e0") that stand out
    """

    vertices: tuple[Vertex, ...]
    arrows: tuple[tuple[int, int], ...]
    alt: str
    highlighted: tuple[str, ...] = ()


class Illustration(FrozenValue):
    """A picture that formats with pictures show: it is drawn when one of them asks, and raises InputError where there is nothing to draw.

    draw    gives the diagram, or the drawing that becomes one
    alt     the picture in words, once it is drawn
    beside  what a slide shows it with: a table, a paragraph, or a derivation, by its left side; other layouts have no room for it
    small   what a slide shows in its place, whose letters are larger beside it
    """

    draw: Callable[[], Any]
    alt: str = ""
    beside: Formula | TableBlock | Paragraph | None = None
    small: Callable[[], Any] | None = None


Drawing: TypeAlias = Picture | BoxGraph
Visual: TypeAlias = Drawing | Illustration


class Subheading(FrozenValue):
    """A heading inside a section."""

    text: Inline


Block: TypeAlias = Paragraph | Note | Equations | TableBlock | Visual | Subheading


class Section(FrozenValue):
    """A part with a heading. `key` names it in every language; folded: it is to be opened where a format folds."""

    key: str
    title: str
    blocks: tuple[Block, ...]
    folded: bool = False


class LivePages(FrozenValue):
    """Steps that can be opened as pages in which every number can be changed, where a format runs what is in it.

    style, module  of every page, once
    contents       by the key of the section that has the button: the page's content as JSON that cannot end the element it stands in
    """

    style: str
    module: str
    contents: dict[str, str]


class Document(Rendered, FrozenValue):
    """A titled sequence of sections.

    language, decimal  of its words and numbers
    colours            which colour (counted from 0) each symbol's key has, the same everywhere
    programs           writes each section's part of the step as NumPy that runs, "" for a section without one; formats that run ask
                       for it, and only they pay
    live               the pages of some sections
    """

    title: str
    sections: tuple[Section, ...]
    language: str = "en"
    decimal: str = "point"
    colours: dict[str, int] = field(default_factory=dict)
    programs: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False)
    live: LivePages | None = field(default=None, compare=False)

    @cached_property
    def illustrated(self) -> Document:
        """The document with its illustrations drawn, without those of which nothing can be drawn, and those for slides."""
        return self._with(
            lambda block: _drawn(block, block.draw) if isinstance(block, Illustration) and block.beside is None else _other(block)
        )

    @cached_property
    def staged(self) -> Document:
        """The same with those for slides."""
        return self._with(lambda block: _drawn(block, block.small or block.draw) if isinstance(block, Illustration) else block)

    @cached_property
    def without_illustrations(self) -> Document:
        """The document without its illustrations."""
        return self._with(_other)

    def _with(self, changed: Callable[[Block], Block | None]) -> Document:
        sections = (replace(one, blocks=tuple(new for block in one.blocks if (new := changed(block)) is not None)) for one in self.sections)
        return replace(self, sections=tuple(sections))

    def section(self, key: str) -> Section:
        """The section with a key. Raises KeyError."""
        return next(section for section in self.sections if section.key == key)


def _drawn(illustration: Illustration, draw: Callable[[], Any]) -> Illustration | None:
    try:
        diagram = draw()
    except InputError:
        return None
    return Illustration(lambda: diagram, diagram.alt, illustration.beside)


def _other(block: Block) -> Block | None:
    return None if isinstance(block, Illustration) else block
