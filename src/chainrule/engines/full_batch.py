"""Full-batch training: every step takes all the examples. Whatever runs it is told the same seven things."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.formula.expression import Expression
from chainrule.network.definitions import Bound
from chainrule.network.network import Network


class FullBatch(Frozen):
    """A training whose steps all take one batch.

    network    with the parameters before the first step
    x, t       the batch: (batch, inputs), (batch, outputs)
    optimizer  the update rule
    weights    of the examples (batch,), where the network is weighted
    states     of the optimiser before the first step, by key ("m_W1"), where they are not 0
    number     of the first step, from 1
    """

    network: Network
    x: Array
    t: Array
    optimizer: Bound
    weights: Array | None = None
    states: Mapping[str, Array] = field(default_factory=dict)
    number: int = 1

    @property
    def data(self) -> dict[Expression, Array]:
        """The batch, variable by variable, and what the network draws for the first step."""
        weights = None if self.weights is None else self.weights.astype(float)
        return self.network.split(self.x, self.t, weights, number=self.number)
