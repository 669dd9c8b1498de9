"""One weight: where it stands, every path from it to the error, its gradient and its update."""

from __future__ import annotations

from collections.abc import Sequence

from chainrule.base.errors import InputError
from chainrule.document.document import Block, Equations, Inline, Note, Paragraph, Section
from chainrule.explanation.backward import MOST_PATHS
from chainrule.explanation.context import Context, paths
from chainrule.explanation.definitions import theorems
from chainrule.explanation.outcome import intermediate_quantities, update_lines
from chainrule.explanation.rules import rule_lines
from chainrule.explanation.uses import use_blocks
from chainrule.formula.scalar import Element
from chainrule.network.elements import THRESHOLDS, find_element
from chainrule.notation.formula import Equation

FEW_ELEMENTS = 400
"""Paths are only looked for in networks with at most so many quantities."""


def find_weight(context: Context, wanted: str) -> Element:
    """The weight that a person means. Raises InputError."""
    network = context.step.network
    found = find_element(network, wanted)
    if found.index in network.absent.get(found.key, ()):
        raise InputError(f"{wanted} is absent in this network: there is no weight to be explained.")
    return found


def weight_sections(context: Context, weight: Element) -> list[Section]:
    """The story of one weight."""
    letter = context.letter(weight)
    blocks: list[Block] = [Paragraph(_place(context, weight)), *theorems(context), *_chain(context, weight)]
    title = f"weight.title_{_kind_of_bias(weight)}" if len(weight.quantity.shape) < 2 else "weight.title"
    found = [Section("chain", context.plain(title, weight=_text(context, weight)), tuple(blocks))]
    parts = [part for part in context.step.update.parameters if part.parameter is weight.quantity]
    if not parts or weight.index in context.step.network.kept.get(weight.key, ()):
        note = Note("insight", context.text("weights.frozen", names=_text(context, weight) if parts else weight.key))
        return [*found, Section("weights", context.plain("weight.update", weight=_text(context, weight)), (note,))]
    lines = [context.element_line(Element(node, ())) for node in intermediate_quantities(parts[0].new) if not node.shape]
    lines += update_lines(context, Element(parts[0].new, weight.index), weight)
    update = (context.says("weight.update_intro", weight=letter), Equations(tuple(rule_lines(context))), Equations(tuple(lines)))
    return [*found, Section("weights", context.plain("weight.update", weight=_text(context, weight)), update)]


def _text(context: Context, weight: Element) -> str:
    from chainrule.notation.text import formula_text

    return formula_text(context.letter(weight))


def _kind_of_bias(weight: Element) -> str:
    return "threshold" if weight.quantity.symbol == THRESHOLDS else "bias"


def _place(context: Context, weight: Element) -> Inline:
    layer = context.layer(context.number_of_layer(weight.quantity))
    if not weight.index:
        return context.text("weight.shared", weight=context.letter(weight), layer=layer)
    if len(weight.index) == 1:
        return context.text(f"weight.{_kind_of_bias(weight)}", weight=context.letter(weight), unit=weight.index[0] + 1, layer=layer)
    if not context.step.network.wiring.is_chain or len(weight.index) != 2:
        index = ",".join(str(i + 1) for i in weight.index)
        return context.text(
            "weight.element", weight=context.letter(weight), parameter=context.symbol(weight.quantity), index=index, layer=layer
        )
    number = context.number_of_layer(weight.quantity)
    signals = [context.derivation.x, *(q for q in context.derivation.quantities if q.symbol in "hy")]
    names = [signals[number - 1].name, signals[number].name]
    one = context.one_sample
    source, unit = (one.label(name.at(0, i)) for name, i in zip(names, weight.index, strict=True) if name is not None)
    return context.text("weight.place", weight=context.letter(weight), source=source, unit=unit, layer=layer)


def _chain(context: Context, weight: Element) -> list[Block]:
    top = Element(context.derivation.error, ())
    size = sum(value.size for value in context.step.values.values())
    found = paths(context.scalars, top, weight, MOST_PATHS) if size <= FEW_ELEMENTS else None
    if found == []:
        gradient = context.element_line(context.gradient_of(weight))
        return [context.says("weight.no_way", error=context.labels.error, weight=context.letter(weight)), Equations((gradient,))]
    if found is not None:
        ahead = [context.element_line(one) for one in dict.fromkeys(map(context.written_once, found)) if one is not None]
        return [context.says("weight.paths", paths=len(found)), Equations((*ahead, context.chain_line(weight, found)))]
    return _recursive(context, weight)


def _recursive(context: Context, weight: Element) -> list[Block]:
    """The gradient through ∂E/∂ of its own unit, that one through the units it feeds, and so on to the error."""
    blocks: list[Block] = [context.says("weight.recursive")]
    of_uses = use_blocks(context, weight) if context.extent != "all" else []
    blocks += of_uses
    shown: list[Element] = []
    level, left = _following(context, [context.gradient_of(weight)]) if of_uses else [context.gradient_of(weight)], 0
    while level:
        shown += context.shown(level, 3)
        left += len(level) - len(context.shown(level, 3))
        level = [element for element in _following(context, context.shown(level, 1)) if element not in shown]
    blocks.append(Equations(tuple(context.element_line(element) for element in shown)))
    blocks += context.left_out("weight.more_units", left)
    return [*blocks, context.heading("weight.forward", samples=context.samples), Equations(tuple(_forward(context, weight)))]


def _following(context: Context, elements: Sequence[Element]) -> list[Element]:
    """The gradients of which these are computed: those that are not 0, the largest first."""
    parents = [parent for element in elements for parent in context.scalars.parents(element) if _is_gradient(parent)]
    worth = {parent: abs(float(context.step.values[parent.key][parent.index])) for parent in parents}
    return sorted((parent for parent in worth if worth[parent]), key=lambda parent: -worth[parent]) or list(worth)


def _is_gradient(element: Element) -> bool:
    return element.quantity.name is not None and element.quantity.name.gradient


def _forward(context: Context, weight: Element) -> list[Equation]:
    """The unit that the weight leads into, computed for the first sample."""
    layer, unit = context.number_of_layer(weight.quantity), weight.index[-1] if weight.index else 0
    net = context.step.network
    calls = [call.name for call in net.wiring.calls if net.forward.numbers.get(call.layer) == layer]
    results = [y for name, y in zip(net.wiring.outputs.values(), context.derivation.predictions, strict=True) if name in calls]
    own = [q for q in context.derivation.quantities if (q.name and q.name.layer == layer) or q in results]
    return [context.element_line(Element(quantity, (0, unit))) for quantity in own if len(quantity.shape) > 1]
