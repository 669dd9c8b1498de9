"""Separate things for separate jobs: model, loss, optimizer, trainer."""
from typing import Dict, Tuple

import numpy as np


class Model:
    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int):
        self.params: Dict[str, np.ndarray] = {
            "W1": np.random.randn(input_dim, hidden_dim) * 0.1,
            "b1": np.zeros((1, hidden_dim)),
            "W2": np.random.randn(hidden_dim, output_dim) * 0.1,
            "b2": np.zeros((1, output_dim)),
        }
        self.cache: Dict[str, np.ndarray] = {}

    def forward(self, X: np.ndarray) -> np.ndarray:
        z1 = X @ self.params["W1"] + self.params["b1"]
        a1 = np.tanh(z1)
        logits = a1 @ self.params["W2"] + self.params["b2"]
        self.cache = {"X": X, "a1": a1}
        return logits

    def backward(self, dlogits: np.ndarray) -> Dict[str, np.ndarray]:
        X, a1 = self.cache["X"], self.cache["a1"]
        da1 = dlogits @ self.params["W2"].T
        dz1 = da1 * (1 - a1**2)
        return {
            "W1": X.T @ dz1,
            "b1": dz1.sum(axis=0, keepdims=True),
            "W2": a1.T @ dlogits,
            "b2": dlogits.sum(axis=0, keepdims=True),
        }


class CrossEntropy:
    def __call__(self, logits: np.ndarray, y: np.ndarray) -> Tuple[float, np.ndarray]:
        shifted = logits - logits.max(axis=1, keepdims=True)
        probs = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
        n = len(y)
        loss = -np.log(probs[np.arange(n), y]).mean()
        grad = probs.copy()
        grad[np.arange(n), y] -= 1
        return loss, grad / n


class Optimizer:
    def __init__(self, lr: float = 0.1):
        self.lr = lr

    def step(self, params, grads):
        for key in params:
            params[key] -= self.lr * grads[key]


def train(model, loss_fn, optimizer, X, y, epochs):
    for epoch in range(epochs):
        loss, dlogits = loss_fn(model.forward(X), y)
        grads = model.backward(dlogits)
        optimizer.step(model.params, grads)


if __name__ == "__main__":
    X = np.random.randn(90, 2)
    y = np.random.randint(0, 3, 90)
    model = Model(2, 10, 3)
    train(model, CrossEntropy(), Optimizer(0.1), X, y, epochs=200)
