"""Cross-validation while a network is trained: further networks, each trained without one fold of the rows, say when to stop.

They start from the same weights and take as many epochs. Each is evaluated on the fold that it is not trained on. The mean of these
errors, over all folds and so over all rows, estimates the error on new rows. The network itself is trained on every row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen, replace
from chainrule.engines.epoch import Data, Engine, State, gathered, row_count, whole_rows
from chainrule.network.network import Network
from chainrule.training.averaging import evaluated_parameters
from chainrule.training.plan import Plan, Shuffled, fold_places


class FoldNetwork(Frozen):
    """The network of one fold.

    data, held_out  the rows that it is trained on, and the fold on which it is evaluated
    places          where the rows of the fold stand among all rows
    shuffled        the orders of its epochs; None where the rows are not shuffled
    state           its parameters and the optimiser's states; if an epoch diverged, those before the epoch
    evaluated       the parameters that are evaluated: those of the state, or their moving average
    error           E of the fold; infinite if it diverged
    """

    data: Data
    held_out: Data
    places: Array
    shuffled: Shuffled | None
    state: State
    evaluated: State
    error: float = math.inf

    def after(
        self, engine: Engine, epoch: int, size: int, bound: float, stopping: Callable[[], bool], *, averaged: bool
    ) -> FoldNetwork | None:
        """The network after that epoch, from 1; None where training was asked to stop.

        averaged  whether the moving average of its parameters is evaluated
        """
        order = None if self.shuffled is None else self.shuffled.order(epoch)
        done = (epoch - 1) * -(-row_count(self.data) // size)
        passed = engine.epoch(self.data, order, size, self.state, done, bound, stopping)
        if passed.ended == "stopped":
            return None
        if passed.ended == "diverged":
            return replace(self, error=math.inf)
        evaluated = evaluated_parameters(self.evaluated, passed.state, epoch, averaged=averaged)
        error = engine.error(self.held_out, evaluated)
        return replace(self, state=passed.state, evaluated=evaluated, error=error if math.isfinite(error) else math.inf)


def fold_networks(data: Data, plan: Plan, size: int, state: State, parameters: State, groups: Array | None = None) -> list[FoldNetwork]:
    """The networks of the folds of these rows; none where the plan asks for none, or where the training error decides when to stop."""
    if not plan.validation_folds or plan.until is not None:
        return []
    made = []
    for others, fold in fold_places(_labels(whole_rows(data)[1]), plan.validation_folds, plan.seed, groups):
        shuffled = Shuffled(plan.seed, len(others), plan.shuffle_block) if plan.shuffle and size < len(others) else None
        made.append(FoldNetwork(gathered(data, others), gathered(data, fold), fold, shuffled, state, parameters))
    return made


def _labels(t: Array) -> int | Array:
    """Each row's class, so that every fold has the same share of it; the number of rows where targets are numbers."""
    if not np.isin(t, (0, 1)).all():
        return len(t)
    return np.unique(t, axis=0, return_inverse=True)[1].reshape(-1)


def fold_error(networks: Sequence[FoldNetwork]) -> float:
    """E over all rows: each row counts with the network that was not trained on it."""
    rows = sum(row_count(one.held_out) for one in networks)
    return sum(one.error * (row_count(one.held_out) / rows) for one in networks)


def fold_predictions(networks: Sequence[FoldNetwork], network: Network, keys: Sequence[str]) -> Array:
    """y (rows, outputs): for each row the prediction of the network that was not trained on it."""
    rows = sum(len(one.places) for one in networks)
    y = np.empty((rows, network.outputs))
    for one in networks:
        parameters = {key: np.asarray(array, dtype=float) for key, array in zip(keys, one.evaluated, strict=False)}
        y[one.places] = network.continued(parameters).predict(whole_rows(one.held_out)[0])
    return y


def fold_arrays(networks: Sequence[FoldNetwork], keys: Sequence[str], *, averaged: bool) -> dict[str, Any]:
    """The states of all networks, as named arrays: "fold1.W1"; with those that are evaluated, "fold1.average.W1", if they are averages."""
    named = [("", one.state, k) for k, one in enumerate(networks, start=1)]
    named += [("average.", one.evaluated, k) for k, one in enumerate(networks, start=1)] if averaged else []
    return {f"fold{k}.{kind}{key}": array for kind, arrays, k in named for key, array in zip(keys, arrays, strict=False)}
