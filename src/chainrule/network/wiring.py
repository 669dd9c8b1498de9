"""How layers are connected: a list of calls, each of a layer on what inputs and earlier calls give.

A chain is the simplest wiring. Any other is recorded while the function of a network runs on signals, or read from a description:

    def network(x, v):
        encoder = dense(3, "tanh")
        return dense(1)(join(encoder(x), encoder(v)))         # one encoder, called twice: its parameters are shared
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, partial
from inspect import signature
from typing import Any

from chainrule.base.arrays import python_value
from chainrule.base.errors import DescriptionError, UnknownNameError, quoted
from chainrule.base.frozen import Frozen
from chainrule.network import layers as kinds
from chainrule.network.definitions import checked_name
from chainrule.network.layers import Layer, checked_size
from chainrule.network.registered import result_of

INPUT, OUTPUT = "x", "y"
"""What the input and the output are called where there is one."""

MOST_AXES = 4
"""Of an input, beside that of the examples."""


class Extent(int):
    """How many numbers an input has for each example, and in which shape: an image of 8 × 8 has 64 of them.

    shape       (height, width, channels), (length, features), or (length,) of tokens
    vocabulary  how many tokens there are, which are whole numbers from 0; 0 where its numbers are none
    """

    shape: tuple[int, ...]
    vocabulary: int

    def __new__(cls, shape: Sequence[int], vocabulary: int = 0) -> Extent:
        """The number of all its places."""
        extent = super().__new__(cls, math.prod(shape))
        extent.shape, extent.vocabulary = tuple(shape), vocabulary
        return extent

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled and copied with its shape."""
        return Extent, (self.shape, self.vocabulary)

    @property
    def described(self) -> Any:
        """As a description says it: [8, 8, 1], or {length = 20, vocabulary = 7}."""
        return {"length": self.shape[0], "vocabulary": self.vocabulary} if self.vocabulary else list(self.shape)

    def __repr__(self) -> str:
        if self.vocabulary:
            return f"tokens({self.shape[0]}, {self.vocabulary})"
        return f"{'image' if len(self.shape) == 3 else 'sequence'}({', '.join(map(str, self.shape))})"


def image(height: int, width: int, channels: int = 1) -> int:
    """An input of images: (batch, height, width, channels), in rows of height · width · channels numbers. Raises DescriptionError."""
    return checked_extent((height, width, channels), "the input")


def sequence(length: int, features: int = 1) -> int:
    """An input of sequences: (batch, length, features), in rows of length · features numbers. Raises DescriptionError."""
    return checked_extent((length, features), "the input")


def tokens(length: int, vocabulary: int) -> int:
    """An input of tokens: (batch, length) whole numbers from 0 to vocabulary − 1, for an `embedding`. Raises DescriptionError."""
    return checked_extent({"length": length, "vocabulary": vocabulary}, "the input")


def checked_extent(size: Any, what: str) -> int:
    """The size of an input as people and descriptions say it: 4, [8, 8, 1], {length = 20, vocabulary = 7}. Raises DescriptionError."""
    size = python_value(size)
    if isinstance(size, Extent):
        return size
    if isinstance(size, Mapping):
        if set(size) != {"length", "vocabulary"}:
            raise DescriptionError(f"{what} of tokens is said as {{length = 20, vocabulary = 7}}, not {quoted(dict(size))}.")
        length = checked_size(size["length"], f"tokens of {what}")
        return Extent((length,), checked_size(size["vocabulary"], f"tokens in the vocabulary of {what}"))
    if not isinstance(size, (list, tuple)):
        return checked_size(size, f"columns of {what}")
    if not 2 <= len(size) <= MOST_AXES:
        raise DescriptionError(
            f"{what} has 2 to {MOST_AXES} axes, as [8, 8, 1] of an image and [20, 16] of a sequence, not {quoted(size)}."
        )
    for extent in size:
        checked_size(extent, f"places along an axis of {what}")
    checked_size(math.prod(size), f"columns of {what}")
    return Extent(size)


class Signal(Frozen):
    """What an input or a call of a layer gives, while the function of a network runs. Signals can be added and multiplied."""

    name: str = ""
    layer: Layer | None = None
    sources: tuple[Signal, ...] = ()

    def __add__(self, other: Signal) -> Signal:
        return apply_layer(kinds.add(), (self, other))

    def __mul__(self, other: Signal) -> Signal:
        return apply_layer(kinds.multiply(), (self, other))

    def __repr__(self) -> str:
        return f"the input {self.name}" if self.layer is None else f"what {self.layer!r} gives"


def apply_layer(layer: Layer, signals: Sequence[Any]) -> Signal:
    """What a layer makes of signals. Raises DescriptionError."""
    for signal in signals:
        if not isinstance(signal, Signal):
            raise DescriptionError(
                f"{layer!r} is called on inputs and on what layers give, as in Network(2, lambda x: dense(1)(x)), not on {quoted(signal)}."
            )
    check_signal_count(layer, len(signals))
    return Signal(layer=layer, sources=tuple(signals))


def check_signal_count(layer: Layer, signals: int) -> None:
    """Does the layer take so many signals? Raises DescriptionError."""
    least, most = layer.kind.signals
    if not least <= signals <= most:
        wanted = f"{'two' if least == 2 else least} or more" if most == math.inf else str(least) if least == most else f"{least} to {most}"
        raise DescriptionError(f"{layer!r} takes {wanted} signal{'s' * (wanted != '1')}, but is called on {signals}.")


class LayerCall(Frozen):
    """A call of a layer. name: of what it gives; sources: what it is called on, inputs or earlier calls."""

    name: str
    layer: Layer
    sources: tuple[str, ...]


class Wiring(Frozen):
    """Inputs, calls in an order in which they can be computed, and outputs.

    inputs   how many numbers each input has
    outputs  which call or input each output is
    """

    inputs: Mapping[str, int]
    calls: tuple[LayerCall, ...]
    outputs: Mapping[str, str]

    @property
    def is_chain(self) -> bool:
        """Is every call on what the one before gives, from one input to one output, each layer called once?"""
        before = [INPUT, *(call.name for call in self.calls)]
        alone = list(self.inputs) == [INPUT] and dict(self.outputs) == {OUTPUT: before[-1]} and len(self.layers) == len(self.calls)
        return alone and all(call.sources == (source,) for call, source in zip(self.calls, before, strict=False))

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Every layer once, in the order of first calls."""
        return tuple(dict.fromkeys(call.layer for call in self.calls))

    def calls_of(self, layer: Layer) -> list[LayerCall]:
        """The calls of one layer: more than one where it is shared."""
        return [call for call in self.calls if call.layer is layer]

    @cached_property
    def shared(self) -> list[Layer]:
        """The layers that are called more than once."""
        return [layer for layer, calls in Counter(call.layer for call in self.calls).items() if calls > 1]

    def replaced(self, layers: Mapping[Layer, Layer]) -> Wiring:
        """The same connections of other layers."""
        made = dict(layers)
        for layer in self.layers:  # one that refers to another, as a tied one does, refers to what that has become
            changed = {name: made[value] for name, value in layer.chosen.items() if isinstance(value, Layer) and value in made}
            if changed:
                made[layer] = made.get(layer, layer).with_options(**changed)
        calls = tuple(LayerCall(call.name, made.get(call.layer, call.layer), call.sources) for call in self.calls)
        return Wiring(self.inputs, calls, self.outputs)

    def __repr__(self) -> str:
        if self.is_chain:
            return ", ".join(map(repr, (self.inputs[INPUT], *self.layers)))
        calls = ", ".join(f"{call.name} = {call.layer!r}({', '.join(call.sources)})" for call in self.calls)
        return f"{dict(self.inputs)}, {calls}, outputs={dict(self.outputs)}"


def chain_wiring(inputs: int, layers: Sequence[Layer]) -> Wiring:
    """One layer after the other."""
    names = [layer.name or str(number) for number, layer in enumerate(layers, start=1)]
    _check_names(names)
    calls = tuple(LayerCall(name, layer, (before,)) for name, layer, before in zip(names, layers, [INPUT, *names], strict=False))
    size = inputs if isinstance(inputs, Extent) else checked_size(inputs, "inputs")
    return Wiring({INPUT: size}, calls, {OUTPUT: names[-1]})


def traced(inputs: Mapping[str, int], function: Callable[..., Any]) -> Wiring:
    """What a function of signals does. It returns one signal, or a dict of outputs by name. Raises DescriptionError."""
    sizes = checked_inputs(inputs)
    signals = {name: Signal(name) for name in sizes}
    _check_takes(function, list(signals))
    result = result_of("the function of the network", partial(function, *signals.values()))
    results = result if isinstance(result, Mapping) else {OUTPUT: result}
    for name, signal in results.items():
        if not isinstance(signal, Signal):
            raise DescriptionError(f"the function of a network returns what a layer gives, or a dict of such, not {quoted(signal)}.")
        checked_output(name)
    calls: dict[Signal, LayerCall] = {}
    names: dict[Signal, str] = {signal: name for name, signal in signals.items()}
    for signal in _ordered(results.values()):
        if signal.layer is None:
            if signal not in names:
                raise DescriptionError("the function of a network was given a signal of another network.")
            continue
        name = signal.layer.name
        names[signal] = name if name and name not in names.values() else _free(str(len(calls) + 1), set(names.values()))
        calls[signal] = LayerCall(names[signal], signal.layer, tuple(names[source] for source in signal.sources))
    _check_names([*sizes, *(layer.name for layer in dict.fromkeys(call.layer for call in calls.values()) if layer.name)])
    wiring = Wiring(sizes, tuple(calls.values()), {name: names[signal] for name, signal in results.items()})
    return checked(wiring)


def _check_takes(function: Callable[..., Any], inputs: Sequence[str]) -> None:
    try:
        signature(function).bind(*inputs)
    except TypeError as error:
        raise DescriptionError(f"the function of the network is called with its inputs, {', '.join(inputs)}: {error}.") from None
    except ValueError:  # some functions do not say what they take
        return


def _ordered(results: Any) -> list[Signal]:
    """Every signal below the results, sources first."""
    ordered: dict[Signal, None] = {}
    pending: list[tuple[Signal, bool]] = [(signal, False) for signal in reversed(list(results))]
    while pending:
        signal, complete = pending.pop()
        if complete or not signal.sources:
            ordered.setdefault(signal)
        elif signal not in ordered:
            pending += [(signal, True), *((source, False) for source in reversed(signal.sources))]
    return list(ordered)


def _free(name: str, taken: set[str]) -> str:
    return name if name not in taken else _free(f"{name}'", taken)


def checked(wiring: Wiring) -> Wiring:
    """The wiring, if it is one: something is computed, and nothing is left over. Raises DescriptionError."""
    if not wiring.calls:
        raise DescriptionError("a network is made of layers: Network(2, dense(2), dense(1)).")
    used = {source for call in wiring.calls for source in call.sources} | set(wiring.outputs.values())
    for name in (*wiring.inputs, *(call.name for call in wiring.calls)):
        if name not in used:
            what = "the input" if name in wiring.inputs else "the layer"
            raise DescriptionError(f"{what} {quoted(name)} leads nowhere: no layer is called on it, and it is no output.")
    given: dict[str, str] = {}
    for output, name in wiring.outputs.items():
        if (before := given.setdefault(name, output)) != output:
            raise DescriptionError(f"the outputs {before} and {output} are one and the same, {quoted(name)}; leave one of them out.")
        if name in wiring.inputs:
            raise DescriptionError(f"the output {quoted(name)} is an input as it is; call a layer on it.")
    return wiring


def sorted_calls(inputs: Mapping[str, int], calls: Sequence[LayerCall]) -> tuple[LayerCall, ...]:
    """Calls in an order in which they can be computed: as they stand, but for those that wait for a later one.

    Raises DescriptionError for a cycle, UnknownNameError for an unknown name.
    """
    known = [*inputs, *(call.name for call in calls)]
    for call in calls:
        for source in call.sources:
            if source not in known:
                raise UnknownNameError("input or layer", source, known, f"The layer {quoted(call.name)} is called on it.")
    done, left = dict[str, LayerCall | None](dict.fromkeys(inputs)), {call.name: call for call in calls}
    while left:
        ready = next((call for call in left.values() if all(source in done for source in call.sources)), None)
        if ready is None:
            names = " → ".join(map(quoted, _circle(list(left.values()))))
            raise DescriptionError(f"layers are called in a circle: {names}. Take one of these connections away.")
        done[ready.name] = left.pop(ready.name)
    return tuple(call for call in done.values() if call is not None)


def _circle(calls: Sequence[LayerCall]) -> list[str]:
    """Names of calls, each called on by the next, of which the last is the first. Every call waits for another."""
    waits = {call.name: next(source for source in call.sources if any(source == one.name for one in calls)) for call in calls}
    way = [calls[0].name]
    while way.count(way[-1]) < 2:
        way.append(waits[way[-1]])
    return way[way.index(way[-1]) :][::-1]


def checked_inputs(inputs: Mapping[str, Any]) -> dict[str, int]:
    """Inputs by name, each a whole number of columns. Raises DescriptionError."""
    if not inputs:
        raise DescriptionError('a network needs an input, as {"x": 2}.')
    for name in inputs:
        if name != INPUT:
            checked_name(name)
    return {name: checked_extent(size, f"the input {name}") for name, size in inputs.items()}


def checked_output(name: object) -> str:
    """The name of an output: y, or a Python name that nothing else has. Raises DescriptionError."""
    if not isinstance(name, str):
        raise DescriptionError(f"an output is called by a name, not {quoted(name)}.")
    return name if name == OUTPUT else checked_name(name)


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DescriptionError(f"two things are called {quoted(name)}; inputs and layers need names of their own.")
