"""What each figure shows: parts of the explanation without its prose, the network as pictures, curves."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from chainrule.base.errors import InputError
from chainrule.document.document import Block, Equations, Note, Paragraph, Section, Subheading
from chainrule.explanation import backward, forward, outcome, overview, pictures, plots, predictions, setting
from chainrule.explanation import weight as one
from chainrule.explanation.context import Context
from chainrule.formula.scalar import Element
from chainrule.notation.formula import Ellipsis
from chainrule.notation.text import text
from chainrule.pictures.diagram import network as drawn
from chainrule.pictures.plot import draw
from chainrule.pictures.scenes import Captions, in_turns
from chainrule.pictures.shapes import Diagram


def network(context: Context) -> Diagram:
    """Named neurons in layers."""
    return drawn(pictures.network(context))


def weights(context: Context) -> Diagram:
    """The weights on the lines."""
    return drawn(replace(pictures.weights(context), alt=context.plain("picture.weights", sizes=_sizes(context))))


def sample(context: Context) -> Diagram:
    """The sample on the inputs, its targets below the outputs."""
    return drawn(replace(pictures.sample(context), alt=context.plain("picture.given", sizes=_sizes(context))))


def step(context: Context) -> Diagram:
    """One whole step in a picture that moves."""
    picture = replace(pictures.whole_step(context), alt=context.plain("picture.step"))
    titles = picture.titles[:-1]
    captions = Captions(
        (context.plain("scene.input"), *(context.plain("scene.forward", layer=title) for title in titles[1:])),
        context.plain("scene.error"),
        tuple(context.plain("scene.backward", layer=title) for title in reversed(titles[1:])),
        context.plain("scene.update"),
    )
    return in_turns(drawn(picture), captions)


def data(context: Context) -> Section:
    """The samples in a table; of many columns the first ones and the last."""
    places = ([0, 1, 2, size - 1] if size > 6 else range(size) for size in (context.step.x.shape[1], context.step.t.shape[1]))
    blocks: list[Block] = [setting.data_table(context, *places)]
    if len(context.step.x) > setting.MOST_ROWS:
        blocks.append(Equations((Ellipsis("vertical"),)))
    return Section("data", context.plain("data.title"), tuple(blocks))


def forward_pass(context: Context) -> Section:
    """The forward pass in matrices, and in single numbers."""
    return without_prose(overview.forward(context) if context.detail == "overview" else forward.forward(context))


def error(context: Context) -> Section:
    """The error of the prediction."""
    return without_prose(forward.error(context))


def expanded(context: Context) -> Section:
    """The prediction in its weights."""
    found = None if context.detail == "overview" else forward.expanded(context)
    if found is None:
        raise InputError(
            "the prediction of this network, written out in its weights, is too long to be read; a smaller network has this figure."
        )
    return without_prose(found)


def rule(context: Context) -> Section:
    """The update rule in letters."""
    return without_prose(backward.descent(context))


def update(context: Context, weight: Element) -> Section:
    """The update of one weight."""
    return without_prose(one.sections(context, weight)[1])


def chain(context: Context, weight: Element) -> Section:
    """The chain rule of one weight below the network in which its ways are lit."""
    section = without_prose(one.sections(context, weight)[0])
    alt = context.plain("picture.lit", weight=text(context.letter(weight)))
    return replace(section, blocks=(replace(pictures.lit(context, weight), alt=alt), *section.blocks))


def chains(context: Context) -> Section:
    """The chain rule of every weight."""
    return without_prose(backward.chain_rule(_single_numbers(context)))


def closed_forms(context: Context) -> Section:
    """Every update with its gradient written out."""
    found = backward.closed_forms(_single_numbers(context))
    if found is None:
        raise InputError(
            "the updates have closed forms where one way leads from the error to each weight, by a rule without states and on one sample; "
            "here it is otherwise. chains has the gradients, new-weights the updates."
        )
    return without_prose(found)


def matrix(context: Context) -> Section:
    """Back-propagation in matrices."""
    return without_prose(overview.backward(context) if context.detail == "overview" else backward.matrix_form(context))


def new_weights(context: Context) -> Section:
    """All updates with their numbers."""
    return without_prose(overview.updates(context) if context.detail == "overview" else outcome.new_weights(context))


def second(context: Context) -> Section:
    """The forward pass with the new weights."""
    if context.detail == "overview":
        raise InputError(
            "the numbers of this network are too many for a second forward pass in full; --detail matrix shows it all the same."
        )
    return without_prose(outcome.second_pass(context))


def descent(context: Context, weight: Element) -> Diagram:
    """The error along one weight, with this step on it."""
    return draw(plots.descent(context, weight), context.notation)


def rates(context: Context) -> Diagram:
    """The error after this step by the learning rate."""
    return draw(plots.rates(context), context.notation)


def curve(context: Context, steps: int | None = None) -> Diagram:
    """The error of step after step."""
    return draw(plots.training(context, steps), context.notation)


def gradients(context: Context) -> Diagram:
    """The size of each layer's gradients."""
    return draw(plots.gradients(context), context.notation)


def boundary(context: Context) -> Diagram:
    """What the network predicts for every input."""
    return draw(predictions.boundary(context), context.notation)


def _single_numbers(context: Context) -> Context:
    if context.detail == "overview":
        raise InputError(
            "this network has too many weights to write out the chain rule of each; chain shows that of one, as --weight says."
        )
    return context


def _sizes(context: Context) -> str:
    return "-".join(map(str, context.step.network.sizes))


def without_prose(section: Section) -> Section:
    """Formulas, tables and pictures with what stands above them; ⋮ for what was left out. Raises InputError where that is nothing."""
    kept = [block for block in map(_kept, section.blocks) if block is not None]
    blocks = [a for a, b in pairwise((*kept, Subheading(()))) if not (isinstance(a, Subheading) and isinstance(b, Subheading))]
    if not blocks:
        said = (block.text for block in section.blocks if isinstance(block, Note | Paragraph))
        prose = " ".join("".join(part if isinstance(part, str) else text(part) for part in parts) for parts in said)
        raise InputError(f"there is nothing to be drawn: {prose}")
    return replace(section, blocks=tuple(blocks))


def _kept(block: Block) -> Block | None:
    if isinstance(block, Note) and block.kind == "more":
        return Equations((Ellipsis("vertical"),))
    return None if isinstance(block, Note | Paragraph) else block
