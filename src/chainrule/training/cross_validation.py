"""Networks that are trained beside another one, each without a fold of the rows, to tell how long to train it.

They begin like it and take as many epochs. The rows that a companion does not learn from judge it; the mean of these errors, over all
companions and so over all rows, says how well so many epochs serve rows that were not seen. The network itself learns from every row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.engines.epoch import Data, Engine, State, gathered
from chainrule.network.network import Array, Network
from chainrule.training.plan import Plan, Shuffled, fold_places


@dataclass(frozen=True, eq=False)
class FoldNetwork:
    """One of them.

    data, held_out  the rows that it learns from, and the fold that judges it
    places          where the rows of the fold stand among all rows
    shuffled        the orders of its epochs; None where rows are used as they lie
    state           where it stands; if an epoch diverged, where it stood before
    error           E of the fold; infinite if it diverged
    """

    data: Data
    held_out: Data
    places: Array
    shuffled: Shuffled | None
    state: State
    error: float = math.inf

    def after(self, engine: Engine, epoch: int, size: int, bound: float, stopping: Callable[[], bool]) -> FoldNetwork | None:
        """The companion after that epoch, from 1; None where it was asked to stop."""
        order = None if self.shuffled is None else self.shuffled.order(epoch)
        done = (epoch - 1) * -(-len(self.data[0]) // size)
        passed = engine.epoch(self.data, order, size, self.state, done, bound, stopping)
        if passed.ended == "stopped":
            return None
        if passed.ended == "diverged":
            return replace(self, error=math.inf)
        error = engine.error(self.held_out, passed.state)
        return replace(self, state=passed.state, error=error if math.isfinite(error) else math.inf)


def fold_networks(data: Data, plan: Plan, size: int, state: State) -> list[FoldNetwork]:
    """The companions of a network that learns from these rows; none where the plan asks for none, or the training error decides."""
    if not plan.validation_folds or plan.until is not None:
        return []
    made = []
    for others, fold in fold_places(_labels(data[1]), plan.validation_folds, plan.seed):
        shuffled = Shuffled(plan.seed, len(others)) if plan.shuffle and size < len(others) else None
        made.append(FoldNetwork(gathered(data, others), gathered(data, fold), fold, shuffled, state))
    return made


def _labels(t: Array) -> int | Array:
    """Each row's class, so that every fold has the same share of it; the number of rows where targets are numbers."""
    if not np.isin(t, (0, 1)).all():
        return len(t)
    return np.unique(t, axis=0, return_inverse=True)[1].reshape(-1)


def fold_error(beside: Sequence[FoldNetwork]) -> float:
    """E over all rows, each judged by the companion that did not learn from it."""
    rows = sum(len(fold_network.held_out[0]) for fold_network in beside)
    return sum(fold_network.error * (len(fold_network.held_out[0]) / rows) for fold_network in beside)


def fold_predictions(beside: Sequence[FoldNetwork], network: Network, keys: Sequence[str]) -> Array:
    """y (rows, outputs): for each row the prediction of the companion that did not learn from it."""
    rows = sum(len(fold_network.places) for fold_network in beside)
    y = np.empty((rows, network.outputs))
    for one in beside:
        parameters = {key: array for key, array in zip(keys, one.state, strict=True) if key in network.shapes}
        y[one.places] = network.continued(parameters).predict(one.held_out[0])
    return y


def fold_arrays(beside: Sequence[FoldNetwork], keys: Sequence[str]) -> dict[str, Any]:
    """Where they stand, as named arrays: "fold1.W1"."""
    return {f"fold{k}.{key}": array for k, one in enumerate(beside, start=1) for key, array in zip(keys, one.state, strict=True)}
