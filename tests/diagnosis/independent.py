"""A second program that trains small networks, written by hand in NumPy, with many rates at a time: what advice says is tried by it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr

ACTIVATIONS: dict[str, tuple[Any, Any]] = {
    "identity": (lambda z: z, lambda z, h: np.ones_like(z)),
    "tanh": (np.tanh, lambda z, h: 1 - h**2),
    "sigmoid": (lambda z: 1 / (1 + np.exp(-z)), lambda z, h: h * (1 - h)),
    "relu": (lambda z: np.maximum(z, 0), lambda z, h: (z > 0).astype(float)),
    "leaky_relu": (lambda z: np.where(z > 0, z, 0.01 * z), lambda z, h: np.where(z > 0, 1, 0.01)),
}


LOSSES: dict[str, tuple[Any, Any]] = {
    "half_squared": (lambda y, t: (y - t) ** 2 / 2, lambda y, t: y - t),
    "squared": (lambda y, t: (y - t) ** 2, lambda y, t: 2 * (y - t)),
    "absolute": (lambda y, t: np.abs(y - t), lambda y, t: np.sign(y - t)),
}
"""Each loss and its derivative, per output."""

PENALTIES: dict[str, tuple[Any, Any]] = {
    "l1": (np.abs, np.sign),
    "l2": (lambda w: w**2 / 2, lambda w: w),
}


@dataclass
class Pass:
    """One pass forward and back with several rates at a time: (rates, rows, units).

    layers     of each layer (z, h, f′(z), ∂E/∂z); the slope of softmax is not one number, and is written 1
    gradients  of each layer's weights and biases, in turn
    penalty    the part of the error that the weights cost
    """

    error: np.ndarray
    layers: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]
    gradients: list[np.ndarray]
    penalty: np.ndarray | float

    @property
    def prediction(self) -> np.ndarray:
        return self.layers[-1][1]

    @property
    def slopes(self) -> list[np.ndarray]:
        """Of the hidden layers."""
        return [layer[2] for layer in self.layers[:-1]]


@dataclass
class Outcome:
    """Runs with several rates: errors (rates, steps), ‖∂E/∂w‖ at the start and at the end, the hidden slopes then, and the last weights."""

    errors: np.ndarray
    norms: tuple[np.ndarray, np.ndarray]
    slopes: tuple[list[np.ndarray], list[np.ndarray]]
    predictions: np.ndarray
    weights: list[np.ndarray]


@dataclass
class Example:
    """A random dense network, its batch and its rule."""

    network: cr.Network
    x: np.ndarray
    t: np.ndarray
    rule: Any
    names: list[str]

    def run(self, rates: Any, steps: int) -> Outcome:
        """E before each step, with each rate."""
        with np.errstate(all="ignore"):
            return self._run(np.asarray(rates, dtype=float).reshape(-1, 1, 1), steps)

    def start(self, count: int = 1) -> list[np.ndarray]:
        """Weights and biases of each layer, in turn, once for each of so many rates; a layer without biases has zeros, which stay."""
        shape = {"W": lambda units: (1, -1, units), "b": lambda units: (1, 1, units)}
        return [
            np.repeat(self.network.parameters.get(f"{key}{n}", np.zeros(units)).reshape(shape[key](units)).astype(float), count, axis=0)
            for n, units in enumerate(self.network.sizes[1:], start=1)
            for key in ("W", "b")
        ]

    def first(self) -> Pass:
        """The pass from the weights as they are given."""
        with np.errstate(all="ignore"):
            return self.passed(self.start())

    def _run(self, rates: np.ndarray, steps: int) -> Outcome:
        flat = self.start(len(rates))
        states = [[np.zeros_like(w), np.zeros_like(w)] for w in flat]
        errors, first_norm, first_slopes = [], None, None
        for k in range(1, steps + 1):
            now = self.passed(flat)
            errors.append(now.error)
            norm = np.sqrt(sum((g**2).sum(axis=(1, 2)) for g in now.gradients))
            if first_norm is None:
                first_norm, first_slopes = norm, now.slopes
            if k < steps:
                for w, g, state in zip(flat, now.gradients, states, strict=True):
                    self.update(w, g, state, rates, k)
        return Outcome(np.array(errors).T, (first_norm, norm), (first_slopes, now.slopes), now.prediction, flat)

    def passed(self, flat: list[np.ndarray]) -> Pass:
        """Forward and back with these weights and biases."""
        signal, inputs, nets = self.x[None], [], []
        for W, b, name in zip(flat[::2], flat[1::2], self.names, strict=True):
            inputs.append(signal)
            z = signal @ W + b
            if name == "softmax":
                e = np.exp(z - z.max(axis=2, keepdims=True))
                signal, slope = e / e.sum(axis=2, keepdims=True), np.ones_like(z)
            else:
                function, slope_of = ACTIVATIONS[name]
                signal = function(z)
                slope = slope_of(z, signal)
            nets.append((z, signal, slope))
        (z, y, slope), t, rows, outputs = nets[-1], self.t[None], len(self.x), self.t.shape[1]
        loss, conventions = self.network.loss.name, self.network.conventions
        scale = (1 / rows if conventions.batch == "mean" else 1.0) * (
            1 / outputs if conventions.outputs == "mean" and loss != "cross_entropy" else 1.0
        )
        if loss in LOSSES:
            value, derivative = LOSSES[loss]
            error, delta = value(y, t).sum(axis=(1, 2)), derivative(y, t) * slope
        elif loss == "binary_cross_entropy":
            error = (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=(1, 2))
            delta = y - t
        else:
            shifted = z - z.max(axis=2, keepdims=True)
            error = ((np.log(np.exp(shifted).sum(axis=2, keepdims=True)) - shifted) * t).sum(axis=(1, 2))
            delta = y - t
        error, delta = error * scale, delta * scale
        gradients: list[np.ndarray] = []
        layers: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        for place in range(len(self.names) - 1, -1, -1):
            layers = [(*nets[place], delta), *layers]
            bias = delta.sum(axis=1, keepdims=True) * (f"b{place + 1}" in self.network.parameters)
            gradients = [np.swapaxes(inputs[place], 1, 2) @ delta, bias, *gradients]
            if place:
                delta = (delta @ np.swapaxes(flat[2 * place], 1, 2)) * nets[place - 1][2]
        penalty: np.ndarray | float = 0.0
        if self.network.regularizer is not None:
            rate, (cost, slope_of) = self.network.regularizer.options["rate"], PENALTIES[self.network.regularizer.name]
            penalty = rate * sum(cost(W).sum(axis=(1, 2)) for W in flat[::2])
            gradients = [g + rate * slope_of(w) if place % 2 == 0 else g for place, (g, w) in enumerate(zip(gradients, flat, strict=True))]
        return Pass(error + penalty, layers, gradients, penalty)

    def update(self, w: np.ndarray, g: np.ndarray, state: list[np.ndarray], rate: np.ndarray, k: int) -> None:
        """Step k of the rule, in place, from this gradient."""
        m, v = state
        match self.rule.name:
            case "sgd":
                w -= rate * g
            case "momentum":
                m[:] = 0.9 * m + g
                w -= rate * m
            case "nesterov":
                m[:] = 0.9 * m + g
                w -= rate * (g + 0.9 * m)
            case "adagrad":
                v += g**2
                w -= rate * g / (np.sqrt(v) + 1e-10)
            case "rmsprop":
                v[:] = 0.99 * v + (1 - 0.99) * g**2
                w -= rate * g / (np.sqrt(v) + 1e-8)
            case "adam" | "adamw":
                m[:] = 0.9 * m + (1 - 0.9) * g
                v[:] = 0.999 * v + (1 - 0.999) * g**2
                if self.rule.name == "adamw":
                    w -= rate * 0.01 * w
                w -= rate * (m / (1 - 0.9**k)) / (np.sqrt(v / (1 - 0.999**k)) + 1e-8)


RULES = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")


def example(seed: int) -> Example:
    """A network of any make: sizes, activations, loss, optimiser, penalty, batch, and data on any scale."""
    random = np.random.default_rng([7, seed])
    sizes = [int(n) for n in random.integers(1, 5, int(random.integers(2, 5)))]
    loss = str(random.choice(["half_squared", "half_squared", "binary_cross_entropy", "cross_entropy"]))
    hidden = [str(random.choice(["identity", "tanh", "sigmoid", "relu", "leaky_relu"])) for _ in sizes[1:-1]]
    if loss == "cross_entropy":
        sizes[-1] = max(sizes[-1], 2)
    output = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}.get(loss) or str(
        random.choice(["identity", "sigmoid", "tanh"])
    )
    rows, scale = int(random.integers(1, 7)), float(random.choice([0.1, 1.0, 1.0, 30.0]))
    x = random.normal(size=(rows, sizes[0])) * scale + random.choice([0, 0, scale])
    t = random.normal(size=(rows, sizes[-1])) * float(random.choice([1.0, 1.0, 50.0]))
    if loss == "binary_cross_entropy":
        t = random.integers(0, 2, t.shape).astype(float)
    if loss == "cross_entropy":
        t = np.eye(sizes[-1])[random.integers(0, sizes[-1], rows)]
    rule = cr.network.definitions.find(
        "optimizer", {"name": RULES[seed % len(RULES)], "learning_rate": float(random.choice([1e-3, 0.05, 1.0]))}
    )
    network = cr.Network(
        sizes[0],
        *(cr.dense(units, name) for units, name in zip(sizes[1:], [*hidden, output], strict=True)),
        loss=loss,
        regularizer={"name": "l2", "rate": 0.05} if seed % 5 == 0 else None,
        outputs=str(random.choice(["sum", "mean"])),
        batch=str(random.choice(["mean", "sum"])),
        seed=seed,
    )
    return Example(network, x, t, rule, [*hidden, output])
