"""A document in pieces, between which a slide may end. Formats measure them and fill slides with them."""

from __future__ import annotations

from collections.abc import Iterator

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import Block, Equations, Illustration, Paragraph, Picture, Section, TableBlock
from chainrule.notation.formula import Equation
from chainrule.pictures.parts import from_lit_on, only_lit, part_of

MOST_BESIDE, LAYERS_BESIDE = 2, 5
"""Neurons of a layer that are drawn beside a derivation, and layers with the error, at most."""


class SlidePiece(FrozenValue):
    """A block that stands on one slide, if one holds it, and the picture beside it."""

    block: Block
    picture: Illustration | None = None


def slide_pieces(section: Section) -> Iterator[SlidePiece]:
    """A section's blocks, each equation on its own; nothing is left out. A derivation, or a table, has the picture beside it that belongs
    to it, in place of those that stand for all.
    """
    lit = {block.beside: block for block in section.blocks if isinstance(block, Illustration) and block.beside is not None}
    for block in section.blocks:
        match block:
            case Illustration() if lit:
                continue
            case Equations(equations):
                for one in equations:
                    yield SlidePiece(Equations((one,)), _small(lit.get(one.sides[0]) if isinstance(one, Equation) else None))
            case Picture():
                yield SlidePiece(part_of(block))
            case Illustration():
                yield SlidePiece(_large(block))
            case Paragraph() | TableBlock():
                yield SlidePiece(block, _small(lit.get(block)))
            case _:
                yield SlidePiece(block)


def _large(illustration: Illustration) -> Illustration:
    """Of the picture of a network, as much as can be drawn with large letters."""
    drawn = illustration.draw()
    part = part_of(drawn) if isinstance(drawn, Picture) else drawn
    return replace(illustration, draw=lambda: part)


def _small(illustration: Illustration | None) -> Illustration | None:
    """Beside a derivation, a network without what that says, and no more than a few layers: where even these are too many, nothing."""
    drawn = illustration.draw() if illustration is not None else None
    if illustration is None or not isinstance(drawn, Picture):
        return illustration
    drawn = from_lit_on(drawn) if len(drawn.layers) > LAYERS_BESIDE else drawn
    if len(drawn.layers) > LAYERS_BESIDE:
        return None
    part = replace(part_of(part_of(only_lit(drawn), MOST_BESIDE)), titles=("",) * len(drawn.layers))
    return replace(illustration, draw=lambda: part)
