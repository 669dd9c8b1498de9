"""What printed layouts have in common: a document cut into slides, equations cut into lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from chainrule.document import Block, Document, Equations, Inline, Note, Paragraph, Picture, Section, Subheading, Table
from chainrule.nodes import Node
from chainrule.notation.blocks import block as drawn
from chainrule.notation.formula import (
    Call,
    Cases,
    Derivative,
    Equation,
    Fenced,
    Formula,
    Fraction,
    Matrix,
    Operator,
    Power,
    Row,
    Sum,
    Transposed,
)
from chainrule.notation.parts import held

HEIGHT = 13.0
"""Lines of prose that fill a slide below its heading."""

LETTERS = 75
"""Letters of prose on a line of a slide."""

WIDE = 70
"""Letters of a fraction, written on one line, that are too many for a page."""

SHORT = 3.0
"""Prose of fewer lines has no slide of its own."""

PICTURE = 8.0
"""Lines that a picture takes."""


class Slide(Node):
    """What one page shows. part counts the slides of the section from 1."""

    section: Section
    number: int
    part: int
    blocks: tuple[Block, ...]


def slides(document: Document) -> Iterator[Slide]:
    """Every section's slides in their order; nothing of the document is left out."""
    for number, section in enumerate(document.sections, start=1):
        for part, blocks in enumerate(_ideas(section.blocks), start=1):
            yield Slide(section, number, part, tuple(blocks))


def _ideas(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """A subheading begins a slide, and so does what no longer fits; prose that leads to something stays with it."""
    idea: list[Block] = []
    for block in (piece for whole in blocks for piece in _pieces(whole)):
        high = sum(map(_height, idea))
        full = high + _height(block) > HEIGHT
        if idea and (full or (isinstance(block, Subheading) and high > SHORT)):
            leading = [idea.pop()] if full and len(idea) > 1 and isinstance(idea[-1], Paragraph | Subheading) else []
            yield idea
            idea = leading
        idea.append(block)
    if idea:
        yield idea


def _pieces(block: Block) -> Iterator[Block]:
    """A block in parts that fit on a slide."""
    match block:
        case Equations(equations):
            yield from (Equations(tuple(group)) for group in _filled(equations, HEIGHT - 4))
        case Table(head, rows):
            yield from (Table(head, rows[start : start + int(HEIGHT) - 5]) for start in range(0, max(1, len(rows)), int(HEIGHT) - 5))
        case _:
            yield block


def _filled(equations: Iterable[Equation | Formula], height: float) -> Iterator[list[Equation | Formula]]:
    """Equations in groups of at most a height, if one alone is not higher."""
    group: list[Equation | Formula] = []
    for equation in equations:
        if group and sum(map(_height_of, [*group, equation])) > height:
            yield group
            group = []
        group.append(equation)
    if group:
        yield group


def _height(block: Block) -> float:
    """Lines that a block takes on a slide, about."""
    match block:
        case Paragraph(prose) | Note(_, prose):
            return 0.7 + -(-sum(len(part) if isinstance(part, str) else 4 for part in prose) // LETTERS)
        case Subheading():
            return 1.8
        case Equations(equations):
            return 0.5 + sum(map(_height_of, equations))
        case Table(_, rows):
            return 1.6 + 1.2 * len(rows)
        case Picture():
            return PICTURE


def _height_of(formula: Formula) -> float:
    """Lines that a formula takes, about; each side of an equation stands on a line of its own."""
    match formula:
        case Equation(sides):
            lines = lines_of(formula)
            return 0.3 * (len(lines) > 1) + sum(max(map(_height_of, line.items)) for line in lines) if len(sides) > 1 else 1.2
        case Row(items):
            return max(map(_height_of, items), default=1.2)
        case Fraction(above, below):
            return _height_of(above) + 0.8 * _height_of(below)
        case Derivative():
            return 2.0
        case Matrix(rows):
            return max(1.2, 0.3 + 0.95 * len(rows))
        case Cases():
            return 2.2
        case Call(_, arguments):
            return max(map(_height_of, arguments), default=1.2)
        case Fenced(inside) | Power(inside) | Sum(inside) | Transposed(inside):
            return _height_of(inside)
    return 1.2


def lines_of(equation: Equation) -> list[Row]:
    """The left side with the first relation and side, and every further relation with its side."""
    left, *sides = equation.sides
    pairs = zip(equation.relations, sides, strict=True)
    rights = [(Operator(relation), *_spread(side)) for relation, side in pairs]
    return [Row((left, *rights[0])), *map(Row, rights[1:])] if rights else [Row((left,))]


def _spread(side: Formula) -> Iterator[Formula]:
    """What stands side by side, with fractions that no line holds as (…) / 4, which lines can part."""
    for item in side.items if isinstance(side, Row) else (side,):
        if isinstance(item, Fraction) and drawn(item).width > WIDE:
            yield from (held(item.above), Operator("/"), held(item.below))
        else:
            yield item


def joined(prose: Inline) -> Iterator[str | Formula]:
    """Prose with the pieces between its formulas in one, so that `code` with a value in it is whole."""
    for is_prose, parts in groupby(prose, key=lambda part: isinstance(part, str)):
        if is_prose:
            yield "".join(part for part in parts if isinstance(part, str))
        else:
            yield from parts
