"""JAX: one jitted step, called from a loop in Python."""

from __future__ import annotations

from functools import partial

import jax
import numpy as np
from jax_model import about, arrays, first_state, predicted, stepped, weights
from loop import Loop, batches
from workloads import Workload

__all__ = ["about", "begin"]


def begin(workload: Workload, threads: int) -> Loop:
    state = first_state(workload)
    pairs = [jax.block_until_ready(pair) for pair in batches(workload, *arrays(workload))]
    if workload.only == "predict":
        forward, seen = jax.jit(lambda p, x: jax.nn.softmax(predicted(workload, p, x))), [None]

        def predict(x, t):
            seen[0] = forward(state[0], x)

        return Loop(predict, pairs, lambda: [np.asarray(seen[0])], lambda: jax.block_until_ready(seen[0]))
    held, step = [state], jax.jit(partial(stepped, workload), donate_argnums=0)

    def train(x, t):
        held[0] = step(held[0], x, t)

    return Loop(train, pairs, lambda: weights(held[0]), lambda: jax.block_until_ready(held[0]))
