"""Keras on JAX: `fit` for whole epochs."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax

jax.config.update("jax_enable_x64", True)

import keras
import numpy as np
from workloads import EPSILON, Workload


def about() -> str:
    return f"Keras {keras.__version__}, jax {jax.__version__}"


class Fit:
    """Whole epochs."""

    def __init__(self, workload: Workload) -> None:
        workload = workload.short(min(workload.steps, 2000))  # of W1 an epoch would take seconds, at the same cost a step
        self.workload = workload
        keras.config.set_floatx(workload.dtype)
        keras.config.set_dtype_policy(workload.dtype)
        *hidden, last = workload.sizes[1:]
        predicts = workload.only == "predict"
        layers = [keras.layers.Dense(units, workload.activation, use_bias=workload.biases) for units in hidden]
        end = keras.layers.Dense(last, "softmax" if predicts else None, use_bias=workload.biases)
        self.model = keras.Sequential([keras.Input(workload.sizes[:1]), *layers, end])
        self.model.set_weights(workload.weights())
        if workload.classes:
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        else:

            def loss(t, y):
                return keras.ops.sum((y - t) ** 2, axis=-1) / 2

        rules = {"sgd": keras.optimizers.SGD, "adam": lambda rate: keras.optimizers.Adam(rate, epsilon=EPSILON)}
        self.model.compile(rules[workload.optimizer](workload.rate), loss)
        self.x, self.t = workload.data()
        self.seen: np.ndarray | None = None

    def go(self, steps: int) -> int:
        epochs = -(-steps // self.workload.steps)
        if self.workload.only == "predict":
            size = self.workload.batch
            for number in range(steps):
                start = number % self.workload.steps * size
                self.seen = self.model.predict_on_batch(self.x[start : start + size])
            return steps
        self.model.fit(self.x, self.t, batch_size=self.workload.batch, epochs=epochs, shuffle=False, verbose=0)
        return epochs * self.workload.steps

    def result(self) -> list[np.ndarray]:
        return self.model.get_weights() if self.seen is None else [np.asarray(self.seen)]


def begin(workload: Workload, threads: int) -> Fit:
    return Fit(workload)
