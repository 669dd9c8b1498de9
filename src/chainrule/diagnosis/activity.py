"""What a network does on a batch, as the doctor looks at it: which units still learn, how far gradients reach, what y is worth."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cached_property

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.formula.backprop import local_derivatives
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, definition, neighbours, order
from chainrule.formula.primitives import spread
from chainrule.formula.stated import held
from chainrule.network.given import in_one_row
from chainrule.network.network import Network

FLAT = 0.05
"""A slope f′ below this share of its maximum lets next to nothing of a gradient through: σ beyond ±4.4, tanh beyond ±2.2."""

FAINT = 1e-3
"""A unit that gives less than this share of what it gave before may as well be dead in another order of summation."""

SAME, NEAR = 0.01, 0.1
"""Of the targets' deviation: predictions that vary by less are the same, and they are the mean if they are no farther from it."""

FARTHEST, PLACES, FEWEST_PLACES, MOST_SLOPES = 8.0, 321, 17, 200_000
"""From −8 to 8 the largest slope of an activation is looked for, at so many places; at fewer where all units together have more slopes."""


class Units(Frozen):
    """The units of one activation, h = f(z).

    quantity  h, as an expression; layer: its number, from 1
    output    whether it is a prediction
    values    h (batch, units)
    slopes    f′(z) (batch, units)
    steepest  the largest |f′| there is
    bounded   whether f is flat on both sides, as σ and tanh are: then a small slope means that the unit is saturated
    """

    quantity: Expression
    layer: int
    output: bool
    values: Array
    slopes: Array
    steepest: float
    bounded: bool

    @property
    def dead(self) -> Array:
        """Which units have the slope 0 for every sample, so that nothing reaches their weights: (units,) of truth values."""
        return np.asarray((self.slopes == 0).all(axis=0))

    def fainter(self, before: Units) -> Array:
        """Which units are about to die: the slope is 0 for some sample, and for others they give next to nothing of what they gave."""
        largest = np.abs(before.values).max(axis=0)
        return np.asarray((self.slopes == 0).any(axis=0) & (np.abs(self.values).max(axis=0) <= FAINT * largest))

    @property
    def saturated_share(self) -> float:
        """The share of the slopes that are below `FLAT` of the steepest, where f is flat on both sides; 0 where it is not."""
        return float(np.mean(np.abs(self.slopes) < FLAT * self.steepest)) if self.bounded else 0.0


class Activity(Frozen):
    """A network on one batch: everything below follows from its values.

    error      E
    y, t       predictions and targets (batch, outputs)
    gradients  ∂E/∂ each parameter, by its key
    signals    ∂E/∂ each named quantity on the way, by the key of the quantity
    units      of every activation that works element by element
    """

    network: Network
    error: float
    y: Array
    t: Array
    gradients: Mapping[str, Array]
    signals: Mapping[str, Array]
    units: Sequence[Units]

    @cached_property
    def gradient_norm(self) -> float:
        """‖∂E/∂w‖ over every parameter that is trained."""
        return float(np.sqrt(sum(np.sum(g**2) for key, g in self.gradients.items() if key not in self.network.frozen)))

    @cached_property
    def blocked(self) -> list[str]:
        """The trained parameters of the layers before the outputs, by key, if no gradient comes through to any of them; else none."""
        network = self.network
        last = {number for number, layer in enumerate(network.layers, start=1) if layer in network.last_layers}
        layers = {p.key: p.name.layer for p in network.derivation.parameters if p.name is not None}
        before = [key for key in self.gradients if key not in network.frozen and layers[key] not in last]
        return [] if any(self.gradients[key].any() for key in before) else before

    @property
    def hidden(self) -> list[Units]:
        """The units that are no predictions."""
        return [units for units in self.units if not units.output]

    @property
    def saturated_share(self) -> float:
        """The share of the slopes inside the network at which units are saturated."""
        sizes = [units.slopes.size for units in self.hidden]
        return sum(units.saturated_share * size for units, size in zip(self.hidden, sizes, strict=True)) / sum(sizes) if sizes else 0.0

    @property
    def predicts_the_mean(self) -> bool:
        """Does every sample get the same prediction, next to the mean of their targets, though these differ?"""
        if len(self.t) < 2 or not np.isfinite(self.y).all():
            return False
        spread = self.t.std(axis=0)
        spread = np.where(spread > 0, spread, spread.max())  # where targets agree, others say what is next to them
        same = self.y.std(axis=0) <= SAME * spread
        near = np.abs(self.y.mean(axis=0) - self.t.mean(axis=0)) <= NEAR * spread
        return bool((spread > 0).any() and (same & near).all())


class Examiner:
    """Looks at a network again and again, with other numbers for its parameters: what is derived is derived once."""

    def __init__(self, network: Network, x: Array, t: Array, weights: Array | None = None) -> None:
        self.network, self.t = network, t
        derivation = network.derivation
        self.data = network.split(x, t, None if weights is None else weights.astype(float))
        self.slopes = {h: slope for h in derivation.quantities if (slope := _slope(h)) is not None}
        gradients = set(derivation.gradients)
        self.backward = [node for node in derivation.backward if node not in gradients]

    @cached_property
    def _known(self) -> dict[Expression, tuple[float, bool]]:
        return {h: _steepest(z, slope) for h, (z, slope) in self.slopes.items()}

    def __call__(self, parameters: Mapping[str, Array] | None = None) -> Activity:
        """The network as it is, or with these parameters in place of its own."""
        network, derivation = self.network, self.network.derivation
        numbers = {**network.parameters, **(parameters or {})}
        bindings = {**self.data, **{node: np.asarray(numbers[node.key], dtype=float) for node in derivation.parameters}}
        slopes = [slope for _, slope in self.slopes.values()]
        values = evaluate([derivation.error, *derivation.predictions, *derivation.gradients, *slopes], bindings)
        units = [
            Units(h, h.name.layer or len(network.layers), h in derivation.predictions, values[h], values[slope], *self._known[h])
            for h, (_, slope) in self.slopes.items()
            if h.name is not None
        ]
        return Activity(
            network,
            float(values[derivation.error]),
            in_one_row([values[y] for y in derivation.predictions]),
            self.t,
            {p.key: np.asarray(values[g]) for p, g in zip(derivation.parameters, derivation.gradients, strict=True)},
            {node.key: np.asarray(values[node]) for node in self.backward if node in values},
            units,
        )


def _slope(h: Expression) -> tuple[Expression, Expression] | None:
    """z and f′(z), where h = f(z) is a function of one other quantity, element by element; None for everything else."""
    inner = definition(h)
    others = list(neighbours(h))
    if len(others) != 1 or inner is others[0] or others[0].shape != h.shape or others[0].primitive.name != "named":
        return None
    (z,) = others
    between = [node for node in order(inner, wall=lambda node: node is z) if node is not z and node.arguments]
    if not between or not all(node.primitive.elementwise and node.primitive is not held for node in between):
        return None  # what stops a gradient has no slope, and is no dead unit
    ones = spread(1, axes=tuple(range(len(h.shape))), sizes=h.shape)
    return z, local_derivatives(h, [z], ones)[z]


def _steepest(z: Expression, slope: Expression) -> tuple[float, bool]:
    """The largest |f′|, as far as it is seen from −8 to 8, and whether f is flat at both ends."""
    units = tuple(map(int, z.shape[1:]))
    count = max(FEWEST_PLACES, min(PLACES, MOST_SLOPES // math.prod(units) | 1))  # an odd number: 0 is one of them
    grid = np.linspace(-FARTHEST, FARTHEST, count)
    places = np.broadcast_to(grid.reshape(-1, *[1] * len(units)), (count, *units))
    found = np.abs(evaluate([slope], {z: places})[slope])
    largest = float(np.max(found, where=np.isfinite(found), initial=0.0))
    return largest, bool((found[[0, -1]] < FLAT * largest).all())
