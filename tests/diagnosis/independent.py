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


@dataclass
class Outcome:
    """Runs with several rates: errors (rates, steps), ‖∂E/∂w‖ at the start and at the end, and the hidden slopes then."""

    errors: np.ndarray
    norms: tuple[np.ndarray, np.ndarray]
    slopes: tuple[list[np.ndarray], list[np.ndarray]]
    predictions: np.ndarray


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

    def _run(self, rates: np.ndarray, steps: int) -> Outcome:
        count = len(rates)
        W = [
            [np.repeat(self.network.parameters[f"{key}{n}"].reshape(1, -1, units), count, axis=0) for key in ("W", "b")]
            for n, units in enumerate(self.network.sizes[1:], start=1)
        ]
        flat = [w for pair in W for w in pair]
        states = [[np.zeros_like(w), np.zeros_like(w)] for w in flat]
        errors, first_norm, first_slopes = [], None, None
        for k in range(1, steps + 1):
            error, gradients, slopes, y = self._passed(flat)
            errors.append(error)
            norm = np.sqrt(sum((g**2).sum(axis=(1, 2)) for g in gradients))
            if first_norm is None:
                first_norm, first_slopes = norm, slopes
            if k < steps:
                for w, g, state in zip(flat, gradients, states, strict=True):
                    self._update(w, g, state, rates, k)
        return Outcome(np.array(errors).T, (first_norm, norm), (first_slopes, slopes), y)

    def _passed(self, flat: list[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray], list[np.ndarray], np.ndarray]:
        signals, slopes, signal = [], [], self.x[None]
        for W, b, name in zip(flat[::2], flat[1::2], self.names, strict=True):
            signals.append(signal)
            z = signal @ W + b
            if name == "softmax":
                e = np.exp(z - z.max(axis=2, keepdims=True))
                signal = e / e.sum(axis=2, keepdims=True)
                slopes.append(np.ones_like(z))
            else:
                function, slope = ACTIVATIONS[name]
                signal = function(z)
                slopes.append(slope(z, signal))
        y, t, rows, outputs = signal, self.t[None], len(self.x), self.t.shape[1]
        loss, conventions = self.network.loss.name, self.network.conventions
        scale = (1 / rows if conventions.batch == "mean" else 1.0) * (
            1 / outputs if conventions.outputs == "mean" and loss != "cross_entropy" else 1.0
        )
        if loss == "half_squared":
            error, delta = ((y - t) ** 2 / 2).sum(axis=(1, 2)), (y - t) * slopes[-1]
        elif loss == "binary_cross_entropy":
            error = (np.maximum(z, 0) - t * z + np.log1p(np.exp(-np.abs(z)))).sum(axis=(1, 2))
            delta = y - t
        else:
            shifted = z - z.max(axis=2, keepdims=True)
            error = ((np.log(np.exp(shifted).sum(axis=2, keepdims=True)) - shifted) * t).sum(axis=(1, 2))
            delta = y - t
        error, delta = error * scale, delta * scale
        gradients: list[np.ndarray] = []
        for place in range(len(self.names) - 1, -1, -1):
            gradients = [np.swapaxes(signals[place], 1, 2) @ delta, delta.sum(axis=1, keepdims=True), *gradients]
            if place:
                delta = (delta @ np.swapaxes(flat[2 * place], 1, 2)) * slopes[place - 1]
        if self.network.regularizer is not None:
            rate = self.network.regularizer.options["rate"]
            error = error + sum(rate / 2 * (W**2).sum(axis=(1, 2)) for W in flat[::2])
            gradients = [g + rate * w if place % 2 == 0 else g for place, (g, w) in enumerate(zip(gradients, flat, strict=True))]
        return error, gradients, slopes[:-1], y

    def _update(self, w: np.ndarray, g: np.ndarray, state: list[np.ndarray], rate: np.ndarray, k: int) -> None:
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
