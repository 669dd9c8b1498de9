"""What [a > b] means is told once in a document: where it first stands."""

from __future__ import annotations

from collections.abc import Iterable

from chainrule.base.frozen import FrozenValue, replace
from chainrule.document.document import Equations, Paragraph, Section, TableBlock
from chainrule.document.words import Words
from chainrule.notation.formula import Fenced, Operator, Row
from chainrule.notation.parts import everything_in


def with_brackets_told(words: Words, sections: Iterable[Section]) -> list[Section]:
    """The sections; after the first equations in which [a > b] stands, what that means."""
    told = list(sections)
    for number, section in enumerate(told):
        for place, block in enumerate(section.blocks, start=1):
            if isinstance(block, Equations | TableBlock) and any(map(_is_bracket, everything_in([block]))):
                meaning = Paragraph(words("functions.bracket"))
                told[number] = replace(section, blocks=(*section.blocks[:place], meaning, *section.blocks[place:]))
                return told
    return told


def _is_bracket(part: FrozenValue) -> bool:
    """Is it a comparison that is 1 or 0? {a if c > d, otherwise b} says itself what it is."""
    return isinstance(part, Fenced) and part.left == "[" and isinstance(part.inside, Row) and Operator(">") in part.inside.items
