"""What Network(…) is given beside numbers: layers wired, a goal for each output, how errors are counted."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from chainrule.base.arrays import python_value
from chainrule.base.errors import DescriptionError, UnknownNameError, quoted
from chainrule.network.definitions import Bound, find
from chainrule.network.derivation import Conventions, Goal
from chainrule.network.layers import Kind, Layer
from chainrule.network.wiring import INPUT, Wiring, chain_wiring, traced
from chainrule.notation.conventions import Notation

MOST_LAYERS = 1000
"""More layers than this are refused."""


def wired(inputs: int | Mapping[str, int], layers: Sequence[Any]) -> Wiring:
    """Layers one behind the other, or as the one function among them calls them. Raises DescriptionError."""
    if not layers:
        raise DescriptionError("a network is made of layers: Network(2, dense(2), dense(1)).")
    if len(layers) > MOST_LAYERS:
        raise DescriptionError(f"{len(layers):,} layers are more than this can hold; the limit is {MOST_LAYERS:,}.")
    first = layers[0]
    if len(layers) == 1 and isinstance(first, Wiring):
        return first
    for kind in layers:
        if isinstance(kind, Kind):
            options = "3" if "units" in kind.options else ""
            raise DescriptionError(f"{kind.name} is a kind of layer; a layer is made from it: {kind.name}({options}).")
    if len(layers) == 1 and not isinstance(first, Layer) and callable(first):
        return traced(inputs if isinstance(inputs, Mapping) else {INPUT: inputs}, first)
    if not all(isinstance(layer, Layer) for layer in layers):
        raise DescriptionError("a network is made of layers: Network(2, dense(2), dense(1)).")
    if isinstance(inputs, Mapping):
        raise DescriptionError('several inputs need a function that says where they go: Network({"x": 2, "v": 3}, lambda x, v: …).')
    return chain_wiring(inputs, layers)


def goals_of(wiring: Wiring, loss: Any, emphasis: Mapping[str, float]) -> dict[str, Goal]:
    """What each output is measured by. Raises DescriptionError, UnknownNameError."""
    names = list(wiring.outputs)
    each = losses_of(loss, names)
    for name in (*each, *emphasis):
        if name not in names:
            raise UnknownNameError("output of this network", name, names)
    for name in names:
        if name not in each:
            raise DescriptionError(f"the output {name} has no loss; say one for each of {', '.join(names)}.")
        weight = python_value(emphasis.get(name, 1.0))
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not 0 < weight < math.inf:
            raise DescriptionError(f"the error of {name} is multiplied by a number greater than 0, not {quoted(weight)}.")
    return {name: Goal(find("loss", each[name]), python_value(emphasis.get(name, 1.0))) for name in names}


def losses_of(loss: Any, outputs: Collection[str]) -> dict[str, Any]:
    """The loss of each output: one for all of them, or a dict with one for each."""
    several = isinstance(loss, Mapping) and ("name" not in loss or set(loss) <= set(outputs))
    return dict(loss) if several else dict.fromkeys(outputs, loss)


def conventions_of(goals: Mapping[str, Goal], outputs: str, batch: str, weighted: bool) -> Conventions:
    """How errors are counted: as the names of the losses imply, or else as is said. Raises DescriptionError where losses disagree."""
    implied: dict[str, str] = {}
    for goal in goals.values():
        check_implied(goal.loss, implied)
        implied.update(goal.loss.implied)
    counted = {"outputs": outputs, "batch": batch, **implied}
    return Conventions(
        _one_of("outputs", counted["outputs"], "sum", "mean"),
        _one_of("batch", counted["batch"], "mean", "sum"),
        _checked_flag("weighted", weighted),
    )


def check_implied(loss: Bound, said: Mapping[str, Any]) -> None:
    """Raises DescriptionError where the name of a loss implies another way of counting errors than is said."""
    for what, how in loss.implied.items():
        if said.get(what, how) != how:
            raise DescriptionError(
                f'the loss that was asked for is {loss.name} with {what} = "{how}", but {what} = "{said[what]}" is said, too; '
                f"say one of them, or call the loss {loss.name}."
            )


def with_activations(wiring: Wiring, goals: Mapping[str, Goal]) -> Wiring:
    """Every layer with an activation: where none is said, identity inside, and what fits the loss where a layer leads to an output."""
    last = {call: goals[name].loss for name, call in wiring.outputs.items()}
    decided: dict[Layer, Layer] = {}
    for call in wiring.calls:
        if call.layer.undecided and (call.layer not in decided or call.name in last):
            fitting = last[call.name].output if call.name in last else find("activation", "identity")
            decided[call.layer] = call.layer.with_options(activation=fitting)
    return wiring.replaced(decided)


def _one_of(what: str, value: str, *allowed: str) -> str:
    if value not in allowed:
        raise UnknownNameError(f"way of counting {what}", str(value)[:60], allowed)
    return value


def _checked_flag(what: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise DescriptionError(f"{what} must be true or false, not {quoted(value)}.")
    return value


def check_letters(wiring: Wiring, notation: Notation) -> None:
    """Raises DescriptionError where the notation gives an input's letter to something else. What has a layer is told apart by it."""
    alike = notation.letter("y") == notation.letter("h")  # then y says its layer
    for quantity in ("x", "t", *(() if alike else ("y",)), "E", "delta", "learning_rate", "batch"):
        letter = notation.letter(quantity)
        if letter in wiring.inputs and letter != quantity and (quantity != INPUT or quantity in wiring.inputs):
            raise DescriptionError(f"notation writes {quantity} as {letter}, which an input is called; choose another letter or name.")


def checked_seed(seed: object) -> int:
    """A whole number from 0. Raises DescriptionError."""
    seed = python_value(seed)
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise DescriptionError(f"seed must be a whole number from 0, not {quoted(seed)}.")
    return seed
