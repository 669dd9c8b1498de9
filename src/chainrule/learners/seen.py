"""What a program computed, told from its numbers alone: z, f(z), y and E of known x, W, b are looked for among the values that it reported.

So a layout, an activation, an output and a loss are not guessed from names: a program that was read wrongly shows none of these numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from chainrule.base.frozen import Frozen

Array = np.ndarray[Any, Any]


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softmax": _softmax,
    "leaky_relu": lambda z: np.where(z > 0, z, 0.01 * z),
    "softplus": lambda z: np.log1p(np.exp(z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "silu": lambda z: z * _sigmoid(z),
    "sine": np.sin,
}
"""To look for, by chainrule's names; identity is what is left when none of them is seen. A test compares them with chainrule's own."""

TOLERANCE = 1e-9


class Values:
    """The values that a program reported, to be asked whether a number or an array was among them."""

    def __init__(self, kept: Iterable[tuple[int, Array]]) -> None:
        self.kept = list(kept)
        self._sizes: dict[int, list[int]] = {}
        for place, (_, value) in enumerate(self.kept):
            self._sizes.setdefault(value.size, []).append(place)
        self._floats: Array | None = None

    def find(self, wanted: Array, tolerance: float = TOLERANCE) -> int | None:
        """The place of the first value that is this array, as it is or transposed; None where there is none."""
        flat, turned = wanted.ravel(), wanted.T.ravel()
        scale = max(float(np.max(np.abs(flat), initial=0.0)), 1e-300)
        for place in self._sizes.get(wanted.size, ()):
            value = self.kept[place][1].ravel()
            for candidate in (flat, turned):
                if np.all(np.abs(value - candidate) <= tolerance * scale):
                    return place
        return None

    def holds(self, wanted: Array, tolerance: float = TOLERANCE) -> bool:
        """Was the array seen as it is, or each of its elements by itself?"""
        return self.find(wanted, tolerance) is not None or self.each(wanted, tolerance)

    def each(self, wanted: Array, tolerance: float = TOLERANCE) -> bool:
        """Was every element seen, in whatever array or number?"""
        if self._floats is None:
            parts = [value.ravel() for _, value in self.kept if value.size <= 4096]
            self._floats = np.unique(np.concatenate(parts)) if parts else np.empty(0)
            self._floats = self._floats[np.isfinite(self._floats)]
        floats = self._floats
        if not floats.size:
            return False
        flat = wanted.ravel()
        place = np.clip(np.searchsorted(floats, flat), 1, max(floats.size - 1, 1))
        near = np.minimum(np.abs(floats[np.minimum(place, floats.size - 1)] - flat), np.abs(floats[place - 1] - flat))
        scale = np.maximum(np.abs(flat), float(np.max(np.abs(flat), initial=0.0)) * 1e-3)
        return bool(np.all(near <= tolerance * scale))


class Forward(Frozen):
    """What was found of a forward pass.

    depth        so many layers were found, from the input
    activations  of each of them
    y            the output that follows, (rows, outputs)
    loss, outputs, batch   of the loss whose value was seen; loss is empty where none was
    error        its value
    rivals       other losses that have the same value here
    """

    depth: int
    activations: tuple[str, ...] = ()
    y: Array | None = None
    loss: str = ""
    outputs: str = "sum"
    batch: str = "mean"
    error: float | None = None
    rivals: tuple[str, ...] = field(default_factory=tuple)


def forward_seen(values: Values, x: Array, t: Array, weights: list[Array], biases: list[Array | None]) -> Forward:
    """Follow the forward pass through the values that were seen, layer by layer."""
    h, names = x, []
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = h @ w if b is None else h @ w + b
        last = number == len(weights)
        if not values.holds(z):
            return Forward(number - 1, tuple(names))
        name = _activation(values, z, None if last else weights[number], None if last else biases[number])
        names.append(name)
        h = z if name == "identity" else ACTIVATIONS[name](z)
    found = _loss(values, h, t)
    return Forward(len(weights), tuple(names), h, *found)


def _activation(values: Values, z: Array, w: Array | None, b: Array | None) -> str:
    """Which f: f(z) was seen, and where there is a next layer, so was what it makes of f(z)."""
    seen = [name for name, f in ACTIVATIONS.items() if (name != "softmax" or z.shape[-1] > 1) and values.holds(f(z))]
    if w is None:
        return _output(values, z, seen)
    for name in [*seen, "identity"]:
        h = z if name == "identity" else ACTIVATIONS[name](z)
        if values.holds(h @ w if b is None else h @ w + b):
            return name
    return seen[0] if seen else "identity"


def _output(values: Values, z: Array, seen: list[str]) -> str:
    """Of the output, one that was seen; relu(z) equals z where all are positive."""
    del values
    different = [name for name in seen if not np.allclose(ACTIVATIONS[name](z), z)]
    return different[0] if different else "identity"


def errors(y: Array, t: Array) -> Iterable[tuple[str, str, str, float]]:
    """The losses that learners print: name, how outputs and samples are counted, value."""
    rows, outputs = y.shape
    with np.errstate(all="ignore"):
        elements = {
            "squared": ((y - t) ** 2).sum(),
            "half_squared": ((y - t) ** 2).sum() / 2,
            "binary_cross_entropy": -(t * np.log(y) + (1 - t) * np.log1p(-y)).sum(),
        }
        classes = -(t * np.log(y)).sum() if outputs > 1 and np.allclose(y.sum(axis=1), 1) else np.nan
    if np.isfinite(classes):
        yield "cross_entropy", "sum", "mean", classes / rows
        yield "cross_entropy", "sum", "sum", classes
    for name, value in elements.items():
        if np.isfinite(value):
            yield name, "sum", "mean", value / rows
            yield name, "mean", "mean", value / rows / outputs
            yield name, "sum", "sum", value
            yield name, "mean", "sum", value / outputs


def _loss(values: Values, y: Array, t: Array) -> tuple[str, str, str, float | None]:
    """The loss whose value was seen; nothing where none was, or where a single number says nothing (one row and one output)."""
    if y.shape != t.shape:
        return "", "sum", "mean", None
    for name, outputs, batch, value in errors(y, t):
        if values.find(np.array(value)) is not None and abs(value) > 1e-12:
            return name, outputs, batch, float(value)
    return "", "sum", "mean", None
