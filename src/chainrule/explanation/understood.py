"""What was understood of numbers that people gave: weights in one list, by matrix or by name, and class numbers as targets."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.document.document import Inline, joined_inline
from chainrule.explanation.context import Context
from chainrule.formula.scalar import Element
from chainrule.network.elements import THRESHOLDS, units
from chainrule.network.weights import SOURCE, TARGET, WeightLayout, WeightPlace, in_order
from chainrule.notation.formula import Formula
from chainrule.notation.text import formula_text

MOST_LISTED = 14
"""So many weights are listed; of more the first and the last ones."""

MOST_ORDERED = 400
"""Of longer lists the order is told without weights."""


def weights_understood(context: Context) -> list[Inline]:
    """How weights were read, in sentences; none where nobody gave any."""
    lines: list[Inline] = []
    zero = _wholly_zero(context)
    told = context.step.origin.get("weights")
    while isinstance(told, Mapping) and context.step.number == 1:
        try:
            lines = [*_sentences(context, told), *lines]
            zero = [*(context.letter(one) for one in _others(context, told, "zero")), *zero]
        except (KeyError, IndexError, TypeError, ValueError):  # a record may hold anything
            return []
        told = told.get("with")
    if lines and zero:
        lines.append((*context.text("weights_read.rest.zero"), " ", *_listed(context, zero), "."))
    if any(parameter.symbol == THRESHOLDS for parameter in context.derivation.parameters):
        lines.append(context.text("weights_read.thresholds"))
    return lines


def _wholly_zero(context: Context) -> list[Formula]:
    """Vectors of biases of which nobody gave any number, and which start at 0."""
    step = context.step
    known = {*step.network.initializers, *step.network.given}
    return [context.symbol(one) for one in context.derivation.parameters if one.key not in known and not step.parameters[one.key].any()]


def _sentences(context: Context, told: Mapping[str, Any]) -> list[Inline]:
    if told["form"] == "state":
        pairs = [
            context.text(
                "weights_read.is_turned" if turned else "weights_read.is",
                name=str(name),
                weight=context.symbol(context.derivation.named[key]),
            )
            for name, key, turned in context.shown(told["tensors"], MOST_LISTED)
        ]
        rest = ", …" if len(pairs) < len(told["tensors"]) else "."
        return [(*context.text("weights_read.state"), " ", *joined_inline(pairs), rest)]
    if told["form"] == "names":
        return _by_name(context, told)
    reading = WeightLayout(str(told["rows"]), str(told["bias"]))
    if reading.rows not in (TARGET, SOURCE):
        return []
    bias = context.text(f"weights_read.{told['form']}.{reading.rows}.{reading.bias}") if reading.bias in ("first", "last") else ()
    after: Inline = (" ", *bias) if bias else ()
    if told["form"] == "matrices":
        letters = _listed(context, [context.symbol(context.derivation.named[key]) for key in told["keys"]])
        return [(*context.text(f"weights_read.matrices.{reading.rows}"), " ", *letters, ".", *after)] if letters else []
    count = int(told["count"])
    order = in_order(context.step.network, reading, count) if count <= MOST_ORDERED else []
    listed: Inline = (": ", *_listed(context, [_letter(context, place) for place in order])) if order else ()
    return [(*context.text(f"weights_read.list.{reading.rows}", count=count), *listed, ".", *after)]


def _by_name(context: Context, told: Mapping[str, Any]) -> list[Inline]:
    """Which weight each name is, where the name is not its letter; how units are counted; and what the other numbers are."""
    lines: list[Inline] = []
    places = {str(name): (str(key), tuple(map(int, index))) for name, key, index in told["places"]}
    letters = {name: _letter(context, place) for name, place in places.items()}
    other = [(name, letter) for name, letter in letters.items() if formula_text(letter) != name]
    if other:
        shown = context.shown(other, MOST_LISTED)
        pairs = joined_inline(context.text("weights_read.is", name=name, weight=letter) for name, letter in shown)
        lines.append((*context.text("weights_read.names"), " ", *pairs, ", …" if len(other) > len(shown) else "."))
    if any(re.fullmatch(r"w_?\[?\d+\s*,.*", name) for name in places):
        lines.append((*context.text("weights_read.units"), f" {_counted(context)}."))
    for how in ("drawn", "kept"):
        if others := [context.letter(one) for one in _others(context, told, how)]:
            lines.append((*context.text(f"weights_read.rest.{how}", seed=context.step.network.seed), " ", *_listed(context, others), "."))
    return lines


def _others(context: Context, told: Mapping[str, Any], how: str) -> list[Element]:
    """Beside weights that were given by name, those of the same parameters that were not, and which were drawn, kept, or are 0."""
    given = {(str(key), tuple(map(int, index))) for _, key, index in told.get("places", ())}
    partly = [context.derivation.named[key] for key, rest in told.get("rest", {}).items() if rest == how]
    return [one for parameter in partly for one in context.elements(parameter) if (one.key, one.index) not in given]


def _counted(context: Context) -> str:
    """Inputs 1 to 3, hidden layer 4 to 5, output layer 6."""
    network = context.step.network
    inputs = list(network.wiring.inputs)
    called = [context.plain("layer.input")] if len(inputs) == 1 else inputs
    called += [context.layer(number) for number in range(1, len(network.layers) + 1)]
    ranges = ((first, last) for _, first, last in units(network))
    return ", ".join(
        f"{name} {first}" if first == last else context.plain("weights_read.range", name=name, first=first, last=last)
        for name, (first, last) in zip(called, ranges, strict=True)
    )


def _letter(context: Context, place: WeightPlace) -> Formula:
    key, index = place
    return context.letter(Element(context.derivation.named[key], index))


def _listed(context: Context, letters: Sequence[Formula]) -> Inline:
    """w1, w4, w2 …"""
    shown: list[str | Formula] = list(letters)
    if len(context.shown(shown, MOST_LISTED)) < len(shown):
        shown = [*shown[: MOST_LISTED - 4], "…", *shown[-2:]]
    return joined_inline(shown)


def classes_understood(context: Context) -> list[Inline]:
    """How class numbers, or names, of targets were understood: by the class of the first sample, for each output."""
    classes, lines = context.step.origin.get("classes"), []
    for name, target in context.derivation.compared.items():
        first = classes.get(name) if isinstance(classes, Mapping) else None
        if len(target.shape) > 2:
            continue
        place = int(context.step.values[target.key][0].argmax())
        letter = context.one_sample.label(target.own_name.at(0, place))
        if isinstance(first, int):
            lines.append(context.text("data.class_numbers", first=first, number=first + place, letter=letter))
        elif isinstance(first, Sequence) and place < len(first):
            lines.append(context.text("data.class_names", name=str(first[place]), letter=letter))
    return lines
