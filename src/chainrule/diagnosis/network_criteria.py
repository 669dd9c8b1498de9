"""Diseases of a network: what does not fit together, how it starts, what becomes of units and gradients, and its rate."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping

import numpy as np

from chainrule.base.arrays import Array
from chainrule.diagnosis.activity import Units
from chainrule.diagnosis.case import Case, CureTrial, error_of, tried_epochs
from chainrule.diagnosis.criteria import (
    FEWEST_FOR_DATA,
    MEASURED,
    MOST_MEAN,
    MOST_OUTSIDE,
    MOST_RATIO,
    MOST_RMS,
    ColumnScales,
    FindingValue,
    column_name,
    criterion,
    is_one_hot,
    layer_name,
    outputs_of,
    power_of_ten,
    targets_outside,
    value_range,
)
from chainrule.diagnosis.rates import largest_recommended
from chainrule.diagnosis.scalar_search import rounded
from chainrule.diagnosis.simulation import TOLERANCE
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import order
from chainrule.network.network import Network
from chainrule.steps.step import Step

# The numbers themselves


@criterion(
    "a quantity of the first forward pass, its error or its gradient is NaN or infinite",
    "IEEE 754: from there on every number is",
    "numbers that are wrong but finite",
    after=("inputs_unscaled", "wrong_loss", "start_too_large"),
)
def not_finite(case: Case) -> Mapping[str, FindingValue] | None:
    """NaN or infinity, before the first step or in it: the first quantity of which it is true, in the order of computation."""
    if np.isfinite(case.start.error) and all(np.isfinite(g).all() for g in case.start.gradients.values()):
        return None
    return undefined(case.first_step) or {"quantity": case.first_step.first_infinite or "E"}


def undefined(step: Step) -> Mapping[str, FindingValue] | None:
    """Why the loss of an output has no finite value for a prediction y that is finite; None where that is not so."""
    network, derivation = step.network, step.network.derivation
    known = {**{node: step.values[node.key] for node in derivation.data}, **network.bindings()}
    last = {network.output_of(layer): layer.activation for layer in network.layers}
    for error, y, (name, goal) in zip(derivation.errors or (derivation.error,), derivation.predictions, network.goals.items(), strict=True):
        logarithms = [node.arguments[0] for node in order(error) if node.primitive.name == "log"]
        values = evaluate([error, y, *logarithms], known)
        if not logarithms or np.isfinite(values[error]) or not np.isfinite(values[y]).all():
            continue
        arguments = np.concatenate([np.ravel(values[node]) for node in logarithms])
        lowest, output = float(np.min(arguments)), last.get(name)
        how = "negative" if lowest < 0 else "logarithm" if lowest == 0 else "division" if np.isinf(arguments).any() else ""
        if how:
            return {"how": how, "loss": goal.loss.name, "number": lowest, "activation": "identity" if output is None else output.name}
    return None


@criterion(
    f"of two inputs (a channel of an image or a sequence is one, tokens are none) one has a deviation of more than {MOST_RATIO:g} times "
    f"the other's, or one lies {MOST_MEAN:g} deviations from 0, or the root of the mean square of one is above {MOST_RMS:g}",
    f"{MEASURED}; LeCun et al. (1998), Efficient BackProp, section 4.3",
    "whether inputs that differ were meant to weigh differently",
    after=("outlier",),
)
def inputs_unscaled(case: Case) -> Mapping[str, FindingValue] | None:
    """Inputs far from mean 0 and deviation 1: the rate that fits one of them is too large or too small for the others."""
    x, _, _ = case.sample
    scale = ColumnScales.of_inputs(case.network, x)
    wide = scale.many & (scale.deviation > 0)
    if wide.sum() > 1:
        places = np.flatnonzero(wide)
        high, low = (int(places[pick(scale.deviation[places])]) for pick in (np.argmax, np.argmin))
        ratio = float(scale.deviation[high] / scale.deviation[low])
        if ratio > MOST_RATIO:
            return {
                "how": "ratio", "column": column_name(case.inputs, high, "x"), "other": column_name(case.inputs, low, "x"), "number": ratio,
            }  # fmt: skip
    largest = int(np.argmax(np.where(scale.many, scale.rms, 0)))
    if scale.many[largest] and scale.rms[largest] > MOST_RMS:
        return {"how": "rms", "column": column_name(case.inputs, largest, "x"), "number": float(scale.rms[largest])}
    offset = np.where(wide, np.abs(scale.mean) / np.where(scale.deviation > 0, scale.deviation, 1), 0)
    far = int(np.argmax(offset))
    if offset[far] > MOST_MEAN:
        return {"how": "mean", "column": column_name(case.inputs, far, "x"), "number": float(offset[far])}
    return None


@criterion(
    f"with an output that can be any number: the root of the mean square of a target is above {MOST_RMS:g}, or its mean lies "
    f"{MOST_MEAN:g} deviations from 0",
    f"{MEASURED}; gradients grow in proportion to y − t",
    "whether the units of the error are wanted as they are",
    after=("outlier",),
)
def targets_unscaled(case: Case) -> Mapping[str, FindingValue] | None:
    """Targets far from 0: the first errors, and with them the first gradients, are large."""
    _, t, _ = case.sample
    scale = ColumnScales.of(t)
    for layer, loss, columns in outputs_of(case.network):
        assert layer.activation is not None
        if loss.definition.targets != "numbers" or all(map(math.isfinite, value_range(layer.activation))):
            continue
        for place in range(columns.start, columns.stop):
            name = column_name(case.targets, place, "t")
            if scale.rms[place] > MOST_RMS:
                return {"how": "rms", "column": name, "number": float(scale.rms[place])}
            if scale.deviation[place] > 0 and abs(scale.mean[place]) > MOST_MEAN * scale.deviation[place]:
                return {"how": "mean", "column": name, "number": float(abs(scale.mean[place]) / scale.deviation[place])}
    return None


# What does not fit together


@criterion(
    f"more than {100 * MOST_OUTSIDE:.0f} % of the targets lie outside what the output's activation can give",
    f"{MEASURED}",
    "targets that reach the ends of the range, which only an infinite z would give",
)
def bounded_output(case: Case) -> Mapping[str, FindingValue] | None:
    """Targets that the output cannot give, whatever the weights."""
    _, t, _ = case.sample
    if (found := targets_outside(case.network, t)) is None:
        return None
    layer, columns, outside = found
    assert layer.activation is not None
    low, high = value_range(layer.activation)
    part = t[:, columns]
    farthest = float(part.ravel()[np.argmax(np.where(outside, np.abs(part - np.clip(part, low, high)), 0))])
    return {
        "activation": layer.activation.name, "low": _end(low), "high": _end(high), "farthest": farthest,
        "percent": round(100 * float(outside.mean())),
    }  # fmt: skip


def _end(value: float) -> float | str:
    return round(value, 6) if math.isfinite(value) else "∞" if value > 0 else "−∞"


@criterion(
    "an output that is a softmax or a sigmoid already, and a loss that takes the softmax or the sigmoid itself; or a softmax of a softmax",
    "the gradient is that of softmax(y), y in 0 … 1: no class ever gets more than e times the probability of another",
    "a temperature that was meant",
)
def double_softmax(case: Case) -> Mapping[str, FindingValue] | None:
    """The softmax, or the sigmoid, is taken twice."""
    for layer, loss, _ in outputs_of(case.network):
        assert layer.activation is not None
        if loss.definition.logits and layer.activation.definition.gives in ("probabilities", "distribution"):
            return {"activation": layer.activation.name, "loss": loss.name}
    for call in case.network.wiring.calls:
        before = [other.layer for other in case.network.wiring.calls if other.name in call.sources]
        twice = [layer.activation for layer in (call.layer, *before)]
        if len(before) == 1 and all(one is not None and one.definition.gives == "distribution" for one in twice):
            assert twice[0] is not None
            return {"activation": twice[0].name, "loss": twice[0].name}
    return None


@criterion(
    f"targets that are classes (one 1 in each row; or two values, of at least {FEWEST_FOR_DATA} rows) with a loss of numbers, or a loss of "
    "probabilities on an output that gives none",
    f"{MEASURED}; Golik, Doetsch & Ney (2013), Cross-entropy vs. squared error training",
    "a squared error that was wanted, as Brier's score is",
    after=("double_softmax",),
)
def wrong_loss(case: Case) -> Mapping[str, FindingValue] | None:
    """A loss that does not fit the output or the targets."""
    _, t, _ = case.sample
    for layer, loss, columns in outputs_of(case.network):
        assert layer.activation is not None
        low, high = value_range(layer.activation)
        wants = loss.definition.targets
        if wants in ("probabilities", "distribution") and not loss.definition.logits and (low < 0 or high > 1):
            return {"how": "output", "loss": loss.name, "activation": layer.activation.name}
        classes = is_one_hot(t[:, columns]) and len(np.unique(t[:, columns].argmax(axis=1))) > 1
        yes_no = columns_with_two_values(t[:, columns]) and len(t) >= FEWEST_FOR_DATA
        if wants == "numbers" and ((classes and len(t) > 2) or yes_no):
            fades = math.isfinite(high - low)
            kind = "yes_no" if yes_no else "classes"
            return {"how": kind if fades else f"{kind}_open", "loss": loss.name, "activation": layer.activation.name}
    return None


def columns_with_two_values(t: Array) -> bool:
    """Is there one target, which has two values, as yes and no have, standardised or not?"""
    low, high = t.min(), t.max()  # without np.unique, which takes long to load
    return bool(t.shape[1] == 1 and low < high and ((t == low) | (t == high)).all())


# The start


@criterion(
    "every number of a matrix of weights is 0, and there is another layer behind it or before it",
    "Rumelhart, Hinton & Williams (1986): units that start alike stay alike",
    "a layer that was to start at 0, as the last one of a residual block",
)
def zero_start(case: Case) -> Mapping[str, FindingValue] | None:
    """Weights that are all 0 at the start: no gradient passes them, and units that are alike stay alike."""
    matrices = [p for p in case.network.derivation.parameters if len(p.shape) > 1]
    if len(matrices) < 2:
        return None
    zero = [p for p in matrices if not np.asarray(case.network.parameters[p.key], dtype=float).any()]
    if not zero:
        return None
    assert zero[0].name is not None
    return {"parameter": zero[0].key, "count": len(zero), "all": len(matrices)}


def keys_of_pairs(network: Network) -> Iterator[tuple[int, tuple[str, str | None, str]]]:
    """For each hidden layer of a chain: its number, and the keys of its weights, of its bias if there is one, and of the weights behind."""
    if not network.wiring.is_chain:
        return
    shapes = network.shapes
    for number in range(1, len(network.layers)):
        W, b, after = (shapes.get(key) for key in (f"W{number}", f"b{number}", f"W{number + 1}"))
        if W is None or after is None or len(W) != 2 or len(after) != 2 or after[0] != W[1]:
            continue
        yield number, (f"W{number}", f"b{number}" if b == (W[1],) else None, f"W{number + 1}")


def _dense_pairs(case: Case) -> Iterator[tuple[int, Array, Array]]:
    """For each hidden layer of a chain: its number, what comes into its units (inputs and bias, units), and what goes out of them."""
    numbers = {key: np.asarray(value, dtype=float) for key, value in case.network.parameters.items()}
    for number, (weights, bias, after) in keys_of_pairs(case.network):
        own = numbers[weights]
        yield number, own if bias is None else np.vstack([own, numbers[bias]]), numbers[after]


MOST_GAIN = 3.0
"""The root of the mean square of the weights times √inputs: 1 to 1.4 with every initialiser there is."""


@criterion(
    f"the root of the mean square of a layer's weights, times √inputs, is above {MOST_GAIN:g} at the start",
    "1 to 1.41 for Glorot's, He's and LeCun's initialisers; measured",
    "weights that were trained before",
)
def start_too_large(case: Case) -> Mapping[str, FindingValue] | None:
    """Weights that are far larger at the start than any initialiser draws them."""
    products = (node for node in order(*case.network.forward.outputs.values()) if node.primitive.name == "matmul")
    multiplied = {one for product in products for one in product.arguments}
    for p in case.network.derivation.parameters:
        if len(p.shape) != 2 or p.name is None or p not in multiplied:  # of a table, a single row is looked up
            continue
        W = np.asarray(case.network.parameters[p.key], dtype=float)
        largest = np.abs(W).max() or 1.0  # whose square may be beyond all numbers
        gain = float(largest * np.sqrt(np.mean((W / largest) ** 2) * W.shape[0]))
        if W.shape[0] * W.shape[1] >= 4 and gain > MOST_GAIN:
            return {"parameter": p.key, "number": gain, "layer": layer_name(case, p.name.layer or 0)}
    return None


# What becomes of units and gradients


FEWEST_ROWS = 10
"""Units that give 0 for fewer rows than this may well be alive for others."""

MOST_DEAD, MOST_SATURATED = 0.3, 0.5
"""Shares of a layer's units, or slopes, from which on it is sick."""

LEAST_PASSED, MOST_PASSED = 1e-3, 1e2
"""What is left of δ from the last layer to the first, in the root of the mean square."""


@criterion(
    f"more than {100 * MOST_DEAD:.0f} % of the units of a hidden layer give the slope 0 for every one of at least {FEWEST_ROWS} rows, "
    "or all of them for every row",
    f"{MEASURED}; Lu et al. (2020), Dying ReLU and initialization",
    "units that would be alive for rows that are not there",
    after=("inputs_unscaled", "targets_unscaled", "rate_too_large", "start_too_large", "exploding", "zero_start"),
)
def dead_units(case: Case) -> Mapping[str, FindingValue] | None:
    """Units through which no gradient flows, whatever the row."""
    for units, when in _hidden(case):
        dead = int(units.dead.sum())
        many = len(units.values) >= FEWEST_ROWS and dead > MOST_DEAD * len(units.dead)
        if not units.bounded and (many or dead == len(units.dead)):
            return {"count": dead, "all": len(units.dead), "layer": layer_name(case, units.layer), **when}
    return None


@criterion(
    "every ∂E/∂w of the first step is exactly 0, though E is not",
    "w ← w − η · 0: no rate changes anything",
    "which of several causes it has",
    after=("not_finite", "zero_start", "dead_units"),
)
def no_gradient(case: Case) -> Mapping[str, FindingValue] | None:
    """A gradient of nothing but zeros."""
    start = case.start
    if not math.isfinite(start.error) or abs(start.error) < TOLERANCE or start.gradient_norm != 0:
        return None
    return {"error": start.error}


@criterion(
    "two units of a layer have exactly the same weights from below and the same to above, and the layer's weights are not all 0",
    "Rumelhart, Hinton & Williams (1986): what two such units get is equal in every step",
    "units that are nearly equal",
    after=("zero_start", "dead_units"),
)
def equal_units(case: Case) -> Mapping[str, FindingValue] | None:
    """Two units that are equal, and stay equal, since they get the same gradient."""
    pairs = list(_dense_pairs(case))
    for number, incoming, outgoing in pairs:
        if not incoming.any():
            continue
        seen: dict[bytes, int] = {}
        for unit in range(incoming.shape[1]):
            key = np.ascontiguousarray(np.concatenate([incoming[:, unit], outgoing[unit]])).tobytes()
            if key in seen:
                return {"layer": layer_name(case, number), "first": seen[key] + 1, "second": unit + 1}
            seen[key] = unit
    return None


@criterion(
    f"more than {100 * MOST_SATURATED:.0f} % of the slopes f′ of a hidden layer are below 5 % of the largest there is",
    f"{MEASURED}; Glorot & Bengio (2010), section 3",
    "units that are meant to be switches",
    after=("bounded_output", "inputs_unscaled", "start_too_large", "rate_too_large", "targets_unscaled"),
)
def saturation(case: Case) -> Mapping[str, FindingValue] | None:
    """Units at the flat ends of their activation."""
    for units, when in _hidden(case):
        if (share := units.saturated_share) > MOST_SATURATED:
            return {"percent": round(100 * share), "layer": layer_name(case, units.layer), **when}
    return None


def _hidden(case: Case) -> Iterator[tuple[Units, Mapping[str, FindingValue]]]:
    """Hidden units at the start, and then after the training; and when that is."""
    yield from ((units, {}) for units in case.start.hidden)
    yield from ((units, case.when) for units in case.end.hidden)


@criterion(
    "predictions vary by less than 1 % of the targets' deviation, and lie within 10 % of it from their mean",
    "the best that can be said of rows of which nothing is known",
    "a network that was trained for too short a time to say more",
    after=(
        "no_gradient",
        "dead_units",
        "saturation",
        "zero_start",
        "rate_too_large",
        "inputs_unscaled",
        "rate_too_small",
        "vanishing",
        "penalty",
        "nothing_to_learn",
        "out_of_step",
        "bounded_output",
        "targets_unscaled",
        "outlier",
    ),
)
def mean_predicted(case: Case) -> Mapping[str, FindingValue] | None:
    """The inputs make no difference: every row gets the mean of the targets."""
    end = case.end
    if not end.predicts_the_mean:
        return None
    if end.t.shape[1] > 1:
        return {"how": "several", "rows": len(end.t), **case.when}
    mean, largest = float(end.t.mean()), float(np.abs(end.t).max())
    return {"mean": mean if abs(mean) > ROUNDED * largest else 0.0, "rows": len(end.t), **case.when}


def keys_of_deltas(network: Network, known: Collection[str]) -> list[str]:
    """Of each layer of a chain the key of ∂E/∂z, else of ∂E/∂h, else of ∂E/∂y, as far as it is known; "" where none is."""
    layers = range(1, len(network.layers) + 1)
    return [next((key for key in (f"delta{n}", f"dh{n}", "dy" if n == len(network.layers) else "") if key in known), "") for n in layers]


ROUNDED = 1e-14
"""Of numbers that cancel, a smaller part of what they add up to without their signs is what rounding leaves."""


def delta_magnitudes(case: Case) -> list[float] | None:
    """How large δ is at each layer of the first pass, from the first to the last: the root of the mean square.

    None in flat networks, where it is unknown, and where nothing comes through: what rounding leaves of a sum that is 0 is 0.
    """
    network = case.network
    if not network.wiring.is_chain or len(network.layers) < 3:
        return None
    signals = case.start.signals
    keys = keys_of_deltas(network, signals.keys())
    if not all(keys) or any(_cancels(case, number, keys[number]) for number in range(1, len(keys))):
        return None
    sizes = [float(np.sqrt(np.mean(signals[key] ** 2))) for key in keys]
    return sizes if all(map(math.isfinite, sizes)) and sizes[-1] > 0 else None


def _cancels(case: Case, number: int, key: str) -> bool:
    """Is what a dense layer hands to the one below it, δ Wᵀ, next to nothing beside the sums of the same numbers without signs?"""
    above, W = case.start.signals[key], case.network.parameters.get(f"W{number + 1}")
    below = case.start.signals.get(f"dh{number}")
    if W is None or below is None or W.ndim != 2 or above.shape[-1] != W.shape[1] or below.shape != (*above.shape[:-1], W.shape[0]):
        return False  # between them, other layers take rows or places together
    unsigned = np.abs(above) @ np.abs(np.asarray(W, dtype=float)).T
    return bool((np.abs(below) <= ROUNDED * unsigned).all())


@criterion(
    f"of δ less than {LEAST_PASSED:g} is left at the first of at least three layers",
    f"{MEASURED}; Hochreiter (1991); Glorot & Bengio (2010)",
    "an optimiser that makes up for it, as Adam does in part",
    after=("saturation", "dead_units", "inputs_unscaled", "start_too_large", "zero_start"),
)
def vanishing(case: Case) -> Mapping[str, FindingValue] | None:
    """A gradient that shrinks from layer to layer until the first ones hardly learn."""
    sizes = delta_magnitudes(case)
    if sizes is None or not 0 < sizes[0] < LEAST_PASSED * sizes[-1]:
        return None
    return {"ratio": sizes[0] / sizes[-1], "layers": len(sizes), "layer": layer_name(case, 1), "factors": _factors(sizes)}


@criterion(
    f"δ is more than {MOST_PASSED:g} times larger at the first of at least three layers than at the last",
    f"{MEASURED}; Pascanu, Mikolov & Bengio (2013)",
    "a gradient that is clipped",
    after=("start_too_large",),
)
def exploding(case: Case) -> Mapping[str, FindingValue] | None:
    """A gradient that grows from layer to layer."""
    sizes = delta_magnitudes(case)
    if sizes is None or sizes[0] <= MOST_PASSED * sizes[-1]:
        return None
    return {"ratio": sizes[0] / sizes[-1], "layers": len(sizes), "layer": layer_name(case, 1), "factors": _factors(sizes)}


FACTORS = 6
"""Of many layers so many factors are told at each end."""


def _factors(sizes: list[float]) -> str:
    """What is left of δ from each layer to the one below it, the error's side first."""
    factors = [_written(below / above) for above, below in itertools.pairwise(sizes[::-1]) if above > 0]
    return " · ".join(factors if len(factors) <= 2 * FACTORS else [*factors[:FACTORS], "…", *factors[-FACTORS:]])


def _written(factor: float) -> str:
    """Two digits, with powers of ten as documents write them."""
    written = f"{factor:.2g}"
    return power_of_ten(written) if "e" in written else written


# The rate


TWICE_AS_GOOD, HARDLY = 0.5, 0.5
"""A tried run is better that ends with less than half of the error; a run has hardly learned that keeps more than half of what it had."""

FASTER = (3.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e5, 1e6)
"""By what the rate is multiplied to see whether it was too small."""

TENTHS, LEARNED = (10.0, 100.0, 1000.0), 0.01
"""By how much lower rates are tried where the error falls, but may fall further; and the part of the error that is left of one that fell
far enough."""

SLOWER = (10.0, 1000.0, 1e6)
"""By what the rate is divided to see whether the error would fall with a lower one."""


@criterion(
    "in a trial the error leaves all bounds or ends higher than it began, and with a lower rate it falls; or more than "
    f"{100 * LEARNED:.0f} % of it are left, after the training if there was one, and with a tenth, a hundredth or a thousandth of the rate "
    "a trial leaves less than half of that",
    "tried, not estimated: 2/λmax at the start is too optimistic",
    "a rate that is too large only later",
    after=("bounded_output", "inputs_unscaled", "targets_unscaled", "start_too_large", "exploding"),
)
def rate_too_large(case: Case) -> Mapping[str, FindingValue] | None:
    """A learning rate with which the error grows, though it falls with a smaller one."""
    rate = case.rate
    if rate is None or not math.isfinite(case.start.error):
        return None
    trial = case.trial
    if trial.share < 1 or (case.trained is not None and not trial.diverged):
        return _better(case, rate, (1 / k for k in TENTHS), LEARNED, how="rough")
    if case.start.gradient_norm == 0 or all(case.with_rate(rate / k).trial.share >= 1 for k in SLOWER):
        return None
    return {"rate": rate, "step": trial.diverged or 0, "how": "diverged" if trial.diverged else "rose", "steps": trial.steps}


def _better(case: Case, rate: float, factors: Iterable[float], most: float, **known: FindingValue) -> Mapping[str, FindingValue] | None:
    """Of multiples of the rate, none larger than is ever recommended, the one whose trial ends with the least error.

    None where that is not far less than what the training has left, or the trial where there was none; where no more than this part of
    the first error is left anyway; and where the trial leaves more of rows that it does not learn from: less of its own may be noise,
    learned by heart.
    """
    left = case.trial.last if case.trained is None else _left(case, case.trained, (case.x, case.t))
    largest = largest_recommended(case.network, case.optimizer)
    rates = [better for better in (rounded(rate * k) for k in factors) if better <= max(rate, largest)]
    if not left > most * case.trial.errors[0] or not rates:
        return None
    trained, others = case.trained, case.held_out

    def judged(other: Case) -> float:
        """What is left of rows that it does not learn from, where something was trained and there are some; else of its own."""
        end = other.trial.end
        return other.trial.last if trained is None or others is None or end is None else _left(case, end, others)

    better_ones = [one for one in map(case.with_rate, rates) if one.trial.end is not None and one.trial.last < TWICE_AS_GOOD * left]
    best = min(better_ones, key=judged, default=None)
    if (
        best is None
        or best.rate is None
        or (trained is not None and others is not None and not judged(best) < _left(case, trained, others))
    ):
        return None
    return {"rate": rate, "better": best.rate, **known, "error": left, "less": best.trial.last, "steps": case.trial.steps}


def _left(case: Case, network: Network, rows: tuple[Array, Array]) -> float:
    """What the losses say of a network's predictions of these rows."""
    return error_of(case.network, network.predict(rows[0]), rows[1])


@criterion(
    f"in a trial, and after the training if there was one, more than {100 * HARDLY:.0f} % of the error are left, and with a larger rate, "
    "no larger than is ever recommended, a trial leaves less than half of that",
    "tried: a rate below a twentieth of a good one gave false alarms; measured",
    "a run that is long enough to make up for it",
    after=(
        "bounded_output",
        "inputs_unscaled",
        "targets_unscaled",
        "vanishing",
        "zero_start",
        "start_too_large",
        "saturation",
        "nothing_to_learn",
    ),
)
def rate_too_small(case: Case) -> Mapping[str, FindingValue] | None:
    """A learning rate with which hardly anything is learned in the steps of a trial, though it is with a larger one."""
    rate = case.rate
    if rate is None or case.trial.share <= HARDLY or not case.trial.share < 1.0 + 1e-9:
        return None
    found = _better(case, rate, FASTER, HARDLY)
    return found and {**found, "error": case.trial.last}


@criterion(
    f"after a trial the error is, the penalty aside, more than {100 * HARDLY:.0f} % of that of someone who guesses the mean, and without "
    "the penalty less than half of it",
    "tried; the larger part of E is what is minimised first",
    "a penalty that was meant to win",
)
def penalty(case: Case) -> Mapping[str, FindingValue] | None:
    """A penalty on the weights that keeps the network from learning."""
    if case.network.regularizer is None or case.trial.end is None:
        return None
    left = _left(case, case.trial.end, (case.x, case.t))
    guessed = error_of(case.network, np.broadcast_to(case.t.mean(axis=0), case.t.shape), case.t)
    without = case.changed(network=case.network.replaced(regularizer=None)).trial
    if not left > HARDLY * guessed or not without.last < TWICE_AS_GOOD * left:
        return None
    return {"name": case.network.regularizer.name, "error": left, "less": without.last, "steps": without.steps}


SMALL_BATCH, FULL_BATCH, FEW_STEPS, SMALLER = 4, 32, 200, 8
"""Batches of so few rows are noisy; so many are usual; a training of fewer steps than this is over before it has
begun; and by what a batch is divided that is too large."""


@criterion(
    f"batches of at most {SMALL_BATCH} rows, and in a trial of as many steps with {FULL_BATCH} rows each less than half of the error is "
    "left",
    "tried; the noise of a gradient falls with the square root of the batch (Bottou, Curtis & Nocedal 2018, section 3)",
    "a rate that will be lowered later",
    after=("rate_too_large", "inputs_unscaled", "targets_unscaled"),
)
def batch_too_small(case: Case) -> Mapping[str, FindingValue] | None:
    """Batches so small that the rate is too large for their noise."""
    if case.each > SMALL_BATCH or case.rows < FULL_BATCH or case.trial.diverged:
        return None
    other = case.changed(batch_size=FULL_BATCH).trial
    return {"size": case.each, "error": case.trial.last, "other": FULL_BATCH, "less": other.last} if _halves(other, case.trial) else None


@criterion(
    f"a training of fewer than {FEW_STEPS} steps in all that keeps more than {100 * HARDLY:.0f} % of its error, while with an eighth "
    "of the batch and as many epochs less than half of that is left",
    "tried; Keskar et al. (2017), On large-batch training",
    "a larger rate, which may do as well",
    after=("too_few_epochs",),
)
def batch_too_large(case: Case) -> Mapping[str, FindingValue] | None:
    """Batches so large that there are hardly any steps."""
    if case.trained is None or not case.history or case.history[-1].step >= FEW_STEPS or case.each < SMALLER * SMALL_BATCH:
        return None
    epochs, size = case.history[-1].epoch, case.each // SMALLER
    own, other = tried_epochs(case, epochs), tried_epochs(case.changed(batch_size=size), epochs)
    if own.share <= HARDLY or not _halves(other, own):
        return None
    return {"size": case.each, "steps": case.history[-1].step, "other": size, "error": own.last, "less": other.last}


def _halves(one: CureTrial, other: CureTrial) -> bool:
    """Does a trial end with less than half of the error of another?"""
    return one.last < TWICE_AS_GOOD * other.last
