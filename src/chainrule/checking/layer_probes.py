"""Single layers that a person may have written with a backward pass of their own: what they are tried with, and their true gradients.

A layer is chainrule's own, called with letters: its formula is not written a second time here. What somebody computes in place of the right
gradient is written as a carrier of a named quantity on the way: a formula that has another gradient. `instead` keeps the value, so that the
forward pass stays what it is and everything below follows by the ordinary rules: with sg(μ) for μ, say, the mean is held.

Arrays are in chainrule's layout: channels last, rows are samples, W is (inputs, units). A `Writing` says how somebody else lays them out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cache, cached_property
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.frozen import Frozen
from chainrule.formula import primitives as p
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, variable
from chainrule.formula.stated import held
from chainrule.network.definitions import find
from chainrule.network.layers import Layer, Owner, kind_of_layer
from chainrule.network.network import Array
from chainrule.network.recurrence import as_sequence, at_step, cell_of

Carrier: TypeAlias = "Callable[[Expression, LetterOwner, int], Expression]"
Carriers: TypeAlias = "Mapping[str, Carrier]"

EPSILONS = (1e-5, 1e-8, 1e-6, 1e-7, 1e-3, 1e-12, 0.0)
"""What is added to a variance, where the program does not take it as an argument."""


def instead(value: Expression, carrier: Expression) -> Expression:
    """The value of one formula with the gradient of another: carrier + sg(value − carrier)."""
    return carrier + held(value - carrier)


class LetterOwner(Owner):
    """What a layer's function asks for parameters and names its quantities with, where parameters are letters of ours.

    letters   parameters and inputs, by symbol
    carriers  what stands for a named quantity on the way back
    values    the named quantities so far, by symbol; of those with a time the last one
    options   of the layer
    """

    def __init__(self, kind: LayerKind, letters: Mapping[str, Expression], options: Mapping[str, Any], carriers: Carriers) -> None:
        super().__init__(Layer(kind_of_layer("dense"), {"units": 1}), 1, None, {})
        self.own_kind, self.letters, self.options, self.carriers = kind, letters, options, carriers
        self.values: dict[str, Expression] = {}

    def parameter(self, symbol: str, *shape: int, start: Any = None, fixed: bool = False) -> Expression:
        """The letter of that symbol."""
        del shape, start, fixed
        return self.letters[symbol]

    def running(self, symbol: str, value: Expression, share: float, start: float) -> Expression:
        """Nothing runs along here."""
        del symbol, share, start
        return value

    def named(self, symbol: str, expression: Expression, time: int | None = None) -> Expression:
        """A quantity on the way, with its carrier."""
        carrier = self.carriers.get(symbol)
        made = expression if carrier is None else instead(expression, carrier(expression, self, time or 1))
        self.values[symbol] = super().named(symbol, made, time)
        return self.values[symbol]

    def again(self, options: Mapping[str, Any] | None = None, **letters: Expression) -> Expression:
        """The layer once more, with other letters or options, and no carriers."""
        owner = LetterOwner(self.own_kind, {**self.letters, **letters}, {**self.options, **(options or {})}, {})
        return self.own_kind.build(owner)[0]


class Probing(Frozen):
    """Sizes and options on which a layer is tried.

    shapes   of its inputs and parameters, by symbol
    options  of the layer
    known    what a program may ask for besides arrays, by its names: "stride", "pad"
    whole    whether x are small whole numbers, so that some are equal
    """

    shapes: Mapping[str, tuple[int, ...]]
    options: Mapping[str, Any] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = False


class Writing(Frozen):
    """How somebody writes the arrays of a layer.

    key    of the text that says it: "check.layers.rows"
    axes   of each array, by symbol, in which order its axes stand
    forms  of each array the shape that is made of it then, −1 for what is left; () drops axes of extent 1
    gates  in which order gates stand, by their places in i, f, g, o
    """

    key: str
    axes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    forms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gates: tuple[int, ...] = ()

    def written(self, symbol: str, array: Array) -> Array:
        """An array of ours as they write it."""
        if self.gates and symbol in ("W", "U", "b"):
            array = np.concatenate([np.split(array, 4, axis=-1)[gate] for gate in self.gates], axis=-1)
        array = array.transpose(self.axes.get(symbol, range(array.ndim)))
        form = self.forms.get(symbol)
        return array if form is None else array.reshape(form) if form else array.squeeze()

    def read(self, symbol: str, array: Array, shape: tuple[int, ...]) -> Array | None:
        """An array of theirs as we write it; None where its shape is another, whose elements have no place in ours."""
        axes = self.axes.get(symbol, tuple(range(len(shape))))
        turned = tuple(shape[axis] for axis in axes)
        if [extent for extent in array.shape if extent > 1] != [extent for extent in turned if extent > 1]:
            return None
        array = array.reshape(turned).transpose(np.argsort(axes))
        if self.gates and symbol in ("W", "U", "b"):
            array = np.concatenate([np.split(array, 4, axis=-1)[self.gates.index(gate)] for gate in range(4)], axis=-1)
        return array


class LayerKind(Frozen):
    """A layer that is looked for.

    name      a key of texts; build: its results, from an owner with letters
    results   the symbols of what it gives
    inputs    its inputs and parameters, in the order in which people write them, each with a pattern of the names that people give it
    order     in which their gradients are computed
    probings  what it is tried on
    writings  how people write its arrays
    tokens    whether x are rows of a table; masked: whether it draws a mask; fused: whether a loss behind it may take over its derivative,
              so that it hands on what arrives
    """

    name: str
    build: Callable[[LetterOwner], tuple[Expression, ...]]
    inputs: Mapping[str, str]
    order: tuple[str, ...]
    probings: tuple[Probing, ...]
    writings: tuple[Writing, ...]
    results: tuple[str, ...] = ("out",)
    tokens: bool = False
    masked: bool = False
    fused: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """What it learns."""
        return tuple(one for one in self.inputs if one in ("W", "U", "b", "T", "gamma", "shift", *OWN_GATES))


class LayerCase(Frozen):
    """A layer with numbers.

    kind, probing  which; epsilon: what is added to its variance
    numbers        of its inputs and parameters, by symbol
    arrived        ∂E/∂ each of its results
    """

    kind: LayerKind
    probing: Probing
    numbers: Mapping[str, Array]
    arrived: Mapping[str, Array]
    epsilon: float = EPSILONS[0]

    @cached_property
    def letters(self) -> dict[str, Expression]:
        """A letter for each array."""
        return {symbol: variable(Name(symbol), value.shape) for symbol, value in self.numbers.items()}

    @property
    def options(self) -> dict[str, Any]:
        """Of the layer."""
        return {**self.probing.options, **({"epsilon": self.epsilon} if "epsilon" in self.probing.options else {})}

    def owner(self, carriers: Carriers | None = None) -> LetterOwner:
        """For one call of the layer."""
        return LetterOwner(self.kind, self.letters, self.options, carriers or {})

    def values(self, *expressions: Expression) -> list[Array]:
        """What formulas of the letters are worth."""
        found = evaluate(expressions, {letter: self.numbers[symbol] for symbol, letter in self.letters.items()})
        return [np.asarray(found[one]) for one in expressions]

    @cached_property
    def results(self) -> list[Array]:
        """What the layer gives."""
        return self.values(*self.kind.build(self.owner()))

    @cached_property
    def named(self) -> dict[str, Array]:
        """What the quantities on the way are worth."""
        owner = self.owner()
        self.kind.build(owner)
        return dict(zip(owner.values, self.values(*owner.values.values()), strict=True))

    def gradients(self, carriers: Carriers | None = None, arrived: Mapping[str, Array] | None = None) -> dict[str, Array]:
        """∂E/∂ each input and parameter; of the layer as it is, or with other carriers."""
        wanted = [symbol for symbol in self.kind.order if symbol in self.letters]
        return self.gradients_of(self.kind.build(self.owner(carriers)), wanted, {**self.arrived, **(arrived or {})})

    def gradients_of(self, results: Sequence[Expression], wanted: Sequence[str], arrived: Mapping[str, Array]) -> dict[str, Array]:
        """The same of formulas of the letters."""
        found = {symbol: np.zeros(self.numbers[symbol].shape) for symbol in wanted}
        for symbol, result in zip(self.kind.results, results, strict=True):
            seed = variable(Name(f"d{symbol}"), result.shape)
            derived = gradients(result, [self.letters[one] for one in wanted], seed)
            bindings = {letter: self.numbers[one] for one, letter in self.letters.items()}
            values = evaluate(list(derived.values()), {**bindings, seed: arrived[symbol]})
            for one in wanted:
                found[one] = found[one] + values[derived[self.letters[one]]]
        return found

    @cached_property
    def truth(self) -> dict[str, Array]:
        """The right gradients."""
        return self.gradients()


def drawn(kind: LayerKind, number: int, rng: np.random.Generator) -> LayerCase:
    """A case of one of the probings of a kind."""
    probing, numbers = kind.probings[number], dict[str, Array]()
    for symbol, shape in probing.shapes.items():
        numbers[symbol] = rng.normal(size=shape) * (0.7 if symbol[0] in "WU" else 1.0) + (0.5 if symbol in ("gamma", "shift") else 0.0)
    if probing.whole:
        numbers["x"] = np.rint(numbers["x"])
    if kind.tokens:
        numbers["x"] = np.resize(np.array([1, 3, 0, 1, 2, 3, 1, 4, 0, 1]), probing.shapes["x"])
    if kind.masked:
        numbers["mask"] = np.ones(probing.shapes["x"])
    made = LayerCase(kind, probing, numbers, {})
    arrived = {symbol: np.asarray(rng.normal(size=one.shape)) for symbol, one in zip(kind.results, made.results, strict=True)}
    return LayerCase(kind, probing, numbers, arrived)


# The kinds


def _layer(name: str) -> Callable[[LetterOwner], tuple[Expression, ...]]:
    return lambda own: (own.named("y", kind_of_layer(name).function(own, own.letters["x"], **own.options)),)


def _step(name: str) -> Callable[[LetterOwner], tuple[Expression, ...]]:
    def build(own: LetterOwner) -> tuple[Expression, ...]:
        x = own.letters["x"]
        units = int(own.letters["U"].shape[0])
        step = cell_of(name, units, bias=True)(own, p.reshape(x, sizes=(x.shape[0], 1, x.shape[1])))
        return step(0, tuple(own.letters[state] for state in ("h", "c") if state in own.letters))

    return build


def _sequence(name: str) -> Callable[[LetterOwner], tuple[Expression, ...]]:
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


def _attention(own: LetterOwner) -> tuple[Expression, ...]:
    return (kind_of_layer("attention").function(own, own.letters["q"], own.letters["k"], own.letters["v"], **own.options),)


def _dropout(own: LetterOwner) -> tuple[Expression, ...]:
    return (own.named("y", own.letters["x"] * held(own.letters["mask"])),)


def _elementwise(activation: str) -> Callable[[LetterOwner], tuple[Expression, ...]]:
    return lambda own: (own.named("y", find("activation", activation).apply(own.named("z", own.letters["x"]))),)


def _softmax(own: LetterOwner) -> tuple[Expression, ...]:
    return (own.named("A", p.softmax(own.letters["x"], axis=1)),)


X = r"x|x_?in|inputs?|inp|data|a_?prev|prev|a|z|features|images?|imgs?|batch"
SCALE = {"x": X, "gamma": r"gamma|g|scale|weights?", "shift": r"beta|shift|b|bias|offset"}
WEIGHTED = {"x": X, "W": r"w|weights?|filters?|kernels?|f|k", "b": r"b|bias|biases"}
STATE = r"h0|h_?0|a0|h|h_?prev|prev_?h|a_?prev|h_?previous|hidden|h_?in|init_?h"
RECURRENT = {
    "x": r"x|xt|x_?t|xs|inputs?",
    "h": STATE,
    "W": r"w_?x|w_?ax|w_?xh|wxh|w_?ih|w",
    "U": r"w_?h|w_?aa|w_?hh|whh|u",
    "b": r"b|b_?a|b_?h|bias",
}
FROM_ZERO = {key: RECURRENT[key] for key in ("x", "W", "U", "b")}
LONG = {"x": RECURRENT["x"], "h": STATE, "c": r"c0|c|c_?prev|prev_?c|cell", **{key: RECURRENT[key] for key in ("W", "U", "b")}}
TOKENS = {"x": X + r"|idx|indices|index|tokens?|ids|words", "T": r"w|table|t|embed\w*|weights?"}
ATTENDED = {"q": r"q|query|queries|qs?", "k": r"k|keys?|ks", "v": r"v|values?|vs"}


def _scaled(shape: tuple[int, ...], **options: Any) -> Probing:
    known = {"mode": "train", "train_flg": True, "training": True, "train": True, "is_training": True, "eps": 1e-5, "epsilon": 1e-5}
    known |= {
        **dict.fromkeys(("momentum", "decay"), 0.9),
        **{key: options["groups"] for key in ("G", "groups", "num_groups") if "groups" in options},
    }
    known |= dict.fromkeys(
        ("dim", "num_features", "features", "n_features", "size", "D", "input_dim", "channels", "num_channels"), shape[-1]
    )
    shapes = {"x": shape, "gamma": shape[-1:], "shift": shape[-1:]}
    return Probing(shapes, {"epsilon": 1e-5, **options}, known)


def _convolved(rows: int, height: int, width: int, stride: int, pad: int) -> Probing:
    shapes = {"x": (rows, height, width, 2), "W": (3, 3, 2, 4), "b": (4,)}
    known = {"stride": stride, "pad": pad, "padding": pad, "strides": stride, "s": stride, "p": pad, "in_channels": 2, "out_channels": 4}
    known |= {"kernel_size": 3, "filter_size": 3, "num_filters": 4}
    return Probing(shapes, {"units": 4, "size": 3, "stride": stride, "padding": pad, "activation": "identity"}, known)


def _dense(rows: int, inputs: int, units: int) -> Probing:
    known = dict.fromkeys(("in_features", "input_size", "n_in", "input_dim", "inputs", "n_inputs", "in_size"), inputs)
    known |= dict.fromkeys(("out_features", "output_size", "n_out", "output_dim", "units", "n_neurons", "n_units", "out_size"), units)
    shapes = {"x": (rows, inputs), "W": (inputs, units), "b": (units,)}
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
    further |= {"input_size": features, "hidden_size": units, "input_dim": features, "hidden_dim": units}
    return Probing({**shapes, "W": (features, gates * units), "U": (units, gates * units), "b": (gates * units,)}, {}, further)


def _gated(rows: int, features: int, units: int) -> Probing:
    shapes: dict[str, tuple[int, ...]] = {"x": (rows, features), "h": (rows, units), "c": (rows, units)}
    shapes |= {one: (units + features, units) if one[0] == "W" else (units,) for one in OWN_GATES}
    return Probing(shapes, {}, {"Wy": np.zeros((2, units)).tolist(), "by": np.zeros((2, 1)).tolist()})


def _attending(rows: int, length: int, places: int, d: int, features: int, *, causal: bool = False) -> Probing:
    shapes = {"q": (rows, length, d), "k": (rows, places, d), "v": (rows, places, features)}
    known = {"d_k": d, "dk": d, "scale": 1 / math.sqrt(d), "causal": causal, "is_causal": causal}
    return Probing(shapes, {"causal": causal}, {**known, "mask": np.tril(np.ones((length, places))).tolist()} if causal else known)


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

GATED = {**{key: LONG[key] for key in ("x", "h", "c")}, **{one: rf"{one[0]}_?{one[1]}" for one in OWN_GATES}}
_GATED = Writing("check.layers.columns", dict.fromkeys(("x", "h", "c", *OWN_GATES[:4]), (1, 0)), dict.fromkeys(OWN_GATES[4:], (-1, 1)))
GATES = ((0, 1, 3, 2), (1, 2, 0, 3), (0, 1, 2, 3), (1, 0, 2, 3), (1, 0, 3, 2))


@cache
def layer_kinds() -> dict[str, LayerKind]:
    """The layers that are looked for, by their names."""
    images = (_scaled((3, 4, 5, 6), groups=3), _scaled((2, 3, 3, 4), groups=2))
    pools = {mode: (_pooled(mode, 3, 4, 6, 2, 2), _pooled(mode, 2, 5, 6, 3, 1)) for mode in ("max", "average")}
    long = tuple(Writing(one.key, one.axes, one.forms, gates) for gates in GATES for one in STEPS[:1])
    longer = tuple(Writing(one.key, one.axes, one.forms, gates) for gates in GATES for one in SEQUENCES[:1])
    order = ("shift", "gamma", "x")
    ties = _pooled("max", 3, 4, 6, 2, 2, whole=True)
    found = (
        LayerKind("batch_norm", _layer("batch_norm"), SCALE, order, (_scaled((7, 4)), _scaled((5, 3))), FLAT),
        LayerKind("layer_norm", _layer("layer_norm"), SCALE, order, (_scaled((7, 4)), _scaled((5, 3))), FLAT),
        LayerKind("batch_norm_images", _layer("batch_norm"), SCALE, order, (_scaled((3, 4, 5, 2)), _scaled((2, 3, 3, 4))), IMAGES),
        LayerKind("group_norm", _layer("group_norm"), SCALE, order, images, IMAGES),
        LayerKind(
            "conv",
            _layer("conv"),
            WEIGHTED,
            ("b", "W", "x"),
            (_convolved(3, 5, 7, 1, 1), _convolved(2, 5, 7, 2, 1), _convolved(2, 5, 6, 1, 0)),
            IMAGES,
        ),
        LayerKind("max_pool", _layer("max_pool"), {"x": X}, ("x",), (*pools["max"], ties), IMAGES[::2]),
        LayerKind("average_pool", _layer("average_pool"), {"x": X}, ("x",), pools["average"], IMAGES[::2]),
        LayerKind("embedding", _layer("embedding"), TOKENS, ("T",), (
            Probing({"x": (3, 4), "T": (6, 3)}, {"units": 3, "vocabulary": 6}, {"vocab_size": 6, "embed_dim": 3}),
            Probing({"x": (9, 1), "T": (5, 4)}, {"units": 4, "vocabulary": 5}, {"vocab_size": 5, "embed_dim": 4}),
        ), (ROWS, Writing("check.layers.rows", {}, {"x": (-1,), "out": ()})), tokens=True),
        LayerKind("rnn_step", _step("rnn"), RECURRENT, ("b", "W", "U", "x", "h"), (
            _recurrent(4, 0, 3, 5, 1), _recurrent(3, 0, 5, 5, 1)
        ), STEPS, ("h",)),
        LayerKind("rnn", _sequence("rnn"), RECURRENT, ("b", "W", "U", "x", "h"), (
            _recurrent(4, 3, 5, 2, 1), _recurrent(3, 4, 2, 2, 1)
        ), SEQUENCES),
        LayerKind("lstm_step", _step("lstm"), LONG, ("b", "W", "U", "x", "h", "c"), (
            _recurrent(4, 0, 3, 5, 4), _recurrent(3, 0, 4, 2, 4)
        ), long, ("h", "c")),
        LayerKind("lstm_cell", _cell_of_gates, GATED, (*OWN_GATES[4:], *OWN_GATES[:4], "x", "h", "c"), (
            _gated(4, 3, 5), _gated(3, 4, 2)
        ), (_GATED, ROWS), ("h", "c")),
        LayerKind("lstm", _sequence("lstm"), RECURRENT, ("b", "W", "U", "x", "h"), (
            _recurrent(4, 3, 5, 2, 4), _recurrent(3, 4, 2, 2, 4)
        ), longer),
        LayerKind("rnn_from_zero", _sequence("rnn"), FROM_ZERO, ("b", "W", "U", "x"), (
            _recurrent(4, 3, 5, 2, 1, given=False), _recurrent(3, 4, 2, 2, 1, given=False)
        ), SEQUENCES[::2]),
        LayerKind("lstm_from_zero", _sequence("lstm"), FROM_ZERO, ("b", "W", "U", "x"), (
            _recurrent(4, 3, 5, 2, 4, given=False), _recurrent(3, 4, 2, 2, 4, given=False)
        ), longer),
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
    )  # fmt: skip
    return {one.name: one for one in found}


def _dropped(shape: tuple[int, ...]) -> Probing:
    known: dict[str, Any] = dict.fromkeys(("p", "keep_prob", "dropout_ratio", "rate", "drop_prob", "prob", "ratio", "p_drop", "keep"), 0.4)
    known |= {"mode": "train", "train_flg": True, "training": True, "train": True, "is_training": True, "seed": 3}
    return Probing({"x": shape}, {}, known)
