"""HIPS autograd: the gradient of a NumPy function, one step a call."""

from __future__ import annotations

from importlib.metadata import version

import autograd.numpy as anp
import numpy as np
from autograd import grad
from loop import Loop, batches, one_hot
from workloads import BETA1, BETA2, EPSILON, Workload


def about() -> str:
    return f"autograd {version('autograd')}, NumPy {np.__version__}"


def begin(workload: Workload, threads: int) -> Loop:
    act = {"relu": lambda z: anp.maximum(z, 0), "tanh": anp.tanh, "linear": lambda z: z}[workload.activation]
    stride = 1 + workload.biases

    def predicted(weights, x):
        for place in range(0, len(weights), stride):
            x = anp.dot(x, weights[place])
            if workload.biases:
                x = x + weights[place + 1]
            if place + stride < len(weights):
                x = act(x)
        return x

    def error(weights, x, t):
        z = predicted(weights, x)
        if workload.classes:
            z = z - anp.max(z, axis=1, keepdims=True)
            return anp.mean(anp.log(anp.sum(anp.exp(z), axis=1)) - anp.sum(t * z, axis=1))
        return anp.mean(anp.sum((z - t) ** 2, axis=1)) / 2

    weights, gradient = workload.weights(), grad(error)
    x, t = workload.data()
    pairs = batches(workload, x, one_hot(workload, t))
    if workload.only == "predict":
        seen = [x]

        def predict(x, t):
            e = np.exp((z := predicted(weights, x)) - z.max(axis=1, keepdims=True))
            seen[0] = e / e.sum(axis=1, keepdims=True)

        return Loop(predict, pairs, lambda: seen)
    m, v, k = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights], [0]

    def step(x, t):
        k[0] += 1
        for i, g in enumerate(gradient(weights, x, t)):
            if workload.optimizer == "sgd":
                weights[i] = weights[i] - workload.rate * g
                continue
            m[i] = BETA1 * m[i] + (1 - BETA1) * g
            v[i] = BETA2 * v[i] + (1 - BETA2) * g * g
            weights[i] = weights[i] - workload.rate / (1 - BETA1 ** k[0]) * m[i] / (np.sqrt(v[i] / (1 - BETA2 ** k[0])) + EPSILON)

    return Loop(step, pairs, lambda: weights)
