"""The table of mistakes that people make when they write the backward pass of a single layer, from 101 on.

As in the table of networks, a mistake is another carrier of one edge. Most are the derivative of the same formula with something held,
sg(μ); these are written as formulas on the way forward, and everything below follows by the ordinary rules. Others, that set what is to be
added or sum over other axes, are computed from the arrays. A new row is its number, its ways, and who was seen to make it; its name, its
sign and its cure are texts of the catalogues, as "mistake.101".
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.checking.layer_probes import Carriers, LayerCase, LetterOwner
from chainrule.checking.mistakes import NUMBERED, Mistake
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.formula.stated import held
from chainrule.network.layers import kind_of_layer
from chainrule.network.network import Array
from chainrule.network.recurrence import at_step

Candidates: TypeAlias = "Mapping[str, Sequence[Array]]"


class Way(Frozen):
    """What somebody computes in place of a layer's right gradients.

    kinds     of layers where that may be
    written   as a formula, in no language: ∇[…] is the gradient of another one, sg(x) is x held
    carriers  what stands for named quantities on the way back; or
    computes  candidates for gradients, by the symbol of what they belong to, in the same order for every case
    """

    kinds: tuple[str, ...]
    written: str
    carriers: Carriers | None = None
    computes: Callable[[LayerCase], Candidates] | None = None

    def gradients(self, case: LayerCase) -> Candidates:
        """What it gives."""
        if self.computes is not None:
            return self.computes(case)
        return {symbol: (value,) for symbol, value in case.gradients(self.carriers).items()}


class LayerMistake(Frozen):
    """A row: the number, where it was seen, and the ways in which it is made. Numbers below 100 are those of the table of networks."""

    number: int
    source: str
    ways: tuple[Way, ...]


RATE = 0.1
"""The learning rate, where a backward pass takes a step of its own."""

BATCH = ("batch_norm", "batch_norm_images")
NORMS = (*BATCH, "layer_norm", "group_norm")
SEQUENCES_OF_RNN, SEQUENCES_OF_LSTM = ("rnn", "rnn_from_zero"), ("lstm", "lstm_from_zero")
SEQUENCES = (*SEQUENCES_OF_RNN, *SEQUENCES_OF_LSTM)
RNN = ("rnn_step", *SEQUENCES_OF_RNN)
LSTM = ("lstm_step", "lstm_cell", *SEQUENCES_OF_LSTM)
ATTENTION = ("attention", "attention_one", "attention_causal")
POOLS = ("max_pool", "average_pool")


def _held(e: Expression, own: LetterOwner, time: int) -> Expression:
    del own, time
    return held(e)


def _without_slope(e: Expression, own: LetterOwner, time: int) -> Expression:
    """f(z) with the slope 1."""
    del own, time
    return e.arguments[0]


def _with_slope(slope: Callable[[Expression, Expression], Expression]) -> Callable[[Expression, LetterOwner, int], Expression]:
    """f(z) with another slope, a formula of z and h = f(z)."""
    return lambda e, own, time: held(slope(e.arguments[0], e)) * e.arguments[0]


def _times(factor: Callable[[LetterOwner], float]) -> Callable[[Expression, LetterOwner, int], Expression]:
    return lambda e, own, time: e * factor(own)


# Sums over axes


def _sums(values: Array, right: tuple[int, ...], keep: int) -> list[Array]:
    """The sums over every set of axes but the right one, and the sum of all as one number."""
    axes = range(values.ndim)
    found = [values.sum(axis=one) for n in axes for one in itertools.combinations(axes, n) if one != right]
    return [*found, np.asarray(values.sum()), np.full(keep, values.sum())]


def _channel_sums(case: LayerCase) -> Candidates:
    arrived, x = case.arrived["out"], case.numbers["x"]
    axes, channels = tuple(range(x.ndim - 1)), x.shape[-1]
    n = case.named["n"].reshape(x.shape)
    return {"shift": _sums(arrived, axes, channels), "gamma": _sums(arrived * n, axes, channels)}


def _bias_sums(case: LayerCase) -> Candidates:
    arrived = case.arrived["out"]
    return {"b": _sums(arrived, tuple(range(arrived.ndim - 1)), arrived.shape[-1])}


def _step_bias(case: LayerCase) -> Candidates:
    delta = case.arrived["h"] * (1 - case.named["h"] ** 2)
    return {"b": _sums(delta, (0,), delta.shape[-1])}


# Normalisation


class _Norm:
    """What a person has who writes ∂E/∂x of a normalisation: ∂E/∂n, n, √(v + ε), over which axes means are taken, and of how many."""

    def __init__(self, case: LayerCase) -> None:
        x, named = case.numbers["x"], case.named
        self.shape = named["c"].shape
        self.n = (named["n"]).reshape(self.shape)
        self.dn = (case.arrived["out"] * case.numbers["gamma"]).reshape(self.shape)
        self.c = named["c"]
        lost = tuple(axis for axis in range(len(self.shape)) if case.kind.name != "layer_norm" or axis == len(self.shape) - 1)
        if case.kind.name in BATCH:
            lost = lost[:-1]
        if case.kind.name == "group_norm":
            lost = (*range(1, len(self.shape) - 2), len(self.shape) - 1)
        self.axes, self.x_shape = lost, x.shape
        self.deviation = np.sqrt((self.c**2).mean(axis=lost, keepdims=True) + case.epsilon)

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


def _other_axes(case: LayerCase) -> Candidates:
    """One of the two means, or both, over other axes; divided by the number of its terms, or by the right one."""
    norm = _Norm(case)
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


def _sums_for_means(case: LayerCase) -> Candidates:
    norm = _Norm(case)
    m = norm.size
    pairs = [(m, m), (m, 1), (1, m), (1 / m, 1 / m), (1 / m, 1), (1, 1 / m)]
    return {"x": [norm.dx(*pair) for pair in pairs]}


def _other_power(case: LayerCase) -> Candidates:
    """The part of v with another power of √(v + ε), or without the ½."""
    norm = _Norm(case)
    d = norm.deviation
    part = norm.c * (norm.dn * norm.c).mean(axis=norm.axes, keepdims=True)
    rest = (norm.dn - norm.dn.mean(axis=norm.axes, keepdims=True)) / d
    ways = [rest - part / d, rest - part / d**2, rest - part / d**4, rest + part / d**3, rest - 2 * part / d**3, rest - part / 2 / d**3]
    return {"x": [one.reshape(norm.x_shape) for one in ways]}


def _without_gamma(case: LayerCase) -> Candidates:
    arrived = {"out": case.arrived["out"] / case.numbers["gamma"]}
    return {"x": [case.gradients(None, arrived)["x"]]}


def _other_factor(case: LayerCase) -> Candidates:
    arrived, x = case.arrived["out"], case.numbers["x"]
    axes = tuple(range(x.ndim - 1))
    others = (x, case.named["c"].reshape(x.shape), case.results[0])
    return {"gamma": [(arrived * one).sum(axis=axes) for one in others]}


# Convolutions and pools


def _places(case: LayerCase, stride: int | None = None) -> Iterator[tuple[int, int, slice, slice]]:
    """The windows: which, and where, in the image with its margin."""
    options = case.options
    step, size = stride or options["stride"], options["size"]
    for i, j in itertools.product(*map(range, case.results[0].shape[1:3])):
        yield i, j, slice(i * step, i * step + size), slice(j * step, j * step + size)


def _padded(case: LayerCase) -> Array:
    pad = case.options.get("padding", 0)
    return np.pad(case.numbers["x"], ((0, 0), (pad, pad), (pad, pad), (0, 0)))


def _cut(case: LayerCase, padded: Array) -> Array:
    pad = case.options.get("padding", 0)
    return padded[:, pad : padded.shape[1] - pad, pad : padded.shape[2] - pad]


def _at_stride(case: LayerCase, stride: int | None) -> tuple[Array, Array]:
    """∂E/∂x with its margin, and ∂E/∂W, with windows of this stride on the way back."""
    x, W, arrived = _padded(case), case.numbers["W"], case.arrived["out"]
    dx, dW = np.zeros_like(x), np.zeros_like(W)
    for i, j, rows, columns in _places(case, stride):
        dx[:, rows, columns] += np.einsum("nf,abcf->nabc", arrived[:, i, j], W)
        dW += np.einsum("nabc,nf->abcf", x[:, rows, columns], arrived[:, i, j])
    return dx, dW


def _stride_forgotten(case: LayerCase) -> Candidates:
    dx, dW = _at_stride(case, 1)
    return {"x": [_cut(case, dx)], "W": [dW]}


def _margin_kept(case: LayerCase) -> Candidates:
    dx, _ = _at_stride(case, None)
    _, height, width, _ = case.numbers["x"].shape
    pad = 2 * case.options["padding"]
    return {"x": [dx, dx[:, :height, :width], dx[:, pad:, pad:]]}


def _turned(W: Expression) -> Expression:
    """A kernel turned round: its rows and its columns in reverse order."""
    for axis in (0, 1):
        extent = int(W.shape[axis])
        W = p.join(*(p.part(W, axis=axis, start=i, stop=i + 1) for i in reversed(range(extent))), axis=axis)
    return W


def _both(own: LetterOwner, back: Expression, weights: Expression) -> Expression:
    """The convolution in two parts: what x gets is of one kernel, what W gets of another."""
    x, b = own.letters["x"], own.letters["b"]
    return own.again(W=held(back), b=b) + own.again(x=held(x), W=weights, b=held(b))


def _back_unturned(e: Expression, own: LetterOwner, time: int) -> Expression:
    del e, time
    return _both(own, _turned(own.letters["W"]), own.letters["W"])


def _weights_turned(e: Expression, own: LetterOwner, time: int) -> Expression:
    del e, time
    return _both(own, own.letters["W"], _turned(own.letters["W"]))


def _conv_overwritten(case: LayerCase) -> Candidates:
    x, W, arrived = _padded(case), case.numbers["W"], case.arrived["out"]
    whole, last = np.zeros_like(x), np.zeros_like(x)
    for i, j, rows, columns in _places(case):
        whole[:, rows, columns] = np.einsum("nf,abcf->nabc", arrived[:, i, j], W)
        last[:, rows, columns] = np.einsum("n,abc->nabc", arrived[:, i, j, -1], W[..., -1])
    return {"x": [_cut(case, whole), _cut(case, last)]}


def _last_only(case: LayerCase) -> Candidates:
    """∂E/∂W and ∂E/∂b of the last sample, or of the last place of each, or of both."""
    x, arrived = _padded(case), case.arrived["out"]
    *_, (i, j, rows, columns) = _places(case)
    one = np.zeros_like(arrived)
    one[-1] = arrived[-1]
    of_sample = LayerCase(case.kind, case.probing, case.numbers, {"out": one}, case.epsilon).truth
    windows = np.einsum("nabc,nf->nabcf", x[:, rows, columns], arrived[:, i, j])
    return {
        "W": [of_sample["W"], windows.sum(axis=0), windows[-1]],
        "b": [of_sample["b"], arrived[:, i, j].sum(axis=0), arrived[-1, i, j]],
    }


def _largest_at(case: LayerCase, rows: slice, columns: slice, *, last: bool = False) -> Array:
    """1 at the largest of a window, channel by channel; of equals at the first, or the last."""
    window = case.numbers["x"][:, rows, columns]
    n, height, width, channels = window.shape
    flat = window.reshape(n, height * width, channels)
    place = flat.shape[1] - 1 - flat[:, ::-1].argmax(axis=1) if last else flat.argmax(axis=1)
    found: Array = (np.arange(flat.shape[1])[None, :, None] == place[:, None]).astype(float)
    return found.reshape(window.shape)


def _pool_overwritten(case: LayerCase) -> Candidates:
    arrived, shape = case.arrived["out"], case.numbers["x"].shape
    whole, single = np.zeros(shape), np.zeros(shape)
    for i, j, rows, columns in _places(case):
        share = _largest_at(case, rows, columns) if case.kind.name == "max_pool" else np.full(1, 1 / case.options["size"] ** 2)
        part = share * arrived[:, i : i + 1, j : j + 1] + np.zeros_like(whole[:, rows, columns])
        whole[:, rows, columns] = part
        single[:, rows, columns] = np.where(share > 0, part, single[:, rows, columns])
    return {"x": [whole, single]}


def tied(case: LayerCase, kind: str) -> Array:
    """∂E/∂x of a max pool where some are equal: to "all" of them, to the "last" one, or "shared" among them."""
    found = np.zeros(case.numbers["x"].shape)
    for i, j, rows, columns in _places(case):
        window, arrived = case.numbers["x"][:, rows, columns], case.arrived["out"][:, i : i + 1, j : j + 1]
        equal = (window == window.max(axis=(1, 2), keepdims=True)).astype(float)
        if kind == "last":
            equal = _largest_at(case, rows, columns, last=True)
        elif kind == "shared":
            equal /= equal.sum(axis=(1, 2), keepdims=True)
        found[:, rows, columns] += equal * arrived
    return found


def _to_all(e: Expression, own: LetterOwner, time: int) -> Expression:
    """The gradient of a max pool goes to every place of its window."""
    del e, time
    mean = kind_of_layer("average_pool").function(own, own.letters["x"], **own.options)
    return mean * float(own.options["size"] ** 2)


def _to_all_equally(e: Expression, own: LetterOwner, time: int) -> Expression:
    del e, time
    return kind_of_layer("average_pool").function(own, own.letters["x"], **own.options)


# Dropout and embeddings


def _unmasked(case: LayerCase) -> Candidates:
    arrived, mask = case.arrived["out"], case.numbers["mask"]
    return {"x": [arrived, arrived * mask.max()]}


def _unscaled(case: LayerCase) -> Candidates:
    arrived, mask = case.arrived["out"], case.numbers["mask"]
    return {"x": [arrived * (mask > 0), arrived * mask**2]}


def _overwritten_tokens(case: LayerCase) -> Candidates:
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


def _step_delta(case: LayerCase) -> Array:
    delta: Array = case.arrived["h"] * (1 - case.named["h"] ** 2)
    return delta


def _untransposed(case: LayerCase) -> Candidates:
    delta, found = _step_delta(case), dict[str, Sequence[Array]]()
    for symbol, weights in (("h", "U"), ("x", "W")):
        W = case.numbers[weights]
        if W.shape[0] == W.shape[1]:
            found[symbol] = [delta @ W]
    return found


def _other_state(case: LayerCase) -> Candidates:
    delta, named = _step_delta(case), case.named
    return {"U": [named["h"].T @ delta, named["z"].T @ delta]}


def _through_time(e: Expression, own: LetterOwner, time: int) -> Expression:
    """What a step hands to the next is held; the state before the first is not."""
    del own
    return held(e) if time > 1 else e


def _one_step(kept: Callable[[int, int], bool]) -> Callable[[Expression, LetterOwner, int], Expression]:
    """Weights count at one step alone."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        x, (W, U, b) = own.letters["x"], (held(own.letters[one]) for one in ("W", "U", "b"))
        if kept(time, int(x.shape[1])):
            return e
        return at_step(x, time - 1) @ W + b + own.values["h_on"] @ U

    return carrier


FIRST_STEP, LAST_STEP = _one_step(lambda time, length: time == 1), _one_step(lambda time, length: time == length)


def _only_the_last(case: LayerCase) -> Candidates:
    """Only the last state's own gradient counts."""
    arrived = np.zeros_like(case.arrived["out"])
    arrived[:, -1] = case.arrived["out"][:, -1]
    return {symbol: (value,) for symbol, value in case.gradients(None, {"out": arrived}).items()}


def _from_h_alone(case: LayerCase) -> Candidates:
    arrived = {"c": np.zeros_like(case.arrived["c"])}
    return {symbol: (value,) for symbol, value in case.gradients(None, arrived).items()}


def _cell_slope(slope: Callable[[Expression], Expression] | None) -> Callable[[Expression, LetterOwner, int], Expression]:
    """h = o ⊙ tanh(c), with another slope of tanh; None: without the way to c."""

    def carrier(e: Expression, own: LetterOwner, time: int) -> Expression:
        del e, time
        c, o = own.values["c"], own.values["o"]
        first = o * held(p.tanh(c))
        return first if slope is None else first + held(o * slope(c)) * c

    return carrier


def _before(own: LetterOwner) -> Expression:
    return own.values["c_on"] if "c_on" in own.values else own.letters["c"]


def _cell(part: Callable[[Expression, Expression], Expression]) -> Callable[[Expression, LetterOwner, int], Expression]:
    """c = f ⊙ c⟨t−1⟩ + i ⊙ g, with something else for the first product."""
    return lambda e, own, time: part(own.values["f"], _before(own)) + own.values["i"] * own.values["g"]


def _other_gates(case: LayerCase) -> Candidates:
    """Blocks of ∂E/∂W, ∂E/∂U and ∂E/∂b of one gate where those of another stand."""
    found = dict[str, Sequence[Array]]()
    for symbol in ("W", "U", "b"):
        blocks = np.split(case.truth[symbol], 4, axis=-1)
        orders = [order for order in itertools.product(range(4), repeat=4) if order != (0, 1, 2, 3)]
        found[symbol] = [np.concatenate([blocks[gate] for gate in order], axis=-1) for order in orders]
    return found


# Dense layers


def _dense_transposed(case: LayerCase) -> Candidates:
    return {"W": [case.arrived["out"].T @ case.numbers["x"]]}


def _untransposed_dense(case: LayerCase) -> Candidates:
    arrived, W = case.arrived["out"], case.numbers["W"]
    return {"x": [arrived @ W if W.shape[0] == W.shape[1] else case.truth["x"]]}


def _after_the_step(case: LayerCase) -> Candidates:
    """∂E/∂x with the W that a step has changed already, by ∂E/∂W or by its mean over the samples."""
    found, rows = list[Array](), case.numbers["x"].shape[0]
    for count in (1, rows):
        moved = {**case.numbers, "W": case.numbers["W"] - RATE / count * case.truth["W"]}
        found.append(LayerCase(case.kind, case.probing, moved, case.arrived, case.epsilon).truth["x"])
    return {"x": found}


def _cut_gradient(case: LayerCase) -> Candidates:
    arrived, x = case.arrived["out"], case.numbers["x"]
    return {"x": [np.maximum(arrived, 0), np.maximum(arrived, 0) * (x > 0)]}


# Attention


def _scores(case: LayerCase) -> tuple[Array, Array]:
    """A and ∂E/∂(q kᵀ)."""
    A = case.named["A"][:, 0]
    dA = case.arrived["out"] @ case.numbers["v"].swapaxes(1, 2)
    dS = A * (dA - (A * dA).sum(axis=2, keepdims=True)) / np.sqrt(case.numbers["q"].shape[-1])
    return A, dS


def _interchanged(case: LayerCase) -> Candidates:
    (_, dS), q, k = _scores(case), case.numbers["q"], case.numbers["k"]
    return {"q": [dS @ q], "k": [dS.swapaxes(1, 2) @ k]} if q.shape == k.shape else {}


def _products_untransposed(case: LayerCase) -> Candidates:
    (A, dS), q, k = _scores(case), case.numbers["q"], case.numbers["k"]
    if A.shape[1] != A.shape[2]:
        return {}
    return {"k": [dS @ q], "q": [dS.swapaxes(1, 2) @ k], "v": [A @ case.arrived["out"]]}


def _root(own: LetterOwner) -> float:
    return float(np.sqrt(int(own.letters["q"].shape[-1])))


_ELEMENTWISE = _with_slope(lambda z, a: a * (1 - a))
_GATES = {"i": "i", "f": "f", "g": "g", "o": "o", "i, f, o": "ifo", "i, f, g, o": "ifgo"}

LAYER_MISTAKES: tuple[LayerMistake, ...] = (
    LayerMistake(101, "deeplearning4j#8379", (
        Way(NORMS, "∇[γ ⊙ (x − sg(μ)) / √(sg(v) + ε) + β]", {"mu": _held, "v": _held}),
    )),
    LayerMistake(102, "abhiskk/ladder#2", (Way(NORMS, "∇[γ ⊙ (x − μ) / √(sg(v) + ε) + β]", {"v": _held}),)),
    LayerMistake(103, "BVLC/caffe#1891", (Way(NORMS, "∇[γ ⊙ (x − sg(μ)) / √(v + ε) + β]", {"mu": _held}),)),
    LayerMistake(104, "denizyuret/Knet.jl#288", (Way(NORMS, "∇[n + β]", computes=_without_gamma),)),
    LayerMistake(105, "CS231n solutions", (Way(NORMS, "Σ ∂E/∂y ⊙ n′, n′ ∈ {x, x − μ, y}", computes=_other_factor),)),
    LayerMistake(106, "flagos-ai/FlagGems#59, AskyJx/xDeepLearning#1", (
        Way(NORMS, "Σ′ ∂E/∂y ⊙ n, Σ′ ∂E/∂y, Σ′ ≠ Σ", computes=_channel_sums),
        Way(NORMS, "(∂E/∂n − m₁′ − n ⊙ m₂′) / √(v + ε), m′ ≠ m", computes=_other_axes),
    )),
    LayerMistake(107, "apache/mxnet#1053", (
        Way(NORMS, "(∂E/∂n − m₁′ − n ⊙ m₂′) / √(v + ε), m′ ∈ {m, M m, m / M}", computes=_sums_for_means),
    )),
    LayerMistake(108, "AskyJx/xDeepLearning#1", (Way(NORMS, "∂E/∂v′ ≠ ∂E/∂v", computes=_other_power),)),
    LayerMistake(109, "nntrainer#705", (Way(("conv",), "∇[x ⋆ rot180(W) + b]", {"y": _back_unturned}),)),
    LayerMistake(110, "FluxML/NNlib.jl#518", (Way(("conv",), "rot180(∂E/∂W)", {"y": _weights_turned}),)),
    LayerMistake(111, "Kulbear/deep-learning-coursera#34", (
        Way(("conv",), "Σ ∂E/∂zᵢⱼ ⊙ x[i : i + k, j : j + k]", computes=_stride_forgotten),
    )),
    LayerMistake(112, "MrinmoiHossain/Deep-Learning-Specialization-Coursera#3", (
        Way(("conv",), "dx_pad[a : b, a : b], a ≠ p ∨ b ≠ H + p", computes=_margin_kept),
    )),
    LayerMistake(113, "0809zheng/CS231n-assignment2019#19, FluxML/Flux.jl#1197", (
        Way(("conv",), "dx[i s : i s + k, j s : j s + k] = ∂E/∂zᵢⱼ ⊙ W", computes=_conv_overwritten),
        Way(POOLS, "dx[i s : i s + k, j s : j s + k] = ∂E/∂yᵢⱼ ⊙ ∂yᵢⱼ/∂x", computes=_pool_overwritten),
    )),
    LayerMistake(114, "snuspl/cruise#800", (Way(("conv",), "Σ′ ∂E/∂z, Σ′ ≠ Σ", computes=_bias_sums),)),
    LayerMistake(115, "marsggbo/deeplearning.ai_JupyterNotebooks#6", (
        Way(("max_pool",), "∇[Σ x[i s : i s + k, j s : j s + k]]", {"y": _to_all}),
        Way(("max_pool",), "∇[Σ x[i s : i s + k, j s : j s + k] / k²]", {"y": _to_all_equally}),
    )),
    LayerMistake(116, "apache/mxnet#18563", ()),
    LayerMistake(117, "mlpack#2865, tracel-ai/burn#5604", (
        Way(("average_pool",), "∇[Σ x[i s : i s + k, j s : j s + k]]", {"y": _times(lambda own: own.options["size"] ** 2)}),
    )),
    LayerMistake(41, "ddbourgin/numpy-ml#94", (Way(("dropout",), "∂E/∂y ⊙ M′, M′ ∈ {1, 1/(1 − p)}", computes=_unmasked),)),
    LayerMistake(118, "NVIDIA/apex#816", (Way(("dropout",), "∂E/∂y ⊙ M′, M′ ∈ {[M > 0], M²}", computes=_unscaled),)),
    LayerMistake(119, "HIPS/autograd#39, PaddlePaddle#17663", (
        Way(("embedding",), "dT[x] = ∂E/∂y", computes=_overwritten_tokens),
    )),
    LayerMistake(120, "qixianbiao/RNN#2", (
        Way(SEQUENCES, "∇[sg(h⟨t−1⟩)], t ≥ 1", {"h_on": _held, "c_on": _held}),
        Way(SEQUENCES, "∇[sg(h⟨t−1⟩)], t ≥ 2", {"h_on": _through_time, "c_on": _through_time}),
    )),
    LayerMistake(121, "arunmallya/arunmallya.github.io#3", (
        Way(SEQUENCES_OF_RNN, "∂E/∂W⟨1⟩", {"z": FIRST_STEP}),
        Way(SEQUENCES_OF_RNN, "∂E/∂W⟨T⟩", {"z": LAST_STEP}),
        Way(SEQUENCES_OF_LSTM, "∂E/∂W⟨1⟩", {"a": FIRST_STEP}),
        Way(SEQUENCES_OF_LSTM, "∂E/∂W⟨T⟩", {"a": LAST_STEP}),
    )),
    LayerMistake(122, "Halfish/cs231n#4", (Way(SEQUENCES, "∇[h⟨T⟩]", computes=_only_the_last),)),
    LayerMistake(123, "apache/mxnet#4057, cthorey/CS231#1", (
        Way(("lstm_step", "lstm_cell"), "∂E/∂c = o ⊙ (1 − tanh²(c)) ⊙ ∂E/∂h", computes=_from_h_alone),
        Way(LSTM, "∇[h = o ⊙ sg(tanh(c))]", {"h": _cell_slope(None)}),
    )),
    LayerMistake(124, "CaptainE/RNN-LSTM-in-numpy#1", (
        Way(LSTM, "∇[c = sg(f ⊙ c⟨t−1⟩) + i ⊙ g]", {"c": _cell(lambda f, c: held(f * c))}),
        Way(LSTM, "∇[c = f ⊙ sg(c⟨t−1⟩) + i ⊙ g]", {"c": _cell(lambda f, c: f * held(c))}),
        Way(LSTM, "∂E/∂c⟨t−1⟩ = ∂E/∂c", {"c": _cell(lambda f, c: f * held(c) + c)}),
        Way(LSTM, "∇[c = sg(f) ⊙ c⟨t−1⟩ + i ⊙ g]", {"c": _cell(lambda f, c: held(f) * c)}),
    )),
    LayerMistake(125, "CaptainE/RNN-LSTM-in-numpy#1, llSourcell/LSTM_Networks#4", tuple(
        Way(LSTM, f"∇, ∂({written})/∂a = 1", dict.fromkeys(gates, _without_slope)) for written, gates in _GATES.items()
    )),
    LayerMistake(126, "hanbt/learn_dl#53", (
        Way(("lstm_step", *SEQUENCES_OF_LSTM), "∂E/∂(i, f, g, o)′, (i, f, g, o)′ ≠ (i, f, g, o)", computes=_other_gates),
    )),
    LayerMistake(127, "paiml/aprender#2203", (Way(ATTENTION, "∇[sg(A) v]", {"A": _held}),)),
    LayerMistake(128, "esceptico/perceiver-io#9", (
        Way(ATTENTION, "∇[S = q kᵀ]", {"S": _times(_root)}),
        Way(ATTENTION, "∇[S = q kᵀ / d]", {"S": _times(lambda own: 1 / _root(own))}),
        Way(ATTENTION, "∇[S = q kᵀ √d]", {"S": _times(lambda own: _root(own) ** 2)}),
    )),
    LayerMistake(129, "pjreddie/darknet#96, wkcn/mobula#3", (
        Way(("attention", "attention_one"), "∂E/∂S = ∂E/∂A", {"A": _without_slope}),
        Way((*ATTENTION, "softmax_layer"), "∂E/∂S = A ⊙ ∂E/∂A", {"A": _with_slope(lambda z, a: a)}),
    )),
    LayerMistake(29, "", (Way((*ATTENTION, "softmax_layer"), "∂E/∂S = A ⊙ (1 − A) ⊙ ∂E/∂A", {"A": _ELEMENTWISE}),)),
    LayerMistake(130, "ooples/AiDotNet.Tensors#49, huggingface/diffusers#14338", (
        Way(ATTENTION, "∂E/∂q = ∂E/∂S q, ∂E/∂k = (∂E/∂S)ᵀ k", computes=_interchanged),
        Way(ATTENTION, "∂E/∂q = (∂E/∂S)ᵀ k, ∂E/∂k = ∂E/∂S q, ∂E/∂v = A ∂E/∂y", computes=_products_untransposed),
    )),
    LayerMistake(1, "", (Way(("dense", "conv"), "δ · (W − η ∂E/∂W)ᵀ", computes=_after_the_step),)),
    LayerMistake(36, "", (Way(("conv",), "dW = ∂E/∂zᵢⱼ ⊙ x[…], db = ∂E/∂zᵢⱼ", computes=_last_only),)),
    LayerMistake(2, "", (
        Way(RNN, "∂E/∂z = ∂E/∂h", {"h": _without_slope}),
        Way(("sigmoid_layer", "tanh_layer"), "∂E/∂y", {"y": _without_slope}),
        Way(LSTM, "∂E/∂c = o ⊙ ∂E/∂h", {"h": _cell_slope(lambda c: 0 * c + 1)}),
    )),
    LayerMistake(4, "", (
        Way(RNN, "∂E/∂h ⊙ (1 − tanh²(h))", {"h": _with_slope(lambda z, h: 1 - p.tanh(h) ** 2)}),
        Way(("tanh_layer",), "∂E/∂y ⊙ (1 − tanh²(y))", {"y": _with_slope(lambda z, y: 1 - p.tanh(y) ** 2)}),
        Way(("sigmoid_layer",), "∂E/∂y ⊙ σ(y) (1 − σ(y))", {"y": _with_slope(lambda z, y: p.sigmoid(y) * (1 - p.sigmoid(y)))}),
    )),
    LayerMistake(5, "", (
        Way(RNN, "∂E/∂h ⊙ (1 − z²)", {"h": _with_slope(lambda z, h: 1 - z**2)}),
        Way(("tanh_layer",), "∂E/∂y ⊙ (1 − x²)", {"y": _with_slope(lambda z, y: 1 - z**2)}),
        Way(("sigmoid_layer",), "∂E/∂y ⊙ x (1 − x)", {"y": _with_slope(lambda z, y: z * (1 - z))}),
        Way(LSTM, "∂E/∂c = o ⊙ (1 − c²) ⊙ ∂E/∂h", {"h": _cell_slope(lambda c: 1 - c**2)}),
    )),
    LayerMistake(6, "", (
        Way(RNN, "∂E/∂h ⊙ (1 + h²)", {"h": _with_slope(lambda z, h: 1 + h**2)}),
        Way(RNN, "∂E/∂h ⊙ (1 − h)", {"h": _with_slope(lambda z, h: 1 - h)}),
        Way(RNN, "∂E/∂h ⊙ h (1 − h)", {"h": _with_slope(lambda z, h: h * (1 - h))}),
        Way(("sigmoid_layer", "tanh_layer"), "∂E/∂y ⊙ (1 − y)", {"y": _with_slope(lambda z, y: 1 - y)}),
        Way(("sigmoid_layer",), "∂E/∂y ⊙ (1 − y²)", {"y": _with_slope(lambda z, y: 1 - y**2)}),
        Way(("tanh_layer",), "∂E/∂y ⊙ y (1 − y)", {"y": _with_slope(lambda z, y: y * (1 - y))}),
        Way(LSTM, "∂E/∂c = o ⊙ (1 − tanh(c)) ⊙ ∂E/∂h", {"h": _cell_slope(lambda c: 1 - p.tanh(c))}),
    )),
    LayerMistake(15, "", (
        Way(("rnn_step",), "δ · U, δ · W", computes=_untransposed),
        Way(("dense",), "δ · W", computes=_untransposed_dense),
    )),
    LayerMistake(16, "", (Way(("dense",), "δᵀ · x", computes=_dense_transposed),)),
    LayerMistake(7, "", (
        Way(("relu_layer",), "∂E/∂y ⊙ x", {"y": lambda e, own, time: held(own.letters["x"]) * own.letters["x"]}),
        Way(("relu_layer",), "∂E/∂y ⊙ y", {"y": lambda e, own, time: held(e) * own.letters["x"]}),
        Way(("relu_layer",), "∂E/∂y", {"y": lambda e, own, time: own.letters["x"]}),
    )),
    LayerMistake(52, "", (Way(("relu_layer",), "∂E/∂y ⊙ [∂E/∂y > 0]", computes=_cut_gradient),)),
    LayerMistake(17, "", (Way(("rnn_step",), "h⟨t⟩ᵀ · δ", computes=_other_state),)),
    LayerMistake(22, "", (
        Way(("rnn_step",), "Σ′ δ, Σ′ ≠ Σ", computes=_step_bias),
        Way(("dense",), "Σ′ δ, Σ′ ≠ Σ", computes=_bias_sums),
    )),
)  # fmt: skip
"""The table. Of those below 100, names and sources are in the table of networks, but for 41, which is of dropout."""

EVERY_MISTAKE: dict[int, Mistake] = {
    **{row.number: Mistake(row.number, "G", row.source) for row in LAYER_MISTAKES if row.source},
    **NUMBERED,
}
"""Every mistake that can be named, by its number."""
