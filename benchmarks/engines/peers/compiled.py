"""chainrule's engine `compiled`: the graph as machine code, an epoch in one call."""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from loop import one_hot
from network import network, optimizer
from shuffled import shuffled
from workloads import Workload

import chainrule as cr


def about() -> str:
    return f"chainrule {cr.__version__}"


class Epochs:
    """Whole epochs."""

    def __init__(self, workload: Workload, made: cr.Network, engine: Any, *, mixed: bool = False) -> None:
        self.workload, self.engine = workload, engine
        x, t, self.order = shuffled(workload) if mixed else (*workload.data(), None)
        self.data = x, one_hot(workload, t)
        first = dict(zip(made.shapes, workload.weights(), strict=True))
        self.state = tuple(first[key] if key in first else np.zeros_like(first[key.rpartition("_")[2]]) for key in self.engine.keys)
        self.number, self.seen = 0, None

    def go(self, steps: int) -> int:
        size, each = self.workload.batch, self.workload.steps
        if self.workload.only == "predict":
            calls = -(-steps // each)
            for _ in range(calls):
                self.seen = self.engine.predict(self.data[0], self.state, size)[-size:]  # batch after batch, in one call
            return calls * each
        epochs = -(-steps // each)
        for _ in range(epochs):
            passed = self.engine.epoch(self.data, self.order, size, self.state, self.number, math.inf, lambda: False)
            self.state, self.number = passed.state, passed.number
        return epochs * each

    def result(self) -> list[np.ndarray]:
        return [self.seen] if self.seen is not None else list(self.state[: len(self.workload.weights())])


def begin(workload: Workload, threads: int) -> Epochs:
    from chainrule.engines.compiled.engine import Compiled

    made, processor = network(workload), os.environ.get("BENCHMARK_PROCESSOR")
    engine = Compiled(made, optimizer(workload), processor=processor, dtype=workload.dtype, threads=threads)
    return Epochs(workload, made, engine)
