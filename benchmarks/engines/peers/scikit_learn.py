"""scikit-learn's multilayer perceptron: `partial_fit` on the rows of an epoch, which goes through them batch by batch.

Its layers have biases always, so for W1 it computes a little more.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import sklearn
from sklearn.neural_network import MLPClassifier, MLPRegressor
from workloads import Workload

biases = True


def about() -> str:
    return f"scikit-learn {sklearn.__version__}"


class Epochs:
    """Whole epochs of `partial_fit`, or single calls of `predict_proba`."""

    def __init__(self, workload: Workload) -> None:
        workload = workload.short(min(workload.steps, 2000))  # of W1 an epoch would take seconds, at the same cost a step
        workload = replace(workload, biases=True)
        self.workload = workload
        kind = MLPClassifier if workload.classes else MLPRegressor
        self.model = model = kind(
            hidden_layer_sizes=workload.sizes[1:-1],
            activation={"linear": "identity"}.get(workload.activation, workload.activation),
            solver=workload.optimizer,
            alpha=0,
            batch_size=workload.batch,
            learning_rate_init=workload.rate,
            shuffle=False,
            momentum=0,
            nesterovs_momentum=False,
        )
        self.x, self.t = workload.data()
        self.t = self.t if workload.classes else self.t.ravel()
        rows = slice(0, workload.batch)
        self.classes = {"classes": np.arange(workload.sizes[-1])} if workload.classes else {}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model.partial_fit(self.x[rows], self.t[rows], **self.classes)
        weights = workload.weights()
        for held, new in zip((*model.coefs_, *model.intercepts_), (*weights[::2], *weights[1::2]), strict=True):
            held[...] = new
        model._optimizer.t = 0
        for moments in (getattr(model._optimizer, name, []) for name in ("ms", "vs", "velocities")):
            for moment in moments:
                moment[...] = 0
        self.seen: np.ndarray | None = None

    def go(self, steps: int) -> int:
        if self.workload.only == "predict":
            size = self.workload.batch
            for number in range(steps):
                start = number % self.workload.steps * size
                self.seen = self.model.predict_proba(self.x[start : start + size])
            return steps
        epochs = -(-steps // self.workload.steps)
        for _ in range(epochs):
            self.model.partial_fit(self.x, self.t)
        return epochs * self.workload.steps

    def result(self) -> list[np.ndarray]:
        if self.seen is not None:
            return [self.seen]
        return [each for pair in zip(self.model.coefs_, self.model.intercepts_, strict=True) for each in pair]


def begin(workload: Workload, threads: int) -> Epochs:
    return Epochs(workload)
