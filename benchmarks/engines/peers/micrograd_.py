"""micrograd: every number an object. W1, and W2 by gradient descent; tanh is that of its author's lecture, since the package has none."""

from __future__ import annotations

import math
from importlib.metadata import version

import numpy as np
from loop import Loop, batches
from micrograd.engine import Value
from workloads import Workload


def about() -> str:
    return f"micrograd {version('micrograd')}"


def tanh(z: Value) -> Value:
    a = math.tanh(z.data)
    out = Value(a, (z,), "tanh")

    def backward() -> None:
        z.grad += (1 - a**2) * out.grad

    out._backward = backward
    return out


def begin(workload: Workload, threads: int) -> Loop:
    if workload.name not in ("W1", "W2") or workload.optimizer != "sgd":
        raise NotImplementedError("too slow to wait for, or without this update rule")  # and so left out of its row
    stride = 1 + workload.biases
    layers = [
        [np.vectorize(Value, otypes=[object])(w) for w in workload.weights()[i : i + stride]]
        for i in range(0, len(workload.weights()), stride)
    ]
    values = [value for layer in layers for w in layer for value in w.ravel()]

    def predicted(row):
        for place, layer in enumerate(layers):
            row = [
                sum((a * w for a, w in zip(row, column, strict=True)), layer[1][j] if workload.biases else 0)
                for j, column in enumerate(layer[0].T)
            ]
            if workload.activation == "tanh" and place + 1 < len(layers):
                row = [tanh(z) for z in row]
        return row

    def step(x, t):
        E = sum(
            (
                (y - float(target)) ** 2
                for row, targets in zip(x, t, strict=True)
                for y, target in zip(predicted([float(a) for a in row]), targets, strict=True)
            ),
            Value(0.0),
        ) * (0.5 / len(x))
        for value in values:
            value.grad = 0
        E.backward()
        for value in values:
            value.data -= workload.rate * value.grad

    return Loop(
        step,
        batches(workload, *workload.data()),
        lambda: [np.vectorize(lambda value: value.data, otypes=[float])(w) for layer in layers for w in layer],
    )
