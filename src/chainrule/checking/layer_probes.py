"""Single layers that a person may have written with a backward pass of their own: what they are tried with, and their true gradients.

A layer is chainrule's own, called with letters: its formula is not written a second time here. What somebody computes in place of the right
gradient is written as a carrier of a named quantity on the way: a formula that has another gradient. `instead` keeps the value, so that the
forward pass stays what it is and everything below follows by the ordinary rules: with sg(μ) for μ, say, the mean is held.

Arrays are in chainrule's layout: channels last, rows are samples, W is (inputs, units). A `Writing` says how somebody else lays them out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import Frozen
from chainrule.formula.backprop import gradients
from chainrule.formula.evaluation import evaluate
from chainrule.formula.expression import Expression, Name, variable
from chainrule.formula.stated import held
from chainrule.network.layers import Layer, kind_of_layer
from chainrule.network.owner import Owner

LayerCarrier: TypeAlias = "Callable[[Expression, LetterOwner, int], Expression]"
Carriers: TypeAlias = "Mapping[str, LayerCarrier]"

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


SIZES = "sizes"
"""Among what is known, the numbers of which people make such a layer, in the order in which they write them."""


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


GATED = ("W", "U", "b", "d")
"""Parameters in which those of several gates stand side by side."""


class Writing(Frozen):
    """How somebody writes the arrays of a layer.

    key    of the text that says it: "check.layers.rows"
    axes   of each array, by symbol, in which order its axes stand
    forms  of each array the shape that is made of it then, −1 for what is left and 0 for what is there; () drops axes of extent 1
    gates  in which order gates stand, by their places in the order that we have
    """

    key: str
    axes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    forms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    gates: tuple[int, ...] = ()

    def written(self, symbol: str, array: Array) -> Array:
        """An array of ours as they write it."""
        if self.gates and symbol in GATED:
            blocks = np.split(array, len(self.gates), axis=-1)
            array = np.concatenate([blocks[gate] for gate in self.gates], axis=-1)
        array = array.transpose(self.axes.get(symbol, range(array.ndim)))
        form = self.forms.get(symbol)
        if form is None:
            return array
        return (
            array.reshape([array.shape[axis] if extent == 0 else extent for axis, extent in enumerate(form)]) if form else array.squeeze()
        )

    def read(self, symbol: str, array: Array, shape: tuple[int, ...]) -> Array | None:
        """An array of theirs as we write it; None where its shape is another, whose elements have no place in ours."""
        axes = self.axes.get(symbol, tuple(range(len(shape))))
        turned = tuple(shape[axis] for axis in axes)
        if [extent for extent in array.shape if extent > 1] != [extent for extent in turned if extent > 1]:
            return None
        array = array.reshape(turned).transpose(np.argsort(axes))
        if self.gates and symbol in GATED:
            blocks = np.split(array, len(self.gates), axis=-1)
            array = np.concatenate([blocks[self.gates.index(gate)] for gate in range(len(blocks))], axis=-1)
        return array


class LayerKind(Frozen):
    """A layer that is looked for.

    name      its own; build: its results, from an owner with letters
    family    what it is called, a key of texts, and what mistakes are said to be of; its name, where nothing else is said
    words     a pattern that a file has where it is worth to look for it; "" for any file
    results   the symbols of what it gives
    inputs    its inputs and parameters, in the order in which people write them, each with a pattern of the names that people give it
    order     in which their gradients are computed
    probings  what it is tried on
    writings  how people write its arrays
    signals   which of its inputs are no parameters; gates: the letters of its gates, in our order
    tokens    whether x are rows of a table; masked: whether it draws a mask; fused: whether a loss behind it may take over its derivative,
              so that it hands on what arrives
    """

    name: str
    build: Callable[[LetterOwner], tuple[Expression, ...]]
    inputs: Mapping[str, str]
    order: tuple[str, ...]
    probings: tuple[Probing, ...]
    writings: tuple[Writing, ...]
    family: str = ""
    words: str = ""
    results: tuple[str, ...] = ("out",)
    signals: tuple[str, ...] = ("x", "m", "q", "k", "v", "h", "c")
    gates: str = ""
    tokens: bool = False
    masked: bool = False
    fused: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """What it learns."""
        return tuple(one for one in self.inputs if one not in self.signals)

    @property
    def called(self) -> str:
        """The key of its texts."""
        return self.family or self.name


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
        numbers[symbol] = rng.normal(size=shape) * (0.7 if symbol[0] in "WUV" else 1.0) + (0.5 if symbol in ("gamma", "shift") else 0.0)
    if probing.whole:
        numbers["x"] = np.rint(numbers["x"])
    if kind.tokens:
        numbers["x"] = np.resize(np.array([1, 3, 0, 1, 2, 3, 1, 4, 0, 1]), probing.shapes["x"])
    if kind.masked:
        numbers["mask"] = np.ones(probing.shapes["x"])
    results = kind.build(LayerCase(kind, probing, numbers, {}).owner())
    arrived = {symbol: np.asarray(rng.normal(size=tuple(map(int, one.shape)))) for symbol, one in zip(kind.results, results, strict=True)}
    return LayerCase(kind, probing, numbers, arrived)
