"""A document as lines of text within a width: what the plain and the coloured terminal output have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import clean
from chainrule.document.document import (
    Block,
    BoxGraph,
    Document,
    Drawing,
    Equations,
    Illustration,
    Inline,
    Note,
    Paragraph,
    Picture,
    Section,
    Subheading,
    TableBlock,
)
from chainrule.document.words import Words
from chainrule.notation.blocks import line_width, wrapped
from chainrule.notation.formula import Formula, row
from chainrule.notation.text import Segment, segments


class TextLine(FrozenValue):
    """One line. kind: "title", "heading", "subheading", "head" of a table, "insight", "warning", "more", or "" for plain text."""

    segments: tuple[Segment, ...] = ()
    kind: str = ""

    @property
    def text(self) -> str:
        """The line as a string."""
        return "".join(text for text, _ in self.segments).rstrip()


BLANK = TextLine()
INDENT = 2

MOST_LAYERS = 10
"""Layers of a network too long to be drawn that are named before the last."""


def document_lines(document: Document, width: int) -> Iterator[TextLine]:
    """The whole document."""
    yield from _filled((document.title,), width, "title")
    for number, section in enumerate(document.sections, start=1):
        yield BLANK
        yield from section_lines(document, section, number, width)


def section_lines(document: Document, section: Section, number: int, width: int) -> Iterator[TextLine]:
    """A heading and its blocks, with a blank line between them."""
    yield from _filled((f"{number}. {section.title}",), width, "heading")
    words = Words(document.language)
    for block in section.blocks:
        if isinstance(block, Illustration):
            continue
        yield BLANK
        yield from _block(block, words, width)


def _block(block: Block, words: Words, width: int) -> Iterator[TextLine]:
    match block:
        case Paragraph(text):
            yield from _filled(text, width)
        case Note(kind, text):
            yield from _filled((f"{words.plain(f'note.{kind}')}: ", *text), width, kind)
        case Subheading(text):
            yield TextLine(tuple(_segments(text)), "subheading")
        case Equations(equations):
            tall = False
            for position, equation in enumerate(equations):
                drawn = wrapped(equation, width - INDENT, words.catalogue)
                if position and (tall or len(drawn) > 1):
                    yield BLANK
                yield from (TextLine(((" " * INDENT, None), *line)) for line in drawn)
                tall = len(drawn) > 1
        case TableBlock(head, rows):
            yield from _table(head, rows, width)
        case Picture() | BoxGraph():
            yield from picture_lines(block, width)


def _segments(text: Inline) -> Iterator[Segment]:
    for part in text:
        if isinstance(part, str):
            yield clean(part), None
        else:
            yield from segments(part)


def _filled(text: Inline, width: int, kind: str = "") -> Iterator[TextLine]:
    """Prose broken between words; a formula stays in one piece."""
    line: list[Segment] = []
    taken = 0
    for chunk in _chunks(text):
        wide = line_width(chunk)
        if line and taken + wide > width:
            yield TextLine(tuple(_stripped(line)), kind)
            line, taken = [], 0
            if chunk == [(" ", None)]:
                continue
        line += chunk
        taken += wide
    yield TextLine(tuple(_stripped(line)), kind)


def _chunks(text: Inline) -> Iterator[list[Segment]]:
    """Pieces that are not broken: words with what touches them, and spaces."""
    piece: list[Segment] = []
    for part in text:
        if not isinstance(part, str):
            piece += segments(part)
            continue
        first, *others = clean(part).split(" ")
        piece += [(first, None)] * bool(first)
        for word in others:
            if piece:
                yield piece
            yield [(" ", None)]
            piece = [(word, None)] * bool(word)
    if piece:
        yield piece


def _stripped(line: list[Segment]) -> list[Segment]:
    while line and not line[-1][0].strip():
        line = line[:-1]
    return line


def _table(head: Sequence[Inline], rows: Sequence[Sequence[Inline]], width: int) -> Iterator[TextLine]:
    """Columns as wide as their widest cell; numbers to the right.

    A table that is too wide is divided, its first column before each part, where the others hold numbers; else it is printed row by row.
    """
    cells = [[list(_segments(cell)) for cell in line] for line in (head, *rows)]
    widths = [max(line_width(line[column]) for line in cells) for column in range(len(head))]
    right = [all(_numeric(line[column]) for line in cells[1:]) for column in range(len(head))]
    parts = _divided(widths, width) if all(right[1:]) else [range(1, len(head))]
    if max(_letters_across(widths, part) for part in parts) > width:
        yield from _stacked(cells)
        return
    for part in parts:
        if part is not parts[0]:
            yield BLANK
        for position, line in enumerate(cells):
            shown: list[Segment] = [(" " * INDENT, None)]
            for column in (0, *part):
                space = " " * (widths[column] - line_width(line[column]))
                shown += [(space, None), *line[column]] if right[column] else [*line[column], (space, None)]
                shown.append(("  ", None))
            yield TextLine(tuple(shown), "" if position else "head")


def _letters_across(widths: Sequence[int], part: Sequence[int]) -> int:
    """Letters of a line with the first column and these."""
    return INDENT + widths[0] + sum(2 + widths[column] for column in part)


def _divided(widths: Sequence[int], width: int) -> list[range]:
    """The columns after the first, in as few parts of alike many as lines so wide allow."""
    columns = len(widths) - 1
    for count in range(1, columns + 1):
        size = -(-columns // count)
        parts = [range(start, min(start + size, columns + 1)) for start in range(1, columns + 1, size)]
        if all(_letters_across(widths, part) <= width for part in parts):
            return parts
    return [range(1, columns + 1)]


def _stacked(cells: list[list[list[Segment]]]) -> Iterator[TextLine]:
    head, *rows = cells
    for position, line in enumerate(rows):
        if position:
            yield BLANK
        for title, cell in zip(head, line, strict=True):
            yield TextLine(((" " * INDENT, None), *title, (": ", None), *cell))


def _numeric(cell: list[Segment]) -> bool:
    text = "".join(part for part, _ in cell)
    return not text or text[0] in "−0123456789.,∞–…·" or text == "NaN"


def picture_lines(picture: Drawing, width: int) -> Iterator[TextLine]:
    """A network drawn in characters."""
    if isinstance(picture, BoxGraph):
        from chainrule.render.sketch import sketch

        if drawn := sketch(picture, width - INDENT):
            yield from (TextLine(((" " * INDENT, None), *line)) for line in drawn)
            yield BLANK
        yield from _sentences(picture, width)
    elif picture.edges:
        yield from _wiring(picture, width)
    else:
        yield from _columns(picture, width)


def _sentences(graph: BoxGraph, width: int) -> Iterator[TextLine]:
    """A line for each box: what it is of what leads to it."""
    from chainrule.pictures.graph import graph_lines

    for sentence in graph_lines(graph):
        for line in _filled(sentence, width - INDENT):
            yield TextLine(((" " * INDENT, None), *line.segments))


def _wiring(picture: Picture, width: int) -> Iterator[TextLine]:
    """Every unit with the lines that lead into it, layer by layer, side by side where they fit."""
    for layer in range(1, len(picture.layers)):
        drawings = [_unit(picture, layer, unit) for unit in range(len(picture.neurons(layer)))]
        if layer > 1:
            yield BLANK
        yield TextLine(((" " * INDENT + f"{picture.titles[layer - 1]} → {picture.titles[layer]}", None),), "head")
        yield from _beside(drawings, width)


def _unit(picture: Picture, layer: int, unit: int) -> list[list[Segment]]:
    """x1 = 8 ── w1 = 0.21 ─╮ / x2 = 12 ─ w2 = 0.56 ─┴▶ h1"""
    edges = [edge for edge in picture.edges if edge.layer == layer - 1 and edge.target == unit]
    sources = [_valued(picture.layers[layer - 1][edge.source].label, picture.layers[layer - 1][edge.source].value) for edge in edges]
    labels = [_valued(edge.label, edge.value) for edge in edges]
    source_width, label_width = (max(line_width(part) for part in parts) for parts in (sources, labels))
    drawn: list[list[Segment]] = []
    for position, (source, label) in enumerate(zip(sources, labels, strict=True)):
        before = "─" * (source_width - line_width(source)) + "── "
        after = " " + "─" * (label_width - line_width(label) + 1)
        last = position == len(edges) - 1
        end: list[Segment] = [(("─▶ " if len(edges) == 1 else "┴▶ "), None), *segments(picture.layers[layer][unit].label)] if last else []
        corner = "" if last else "╮" if position == 0 else "┤"
        drawn.append([*source, (" " + before, None), *label, (after + corner, None), *end])
    return drawn


def _valued(label: Formula, value: Formula | None) -> list[Segment]:
    return segments(label) if value is None else [*segments(label), (" ", None), *segments(row(value))]


def _beside(drawings: list[list[list[Segment]]], width: int) -> Iterator[TextLine]:
    """Drawings side by side, as many as fit."""
    pending = list(drawings)
    first = True
    while pending:
        taken = [pending.pop(0)]
        while pending and INDENT + sum(_wide(one) + 4 for one in [*taken, pending[0]]) - 4 <= width:
            taken.append(pending.pop(0))
        if not first:
            yield BLANK
        first = False
        for i in range(max(len(drawing) for drawing in taken)):
            parts: list[Segment] = [(" " * INDENT, None)]
            for drawing in taken:
                line = drawing[i] if i < len(drawing) else []
                parts += [*line, (" " * (_wide(drawing) - line_width(line) + 4), None)]
            yield TextLine(tuple(parts))


def _wide(drawing: Iterable[list[Segment]]) -> int:
    return max(line_width(line) for line in drawing)


def _columns(picture: Picture, width: int) -> Iterator[TextLine]:
    """One column a layer, with its first and last units."""
    cells = [[segments(neuron.label) for neuron in picture.neurons(layer)] for layer in range(len(picture.layers))]
    for layer, count in zip(cells, picture.counts, strict=True):
        if count > len(layer):
            layer.insert(-1, [("⋮", None)])
        layer.append([(f"({count})", None)])
    titles: list[list[Segment]] = [[(title, None)] for title in picture.titles]
    columns = [[title, *layer] for title, layer in zip(titles, cells, strict=True)]
    widths = [max(line_width(cell) for cell in column) for column in columns]
    if sum(widths) + 6 * len(widths) > width:
        layers = [f"{title} ({count})" for title, count in zip(picture.titles, picture.counts, strict=True)]
        ends = [*layers[:MOST_LAYERS], "…", layers[-1]] if len(layers) > MOST_LAYERS + 2 else layers
        yield from _filled((" → ".join(ends),), width)
        return
    for i in range(max(len(column) for column in columns)):
        parts: list[Segment] = [(" " * INDENT, None)]
        for position, (column, wide) in enumerate(zip(columns, widths, strict=True)):
            cell = column[i] if i < len(column) else []
            space = wide - line_width(cell)
            arrow = "  →   " if i == 2 and position < len(columns) - 1 else "      "
            parts += [(" " * (space // 2), None), *cell, (" " * (space - space // 2) + arrow, None)]
        yield TextLine(tuple(parts), "head" if i == 0 else "")
