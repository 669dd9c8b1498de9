"""Wine quality from eleven measurements, with types everywhere."""
from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass
class Weights:
    W1: Matrix
    b1: Matrix
    W2: Matrix
    b2: Matrix


@dataclass
class Trace:
    hidden: Matrix
    prediction: Matrix


def forward(weights: Weights, x: Matrix) -> Trace:
    hidden: Matrix = np.tanh(x @ weights.W1 + weights.b1)
    prediction: Matrix = hidden @ weights.W2 + weights.b2
    return Trace(hidden=hidden, prediction=prediction)


def backward(weights: Weights, trace: Trace, x: Matrix, y: Matrix) -> Weights:
    d_out: Matrix = (trace.prediction - y) / len(x)
    d_hidden: Matrix = (d_out @ weights.W2.T) * (1.0 - trace.hidden**2)
    return Weights(W1=x.T @ d_hidden, b1=d_hidden.sum(axis=0), W2=trace.hidden.T @ d_out, b2=d_out.sum(axis=0))


def step(weights: Weights, gradient: Weights, lr: float) -> Weights:
    return Weights(
        weights.W1 - lr * gradient.W1,
        weights.b1 - lr * gradient.b1,
        weights.W2 - lr * gradient.W2,
        weights.b2 - lr * gradient.b2,
    )


if __name__ == "__main__":
    rng = np.random.default_rng(11)
    x, y = rng.normal(size=(40, 11)), rng.normal(size=(40, 1))
    weights = Weights(rng.normal(size=(11, 6)) * 0.3, np.zeros(6), rng.normal(size=(6, 1)) * 0.3, np.zeros(1))
    for epoch in range(200):
        trace = forward(weights, x)
        weights = step(weights, backward(weights, trace, x, y), lr=0.05)
    print(f"{0.5 * np.mean((forward(weights, x).prediction - y) ** 2):.4f}")
