"""An explanation as a value: sections of inert nodes. Formats print them, one `match` each; none decides a formula or a layout."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from chainrule.base.display import Rendered
from chainrule.base.nodes import Node
from chainrule.notation.formula import Equation, Formula

Inline: TypeAlias = "tuple[str | Formula, ...]"
"""Prose with formulas in it, and with `Code`."""


class Paragraph(Node):
    """Prose."""

    text: Inline


class Note(Node):
    """Prose that stands out. kind: "insight" (worth remembering), "warning" (goes wrong), "more" (what was left out, how to ask)."""

    kind: str
    text: Inline


class Equations(Node):
    """Displayed equations, one below the other."""

    equations: tuple[Equation | Formula, ...]


class TableBlock(Node):
    """Rows below a head; a cell is prose or a formula."""

    head: tuple[Inline, ...]
    rows: tuple[tuple[Inline, ...], ...]


class Neuron(Node):
    """One circle of a network picture. value: stands below it, and `more` below that."""

    label: Formula
    value: Formula | None = None
    more: tuple[Formula, ...] = ()


class Edge(Node):
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


class Picture(Node):
    """A network: layers of neurons and the edges between them; a layer that is too large shows its first and last neurons.

    titles       of the layers
    counts       how many neurons each layer has in truth
    alt          the picture in words
    units        which of them are drawn, counted from 0; the first ones and the last where nothing is said
    highlighted  the neurons ("n0-1") and lines ("e0-1-0") that stand out
    """

    layers: tuple[tuple[Neuron, ...], ...]
    edges: tuple[Edge, ...]
    titles: tuple[str, ...]
    counts: tuple[int, ...]
    alt: str
    units: tuple[tuple[int, ...], ...] = ()
    highlighted: tuple[str, ...] = ()


class Subheading(Node):
    """A heading inside a section."""

    text: Inline


Block: TypeAlias = Paragraph | Note | Equations | TableBlock | Picture | Subheading


class Section(Node):
    """A part with a heading. `key` names it in every language."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, repr=False)
class Document(Rendered):
    """A titled sequence of sections.

    language, decimal  of its words and numbers
    colours            which colour (counted from 0) each symbol's key has, the same everywhere
    programs           writes each section's part of the step as NumPy that runs, "" for a section without one; formats that run ask
                       for it, and only they pay
    """

    title: str
    sections: tuple[Section, ...]
    language: str = "en"
    decimal: str = "point"
    colours: dict[str, int] = field(default_factory=dict)
    programs: Callable[[], tuple[str, ...]] = field(default=tuple, compare=False)

    def section(self, key: str) -> Section:
        """The section with a key. Raises KeyError."""
        return next(section for section in self.sections if section.key == key)
