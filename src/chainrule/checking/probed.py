"""A probe with what a program gave for it."""

from __future__ import annotations

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.checking.evidence import Observation
from chainrule.checking.factors import FactorSizes
from chainrule.checking.passes import ProbePass


class Probed(Frozen):
    """One probe with its answer.

    probe        the true pass; observation: what the program gave
    rate         the learning rate of its update
    """

    probe: ProbePass
    observation: Observation
    rate: float

    def gradient(self, key: str) -> Array | None:
        """What the program gave for ∂E/∂ a parameter, "dW1"; biases that came as rows or columns are laid flat."""
        found = self.observation.quantities.get(key)
        if found is None:
            return None
        found = np.asarray(found, dtype=float)
        if key.startswith("db"):
            layer = self.probe.layers[int(key[2:]) - 1]
            units = layer.W.shape[1]
            if found.size == units:
                return found.reshape(units)
            if found.size == 1 and layer.shares_bias:
                return found.reshape(1)
            if found.size == 1:
                return np.full(units, found.item())
        return found

    def without(self, key: str, columns: slice) -> Probed | None:
        """The same, with these columns of a gradient alone; None where it has no column too many."""
        found, units = self.observation.quantities.get(key), self.probe.layers[int(key[2:]) - 1].W.shape[1]
        if found is None or np.ndim(found) == 0 or np.shape(found)[-1] != units + 1:
            return None
        quantities = {**self.observation.quantities, key: np.asarray(found)[..., columns]}
        return replace(self, observation=replace(self.observation, quantities=quantities))

    def moved(self, number: int) -> Array | None:
        """W of a layer after the first update."""
        after = self.observation.after
        if after and f"W{number}" in after[0]:
            return np.asarray(after[0][f"W{number}"], dtype=float)
        gradient = self.gradient(f"dW{number}")
        W = self.probe.layers[number - 1].W
        return None if gradient is None or gradient.shape != W.shape else W - self.rate * gradient

    def extent(self, number: int) -> FactorSizes:
        """What factors may be made of at a layer."""
        W = self.probe.layers[number - 1].W
        return FactorSizes(self.probe.rows, self.probe.t.shape[1], W.shape[0], W.shape[1], self.rate)

    def floor(self, parameter: Array | None) -> float:
        """How large an error is that comes from reading a gradient off an update."""
        if not self.observation.from_update or parameter is None or not parameter.size:
            return 1.5 * self.observation.rounded_to
        return float(2e-15 * np.abs(parameter).max() / self.rate)


def gradient_key(edge: str, number: int) -> str:
    """Under which key a program's gradient is kept: "dW2" of edge "weight", "db2" of edge "bias"."""
    return f"d{'W' if edge == 'weight' else 'b'}{number}"
