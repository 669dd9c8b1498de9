"""What people compute in place of a layer's gradients where that is no gradient of any formula: it is overwritten, summed otherwise, moved.

Each function gives, for a case of a layer, candidates by the symbol of what they belong to, in the same order for every case.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import replace
from chainrule.checking.layer_probes import LayerCase

Candidates: TypeAlias = "Mapping[str, Sequence[Array]]"

RATE = 0.1


# Sums over axes


def sums_over_others(values: Array, right: tuple[int, ...], keep: int) -> list[Array]:
    """The sums over every set of axes but the right one, and the sum of all as one number."""
    axes = range(values.ndim)
    found = [values.sum(axis=one) for n in axes for one in itertools.combinations(axes, n) if one != right]
    return [*found, np.asarray(values.sum()), np.full(keep, values.sum())]


def channel_sums(case: LayerCase) -> Candidates:
    """∂E/∂γ and ∂E/∂β, summed over other axes."""
    if "n" not in case.named:  # there is no γ
        return {}
    arrived, x = case.arrived["out"], case.numbers["x"]
    axes, channels = tuple(range(x.ndim - 1)), x.shape[-1]
    n = case.named["n"].reshape(x.shape)
    return {"shift": sums_over_others(arrived, axes, channels), "gamma": sums_over_others(arrived * n, axes, channels)}


def bias_sums(case: LayerCase) -> Candidates:
    """∂E/∂b, summed over other axes."""
    arrived = case.arrived["out"]
    return {"b": sums_over_others(arrived, tuple(range(arrived.ndim - 1)), arrived.shape[-1])}


def step_bias(case: LayerCase) -> Candidates:
    """The same of one step of an RNN."""
    delta = case.arrived["h"] * (1 - case.named["h"] ** 2)
    return {"b": sums_over_others(delta, (0,), delta.shape[-1])}


# Normalisation


def _averaged(family: str, axes: int) -> tuple[int, ...]:
    """The axes over which a normalisation takes its means."""
    if family == "layer_norm":
        return (axes - 1,)
    if family == "group_norm":  # its channels are (groups, channels of a group)
        return (*range(1, axes - 2), axes - 1)
    return tuple(range(1 if family == "instance_norm" else 0, axes - 1))


class Norm:
    """What a person has who writes ∂E/∂x of a normalisation: ∂E/∂n, n, √(v + ε), over which axes means are taken, and of how many."""

    def __init__(self, case: LayerCase) -> None:
        self.c, self.x_shape = case.named["c"], case.numbers["x"].shape
        self.shape = self.c.shape
        self.axes = _averaged(case.kind.called, len(self.shape))
        self.deviation = np.sqrt((self.c**2).mean(axis=self.axes, keepdims=True) + case.epsilon)
        self.n = self.c / self.deviation
        self.dn = (case.arrived["out"] * case.numbers.get("gamma", 1)).reshape(self.shape)

    def dx(self, first: float = 1.0, second: float = 1.0) -> Array:
        """(∂E/∂n − mean of ∂E/∂n − n ⊙ mean of ∂E/∂n ⊙ n) / √(v + ε), with factors of the two means."""
        means = [one.mean(axis=self.axes, keepdims=True) for one in (self.dn, self.dn * self.n)]
        return self.with_means(first * means[0], second * means[1])

    def with_means(self, first: Array, second: Array) -> Array:
        """The same with other means."""
        found: Array = ((self.dn - first - second * self.n) / self.deviation).reshape(self.x_shape)
        return found

    @property
    def size(self) -> int:
        """Of how many numbers a mean is."""
        return int(np.prod([self.shape[axis] for axis in self.axes]))


def other_axes(case: LayerCase) -> Candidates:
    """One of the two means, or both, over other axes; divided by the number of its terms, or by the right one."""
    norm = Norm(case)
    axes = range(len(norm.shape))
    others = [one for n in axes for one in itertools.combinations(axes, n + 1) if one != norm.axes]
    found = list[Array]()
    right = [one.mean(axis=norm.axes, keepdims=True) for one in (norm.dn, norm.dn * norm.n)]
    for other in others:
        means = [one.mean(axis=other, keepdims=True) for one in (norm.dn, norm.dn * norm.n)]
        share = int(np.prod([norm.shape[axis] for axis in other])) / norm.size
        for factor in (1.0, share):
            a, b = (factor * one for one in means)
            found += [norm.with_means(*pair) for pair in ((a, b), (a, right[1]), (right[0], b))]
    return {"x": found}


def sums_for_means(case: LayerCase) -> Candidates:
    """Sums in place of the two means, or means that are divided once more."""
    norm = Norm(case)
    m = norm.size
    pairs = [(m, m), (m, 1), (1, m), (1 / m, 1 / m), (1 / m, 1), (1, 1 / m)]
    return {"x": [norm.dx(*pair) for pair in pairs]}


def twice_the_mean(case: LayerCase) -> Candidates:
    """One of the two means, or both, taken off twice."""
    norm = Norm(case)
    return {"x": [norm.dx(2, 1), norm.dx(1, 2), norm.dx(2, 2)]}


def scale_and_shift_interchanged(case: LayerCase) -> Candidates:
    """∂E/∂γ and ∂E/∂β, each in the other's place."""
    if "shift" not in case.truth:
        return {}
    return {"gamma": [case.truth["shift"]], "shift": [case.truth["gamma"]]}


def other_power(case: LayerCase) -> Candidates:
    """The part of v with another power of √(v + ε), or without the ½."""
    norm = Norm(case)
    d = norm.deviation
    part = norm.c * (norm.dn * norm.c).mean(axis=norm.axes, keepdims=True)
    rest = (norm.dn - norm.dn.mean(axis=norm.axes, keepdims=True)) / d
    ways = [rest - part / d, rest - part / d**2, rest - part / d**4, rest + part / d**3, rest - 2 * part / d**3, rest - part / 2 / d**3]
    return {"x": [one.reshape(norm.x_shape) for one in ways]}


def without_gamma(case: LayerCase) -> Candidates:
    """∂E/∂x as if γ were 1."""
    if "gamma" not in case.numbers:
        return {}
    arrived = {"out": case.arrived["out"] / case.numbers["gamma"]}
    return {"x": [case.gradients(None, arrived)["x"]]}


def other_factor(case: LayerCase) -> Candidates:
    """∂E/∂γ with something else than n."""
    arrived, x = case.arrived["out"], case.numbers["x"]
    axes = tuple(range(x.ndim - 1))
    others = (x, case.named["c"].reshape(x.shape) if "c" in case.named else x, case.results[0])
    return {"gamma": [(arrived * one).sum(axis=axes) for one in others]}


def gamma_twice(case: LayerCase) -> Candidates:
    """The part of ∂E/∂x that comes through the root mean square, with γ there twice, or once more in all of it, or not there."""
    if "gamma" not in case.numbers:
        return {}
    x, gamma, arrived = case.numbers["x"], case.numbers["gamma"], case.arrived["out"]
    scale = np.sqrt((x**2).mean(axis=-1, keepdims=True) + case.epsilon)

    def through(g: Array) -> Array:
        part: Array = x * (g * x).mean(axis=-1, keepdims=True) / scale**3
        return part

    g = gamma * arrived
    return {"x": [g / scale - gamma * through(g), g / scale - through(arrived), g / scale - through(gamma * g)]}


# Convolutions and pools


WindowIndex: TypeAlias = "tuple[Any, ...]"


def windows(case: LayerCase, stride: int | None = None) -> Iterator[tuple[WindowIndex, WindowIndex]]:
    """Of each window the place that it belongs to, and where it lies in the signal with its margin."""
    options = case.options
    step, size = stride or options["stride"], options["size"]
    laid_on = case.numbers["x"].shape if case.kind.called == "conv_transpose" else case.results[0].shape
    for place in itertools.product(*map(range, laid_on[1:-1])):
        yield (slice(None), *place), (slice(None), *(slice(one * step, one * step + size) for one in place))


def with_margin(case: LayerCase, signal: Array) -> Array:
    """A signal with its margin of zeros."""
    pad = case.options.get("padding", 0)
    return np.pad(signal, [(0, 0), *((pad, pad) for _ in signal.shape[2:]), (0, 0)])


def without_margin(case: LayerCase, signal: Array) -> Array:
    """A signal without its margin."""
    pad = case.options.get("padding", 0)
    return signal[(slice(None), *(slice(pad, extent - pad) for extent in signal.shape[1:-1]))]


def at_stride(case: LayerCase, stride: int | None) -> tuple[Array, Array]:
    """∂E/∂x with its margin, and ∂E/∂W, with windows of this stride on the way back."""
    if case.kind.called == "conv_transpose":
        return _laid_at_stride(case, stride)
    x, W, arrived = with_margin(case, case.numbers["x"]), case.numbers["W"], case.arrived["out"]
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for place, window in windows(case, stride):
        dz = arrived[place]
        dx[window] += np.einsum("nf,...cf->n...c", dz, W)
        dW += np.einsum("n...c,nf->...cf", x[window], dz)
    return dx, dW


def _laid_at_stride(case: LayerCase, stride: int | None) -> tuple[Array, Array]:
    """The same of a transposed convolution, whose windows lie in what arrives."""
    x, W, arrived = case.numbers["x"], case.numbers["W"], with_margin(case, case.arrived["out"])
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for place, window in windows(case, stride):
        dz, inputs = arrived[window], x[place]
        inner = tuple(range(1, dz.ndim))
        dx[place] = np.tensordot(dz, W, axes=(inner, inner))
        dW += np.tensordot(inputs, dz, axes=(0, 0))
    return dx, dW


def stride_forgotten(case: LayerCase) -> Candidates:
    """Windows one beside the other on the way back."""
    dx, dW = at_stride(case, 1)
    return {"x": [dx if case.kind.called == "conv_transpose" else without_margin(case, dx)], "W": [dW]}


def margin_kept(case: LayerCase) -> Candidates:
    """∂E/∂x with its margin, or cut at one end alone."""
    dx, _ = at_stride(case, None)
    pad = case.options["padding"]
    inner = case.numbers["x"].shape[1:-1]
    return {"x": [dx, dx[(slice(None), *map(slice, inner))], dx[(slice(None), *(slice(2 * pad, None) for _ in inner))]]}


def overwritten_windows(case: LayerCase) -> Candidates:
    """Each window in place of what lay there before; so, too, unit by unit, and place by place of the kernel, as col2im goes."""
    x, W, arrived = with_margin(case, case.numbers["x"]), case.numbers["W"], case.arrived["out"]
    whole, last = np.zeros_like(x), np.zeros_like(x)
    for place, window in windows(case):
        dz = arrived[place]
        whole[window] = np.einsum("nf,...cf->n...c", dz, W)
        last[window] = np.einsum("n,...c->n...c", dz[:, -1], W[..., -1])
    by_place = np.zeros_like(x)
    for offset in itertools.product(*map(range, W.shape[:-2])):
        for place, window in windows(case):
            there = (slice(None), *(one.start + step for one, step in zip(window[1:], offset, strict=True)))
            by_place[there] = arrived[place] @ W[offset].T
    return {"x": [without_margin(case, one) for one in (whole, last, by_place)]}


def last_only(case: LayerCase) -> Candidates:
    """∂E/∂W and ∂E/∂b of the last sample, or of the last place of each, or of both."""
    x, arrived = with_margin(case, case.numbers["x"]), case.arrived["out"]
    *_, (place, window) = windows(case)
    dz = arrived[place]
    one = np.zeros_like(arrived)
    one[-1] = arrived[-1]
    of_sample = replace(case, arrived={"out": one}).gradients()
    of_places = np.einsum("n...c,nf->n...cf", x[window], dz)
    return {
        "W": [of_sample["W"], of_places.sum(axis=0), of_places[-1]],
        **({"b": [of_sample["b"], dz.sum(axis=0), dz[-1]]} if "b" in of_sample else {}),
    }


def means_over_places(case: LayerCase) -> Candidates:
    """What all places of a convolution share, divided by how many they are; by the samples, too, or not."""
    rows, *places, _ = case.results[0].shape
    count = int(np.prod(places))
    return {symbol: [case.truth[symbol] / count, case.truth[symbol] / (count * rows)] for symbol in ("W", "b") if symbol in case.truth}


def largest_at(case: LayerCase, window: WindowIndex, *, last: bool = False) -> Array:
    """1 at the largest of a window, channel by channel; of equals at the first, or the last."""
    values = case.numbers["x"][window]
    flat = values.reshape(values.shape[0], -1, values.shape[-1])
    place = flat.shape[1] - 1 - flat[:, ::-1].argmax(axis=1) if last else flat.argmax(axis=1)
    found: Array = (np.arange(flat.shape[1])[None, :, None] == place[:, None]).astype(float)
    return found.reshape(values.shape)


def overwritten_pools(case: LayerCase) -> Candidates:
    """Each window of a pool in place of what lay there before: all of it, or where it has its maximum."""
    arrived, shape = case.arrived["out"], case.numbers["x"].shape
    whole, single = np.zeros(shape), np.zeros(shape)
    for place, window in windows(case):
        share = largest_at(case, window) if case.kind.called == "max_pool" else np.full(1, 1 / case.options["size"] ** 2)
        part = share * arrived[place][:, None, None] + np.zeros_like(whole[window])
        whole[window] = part
        single[window] = np.where(share > 0, part, single[window])
    return {"x": [whole, single]}


def first_window_alone(case: LayerCase) -> Candidates:
    """What goes back through the first window of a pool, and through no other."""
    arrived = np.zeros_like(case.arrived["out"])
    place, _ = next(windows(case))
    arrived[place] = case.arrived["out"][place]
    return {"x": [replace(case, arrived={"out": arrived}).gradients()["x"]]}


def gradient_at_equals(case: LayerCase, kind: str) -> Array:
    """∂E/∂x of a max pool where some are equal: to "all" of them, to the "last" one, or "shared" among them."""
    found = np.zeros(case.numbers["x"].shape)
    for place, window in windows(case):
        values, arrived = case.numbers["x"][window], case.arrived["out"][place][:, None, None]
        equal = (values == values.max(axis=(1, 2), keepdims=True)).astype(float)
        if kind == "last":
            equal = largest_at(case, window, last=True)
        elif kind == "shared":
            equal /= equal.sum(axis=(1, 2), keepdims=True)
        found[window] += equal * arrived
    return found


# Dropout and embeddings


def unmasked(case: LayerCase) -> Candidates:
    """A dropout's gradient without its mask, or with its scale alone."""
    arrived, mask = case.arrived["out"], case.numbers["mask"]
    return {"x": [arrived, arrived * mask.max()]}


def unscaled(case: LayerCase) -> Candidates:
    """The same without the scale, or with the scale twice."""
    arrived, mask = case.arrived["out"], case.numbers["mask"]
    return {"x": [arrived * (mask > 0), arrived * mask**2]}


def overwritten_tokens(case: LayerCase) -> Candidates:
    """∂E/∂T where the last place of a token, or its first, overwrites the others."""
    x, arrived = case.numbers["x"].astype(int).ravel(), case.arrived["out"]
    rows = arrived.reshape(-1, arrived.shape[-1])
    found = []
    for order in (range(len(x)), reversed(range(len(x)))):
        table = np.zeros(case.numbers["T"].shape)
        for place in order:
            table[x[place]] = rows[place]
        found.append(table)
    return {"T": found}


# Recurrence


def step_delta(case: LayerCase) -> Array:
    """∂E/∂z of one step of an RNN."""
    delta: Array = case.arrived["h"] * (1 - case.named["h"] ** 2)
    return delta


def untransposed(case: LayerCase) -> Candidates:
    """δ U and δ W of one step, where that is possible."""
    delta, found = step_delta(case), dict[str, Sequence[Array]]()
    for symbol, weights in (("h", "U"), ("x", "W")):
        W = case.numbers[weights]
        if W.shape[0] == W.shape[1]:
            found[symbol] = [delta @ W]
    return found


def other_state(case: LayerCase) -> Candidates:
    """∂E/∂U of one step with the state after it, or its net input."""
    delta, named = step_delta(case), case.named
    return {"U": [named["h"].T @ delta, named["z"].T @ delta]}


def only_the_last(case: LayerCase) -> Candidates:
    """Only the last state's own gradient counts."""
    arrived = np.zeros_like(case.arrived["out"])
    arrived[:, -1] = case.arrived["out"][:, -1]
    return {symbol: (value,) for symbol, value in case.gradients(None, {"out": arrived}).items()}


def from_h_alone(case: LayerCase) -> Candidates:
    """The gradients of one step of an LSTM as if nothing came back to its cell from later steps."""
    arrived = {"c": np.zeros_like(case.arrived["c"])}
    return {symbol: (value,) for symbol, value in case.gradients(None, arrived).items()}


def other_gates(case: LayerCase) -> Candidates:
    """Blocks of ∂E/∂W, ∂E/∂U and ∂E/∂b of one gate where those of another stand."""
    found = dict[str, Sequence[Array]]()
    for symbol in ("W", "U", "b"):
        count = len(case.kind.gates)
        blocks = np.split(case.truth[symbol], count, axis=-1)
        orders = [order for order in itertools.product(range(count), repeat=count) if order != tuple(range(count))]
        found[symbol] = [np.concatenate([blocks[gate] for gate in order], axis=-1) for order in orders]
    return found


# Dense layers


def dense_transposed(case: LayerCase) -> Candidates:
    """∂E/∂W transposed."""
    delta, x = (one.reshape(-1, one.shape[-1]) for one in (case.arrived["out"], case.numbers["x"]))
    return {"W": [delta.T @ x]}


def untransposed_dense(case: LayerCase) -> Candidates:
    """δ W, where that is possible."""
    arrived, W = case.arrived["out"], case.numbers["W"]
    return {"x": [arrived @ W if W.shape[0] == W.shape[1] else case.truth["x"]]}


def after_the_step(case: LayerCase) -> Candidates:
    """∂E/∂x with the W that a step has changed already, by ∂E/∂W or by its mean over the samples."""
    found, rows = list[Array](), case.numbers["x"].shape[0]
    for count in (1, rows):
        moved = {**case.numbers, "W": case.numbers["W"] - RATE / count * case.truth["W"]}
        found.append(replace(case, numbers=moved).gradients()["x"])
    return {"x": found}


def cut_gradient(case: LayerCase) -> Candidates:
    """A ReLU's gradient, cut off where it is itself below 0."""
    arrived, x = case.arrived["out"], case.numbers["x"]
    return {"x": [np.maximum(arrived, 0), np.maximum(arrived, 0) * (x > 0)]}


def halves_interchanged(case: LayerCase) -> Candidates:
    """The gradients of what is gated and of its gate, each in the place of the other."""
    if "W" not in case.numbers:
        return {"x": [np.roll(case.truth["x"], case.truth["x"].shape[-1] // 2, axis=-1)]}
    pairs = (("W", "V"), ("b", "c")) if "b" in case.numbers else (("W", "V"),)
    return {one: [case.truth[other]] for pair in pairs for one, other in (pair, pair[::-1])}


# Attention


def scores(case: LayerCase) -> tuple[Array, Array]:
    """A and ∂E/∂(q kᵀ)."""
    A = case.named["A"][:, 0]
    dA = case.arrived["out"] @ case.numbers["v"].swapaxes(1, 2)
    dS = A * (dA - (A * dA).sum(axis=2, keepdims=True)) / np.sqrt(case.numbers["q"].shape[-1])
    return A, dS


def interchanged(case: LayerCase) -> Candidates:
    """∂E/∂q and ∂E/∂k with q and k interchanged."""
    (_, dS), q, k = scores(case), case.numbers["q"], case.numbers["k"]
    return {"q": [dS @ q], "k": [dS.swapaxes(1, 2) @ k]} if q.shape == k.shape else {}


def products_untransposed(case: LayerCase) -> Candidates:
    """The products of an attention, each with the other transposition."""
    (A, dS), q, k = scores(case), case.numbers["q"], case.numbers["k"]
    if A.shape[1] != A.shape[2]:
        return {}
    return {"k": [dS @ q], "q": [dS.swapaxes(1, 2) @ k], "v": [A @ case.arrived["out"]]}
