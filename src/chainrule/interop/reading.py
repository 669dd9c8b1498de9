"""How a model that was written elsewhere becomes layers: its formulas are cut, and what they learn keeps where it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError
from chainrule.base.frozen import Frozen
from chainrule.formula.expression import Dimension, Expression, Name, Shape, order, variable
from chainrule.interop.operations.shapes import back_in_order, examples_first, permuted
from chainrule.network.definitions import TAKEN
from chainrule.network.derivation import BATCH
from chainrule.network.graphs import PARAMETER, QUANTITY, graph, instructions
from chainrule.network.layers import Layer
from chainrule.network.wiring import INPUT, OUTPUT, Extent, LayerCall, Wiring, checked

COUNTS = (97, 193, 389, 769, 1543)
"""Numbers of examples, primes: sizes that they divide count examples."""


def count_beside(sizes: Iterable[int]) -> int:
    """A number of examples that is told from every other size."""
    known = set(sizes)
    return next((one for one in COUNTS if not any(extent % one == 0 for extent in known)), COUNTS[-1])


class Origin(Frozen):
    """Which tensor of the module a parameter of the network is.

    name  as the module calls it, as "encoder.0.weight"
    axes  the order in which the parameter has the tensor's axes: (1, 0) for a matrix (in, out)
    """

    name: str
    axes: tuple[int, ...]


class LayerReader:
    """What a reader of a program gathers: signals are what layers give, and `given` what is learned, with where it came from."""

    def __init__(self) -> None:
        self.signals: dict[Expression, str] = {}
        self.outputs: dict[str, str] = {}
        self.inputs: dict[str, int] = {}
        self.calls: list[LayerCall] = []
        self.layers: dict[str, Layer] = {}
        self.origins: dict[tuple[str, str], Origin] = {}
        self.given: dict[Expression, tuple[Origin, Array, bool]] = {}
        self.taken: dict[str, int] = {}

    def wiring(self) -> Wiring:
        """The layers that the outputs need."""
        wanted = set(self.outputs.values())
        for call in reversed(self.calls):
            wanted |= set(call.sources) if call.name in wanted else set()
        return checked(Wiring(self.inputs, tuple(call for call in self.calls if call.name in wanted), self.outputs))

    def free(self, name: str) -> str:
        """The name, with a number behind it where it is taken."""
        number = self.taken[name] = self.taken.get(name, 0) + 1
        return name if number == 1 else f"{name}{number}"

    def cut(self, path: str, value: Expression, kind: str) -> Expression:
        """What a layer of its own gives from here on, of which the first axis counts the examples."""
        if BATCH in value.shape[1:]:
            turned = examples_first(value)
            return back_in_order(self.cut(path, permuted(value, turned), kind), turned)
        walls = self.signals.keys()
        used = [one for one in order(value, wall=walls.__contains__) if one in walls]
        written = apart(instructions(value, used))
        known = self.layers.get(path)
        layer = known if known is not None and known.chosen.get("instructions") == written else None
        called = self.free(path or "model")
        if layer is None:
            layer = self.layer(called, value, used, kind)
        self.call(called, layer, tuple(self.signals[one] for one in used))
        signal = variable(Name("h", scope=called), value.shape)
        self.signals[signal] = called
        return signal

    def layer(self, name: str, value: Expression, used: Sequence[Expression], kind: str = "parameter") -> Layer:
        """A layer that computes the value from some signals; its parameters are what else is in the formula."""
        own = {one.symbol: self.given[one] for one in order(value, wall=set(used).__contains__) if one in self.given and one not in used}
        for symbol, (origin, _, _) in own.items():
            self.origins[name, symbol] = origin
        made = Layer(
            graph,
            {"instructions": apart(instructions(value, used)), "called": kind},
            given={symbol: array for symbol, (_, array, _) in own.items()},
            frozen=tuple(symbol for symbol, (_, _, trained) in own.items() if not trained),
            name=name,
        )
        self.layers[name] = made
        return made

    def call(self, name: str, layer: Layer, sources: tuple[str, ...]) -> None:
        """A layer is called on what inputs and earlier calls give."""
        self.calls.append(LayerCall(name, layer, sources))

    def alone(self, name: str, parameter: Expression) -> None:
        """A parameter is a layer of its own, called on nothing."""
        called = self.free(name)
        self.call(called, self.layer(called, parameter, ()), ())
        self.signals[parameter] = called

    def give_out(self, values: Sequence[Expression], names: Sequence[Any]) -> None:
        """The results of the program are the outputs, by the names that it has for them; else output1, output2 …"""
        single = len(values) == 1
        for place, (name, value) in enumerate(zip(names, values, strict=True), start=1):
            known = name if isinstance(name, str) and name.isidentifier() else f"output{place}"
            self.outputs[OUTPUT if single else known] = self._given_out(value, "output" if single else known)

    def _given_out(self, value: Expression, name: str) -> str:
        """The call that gives a result: one whose value goes nowhere else."""
        call = self.signals.get(value)
        if call is None or call in self.inputs or call in self.outputs.values() or any(call in other.sources for other in self.calls):
            call = self.signals[first_examples(self.cut(name, value, "output"))]
        return call


def apart(written: list[list[Any]]) -> list[list[Any]]:
    """The instructions of a layer, with a number behind the letter of a quantity that something in it has already."""
    taken = {(given["symbol"], None) for what, _, given in written if what == PARAMETER}
    for what, _, given in written:
        if what == QUANTITY:
            letter, number = given["symbol"], 1
            while (given["symbol"], given.get("time")) in taken:
                number += 1
                given["symbol"] = f"{letter}{number}"
            taken.add((given["symbol"], given.get("time")))
    return written


def first_examples(value: Expression) -> Expression:
    """What a layer gives, in whose order of axes that of the examples is first."""
    return value.arguments[0] if value.primitive.name == "transpose" else value


def plain_shape(shape: tuple[tuple[Dimension, ...], ...]) -> Shape:
    """A shape along none of whose axes examples are counted together with something else."""
    return tuple(axis for (axis,) in shape)


def input_name(name: str) -> str:
    """What an input of a model is called here, where y is the prediction and t the target."""
    return f"{name}_input" if name != INPUT and TAKEN.fullmatch(name) else name


def input_size(shape: Shape) -> Any:
    """How many numbers an input of that shape has for each example, and how they lie. Raises InputError."""
    if not shape or shape[0] != BATCH:
        raise InputError("every input of the model needs the examples along its first axis.")
    inner = tuple(int(extent) for extent in shape[1:])
    return inner[0] if len(inner) == 1 else Extent(inner)


def symbol_of(last: str) -> str:
    """The letter of a tensor of a module: W of weight, b of bias, W_ih_l0 of weight_ih_l0, W_in_proj of in_proj_weight."""
    plain = re.sub(r"^(\w+)_(weight|bias)$", r"\2_\1", last)
    plain = re.sub(r"^weight", "W", plain)
    plain = re.sub(r"^bias", "b", plain)
    return plain if plain.isidentifier() else f"p_{re.sub(r'[^0-9A-Za-z_]', '_', plain)}"
