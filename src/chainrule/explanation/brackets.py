"""What [a > b] means, and [a = b], and i and j without an array, is told once in a document: where it first stands."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import Block, Equations, Paragraph, Section, TableBlock
from chainrule.document.words import Words
from chainrule.notation.formula import Fenced, Operator, Row, Symbol
from chainrule.notation.parts import everything_in

SIGNS = (">", "=")
"""Of comparisons."""

AXES = ("i", "j", "k")
"""Letters that count places along an axis."""


def with_brackets_told(words: Words, sections: Iterable[Section]) -> list[Section]:
    """The sections; after the first equations in which [a > b] stands, or [a = b], what that means."""
    told, wanted, counted = [], list(SIGNS), False
    for section in sections:
        blocks = list[Block]()
        for block in section.blocks:
            blocks.append(block)
            parts = list(everything_in([block])) if not (counted and not wanted) and isinstance(block, Equations | TableBlock) else []
            for sign in [sign for sign in wanted if any(_is_bracket(part, sign) for part in parts)]:
                blocks.append(Paragraph(words("functions.bracket", sign=sign)))
                wanted.remove(sign)
            if not counted and any(_counts(part) for part in parts):
                blocks.append(Paragraph(words("functions.places")))
                counted = True
        told.append(replace(section, blocks=tuple(blocks)))
    return told


def _counts(part: FrozenValue) -> bool:
    """Is it the number of a place along an axis?"""
    return isinstance(part, Symbol) and part.letter in AXES and not part.key


def _is_bracket(part: FrozenValue, sign: str) -> bool:
    """Is it a comparison that is 1 or 0? {a if c > d, otherwise b} says itself what it is."""
    return isinstance(part, Fenced) and part.left == "[" and isinstance(part.inside, Row) and Operator(sign) in part.inside.items
