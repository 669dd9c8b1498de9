"""The chain rule for every weight, and back-propagation in matrices."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from chainrule.base.frozen import replace
from chainrule.document.document import Block, Cell, Equations, Inline, Paragraph, Section, joined_inline, table
from chainrule.explanation.context import Context, paths
from chainrule.explanation.definitions import theorems
from chainrule.explanation.remarks import kinks
from chainrule.explanation.uses import has_many_numbers, use_blocks, ways
from chainrule.explanation.values import Values
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, definition, order, substitute, written_nodes
from chainrule.formula.scalar import Element, Scalars
from chainrule.formula.tidy import tidy
from chainrule.network.derivation import PRESENT
from chainrule.network.update import MOVED, ParameterUpdate
from chainrule.notation.arithmetic import Real
from chainrule.notation.build import formula
from chainrule.notation.formula import Equation, Symbol

MOST_PATHS = 4
"""A gradient with more paths is shown in its recursive form."""

MOST_WEIGHTS = 30
"""Weights whose chain is written out in one section."""

MOST_GRADIENTS = 500
"""Rows of the table of a brief document, which has one for every weight."""

MOST_STEPS = 4
"""A gradient that is a sum over steps of time is shortened to so many."""

MOST_SAMPLES, MOST_ROWS = 6, 60
"""Columns and rows of the table of what each sample brings."""


Share: TypeAlias = Callable[[Element], Any]
"""What one sample brings to the gradient of a weight."""


def chain_rule_section(context: Context) -> Section:
    """For every weight: the factors between neighbouring quantities, in symbols, in numbers, and their product."""
    backwards = sorted(context.derivation.parameters, key=context.number_of_layer, reverse=True)
    weights = [element for parameter in backwards for element in context.elements(parameter)]
    parts = sample_shares(context) if context.samples > 1 else []
    samples = context.worked_samples if parts else (0,)  # samples that depend on each other go one common way
    few = context.brief or (has_many_numbers(context) and context.extent != "all")
    shown = representatives(context, weights) if few else context.shown(weights, MOST_WEIGHTS)
    found_ways = {(weight, sample): _ways(context, weight, sample if parts else None) for weight in shown for sample in samples}
    several = any(found is None or len(found) > 1 for found in found_ways.values())
    intro = context.text("chain.intro")
    blocks: list[Block] = [Paragraph((*intro, " ", *context.text("chain.ways")) if several else intro), *theorems(context)]
    if parts:
        every = len(context.worked_samples) > 1
        blocks.append(context.says("chain.every_sample" if every else "chain.first_sample", samples=context.samples))
    ahead = [context.written_once(way) for found in found_ways.values() for way in found or ()]
    lines = [context.element_line(one) for one in dict.fromkeys(ahead) if one is not None]
    used: list[Block] = []
    for weight in shown:
        written = 0
        for sample in samples:
            if found := found_ways[weight, sample]:
                share = parts[sample](weight) if parts else None
                lines.append(context.chain_line(weight, found, share=share, sample=sample))
                written += 1
        if written != 1:  # what the samples bring adds up to the gradient
            if has_many_numbers(context) and (of_uses := use_blocks(context, weight)):
                used += of_uses
            else:
                lines.append(context.element_line(context.gradient_of(weight)))
    if None in found_ways.values():
        blocks += recursion_blocks(context, every=not parts)
    blocks += [*([Equations(tuple(lines))] if lines else []), *used, *kinks(context)]
    blocks += context.left_out("chain.more_chains", context.samples - len(samples)) if parts else []
    if further := next((weight for weight in weights if weight not in shown), None):
        blocks += context.left_out("chain.more", len(weights) - len(shown), context.typed(further))
    if parts:
        blocks += sample_contributions(context, weights, parts)
    elif context.brief:
        blocks += _table_of_gradients(context, weights)
    return Section("chain", _title(context, len(shown), len(weights)), tuple(blocks))


def _title(context: Context, shown: int, all: int) -> str:
    """What the chain rule is written out for."""
    if shown == all:
        return context.plain("chain.title")
    return context.plain("chain.title_layers") if context.brief else context.plain("chain.title_some", shown=shown, all=all)


def representatives(context: Context, weights: Sequence[Element]) -> list[Element]:
    """One weight of each layer, in their order: the first whose gradient is not 0, of a matrix if there is one."""
    layers: dict[int, list[Element]] = {}
    for weight in weights:
        layers.setdefault(context.number_of_layer(weight.quantity), []).append(weight)

    def plain(weight: Element) -> tuple[bool, bool]:
        return len(weight.quantity.shape) < 2, not context.step.gradients[weight.key][weight.index]

    return [min(alike, key=plain) for alike in layers.values()]


def _table_of_gradients(context: Context, weights: Sequence[Element]) -> list[Block]:
    """Every gradient in a row, up to `MOST_GRADIENTS`: how it follows from the derivative one step behind it, and its value.

    In a large step they are arrays of numbers.
    """
    if has_many_numbers(context):
        gradients = [context.derivation.gradient(parameter) for parameter in context.derivation.parameters]
        lines = [context.array_line(gradient, context.before) for gradient in gradients if gradient is not None]
        return [context.says("chain.arrays"), *context.matrix_blocks(lines, worked=False)]
    lines = [context.element_line(context.gradient_of(weight)) for weight in weights[:MOST_GRADIENTS]]
    title = context.says("chain.table", count=len(lines), section=context.plain("matrix.title"))
    rows = ((line.sides[0], line.sides[1], line.sides[-1]) for line in lines)
    more = context.left_out("chain.more_rows", len(weights) - len(lines))
    return [title, table(context.words.heads("chain", "gradient", "formula", "value"), rows), *more]


def _ways(context: Context, weight: Element, sample: int | None) -> list[list[Element]] | None:
    """Every way from the error to a weight, of one of several samples if that is asked for; None where there are too many."""
    found = ways(context, weight, MOST_PATHS, sample)
    if sample is not None and found:  # a sample's share is without the penalty, which E takes from the weight itself
        found = [path for path in found if len(path) > 2]
    return found


def recursion_blocks(context: Context, every: bool = False) -> list[Block]:
    """δ = f′ · Σ w δ for the units of each layer, of the samples that are worked out or of all: many paths, walked once."""
    quantities = [quantity for quantity in context.derivation.backward if _on_the_way(context, quantity)]
    if has_many_numbers(context) and context.extent != "all":
        return recursion_in_arrays(context, quantities)
    samples = range(context.samples) if every else context.worked_samples
    groups = [context.elements(quantity, sample) for sample in samples for quantity in quantities]
    elements = list(itertools.chain.from_iterable(groups))
    shown = [group[0] for group in groups] if context.brief else context.shown(elements, MOST_WEIGHTS)
    lines = Equations(tuple(context.element_line(element) for element in shown))
    return [context.says("chain.recursive"), lines, *context.left_out("chain.more_units", len(elements) - len(shown))]


def recursion_in_arrays(context: Context, quantities: Sequence[Expression]) -> list[Block]:
    """The same for whole arrays, one line for what goes alike at every step of time; then what each parameter gets of it."""
    alike: dict[tuple[str, int | None, str], list[Expression]] = {}
    for quantity in quantities:
        alike.setdefault((quantity.symbol, quantity.own_name.layer, quantity.own_name.scope), []).append(quantity)
    # The first one met on the way back is the last step, which has nothing behind it; the one before it is as the others are.
    shown = [one for group in alike.values() for one in (group[: 2 if len(group) > 2 else len(group)])]
    left = len(quantities) - len(shown)
    blocks: list[Block] = [context.says("chain.recursive"), Equations(tuple(map(context.symbolic_line, shown)))]
    if left:
        blocks.append(context.says("chain.steps_alike", left=left))
    pairs = zip(context.derivation.parameters, context.derivation.gradients, strict=True)
    gradients = [gradient for parameter, gradient in pairs if parameter not in context.derivation.moving]
    lines = [
        Equation((context.symbol(gradient), formula(context.of_batch(definition(gradient)), context.labels, fold=MOST_STEPS)), ("=",))
        for gradient in gradients
    ]
    several = any(len(group) > 1 for group in alike.values())
    then = context.text("chain.parameters_of_steps" if several else "chain.parameters")
    return [*blocks, Paragraph(then), Equations(tuple(lines)), *signs_told(context)]


def signs_told(context: Context) -> list[Block]:
    """What Σ_j, ⋆, ∗ and [x = 0 … n] mean, where a formula of the network has them."""
    nodes = order(*context.derivation.gradients, context.derivation.error)
    sums = any(node.primitive.name == "total" and len(node.arguments[0].shape) > 2 and node.shape for node in nodes)
    windows = any(node.primitive.name == "window" for node in nodes)
    said = [context.text("signs.sums", sum=Symbol("Σ", "j"))] * sums + [context.text("signs.windows")] * windows
    tables = (node for node in nodes if node.primitive.name == "added_at")
    said += [context.text("signs.tokens", product=formula(one, context.labels)) for one in itertools.islice(tables, 1)]
    return [Paragraph(text) for text in said]


def _on_the_way(context: Context, gradient: Expression) -> bool:
    return all(gradient is not of_parameter for of_parameter in context.derivation.gradients)


def sample_contributions(context: Context, weights: list[Element], parts: Sequence[Share]) -> list[Block]:
    """How much of each gradient each sample brings: a column a sample, the penalty's if there is one, and their sum."""
    samples = context.shown_samples(MOST_SAMPLES)
    penalty = context.step.network.regularizer is not None
    head = ["", *(context.plain("chain.sample", sample=n + 1) for n in samples), *([context.plain("chain.penalty")] * penalty)]
    rows: list[list[Cell]] = []
    for weight in context.shown(weights, MOST_ROWS):
        gradient = context.gradient_of(weight)
        each = [part(weight) for part in parts]
        total = context.before.of(gradient.quantity, gradient.index)
        rest = total - sum(each) if len(weight.quantity.shape) > 1 else 0  # a float stands for the short decimal beside it
        cells = [*(each[n] for n in samples), *([float(rest) if isinstance(rest, Real) else rest] * penalty), total]
        rows.append([context.letter(gradient), *map(context.number, cells)])
    return [
        context.heading("chain.shares"),
        context.says("chain.shares_intro"),
        table([*head, context.plain("chain.sum")], rows),
        *context.left_out("chain.more_samples", context.samples - len(samples)),
        *context.left_out("chain.more_rows", len(weights) - len(rows)),
    ]


def sample_gradients(context: Context) -> list[dict[str, Any]]:
    """What each sample brings to the gradient of every parameter: its own error's gradient, divided by N where E is a mean.

    Nothing where these do not add up to the gradient, because a sample's prediction depends on the other samples.
    """
    step = context.step
    alone = step.network.unpenalised.derivation
    divisor = context.samples if step.network.conventions.batch == "mean" else 1
    parameters = {node: step.parameters[node.key] for node in alone.parameters}
    parts = []
    for n in range(context.samples):
        sample = {node: step.values[node.key][n : n + 1] for node in alone.data}
        values = evaluate(alone.gradients, {**sample, **parameters}, step.arrays)
        parts.append({p.key: values[g] / divisor for p, g in zip(alone.parameters, alone.gradients, strict=True)})
    batch = {node: step.values[node.key] for node in alone.data}
    whole = evaluate(alone.gradients, {**batch, **parameters}, step.arrays)
    sums = zip(alone.parameters, alone.gradients, strict=True)
    return parts if all(_add_up([part[p.key] for part in parts], whole[g]) for p, g in sums) else []


def sample_shares(context: Context) -> list[Share]:
    """The same for single weights, to as many digits as the numbers of the step are known."""
    parts, step = sample_gradients(context), context.step
    if not parts or not context.before.precise:
        return [lambda weight, part=part: part[weight.key][weight.index] for part in parts]  # type: ignore[misc]  # bound here
    alone = step.network.unpenalised.derivation
    gradients = {p.key: gradient for p, gradient in zip(alone.parameters, alone.gradients, strict=True)}
    divisor = context.samples if step.network.conventions.batch == "mean" else 1
    parameters = {node: step.parameters[node.key] for node in alone.parameters}

    def share_of(n: int) -> Share:
        data = {node: step.values[node.key][n : n + 1] for node in alone.data}
        known = evaluate([*alone.named.values(), alone.error], {**data, **parameters}, step.arrays)
        scalars = Scalars({"batch": 1}, (*alone.quantities, *alone.errors), absent=step.network.absent)
        values = Values(scalars, {node.key: known[node] for node in known if node.name is not None}, context.before.given)
        return lambda weight: values.of(gradients[weight.key], weight.index) / divisor

    return [share_of(n) for n in range(context.samples)]


def _add_up(parts: list[Any], whole: Any) -> bool:
    """Is the whole the sum of its parts, but for rounding?"""
    import numpy as np

    sizes = np.abs(np.asarray(parts, dtype=float)).sum(axis=0)
    return bool((np.abs(np.asarray(sum(parts) - whole, dtype=float)) <= 1e-9 * sizes).all())


def matrix_form_section(context: Context) -> Section:
    """Back-propagation as a careful student writes it: one line a quantity, error first."""
    blocks: list[Block] = [Paragraph(_matrix_intro(context))]
    if context.detail == "matrix":
        blocks += [*theorems(context), *kinks(context)]
    blocks += context.matrix_blocks(context.matrix_line(quantity) for quantity in context.derivation.backward)
    lines = [context.symbolic_update(part) for part in context.step.update.parameters]
    if lines:
        blocks += [context.says("matrix.update"), Equations(tuple(lines))]
    return context.section("matrix", (*blocks, *signs_told(context), *patterns(context)))


def patterns(context: Context) -> list[Block]:
    """What the letters stand for that say which weights there are, and which the update moves."""
    nodes = order(*context.derivation.gradients, *(part.new for part in context.step.update.parameters))
    found = [node for node in nodes if node.name and definition(node).primitive.name == "pattern"]
    blocks: list[Block] = []
    for key, letter in (("matrix.present", PRESENT), ("matrix.moved", MOVED)):
        if letters := joined_inline(context.symbol(node) for node in found if node.symbol == letter):
            blocks.append(Paragraph((*letters, *context.text(key))))
    return blocks


def _matrix_intro(context: Context) -> Inline:
    """What is to come, and what δ is where there is one."""
    nets = (node for node in context.derivation.backward if node.name is not None and node.name.gradient and node.symbol == "z")
    delta = next(nets, None)
    if delta is None or delta.name is None:
        return context.text("matrix.intro")
    z = context.labels.label(replace(delta.name, gradient=False))
    return context.text("matrix.delta", delta=context.symbol(delta), error=context.labels.error, z=z)


def closed_forms_section(context: Context) -> Section | None:
    """Every update with its gradient written out: in the chain's factors where there is one way, else in the derivatives on the way."""
    lines = _single_ways(context)
    if lines:
        blocks: list[Block] = [context.says("formulas.intro"), Equations(tuple(lines))]
    else:
        blocks = _by_derivatives_on_the_way(context)
    return context.section("formulas", blocks) if blocks else None


def _single_ways(context: Context) -> list[Equation] | None:
    """The updates, where one way leads from E to each weight; None where several do, or there are too many weights."""
    top = Element(context.derivation.error, ())
    lines: list[Equation] = []
    kept = sum(map(len, context.step.network.kept.values()))
    if sum(value.size for value in context.step.new_parameters.values()) - kept > MOST_WEIGHTS:
        return None
    for part in context.step.update.parameters:
        for weight in context.elements(part.parameter):
            if weight.index in context.step.network.kept.get(weight.key, ()):
                continue
            found = paths(context.scalars, top, weight, 1)
            if not found or part.states or len(lines) >= MOST_WEIGHTS or context.written_once(found[0]) is not None:
                return None
            lines.append(_closed_form(context, Element(part.new, weight.index), weight, found[0]))
    return lines


def _by_derivatives_on_the_way(context: Context) -> list[Block]:
    """δ of each unit from those behind it, and then w ← w − η · δ · x; of more numbers or samples the same in matrices.

    Where a rule has states, which no single formula writes out, the gradients that stand in it.
    """
    parts = context.step.update.parameters
    on_the_way = [quantity for quantity in context.derivation.backward if _on_the_way(context, quantity)]
    gradients = [(part, context.derivation.gradient(part.parameter)) for part in parts]
    count = sum(value.size for value in context.step.new_parameters.values())
    many = context.samples > 1 or count > MOST_WEIGHTS or bool(context.step.network.kept) or bool(context.step.network.absent)
    whole = context.brief or many
    plain = [gradient is not None and _stands_in(part, gradient) for part, gradient in gradients]
    lines: list[Equation] = []
    for (part, gradient), short in zip(gradients, plain, strict=True):
        if gradient is None:
            continue
        if whole:
            rule = substitute(definition(part.new), {gradient: definition(gradient)}) if short else definition(gradient)
            left = context.symbol(part.parameter if short else gradient)
            lines.append(Equation((left, formula(context.of_batch(rule), context.labels)), ("←" if short else "=",)))
            continue
        for weight in context.elements(part.parameter):
            letter = context.scalars.variable(Element(gradient, weight.index))
            rule = context.scalars.definition(Element(gradient, weight.index))
            if short:
                rule = substitute(context.scalars.definition(Element(part.new, weight.index)), {letter: rule})
            left = context.letter(weight) if short else formula(letter, context.labels)
            lines.append(Equation((left, formula(rule, context.labels)), ("←" if short else "=",)))
    if not lines:
        return []
    shared = (
        [context.symbolic_line(quantity) for quantity in on_the_way]
        if whole
        else [
            Equation((context.letter(one), formula(context.scalars.definition(one), context.labels)), ("=",))
            for quantity in on_the_way
            for one in context.elements(quantity)
        ]
    )
    then = "formulas.updates" if all(plain) else "formulas.gradients"
    first: list[Block] = [context.says("formulas.shared"), Equations(tuple(shared))] if shared else []
    more = [context.more("formulas.more")] if whole and not many and context.detail == "scalar" else []
    return [*first, context.says(then), Equations(tuple(lines)), *more]


def _stands_in(part: ParameterUpdate, gradient: Expression) -> bool:
    """Is the gradient itself a letter of the update, w − η · ∂E/∂w?"""
    return not part.states and gradient in written_nodes(definition(part.new))


def _closed_form(context: Context, new: Element, weight: Element, path: list[Element]) -> Equation:
    product: Expression | None = None
    for of, by in itertools.pairwise(path):
        factor = context.scalars.derivative(of, by)
        product = factor if product is None else product * factor
    assert product is not None
    rule = context.scalars.definition(new)
    gradient = context.scalars.variable(context.gradient_of(weight))
    return Equation((context.letter(weight), formula(substitute(rule, {gradient: tidy(product)}), context.labels)), ("←",))
