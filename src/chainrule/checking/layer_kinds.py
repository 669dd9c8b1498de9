"""The layers that a check looks for: what each gives, what people call its arrays, how they lay them out, and what it is tried on."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.frozen import replace
from chainrule.checking.layer_names import ATTENDED, FROM_ZERO, LONG, MEMORY, PROJECTED, RECURRENT, RESET, SCALE, TOKENS, WEIGHTED, X
from chainrule.checking.layer_probes import SIZES, LayerKind, LetterOwner, Probing, Writing
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.formula.stated import held
from chainrule.network.attention import heads_of, looked_at
from chainrule.network.definitions import find
from chainrule.network.layers import kind_of_layer
from chainrule.network.recurrence import as_sequence, at_step, cell_of

Build: TypeAlias = "Callable[[LetterOwner], tuple[Expression, ...]]"

# What each layer gives


def _layer(name: str) -> Build:
    return lambda own: (own.named("y", kind_of_layer(name).function(own, own.letters["x"], **own.options)),)


def _step(name: str) -> Build:
    def build(own: LetterOwner) -> tuple[Expression, ...]:
        x = own.letters["x"]
        units = int(own.letters["U"].shape[0])
        step = cell_of(name, units, bias=True)(own, p.reshape(x, sizes=(x.shape[0], 1, x.shape[1])))
        return step(0, tuple(own.letters[state] for state in ("h", "c") if state in own.letters))

    return build


def _sequence(name: str) -> Build:
    def build(own: LetterOwner) -> tuple[Expression, ...]:
        x, units = own.letters["x"], int(own.letters["U"].shape[0])
        step = cell_of(name, units, bias=True)(own, x)
        nothing = held(at_step(x, 0) @ p.part(own.letters["W"], axis=1, start=0, stop=units)) * 0
        state = (own.letters.get("h", nothing), nothing)[: 2 if name == "lstm" else 1]
        found = []
        for place in range(int(x.shape[1])):
            state = step(place, tuple(own.named(f"{symbol}_on", one, place + 1) for symbol, one in zip("hc", state, strict=False)))
            found.append(state[0])
        return (as_sequence(found),)

    return build


def _cell_of_gates(own: LetterOwner) -> tuple[Expression, ...]:
    """One step of an LSTM where every gate has a matrix of its own, for (h⟨t−1⟩, x) one below the other."""
    units = int(own.letters["h"].shape[1])
    whole = p.join(*(own.letters[f"W{gate}"] for gate in "ifco"), axis=1)
    U, W = (p.part(whole, axis=0, start=start, stop=stop) for start, stop in ((0, units), (units, int(whole.shape[0]))))
    own.letters = {**own.letters, "U": U, "W": W, "b": p.join(*(own.letters[f"b{gate}"] for gate in "ifco"), axis=0)}
    return _step("lstm")(own)


def _gru_step(own: LetterOwner, x: Expression, h: Expression, time: int, *, before: bool, takes: bool) -> Expression:
    """One step of a gated recurrent unit, with gates in the order r, z, n, in one of the four ways in which people write it.

    before  n = tanh(x Wₙ + (r ⊙ h) Uₙ + bₙ): r stands before the product; else n = tanh(x Wₙ + bₙ + r ⊙ (h Uₙ + dₙ)), as `gru` has it
    takes   h⟨t⟩ = (1 − z) ⊙ h⟨t−1⟩ + z ⊙ n; else h⟨t⟩ = (1 − z) ⊙ n + z ⊙ h⟨t−1⟩, as `gru` has it

    Source: Cho et al. (2014), Learning phrase representations using RNN encoder-decoder; Chung et al. (2014), Empirical evaluation of
    gated recurrent neural networks, section 3.2.
    """
    units = int(own.letters["U"].shape[0])

    def block(array: Expression, gate: int) -> Expression:
        return p.part(array, axis=len(array.shape) - 1, start=gate * units, stop=(gate + 1) * units)

    W, U, b = (own.named(f"{letter}_on", own.letters[letter], time) for letter in "WUb")
    a = own.named("a", x @ W + b, time)
    s = h @ U + own.letters["d"] if "d" in own.letters else h @ U
    r, z = (own.named(name, p.sigmoid(block(a, gate) + block(s, gate)), time) for gate, name in enumerate("rz"))
    back = own.named("k", r * h, time) @ block(U, 2) if before else own.named("k", r * block(s, 2), time)
    n = own.named("n", p.tanh(block(a, 2) + back), time)
    old = own.named("o", (1 - z if takes else z) * h, time)
    return own.named("h", old + (z if takes else 1 - z) * n, time)


def _gru(*, before: bool, takes: bool, sequence: bool = False, stacked_on: str = "") -> Build:
    """The same over a sequence, or one step; with gates that have parameters of their own, and these stacked, h or x first."""

    def build(own: LetterOwner) -> tuple[Expression, ...]:
        x = own.letters["x"]
        if "Wr" in own.letters:
            W, U = (p.join(*(own.letters[f"{letter}{gate}"] for gate in "rzn"), axis=1) for letter in ("W", "W" if stacked_on else "U"))
            if stacked_on:
                width, units = int(W.shape[0]), int(own.letters["h"].shape[1])
                upper = units if stacked_on == "h" else width - units
                first, second = p.part(W, axis=0, start=0, stop=upper), p.part(W, axis=0, start=upper, stop=width)
                U, W = (first, second) if stacked_on == "h" else (second, first)
            own.letters = {**own.letters, "W": W, "U": U, "b": p.join(*(own.letters[f"b{gate}"] for gate in "rzn"), axis=0)}
        if not sequence:
            return (_gru_step(own, x, own.letters["h"], 1, before=before, takes=takes),)
        units = int(own.letters["U"].shape[0])
        state = own.letters.get("h", held(at_step(x, 0) @ p.part(own.letters["W"], axis=1, start=0, stop=units)) * 0)
        found = []
        for place in range(int(x.shape[1])):
            state = own.named("h_on", state, place + 1)
            state = _gru_step(own, at_step(x, place), state, place + 1, before=before, takes=takes)
            found.append(state)
        return (as_sequence(found),)

    return build


def _multi_head(own: LetterOwner) -> tuple[Expression, ...]:
    """Attention with products before it and one behind it, by the functions of `multi_head_attention`; q, k and v may be three signals."""
    if "W" in own.letters:  # the three products in one
        whole = {"W": own.letters["W"], **({"b": own.letters["b"]} if "b" in own.letters else {})}
        width = int(whole["W"].shape[1]) // 3
        parts = {
            f"{letter}{one}": p.part(array, axis=len(array.shape) - 1, start=place * width, stop=(place + 1) * width)
            for letter, array in whole.items()
            for place, one in enumerate("QKV")
        }
        own.letters = {**own.letters, **parts}
    given, heads = own.letters, own.options["heads"]
    q = given["x" if "x" in given else "q"]
    k = given.get("m", given.get("k", q))
    signals = {"Q": q, "K": k, "V": given.get("v", k)}

    def linear(signal: Expression, letter: str) -> Expression:
        z = signal @ given[f"W{letter}"]
        return z + given[f"b{letter}"] if f"b{letter}" in given else z

    flat = {letter: own.named(f"{letter}_flat", linear(signal, letter)) for letter, signal in signals.items()}
    Q, K, V = (own.named(letter, heads_of(one, heads)) for letter, one in flat.items())
    found = own.named("F", looked_at(own, Q, K, V, causal=own.options["causal"], mask=None))
    joined = found if heads == 1 else p.transpose(found, axes=(0, 2, 1, 3))
    together = own.named("C", p.reshape(joined, sizes=(*q.shape[:2], int(V.shape[1]) * int(V.shape[3]))))
    return (own.named("y", linear(together, "O") if "WO" in given else together),)


def _attention(own: LetterOwner) -> tuple[Expression, ...]:
    return (kind_of_layer("attention").function(own, own.letters["q"], own.letters["k"], own.letters["v"], **own.options),)


def _dropout(own: LetterOwner) -> tuple[Expression, ...]:
    return (own.named("y", own.letters["x"] * held(own.letters["mask"])),)


def _elementwise(activation: str) -> Build:
    return lambda own: (own.named("y", find("activation", activation).apply(own.named("z", own.letters["x"]))),)


def _halves(own: LetterOwner) -> tuple[Expression, ...]:
    """A gated linear unit without parameters: one half of the features times σ of the other."""
    x = own.letters["x"]
    half = int(x.shape[-1]) // 2
    left, right = (own.named(name, p.part(x, axis=1, start=start, stop=start + half)) for name, start in (("l", 0), ("z_g", half)))
    return (own.named("y", left * own.named("g", p.sigmoid(right))),)


def _softmax(own: LetterOwner) -> tuple[Expression, ...]:
    return (own.named("A", p.softmax(own.letters["x"], axis=1)),)


# What it is tried on


def _scaled(shape: tuple[int, ...], **options: Any) -> Probing:
    known: dict[str, Any] = {
        "mode": "train",
        "train_flg": True,
        "training": True,
        "train": True,
        "is_training": True,
        "eps": 1e-5,
        "epsilon": 1e-5,
    }
    known |= {
        **dict.fromkeys(("momentum", "decay"), 0.9),
        **{key: options["groups"] for key in ("G", "groups", "num_groups") if "groups" in options},
    }
    known |= dict.fromkeys(
        ("dim", "num_features", "features", "n_features", "size", "D", "input_dim", "channels", "num_channels"), shape[-1]
    )
    known[SIZES] = [shape[-1]]
    shapes = {"x": shape, "gamma": shape[-1:], "shift": shape[-1:]}
    return Probing(shapes, {"epsilon": 1e-5, **options}, known)


def _convolved(x: tuple[int, ...], W: tuple[int, ...], stride: int, pad: int) -> Probing:
    """Of a convolution with 2 channels and 4 units, or its transpose: the shapes of x and W."""
    known: dict[str, Any] = {
        **dict.fromkeys(("stride", "strides", "s"), stride),
        **dict.fromkeys(("pad", "padding", "p"), pad),
        "output_padding": 0,
    }
    known |= {"in_channels": 2, "out_channels": 4, "num_filters": 4, **dict.fromkeys(("kernel_size", "filter_size", "k"), 3)}
    known[SIZES] = [2, 4, 3, stride, pad]
    options = {"units": 4, "size": 3, "stride": stride, "padding": pad, "activation": "identity"}
    return Probing({"x": x, "W": W, "b": (4,)}, options, known)


def _dense(rows: int, inputs: int, units: int, *places: int) -> Probing:
    known: dict[str, Any] = dict.fromkeys(("in_features", "input_size", "n_in", "input_dim", "inputs", "n_inputs", "in_size"), inputs)
    known |= dict.fromkeys(("out_features", "output_size", "n_out", "output_dim", "units", "n_neurons", "n_units", "out_size"), units)
    known[SIZES] = [inputs, units]
    shapes = {"x": (rows, *places, inputs), "W": (inputs, units), "b": (units,)}
    return Probing(shapes, {"units": units, "activation": "identity"}, known)


def _pooled(mode: str, rows: int, height: int, width: int, size: int, stride: int, *, whole: bool = False) -> Probing:
    known: dict[str, Any] = {"pool_height": size, "pool_width": size, "pool_h": size, "pool_w": size, "f": size, "pool_size": size}
    known |= {"size": size, "kernel_size": size, "k": size, "stride": stride, "strides": stride, "s": stride, "mode": mode, "pad": 0}
    return Probing({"x": (rows, height, width, 2)}, {"size": size, "stride": stride}, known, whole)


def _recurrent(rows: int, length: int, features: int, units: int, gates: int, *, given: bool = True) -> Probing:
    """Of one step where length is 0; given: whether the state before the first step is."""
    shapes: dict[str, tuple[int, ...]] = {"x": (rows, length, features) if length else (rows, features)}
    if given:
        shapes["h"] = (rows, units)
    if gates == 4 and not length:
        shapes["c"] = (rows, units)
    further: dict[str, Any] = {
        "Wya": np.zeros((2, units)).tolist(),
        "by": np.zeros((2, 1)).tolist(),
    }  # of an output that some steps have besides
    further |= {"input_size": features, "hidden_size": units, "input_dim": features, "hidden_dim": units, SIZES: [features, units]}
    return Probing({**shapes, "W": (features, gates * units), "U": (units, gates * units), "b": (gates * units,)}, {}, further)


def _gated(rows: int, features: int, units: int) -> Probing:
    shapes: dict[str, tuple[int, ...]] = {"x": (rows, features), "h": (rows, units), "c": (rows, units)}
    shapes |= {one: (units + features, units) if one[0] == "W" else (units,) for one in OWN_GATES}
    return Probing(shapes, {}, {"Wy": np.zeros((2, units)).tolist(), "by": np.zeros((2, 1)).tolist()})


def _attending(rows: int, length: int, places: int, d: int, features: int, *, causal: bool = False) -> Probing:
    shapes = {"q": (rows, length, d), "k": (rows, places, d), "v": (rows, places, features)}
    known = {"d_k": d, "dk": d, "scale": 1 / math.sqrt(d), "causal": causal, "is_causal": causal}
    return Probing(shapes, {"causal": causal}, {**known, "mask": np.tril(np.ones((length, places))).tolist()} if causal else known)


# How people lay its arrays out


LAST = Writing("check.layers.last")
ROWS = Writing("check.layers.rows")
FLAT = (ROWS, Writing("check.layers.columns", {"x": (1, 0), "out": (1, 0)}, {"gamma": (-1, 1), "shift": (-1, 1)}))
_ACROSS = {"x": (1, 0), "out": (1, 0), "W": (1, 0)}
DENSE = (
    ROWS,
    Writing("check.layers.columns", _ACROSS, {"b": (-1, 1)}),
    Writing("check.layers.rows", {}, {"b": (1, -1)}),
    Writing("check.layers.units", {"W": (1, 0)}),
)
_TURNED = {"x": (0, 3, 1, 2), "out": (0, 3, 1, 2), "W": (3, 2, 0, 1)}
IMAGES = (
    Writing("check.layers.first", _TURNED),
    Writing("check.layers.last", {}, {"b": (1, 1, 1, -1)}),
    LAST,
    Writing("check.layers.first", _TURNED, dict.fromkeys(("gamma", "shift", "b"), (1, -1, 1, 1))),
    Writing("check.layers.first", _TURNED, {"b": (-1, 1)}),
)
_COLUMNS = dict.fromkeys(("h", "W", "U", "c"), (1, 0))
STEPS = (ROWS, Writing("check.layers.columns", {**_COLUMNS, "x": (1, 0)}, {"b": (-1, 1)}))
SEQUENCES = (
    ROWS,
    Writing("check.layers.columns", {**_COLUMNS, "x": (2, 0, 1), "out": (2, 0, 1)}, {"b": (-1, 1)}),
    Writing("check.layers.steps", {"x": (1, 0, 2), "out": (1, 0, 2)}),
)
OWN_GATES = tuple(f"{letter}{gate}" for letter in "Wb" for gate in "ifco")
"""Parameters of an LSTM whose gates have some each; c is what others call g."""

CELL = {**{key: LONG[key] for key in ("x", "h", "c")}, **{one: rf"{one[0]}_?{one[1]}" for one in OWN_GATES}}
CELLS = (
    Writing("check.layers.columns", dict.fromkeys(("x", "h", "c", *OWN_GATES[:4]), (1, 0)), dict.fromkeys(OWN_GATES[4:], (-1, 1))),
    ROWS,
)
GATES = ((0, 1, 3, 2), (1, 2, 0, 3), (0, 1, 2, 3), (1, 0, 2, 3), (1, 0, 3, 2))
_RESET_MATRICES = tuple(f"{letter}{gate}" for gate in "rzn" for letter in "WU")
RESETS = (
    ROWS,
    Writing(
        "check.layers.columns",
        dict.fromkeys(("x", "h", *_RESET_MATRICES), (1, 0)),
        {"br": (-1, 1), "bz": (-1, 1), "bn": (-1, 1)},
    ),
    Writing("check.layers.units", dict.fromkeys(_RESET_MATRICES, (1, 0))),
)
LINES = (
    Writing("check.layers.first.line", {"x": (0, 2, 1), "out": (0, 2, 1), "W": (2, 1, 0)}),
    Writing("check.layers.last.line"),
    Writing("check.layers.first.line", {"x": (0, 2, 1), "out": (0, 2, 1), "W": (2, 1, 0)}, {"b": (-1, 1)}),
)
ONE_LINE = (Writing("check.layers.line", {}, dict.fromkeys(("x", "W", "out"), ())),)
TRANSPOSED = (
    Writing("check.layers.first", {"x": (0, 3, 1, 2), "out": (0, 3, 1, 2), "W": (0, 3, 1, 2)}),
    Writing("check.layers.last", {"W": (1, 2, 3, 0)}),
    Writing("check.layers.last"),
    Writing("check.layers.first", {"x": (0, 3, 1, 2), "out": (0, 3, 1, 2), "W": (0, 3, 1, 2)}, {"b": (-1, 1)}),
)
POOLED_TO_ONE = (
    Writing("check.layers.first", {"x": (0, 3, 1, 2)}),
    Writing("check.layers.last"),
    Writing("check.layers.first", {"x": (0, 3, 1, 2)}, {"out": (0, 0, 1, 1)}),
    Writing("check.layers.last", {}, {"out": (0, 1, 1, -1)}),
)
HEADS = (ROWS, Writing("check.layers.units", {f"W{one}": (1, 0) for one in "QKVO"}))
ONE_HEAD = (Writing("check.layers.one", {}, dict.fromkeys(("x", "m", "q", "k", "v", "out"), ())),)


# The kinds


@cache
def layer_kinds() -> dict[str, LayerKind]:
    """The layers that are looked for, by their names."""
    images = (_scaled((3, 4, 5, 6), groups=3), _scaled((2, 3, 3, 4), groups=2))
    pools = {mode: (_pooled(mode, 3, 4, 6, 2, 2), _pooled(mode, 2, 5, 6, 3, 1)) for mode in ("max", "average")}
    long, longer = (_with_gates(writing, GATES) for writing in (STEPS[0], SEQUENCES[0]))
    # What takes no margin is none of the first, and what takes no stride, either, none of the second.
    convolved = (
        ("conv", ((3, 5, 7, (1, 1)), (2, 5, 7, (2, 1)), (2, 5, 6, (1, 0))), ""),
        ("conv_inside", ((2, 5, 7, (2, 0)), (3, 5, 6, (1, 0))), "conv"),
        ("conv_by_one", ((3, 5, 7, (1, 0)), (2, 4, 6, (1, 0))), "conv"),
    )
    order = ("shift", "gamma", "x")
    ties = _pooled("max", 3, 4, 6, 2, 2, whole=True)
    found = (
        LayerKind("batch_norm", _layer("batch_norm"), SCALE, order, (_scaled((7, 4)), _scaled((5, 3))), FLAT),
        LayerKind("layer_norm", _layer("layer_norm"), SCALE, order, (_scaled((7, 4)), _scaled((5, 3))), FLAT),
        LayerKind("batch_norm_images", _layer("batch_norm"), SCALE, order, (_scaled((3, 4, 5, 2)), _scaled((2, 3, 3, 4))), IMAGES),
        LayerKind("group_norm", _layer("group_norm"), SCALE, order, images, IMAGES),
        *(
            LayerKind(name, _layer("conv"), WEIGHTED, ("b", "W", "x"), tuple(
                _convolved((*sizes, 2), (3, 3, 2, 4), *steps) for *sizes, steps in images
            ), IMAGES, family="conv", words=words)
            for name, images, words in convolved
        ),
        LayerKind("max_pool", _layer("max_pool"), {"x": X}, ("x",), (*pools["max"], ties), IMAGES[::2]),
        LayerKind("average_pool", _layer("average_pool"), {"x": X}, ("x",), pools["average"], IMAGES[::2]),
        LayerKind("embedding", _layer("embedding"), TOKENS, ("T",), (
            Probing({"x": (3, 4), "T": (6, 3)}, {"units": 3, "vocabulary": 6}, {"vocab_size": 6, "embed_dim": 3, SIZES: [6, 3]}),
            Probing({"x": (9, 1), "T": (5, 4)}, {"units": 4, "vocabulary": 5}, {"vocab_size": 5, "embed_dim": 4, SIZES: [5, 4]}),
        ), (ROWS, Writing("check.layers.rows", {}, {"x": (-1,), "out": ()})), tokens=True),
        LayerKind("rnn_step", _step("rnn"), RECURRENT, ("b", "W", "U", "x", "h"), (
            _recurrent(4, 0, 3, 5, 1), _recurrent(3, 0, 5, 5, 1)
        ), STEPS, results=("h",)),
        LayerKind("rnn", _sequence("rnn"), RECURRENT, ("b", "W", "U", "x", "h"), (
            _recurrent(4, 3, 5, 2, 1), _recurrent(3, 4, 2, 2, 1)
        ), SEQUENCES),
        LayerKind("lstm_step", _step("lstm"), LONG, ("b", "W", "U", "x", "h", "c"), (
            _recurrent(4, 0, 3, 5, 4), _recurrent(3, 0, 4, 2, 4)
        ), long, results=("h", "c"), gates="ifgo"),
        LayerKind("lstm_cell", _cell_of_gates, CELL, (*OWN_GATES[4:], *OWN_GATES[:4], "x", "h", "c"), (
            _gated(4, 3, 5), _gated(3, 4, 2)
        ), CELLS, results=("h", "c")),
        LayerKind("lstm", _sequence("lstm"), RECURRENT, ("b", "W", "U", "x", "h"), (
            _recurrent(4, 3, 5, 2, 4), _recurrent(3, 4, 2, 2, 4)
        ), longer, gates="ifgo"),
        LayerKind("rnn_from_zero", _sequence("rnn"), FROM_ZERO, ("b", "W", "U", "x"), (
            _recurrent(4, 3, 5, 2, 1, given=False), _recurrent(3, 4, 2, 2, 1, given=False)
        ), SEQUENCES[::2]),
        LayerKind("lstm_from_zero", _sequence("lstm"), FROM_ZERO, ("b", "W", "U", "x"), (
            _recurrent(4, 3, 5, 2, 4, given=False), _recurrent(3, 4, 2, 2, 4, given=False)
        ), longer, gates="ifgo"),
        LayerKind("attention", _attention, ATTENDED, ("v", "q", "k"), (_attending(2, 4, 5, 3, 2), _attending(3, 4, 4, 2, 2)), (ROWS,)),
        LayerKind("attention_one", _attention, ATTENDED, ("v", "q", "k"), (_attending(1, 4, 5, 3, 2), _attending(1, 4, 4, 2, 2)), (
            Writing("check.layers.one", {}, dict.fromkeys(("q", "k", "v", "out"), ())),
        )),
        LayerKind("attention_causal", _attention, ATTENDED, ("v", "q", "k"), (
            _attending(2, 4, 4, 3, 2, causal=True), _attending(3, 5, 5, 2, 2, causal=True)
        ), (ROWS,)),
        LayerKind("dense", _layer("dense"), WEIGHTED, ("b", "W", "x"), (_dense(7, 5, 3), _dense(4, 3, 3), _dense(5, 2, 4)), DENSE),
        *(
            LayerKind(f"{name}_layer", _elementwise(name), {"x": X}, ("x",), (Probing({"x": (6, 5)}), Probing({"x": (3, 4)})), (ROWS,))
            for name in ("relu", "sigmoid", "tanh")
        ),
        LayerKind("softmax_layer", _softmax, {"x": X + "|scores?|logits"}, ("x",), (
            Probing({"x": (5, 4)}), Probing({"x": (3, 6)})
        ), (ROWS,), fused=True),
        LayerKind("dropout", _dropout, {"x": X}, ("x",), (_dropped((6, 5)), _dropped((7, 8))), (ROWS,), masked=True),
        LayerKind("dense_places", _layer("dense"), WEIGHTED, ("b", "W", "x"), (_dense(3, 5, 3, 4), _dense(2, 3, 3, 5)), (
            Writing("check.layers.places"), Writing("check.layers.places.units", {"W": (1, 0)})
        ), family="dense"),
        *_further_norms(),
        *_further_windows(),
        *_resets(),
        *_several_heads(),
        *_joint_heads(),
        *_gates(),
    )  # fmt: skip
    return {one.name: one for one in (*found, *(_without_bias(kind) for kind in found if kind.name in BARE))}


def _with_gates(writing: Writing, orders: Sequence[tuple[int, ...]]) -> tuple[Writing, ...]:
    return tuple(replace(writing, gates=gates) for gates in orders)


BARE = ("dense", "dense_places", "conv", "conv_inside", "conv_by_one", "conv_line", "conv_transpose")
"""Layers that people write without a bias, too."""


def _without_bias(kind: LayerKind) -> LayerKind:
    probings = tuple(
        replace(one, shapes={key: shape for key, shape in one.shapes.items() if key != "b"}, options={**one.options, "bias": False})
        for one in kind.probings
    )
    inputs = {key: names for key, names in kind.inputs.items() if key != "b"}
    order = tuple(key for key in kind.order if key != "b")
    written = tuple(
        one for place, one in enumerate(kind.writings) if (one.key, one.axes) not in [(w.key, w.axes) for w in kind.writings[:place]]
    )
    return replace(kind, name=f"{kind.name}_bare", family=kind.called, inputs=inputs, order=order, probings=probings, writings=written)


def _further_norms() -> Iterator[LayerKind]:
    rows, images = (_scaled((7, 4)), _scaled((5, 3))), (_scaled((3, 4, 5, 2), scale=True), _scaled((2, 3, 3, 4), scale=True))
    scaled, order = {key: SCALE[key] for key in ("x", "gamma")}, ("gamma", "x")
    alone = tuple(replace(one, shapes={key: shape for key, shape in one.shapes.items() if key != "shift"}) for one in rows)
    bare = tuple(replace(one, shapes={"x": one.shapes["x"]}, options={**one.options, "scale": False}) for one in (*rows, *images))
    longer = (_scaled((2, 3, 4)), _scaled((3, 2, 5)))
    across = Writing("check.layers.columns", {"x": (1, 0), "out": (1, 0)}, {"gamma": (-1, 1)})
    yield LayerKind("rms_norm", _layer("rms_norm"), scaled, order, alone, (ROWS, across))
    yield LayerKind(
        "rms_norm_places",
        _layer("rms_norm"),
        scaled,
        order,
        tuple(replace(one, shapes={key: shape for key, shape in one.shapes.items() if key != "shift"}) for one in longer),
        (Writing("check.layers.places"),),
        family="rms_norm",
    )
    yield LayerKind("rms_norm_bare", _layer("rms_norm"), {"x": X}, ("x",), bare[:2], (ROWS,), family="rms_norm")
    yield LayerKind(
        "layer_norm_places",
        _layer("layer_norm"),
        SCALE,
        ("shift", "gamma", "x"),
        longer,
        (Writing("check.layers.places"),),
        family="layer_norm",
    )
    yield LayerKind("layer_norm_bare", _layer("layer_norm"), {"x": X}, ("x",), bare[:2], (ROWS,), family="layer_norm")
    yield LayerKind("instance_norm", _layer("instance_norm"), SCALE, ("shift", "gamma", "x"), images, IMAGES)
    yield LayerKind("instance_norm_bare", _layer("instance_norm"), {"x": X}, ("x",), bare[2:], IMAGES[::2], family="instance_norm")


def _further_windows() -> Iterator[LayerKind]:
    order, words = ("b", "W", "x"), r"trans|deconv|up|frac"
    lines = tuple(_convolved((3, length, 2), (3, 2, 4), *steps) for length, steps in ((8, (1, 1)), (9, (2, 1)), (7, (1, 0))))
    yield LayerKind("conv_line", _layer("conv"), WEIGHTED, order, lines, LINES)
    single = tuple(
        Probing(
            {"x": (1, length, 1), "W": (k, 1, 1)},
            {"units": 1, "size": k, "stride": stride, "padding": 0, "activation": "identity", "bias": False},
            {"stride": stride, "padding": 0, "pad": 0, "kernel_size": k},
        )
        for length, k, stride in ((9, 3, 1), (8, 4, 1))
    )
    inputs = {key: WEIGHTED[key] for key in ("x", "W")}
    yield LayerKind("conv_line_one", _layer("conv"), inputs, ("W", "x"), single, ONE_LINE, family="conv_line")
    images = ((3, 4, 5, (1, 0)), (2, 3, 4, (2, 1)), (2, 4, 3, (2, 0)))
    laid = tuple(_convolved((*sizes, 2), (2, 3, 3, 4), *steps) for *sizes, steps in images)
    yield LayerKind("conv_transpose", _layer("conv_transpose"), WEIGHTED, order, laid, TRANSPOSED, words=words)
    pools = (Probing({"x": (3, 4, 5, 2)}, {"pool": "average"}), Probing({"x": (2, 3, 3, 4)}, {"pool": "average"}))
    yield LayerKind("global_pool", _layer("global_pool"), {"x": X}, ("x",), pools, POOLED_TO_ONE)


def _resets() -> Iterator[LayerKind]:
    """Gated recurrent units: a step and a sequence, in the four ways in which they are written, with joint parameters and separate ones."""
    words = r"gru|gated|reset"
    orders = ((0, 1, 2), (1, 0, 2))
    steps, lines = (_with_gates(writing, orders) for writing in (STEPS[0], SEQUENCES[0]))
    torch = _with_gates(Writing("check.layers.units", {"W": (1, 0), "U": (1, 0)}), orders)
    order = ("b", "W", "U", "x", "h")
    twice = {**RECURRENT, "b": r"b(?:ias)?_?(?:ih?|x)|b", "d": r"b(?:ias)?_?hh?|d"}
    single = _single_gates(False), _single_gates(True)
    for before, takes in itertools.product((False, True), repeat=2):
        way = f"{'before' if before else 'behind'}_{'new' if takes else 'old'}"
        step, whole = _gru(before=before, takes=takes), _gru(before=before, takes=takes, sequence=True)
        given, fresh = ((_recurrent(4, 3, 5, 2, 3, given=state), _recurrent(3, 4, 2, 2, 3, given=state)) for state in (True, False))
        ones = (_recurrent(4, 0, 3, 5, 3), _recurrent(3, 0, 4, 2, 3))
        yield LayerKind(f"gru_step_{way}", step, RECURRENT, order, ones, steps, words=words, family="gru_step", results=("h",), gates="rzn")
        yield LayerKind(f"gru_{way}", whole, RECURRENT, order, given, lines, words=words, family="gru", gates="rzn")
        yield LayerKind(f"gru_from_zero_{way}", whole, FROM_ZERO, order[:-1], fresh, lines, words=words, family="gru", gates="rzn")
        yield LayerKind(
            f"gru_cell_{way}", step, RESET, (*RESET_ORDER, "x", "h"), single[0], RESETS, words=words, family="gru_cell", results=("h",)
        )
        for first in ("h", "x"):
            build = _gru(before=before, takes=takes, stacked_on=first)
            inputs = {key: names for key, names in RESET.items() if key[0] != "U"}
            along = tuple(one for one in RESET_ORDER if one[0] != "U")
            yield LayerKind(
                f"gru_stacked_{first}_{way}",
                build,
                inputs,
                (*along, "x", "h"),
                single[1],
                RESETS,
                words=words,
                family="gru_cell",
                results=("h",),
            )
        if not before:
            both = tuple(replace(one, shapes={**one.shapes, "d": one.shapes["b"]}) for one in ones)
            twofold = LayerKind(f"gru_step_twice_{way}", step, twice, ("b", "d", *order[1:]), both, torch + steps)
            yield replace(twofold, words=words, family="gru_step", results=("h",), gates="rzn")


RESET_ORDER = tuple(f"{letter}{gate}" for letter in "bWU" for gate in "rzn")
"""The parameters of a GRU whose gates have some each, biases first."""


def _single_gates(stacked: bool) -> tuple[Probing, ...]:
    found = []
    for rows, features, units in ((4, 3, 5), (3, 4, 2)):
        widths = {"W": units + features if stacked else features, "U": units}
        shapes: dict[str, tuple[int, ...]] = {"x": (rows, features), "h": (rows, units)}
        shapes |= {one: (units,) if one[0] == "b" else (widths[one[0]], units) for one in RESET_ORDER if not (stacked and one[0] == "U")}
        known = {"input_size": features, "hidden_size": units, "input_dim": features, "hidden_dim": units}
        found.append(Probing(shapes, {}, known))
    return tuple(found)


def _several_heads() -> Iterator[LayerKind]:
    """Attention with products before and behind it: of one signal, of two, of three; with biases; looking back alone; in one product."""
    signals = {"x": {"x": X}, "xm": {"x": X, "m": MEMORY}, "qkv": ATTENDED}
    for letters, biased, output, causal in itertools.product(signals, (False, True), (True, False), (False, True)):
        if letters != "x" and (causal or not output):
            continue
        projected = [one for one in PROJECTED if (biased or one[0] == "W") and (output or one[1] != "O")]
        inputs = {**signals[letters], **{one: PROJECTED[one] for one in projected}}
        heads = 2 if output else 1
        family = ("multi_head" if output else "self_attention") + ("_causal" if causal else "")
        backwards = [f"{letter}{one}" for one in "OVQK" for letter in "bW"]
        order = (*(one for one in backwards if one in inputs), *reversed(signals[letters]))
        name = f"{family}_{letters}{'_biased' if biased else ''}"
        for batch, writings in (((2, 3), HEADS), ((1, 1), ONE_HEAD)):
            probings = tuple(
                _heads(rows, length, width, heads, letters, projected, causal=causal)
                for rows, (length, width) in zip(batch, ((4, 6), (5, 4)), strict=True)
            )
            whole = f"{name}_one" if batch[0] == 1 else name
            yield LayerKind(whole, _multi_head, inputs, order, probings, writings, family=family, words=r"att|head")


def _joint_heads() -> Iterator[LayerKind]:
    """Several heads whose Wq, Wk and Wv stand side by side in one matrix."""
    names = {"x": X, "W": r"c_?attn\w*?(?:_w\w*)?|w_?qkv|qkv\w*?(?:_?w\w*)?|in_?proj\w*", "b": r"c_?attn_b\w*|b_?qkv|qkv\w*_?b\w*"}
    names |= {one: rf"{PROJECTED[one]}|c_?proj(?:_{one[0]}\w*)?" for one in ("WO", "bO")}
    for biased, causal in itertools.product((False, True), repeat=2):
        inputs = {key: pattern for key, pattern in names.items() if biased or key[0] != "b"}
        family = "multi_head_causal" if causal else "multi_head"
        probings = []
        for rows, length, width in ((2, 4, 6), (3, 5, 4)):
            apart = _heads(rows, length, width, 2, "x", ("WO", "bO") if biased else ("WO",), causal=causal)
            joint = {"W": (width, 3 * width), **({"b": (3 * width,)} if biased else {})}
            probings.append(replace(apart, shapes={**apart.shapes, **joint}))
        order = (*(key for key in ("bO", "WO", "b", "W") if key in inputs), "x")
        name = f"{family}_joint{'_biased' if biased else ''}"
        writings = (ROWS, Writing("check.layers.units", {"W": (1, 0), "WO": (1, 0)}))
        yield LayerKind(name, _multi_head, inputs, order, tuple(probings), writings, family=family, words=r"att|head")


def _heads(rows: int, length: int, width: int, heads: int, letters: str, projected: Sequence[str], *, causal: bool) -> Probing:
    places = length + 2 if letters != "x" else length
    shapes: dict[str, tuple[int, ...]] = {"x" if "x" in letters else "q": (rows, length, width)}
    shapes |= dict.fromkeys({"x": "", "xm": "m", "qkv": "kv"}[letters], (rows, places, width))
    shapes |= {one: (width, width) if one[0] == "W" else (width,) for one in projected}
    known: dict[str, Any] = dict.fromkeys(("num_heads", "n_heads", "heads", "n_head", "h", "H", "nhead"), heads)
    known |= dict.fromkeys(
        ("d_model", "embed_dim", "dim", "d", "embed_size", "model_dim", "hidden_size", "d_in", "d_out", "input_dim"), width
    )
    known |= {**dict.fromkeys(("d_k", "d_v", "d_head", "head_dim"), width // heads), "causal": causal, "is_causal": causal}
    known["mask"] = np.tril(np.ones((length, length))).tolist() if causal else None
    return Probing(shapes, {"heads": heads, "causal": causal}, known)


def _gates() -> Iterator[LayerKind]:
    halves = (Probing({"x": (6, 4)}, {}, {"dim": -1, "axis": -1}), Probing({"x": (3, 8)}, {}, {"dim": -1, "axis": -1}))
    yield LayerKind("glu_halves", _halves, {"x": X}, ("x",), halves, (ROWS,), family="glu")
    names = {"x": X, "W": WEIGHTED["W"], "b": WEIGHTED["b"], "V": r"v|w_?g(?:ate)?|w_?2|u", "c": r"c|b_?g(?:ate)?|b_?2"}
    for bias in (True, False):
        probings = tuple(
            Probing(
                {"x": (rows, inputs), "W": (inputs, units), "V": (inputs, units), **({"b": (units,), "c": (units,)} if bias else {})},
                {"units": units, "bias": bias},
                {"input_dim": inputs, "output_dim": units, "in_features": inputs, "out_features": units, "dim": inputs, "units": units},
            )
            for rows, inputs, units in ((6, 4, 3), (5, 3, 2))
        )
        inputs = {key: names[key] for key in ("x", "W", "V", *("bc" if bias else ""))}
        order = (*("bc" if bias else ""), "W", "V", "x")
        yield LayerKind(
            "glu" if bias else "glu_bare", _layer("glu"), inputs, order, probings, (ROWS,), family="glu", words="glu|gat", signals=("x",)
        )


def _dropped(shape: tuple[int, ...]) -> Probing:
    known: dict[str, Any] = dict.fromkeys(("p", "keep_prob", "dropout_ratio", "rate", "drop_prob", "prob", "ratio", "p_drop", "keep"), 0.4)
    known |= {"mode": "train", "train_flg": True, "training": True, "train": True, "is_training": True, "seed": 3}
    return Probing({"x": shape}, {}, known)
