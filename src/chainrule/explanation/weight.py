"""One weight: where it stands, every path from it to the error, its gradient and its update."""

from __future__ import annotations

import itertools
import math
import re
import unicodedata
from collections.abc import Sequence

from chainrule.base.errors import InputError
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
    """The weight that a person means: as it is printed (w1, b2⁽¹⁾), W1[2,3], hidden1.W[2,3], output.b[1], or b3, counted through.

    Raises InputError.
    """
    plain = _plain(wanted)
    printed = _as_printed(context, plain)
    if printed is not None:
        return printed
    counted = re.fullmatch(r"([wb])(\d{1,9})", plain)
    if counted:
        return _by_number(context, counted[1], int(counted[2]))
    full = re.fullmatch(r"(?:(\w+)\.)?([A-Za-z_]+?)(\d*)(?:\[(\d+)(?:,\s*(\d+))?\])?", wanted.strip())
    if not full:
        raise InputError(f"'{wanted[:40]}' names no weight. Write w1 (numbered), b1[2] (unit 2 of layer 1) or W1[2,3] (input 2 to unit 3).")
    layer_word, kind, number, *index = full.groups()
    return _by_place(context, wanted, kind, _layer(context, wanted, layer_word, number), [int(i) for i in index if i])


def _as_printed(context: Context, plain: str) -> Element | None:
    """The element that is written so in an explanation."""
    numbers = [int(number) for number in re.findall(r"\d{1,9}", plain)[:3]]
    numbered = _counted(context, _of_kind(context, "w"), numbers[0]) if numbers else None
    candidates = [numbered] if numbered else []
    for parameter in context.derivation.parameters:
        shape = context.scalars.shape(parameter)
        for places in itertools.permutations(numbers, len(shape)):
            if all(1 <= place <= extent for place, extent in zip(places, shape, strict=True)):
                candidates.append(Element(parameter, tuple(place - 1 for place in places)))
    for element in candidates:
        written = _plain(_text(context, element))
        if plain in (written, re.sub(r"[\[\]]", "", written)):
            return element
    return None


def _plain(written: str) -> str:
    """A name without what only says where its figures stand, the layer last: b2⁽¹⁾ and b^{(1)}_2 are b2(1)."""
    flat = re.sub(r"[\s_^{}]", "", unicodedata.normalize("NFKC", written))
    return re.sub(r"(\(\d+\))(.*)", r"\2\1", flat)


def _of_kind(context: Context, kind: str) -> list[Expression]:
    """The matrices, for w, or the biases, for b."""
    return [parameter for parameter in context.derivation.parameters if (len(parameter.shape) > 1) is (kind == "w")]


def _counted(context: Context, alike: Sequence[Expression], number: int) -> Element | None:
    """The element of that number where they are counted through: unit by unit, in the order of the inputs."""
    for parameter in alike:
        shape = context.scalars.shape(parameter)
        if 1 <= number <= math.prod(shape):
            index = []
            rest = number - 1
            for extent in shape:
                rest, place = divmod(rest, extent)
                index.append(place)
            return Element(parameter, tuple(index))
        number -= math.prod(shape)
    return None


def _by_number(context: Context, kind: str, number: int) -> Element:
    """The weight, or the bias, of that number. Raises InputError where there is none, or where the vector of another layer is called so."""
    alike = _of_kind(context, kind)
    found = _counted(context, alike, number)
    vector = next((parameter for parameter in alike if parameter.key == f"b{number}" and parameter.shape), None)
    if vector is None or (found is not None and found.quantity is vector):
        if found is None:
            raise InputError(f"there is no {kind}{number}: {_known(context, kind, alike)}.")
        return found
    own = context.elements(vector)
    if found is None and len(own) == 1:
        return own[0]
    parts = own[0].name.key + (f" to {own[-1].name.key}" if len(own) > 1 else "")
    counted = f", and the bias number {number} of all, {_called(found)}" if found is not None else ""
    raise InputError(f"b{number} is the vector of layer {number}, {parts}{counted}: write which one you mean, as {own[0].name.key}.")


def _known(context: Context, kind: str, alike: Sequence[Expression]) -> str:
    if not alike:
        return "this network has none"
    last = Element(alike[-1], tuple(extent - 1 for extent in context.scalars.shape(alike[-1])))
    count = sum(math.prod(context.scalars.shape(parameter)) for parameter in alike)
    return f"this network has {kind}1 to {kind}{count}" + (f", the last of which is {_called(last)}" if kind == "b" else "")


def _called(element: Element) -> str:
    """As it can be typed: b1[2]; one that is alone in its parameter by that."""
    return element.name.key if element.index else element.key


def _layer(context: Context, wanted: str, word: str | None, number: str) -> int:
    names = {name: number for number, name in enumerate(context.step.network.layer_names, start=1)}
    if word is not None:
        if word not in names:
            raise InputError(f"'{wanted}': there is no layer {word}; this network has {', '.join(names)}.")
        return names[word]
    layer = int(number) if number else 0
    if not 1 <= layer <= context.layers:
        raise InputError(f"'{wanted}': say which layer, W1 to W{context.layers} or {', '.join(names)}.")
    return layer


def _by_place(context: Context, wanted: str, kind: str, layer: int, index: list[int]) -> Element:
    found = [p for p in context.derivation.parameters if p.symbol == kind and p.name and p.name.layer == layer]
    if not found:
        raise InputError(f"'{wanted}': the {context.step.network.layer_names[layer - 1]} layer has no {kind}.")
    shape = context.scalars.shape(found[0])
    if len(index) != len(shape) or not all(1 <= i <= extent for i, extent in zip(index, shape, strict=True)):
        wording = "inputs and units" if len(shape) > 1 else "units"
        limits = ",".join(map(str, shape))
        raise InputError(
            f"'{wanted}': {kind}{layer} has {' × '.join(map(str, shape))} {wording}, so its last element is {kind}{layer}[{limits}]."
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
    if not weight.index:
        return context.text("weight.shared", weight=context.letter(weight), layer=layer)
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
        shown += context.shown(level, 3)
        following = [parent for element in context.shown(level, 1) for parent in context.scalars.parents(element) if _is_gradient(parent)]
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
