"""What both uses of JAX share."""

from __future__ import annotations

import os

import jax
import jax.numpy as jnp
import numpy as np
from workloads import BETA1, BETA2, EPSILON, Workload

os.environ.setdefault("JAX_PLATFORMS", "cpu")
jax.config.update("jax_enable_x64", True)  # for W1; every array says itself what it is


def about() -> str:
    return f"jax {jax.__version__}"


def predicted(workload: Workload, parameters, x):
    """The last net input."""
    act = {"relu": jax.nn.relu, "tanh": jnp.tanh, "linear": lambda z: z}[workload.activation]
    for place, layer in enumerate(parameters):
        x = x @ layer[0]
        if workload.biases:
            x = x + layer[1]
        if place + 1 < len(parameters):
            x = act(x)
    return x


def error(workload: Workload, parameters, x, t):
    z = predicted(workload, parameters, x)
    if workload.classes:
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), t[:, None], axis=1))
    return jnp.mean(jnp.sum((z - t) ** 2, axis=1)) / 2


def first_state(workload: Workload):
    """Parameters, the two moments of Adam, and the number of steps taken."""
    weights, stride = [jnp.asarray(w) for w in workload.weights()], 1 + workload.biases
    parameters = [weights[i : i + stride] for i in range(0, len(weights), stride)]
    zeros = jax.tree.map(jnp.zeros_like, parameters) if workload.optimizer == "adam" else ()
    return parameters, zeros, jax.tree.map(jnp.copy, zeros), jnp.zeros((), workload.dtype)


def stepped(workload: Workload, state, x, t):
    """The state after a step."""
    return updated(workload, state, jax.grad(lambda p: error(workload, p, x, t))(state[0]))


def updated(workload: Workload, state, g):
    parameters, m, v, k = state
    k = k + 1
    if workload.optimizer == "sgd":
        return jax.tree.map(lambda p, g: p - workload.rate * g, parameters, g), m, v, k
    m = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, m, g)
    v = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, v, g)
    rate, scale = workload.rate / (1 - BETA1**k), 1 / (1 - BETA2**k)
    moved = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v * scale) + EPSILON), parameters, m, v)
    return moved, m, v, k


def arrays(workload: Workload):
    x, t = workload.data()
    return jnp.asarray(x), jnp.asarray(t.astype("int32") if workload.classes else t)


def weights(state) -> list[np.ndarray]:
    return [np.asarray(w) for layer in state[0] for w in layer]
