"""The first sections: the network with its numbers, and the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from chainrule.base.frozen import replace
from chainrule.document.document import Block, Inline, Note, Paragraph, Section, TableBlock
from chainrule.explanation.alike import parted, shortens
from chainrule.explanation.answers import standardised
from chainrule.explanation.context import Context
from chainrule.explanation.pictures import fitting_picture
from chainrule.explanation.understood import classes_understood, weights_understood
from chainrule.formula.expression import order
from chainrule.formula.primitives import transpose
from chainrule.network.elements import THRESHOLDS
from chainrule.notation.formula import Formula
from chainrule.notation.numbers import number_formula

MOST_NAMED = 16
"""So many columns of a raw row are named, and so many parameters that are drawn alike."""

MOST_ROWS = 8
"""A longer table is cut, and says so."""


def network_section(context: Context) -> Section:
    """What the network is made of, its weights, and how errors are counted."""
    intro = context.text("network.intro", layers=context.layers, parameters=_count(context))
    network = context.step.network
    absent = sum(map(len, network.absent.values()))
    running = sum(context.step.parameters[key].size for key in context.running)
    left = network.frozen - context.running
    frozen = sum(context.step.parameters[key].size - len(network.absent.get(key, ())) for key in left)
    frozen += sum(len(kept - network.absent.get(key, frozenset())) for key, kept in network.kept.items() if key not in network.frozen)
    for count, said in ((running, "network.running"), (frozen, "network.frozen"), (absent, "network.absent")):
        intro = (*intro, " ", *context.text(said, count=count)) if count else intro
    blocks: list[Block] = [Paragraph(intro)]
    blocks.append(fitting_picture(context))
    blocks += [Paragraph(line) for line in weights_understood(context)]
    blocks.append(layer_table(context))
    if context.detail != "overview":
        lines = (context.array_line(p, context.before) for p in context.derivation.parameters)
        blocks += context.matrix_blocks(lines, worked=False)
    if context.detail == "scalar":
        blocks += _numbering(context)
    blocks += [Paragraph(line) for line in (*_called_again(context), *_drawn(context))]
    blocks.append(Paragraph(_conventions(context)))
    if (precision := context.step.origin.get("precision")) == "float32":
        blocks.append(Paragraph(context.text("conventions.precision", precision=precision)))
    return Section("network", context.plain("network.title"), tuple(blocks))


def _numbering(context: Context) -> list[Block]:
    """How single weights and biases are called."""
    sentences: list[Inline] = []
    if context.labels.numbered:
        sentences.append(context.text(f"network.numbering.{context.notation.vectors}"))
        if _has_transposed(context):
            sentences.append(context.text("network.numbering.transposed"))
    alone = [parameter for parameter in context.derivation.parameters if len(parameter.shape) == 1 and context.elements(parameter)]
    for kind in ("biases", "thresholds"):
        vectors = [parameter for parameter in alone if (parameter.symbol == THRESHOLDS) is (kind == "thresholds")]
        if not vectors:
            continue
        vector = next((one for one in vectors if one.shape[0] != 1), vectors[-1])
        bias = context.elements(vector)[:2][-1]  # the second one, where there is one: its numbers differ
        letters = {"element": context.letter(bias), "vector": context.symbol(vector), "layer": context.layer(bias.name.layer or 1)}
        sentences.append(context.text(f"network.numbering.{kind}", unit=bias.index[0] + 1, **letters))
    shared = [parameter for parameter in context.derivation.parameters if not parameter.shape]
    if shared:
        names = tuple(part for parameter in shared for part in (", ", context.symbol(parameter)))[1:]
        sentences.append((*names, *context.text("network.numbering.shared")))
    joined = tuple(part for sentence in sentences for part in (" ", *sentence))[1:]
    return [Paragraph(joined)] if joined else []


def _has_transposed(context: Context) -> bool:
    """Whether a weight matrix leads from its units to its inputs somewhere, too, as in a tied layer."""
    nodes = order(*context.derivation.quantities)
    return any(node.primitive is transpose and node.arguments[0] in context.derivation.parameters for node in nodes)


def _count(context: Context) -> str:
    return f"{context.step.network.size:,}".replace(",", " ")


def layer_table(context: Context) -> TableBlock:
    """One row a layer: units, activation, parameters; a row of … stands for those that an overview leaves out of many alike."""
    net = context.step.network
    rows: list[tuple[Inline, ...]] = []
    kinds: list[tuple[object, ...]] = []
    dense = {layer.kind.name for layer in net.forward.numbers} <= {"dense"}
    for layer, number in net.forward.numbers.items():
        used = net.parameters_of(layer)
        sizes = ", ".join(" × ".join(map(str, _oriented(context, net.shapes[node.key]))) or "1" for node in used)
        names: Inline = tuple(part for node in used for part in (context.symbol(node), ", "))[:-1]
        units = str(net.units(layer))
        activation = "" if layer.activation is None else context.called(layer.activation)
        kind = activation if dense else ", ".join(filter(None, (context.kind_of(layer), activation)))
        rows.append(((layer.name or context.layer(number),), (units,), (kind,), names or ("–",), (sizes or "–",)))
        kinds.append((units, kind, sizes, layer.kind, *(node.symbol for node in used)))
    head = tuple(
        (context.plain(f"network.{column}"),) for column in ("layer", "units", "activation" if dense else "kind", "parameters", "shape")
    )
    shown: list[tuple[Inline, ...]] = []
    for part, left in parted(rows, kinds if shortens(context) else range(len(rows))):
        shown += [*part, *([(("…",), *(((),) * (len(head) - 1)))] if left else [])]
    return TableBlock(head, tuple(shown))


def _oriented(context: Context, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[::-1] if context.notation.vectors == "columns" else shape


def _called_again(context: Context) -> list[Inline]:
    """How the quantities of a layer that is called several times are told apart, by those of the first one."""
    calls = [quantity for quantity in context.derivation.quantities if quantity.name and quantity.name.time]
    again = [quantity for quantity in calls if quantity.name and calls[0].name and replace(calls[0].name, time=2) == quantity.name]
    if not again or calls[0].name is None or calls[0].name.layer is None:
        return []
    layer, wiring = context.step.network.layers[calls[0].name.layer - 1], context.step.network.wiring
    key = "network.calls" if sum(call.layer is layer for call in wiring.calls) > 1 else "network.steps"
    return [context.text(key, first=context.symbol(calls[0]), second=context.symbol(again[0]))]


def _drawn(context: Context) -> list[Inline]:
    """How weights without given numbers were drawn."""
    from chainrule.explanation.definitions import constant_start, depends_on_layer, distribution_text

    net = context.step.network
    if context.step.number > 1 or not net.initializers:
        return []
    alike: dict[str, list[str]] = {}
    for key, initializer in net.initializers.items():
        alike.setdefault(repr(initializer), []).append(key)
    lines = []
    for first, *others in alike.values():
        initializer = net.initializers[first]
        letters: list[str | Formula] = [context.symbol(context.derivation.named[key]) for key in (first, *others)]
        if len(letters) > MOST_NAMED and shortens(context):
            letters = [*letters[: MOST_NAMED - 1], "…", letters[-1]]
        symbols = [part for letter in letters for part in (", ", letter)][1:]
        if (value := constant_start(initializer)) is not None:
            lines.append((*symbols, *context.text("network.constant", count=len(letters), value=context.rounded(value))))
            continue
        how = distribution_text(context, initializer, None if others else net.shapes[first])
        text = "drawn" if not others else "drawn_many" if depends_on_layer(initializer) else "drawn_alike"
        rounded = _rounded(context, (first, *others))
        lines.append((*symbols, *context.text(f"network.{text}", how=how, seed=net.seed), *((" ", *rounded) if rounded else ())))
    return lines


def _rounded(context: Context, keys: Sequence[str]) -> Inline:
    """To how many decimals drawn numbers were rounded; nothing where they were not."""
    from chainrule.network.initializers import MOST_DECIMALS, distribution

    net = context.step.network
    sizes = {key: (math.prod(net.shapes[key][:-1]), net.shapes[key][-1]) for key in keys}
    decimals = {distribution(net.initializers[key]).decimals(*sizes[key]) for key in keys}
    if not net.legible or MOST_DECIMALS in decimals:
        return ()
    few, most = min(decimals), max(decimals)
    return context.text("network.rounded", few=few) if few == most else context.text("network.rounded_many", few=few, most=most)


def _conventions(context: Context) -> Inline:
    conventions = context.step.network.conventions
    outputs = context.plain(f"conventions.outputs.{conventions.outputs}")
    batch = context.plain(f"conventions.batch.{conventions.batch}")
    vectors = context.plain(f"conventions.{context.notation.vectors}")
    given = any(goal.given for goal in context.step.network.goals.values())
    key = "conventions.alone" if given or context.without_target else "conventions"
    return context.text(key, outputs=outputs, batch=batch, vectors=vectors, digits=context.notation.digits)


def data_section(context: Context) -> Section:
    """The samples of the batch."""
    step = context.step
    wide = step.x.shape[1] + step.t.shape[1] > 12
    compared = any(goal.loss.definition.measures for goal in step.network.goals.values())
    sort = "_alone" if context.without_target else "" if compared else "_given" if step.network.targets else "_alone"
    blocks: list[Block] = [Paragraph(context.text(f"data.{'one' if len(step.x) == 1 else 'many'}{sort}", samples=len(step.x)))]
    raw = step.origin.get("raw")
    if isinstance(raw, Mapping):
        named = context.shown(list(raw.items()), MOST_NAMED)
        before = ", ".join(f"{name} {_as_it_was(context, value)}" for name, value in named)
        more = ", …" if len(raw) > len(named) else ""
        blocks.append(Paragraph((*context.text("data.raw"), f" {before}{more}.")))
    blocks += standardised(context)
    if context.without_target:
        many = "" if context.samples == 1 else "_many"
        blocks.append(Note("insight", context.text(f"data.without_target{many}")))
    if wide:
        blocks.append(Paragraph(context.text("data.wide", inputs=step.x.shape[1], outputs=step.t.shape[1])))
    else:
        shown = 0 if context.without_target else step.t.shape[1]
        blocks.append(data_table(context, range(step.x.shape[1]), range(shown)))
        one = context.one_sample
        sides = (*context.derivation.inputs, *(() if context.without_target else context.derivation.targets))
        symbols = [one.label(node.name.at(0, *place)) for node, place in context.columns_of(sides) if node.name]
        called = [(symbol, name) for symbol, name in zip(symbols, context.columns, strict=False) if name]
        if called:
            names = [part for symbol, name in called for part in (", ", symbol, f" {name}")]
            columns = context.text("data.columns_standardised" if context.step.origin.get("scales") else "data.columns")
            blocks.append(Paragraph((*columns, " ", *names[1:], ".")))
        if drawn := [part for part in step.origin.get("drawn", ()) if part in ("x", "t")]:
            both_sides = {"x": context.derivation.inputs, "t": context.derivation.targets}
            letters_drawn = [context.symbol(quantity) for part in drawn for quantity in both_sides[part]]
            both = tuple(part for letter in letters_drawn for part in (", ", letter))[1:]
            blocks.append(Paragraph((*context.text("data.drawn", seed=str(step.origin.get("seed", 0))), " ", *both, ".")))
        if (left := context.samples - len(context.shown_samples(MOST_ROWS))) > 0:
            blocks.append(context.more("data.more", left=left))
    blocks += [Paragraph(line) for line in classes_understood(context)]
    if context.in_order:
        from chainrule.explanation.sequence import place_in_run

        blocks.append(Paragraph(place_in_run(context)))
    return Section("data", context.plain("data.title"), tuple(blocks))


def _as_it_was(context: Context, value: object) -> str:
    """A value of the user's table: a number with all its digits, and with the notation's decimal sign."""
    if not isinstance(value, float):
        return str(value)
    written = f"{value:.15g}"
    return written.replace(".", ",") if context.notation.decimal == "comma" else written


def data_table(context: Context, inputs: Sequence[int], targets: Sequence[int]) -> TableBlock:
    """The first samples, these columns of them; where some are left out between, … stands."""
    step, one, shown = context.step, context.one_sample, len(context.shown_samples(MOST_ROWS))
    columns: list[tuple[Inline, list[Inline]]] = []
    for side, numbers, chosen in ((context.derivation.inputs, step.x, inputs), (context.derivation.targets, step.t, targets)):
        letters = context.columns_of(side)
        for before, place in zip((None, *chosen), chosen, strict=False):
            if before is not None and place - before > 1:
                columns.append((("…",), [("…",)] * shown))
            cells: list[Inline] = [(number_formula(value, context.notation),) for value in numbers[:shown, place]]
            node, own = letters[place]
            assert node.name is not None
            columns.append(((one.label(node.name.at(0, *own)),), cells))
    rows = [((str(sample + 1),), *(cells[sample] for _, cells in columns)) for sample in range(shown)]
    return TableBlock(((context.plain("data.sample"),), *(head for head, _ in columns)), tuple(rows))
