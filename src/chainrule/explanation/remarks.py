"""What is worth a remark in an explanation: where there is no slope, why E cannot reach 0, where a schedule leads."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.document.document import Block, Inline, Note, joined_inline
from chainrule.explanation.context import PENALTY, Context
from chainrule.formula.backprop import local_derivatives
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, Primitive, as_expression, definition, neighbours, order, variable, written_nodes
from chainrule.formula.forms import Bracket, Piecewise
from chainrule.formula.primitives import sign
from chainrule.formula.scalar import Element
from chainrule.network.definitions import Bound
from chainrule.notation.numbers import evaluated, meant

BESIDE, LEAST_BESIDE = 1e-15, 1e-300
"""Such a part of a number beside it, but no less than this, the slope is looked at, on both sides: as near as floats tell apart."""

MOST_SAMPLES = 1000
"""Slopes are whole numbers, decimals, or these divided by the number of samples: no larger number stands below the line."""

MOST_NAMED = 6
"""Units on a kink that are named one by one."""

MOST_TARGETS = 200
"""Rows of a batch for whose targets the least error is looked for."""

LEAST = 1e-9
"""An error below is as good as 0."""

CLOSE = 0.01
"""Outputs between which there is no gap: neighbours lie no farther apart than this share of all of them."""

FAR = 15.0
"""Net inputs up to this size are ordinary: sigmoid and tanh have not reached their limits there, not even as floats."""

FEW_LOOKED_AT = 60
"""So many elements of a quantity are looked at one by one."""

MOST_LOOKED_AT = 2000
"""Numbers of a net input in whose place others are tried."""

NEAR = 1e-6
"""A kink is looked for where slopes differ by more between so far to the left and so far to the right."""

MOST_RATES = 20_000
"""Steps at which a schedule is looked at."""


def kinks(context: Context) -> list[Block]:
    """Which numbers stand where a function has no slope, and which slope is taken there: of every sample, since each is in the gradient."""
    found: dict[tuple[Expression, Expression, Fraction, Fraction, Fraction], list[Element]] = {}
    letters = {*context.derivation.quantities, *context.derivation.parameters}
    for quantity in (*context.derivation.quantities, context.derivation.error):
        if not any(_bends(node.primitive) for node in written_nodes(definition(quantity))):
            continue
        near = _near_kinks(context, quantity)
        if near is None and context.step.values[quantity.key].size > MOST_LOOKED_AT:
            continue
        for element in (one for one in context.each_element(quantity) if near is None or near[one.index]):
            for by in context.scalars.parents(element):
                slopes = _slopes(context, element, by) if by.quantity in letters else None
                if slopes is not None:
                    found.setdefault((quantity, by.quantity, *slopes), []).append(by)
    return [Note("insight", text) for text in (_kink(context, *key, standing=found[key]) for key in found)]


def _near_kinks(context: Context, quantity: Expression) -> Array | None:
    """Which elements of a large quantity may stand on a kink of a function of one number: all slopes at once, on both sides. None where
    every element has to be looked at.
    """
    inner = [node for node in neighbours(definition(quantity)) if node in context.derivation.quantities]
    if context.step.values[quantity.key].size <= FEW_LOOKED_AT or len(inner) != 1 or inner[0].shape != quantity.shape:
        return None
    seed = variable(Name("g"), quantity.shape)
    slope = local_derivatives(quantity, inner, seed)[inner[0]]
    letters = [node for node in written_nodes(slope) if node.name is not None and node is not seed]
    at = {letter: np.asarray(context.step.values[letter.key], dtype=float) for letter in letters}
    if inner[0] not in at:
        return None
    ones = np.ones(context.step.values[quantity.key].shape)
    left, right = (evaluate([slope], {**at, seed: ones, inner[0]: at[inner[0]] + beside})[slope] for beside in (-float(NEAR), float(NEAR)))
    return np.asarray(np.abs(np.asarray(left) - np.asarray(right)) > NEAR)


@cache
def _bends(primitive: Primitive) -> bool:
    """Has an operation a kink or a jump somewhere?"""
    if primitive.slope is None:
        return False
    letters = [variable(Name(f"a{place}")) for place in range(primitive.value.__code__.co_argcount - 1)]
    slopes = [as_expression(slope) for slope in primitive.slope(*letters, variable(Name("y"))) if slope is not None]
    return isinstance(primitive.form, Piecewise) or any(_is_stepped(node) for node in order(*slopes))


def _is_stepped(node: Expression) -> bool:
    return isinstance(node.primitive.form, Bracket | Piecewise) or node.primitive is sign


def _slopes(context: Context, of: Element, by: Element) -> tuple[Fraction, Fraction, Fraction] | None:
    """∂of/∂by to the left, as it is taken, and to the right; None where it is one."""
    slope = context.scalars.derivative(of, by)
    if not any(map(_is_stepped, order(slope))):
        return None
    letter = context.scalars.variable(by)
    numbers = {node: context.before[node] for node in order(slope) if node.name is not None}
    if letter not in numbers:
        return None
    at = float(meant(numbers[letter]))
    if not math.isfinite(at):
        return None
    numbers = {node: meant(float(meant(number))) for node, number in numbers.items()}  # as floats, which made the step
    beside = Fraction(max(BESIDE * abs(at), LEAST_BESIDE))
    places = (numbers[letter] + way * beside for way in (-1, 0, 1))
    left, taken, right = (evaluated(slope, {**numbers, letter: place}).value for place in places)
    if not (isinstance(left, Fraction) and isinstance(taken, Fraction) and isinstance(right, Fraction)):
        return None
    left, taken, right = map(_meant_slope, (left, taken, right))
    return None if left == right else (left, taken, right)


def _meant_slope(beside: Fraction) -> Fraction:
    """A slope as it is at the kink itself, from one that was taken next to it: 1/3 in place of 0.333333333334."""
    rounded = Fraction(f"{float(beside):.9g}")
    simple = rounded.limit_denominator(MOST_SAMPLES)
    return simple if abs(simple - rounded) <= Fraction(1, 10**9) * abs(simple) else rounded


def _kink(
    context: Context, of: Expression, by: Expression, left: Fraction, taken: Fraction, right: Fraction, standing: list[Element]
) -> Inline:
    """z1 stands on a kink: the slope of h by z is 0 to the left of it and 1 to the right; 0 is taken."""
    standing = list(dict.fromkeys(standing))
    shown = context.shown(standing, MOST_NAMED)
    letters = joined_inline(map(context.letter, shown))
    more = [", …"] if len(standing) > len(shown) else []
    slopes = {name: context.rounded(value) for name, value in (("left", left), ("taken", taken), ("right", right))}
    above = context.labels.label(PENALTY) if by in context.derivation.parameters else context.symbol(of)  # a weight stands in no other part
    return (*letters, *more, " ", *context.text("kink", count=len(standing), of=above, by=context.symbol(by), **slopes))


def unreachable(context: Context) -> list[Block]:
    """Why E cannot reach 0, or only in the limit, as far as that is seen: contradictory targets, an output within bounds, a penalty."""
    never = [text for text in (_contradiction(context), _out_of_reach(context, limits=False)) if text is not None]
    return [Note("insight", text) for text in (*_constant(context), *(never or _limit(context)))]


def _limit(context: Context) -> list[Inline]:
    """Where E comes to 0, or near it: without weights, where they are penalised, or only in the limit; not at all where both hold."""
    costs, limit = _costs(context), _out_of_reach(context, limits=True)
    if costs is not None and limit is not None:
        return [context.text("unreachable.penalty_limit", error=context.labels.error)]
    return [text for text in (costs, limit) if text is not None]


def _constant(context: Context) -> Iterator[Inline]:
    """Layers that give one number whatever their net input is: the softmax of a single unit."""
    for number, layer in enumerate(context.step.network.layers, 1):
        recorded = context.step.values.get(f"z{number}")
        if layer.activation is None or recorded is None or not 0 < recorded.size <= MOST_LOOKED_AT:
            continue
        z = variable(Name("z"), ("batch", *recorded.shape[1:]))
        h = layer.activation.apply(z)
        places = np.arange(recorded.size, dtype=float).reshape(recorded.shape)
        tried = [np.asarray(evaluate([h], {z: 10**size * np.cos(places + size)})[h]) for size in range(1, 6)]  # both signs, far and near
        value = float(tried[0].flat[0])
        if math.isfinite(value) and all(np.allclose(each, value, rtol=1e-12, atol=1e-12) for each in tried):
            alone = recorded.shape[-1] == 1 and not layer.activation.elementwise
            said = {
                "layer": context.layer(number),
                "activation": context.called(layer.activation),
                "value": context.rounded(round(value, 9)),
            }
            yield context.text("constant.alone" if alone else "constant", **said)


def _contradiction(context: Context) -> Inline | None:
    """Two samples with the same inputs and targets that no prediction fits both."""
    step = context.step
    if len(step.x) > MOST_TARGETS or not step.network.measures:
        return None
    seen: dict[bytes, int] = {}
    for place, row in enumerate(step.x.astype(float)):
        first = seen.setdefault(row.tobytes(), place)
        if first != place and _differ(context, first, place):
            return context.text("unreachable.contradiction", first=first + 1, second=place + 1, error=context.labels.error)
    return None


def _differ(context: Context, first: int, second: int) -> bool:
    """Have two samples targets of which every prediction misses one?"""
    step = context.step
    if step.weights is not None and not (step.weights[first] and step.weights[second]):
        return False
    for goal, rows in _shared_out(context):
        pairs = zip(rows[first], rows[second], strict=True)
        if any((a != b).any() and _least_of_rows(goal, a + _SHARES * (b - a), a, b) > LEAST for a, b in pairs):
            return True
    for goal, targets in _measured(context):
        low, high = sorted((targets[first, 0], targets[second, 0]))
        if low != high:
            between = np.linspace(low - (high - low), high + (high - low), 601)
            both = _losses(goal, between, low) + _losses(goal, between, high)
            if np.isfinite(both).any() and np.nanmin(np.where(np.isfinite(both), both, np.inf)) > LEAST:
                return True
    return False


def _costs(context: Context) -> Inline | None:
    """A penalty that is 0 only without weights; and what the predictions are then."""
    step, regularizer = context.step, context.step.network.regularizer
    if regularizer is None or not step.network.measures:
        return None
    w = variable(Name("w"), (1, 1))
    cost = regularizer.apply(w)
    costs = [float(evaluate([cost], {w: np.full((1, 1), weight)})[cost]) for weight in (0.0, -3.0, -0.1, 0.1, 3.0)]
    if costs[0] != 0 or min(costs[1:]) <= 0:
        return None
    samples = [(first, place) for first, place in pairwise(range(len(step.x[:MOST_TARGETS]))) if _differ(context, first, place)]
    rows = step.x.astype(float)
    for moved in (0.0, 0.37) if samples else ():  # what is equal with two biases is equal with all
        parameters = {key: np.asarray(value, dtype=float) for key, value in step.parameters.items()}
        empty = {key: np.zeros(value.shape) if value.ndim > 1 else value + moved for key, value in parameters.items()}
        predictions = step.network.continued(empty).predict(rows)
        samples = [(first, place) for first, place in samples if np.array_equal(predictions[first], predictions[place])]
    if not samples:
        return context.text("unreachable.penalty", error=context.labels.error)
    return context.text("unreachable.penalty_never", first=samples[0][0] + 1, second=samples[0][1] + 1, error=context.labels.error)


def _measured(context: Context) -> Iterator[tuple[Bound, Array]]:
    """Each output whose loss is counted number by number, with its targets, one column at a time."""
    derivation = context.derivation
    for name, goal in context.step.network.goals.items():
        t = derivation.compared.get(name)
        if t is not None and goal.loss.definition.targets != "gradient" and goal.weight > 0 and _is_elementwise(goal.loss):
            targets = context.step.values[t.key].astype(float)
            flat = targets.reshape(len(targets), -1)
            for column in range(flat.shape[1]):
                yield goal.loss, flat[:, column : column + 1]


def _shared_out(context: Context) -> Iterator[tuple[Bound, Array]]:
    """Each output whose loss compares shares of classes, with its targets: (samples, places, classes)."""
    derivation = context.derivation
    for name, goal in context.step.network.goals.items():
        t = derivation.compared.get(name)
        if t is not None and goal.loss.definition.targets == "distribution" and goal.weight > 0:
            targets = context.step.values[t.key].astype(float)
            yield goal.loss, targets.reshape(len(targets), -1, targets.shape[-1])


_SHARES = np.linspace(0, 1, 203)[:, None]
"""From one distribution to another: both of them, and what lies between."""


def _least_of_rows(loss: Bound, predictions: Array, *targets: Array) -> float:
    """The least that predicted shares of classes cost, for all of these targets together; infinite where no number comes out."""
    y, t = (variable(Name(letter), ("batch", predictions.shape[1])) for letter in "yt")
    value, positive = loss.apply(y, t), np.maximum(predictions, np.finfo(float).tiny)
    given = np.log(positive) if loss.definition.logits else positive
    costs = [np.asarray(evaluate([value], {y: given, t: np.broadcast_to(one, given.shape)})[value]) for one in targets]
    total = np.sum(costs, axis=0)
    return float(np.where(np.isfinite(total), total, np.inf).min())


def _at_column(context: Context, column: int) -> Name:
    """The name of a column of all targets."""
    node, place = context.columns_of(tuple(context.derivation.targets))[column]
    return node.own_name.at(0, *place)


def _is_elementwise(loss: Bound) -> bool:
    y, t = (variable(Name(letter), ("batch", 2)) for letter in "yt")
    value = loss.apply(y, t)
    between = [node for node in order(value) if node.arguments]
    return value.shape == y.shape and all(node.primitive.elementwise or node.primitive.name in ("named", "spread") for node in between)


def _losses(loss: Bound, predictions: Array, target: float) -> Array:
    """The loss of each prediction, for one target."""
    y, t = (variable(Name(letter), ("batch", 1)) for letter in "yt")
    value = loss.apply(y, t)
    numbers = {y: predictions[:, None], t: np.full((len(predictions), 1), target)}
    result: Array = np.asarray(evaluate([value], numbers)[value])[:, 0]
    return result


def _out_of_reach(context: Context, *, limits: bool) -> Inline | None:
    """A target that the last activation never gives; or, where such limits matter, one that it gives only in the limit."""
    step, network = context.step, context.step.network
    if len(step.x) > MOST_TARGETS or not network.measures:
        return None
    activations = [layer.activation for layer in network.layers if network.output_of(layer)]
    if len(network.goals) != 1 or len(activations) != 1 or activations[0] is None or activations[0].parts != (activations[0],):
        return None
    (activation,) = activations
    assert activation is not None
    if not activation.elementwise:
        return _classes_out_of_reach(context, activation, limits=limits) if activation.definition.gives == "distribution" else None
    near = _given(activation, _ordinary())
    never: Inline | None = None
    limit: Inline | None = None
    for column, (loss, targets) in enumerate(_measured(context)):
        counted = targets if step.weights is None else targets[step.weights > 0]
        for target in dict.fromkeys(counted[:, 0].tolist()):
            beside = _losses(loss, near, target)
            if not np.isfinite(beside).all() or beside.min() < 0:
                return None
            if beside.min() == 0 or _is_passed(loss, near, target):
                continue
            outwards = _extraordinary() if beside.argmin() == len(beside) - 1 else -_extraordinary()
            beyond = _losses(loss, _given(activation, outwards), target)
            if (beyond < 0).any():  # then another loss may make up for this one
                return None
            ends = beside.argmin() in (0, len(beside) - 1)
            least = _least(activation, loss, target, outwards, beyond) if ends else _least(activation, loss, target, _ordinary(), beside)
            falling = ends and least == np.nanmin(beyond) == beyond[np.isfinite(beyond)][-1]
            if least <= LEAST and not falling:
                continue
            letter = context.one_sample.label(_at_column(context, column))
            values: dict[str, Any] = {"t": letter, "target": context.rounded(target), "error": context.labels.error}
            values["activation"] = context.called(activation)
            if least > LEAST:
                never = never or context.text("unreachable.never", **values)
            elif limits:
                limit = limit or context.text(f"unreachable.limit.{'rising' if outwards[0] > 0 else 'falling'}", **values)
    return never or limit


def _classes_out_of_reach(context: Context, activation: Bound, *, limits: bool) -> Inline | None:
    """Targets whose loss is never 0, or only where shares of classes are 0 and 1, which no softmax of several units gives."""
    said: dict[str, Any] = {"error": context.labels.error, "activation": context.called(activation)}
    limit = False
    for loss, targets in _shared_out(context):
        counted = targets if context.step.weights is None else targets[context.step.weights > 0]
        for target in np.unique(counted.reshape(-1, counted.shape[-1]), axis=0) if counted.shape[-1] > 1 else ():
            inside = np.vstack([target + _SHARES[1:] * (1 / len(target) - target), _anywhere(len(target))])
            least, at_target = _least_of_rows(loss, inside, target), _least_of_rows(loss, target[None], target)
            if min(least, at_target) < 0:
                return None
            if min(least, at_target) > LEAST:
                return context.text("unreachable.never.any", **said)
            limit = limit or (at_target <= LEAST < least and bool((target == 0).any()))
    return context.text("unreachable.limit.apart", **said) if limit and limits else None


@cache
def _anywhere(classes: int) -> Array:
    """Shares of so many classes, anywhere."""
    return np.random.default_rng(0).dirichlet(np.ones(classes), 200)


def _is_passed(loss: Bound, outputs: Array, target: float) -> bool:
    """Is the loss 0 where the prediction is the target, and does the target lie among outputs close to each other?"""
    low, high = float(outputs.min()), float(outputs.max())
    close = float(np.abs(outputs - target).min()) <= CLOSE * (high - low)
    return low <= target <= high and close and _losses(loss, np.array([target]), target)[0] == 0


def _least(activation: Bound, loss: Bound, target: float, net_inputs: Array, losses: Array) -> float:
    """The least loss near the place where it is least of these, closer and closer."""
    values = np.where(np.isfinite(losses), losses, np.inf)
    for _ in range(12):
        place = int(values.argmin())
        net_inputs = np.linspace(net_inputs[max(place - 1, 0)], net_inputs[min(place + 1, len(net_inputs) - 1)], 41)
        found = _losses(loss, _given(activation, net_inputs), target)
        values = np.where(np.isfinite(found), found, np.inf)
    return min(float(values.min()), float(np.nanmin(losses)))


def _ordinary() -> Array:
    return np.linspace(-FAR, FAR, 6001)


def _extraordinary() -> Array:
    """Sizes, outwards."""
    return np.geomspace(FAR, 1e6, 200)


def _given(activation: Bound, z: Array) -> Array:
    """What an activation gives."""
    letter = variable(Name("z"), ("batch", 1))
    h = activation.apply(letter)
    result: Array = np.asarray(evaluate([h], {letter: z[:, None]})[h])[:, 0]
    return result


def end_of_schedule(context: Context) -> list[Block]:
    """From which step on the rate stays as it is, or rises again after it has fallen."""
    schedule = context.step.optimizer.options.get("learning_rate")
    if not isinstance(schedule, Bound):
        return []
    k = variable(Name("k"), ("batch",))
    rate = schedule.apply(k)
    if not rate.shape:
        return []
    numbers: Mapping[Expression, Any] = {k: np.arange(1.0, MOST_RATES + 1)}
    rates: Array = np.asarray(evaluate([rate], numbers)[rate])
    moving = np.flatnonzero(np.abs(rates - rates[-1]) > 1e-12 * np.abs(rates[-1]))
    if not len(moving):
        return []
    if moving[-1] + 2 <= MOST_RATES // 2:
        step = int(moving[-1]) + 2
        return [context.says("schedule.stays", step=step, rate=context.rounded(rates[-1]))]
    differences = np.diff(rates)
    falls, rises = np.flatnonzero(differences < 0), np.flatnonzero(differences > 0)
    if not len(falls) or not len(rises) or rises[0] < falls[0]:
        return []
    step = int(rises[0]) + 1
    lowest = rates[step - 1] if abs(rates[step - 1]) > 1e-12 * np.abs(rates).max() else 0.0
    return [context.says("schedule.rises", step=step, rate=context.rounded(lowest))]
