"""The first sections: the network with its numbers, and the data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from chainrule.base.frozen import replace
from chainrule.document.document import NONE, Block, Cell, Inline, Note, Paragraph, Section, TableBlock, joined_inline, table
from chainrule.explanation.alike import parted, shortens
from chainrule.explanation.answers import standardised
from chainrule.explanation.context import Context
from chainrule.explanation.pictures import fitting_picture
from chainrule.explanation.understood import classes_understood, weights_understood
from chainrule.formula.expression import order
from chainrule.formula.primitives import transpose
from chainrule.network.elements import THRESHOLDS

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
        blocks.append(context.says("conventions.precision", precision=precision))
    if averaged := context.step.origin.get("averaged"):
        share = context.number(averaged["share"])
        blocks.append(context.says("conventions.average", epoch=averaged["epoch"], share=share))
    return context.section("network", blocks)


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
        names = joined_inline(map(context.symbol, shared))
        sentences.append((*names, *context.text("network.numbering.shared")))
    return [Paragraph(joined_inline(sentences, (" ",)))] if sentences else []


def _has_transposed(context: Context) -> bool:
    """Whether a weight matrix leads from its units to its inputs somewhere, too, as in a tied layer."""
    nodes = order(*context.derivation.quantities)
    return any(node.primitive is transpose and node.arguments[0] in context.derivation.parameters for node in nodes)


def _count(context: Context) -> str:
    return f"{context.step.network.size:,}".replace(",", " ")


def layer_table(context: Context) -> TableBlock:
    """One row a layer: units, activation, parameters; a row of … stands for those that an overview leaves out of many alike."""
    net = context.step.network
    rows: list[list[Cell]] = []
    kinds: list[tuple[object, ...]] = []
    dense = {layer.kind.name for layer in net.forward.numbers} <= {"dense"}
    for layer, number in net.forward.numbers.items():
        used = net.parameters_of(layer)
        sizes = ", ".join(" × ".join(map(str, _oriented(context, net.shapes[node.key]))) or "1" for node in used)
        units = str(net.units(layer))
        activation = "" if layer.activation is None else context.called(layer.activation)
        kind = activation if dense else ", ".join(filter(None, (context.kind_of(layer), activation)))
        rows.append([layer.name or context.layer(number), units, kind, joined_inline(map(context.symbol, used)) or NONE, sizes or NONE])
        kinds.append((units, kind, sizes, layer.kind, *(node.symbol for node in used)))
    head = context.words.heads("network", "layer", "units", "activation" if dense else "kind", "parameters", "shape")
    shown: list[list[Cell]] = []
    for part, left in parted(rows, kinds if shortens(context) else range(len(rows))):
        shown += part
        if left:
            shown.append(["…", *[()] * (len(head) - 1)])
    return table(head, shown)


def _oriented(context: Context, shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[::-1] if context.notation.vectors == "columns" else shape


def _called_again(context: Context) -> list[Inline]:
    """How the quantities of a layer that is called several times are told apart, by those of the first one."""
    calls = [quantity for quantity in context.derivation.quantities if quantity.name and quantity.name.time]
    again = [quantity for quantity in calls if quantity.name and calls[0].name and replace(calls[0].name, time=2) == quantity.name]
    if not again or calls[0].name is None or calls[0].name.layer is None:
        return []
    layer, wiring = context.step.network.layers[calls[0].name.layer - 1], context.step.network.wiring
    key = "network.calls" if layer in wiring.shared else "network.steps"
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
        letters: list[Cell] = [context.symbol(context.derivation.named[key]) for key in (first, *others)]
        if len(letters) > MOST_NAMED and shortens(context):
            letters = [*letters[: MOST_NAMED - 1], "…", letters[-1]]
        symbols = joined_inline(letters)
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
    blocks: list[Block] = [context.says(f"data.{'one' if len(step.x) == 1 else 'many'}{sort}", samples=len(step.x))]
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
        blocks.append(context.says("data.wide", inputs=step.x.shape[1], outputs=step.t.shape[1]))
    else:
        shown = 0 if context.without_target else step.t.shape[1]
        blocks.append(data_table(context, range(step.x.shape[1]), range(shown)))
        letters = context.column_letters((*context.derivation.inputs, *(() if context.without_target else context.derivation.targets)))
        if called := [(letter, f" {name}") for letter, name in zip(letters, context.columns, strict=False) if name]:
            columns = context.text("data.columns_standardised" if context.step.origin.get("scales") else "data.columns")
            blocks.append(Paragraph((*columns, " ", *joined_inline(called), ".")))
        both_sides = {"x": context.derivation.inputs, "t": context.derivation.targets}
        if drawn := [context.symbol(quantity) for part in step.origin.get("drawn", ()) for quantity in both_sides.get(part, ())]:
            seed = str(step.origin.get("seed", 0))
            blocks.append(Paragraph((*context.text("data.drawn", seed=seed), " ", *joined_inline(drawn), ".")))
        blocks += context.left_out("data.more", context.samples - len(context.shown_samples(MOST_ROWS)))
    blocks += [Paragraph(line) for line in classes_understood(context)]
    if context.in_order:
        from chainrule.explanation.sequence import place_in_run

        blocks.append(Paragraph(place_in_run(context)))
    return context.section("data", blocks)


def _as_it_was(context: Context, value: object) -> str:
    """A value of the user's table: a number with all its digits, and with the notation's decimal sign."""
    if not isinstance(value, float):
        return str(value)
    written = f"{value:.15g}"
    return written.replace(".", ",") if context.notation.decimal == "comma" else written


def data_table(context: Context, inputs: Sequence[int], targets: Sequence[int]) -> TableBlock:
    """The first samples, these columns of them; where some are left out between, … stands."""
    step, shown = context.step, len(context.shown_samples(MOST_ROWS))
    columns: list[Sequence[Cell]] = [[context.plain("data.sample"), *(str(sample + 1) for sample in range(shown))]]
    for side, numbers, chosen in ((context.derivation.inputs, step.x, inputs), (context.derivation.targets, step.t, targets)):
        letters = context.column_letters(side)
        for before, place in zip((None, *chosen), chosen, strict=False):
            if before is not None and place - before > 1:
                columns.append(["…"] * (shown + 1))
            columns.append([letters[place], *map(context.number, numbers[:shown, place])])
    head, *rows = zip(*columns, strict=True)
    return table(head, rows)
