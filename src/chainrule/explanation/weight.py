"""One weight: where it stands, every path from it to the error, its gradient and its update."""

from __future__ import annotations

import re

from chainrule.base.errors import InputError, quoted
from chainrule.document.document import Block, Equations, Inline, Note, Paragraph, Section, Subheading
from chainrule.explanation.backward import MOST_PATHS, rule_lines
from chainrule.explanation.context import Context, paths
from chainrule.explanation.definitions import theorems
from chainrule.explanation.outcome import intermediate_quantities, update_lines
from chainrule.formula.expression import Expression
from chainrule.formula.scalar import Element
from chainrule.notation.formula import Equation

FEW_ELEMENTS = 400
"""Paths are only looked for in networks with at most so many quantities."""


def find_weight(context: Context, wanted: str) -> Element:
    """The weight that a person means: w1, b2, W1[2,3], hidden1.W[2,3], output.b[1]. Raises InputError."""
    numbered = re.fullmatch(r"([wb])(\d{1,9})", wanted.strip())
    if numbered:
        return _by_number(context, numbered[1], int(numbered[2]))
    full = re.fullmatch(r"(?:(\w+)\.)?([A-Za-z_]+?)(\d{0,9})(?:\[(\d{1,9})(?:,\s*(\d{1,9}))?\])?", wanted.strip())
    if not full:
        raise InputError(f"{quoted(wanted)} names no weight. Write w1 or b1 (numbered), W1[2,3] or hidden1.W[2,3] (input 2 to unit 3).")
    layer_word, kind, number, *index = full.groups()
    return _by_place(context, wanted, kind, _layer(context, wanted, layer_word, number), [int(i) for i in index if i])


def _by_number(context: Context, kind: str, number: int) -> Element:
    alike = [p for p in context.derivation.parameters if (len(p.shape) > 1) is (kind == "w")]
    elements = [e for p in alike for e in _numbered(context, p, number)]
    if not elements:
        count = sum(context.step.parameters[p.key].size for p in alike)
        has = f"this network has {kind}1 to {kind}{count}" if count else "this network has none"
        raise InputError(f"there is no {kind}{number}: {has}.")
    return elements[0]


def _numbered(context: Context, parameter: Expression, number: int) -> list[Element]:
    """The element of one parameter with a number that counts over all of its kind, if it lies in this one."""
    alike = [p for p in context.derivation.parameters if (len(p.shape) > 1) is (len(parameter.shape) > 1)]
    before = sum(context.step.parameters[p.key].size for p in alike[: alike.index(parameter)])
    position = number - before - 1
    if not 0 <= position < context.step.parameters[parameter.key].size:
        return []
    shape = context.scalars.shape(parameter)
    if len(shape) < 2:
        return [Element(parameter, (position,) * len(shape))]
    return [Element(parameter, (position % shape[0], position // shape[0]))]


def _layer(context: Context, wanted: str, word: str | None, number: str) -> int:
    names = {name: number for number, name in enumerate(context.step.network.layer_names, start=1)}
    if word is not None:
        if word not in names:
            raise InputError(f"{quoted(wanted)}: there is no layer {quoted(word)[1:-1]}; this network has {', '.join(names)}.")
        return names[word]
    layer = int(number) if number else 0
    if not 1 <= layer <= context.layers:
        raise InputError(f"{quoted(wanted)}: say which layer, W1 to W{context.layers} or {', '.join(names)}.")
    return layer


def _by_place(context: Context, wanted: str, kind: str, layer: int, index: list[int]) -> Element:
    found = [p for p in context.derivation.parameters if p.symbol == kind and p.name and p.name.layer == layer]
    if not found:
        raise InputError(f"{quoted(wanted)}: the {context.step.network.layer_names[layer - 1]} layer has no {kind}.")
    shape = context.scalars.shape(found[0])
    if len(index) != len(shape) or not all(1 <= i <= extent for i, extent in zip(index, shape, strict=True)):
        wording = "inputs and units" if len(shape) > 1 else "units"
        limits = ",".join(map(str, shape))
        raise InputError(
            f"{quoted(wanted)}: {kind}{layer} has {' × '.join(map(str, shape))} {wording}, so its last element is {kind}{layer}[{limits}]."
        )
    return Element(found[0], tuple(i - 1 for i in index))


def weight_sections(context: Context, weight: Element) -> list[Section]:
    """The story of one weight."""
    letter = context.letter(weight)
    blocks: list[Block] = [Paragraph(_place(context, weight)), *theorems(context), *_chain(context, weight)]
    title = "weight.title_bias" if len(weight.quantity.shape) < 2 else "weight.title"
    found = [Section("chain", context.plain(title, weight=_text(context, weight)), tuple(blocks))]
    parts = [part for part in context.step.update.parameters if part.parameter is weight.quantity]
    if not parts:
        note = Note("insight", context.text("weights.frozen", names=weight.key))
        return [*found, Section("weights", context.plain("weight.update", weight=_text(context, weight)), (note,))]
    lines = [context.element_line(Element(node, ())) for node in intermediate_quantities(parts[0].new) if not node.shape]
    lines += update_lines(context, Element(parts[0].new, weight.index), weight)
    update = (Paragraph(context.text("weight.update_intro", weight=letter)), Equations(tuple(rule_lines(context))), Equations(tuple(lines)))
    return [*found, Section("weights", context.plain("weight.update", weight=_text(context, weight)), update)]


def _text(context: Context, weight: Element) -> str:
    from chainrule.notation.text import formula_text

    return formula_text(context.letter(weight))


def _number_of_layer(weight: Element) -> int:
    name = weight.quantity.name
    return 1 if name is None or name.layer is None else name.layer


def _place(context: Context, weight: Element) -> Inline:
    layer = context.layer(_number_of_layer(weight))
    if len(weight.index) == 1:
        return context.text("weight.bias", weight=context.letter(weight), unit=weight.index[0] + 1, layer=layer)
    if not context.step.network.wiring.is_chain or len(weight.index) != 2:
        index = ",".join(str(i + 1) for i in weight.index)
        return context.text(
            "weight.element", weight=context.letter(weight), parameter=context.symbol(weight.quantity), index=index, layer=layer
        )
    number = _number_of_layer(weight)
    signals = [context.derivation.x, *(q for q in context.derivation.quantities if q.symbol in "hy")]
    names = [signals[number - 1].name, signals[number].name]
    one = context.one_sample
    source, unit = (one.label(name.at(0, i)) for name, i in zip(names, weight.index, strict=True) if name is not None)
    return context.text("weight.place", weight=context.letter(weight), source=source, unit=unit, layer=layer)


def _chain(context: Context, weight: Element) -> list[Block]:
    top = Element(context.derivation.error, ())
    size = sum(value.size for value in context.step.values.values())
    found = paths(context.scalars, top, weight, MOST_PATHS) if size <= FEW_ELEMENTS else None
    if found is not None:
        return [Paragraph(context.text("weight.paths", paths=len(found))), Equations((context.chain_line(weight, found),))]
    return _recursive(context, weight)


def _recursive(context: Context, weight: Element) -> list[Block]:
    """The gradient through ∂E/∂ of its own unit, that one through the units it feeds, and so on to the error."""
    gradient = context.gradient_of(weight)
    blocks: list[Block] = [Paragraph(context.text("weight.recursive"))]
    shown: list[Element] = []
    level = [gradient]
    while level:
        shown += level[:3]
        following = [parent for element in level[:1] for parent in context.scalars.parents(element) if _is_gradient(parent)]
        level = [element for element in following if element not in shown]
    blocks.append(Equations(tuple(context.element_line(element) for element in shown)))
    blocks += [Subheading(context.text("weight.forward")), Equations(tuple(_forward(context, weight)))]
    return blocks


def _is_gradient(element: Element) -> bool:
    return element.quantity.name is not None and element.quantity.name.gradient


def _forward(context: Context, weight: Element) -> list[Equation]:
    """The unit that the weight leads into, computed for the first sample."""
    layer, unit = _number_of_layer(weight), weight.index[-1] if weight.index else 0
    net = context.step.network
    calls = [call.name for call in net.wiring.calls if net.forward.numbers.get(call.layer) == layer]
    results = [y for name, y in zip(net.wiring.outputs.values(), context.derivation.predictions, strict=True) if name in calls]
    own = [q for q in context.derivation.quantities if (q.name and q.name.layer == layer) or q in results]
    return [context.element_line(Element(quantity, (0, unit))) for quantity in own if len(quantity.shape) > 1]
