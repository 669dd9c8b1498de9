"""What a program computed, told from its numbers alone: z, f(z), y and E of known x, W, b are looked for among the values that it reported.

So a layout, an activation, an output and a loss are not guessed from names: a program that was read wrongly shows none of these numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen


def _softmax(z: Array) -> Array:
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return np.asarray(e / e.sum(axis=-1, keepdims=True))


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _leaky(z: Array, slope: float) -> Array:
    return np.where(z > 0, z, slope * z)


LEAKS = {"leaky_relu": 0.01, **{f"leaky_relu(slope={slope})": slope for slope in (0.1, 0.2, 0.3, 0.05, 0.02, 0.001)}}
"""The slopes that people give a leaky ReLU."""

ACTIVATIONS: Mapping[str, Callable[[Array], Array]] = {
    "sigmoid": _sigmoid,
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "softmax": _softmax,
    **{name: partial(_leaky, slope=slope) for name, slope in LEAKS.items()},
    "softplus": lambda z: np.log1p(np.exp(z)),
    "elu": lambda z: np.where(z > 0, z, np.expm1(np.minimum(z, 0))),
    "silu": lambda z: z * _sigmoid(z),
}
"""To look for, by chainrule's names; identity is what is left when none of them is seen. A test compares them with chainrule's own."""

TOLERANCE = 1e-9


class SeenValues:
    """The values that a program reported, to be asked whether a number or an array was among them."""

    def __init__(self, kept: Iterable[tuple[int, Array]]) -> None:
        self.kept = list(kept)
        self._sizes: dict[int, list[int]] = {}
        for place, (_, value) in enumerate(self.kept):
            self._sizes.setdefault(value.size, []).append(place)
        self._floats: Array | None = None

    def _first(self, size: int, without: AbstractSet[int], matches: Callable[[Array], Any]) -> int | None:
        """The place of the first value of so many numbers, laid flat, that matches; None where there is none but at spots `without`."""
        places = (place for place in self._sizes.get(size, ()) if self.kept[place][0] not in without)
        return next((place for place in places if matches(self.kept[place][1].ravel())), None)

    def find(
        self, wanted: Array, tolerance: float = TOLERANCE, without: AbstractSet[int] = frozenset(), signs: Sequence[int] = (1,)
    ) -> int | None:
        """The place of the first value that is this array, as it is or transposed."""
        allowed = tolerance * max(float(np.max(np.abs(wanted), initial=0.0)), 1e-300)
        several = [sign * side.ravel() for sign in signs for side in (wanted, wanted.T)]
        return self._first(wanted.size, without, lambda value: any(np.all(np.abs(value - one) <= allowed) for one in several))

    def last(self, wanted: Array, without: AbstractSet[int] = frozenset(), tolerance: float = 1e-10) -> int | None:
        """The place of the last value that is this array, as it is or transposed."""
        allowed = tolerance * float(np.max(np.abs(wanted), initial=0.0))
        sides = (wanted.ravel(), wanted.T.ravel())
        places = (place for place in reversed(self._sizes.get(wanted.size, ())) if self.kept[place][0] not in without)
        return next((p for p in places if any(np.all(np.abs(self.kept[p][1].ravel() - one) <= allowed) for one in sides)), None)

    def not_finite(self, spot: int | None) -> Array | None:
        """The first value at a spot, if it is no number."""
        found = next((value for number, value in self.kept if number == spot), None)
        return None if found is None or np.isfinite(found).all() else found

    def signed(self, wanted: Array, without: AbstractSet[int] = frozenset(), tolerance: float = 1e-6) -> int | None:
        """The place of the first value that is this array or its negative, as a whole, or else each element by itself."""
        place = self.find(wanted, tolerance, without, signs=(1, -1))
        if place is not None:
            return place
        firsts = [sign * float(wanted.ravel()[0]) for sign in (1.0, -1.0) if self.each(sign * wanted, tolerance)]
        places = (self._number(first, without, tolerance) for first in firsts)  # where a program computes number by number
        return next((place for place in places if place is not None), None)

    def _number(self, number: float, without: AbstractSet[int], tolerance: float) -> int | None:
        return self._first(1, without, lambda value: abs(value[0] - number) <= tolerance * abs(number))

    def multiple(self, wanted: Array, without: AbstractSet[int] = frozenset(), tolerance: float = 1e-6) -> int | None:
        """The place of the first value that is a multiple of this array; of a single number, ± 1, 2 or ½ times it."""
        length = float(np.linalg.norm(wanted))
        if wanted.size == 1:
            near = [factor * float(wanted.ravel()[0]) for factor in (1, -1, 2, -2, 0.5, -0.5)]
            return self._first(1, without, lambda value: length and any(abs(value[0] - one) <= tolerance * abs(one) for one in near))
        directions = [sign * side.ravel() / length for sign in (1, -1) for side in (wanted, wanted.T)] if length else []

        def matches(value: Array) -> bool:
            size = float(np.linalg.norm(value))
            return size > 0 and any(np.max(np.abs(value / size - one)) < tolerance for one in directions)

        return self._first(wanted.size, without, matches)

    def where(self, wanted: Array, there: Array, without: AbstractSet[int] = frozenset(), tolerance: float = 1e-6) -> int | None:
        """The place of the first value that is this array or its negative at some of its elements, two or more, whatever the others are."""
        allowed = tolerance * float(np.max(np.abs(wanted[there]), initial=0.0))
        sides = [(side.ravel()[mask.ravel()], mask.ravel()) for side, mask in ((wanted, there), (wanted.T, there.T))]

        def matches(value: Array) -> bool:
            return any(np.all(np.abs(value[mask] - sign * elements) <= allowed) for elements, mask in sides for sign in (1, -1))

        return self._first(wanted.size, without, matches) if allowed and there.sum() > 1 else None

    def named(self, wanted: Array, spots: AbstractSet[int], tolerance: float = 1e-6) -> int | None:
        """The place of the first value at one of these spots that is this array or its negative."""
        return self.find(wanted, tolerance, {spot for spot, _ in self.kept} - spots, signs=(1, -1))

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


class RecognisedForward(Frozen):
    """What was found of a forward pass.

    depth        so many layers were found, from the input
    activations  of each of them
    y            the output that follows, (rows, outputs)
    loss, outputs, batch   of the loss whose value was seen; loss is empty where none was
    error        its value
    given        what the program has in place of y, where that is a softmax over the wrong axis, or of a softmax
    """

    depth: int
    activations: tuple[str, ...] = ()
    y: Array | None = None
    loss: str = ""
    outputs: str = "sum"
    batch: str = "mean"
    error: float | None = None
    given: Array | None = None


def forward_seen(
    values: SeenValues, x: Array, t: Array, weights: list[Array], biases: list[Array | None], shown: AbstractSet[int] = frozenset()
) -> RecognisedForward:
    """Follow the forward pass through the values that were seen, layer by layer.

    shown  spots of what is printed or added up only: a loss that is nowhere else does not say which loss is meant
    """
    h, names = x, list[str]()
    given = None
    for number, (w, b) in enumerate(zip(weights, biases, strict=True), start=1):
        z = h @ w if b is None else h @ w + b
        if not _net_input_seen(values, z):
            return RecognisedForward(number - 1, tuple(names))
        if number < len(weights):
            name = _activation(values, z, weights[number], biases[number])
        else:
            name, given = _output(values, z)
        names.append(name)
        h = z if name == "identity" else ACTIVATIONS[name](z)
    loss = _loss(values, h if given is None else given, t, shown)
    if names[-1] == "identity" and h.shape == t.shape and not loss[0] and not (values.holds(h - t) or values.holds(t - h)):
        return RecognisedForward(len(weights) - 1, tuple(names))  # what nobody compares with t is no output: a bias follows, or more
    return RecognisedForward(len(weights), tuple(names), h, *loss, given=given)


def passed(
    x: Array, weights: Sequence[Array], biases: Sequence[Array | None], activations: Sequence[str]
) -> tuple[list[Array], list[Array]]:
    """z of each layer, and h of each with x before the first; of so many layers as there are of them all."""
    zs, hs = list[Array](), [x]
    for w, b, name in zip(weights, biases, activations, strict=False):
        zs.append(hs[-1] @ w if b is None else hs[-1] @ w + b)
        hs.append(zs[-1] if name == "identity" else ACTIVATIONS[name](zs[-1]))
    return zs, hs


def _net_input_seen(values: SeenValues, z: Array) -> bool:
    """Was z seen, or −z, which is all that 1 / (1 + exp(-x @ W)) computes?"""
    return values.holds(z) or values.holds(-z)


def output_seen(values: SeenValues, x: Array, weights: list[Array], biases: list[Array | None], activations: Sequence[str]) -> Array | None:
    """What a program whose activations are known has for y; None where that was not seen."""
    zs, hs = passed(x, weights, biases, activations)
    if not all(_net_input_seen(values, z) for z in zs):
        return None
    z, h = zs[-1], hs[-1]
    name, given = _output(values, z)
    if given is not None and name == activations[-1]:
        return given
    return h if values.holds(h) else None


def _activation(values: SeenValues, z: Array, w: Array, b: Array | None) -> str:
    """Which f: f(z) was seen, and so was what the next layer makes of it."""
    seen = [name for name, f in ACTIVATIONS.items() if (name != "softmax" or z.shape[-1] > 1) and values.holds(f(z))]
    for name in [*seen, "identity"]:
        h = z if name == "identity" else ACTIVATIONS[name](z)
        if _net_input_seen(values, h @ w if b is None else h @ w + b):
            return name
    return seen[0] if seen else "identity"


def _output(values: SeenValues, z: Array) -> tuple[str, Array | None]:
    """The activation of the output, and what the program has in its place, where that is a softmax over the wrong axis or a second one."""
    for name, f in ACTIVATIONS.items():
        if (name == "softmax" and z.shape[-1] == 1) or np.allclose(f(z), z):
            continue
        kinked = "relu" in name  # its elements are those of z, or 0: each of them is seen in any case
        if not (values.find(f(z)) is not None if kinked else values.holds(f(z))):
            continue
        twice = _softmax(f(z))
        if name == "softmax" and values.find(twice) is not None:
            return name, twice
        return name, None
    if z.shape[0] > 1 and z.shape[1] > 1:
        samples, everything = _softmax(z.T).T, np.exp(z) / np.exp(z).sum()
        for wrong in (samples, everything):
            if values.find(wrong) is not None:
                return "softmax", wrong
    return "identity", None


def errors(y: Array, t: Array) -> Iterable[tuple[str, str, str, float]]:
    """The losses that learners print: name, how outputs and samples are counted, value."""
    rows, outputs = y.shape
    with np.errstate(all="ignore"):
        elements = {
            "squared": ((y - t) ** 2).sum(),
            "half_squared": ((y - t) ** 2).sum() / 2,
            "binary_cross_entropy": -(t * np.log(y) + (1 - t) * np.log1p(-y)).sum(),
            "absolute": np.abs(y - t).sum(),
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


def _loss(values: SeenValues, y: Array, t: Array, shown: AbstractSet[int]) -> tuple[str, str, str, float | None]:
    """The loss whose value was seen: of several, the one that was computed last, because ½ Σ e² is computed after Σ e²."""
    if y.shape != t.shape:
        return "", "sum", "mean", None
    found = []
    signs = y.size > 2 and values.find(np.sign(y - t)) is not None
    for order, (name, outputs, batch, value) in enumerate(errors(y, t)):
        if name == "absolute" and not signs:
            continue  # a mean of |y − t| is watched by many who descend on (y − t)²
        place = values.find(np.array(value), without=shown) if abs(value) > 1e-12 else None
        if place is not None:
            found.append((-place, order, name, outputs, batch, float(value)))
    return min(found)[2:] if found else ("", "sum", "mean", None)


def error_seen(values: SeenValues, y: Array, t: Array, loss: tuple[str, str, str]) -> float | None:
    """The value of a loss that is known, where it was seen."""
    for name, outputs, batch, value in errors(y, t):
        if (name, outputs, batch) == loss and values.find(np.array(value)) is not None:
            return float(value)
    return None


SHARES = (1.0, 2.0, 0.5)
"""How often ½ λ Σ w² may be in an error; each also over the number of samples."""


def total_seen(values: SeenValues, error: float, penalty: float, weights: list[Array], rows: int) -> float:
    """The error with its penalty, where that was seen; the error of the data alone otherwise."""
    squares = 0.5 * penalty * sum(float((w**2).sum()) for w in weights)
    for share in (*SHARES, *(share / rows for share in SHARES)) if squares else ():
        total = error + share * squares
        if values.find(np.array(total)) is not None:
            return total
    return error
