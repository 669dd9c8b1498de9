"""Random layers of every kind, and PyTorch's own layer beside each: inputs, options and numbers follow from a seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

import chainrule as cr
from chainrule.engines.written import written_program
from chainrule.network.layers import Layer
from chainrule.network.network import Network

Tensor = torch.Tensor
FLOOR = 1e-14


@dataclass(frozen=True)
class Twin:
    """A layer on its inputs, and the same by PyTorch.

    inputs   by name, as a network takes them
    layer    the layer, called on all inputs in their order
    by_hand  from its parameters (p.W …) and the inputs to what it gives
    numbers  of inputs that are not drawn: masks, tokens
    rows     examples of the batch
    rounded  whether numbers are drawn with one decimal, so that there are ties
    """

    inputs: Mapping[str, Any]
    layer: Layer
    by_hand: Callable[..., Tensor]
    numbers: Mapping[str, np.ndarray] = field(default_factory=dict)
    rows: int = 2
    rounded: bool = False


def near(ours: Any, theirs: Any, what: str, tolerance: float = 1e-9, terms: float = 1.0) -> None:
    """Equal to 1e-9 of the largest magnitude, or to 1e-14 of the terms that it is a sum of, where these may cancel."""
    theirs = theirs.detach().numpy() if isinstance(theirs, Tensor) else np.asarray(theirs)
    ours = np.asarray(ours).reshape(theirs.shape)
    off, allowed = float(np.abs(ours - theirs).max(initial=0)), tolerance * float(np.abs(theirs).max(initial=0)) + FLOOR * max(1.0, terms)
    assert off <= allowed, f"{what} is off by {off:g}, {allowed:g} is allowed"


def with_numbers(twin: Twin, seed: int) -> tuple[Network, dict[str, np.ndarray], np.random.Generator]:
    """A network of the layer with numbers, inputs for it, and what draws further ones."""
    random = np.random.default_rng((seed, 1))
    drawn = [name for name in twin.inputs if name not in twin.numbers]
    network = Network(twin.inputs, twin.layer.__call__, loss="upstream", gradients=drawn)
    parameters = {key: random.normal(0, 0.7, shape) for key, shape in network.shapes.items()}
    network = network.with_parameters(parameters)
    shapes = {node.key: (twin.rows, *map(int, node.shape[1:])) for node in network.derivation.inputs}
    x = {name: random.normal(size=shape) for name, shape in shapes.items()} | dict(twin.numbers)
    if twin.rounded:
        x = {name: np.round(2 * array) / 2 for name, array in x.items()}
    return network, x, random


def compare(twin: Twin, seed: int) -> None:
    """What the layer gives, and the gradients by every parameter and input, here and in PyTorch; and the NumPy program's."""
    network, x, random = with_numbers(twin, seed)
    drawn, parameters = network.asked, network.parameters
    tensors = {key[:-1]: torch.tensor(value, requires_grad=True) for key, value in parameters.items()}  # W1 is W
    inputs = {name: torch.tensor(x[name], requires_grad=name in drawn) for name in twin.inputs}
    theirs = twin.by_hand(SimpleNamespace(**tensors), *inputs.values())
    g = random.normal(size=tuple(theirs.shape))
    step = network.step({name: array.reshape(twin.rows, -1) for name, array in x.items()}, upstream=g.reshape(twin.rows, -1))
    if theirs.requires_grad:
        theirs.backward(torch.tensor(g))
    near(step.prediction, theirs, "the value")
    # The keys' bias of an attention has the gradient 0, which is a sum of what other gradients are made of.
    terms = max((float(tensor.grad.abs().max()) for tensor in tensors.values() if tensor.grad is not None and tensor.numel()), default=1.0)
    for key, tensor in tensors.items():
        known = torch.zeros_like(tensor) if tensor.grad is None else tensor.grad
        near(step.gradients[f"{key}1"], known, f"the gradient of {key}", terms=terms)
    for name in drawn:
        grad = inputs[name].grad
        near(step.gradients[name], np.zeros(x[name].shape) if grad is None else grad, f"the gradient of {name}")
    program = written_program(network)
    found = program.step(*network.split(step.x, step.t).values(), *network.parameters.values())
    E, *new = found if isinstance(found, tuple) else (found,)
    near(E, step.error, "E of the program")
    for key, array in zip(network.parameters, new, strict=True):
        near(array, step.new_parameters[key], f"{key} of the program")
    again = cr.network_from(cr.described(network))
    assert again == network


# Images and sequences


def first(x: Tensor) -> Tensor:
    """Channels first, as PyTorch has them."""
    return x.movedim(-1, 1)


def last(x: Tensor) -> Tensor:
    """Channels last."""
    return x.movedim(1, -1)


def _pick(random: np.random.Generator, *values: Any) -> Any:
    return values[int(random.integers(len(values)))]


def _each(random: np.random.Generator, axes: int, low: int, high: int) -> Any:
    """One number for all axes, or one for each."""
    several = [int(random.integers(low, high + 1)) for _ in range(axes)]
    return several if random.integers(2) else several[0]


def _all(value: Any, axes: int) -> list[int]:
    return list(value) if isinstance(value, list) else [value] * axes


def _input(places: Sequence[int], channels: int) -> Any:
    return cr.image(*places, channels) if len(places) == 2 else cr.sequence(places[0], channels)


def conv(seed: int) -> Twin:
    """1-D and 2-D; strides above the window, gaps, padding, groups, depthwise, windows of one place."""
    random = np.random.default_rng(seed)
    axes, groups = int(random.integers(1, 3)), int(_pick(random, 1, 1, 2, 3))
    size, gap, stride = _each(random, axes, 1, 3), _each(random, axes, 1, 2), _each(random, axes, 1, 4)
    padding = _pick(random, 0, 1, 2, "valid", "same")
    own, units = int(random.integers(1, 3)), groups * int(random.integers(1, 3))
    if random.integers(3) == 0:
        own = 1
    reach = [(k - 1) * d + 1 for k, d in zip(_all(size, axes), _all(gap, axes), strict=True)]
    places = [max(1, r - (2 * padding if isinstance(padding, int) else 0)) + int(random.integers(0, 4)) for r in reach]
    bias = bool(random.integers(3))
    layer = cr.conv(units, size, stride, padding, gap, groups, bias=bias)

    def by_hand(p: Any, x: Tensor) -> Tensor:
        W = p.W.movedim(-1, 0).movedim(-1, 1).contiguous()  # which PyTorch's own backward pass asks for at some sizes
        z = first(x)
        steps, gaps, own_padding = _all(stride, axes), _all(gap, axes), [0] * axes
        if padding == "same":
            for axis in range(axes):
                lacking = max(0, (-(-places[axis] // steps[axis]) - 1) * steps[axis] + reach[axis] - places[axis])
                pad = [0] * (2 * axes)
                pad[2 * (axes - 1 - axis)], pad[2 * (axes - 1 - axis) + 1] = lacking // 2, lacking - lacking // 2
                z = F.pad(z, pad)
        elif isinstance(padding, int):
            own_padding = [padding] * axes
        f = F.conv1d if axes == 1 else F.conv2d
        return last(f(z, W, p.b if bias else None, steps, own_padding, gaps, groups))

    return Twin({"x": _input(places, own * groups)}, layer, by_hand, rows=int(random.integers(1, 4)))


def conv_transpose(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    axes = int(random.integers(1, 3))
    size, gap, stride = _each(random, axes, 1, 3), _each(random, axes, 1, 2), _each(random, axes, 1, 3)
    extra = [int(random.integers(0, max(s, d))) for s, d in zip(_all(stride, axes), _all(gap, axes), strict=True)]
    places, channels, units = [int(random.integers(1, 4)) for _ in range(axes)], int(random.integers(1, 3)), int(random.integers(1, 4))
    full = [
        (n - 1) * s + (k - 1) * d + 1 + e
        for n, s, k, d, e in zip(places, _all(stride, axes), _all(size, axes), _all(gap, axes), extra, strict=True)
    ]
    padding = 1 if min(full) > 2 and random.integers(2) else 0
    layer = cr.conv_transpose(units, size, stride, padding, extra, gap)

    def by_hand(p: Any, x: Tensor) -> Tensor:
        f = F.conv_transpose1d if axes == 1 else F.conv_transpose2d
        W = p.W.movedim(-1, 1)
        return last(f(first(x), W, p.b, _all(stride, axes), [padding] * axes, extra, 1, _all(gap, axes)))

    return Twin({"x": _input(places, channels)}, layer, by_hand)


def max_pool(seed: int) -> Twin:
    """Windows side by side and overlapping, with ties, padding, gaps."""
    random = np.random.default_rng(seed)
    axes = int(random.integers(1, 3))
    size = _each(random, axes, 1, 3)
    stride = _pick(random, None, None, 1, 2, 4)
    gap = _pick(random, 1, 1, 2)
    padding = min(_all(size, axes)) // 2 if random.integers(2) else 0
    places = [max(1, (k - 1) * gap + 1 - padding) + int(random.integers(0, 4)) for k in _all(size, axes)]
    layer = cr.max_pool(size, stride, padding, gap)

    def by_hand(p: Any, x: Tensor) -> Tensor:
        f = F.max_pool1d if axes == 1 else F.max_pool2d
        return last(f(first(x), _all(size, axes), stride, padding, gap))

    return Twin({"x": _input(places, int(random.integers(1, 3)))}, layer, by_hand, rounded=bool(random.integers(2)))


def average_pool(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    axes = int(random.integers(1, 3))
    size, stride = _each(random, axes, 1, 3), _pick(random, None, None, 1, 2, 4)
    padding = min(_all(size, axes)) // 2 if random.integers(2) else 0
    places = [max(1, k - 2 * padding) + int(random.integers(0, 4)) for k in _all(size, axes)]

    def by_hand(p: Any, x: Tensor) -> Tensor:
        f = F.avg_pool1d if axes == 1 else F.avg_pool2d
        return last(f(first(x), _all(size, axes), stride, padding))

    return Twin({"x": _input(places, int(random.integers(1, 3)))}, cr.average_pool(size, stride, padding), by_hand)


def adaptive_pool(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    axes, kind = int(random.integers(1, 3)), _pick(random, "average", "max")
    wanted = [int(random.integers(1, 4)) for _ in range(axes)]
    places = [int(random.integers(1, 7)) for _ in range(axes)]
    f = {(1, "average"): F.adaptive_avg_pool1d, (2, "average"): F.adaptive_avg_pool2d}.get((axes, kind))
    g = F.adaptive_max_pool1d if axes == 1 else F.adaptive_max_pool2d
    return Twin(
        {"x": _input(places, 2)},
        cr.adaptive_pool(wanted, kind),
        lambda p, x: last((f or g)(first(x), wanted if axes == 2 else wanted[0])),
        rounded=bool(random.integers(2)),
    )


def global_pool(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    axes, kind = int(random.integers(1, 3)), _pick(random, "average", "max")
    over = tuple(range(1, axes + 1))
    places = [int(random.integers(1, 4)) for _ in range(axes)]

    def by_hand(p: Any, x: Tensor) -> Tensor:
        return x.mean(over) if kind == "average" else x.flatten(1, -2).max(1).values

    return Twin({"x": _input(places, 3)}, cr.global_pool(kind), by_hand, rounded=bool(random.integers(2)))


def flatten(seed: int) -> Twin:
    return Twin({"x": cr.image(2, 3, 1 + seed % 2)}, cr.flatten(), lambda p, x: x.flatten(1))


def reshape(seed: int) -> Twin:
    shape = [[2, 3], [3, 2, 1], [6], [1, 6]][seed % 4]
    return Twin({"x": 6}, cr.reshape(shape), lambda p, x: x.reshape(len(x), *shape))


def permute(seed: int) -> Twin:
    order = [[1, 2, 3], [3, 1, 2], [2, 1, 3], [3, 2, 1]][seed % 4]
    return Twin({"x": cr.image(2, 3, 4)}, cr.permute(order), lambda p, x: x.permute(0, *order))


def split(seed: int) -> Twin:
    parts, axis = (2, -1) if seed % 2 else (3, 1)
    take = 1 + seed % parts
    return Twin({"x": cr.sequence(3, 4)}, cr.split(parts, take, axis), lambda p, x: x.chunk(parts, axis)[take - 1])


# Normalisation


def batch_norm(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    axes, scale = int(random.integers(0, 3)), bool(random.integers(3))
    extent = 3 if not axes else _input([int(random.integers(1, 4)) for _ in range(axes)], 3)

    def by_hand(p: Any, x: Tensor) -> Tensor:
        z = first(x) if axes else x
        z = F.batch_norm(z, None, None, p.gamma if scale else None, p.shift if scale else None, training=True)
        return last(z) if axes else z

    return Twin({"x": extent}, cr.batch_norm(scale=scale), by_hand, rows=int(random.integers(2, 5)))


def layer_norm(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    axes, scale = int(random.integers(0, 3)), bool(random.integers(3))
    channels = int(random.integers(2, 5))
    extent = channels if not axes else _input([int(random.integers(1, 4)) for _ in range(axes)], channels)
    return Twin(
        {"x": extent}, cr.layer_norm(scale=scale), lambda p, x: F.layer_norm(x, x.shape[-1:], *((p.gamma, p.shift) if scale else ()))
    )


def rms_norm(seed: int) -> Twin:
    scale = bool(seed % 3)
    return Twin(
        {"x": cr.sequence(2, 3)}, cr.rms_norm(scale=scale), lambda p, x: F.rms_norm(x, x.shape[-1:], p.gamma if scale else None, 1e-5)
    )


def group_norm(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    groups, scale, axes = int(random.integers(1, 4)), bool(random.integers(3)), int(random.integers(1, 3))
    places = [int(random.integers(2, 4)) for _ in range(axes)]
    return Twin(
        {"x": _input(places, 2 * groups)},
        cr.group_norm(groups, scale=scale),
        lambda p, x: last(F.group_norm(first(x), groups, *((p.gamma, p.shift) if scale else ()))),
    )


def instance_norm(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    scale, axes = bool(random.integers(2)), int(random.integers(1, 3))
    places = [int(random.integers(2, 4)) for _ in range(axes)]
    return Twin(
        {"x": _input(places, 3)},
        cr.instance_norm(scale=scale),
        lambda p, x: last(F.instance_norm(first(x), weight=p.gamma if scale else None, bias=p.shift if scale else None)),
    )


def dropout(seed: int) -> Twin:
    """With a mask that is given."""
    random = np.random.default_rng(seed)
    rate, kept = _pick(random, 0.5, 0.25, 0.0), random.integers(0, 2, (2, 4)).astype(float)
    return Twin({"x": 4, "m": 4}, cr.dropout(rate), lambda p, x, m: x * m / (1 - rate), {"m": kept})


# Sequences


def _recurrent(seed: int, kind: str) -> Twin:
    random = np.random.default_rng(seed)
    length, features, units, rows = (int(random.integers(1, high)) for high in (5, 4, 4, 4))
    states, reverse, bias = bool(random.integers(2)), bool(random.integers(2)), bool(random.integers(3))
    both = kind == "bidirectional"
    cell = str(_pick(random, "rnn", "lstm", "gru")) if both else kind
    activation = str(_pick(random, "tanh", "relu")) if kind == "rnn" else "tanh"
    options: dict[str, Any] = {"cell": cell} if both else {"reverse": reverse}
    layer = getattr(cr, kind)(units, states=states, bias=bias, **options, **({"activation": activation} if kind == "rnn" else {}))
    lengths = random.integers(0, length + 1, rows)
    mask = (np.arange(length) < lengths[:, None]).astype(float) if random.integers(2) else None

    def run(p: Any, x: Tensor, suffix: str, backwards: bool) -> Tensor:
        made: Any = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
        module = made(features, units, batch_first=True, dtype=torch.float64, **({"nonlinearity": activation} if cell == "rnn" else {}))
        W, U, b, c = (getattr(p, letter + suffix, None) for letter in "WUbc")
        zeros = x.new_zeros(W.shape[1])
        hidden = zeros if c is None else torch.cat([zeros[: 2 * units], c])
        own = {"weight_ih_l0": W.T, "weight_hh_l0": U.T, "bias_ih_l0": zeros if b is None else b, "bias_hh_l0": hidden}
        outputs = []
        for row, stop in zip(x, lengths if mask is not None else [length] * rows, strict=True):  # each sequence by itself, to its end
            inside = row[:stop].flip(0) if backwards else row[:stop]
            found = torch.func.functional_call(module, own, (inside[None],))[0][0] if stop else x.new_zeros((0, units))
            if backwards:
                rest = x.new_zeros((length - int(stop), units))
                outputs.append(torch.cat([found.flip(0), rest]) if states else found[-1] if stop else x.new_zeros(units))
            else:
                end = found[-1:] if stop else x.new_zeros((1, units))
                outputs.append(torch.cat([found, end.expand(length - int(stop), units)]) if states else end[0])
        return torch.stack(outputs)

    def by_hand(p: Any, x: Tensor, m: Tensor | None = None) -> Tensor:
        if both:
            return torch.cat([run(p, x, "", False), run(p, x, "b", True)], -1)
        return run(p, x, "", reverse)

    inputs: dict[str, Any] = {"x": cr.sequence(length, features)}
    if mask is None:
        return Twin(inputs, layer, by_hand, rows=rows)
    return Twin({**inputs, "m": length}, layer, by_hand, {"m": mask}, rows=rows)


def rnn(seed: int) -> Twin:
    return _recurrent(seed, "rnn")


def lstm(seed: int) -> Twin:
    return _recurrent(seed, "lstm")


def gru(seed: int) -> Twin:
    return _recurrent(seed, "gru")


def bidirectional(seed: int) -> Twin:
    return _recurrent(seed, "bidirectional")


def step(seed: int) -> Twin:
    time = [1, 3, -1, -3][seed % 4]
    return Twin({"x": cr.sequence(3, 2)}, cr.step(time), lambda p, x: x[:, time - 1 if time > 0 else time])


def embedding(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    vocabulary, length = int(random.integers(1, 5)), int(random.integers(1, 5))
    words = random.integers(0, vocabulary, (3, length)).astype(float)
    return Twin(
        {"x": cr.tokens(length, vocabulary)},
        cr.embedding(int(random.integers(1, 4)), vocabulary),
        lambda p, x: F.embedding(x.long(), p.T),
        {"x": words},
        rows=3,
    )


# Attention


def _seen(random: np.random.Generator, rows: int, length: int, places: int) -> np.ndarray | None:
    """A mask of one of both kinds, of which a row may be empty; or none."""
    kind = int(random.integers(3))
    if kind == 0:
        return None
    return random.integers(0, 2, (rows, places) if kind == 1 else (rows, length, places)).astype(float)


def _safe(q: Tensor, k: Tensor, v: Tensor, causal: bool, mask: Tensor | None) -> Tensor:
    """PyTorch's own product; rows that may look at nothing are taken out before, since their gradients would be NaN."""
    length, places = q.shape[-2], k.shape[-2]
    seen = torch.ones(*q.shape[:-1], places, dtype=torch.bool)
    if causal:
        seen = seen & torch.ones(length, places, dtype=torch.bool).tril(places - length)
    if mask is not None:
        seen = seen & ((mask[:, None, None] if mask.ndim == 2 else mask[:, None]) > 0)
    empty = ~seen.any(-1, keepdim=True)
    found = F.scaled_dot_product_attention(q, k, v, attn_mask=seen | empty)
    return torch.where(empty, torch.zeros_like(found), found)


def attention(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    rows, length, d, features = (int(random.integers(1, 4)) for _ in range(4))
    causal = bool(seed // 2 % 2)  # of the few seeds that are always looked at, one
    places = length + int(random.integers(0, 3))
    mask = _seen(random, rows, length, places)
    inputs: dict[str, Any] = {"x": cr.sequence(length, d), "v": cr.sequence(places, d), "w": cr.sequence(places, features)}
    numbers = {}
    if mask is not None:
        inputs["m"] = places if mask.ndim == 2 else cr.sequence(length, places)
        numbers["m"] = mask

    def by_hand(p: Any, q: Tensor, k: Tensor, v: Tensor, m: Tensor | None = None) -> Tensor:
        return _safe(q[:, None], k[:, None], v[:, None], causal, m)[:, 0]

    return Twin(inputs, cr.attention(causal=causal), by_hand, numbers, rows=rows)


def _heads(x: Tensor, heads: int) -> Tensor:
    return x.reshape(*x.shape[:2], heads, -1).transpose(1, 2)


def _linear(p: Any, x: Tensor, letter: str) -> Tensor:
    z = x @ getattr(p, f"W{letter}")
    return z + getattr(p, f"b{letter}") if hasattr(p, f"b{letter}") else z


def _multi_head(p: Any, x: Tensor, memory: Tensor, heads: int, causal: bool, mask: Tensor | None, rotary: bool = False) -> Tensor:
    q, k, v = _heads(_linear(p, x, "Q"), heads), _heads(_linear(p, memory, "K"), heads), _heads(_linear(p, memory, "V"), heads)
    if rotary:
        q, k = _turned(q), _turned(k)
    return _linear(p, _safe(q, k, v, causal, mask).transpose(1, 2).flatten(2), "O")


def _turned(x: Tensor) -> Tensor:
    """As complex numbers times e^iθ."""
    length, features = x.shape[-2:]
    theta = torch.arange(length, dtype=x.dtype)[:, None] * 10000 ** (-torch.arange(0, features, 2, dtype=x.dtype) / features)
    turned = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2).contiguous()) * torch.polar(torch.ones_like(theta), theta)
    return torch.view_as_real(turned).flatten(-2)


def multi_head_attention(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    heads, rows, length = (int(random.integers(1, 4)) for _ in range(3))
    features, bias, rotary = 2 * heads, bool(random.integers(3)), bool(random.integers(2))
    causal, cross = bool(seed // 2 % 2), bool(random.integers(2))
    places = length + int(random.integers(0, 3)) if cross else length
    mask = _seen(random, rows, length, places)
    inputs: dict[str, Any] = {"x": cr.sequence(length, features)}
    numbers = {}
    if cross or mask is not None:
        inputs["v"] = cr.sequence(places, 3 if cross else features)
    if mask is not None:
        inputs["m"] = places if mask.ndim == 2 else cr.sequence(length, places)
        numbers["m"] = mask

    def by_hand(p: Any, x: Tensor, memory: Tensor | None = None, m: Tensor | None = None) -> Tensor:
        return _multi_head(p, x, x if memory is None else memory, heads, causal, m, rotary)

    return Twin(inputs, cr.multi_head_attention(heads, causal, bias, rotary), by_hand, numbers, rows=rows)


def sinusoidal_position(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    length, features = int(random.integers(1, 30)), int(random.integers(1, 7))

    def by_hand(p: Any, x: Tensor) -> Tensor:
        table = np.zeros((length, features))
        for t in range(length):
            for j in range(features):
                angle = t / 10000 ** (2 * (j // 2) / features)
                table[t, j] = math.cos(angle) if j % 2 else math.sin(angle)
        return x + torch.tensor(table)

    return Twin({"x": cr.sequence(length, features)}, cr.sinusoidal_position(), by_hand)


def learned_position(seed: int) -> Twin:
    return Twin({"x": cr.sequence(1 + seed % 4, 3)}, cr.learned_position(), lambda p, x: x + p.P)


def rotary_position(seed: int) -> Twin:
    return Twin({"x": cr.sequence(1 + seed % 5, 2 + 2 * (seed % 3))}, cr.rotary_position(), lambda p, x: _turned(x))


def transformer_block(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    heads, length, rows = (int(random.integers(1, 4)) for _ in range(3))
    features, before, causal, rotary = 2 * heads, bool(random.integers(2)), bool(random.integers(2)), bool(random.integers(2))
    activation = str(_pick(random, "gelu", "relu"))
    f = {"gelu": F.gelu, "relu": F.relu}[activation]
    mask = random.integers(0, 2, (rows, length)).astype(float) if random.integers(2) else None

    def by_hand(p: Any, x: Tensor, m: Tensor | None = None) -> Tensor:
        def norm(signal: Tensor, place: str) -> Tensor:
            return F.layer_norm(signal, (features,), getattr(p, f"gamma{place}"), getattr(p, f"shift{place}"))

        def think(signal: Tensor) -> Tensor:
            return f(signal @ p.W + p.b) @ p.U + p.d

        if before:
            signal = norm(x, "a")
            h = x + _multi_head(p, signal, signal, heads, causal, m, rotary)
            return h + think(norm(h, "b"))
        h = norm(x + _multi_head(p, x, x, heads, causal, m, rotary), "a")
        return norm(h + think(h), "b")

    layer = cr.transformer_block(heads, int(random.integers(2, 6)), activation, causal, before, rotary)
    inputs: dict[str, Any] = {"x": cr.sequence(length, features)}
    if mask is None:
        return Twin(inputs, layer, by_hand, rows=rows)
    return Twin({**inputs, "m": length}, layer, by_hand, {"m": mask}, rows=rows)


# Gates


def glu(seed: int) -> Twin:
    activation = ["sigmoid", "silu", "gelu"][seed % 3]
    f = {"sigmoid": torch.sigmoid, "silu": F.silu, "gelu": F.gelu}[activation]
    extent = cr.sequence(2, 3) if seed % 2 else 3
    return Twin({"x": extent}, cr.glu(4, activation), lambda p, x: (x @ p.W + p.b) * f(x @ p.V + p.c))


def highway(seed: int) -> Twin:
    activation = ["relu", "tanh"][seed % 2]
    f = {"relu": torch.relu, "tanh": torch.tanh}[activation]

    def by_hand(p: Any, x: Tensor) -> Tensor:
        T = torch.sigmoid(x @ p.U + p.c)
        return T * f(x @ p.W + p.b) + (1 - T) * x

    return Twin({"x": cr.sequence(2, 3) if seed % 3 else 3}, cr.highway(activation), by_hand)


def squeeze_excite(seed: int) -> Twin:
    random = np.random.default_rng(seed)
    places = [int(random.integers(1, 4)) for _ in range(int(random.integers(1, 3)))]
    over = tuple(range(1, 1 + len(places)))

    def by_hand(p: Any, x: Tensor) -> Tensor:
        s = torch.sigmoid(torch.relu(x.mean(over) @ p.W + p.b) @ p.V + p.c)
        return x * s.reshape(len(x), *([1] * len(places)), -1)

    return Twin({"x": _input(places, 3)}, cr.squeeze_excite(2), by_hand)


# Two signals


def subtract(seed: int) -> Twin:
    extent = cr.sequence(2, 3) if seed % 2 else 3
    return Twin({"x": extent, "v": extent}, cr.subtract(), lambda p, x, v: x - v)


def distance(seed: int) -> Twin:
    squared = bool(seed % 2)

    def by_hand(p: Any, x: Tensor, v: Tensor) -> Tensor:
        apart = torch.linalg.vector_norm((x - v).flatten(1), dim=1, keepdim=True)
        return apart**2 if squared else apart

    extent = cr.sequence(2, 3) if seed % 4 > 1 else 3
    return Twin({"x": extent, "v": extent}, cr.distance(squared=squared), by_hand)


TWINS: dict[str, Callable[[int], Twin]] = {
    made.__name__: made
    for made in (
        *(conv, conv_transpose, max_pool, average_pool, adaptive_pool, global_pool, flatten, reshape, permute, split),
        *(batch_norm, layer_norm, rms_norm, group_norm, instance_norm, dropout),
        *(rnn, lstm, gru, bidirectional, step, embedding),
        *(attention, multi_head_attention, sinusoidal_position, learned_position, rotary_position, transformer_block),
        *(glu, highway, squeeze_excite, subtract, distance),
    )
}
