"""What every peer must compute: the plainest NumPy in float64, written independently of chainrule."""

from __future__ import annotations

import numpy as np
from workloads import BETA1, BETA2, EPSILON, Workload


def trained(workload: Workload, steps: int) -> list[np.ndarray]:
    """The weights after so many steps."""
    x, t = workload.data()
    t = np.eye(workload.sizes[-1])[t] if workload.classes else t
    weights = [w.astype(float) for w in workload.weights()]
    m, v = [np.zeros_like(w) for w in weights], [np.zeros_like(w) for w in weights]
    for k in range(1, steps + 1):
        rows = slice((k - 1) * workload.batch, k * workload.batch)
        gradients = gradient(workload, x[rows].astype(float), t[rows].astype(float), weights)
        if workload.optimizer == "sgd":
            weights = [w - workload.rate * g for w, g in zip(weights, gradients, strict=True)]
            continue
        for i, g in enumerate(gradients):
            m[i] = BETA1 * m[i] + (1 - BETA1) * g
            v[i] = BETA2 * v[i] + (1 - BETA2) * g**2
            weights[i] = weights[i] - workload.rate * (m[i] / (1 - BETA1**k)) / (np.sqrt(v[i] / (1 - BETA2**k)) + EPSILON)
    return weights


def outputs(workload: Workload, x: np.ndarray, weights: list[np.ndarray]) -> list[np.ndarray]:
    """x, and what each layer makes of it."""
    stride = 1 + workload.biases
    values = [x]
    for place in range(0, len(weights), stride):
        z = values[-1] @ weights[place] + (weights[place + 1] if workload.biases else 0)
        last = place + stride == len(weights)
        if last and workload.classes:
            e = np.exp(z - z.max(axis=1, keepdims=True))
            z = e / e.sum(axis=1, keepdims=True)
        elif not last:
            z = {"relu": lambda z: np.maximum(z, 0), "tanh": np.tanh, "linear": lambda z: z}[workload.activation](z)
        values.append(z)
    return values


def gradient(workload: Workload, x: np.ndarray, t: np.ndarray, weights: list[np.ndarray]) -> list[np.ndarray]:
    """∂E/∂w of each array."""
    stride = 1 + workload.biases
    slope = {"relu": lambda a: a > 0, "tanh": lambda a: 1 - a**2, "linear": lambda a: 1.0}[workload.activation]
    values = outputs(workload, x, weights)
    delta = (values[-1] - t) / len(x)
    found: list[np.ndarray] = []
    for layer in range(len(values) - 2, -1, -1):
        found[:0] = [values[layer].T @ delta, delta.sum(axis=0)][:stride]
        if layer:
            delta = (delta @ weights[layer * stride].T) * slope(values[layer])
    return found
