"""What is measured: networks, batches and update rules, with data and first weights that every peer gets alike.

| W1 | the network of the seed: 2-2-1, linear, no biases, one sample, batch 1, float64
| W2 | 2-16-16-1, tanh, batch 32
| W3 | 784-128-10, relu, softmax and cross-entropy, batch 32 and 128
| W4 | 1024-2048-2048-10, relu, batch 256
| W5 | 64-(64)×16-10, relu, batch 32
| W6 | 784-128-10, the prediction alone, batch 1 and 1024

All but W1 compute in float32. The update rule is SGD, w − rate · ∂E/∂w, or Adam with β₁ 0.9, β₂ 0.999, ε 1e-8. An error is
½ Σ (y − t)², or cross-entropy of a softmax: summed over the outputs, the mean over the batch. Rows come in their order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@dataclass(frozen=True)
class Workload:
    """A network, a batch size and an update rule.

    steps  of an epoch: how many batches the data has
    only   "train" or "predict"
    """

    name: str
    sizes: tuple[int, ...]
    activation: str
    batch: int
    optimizer: str
    rate: float
    steps: int
    classes: bool = True
    biases: bool = True
    dtype: str = "float32"
    only: str = "train"

    @property
    def label(self) -> str:
        """As the tables name it."""
        network = (
            "-".join(map(str, self.sizes))
            if len(self.sizes) < 6
            else f"{self.sizes[0]}-({self.sizes[1]})×{len(self.sizes) - 2}-{self.sizes[-1]}"
        )
        rule = {"sgd": "SGD", "adam": "Adam"}[self.optimizer] if self.only == "train" else "predict"
        return f"{self.name} {network}, {self.batch}, {rule}, {self.dtype}"

    @property
    def key(self) -> str:
        """As options name it: W3/32/adam."""
        return f"{self.name}/{self.batch}/{self.optimizer if self.only == 'train' else 'predict'}"

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum((a + self.biases) * b for a, b in zip(self.sizes, self.sizes[1:], strict=False))

    @property
    def products(self) -> int:
        """Floating-point operations of a step's matrix products: 2 a b a sample forward, once more for the weights, once for the inputs."""
        forward = [2 * a * b * self.batch for a, b in zip(self.sizes, self.sizes[1:], strict=False)]
        return sum(forward) if self.only == "predict" else 3 * sum(forward) - forward[0]

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """x (rows, inputs) and t (rows, outputs), or the numbers of the classes (rows,)."""
        random = np.random.default_rng(7)
        rows = self.batch * self.steps
        if self.name == "W1":
            return np.tile([8.0, 12.0], (rows, 1)).astype(self.dtype), np.full((rows, 1), 4.0, self.dtype)
        x = random.normal(size=(rows, self.sizes[0])).astype(self.dtype)
        if self.classes:
            return x, random.integers(self.sizes[-1], size=rows)
        return x, np.sin(x.sum(axis=1, keepdims=True)).astype(self.dtype)

    def weights(self) -> list[np.ndarray]:
        """W1, b1, W2, b2 …; W1, W2 … where there are no biases. W is (inputs, units)."""
        if self.name == "W1":
            first = [np.array([[0.21, 0.19], [0.56, 0.02]]), np.array([[0.23], [0.16]])]
            return first if not self.biases else [first[0], np.zeros(2), first[1], np.zeros(1)]
        random = np.random.default_rng(3)
        made = []
        for inputs, units in zip(self.sizes, self.sizes[1:], strict=False):
            made.append((random.normal(size=(inputs, units)) * np.sqrt(2 / inputs)).astype(self.dtype))
            made += [np.zeros(units, self.dtype)] * self.biases
        return made

    def short(self, steps: int) -> Workload:
        """The same with fewer steps an epoch."""
        return replace(self, steps=steps)


def _wide(name: str, sizes: tuple[int, ...], batch: int, steps: int, rate: float = 0.01) -> list[Workload]:
    return [Workload(name, sizes, "relu", batch, rule, rate if rule == "sgd" else 1e-3, steps) for rule in ("sgd", "adam")]


DIGITS = (784, 128, 10)
DEEP = (64, *[64] * 16, 10)

WORKLOADS: tuple[Workload, ...] = (
    Workload("W1", (2, 2, 1), "linear", 1, "sgd", 0.0076, 100_000, classes=False, biases=False, dtype="float64"),
    Workload("W2", (2, 16, 16, 1), "tanh", 32, "sgd", 0.01, 1000, classes=False),
    Workload("W2", (2, 16, 16, 1), "tanh", 32, "adam", 1e-3, 1000, classes=False),
    *_wide("W3", DIGITS, 32, 100),
    *_wide("W3", DIGITS, 128, 50),
    *_wide("W4", (1024, 2048, 2048, 10), 256, 4),
    *_wide("W5", DEEP, 32, 100),
    Workload("W6", DIGITS, "relu", 1, "sgd", 0.01, 100, only="predict"),
    Workload("W6", DIGITS, "relu", 1024, "sgd", 0.01, 4, only="predict"),
)

GROWTH: dict[str, tuple[Workload, ...]] = {
    "parameters": tuple(Workload(f"{n}", (n, n, n, 10), "relu", 64, "sgd", 0.01, 20) for n in (8, 32, 128, 512, 1024)),
    "batch": tuple(Workload(f"{n}", DIGITS, "relu", n, "sgd", 0.01, 20) for n in (1, 4, 16, 64, 256, 1024)),
    "depth": tuple(Workload(f"{n}", (64, *[64] * n, 10), "relu", 32, "sgd", 0.01, 20) for n in (2, 4, 8, 16, 32)),
}
"""What the cost grows with: the width, and with it the parameters, at batch 64; the batch of 784-128-10; the number of hidden layers."""


def named(key: str) -> Workload:
    """The workload of that key, also of those in `GROWTH`: "W3/32/adam", "batch:64"."""
    kind, _, name = key.partition(":")
    if kind in GROWTH and name:
        return next(each for each in GROWTH[kind] if each.name == name)
    return next(each for each in WORKLOADS if each.key == key)


@dataclass(frozen=True)
class Digits(Workload):
    """The 8 × 8 digits that ship with scikit-learn, 64-64-10 by Adam, three quarters to learn from; rows from a file, for a peer's process
    to import no more than it needs."""

    file: str = ""

    @staticmethod
    def of(file: str) -> Digits:
        """The workload on the rows of that file."""
        return Digits("digits", (64, 64, 10), "relu", 32, "adam", 1e-3, 42, file=file)

    @staticmethod
    def write(file: str) -> None:
        """Puts the rows there, shuffled, scaled to 0 … 1. Needs scikit-learn."""
        from sklearn.datasets import load_digits

        x, classes = load_digits(return_X_y=True)
        order = np.random.default_rng(0).permutation(len(x))
        np.savez(file, x=(x[order] / 16).astype("float32"), classes=classes[order])

    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """The rows to learn from: whole batches."""
        with np.load(self.file) as rows:
            return rows["x"][: self.batch * self.steps], rows["classes"][: self.batch * self.steps]

    def test(self) -> tuple[np.ndarray, np.ndarray]:
        """The others."""
        with np.load(self.file) as rows:
            return rows["x"][self.batch * self.steps :], rows["classes"][self.batch * self.steps :]
