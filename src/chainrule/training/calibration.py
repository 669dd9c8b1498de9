"""The temperature of a network that tells classes: by it the last layer is divided, so that probabilities are as sure as they are right.

A network that trains on goes on to learn which class is likelier long after it has grown too sure of it: the log loss rises while answers
get better. Divided by the temperature T at which it is lowest, the log loss says how well classes are told apart, and the epoch is chosen
by that. Only T ≥ 1 is sought: networks are too sure, and never made surer.

Temperature: Guo, Pleiss, Sun & Weinberger (2017), "On calibration of modern neural networks". To choose the epoch by the loss behind it:
Berta, Holzmüller, Jordan & Bach (2025), "Rethinking early stopping: refine, then calibrate".
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from chainrule.base.arrays import Array
from chainrule.engines.epoch import Data, State, gathered, row_count, unwarned, whole_rows
from chainrule.engines.written import written_quantity
from chainrule.network.layers import Layer
from chainrule.network.network import Network

CALIBRATED_EVERY = 10
"""After so many epochs a temperature is sought: it changes slowly, and each costs a pass over the rows that decide."""

HIGHEST = 20.0
"""No temperature is above this: behind it, a network says nearly the same of every row."""

MOST_ROWS = 10_000
"""So many rows, spread evenly over all, tell the temperature to its second digit."""

CLOSE, MOST_STEPS = 1e-7, 60
"""The search ends where 1/T moves by less than this, or after so many steps."""


def temperature(logits: Array, targets: Array, weights: Array | None = None) -> float:
    """T from 1 to 20 at which the log loss of softmax(z / T), or of σ(z / T), is lowest.

    logits   z (rows, classes), what the softmax is of; or (rows, 1), what the sigmoid is of
    targets  t, of the same shape, from 0 to 1
    weights  (rows,), what each row counts; 1 each if none are given

    With β = 1/T the log loss Σ s (Σ t · logsumexp(β z) − β Σ t z) is convex in β, and its derivative

        Σ s (Σ t · Σ p z − Σ t z),  p = softmax(β z)

    is 0 where it is lowest: found by Newton's method, which halves the interval where it would leave it. 1 where the derivative is not
    above 0 at β = 1, or a logit is not finite. Source: Guo et al. (2017), section 4.2.

    >>> T = temperature(np.array([[3.0], [3.0], [3.0], [-3.0]]), np.array([[1.0], [1.0], [0.0], [0.0]]))  # of four, three are right
    >>> f"{T:.6f} {3 / np.log(3):.6f}"  # and σ(ln 3) is ¾
    '2.730718 2.730718'
    """
    z, t = np.asarray(logits, dtype=float), np.asarray(targets, dtype=float)
    if not np.isfinite(z).all():
        return 1.0
    if z.shape[1] == 1:  # σ(z) is softmax(0, z)
        z, t = np.hstack([np.zeros_like(z), z]), np.hstack([1 - t, t])
    z = z - z.max(axis=1, keepdims=True)
    each = np.ones(len(z)) if weights is None else np.asarray(weights, dtype=float)
    total, wanted = each * t.sum(axis=1), float(each @ (t * z).sum(axis=1))

    def derivatives(beta: float) -> tuple[float, float]:
        """The first and the second."""
        p = np.exp(beta * z)
        p /= p.sum(axis=1, keepdims=True)
        p *= z
        mean = p.sum(axis=1)
        return float(total @ mean) - wanted, float(total @ ((p * z).sum(axis=1) - mean * mean))

    low, high, beta = 1 / HIGHEST, 1.0, 1.0
    slope, curvature = derivatives(beta)
    if slope <= 0:
        return 1.0
    if derivatives(low)[0] >= 0:
        return HIGHEST
    for _ in range(MOST_STEPS):
        step = slope / curvature if curvature > 0 else math.inf
        following = beta - step if low < beta - step < high else (low + high) / 2
        if abs(following - beta) < CLOSE:
            return 1 / following
        beta = following
        slope, curvature = derivatives(beta)
        low, high = (low, beta) if slope > 0 else (beta, high)
    return 1 / beta


def calibrated_layer(network: Network) -> Layer | None:
    """The layer that a temperature divides: a dense one behind which nothing comes but a softmax, or one sigmoid, and a loss of these.

    The loss may take their logits in place of them. None where there is no such layer, where its numbers are used elsewhere, too, or kept
    as they are, or where E has a penalty on weights, which is lower once they are divided.
    """
    goals, outputs = list(network.goals.values()), list(network.wiring.outputs.values())
    if (
        network.regularizer is not None
        or len(goals) != 1
        or len(outputs) != 1
        or goals[0].loss.definition.targets not in ("distribution", "probabilities")
    ):
        return None
    call = next((one for one in network.wiring.calls if one.name == outputs[0]), None)
    if call is None or call.layer.kind.name != "dense" or len(network.wiring.calls_of(call.layer)) > 1:
        return None
    layer, activation, loss = call.layer, call.layer.activation, goals[0].loss
    borrowed = any(value is layer for other in network.wiring.layers for value in other.chosen.values())
    kept = any(key in network.frozen or key in network.frozen_elements for key in keys_of(network, layer))
    shape = network.forward.outputs[next(iter(network.wiring.outputs))].shape
    gives = activation is not None and (loss.definition.logits or activation.definition.gives == loss.definition.targets)
    fits = gives and activation == loss.output
    alone = len(shape) == 2 and (network.outputs == 1) is (loss.definition.targets == "probabilities")
    return layer if fits and alone and not borrowed and not kept else None


def keys_of(network: Network, layer: Layer) -> tuple[str, ...]:
    """The parameters that a layer owns: W2, b2."""
    return tuple(one.variable.key for one in network.forward.parameters if one.layer is layer)


class Calibration:
    """What finds the temperature of a network, or of the networks of several folds together, and divides their last layer by it.

    layer     as `calibrated_layer` says
    held_out  the rows by which each is evaluated
    """

    def __init__(self, network: Network, layer: Layer, held_out: Sequence[Data]) -> None:
        self.network = network
        self.divides = [key in keys_of(network, layer) for key in network.shapes]
        rows = sum(map(row_count, held_out))
        parts = [_spread(data, max(1, MOST_ROWS * row_count(data) // rows)) for data in held_out]
        self.inputs = [tuple(network.split(x).values()) for x, *_ in parts]
        self.targets = np.concatenate([t for _, t, *_ in parts])
        self.weights = np.concatenate([part[2] for part in parts]) if network.conventions.weighted else None
        number = network.forward.numbers[layer]
        named = {node.key for node in network.inference.quantities}
        key = f"z{number}" if f"z{number}" in named else network.inference.predictions[0].key
        self._logits = written_quantity(network, key).functions["quantity"]

    @staticmethod
    def of(network: Network, held_out: Sequence[Data]) -> Calibration | None:
        """None where the network has no such layer, or where targets are no classes."""
        layer = calibrated_layer(network)
        made = Calibration(network, layer, held_out) if layer is not None and held_out else None
        return made if made is not None and np.isin(made.targets, (0, 1)).all() else None

    @unwarned
    def temperature(self, states: Sequence[State]) -> float:
        """T of the networks with these parameters, each on its own rows: one for all rows together."""
        count = len(self.network.shapes)
        logits = [self._logits(*inputs, *state[:count]) for inputs, state in zip(self.inputs, states, strict=True)]
        return temperature(np.concatenate(logits), self.targets, self.weights)

    def divided(self, state: State, by: float) -> tuple[Array, ...]:
        """The parameters with those of the layer divided by a temperature, in their precision."""
        parameters = zip(state, self.divides, strict=False)
        return tuple(np.asarray(array / by, dtype=array.dtype) if divides and by != 1 else array for array, divides in parameters)


def _spread(data: Data, most: int) -> Data:
    """So many of the rows at most, spread evenly over all of them, in every process."""
    rows = row_count(data)
    places = np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(int)
    return whole_rows(gathered(data, places))
