"""One weight: where it stands, every path from it to the error, its gradient and its update."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from chainrule.base.errors import InputError
from chainrule.document.document import Block, Equations, Inline, Note, Paragraph, Section
from chainrule.explanation.backward import MOST_PATHS
from chainrule.explanation.context import Context, paths
from chainrule.explanation.definitions import theorems
from chainrule.explanation.outcome import intermediate_quantities, update_lines
from chainrule.explanation.rules import rule_lines
from chainrule.explanation.uses import MOST_SHOWN, terms_of, use_blocks, use_line, users_of, worth_of
from chainrule.formula.expression import Expression, written_nodes
from chainrule.formula.scalar import Element
from chainrule.network.elements import THRESHOLDS, find_element
from chainrule.notation.build import FOLDED
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
    kind = _kind(weight)
    title = "weight.title" if kind == "weight" else f"weight.title_{kind}"
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


def _kind(weight: Element) -> str:
    """What a weight is called in the title of its story."""
    symbol = weight.quantity.symbol
    bias = symbol.startswith("b") and len(weight.quantity.shape) < 2
    return "threshold" if symbol == THRESHOLDS else "bias" if bias else "weight"


def _place(context: Context, weight: Element) -> Inline:
    """From where to where a weight leads, as the formula says in which it stands first; or which element it is, where it leads nowhere."""
    layer, letter = context.layer(context.number_of_layer(weight.quantity)), context.letter(weight)
    if not weight.index:
        return context.text("weight.shared", weight=letter, layer=layer)
    uses = _uses(context, weight)
    if _kind(weight) != "weight":
        units = (_unit(context, user) for user in uses)
        if any(one.quantity.symbol[:1] in "hy" and one.index[-1:] == weight.index for one in units):
            return context.text(f"weight.{_kind(weight)}", weight=letter, unit=weight.index[0] + 1, layer=layer)
    carried = context.scalars.derivative(uses[0], weight) if uses and len(weight.index) == 2 else None
    if carried is None or not context.scalars.has(carried):
        index = ",".join(str(i + 1) for i in weight.index)
        return context.text("weight.element", weight=letter, parameter=context.symbol(weight.quantity), index=index, layer=layer)
    ends = (context.scalars.element(carried), _unit(context, uses[0]))
    source, unit = (context.one_sample.label(end.name) for end in ends)
    key = "weight.place" if len(uses) == 1 else "weight.first_place"
    return context.text(key, weight=letter, source=source, unit=unit, layer=layer, uses=len(uses))


def _uses(context: Context, weight: Element) -> list[Element]:
    """The quantities of the first sample in whose formulas a weight stands, in the order of the forward pass."""
    places = {quantity: place for place, quantity in enumerate(context.derivation.passed)}
    users = [user for user in dict.fromkeys(users_of(context, weight, 0)) if user.quantity.shape[:1] == ("batch",)]
    return sorted(users, key=lambda user: (places[user.quantity], user.index))


def _unit(context: Context, user: Element) -> Element:
    """The output of the unit whose weighted sum this is: h2 of z2; what is no weighted sum of a unit is itself."""
    symbol = user.quantity.symbol
    outputs = [one for one in context.derivation.quantities if one.symbol in (f"h{symbol[1:]}", "y") and one.shape == user.quantity.shape]
    units = (Element(one, user.index) for one in outputs if symbol[:1] == "z")
    return next((unit for unit in units if user in context.scalars.parents(unit)), user)


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
    lines: list[Equation] = []
    level, left = _following(context, [context.gradient_of(weight)]) if of_uses else [context.gradient_of(weight)], 0
    while level:
        own, followed = context.shown(level, 3), context.shown(level, 1)
        for element in own:
            lines.append(context.element_line(element))
            lines += _largest_terms(context, element) if element in followed else []
        shown += own
        left += len(level) - len(own)
        level = [element for element in _following(context, followed) if element not in shown]
    blocks.append(Equations(tuple(lines)))
    blocks += context.left_out("weight.more_units", left)
    return [*blocks, context.heading("weight.forward", samples=context.samples), Equations(tuple(_forward(context, weight)))]


def _following(context: Context, elements: Sequence[Element]) -> list[Element]:
    """The gradients of which these are computed: those whose terms are not 0, the largest term first."""
    worth: dict[Element, float] = {}
    for term in (term for element in elements for term in terms_of(context, element)):
        letters = (context.scalars.element(node) for node in written_nodes(term.term) if context.scalars.has(node))
        for parent in filter(_is_gradient, letters):
            worth[parent] = max(abs(term.worth), worth.get(parent, 0.0))
    return sorted((parent for parent in worth if worth[parent]), key=lambda parent: -worth[parent]) or list(worth)


def _largest_terms(context: Context, gradient: Element) -> list[Equation]:
    """Of a sum that is shortened where it is written, the terms that are followed."""
    terms = terms_of(context, gradient)
    if len(terms) <= FOLDED or context.extent == "all":
        return []
    largest = sorted((term for term in terms if term.worth), key=lambda term: -abs(term.worth))
    return [use_line(context, term) for term in largest[:MOST_SHOWN]]


def _is_gradient(element: Element) -> bool:
    return element.quantity.name is not None and element.quantity.name.gradient


def _forward(context: Context, weight: Element) -> list[Equation]:
    """What the weight leads into within its layer, computed for the first sample: of each quantity one element.

    A row of an embedding is taken at a place of its token. From each place where the weight stands the way
    is followed through the formulas, so that a gate of a recurrence leads to its own unit.
    """
    layer = context.number_of_layer(weight.quantity)
    net = context.step.network
    calls = [call.name for call in net.wiring.calls if net.forward.numbers.get(call.layer) == layer]
    results = [y for name, y in zip(net.wiring.outputs.values(), context.derivation.predictions, strict=True) if name in calls]
    own = [q for q in context.derivation.quantities if (q.name and q.name.layer == layer) or q in results]
    kept: dict[Expression, Element] = {}
    for quantity, users in itertools.groupby(_uses(context, weight), key=lambda user: user.quantity):
        places = list(users)
        kept[quantity] = next((user for user in places if worth_of(context, context.scalars.derivative(user, weight))), places[0])
    for quantity in own:
        if quantity in kept:
            for user in users_of(context, kept[quantity], 0):
                kept.setdefault(user.quantity, user)
    return [context.element_line(kept[quantity]) for quantity in own if quantity in kept]
