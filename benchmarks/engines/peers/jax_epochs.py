"""JAX by hand, as one trains with it: the rows of an epoch in a given order, and its mean error; one jitted call, by lax.scan."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jax_model import about, error, first_state, updated, weights
from shuffled import shuffled
from workloads import Workload

__all__ = ["about", "begin"]


class Epochs:
    """Whole epochs."""

    def __init__(self, workload: Workload) -> None:
        self.steps, self.state, self.error = workload.steps, first_state(workload), 0.0
        x, t, self.order = shuffled(workload)
        self.x, self.t = jnp.asarray(x), jnp.asarray(t.astype("int32") if workload.classes else t)

        def step(state, batch):
            E, g = jax.value_and_grad(lambda p: error(workload, p, *batch))(state[0])
            return updated(workload, state, g), E

        def epoch(state, x, t, order):
            batches = tuple(rows[order].reshape(workload.steps, workload.batch, *rows.shape[1:]) for rows in (x, t))
            state, errors = jax.lax.scan(step, state, batches)
            return state, jnp.mean(errors)

        self.epoch = jax.jit(epoch, donate_argnums=0)

    def go(self, steps: int) -> int:
        epochs = -(-steps // self.steps)
        for _ in range(epochs):
            self.state, E = self.epoch(self.state, self.x, self.t, self.order)
            self.error = float(E)
        return epochs * self.steps

    def result(self) -> list[np.ndarray]:
        return weights(self.state)


def begin(workload: Workload, threads: int) -> Epochs:
    if workload.only == "predict":
        raise NotImplementedError("it trains")  # what a peer does not do is left out of its row
    return Epochs(workload)
