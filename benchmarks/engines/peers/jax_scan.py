"""JAX: a whole epoch in one jitted call, by lax.scan."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jax_model import about, arrays, first_state, predicted, stepped, weights
from workloads import Workload

__all__ = ["about", "begin"]


class Scan:
    """Whole epochs."""

    def __init__(self, workload: Workload) -> None:
        self.steps, self.predicts = workload.steps, workload.only == "predict"
        x, t = arrays(workload)
        x, t = (a.reshape(workload.steps, workload.batch, *a.shape[1:]) for a in (x, t))
        self.x, self.t = jax.block_until_ready((x, t))
        self.state = first_state(workload)
        if self.predicts:
            forward = jax.jit(lambda state, x: jax.lax.map(lambda x: jax.nn.softmax(predicted(workload, state[0], x)), x))
            self.epoch = lambda state, x, t: forward(state, x)
        else:
            step = partial(stepped, workload)
            self.epoch = jax.jit(lambda state, x, t: jax.lax.scan(lambda s, xt: (step(s, *xt), None), state, (x, t))[0], donate_argnums=0)
        self.seen = None

    def go(self, steps: int) -> int:
        epochs = -(-steps // self.steps)
        for _ in range(epochs):
            if self.predicts:
                self.seen = self.epoch(self.state, self.x, self.t)
            else:
                self.state = self.epoch(self.state, self.x, self.t)
        jax.block_until_ready(self.seen if self.predicts else self.state)
        return epochs * self.steps

    def result(self) -> list[np.ndarray]:
        return [np.asarray(self.seen[-1])] if self.predicts else weights(self.state)


def begin(workload: Workload, threads: int) -> Scan:
    return Scan(workload)
