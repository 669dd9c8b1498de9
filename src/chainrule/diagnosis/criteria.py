"""The diseases of a training: a row each, with its criterion, its threshold, where that comes from, and what it cannot tell.

A criterion is a function of a `Case`; it gives the numbers that show the disease, or None. These are the only criteria there are: what
`explain` says of a step, what `train` ends with and what `doctor` diagnoses are read off this table.

Most thresholds come from an experiment with 56 networks that were made sick and 8 healthy ones ("measured"), which they told apart.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

from chainrule.diagnosis.activity import Units
from chainrule.diagnosis.case import Case
from chainrule.diagnosis.rates import TOLERANCE, largest_recommended, rounded
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Name, variable
from chainrule.network.definitions import Bound
from chainrule.network.layers import Layer
from chainrule.network.network import Array

Value: TypeAlias = "float | int | str"
Finds: TypeAlias = Callable[[Case], "Mapping[str, Value] | None"]

MEASURED = "measured: 56 sick networks found, 8 healthy ones silent"


@dataclass(frozen=True)
class Finding:
    """A disease that was found.

    key      which, as in `CRITERIA`
    numbers  what shows it, and where it shows first; the places of its text
    """

    key: str
    numbers: Mapping[str, Value] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The key of its sentence in the catalogue of words."""
        how = self.numbers.get("how")
        return f"doctor.{self.key}.{how}" if how else f"doctor.{self.key}"


@dataclass(frozen=True, eq=False)
class Criterion:
    """A row of the table.

    key        of the disease
    finds      the numbers that show it in a case; None where it is not there
    threshold  from which on, in words
    source     where the threshold comes from
    blind      what it cannot tell
    after      diseases of which this may be an effect: where one of them is found, this is told below it
    of_data    whether it concerns the rows, whatever network learns from them
    """

    key: str
    finds: Finds
    threshold: str
    source: str
    blind: str
    after: tuple[str, ...] = ()
    of_data: bool = False


CRITERIA: dict[str, Criterion] = {}
"""The table, causes before their effects, and what is most likely first."""


def criterion(threshold: str, source: str, blind: str, after: tuple[str, ...] = (), *, of_data: bool = False) -> Callable[[Finds], Finds]:
    """Adds a row to the table; its key is the name of the function."""

    def add(finds: Finds) -> Finds:
        CRITERIA[finds.__name__] = Criterion(finds.__name__, finds, threshold, source, blind, after, of_data)
        return finds

    return add


def found(case: Case, *keys: str) -> Iterator[Finding]:
    """The diseases of a case, in the order of the table; only these, if any are named."""
    for key, row in CRITERIA.items():
        if not keys or key in keys:
            with np.errstate(all="ignore"):
                numbers = row.finds(case)
            if numbers is not None:
                yield Finding(key, numbers)


# What criteria have in common


MOST_RMS, MOST_RATIO, MOST_MEAN = 10.0, 30.0, 10.0
"""Inputs are unscaled from here on: the root of the mean square, the ratio of two columns' deviations, a mean in deviations."""

FEW_VALUES = 2
"""Columns of so few different values, as those of categories, have the deviation that they have."""


@dataclass(frozen=True)
class Scale:
    """How numbers lie: per column their mean, deviation and root of the mean square, and whether they take more than two values."""

    mean: Array
    deviation: Array
    rms: Array
    many: Array

    @staticmethod
    def of(x: Array) -> Scale:
        """Of the columns of an array."""
        x = np.asarray(x, dtype=float)
        several = np.count_nonzero(np.diff(np.sort(x, axis=0), axis=0), axis=0) >= FEW_VALUES  # without np.unique, which takes long to load
        return Scale(x.mean(axis=0), x.std(axis=0), np.sqrt((x**2).mean(axis=0)), several | (len(x) <= FEW_VALUES))


def column_name(names: Any, place: int, letter: str) -> str:
    """What a column is called: by its name, or x3."""
    return str(names[place]) if place < len(names) and names[place] else f"{letter}{place + 1}"


def layer_name(case: Case, number: int) -> str:
    """What a layer is called: hidden1, output."""
    names = case.network.layer_names
    return names[number - 1] if 0 < number <= len(names) else f"{number}"


def outputs_of(case: Case) -> Iterator[tuple[Layer, Bound, slice]]:
    """The last layer of each output, its loss, and the columns of t that belong to it."""
    start = 0
    for (name, size), goal in zip(case.network.output_sizes.items(), case.network.goals.values(), strict=True):
        layer = next((layer for layer in case.network.layers if case.network.output_of(layer) == name), None)
        if layer is not None and layer.activation is not None:
            yield layer, goal.loss, slice(start, start + size)
        start += size


def is_one_hot(t: Array) -> bool:
    """Is every row a class: one 1, and 0 elsewhere?"""
    return t.shape[1] > 1 and bool(np.isin(t, (0, 1)).all() and (t.sum(axis=1) == 1).all())


def is_binary(t: Array) -> bool:
    """Is it one column of 0 and 1, both of which occur?"""
    zero, one = t == 0, t == 1
    return bool(t.shape[1] == 1 and (zero | one).all() and zero.any() and one.any())


def value_range(activation: Bound) -> tuple[float, float]:
    """The least and the largest value of an activation, ±∞ where it has no end: as declared, or as numbers from −10⁶ to 10⁶ show."""
    declared = {"probabilities": (0.0, 1.0), "distribution": (0.0, 1.0), "signs": (-1.0, 1.0)}
    if activation.definition.gives in declared:
        return declared[activation.definition.gives]
    z = variable(Name("z"), ("places", 1))
    h = activation.apply(z)
    places = np.concatenate([[-1e6, -1e3], np.linspace(-20, 20, 801), [1e3, 1e6]]).reshape(-1, 1)
    values = evaluate([h], {z: places})[h].ravel()
    outer = [
        last for last, before in ((values[0], values[1]), (values[-1], values[-2])) if not abs(last - before) <= 0.01 * max(1, abs(before))
    ]
    low = -math.inf if any(end < 0 for end in outer) else float(np.nanmin(values))
    high = math.inf if any(not end < 0 for end in outer) else float(np.nanmax(values))
    return low, high


# The numbers themselves


@criterion(
    "a quantity of the first forward pass, its error or its gradient is NaN or infinite",
    "IEEE 754: from there on every number is",
    "numbers that are wrong but finite",
    after=("inputs_unscaled", "wrong_loss", "start_too_large"),
)
def not_finite(case: Case) -> Mapping[str, Value] | None:
    """NaN or infinity, before the first step or in it: the first quantity of which it is true, in the order of computation."""
    if np.isfinite(case.start.error) and all(np.isfinite(g).all() for g in case.start.gradients.values()):
        return None
    step = case.first_step
    key = next((key for key, value in step.values.items() if not np.isfinite(np.asarray(value, dtype=float)).all()), "E")
    return {"quantity": key}


@criterion(
    f"of two inputs one has a deviation of more than {MOST_RATIO:g} times the other's, or one lies {MOST_MEAN:g} deviations from 0, or "
    f"the root of the mean square of one is above {MOST_RMS:g}",
    f"{MEASURED}; LeCun et al. (1998), Efficient BackProp, section 4.3",
    "whether inputs that differ were meant to weigh differently",
)
def inputs_unscaled(case: Case) -> Mapping[str, Value] | None:
    """Inputs far from mean 0 and deviation 1: the rate that fits one of them is too large or too small for the others."""
    x, _, _ = case.sample
    scale = Scale.of(x)
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
)
def targets_unscaled(case: Case) -> Mapping[str, Value] | None:
    """Targets far from 0: the first errors, and with them the first gradients, are large."""
    _, t, _ = case.sample
    scale = Scale.of(t)
    for layer, loss, columns in outputs_of(case):
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
    "more than 1 % of the targets lie outside what the output's activation can give",
    f"{MEASURED}",
    "targets that reach the ends of the range, which only an infinite z would give",
)
def bounded_output(case: Case) -> Mapping[str, Value] | None:
    """Targets that the output cannot give, whatever the weights."""
    _, t, _ = case.sample
    for layer, _, columns in outputs_of(case):
        assert layer.activation is not None
        low, high = value_range(layer.activation)
        part = t[:, columns]
        room = 1e-6 * max(1.0, *(abs(end) for end in (low, high) if math.isfinite(end)), 0.0)
        outside = (part < low - room) | (part > high + room)
        if outside.mean() > 0.01:
            farthest = float(part.ravel()[np.argmax(np.where(outside, np.abs(part - np.clip(part, low, high)), 0))])
            return {
                "activation": layer.activation.name, "low": _end(low), "high": _end(high), "farthest": farthest,
                "percent": round(100 * float(outside.mean())),
            }  # fmt: skip
    return None


def _end(value: float) -> float | str:
    return round(value, 6) if math.isfinite(value) else "∞" if value > 0 else "−∞"


@criterion(
    "an output that is a softmax or a sigmoid already, and a loss that takes the softmax or the sigmoid itself; or a softmax of a softmax",
    "the gradient is that of softmax(y), y in 0 … 1: no class ever gets more than e times the probability of another",
    "a temperature that was meant",
)
def double_softmax(case: Case) -> Mapping[str, Value] | None:
    """The softmax, or the sigmoid, is taken twice."""
    for layer, loss, _ in outputs_of(case):
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
    "targets that are classes (one 1 in each row) with a loss of numbers, or a loss of probabilities on an output that gives none",
    f"{MEASURED}; Golik, Doetsch & Ney (2013), Cross-entropy vs. squared error training",
    "a squared error that was wanted, as Brier's score is",
    after=("double_softmax",),
)
def wrong_loss(case: Case) -> Mapping[str, Value] | None:
    """A loss that does not fit the output or the targets."""
    _, t, _ = case.sample
    for layer, loss, columns in outputs_of(case):
        assert layer.activation is not None
        low, high = value_range(layer.activation)
        wants = loss.definition.targets
        if wants in ("probabilities", "distribution") and not loss.definition.logits and (low < 0 or high > 1):
            return {"how": "output", "loss": loss.name, "activation": layer.activation.name}
        classes = is_one_hot(t[:, columns]) and len(np.unique(t[:, columns].argmax(axis=1))) > 1
        if wants == "numbers" and classes and len(t) > 2:
            return {"how": "classes", "loss": loss.name, "activation": layer.activation.name}
    return None


# The start


@criterion(
    "every number of a matrix of weights is 0, and there is another layer behind it or before it",
    "Rumelhart, Hinton & Williams (1986): units that start alike stay alike",
    "a layer that was to start at 0, as the last one of a residual block",
)
def zero_start(case: Case) -> Mapping[str, Value] | None:
    """Weights that are all 0 at the start: no gradient passes them, and units that are alike stay alike."""
    matrices = [p for p in case.network.derivation.parameters if len(p.shape) > 1]
    if len(matrices) < 2:
        return None
    zero = [p for p in matrices if not np.asarray(case.network.parameters[p.key], dtype=float).any()]
    if not zero:
        return None
    assert zero[0].name is not None
    return {"parameter": zero[0].key, "count": len(zero), "all": len(matrices)}


def _dense_pairs(case: Case) -> Iterator[tuple[int, Array, Array]]:
    """For each hidden layer of a chain: its number, what comes into its units (inputs and bias, units), and what goes out of them."""
    network = case.network
    if not network.wiring.is_chain:
        return
    numbers = {key: np.asarray(value, dtype=float) for key, value in network.parameters.items()}
    for number in range(1, len(network.layers)):
        W, b, after = numbers.get(f"W{number}"), numbers.get(f"b{number}"), numbers.get(f"W{number + 1}")
        if W is None or after is None or W.ndim != 2 or after.ndim != 2 or after.shape[0] != W.shape[1]:
            continue
        own = W if b is None or b.shape != (W.shape[1],) else np.vstack([W, b])
        yield number, own, after


MOST_GAIN = 3.0
"""The root of the mean square of the weights times √inputs: 1 to 1.4 with every initialiser there is."""


@criterion(
    f"the root of the mean square of a layer's weights, times √inputs, is above {MOST_GAIN:g} at the start",
    "1 to 1.41 for Glorot's, He's and LeCun's initialisers; measured",
    "weights that were trained before",
)
def start_too_large(case: Case) -> Mapping[str, Value] | None:
    """Weights that are far larger at the start than any initialiser draws them."""
    for p in case.network.derivation.parameters:
        if len(p.shape) != 2 or p.name is None:
            continue
        W = np.asarray(case.network.parameters[p.key], dtype=float)
        gain = float(np.sqrt(np.mean(W**2) * W.shape[0]))
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
def dead_units(case: Case) -> Mapping[str, Value] | None:
    """Units through which no gradient flows, whatever the row."""
    for units, when in _hidden(case):
        dead = int(units.dead.sum())
        many = len(units.values) >= FEWEST_ROWS and dead > MOST_DEAD * len(units.dead)
        if not units.bounded and (many or dead == len(units.dead)):
            return {"count": dead, "all": len(units.dead), "layer": layer_name(case, units.layer), "when": when}
    return None


@criterion(
    "every ∂E/∂w of the first step is exactly 0, though E is not",
    "w ← w − η · 0: no rate changes anything",
    "which of several causes it has",
    after=("not_finite", "zero_start", "dead_units"),
)
def no_gradient(case: Case) -> Mapping[str, Value] | None:
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
def equal_units(case: Case) -> Mapping[str, Value] | None:
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
    after=("inputs_unscaled", "start_too_large", "rate_too_large", "targets_unscaled"),
)
def saturation(case: Case) -> Mapping[str, Value] | None:
    """Units at the flat ends of their activation."""
    for units, when in _hidden(case):
        if (share := units.saturated_share) > MOST_SATURATED:
            return {"percent": round(100 * share), "layer": layer_name(case, units.layer), "when": when}
    return None


def _hidden(case: Case) -> Iterator[tuple[Units, str]]:
    """Hidden units at the start, and then after the training."""
    yield from ((units, "start") for units in case.start.hidden)
    yield from ((units, "end") for units in case.end.hidden)


@criterion(
    "predictions vary by less than 1 % of the targets' deviation, and lie within 10 % of it from their mean",
    "the best that can be said of rows of which nothing is known",
    "a network that was trained for too short a time to say more",
    after=("no_gradient", "dead_units", "saturation", "zero_start", "rate_too_large", "inputs_unscaled", "rate_too_small", "vanishing"),
)
def mean_predicted(case: Case) -> Mapping[str, Value] | None:
    """The inputs make no difference: every row gets the mean of the targets."""
    end = case.end
    return {"mean": float(end.t.mean(axis=0)[0]), "rows": len(end.t)} if end.predicts_the_mean else None


def passed(case: Case) -> tuple[str, str, float] | None:
    """The keys of the first and the last δ of the first pass, and what is left of the last one at the first; None in flat networks."""
    network = case.network
    if not network.wiring.is_chain or len(network.layers) < 3:
        return None
    signals = case.start.signals
    layers = range(1, len(network.layers) + 1)
    keys = [next((key for key in (f"delta{n}", f"dh{n}", "dy" if n == len(network.layers) else "") if key in signals), "") for n in layers]
    first, last = keys[0], keys[-1]
    if not first or not last:
        return None
    below, above = (float(np.sqrt(np.mean(signals[key] ** 2))) for key in (first, last))
    return (first, last, below / above) if above > 0 and math.isfinite(above) and math.isfinite(below) else None


@criterion(
    f"of δ less than {LEAST_PASSED:g} is left at the first of at least three layers",
    f"{MEASURED}; Hochreiter (1991); Glorot & Bengio (2010)",
    "an optimiser that makes up for it, as Adam does in part",
    after=("saturation", "dead_units", "inputs_unscaled", "start_too_large", "zero_start"),
)
def vanishing(case: Case) -> Mapping[str, Value] | None:
    """A gradient that shrinks from layer to layer until the first ones hardly learn."""
    ratio = passed(case)
    if ratio is None or ratio[2] >= LEAST_PASSED or ratio[2] == 0:
        return None
    return {"ratio": ratio[2], "layers": len(case.network.layers), "layer": layer_name(case, 1), "factors": _factors(case)}


@criterion(
    f"δ is more than {MOST_PASSED:g} times larger at the first of at least three layers than at the last",
    f"{MEASURED}; Pascanu, Mikolov & Bengio (2013)",
    "a gradient that is clipped",
    after=("start_too_large",),
)
def exploding(case: Case) -> Mapping[str, Value] | None:
    """A gradient that grows from layer to layer."""
    ratio = passed(case)
    if ratio is None or ratio[2] <= MOST_PASSED:
        return None
    return {"ratio": ratio[2], "layers": len(case.network.layers), "layer": layer_name(case, 1), "factors": _factors(case)}


def _factors(case: Case) -> str:
    """What is left of δ from each layer to the one below it, the error's side first."""
    signals = case.start.signals
    sizes = [float(np.sqrt(np.mean(signals[f"delta{n}"] ** 2))) for n in range(len(case.network.layers), 0, -1) if f"delta{n}" in signals]
    return " · ".join(f"{b / a:.2g}" for a, b in itertools.pairwise(sizes) if a > 0)


# The rate


TWICE_AS_GOOD, HARDLY = 0.5, 0.5
"""A tried run is better that ends with less than half of the error; a run has hardly learned that keeps more than half of what it had."""

FASTER = (3.0, 10.0, 30.0, 100.0, 1e3, 1e4, 1e5, 1e6)
"""By what the rate is multiplied to see whether it was too small."""


@criterion(
    "in a trial the error leaves all bounds or ends higher than it began, and with a lower rate it falls",
    "tried, not estimated: 2/λmax at the start is too optimistic",
    "a rate that is too large only later",
    after=("inputs_unscaled", "targets_unscaled", "start_too_large", "exploding"),
)
def rate_too_large(case: Case) -> Mapping[str, Value] | None:
    """A learning rate with which the error grows, though it falls with a smaller one."""
    rate = case.rate
    if rate is None or not math.isfinite(case.start.error) or (case.trained is not None and not case.trial.diverged):
        return None
    trial = case.trial
    if trial.share < 1 or case.start.gradient_norm == 0:
        return None
    slower = case.with_rate(rate / 10).trial, case.with_rate(rate / 1000).trial, case.with_rate(rate / 1e6).trial
    if not any(one.share < 1 for one in slower):
        return None
    return {"rate": rate, "step": trial.diverged or 0, "how": "diverged" if trial.diverged else "rose", "steps": trial.steps}


@criterion(
    f"in a trial more than {100 * HARDLY:.0f} % of the error are left, and with a larger rate, no larger than is ever recommended, less "
    "than half of that",
    "tried: a rate below a twentieth of a good one gave false alarms; measured",
    "a run that is long enough to make up for it",
    after=("inputs_unscaled", "targets_unscaled", "vanishing", "zero_start", "start_too_large"),
)
def rate_too_small(case: Case) -> Mapping[str, Value] | None:
    """A learning rate with which hardly anything is learned in the steps of a trial, though it is with a larger one."""
    rate = case.rate
    if rate is None or case.trained is not None or case.trial.share <= HARDLY or not case.trial.share < 1.0 + 1e-9:
        return None
    best = faster(case)
    if best is None:
        return None
    return {"rate": rate, "better": best[0], "error": case.trial.last, "less": best[1], "steps": case.trial.steps}


def faster(case: Case) -> tuple[float, float] | None:
    """A larger rate with which a trial ends with less than half of the error, and that error; None if there is none."""
    rate = case.rate
    assert rate is not None
    most = largest_recommended(case.network, case.optimizer)
    tried = {candidate: case.with_rate(candidate).trial.last for candidate in (rounded(rate * k) for k in FASTER) if candidate <= most}
    best = min(tried, key=lambda candidate: tried[candidate], default=None)
    return None if best is None or not tried[best] < TWICE_AS_GOOD * case.trial.last else (best, tried[best])
