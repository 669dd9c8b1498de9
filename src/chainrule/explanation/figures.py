"""What each figure shows: parts of the explanation without its prose, the network as pictures, curves."""

from __future__ import annotations

from itertools import pairwise

from chainrule.base.errors import InputError
from chainrule.base.frozen import replace
from chainrule.document.document import (
    Block,
    BoxGraph,
    Equations,
    GridBlock,
    Illustration,
    Note,
    Paragraph,
    Section,
    Subheading,
    inline_text,
)
from chainrule.explanation import backward, forward, outcome, overview, pictures, plots, predictions, rules, setting
from chainrule.explanation import weight as one
from chainrule.explanation.context import Context
from chainrule.explanation.inside import inside_section
from chainrule.formula.scalar import Element
from chainrule.notation.formula import Ellipsis
from chainrule.notation.text import formula_text
from chainrule.pictures.diagram import network_diagram
from chainrule.pictures.graph import column_captions
from chainrule.pictures.grids import grids_diagram
from chainrule.pictures.plot import AREA, SMALL_AREA, plot_diagram
from chainrule.pictures.scenes import Captions, animated
from chainrule.pictures.shapes import Diagram


def draw_network(context: Context) -> Diagram:
    """Named neurons in layers."""
    return network_diagram(pictures.network_picture(context))


def draw_weights(context: Context) -> Diagram:
    """The weights on the lines."""
    return network_diagram(replace(pictures.weights_picture(context), alt=context.plain("picture.weights", sizes=_sizes(context))))


def draw_sample(context: Context) -> Diagram:
    """The sample on the inputs, its targets below the outputs."""
    return network_diagram(replace(pictures.sample_picture(context), alt=context.plain("picture.given", sizes=_sizes(context))))


def draw_step(context: Context) -> Diagram:
    """One whole step in a picture that moves."""
    picture = replace(pictures.step_picture(context), alt=context.plain("picture.step"))
    titles = column_captions(picture) if isinstance(picture, BoxGraph) else picture.titles[:-1]
    captions = Captions(
        (context.plain("scene.input"), *(context.plain("scene.forward", layer=title) for title in titles[1:])),
        context.plain("scene.error"),
        tuple(context.plain("scene.backward", layer=title) for title in reversed(titles[1:])),
        context.plain("scene.update"),
    )
    return animated(network_diagram(picture), captions)


def draw_data(context: Context) -> Section:
    """The samples in a table; of many columns the first ones and the last."""
    places = ([0, 1, 2, size - 1] if size > 6 else range(size) for size in (context.step.x.shape[1], context.step.t.shape[1]))
    blocks: list[Block] = [setting.data_table(context, *places)]
    if len(context.step.x) > setting.MOST_ROWS:
        blocks.append(Equations((Ellipsis("vertical"),)))
    return context.section("data", blocks)


def draw_forward(context: Context) -> Section:
    """The forward pass in matrices, and in single numbers."""
    return without_prose(overview.forward_overview(context) if context.detail == "overview" else forward.forward_section(context))


def draw_error(context: Context) -> Section:
    """The error of the prediction."""
    return without_prose(forward.error_section(context))


def draw_expanded(context: Context) -> Section:
    """The prediction in its weights; where that is too long to be read, in matrices."""
    return without_prose(forward.expanded_in_matrices(context) if context.detail == "overview" else forward.expanded_section(context))


def draw_rule(context: Context) -> Section:
    """The update rule in letters."""
    return without_prose(rules.descent_section(context))


def draw_update(context: Context, weight: Element) -> Section:
    """The update of one weight."""
    return without_prose(one.weight_sections(context, weight)[1])


def draw_chain(context: Context, weight: Element) -> Section:
    """The chain rule of one weight below the network in which its paths are highlighted."""
    section = without_prose(one.weight_sections(context, weight)[0])
    alt = context.plain("picture.lit", weight=formula_text(context.letter(weight)))
    return replace(section, blocks=(replace(pictures.paths_picture(context, weight), alt=alt), *section.blocks))


def draw_chains(context: Context) -> Section:
    """The chain rule of every weight; of many, that of one a layer."""
    if context.detail != "overview":
        return without_prose(backward.chain_rule_section(context))
    weights = [element for parameter in reversed(context.derivation.parameters) for element in context.elements(parameter)]
    chains = [without_prose(one.weight_sections(context, weight)[0]) for weight in backward.representatives(context, weights)]
    blocks = (block for chain in chains for block in chain.blocks)
    return Section("chain", context.plain("chain.title_layers"), (*blocks, Equations((Ellipsis("vertical"),))))


def draw_closed_forms(context: Context) -> Section:
    """Every update with its gradient written out."""
    found = backward.closed_forms_section(context)
    if found is None:
        raise InputError("nothing is learned in this network: no update could be written out.")
    return without_prose(found)


def draw_matrix(context: Context) -> Section:
    """Back-propagation in matrices."""
    return without_prose(overview.backward_overview(context) if context.detail == "overview" else backward.matrix_form_section(context))


def draw_new_weights(context: Context) -> Section:
    """All updates with their numbers."""
    return without_prose(overview.updates_overview(context) if context.detail == "overview" else outcome.new_weights_section(context))


def draw_second(context: Context) -> Section:
    """The forward pass with the new weights."""
    return without_prose(overview.second_overview(context) if context.detail == "overview" else outcome.second_pass_section(context))


def draw_descent(context: Context, weight: Element, small: bool = False) -> Diagram:
    """The error along one weight, with this step on it."""
    return plot_diagram(plots.descent_plot(context, weight), context.notation, SMALL_AREA if small else AREA)


def draw_rates(context: Context, small: bool = False) -> Diagram:
    """The error after this step by the learning rate."""
    return plot_diagram(plots.rates_plot(context), context.notation, SMALL_AREA if small else AREA)


def draw_curve(context: Context, steps: int | None = None, small: bool = False) -> Diagram:
    """The error of step after step."""
    return plot_diagram(plots.training_plot(context, steps), context.notation, SMALL_AREA if small else AREA)


def draw_gradients(context: Context) -> Diagram:
    """The size of each layer's gradients."""
    return plot_diagram(plots.gradients_plot(context), context.notation)


def draw_boundary(context: Context) -> Diagram:
    """What the network predicts for every input."""
    return plot_diagram(predictions.boundary_plot(context), context.notation)


def draw_windows(context: Context) -> Diagram:
    """A window of a convolution with its weights, and all outputs that one weight touches. Raises InputError."""
    return _grids(context, "windows")


def draw_gates(context: Context) -> Diagram:
    """The gates of a recurrence through time, and how much of the gradient arrives. Raises InputError."""
    return _grids(context, "gates")


def draw_attention(context: Context) -> Diagram:
    """Who looks at whom, and who gets how much blame. Raises InputError."""
    return _grids(context, "attention")


def _grids(context: Context, kind: str) -> Diagram:
    """The planes of the first layer that has such ones."""
    section = inside_section(context)
    found = list[GridBlock]()
    for block in () if section is None else section.blocks:
        if isinstance(block, GridBlock) and block.kind == kind:
            found.append(block)
        elif isinstance(block, Subheading) and found:
            break
    if not found:
        raise InputError(context.plain(f"figure.no_{kind}"))
    return grids_diagram(found, context.plain(f"figure.{kind}", network=_sizes(context)))


def _sizes(context: Context) -> str:
    return context.step.network.summary


def without_prose(section: Section) -> Section:
    """Formulas, tables and pictures with what stands above them; ⋮ for what was left out. Raises InputError where that is nothing."""
    kept = [block for block in map(_kept, section.blocks) if block is not None]
    blocks = [a for a, b in pairwise((*kept, Subheading(()))) if not (isinstance(a, Subheading) and isinstance(b, Subheading))]
    if not blocks:
        said = (inline_text(block.text) for block in section.blocks if isinstance(block, Note | Paragraph))
        raise InputError(f"there is nothing to be drawn: {' '.join(said)}")
    return replace(section, blocks=tuple(blocks))


def _kept(block: Block) -> Block | None:
    if isinstance(block, Note) and block.kind == "more":
        return Equations((Ellipsis("vertical"),))
    return None if isinstance(block, Note | Paragraph | Illustration) else block
