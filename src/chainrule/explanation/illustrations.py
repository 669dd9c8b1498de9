"""Where an explanation speaks of something that can be seen, a picture of it, for formats that have pictures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from chainrule.base.frozen import replace
from chainrule.document.document import Block, Illustration, Paragraph, Section, TableBlock
from chainrule.explanation import pictures
from chainrule.explanation.context import Context
from chainrule.formula.scalar import Element

if TYPE_CHECKING:
    from chainrule.pictures.shapes import Diagram

MOST_WORK = 10**6
"""Multiplications of one forward pass: where there are more, the error is not drawn as a curve."""


MOST_LAYERS = 3
"""Of more, the way of a weight is lit in the last and in the first."""

MOST_ROWS = 4
"""Of a table of samples that has a picture beside it, on a slide."""

MOST_LIT = 16
"""Weights whose way is lit beside their chain, on a slide."""


def of_weight(context: Context, sections: Sequence[Section], weight: Element) -> list[Section]:
    """The story of one weight, with its way lit in the network."""
    lit = Illustration(partial(pictures.paths_picture, context, weight))
    return [replace(one, blocks=(*one.blocks[:1], lit, *one.blocks[1:])) if one.key == "chain" else one for one in sections]


def with_illustrations(context: Context, sections: Sequence[Section]) -> list[Section]:
    """The sections, each with its picture: forward pass, a lit chain a layer, the error along a weight, by rates, and step by step."""
    makers: Mapping[str, Callable[[Context, tuple[Block, ...]], tuple[Block, ...]]] = {
        "data": _data,
        "forward": _forward,
        "descent": _descent,
        "chain": _chain,
        "outcome": _outcome,
        "repeat": _repeat,
    }
    return [
        replace(section, blocks=makers[section.key](context, section.blocks)) if section.key in makers else section for section in sections
    ]


def _data(context: Context, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """For slides, the first sample beside a short table, or beside what stands in its place."""
    tables = [block for block in blocks if isinstance(block, TableBlock)]
    last = tables[0] if tables else blocks[-1]
    if isinstance(last, Paragraph) or (isinstance(last, TableBlock) and len(last.rows) <= MOST_ROWS):
        return (*blocks, Illustration(partial(pictures.sample_picture, context), beside=last))
    return blocks


def _forward(context: Context, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """After what the section says first."""
    return (*blocks[:1], Illustration(partial(pictures.forward_picture, context)), *blocks[1:])


def _descent(context: Context, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """Before the last sentence: E along the first weight that moves."""
    weight = first_weight(context) if _is_small(context) else None
    if weight is None:
        return blocks
    return (*blocks[:-1], _plotted("descent", context, weight), *blocks[-1:])


def _plotted(name: str, *given: Context | Element) -> Illustration:
    """A plot of `figures`, on slides with less room between its axes."""
    return Illustration(partial(_drawn, name, *given), small=partial(_drawn, name, *given, small=True))


def _drawn(name: str, *given: Context | Element, small: bool = False) -> Diagram:
    from chainrule.explanation import figures

    drawn: Diagram = getattr(figures, f"draw_{name}")(*given, small=small)
    return drawn


def first_weight(context: Context) -> Element | None:
    """The first weight of a matrix that moves; rather one that E depends on, as no word does that is not in the batch."""
    moving = [part.parameter for part in context.step.update.parameters if len(part.parameter.shape) > 1]

    def slope(weight: Element) -> Any:
        gradient = context.gradient_of(weight)
        return context.step.values[gradient.quantity.key][gradient.index]

    def weights() -> Iterator[Element]:  # one after the other: there may be a million
        return (weight for parameter in moving for weight in context.each_element(parameter))

    return next((weight for weight in weights() if slope(weight) != 0), next(weights(), None))


def _chain(context: Context, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """After the sentences at the beginning: the way of one weight a layer, the last layer first, as the chains are; for slides, of each."""
    from chainrule.explanation.backward import representatives

    weights = [element for parameter in reversed(context.derivation.parameters) for element in context.elements(parameter)]
    chosen = representatives(context, weights)
    chosen = chosen if len(chosen) <= MOST_LAYERS else [chosen[0], chosen[-1]]
    lit = [Illustration(partial(pictures.paths_picture, context, weight)) for weight in chosen]
    for one in weights[:MOST_LIT]:
        shares = (context.share_letter(one, sample) for sample in context.worked_samples) if context.samples > 1 else ()
        lefts = (context.letter(context.gradient_of(one)), *shares)
        lit += [Illustration(partial(pictures.paths_picture, context, one), beside=left) for left in lefts]
    start = next((place for place, block in enumerate(blocks) if not isinstance(block, Paragraph)), len(blocks))
    return (*blocks[:start], *lit, *blocks[start:])


def _outcome(context: Context, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    """After the sentences about rates, which are simulated for them."""
    if context.advice is None or not _is_small(context):
        return blocks
    return (*blocks, _plotted("rates", context))


def _repeat(context: Context, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
    return (*blocks, _plotted("curve", context)) if _is_small(context) else blocks


def _is_small(context: Context) -> bool:
    return context.step.network.size * context.samples <= MOST_WORK
