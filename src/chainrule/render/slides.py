"""What printed layouts have in common: a document cut into slides, equations cut into lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import (
    Block,
    BoxGraph,
    Document,
    Equations,
    Illustration,
    Note,
    Paragraph,
    Picture,
    Section,
    Subheading,
    TableBlock,
    Visual,
)
from chainrule.notation.blocks import text_block
from chainrule.notation.formula import Call, Cases, Derivative, Equation, Fenced, Formula, Fraction, Matrix, Power, Row, Sum, Transposed
from chainrule.pictures.parts import only_lit, part_of
from chainrule.render.breaking import lines_of

HEIGHT = 15.0
"""Lines that fill a slide below its title. Lengths are estimates: formats make the type of a slide as large as fits."""

LETTERS = 75
"""Letters of prose on a line of a slide."""

COLUMNS, BESIDE = 62, 36
"""Letters of an equation on a line of a slide; beside a picture."""

PICTURE = 11.5
"""Lines that a picture takes."""

SMALL_PICTURE = 7.0
"""Lines that one takes beside a derivation, at least."""

MOST_BESIDE = 2
"""Neurons of a layer that are drawn beside a derivation, at most."""

ROWS = 8
"""Rows of a table on a slide."""

FULLEST = 1.4
"""How full a slide may be, its type smaller, where what leads to something, or a remark, would stand alone otherwise."""

ANOTHER, SUBHEADING, DERIVATION, BARE, CROWDED = 0.4, 0.3, 0.2, 1.0, 12.0
"""What a further slide costs, a subheading in the middle of one, a derivation that is not the first on its slide, and less than a third
of one. An empty slide costs 1 more, a full one nothing, and one that is too full CROWDED times the square of what is too much.
"""

STEPS = 4
"""So many relations make an equation a derivation: an idea of its own."""


class Slide(FrozenValue):
    """What one page shows. part: of how many (`parts`) of its section, from 1."""

    section: Section
    number: int
    part: int
    parts: int
    blocks: tuple[Block, ...]


def slides(document: Document) -> Iterator[Slide]:
    """Every section's slides in their order; nothing of the document is left out. A section that is a remark and has room on the slide
    before it stands there, under a subheading.
    """
    made: list[Slide] = []
    for number, section in enumerate(document.sections, start=1):
        if made and all(isinstance(block, Note) for block in section.blocks):
            remark = (*made[-1].blocks, Subheading((f"{number}. {section.title}",)), *section.blocks)
            if _height_of_all(remark) <= FULLEST * HEIGHT:
                made[-1] = replace(made[-1], blocks=remark)
                continue
        ideas = _ideas(tuple(map(_seen_from_afar, _beside(section.blocks))))
        for part, blocks in enumerate(ideas, start=1):
            made.append(Slide(section, number, part, len(ideas), tuple(_rejoined(blocks))))
    yield from made


def _beside(blocks: Sequence[Block]) -> Iterator[Block]:
    """The pieces of the blocks; each derivation, or table, is followed by the picture beside it, in place of those that stand for all."""
    lit: dict[object, Illustration] = {
        block.beside: block for block in blocks if isinstance(block, Illustration) and block.beside is not None
    }
    for block in blocks:
        if isinstance(block, Illustration):
            if not lit:
                yield block
            continue
        if block in lit:
            yield from (block, lit[block])
            continue
        for piece in _pieces(block):
            yield piece
            if isinstance(piece, Equations) and isinstance(piece.equations[0], Equation) and _height(piece, BESIDE) <= HEIGHT:
                picture = lit.get(piece.equations[0].sides[0])
                yield from () if picture is None else (picture,)


def _seen_from_afar(block: Block) -> Block:
    """Of the picture of a network, as much as can be drawn with large letters; beside a derivation, without what that says."""
    if isinstance(block, Picture):
        return part_of(block)
    drawn = block.draw() if isinstance(block, Illustration) else None
    if not isinstance(block, Illustration) or not isinstance(drawn, Picture):
        return block
    part = part_of(drawn) if block.beside is None else part_of(only_lit(drawn), MOST_BESIDE)
    return replace(block, draw=lambda: part)


def _ideas(pieces: Sequence[Block]) -> list[Sequence[Block]]:
    """The pieces cut so that slides are as full as can be: of all ways, the one that costs least."""
    ways: list[tuple[float, list[Sequence[Block]]]] = [(0.0, [])]
    for end in range(1, len(pieces) + 1):
        found = []
        for start in range(end - 1, -1, -1):
            slide = pieces[start:end]
            high = _height_of_all(slide)
            if high > FULLEST * HEIGHT and len(slide) > 1:
                break
            before, cut = ways[start]
            found.append((before + _cost(slide, high, pieces[end : end + 1]), [*cut, slide]))
        ways.append(min(found, key=lambda way: way[0]))
    return ways[-1][1]


def _cost(slide: Sequence[Block], high: float, following: Sequence[Block]) -> float:
    """How far a slide is from full, and what stands at the wrong end of it: what leads to something stays with it."""
    shown = any(isinstance(block, Equations | TableBlock | Visual) for block in following)
    leads = 9 * any(map(is_beside, following)) + 3 * isinstance(slide[-1], Subheading) + (isinstance(slide[-1], Paragraph) and shown)
    inside = SUBHEADING * sum(isinstance(block, Subheading) for block in slide[1:])
    equations = [block.equations for block in slide if isinstance(block, Equations)]
    derivations = sum(any(isinstance(one, Equation) and len(one.relations) >= STEPS for one in own) for own in equations)
    more = DERIVATION * max(0, derivations - 1)
    left = 1 - high / HEIGHT
    return ANOTHER + left**2 * (1 if left > 0 else CROWDED) + BARE * (left > 2 / 3) + inside + more + leads


def _pieces(block: Block) -> Iterator[Block]:
    """A block in parts between which a slide may end."""
    match block:
        case Equations(equations):
            yield from (Equations((equation,)) for equation in equations)
        case TableBlock(head, rows):
            count = -(-len(rows) // ROWS) or 1
            size = -(-len(rows) // count) or 1
            yield from (TableBlock(head, rows[start : start + size]) for start in range(0, max(1, len(rows)), size))
        case _:
            yield block


def _rejoined(pieces: Iterable[Block]) -> Iterator[Block]:
    """Equations that stand together as one block again."""
    for is_equation, group in groupby(pieces, key=lambda piece: isinstance(piece, Equations)):
        if is_equation:
            yield Equations(tuple(equation for piece in group if isinstance(piece, Equations) for equation in piece.equations))
        else:
            yield from group


def is_beside(block: Block) -> bool:
    """Is it a picture that stands beside what is before it?"""
    return isinstance(block, Illustration) and block.beside is not None


def share_beside(block: Block) -> float:
    """How much of a slide's width something needs that has a picture beside it."""
    if isinstance(block, TableBlock):
        return min(0.1 + 0.08 * len(block.head), 0.6)
    if isinstance(block, Paragraph):
        return 0.5
    equations = [one for one in block.equations if isinstance(one, Equation)] if isinstance(block, Equations) else []
    wide = [_letters_across(line) for one in equations for line in lines_of(one)]
    return min(max((max(wide, default=0) + 4) / COLUMNS, 0.3), 0.52)


def _height_of_all(slide: Sequence[Block]) -> float:
    """Lines that blocks below each other take, about; what has a picture beside it has less room."""
    pairs = zip(slide, (*slide[1:], None), strict=True)
    return sum(
        max(_height(block, BESIDE), SMALL_PICTURE) if following is not None and is_beside(following) else _height(block)
        for block, following in pairs
        if not is_beside(block)
    )


def _height(block: Block, columns: int = COLUMNS) -> float:
    """Lines that a block takes on a slide, about, with so many letters of an equation on a line."""
    match block:
        case Paragraph(prose) | Note(_, prose):
            return 0.6 + 1.25 * -(-sum(len(part) if isinstance(part, str) else 4 for part in prose) // LETTERS)
        case Subheading():
            return 2.2
        case Equations(equations):
            return 0.3 + sum(_height_of(equation, columns) for equation in equations)
        case TableBlock(_, rows):
            return 2.2 + 1.3 * len(rows)
        case Picture() | BoxGraph() | Illustration():
            return PICTURE


def _height_of(formula: Formula, columns: int = COLUMNS) -> float:
    """Lines that a formula takes, about; each side of an equation stands on a line of its own."""
    match formula:
        case Equation(sides):
            lines = lines_of(formula)
            return 0.3 * (len(lines) > 1) + sum(_height_of_line(line, columns) for line in lines) if len(sides) > 1 else 1.3
        case Row(items):
            return max(map(_height_of, items), default=1.3)
        case Fraction(above, below):
            return _height_of(above) + 0.8 * _height_of(below)
        case Derivative():
            return 2.4
        case Matrix(rows):
            return max(1.3, 0.3 + 1.1 * len(rows))
        case Cases():
            return 2.2
        case Call(_, arguments):
            return max(map(_height_of, arguments), default=1.3)
        case Fenced(inside) | Power(inside) | Sum(inside) | Transposed(inside):
            return _height_of(inside)
    return 1.3


def _height_of_line(line: Row, columns: int) -> float:
    """A line of an equation, parted where it is longer than so many letters."""
    tallest, *others = sorted(map(_height_of, line.items), reverse=True)
    return tallest + max(others, default=0.0) * (-(-_letters_across(line) // columns) - 1)


def _letters_across(line: Row) -> int:
    """Letters of a line next to each other, about: those of a derivative stand above each other."""
    return text_block(line).width - sum(text_block(item).width for item in line.items if isinstance(item, Derivative)) // 2
