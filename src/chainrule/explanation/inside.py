"""What happens inside layers that are more than a product: windows, gates, shares of attention, statistics of a batch, rows of a table.

Each is found in the graph and shown with the numbers of the first sample, as grids. So a layer of one's own that does the same is
told the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.document.document import NOUGHT, Block, Cell, Equations, GridBlock, Inline, Paragraph, Section, table
from chainrule.explanation.alike import EVERYTHING, shared_pattern, shortens
from chainrule.explanation.context import Context
from chainrule.formula.closed_forms import normalised_gradient
from chainrule.formula.evaluation import evaluate, value_of
from chainrule.formula.expression import Expression, Name, definition, neighbours, order, variable, written_nodes
from chainrule.formula.forms import Infix
from chainrule.formula.scalar import Element
from chainrule.notation.arithmetic import Real
from chainrule.notation.build import formula
from chainrule.notation.formula import Call, Derivative, Equation, Fraction, Operator, Root, Symbol, row
from chainrule.notation.numbers import meant, number_formula

DIGITS = 3
"""Significant digits of a number in a grid."""

MOST_CELLS = 12
"""Rows and columns of a grid."""

MOST_STEPS = 12
"""Steps of time, each a row."""

MOST_USES = 8
"""Places of one token that are added up one by one."""


def inside_section(context: Context) -> Section | None:
    """Every layer that does more than multiply; None where there is none."""
    of_each = (_each(context, told) for told in (_attention, _normalisation, _table))
    blocks = [*_each(context, _windows), *_recurrences(context), *itertools.chain.from_iterable(of_each)]
    return context.section("inside", blocks) if blocks else None


def _each(context: Context, told: Callable[[Context, Expression], Iterator[Block]]) -> Iterator[Block]:
    """What is told of each quantity; in an overview only once of those that go alike."""
    quantities = context.derivation.quantities
    kinds = shared_pattern(quantities) if shortens(context) else quantities
    known = set[Hashable]()
    left = 0
    for quantity, kind in zip(quantities, kinds, strict=True):
        if kind in known:
            left += 1
        elif blocks := list(told(context, quantity)):
            known.add(kind)
            yield from blocks
    if left:
        yield context.more("inside.alike", options=EVERYTHING, count=left)


def _numbers(context: Context, node: Expression) -> Array:
    """The value of any part of the graph in this step."""
    letters = [inner for inner in written_nodes(node) if inner.name is not None]
    given = {letter: np.asarray(context.settled[letter.key], dtype=float) for letter in letters}
    if node in given:
        return given[node]
    return np.asarray(value_of(node, given), dtype=float)


def _gradient(context: Context, node: Expression) -> Array | None:
    gradient = context.derivation.gradient(node)
    return None if gradient is None or gradient.key not in context.settled else np.asarray(context.settled[gradient.key], float)


def _grid(context: Context, values: Array, kind: str, caption: Inline, rows: str = "", columns: str = "") -> GridBlock:
    """Numbers of a plane, each at its place; a 0 is a dot."""
    values = np.atleast_2d(values)
    shown = values[:MOST_CELLS, :MOST_CELLS]
    more = (values.shape[0] > MOST_CELLS, values.shape[1] > MOST_CELLS)
    head: list[Inline] = [(f"{rows} – {columns}" if rows and columns else "",)]
    head += [(str(place + 1),) for place in range(shown.shape[1])] + [("…",)] * more[1]
    body = [((str(place + 1),), *(_cell(context, value) for value in line), *([("…",)] * more[1])) for place, line in enumerate(shown)]
    body += [tuple(("…",) for _ in head)] * more[0]
    darkest = (float(np.abs(shown).max()),) * shown.shape[1]
    return GridBlock(tuple(head), tuple(body), tuple(map(tuple, shown.tolist())), darkest, kind, caption)


def _cell(context: Context, value: float) -> Inline:
    """A 0 is a dot; numbers that are longer are rounded to three digits, or to as many as stand before their point."""
    if value == 0:
        return NOUGHT
    digits = max(DIGITS, math.ceil(math.log10(abs(value)))) if math.isfinite(value) else DIGITS
    long = float(f"{value:.{digits}g}") != value
    return (number_formula(Real(meant(float(value)), exact=not long), context.rounding, digits),)


# Windows of a convolution


def _windows(context: Context, quantity: Expression) -> Iterator[Block]:
    slope = _gradient(context, quantity)
    for node in written_nodes(definition(quantity)):
        window = _window_under(node.arguments[0]) if node.primitive.name == "matmul" else None
        weights = _parameter_under(context, node.arguments[1]) if window is not None else None
        if window is not None and weights is not None and slope is not None and len(weights.shape) == len(quantity.shape):
            yield from _convolution(context, quantity, window, weights, slope)
        elif node.primitive.name == "overlap" and slope is not None:
            product = _under(node.arguments[0])
            weights = _parameter_under(context, product.arguments[1]) if product.primitive.name == "matmul" else None
            if weights is not None and node.parameters["axis"] == 1:
                yield from _transposed_convolution(context, quantity, node, product.arguments[0], weights, slope)


def _under(node: Expression) -> Expression:
    """What is laid out anew, or turned."""
    while node.name is None and node.primitive.name in ("reshape", "transpose"):
        (node,) = node.arguments
    return node


def _window_under(node: Expression) -> Expression | None:
    node = _under(node)
    # Its places stand behind the examples: where channels come first, as in PyTorch, a place is no row.
    return node if node.name is None and node.primitive.name == "window" and node.parameters["axis"] == 1 else None


def _parameter_under(context: Context, node: Expression) -> Expression | None:
    node = _under(node)
    return node if node in context.derivation.parameters else None


def _convolution(context: Context, z: Expression, window: Expression, W: Expression, slope: Array) -> Iterator[Block]:
    """The window that made one output, and all outputs that one weight touches."""
    windows, weights = _numbers(context, window), np.asarray(context.step.parameters[W.key], dtype=float)
    several = len(z.shape) - 2  # axes of places
    first = np.abs(slope[0])
    *place, unit = (int(i) for i in np.unravel_index(int(first.argmax()), first.shape))
    seen, own = windows[(0, *place)], weights[..., unit]
    channel = int(np.abs(seen * own).reshape(-1, seen.shape[-1]).sum(axis=0).argmax())
    output = context.labels.label(z.own_name.at(0, *place, unit))
    yield context.heading("inside.windows", output=context.symbol(z))
    letters: dict[str, Any] = {"output": output, "weights": context.symbol(W), "channel": channel + 1, "unit": unit + 1}
    letters |= {"places": " × ".join(map(str, seen.shape[:-1])), "channels": seen.shape[-1]}
    yield context.says("inside.window", **letters)
    yield _grid(context, seen[..., channel], "windows", context.text("inside.caption.window", **letters))
    yield context.says("inside.kernel", **letters)
    yield _grid(context, own[..., channel], "windows", context.text("inside.caption.kernel", **letters))
    products = seen * own
    numbers = {"own": products[..., channel].sum(), "all": products.sum(), "value": float(context.step.values[z.key][(0, *place, unit)])}
    letters |= {key: context.rounded(float(value)) for key, value in numbers.items()}
    with_bias = isinstance(definition(z).primitive.form, Infix)
    yield Paragraph(
        (*context.text("inside.window_sum", **letters), *((" ", *context.text("inside.window_bias", **letters)) if with_bias else ()))
    )
    index = _largest(products)
    everywhere: Any = (slice(None), *[slice(None)] * several, *index)
    touched = windows[everywhere] * slope[..., unit]
    weight = context.labels.label(W.own_name.at(*index, unit))
    carried = touched[0]
    total = context.rounded(float(touched.sum()))
    gradient = context.symbol(context.derivation.gradients[context.derivation.parameters.index(W)])
    yield context.says("inside.touched", weight=weight, gradient=gradient, total=total, count=carried.size)
    yield _grid(context, carried, "windows", context.text("inside.caption.touched", weight=weight, gradient=gradient))


def _transposed_convolution(
    context: Context, z: Expression, overlap: Expression, x: Expression, W: Expression, slope: Array
) -> Iterator[Block]:
    """The window that one input lays, and all windows in which one weight lies."""
    inputs, weights = _numbers(context, x), np.asarray(context.step.parameters[W.key], dtype=float)
    cut = [(int(extent) - own) // 2 for extent, own in zip(overlap.parameters["extents"], slope.shape[1:-1], strict=True)]
    whole = np.pad(slope, [(0, 0), *((away, away) for away in cut), (0, 0)])
    *place, channel = _largest(inputs[0])
    unit = int(np.abs(weights[channel]).reshape(-1, weights.shape[-1]).sum(axis=0).argmax())
    laid = inputs[(0, *place, channel)] * weights[channel, ..., unit]
    yield context.heading("inside.laid", output=context.symbol(z))
    letters: dict[str, Any] = {"weights": context.symbol(W), "channel": channel + 1, "unit": unit + 1}
    letters |= {"place": ", ".join(str(one + 1) for one in place), "number": context.rounded(float(inputs[(0, *place, channel)]))}
    yield context.says("inside.laying", places=" × ".join(map(str, laid.shape)), **letters)
    yield _grid(context, laid, "windows", context.text("inside.caption.laid", **letters))
    inner = _largest(laid)
    steps, gaps = overlap.parameters["steps"], overlap.parameters["gaps"]
    windows = zip(inner, gaps, steps, inputs.shape[1:-1], strict=True)
    there: Any = (slice(None), *(slice(one * gap, one * gap + extent * step, step) for one, gap, step, extent in windows), unit)
    touched = inputs[..., channel] * whole[there]
    weight = context.labels.label(W.own_name.at(channel, *inner, unit))
    gradient = context.symbol(context.derivation.gradients[context.derivation.parameters.index(W)])
    said = {"weight": weight, "gradient": gradient, "total": context.rounded(float(touched.sum())), "count": touched[0].size}
    yield context.says("inside.laid_touched", **said)
    yield _grid(context, touched[0], "windows", context.text("inside.caption.laid_touched", weight=weight, gradient=gradient))


# Gates of a recurrence


def _recurrences(context: Context) -> Iterator[Block]:
    """A row for each step of time: how far gates are open, and how much of the gradient arrives."""
    groups: dict[tuple[int, str], dict[int, Expression]] = {}
    for quantity in context.derivation.quantities:
        if quantity.name is not None and quantity.name.layer is not None and quantity.name.time is not None:
            groups.setdefault((quantity.name.layer, quantity.symbol), {})[quantity.name.time] = quantity
    for layer in dict.fromkeys(layer for layer, _ in groups):
        own = {symbol: times for (number, symbol), times in groups.items() if number == layer and len(times) > 1}
        gates = {symbol: times for symbol, times in own.items() if all(_is_gate(one) for one in times.values())}
        crossing = {
            state
            for times in own.values()
            for time, quantity in times.items()
            for state in neighbours(definition(quantity))
            if state.name is not None and state.name.layer == layer and state.name.time not in (None, time)
        }
        carried = {symbol: times for symbol, times in own.items() if _is_carried(times, crossing)}
        if carried:
            yield from _through_time(context, layer, gates, carried)


def _is_gate(quantity: Expression) -> bool:
    """σ of something: a number from 0 to 1 that another one is multiplied by."""
    return definition(quantity).primitive.name == "sigmoid"


def _is_carried(times: dict[int, Expression], crossing: set[Expression]) -> bool:
    """Is it what one step leaves to the next, whichever way the steps go?"""
    return sum(one in crossing for one in times.values()) >= len(times) - 1


def _reads(quantity: Expression, other: Expression) -> bool:
    return other in order(quantity)


def _through_time(
    context: Context, layer: int, gates: dict[str, dict[int, Expression]], carried: dict[str, dict[int, Expression]]
) -> Iterator[Block]:
    steps = sorted(next(iter(carried.values())))
    norms: dict[str, dict[int, float]] = {}
    for symbol, times in carried.items():
        slopes = {time: _gradient(context, quantity) for time, quantity in times.items()}
        norms[symbol] = {time: float(np.linalg.norm(slope)) for time, slope in slopes.items() if slope is not None}
    yield context.heading("inside.time", layer=context.layer(layer))
    names = {symbol: _whole(context, next(iter(times.values()))) for symbol, times in {**gates, **carried}.items()}
    head: list[Inline] = [(context.plain("inside.step"),), *((names[symbol],) for symbol in gates)]
    head += [("‖∂", context.labels.error, "/∂", names[symbol], "‖") for symbol in carried]
    rows, numbers = list[tuple[Inline, ...]](), list[tuple[float, ...]]()
    for time in _spread_out(steps):
        if time is None:
            rows.append(tuple(("…",) for _ in head))
            numbers.append((math.nan,) * (len(head) - 1))
            continue
        means = [_numbers(context, times[time]).mean() if time in times else math.nan for times in gates.values()]
        arriving = [norms[symbol].get(time, math.nan) for symbol in carried]
        numbers.append((*means, *arriving))
        rows.append(((str(time),), *(_cell(context, value) if math.isfinite(value) else ("–",) for value in (*means, *arriving))))
    yield context.says("inside.gates" if gates else "inside.no_gates")
    darkest = (*(1.0 for _ in gates), *(max(arriving.values(), default=0.0) for arriving in norms.values()))
    caption = context.text("inside.caption.gates", layer=context.layer(layer))
    yield GridBlock(tuple(head), tuple(rows), tuple(numbers), darkest, "gates", caption)
    kept = _kept_by(carried, gates)
    for symbol in carried:
        known = [time for time in steps if time in norms[symbol]]
        if len(known) < 2 or not norms[symbol][known[-1]] or not norms[symbol][known[0]] or (kept and symbol not in kept):
            continue  # where a state is kept by a gate alone, what is to be learned goes that way
        backwards = _reads(carried[symbol][known[0]], carried[symbol][known[-1]])
        start, end = (known[0], known[-1]) if backwards else (known[-1], known[0])
        share = norms[symbol][end] / norms[symbol][start]
        values = {"state": names[symbol], "start": start, "end": end, "share": context.rounded(float(f"{share:.3g}"))}
        key = "inside.vanishes" if share < 0.1 else "inside.explodes" if share > 10 else "inside.survives"
        yield context.says(key, **values, error=context.labels.error)
    for symbol, (gate, alone) in kept.items():
        product = float(np.prod([_numbers(context, gates[gate][time]).mean() for time in alone]))
        letters = {"state": names[symbol], "gate": names[gate], "product": context.rounded(float(f"{product:.3g}"))}
        yield context.says("inside.path", **letters)


def _largest(values: Array) -> tuple[int, ...]:
    """The place of the number that is farthest from 0."""
    return tuple(int(i) for i in np.unravel_index(int(np.abs(values).argmax()), values.shape))


def _whole(context: Context, quantity: Expression) -> Any:
    """The letter of a quantity at any step of time."""
    return context.labels.label(replace(quantity.own_name, time=None))


def _spread_out(steps: list[int]) -> list[int | None]:
    if len(steps) <= MOST_STEPS:
        return list(steps)
    return [*steps[: MOST_STEPS // 2], None, *steps[-(MOST_STEPS // 2) :]]


def _kept_by(carried: dict[str, dict[int, Expression]], gates: dict[str, dict[int, Expression]]) -> dict[str, tuple[str, list[int]]]:
    """States that one gate alone multiplies from step to step, with the gate and the steps: there the gradient goes on without a matrix."""
    kept: dict[str, tuple[str, list[int]]] = {}
    for symbol, times in carried.items():
        for gate, open_ in gates.items():
            steps = [
                time
                for time in times
                if time in open_ and any(_multiplied(times[time], open_[time], times.get(beside)) for beside in (time - 1, time + 1))
            ]
            if len(steps) > 1 and len(steps) >= len(times) - 1:
                kept[symbol] = (gate, steps)
    return kept


def _multiplied(state: Expression, gate: Expression, before: Expression | None) -> bool:
    """Is gate ⊙ before a term of the state?"""
    nodes = written_nodes(definition(state))
    return before is not None and any(node.primitive.name == "multiply" and {*node.arguments} == {gate, before} for node in nodes)


# Attention


def _attention(context: Context, quantity: Expression) -> Iterator[Block]:
    nodes = written_nodes(definition(quantity))
    softmax = next((node for node in nodes if node.primitive.name == "softmax" and len(node.shape) > 3), None)
    slope = _gradient(context, quantity)
    if softmax is None or slope is None or quantity.shape != softmax.shape:
        return
    shares = _numbers(context, quantity)[0, 0]
    blame = shares * (slope[0, 0] - (slope[0, 0] * shares).sum(axis=-1, keepdims=True))
    scores = _numbers(context, softmax.arguments[0])[0, 0]
    heads = int(quantity.shape[1])
    letters = {"shares": context.symbol(quantity), "error": context.labels.error, "heads": heads}
    places = {"rows": context.plain("inside.looks"), "columns": context.plain("inside.looked_at")}
    yield context.heading("inside.attention", **letters)
    yield context.says("inside.scores", **letters)
    yield _grid(context, np.where(scores < -1e29, 0, scores), "attention", context.text("inside.caption.scores"), **places)
    yield context.says("inside.shares", **letters)
    yield _grid(context, shares, "attention", context.text("inside.caption.shares", **letters), **places)
    yield context.says("inside.jacobian", **letters)
    jacobian = np.diag(shares[-1]) - np.outer(shares[-1], shares[-1])
    yield _grid(context, jacobian, "attention", context.text("inside.caption.jacobian", place=len(shares)))
    worst = _largest(blame)
    most = {"looking": worst[0] + 1, "place": worst[1] + 1, "blame": context.rounded(float(f"{blame[worst]:.3g}"))}
    yield context.says("inside.blame", **letters, **most)
    yield _grid(context, blame, "attention", context.text("inside.caption.blame", **letters), **places)
    yield context.says("inside.attention_closed")


# Normalisation


def _normalisation(context: Context, quantity: Expression) -> Iterator[Block]:
    inner = definition(quantity)
    centred = inner.arguments[0] if inner.primitive.name == "mean" and inner.arguments[0].primitive.name == "power" else None
    if centred is None or centred.arguments[0].name is None:
        return
    (deviation, _), axes = centred.arguments, tuple(inner.parameters["axes"])
    users = [n for n in context.derivation.quantities if deviation in definition(n).arguments and quantity in order(definition(n))]
    before = definition(deviation)
    if not users or before.primitive.name != "subtract" or _gradient(context, users[0]) is None:
        return
    yield from _normalised(context, users[0], before.arguments[0], quantity, axes)


def _normalised(context: Context, n: Expression, x: Expression, v: Expression, axes: tuple[int, ...]) -> Iterator[Block]:
    """Why the gradient of each number depends on the others that were normalised with it."""
    of_batch = 0 in axes
    slope, own = _gradient(context, n), _numbers(context, n)
    assert slope is not None
    yield context.heading("inside.batch_norm" if of_batch else "inside.layer_norm", n=context.symbol(n))
    letters: dict[str, Any] = {"n": context.symbol(n), "v": context.symbol(v)}
    letters["slope"] = Derivative(context.labels.error, letters["n"])
    yield context.says("inside.normalised_batch" if of_batch else "inside.normalised_own", **letters)
    g, signal = variable(Name("g"), n.shape), variable(Name("x"), n.shape)
    yield Equations((closed_form_line(context),))
    root = np.sqrt(_numbers(context, v) + _epsilon_of(n))
    moved = tuple(axis for axis in range(own.ndim) if axis in axes)
    means = [np.broadcast_to(part.mean(axis=moved, keepdims=True), own.shape) for part in (slope, slope * own)]
    divided = np.broadcast_to(np.expand_dims(root, moved), own.shape)
    result = evaluate([normalised_gradient(g, signal, axes, _epsilon_of(n))], {g: slope, signal: _numbers(context, x)})
    (whole,) = result.values() if len(result) == 1 else (next(reversed(result.values())),)
    along: Any = (slice(None), *[0] * (own.ndim - 1)) if of_batch else (*[0] * (own.ndim - 1), slice(None))
    columns = [part[along] for part in (slope, means[0], own * means[1], divided, np.asarray(whole))]
    head = context.words.heads("inside", "sample" if of_batch else "channel", "g", "mean", "along", "root", "result")
    lines = enumerate(zip(*columns, strict=True), start=1)
    rows: list[list[Cell]] = [[str(place), *(_cell(context, value) for value in line)] for place, line in lines]
    yield table(head, rows[:MOST_CELLS])


def _epsilon_of(n: Expression) -> float:
    """The small number that is added under the root."""
    for node in order(definition(n)):
        if node.primitive.name == "sqrt":
            constants = [argument.constant for argument in node.arguments[0].arguments if argument.constant is not None]
            return float(constants[0]) if constants else 0.0
    return 0.0


def closed_form_line(context: Context) -> Equation:
    """∂E/∂x = (g − mean(g) − n ⊙ mean(g ⊙ n)) / √(v + ε)."""
    x, g, n, v = (Symbol(letter, bold=True, key=letter) for letter in ("x", "g", "n", "v"))
    mean = context.plain("inside.mean_of")
    above = row(g, Operator("−"), Call(mean, (g,)), Operator("−"), n, Operator("⊙"), Call(mean, (row(g, Operator("⊙"), n),)))
    return Equation((Derivative(context.labels.error, x), Fraction(above, Root(row(v, Operator("+"), Symbol("ε", key=""))))), ("=",))


# Rows of a table


def _table(context: Context, quantity: Expression) -> Iterator[Block]:
    """The row of the token that is used most: the sum of what all its places bring."""
    inner = definition(quantity)
    slope = _gradient(context, quantity)
    if inner.primitive.name != "lookup" or slope is None or inner.arguments[0] not in context.derivation.parameters:
        return
    table, where = inner.arguments
    places = _numbers(context, where).astype(int)
    token = int(np.bincount(places.ravel()).argmax())
    found = [tuple(map(int, place)) for place in np.argwhere(places == token)]
    column = int(np.abs(slope[tuple(np.transpose(found))].sum(axis=0)).argmax())
    gradient = context.derivation.gradient(table)
    assert gradient is not None
    left = context.labels.label(gradient.own_name.at(token, column))
    arriving = context.derivation.gradient(quantity)
    assert arriving is not None
    terms = [context.scalars.variable(Element(arriving, (*place, column))) for place in found[:MOST_USES]]
    letters = {
        "token": token,
        "row": token + 1,
        "count": len(found),
        "table": context.symbol(table),
        "distinct": len({*places.ravel().tolist()}),
    }
    yield context.heading("inside.table", **letters)
    yield context.says("inside.uses", **letters)
    summed = reduce(add, terms)
    if len(found) == len(terms):
        line = context.worked_line(left, summed, context.scalars.variable(Element(gradient, (token, column))))
    else:
        line = Equation((left, row(formula(summed, context.labels), Operator("+"), Operator("…"))), ("=",))
    yield Equations((line,))
