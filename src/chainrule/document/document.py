"""An explanation as a value: sections of inert nodes. Formats print them, one `match` each; none decides a formula or a layout."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from chainrule.base.nodes import Node
from chainrule.notation.formula import Equation, Formula

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

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


class Table(Node):
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

    titles   of the layers
    counts   how many neurons each layer has in truth
    alt      the picture in words
    units    which of them are drawn, counted from 0; the first ones and the last where nothing is said
    lit      the neurons ("n0-1") and lines ("e0-1-0") that stand out
    """

    layers: tuple[tuple[Neuron, ...], ...]
    edges: tuple[Edge, ...]
    titles: tuple[str, ...]
    counts: tuple[int, ...]
    alt: str
    units: tuple[tuple[int, ...], ...] = ()
    lit: tuple[str, ...] = ()


class Subheading(Node):
    """A heading inside a section."""

    text: Inline


Block: TypeAlias = Paragraph | Note | Equations | Table | Picture | Subheading


class Section(Node):
    """A part with a heading. `key` names it in every language."""

    key: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
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

    def save(self, path: str | Path, *, layout: str = "article", paper: str = "a4") -> None:
        """Write it to a file, in the format that the suffix says. Raises FileError, UnknownNameError, InputError.

        layout  "article", "slides" or "handout", and paper: "a4" or "letter", where the format has pages

        Pictures of Markdown are files of their own: step-network.svg beside step.md.
        """
        from chainrule.render.formats import save

        save(self, path, layout=layout, paper=paper)

    def _repr_markdown_(self) -> str:
        from chainrule.render.markdown import JUPYTER, markdown

        return markdown(self, JUPYTER)

    def __str__(self) -> str:
        from chainrule.render.plain import plain

        return plain(self)

    def __repr__(self) -> str:
        return str(self)

    def __rich__(self) -> object:
        from chainrule.render.terminal import renderable

        return renderable(self)
