"""What of a network can be changed on a live page: its layers, their activations, loss and optimiser, letters and language.

Of the numbers everything is kept that still fits: a weight between two units that are still there stays what it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.api.batches import fitting_targets
from chainrule.api.models import Replayed
from chainrule.api.problems import problem
from chainrule.api.settings import chosen_notation, chosen_optimizer
from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.frozen import replace
from chainrule.document.words import Words
from chainrule.network.definitions import definitions
from chainrule.network.layers import dense
from chainrule.network.network import Network
from chainrule.notation.conventions import CHOICES, PRESETS, Notation
from chainrule.pages.content import MOST_NUMBERS, MOST_UNITS
from chainrule.steps.problem import Problem, described_problem

MOST_LAYERS = 12
"""Layers that a page may have; the paths through more are too many to be looked at."""

UNITS = 2
"""Units of a layer that is put in."""

LOOKS = ("notation", "language")
"""What changes how a step is written, and none of its numbers."""

CHANGES = ("inputs", "units", "activation", "bias", "insert", "remove", "loss", "optimizer", "draw", *LOOKS)

Change = Mapping[str, Any]
"""One of `CHANGES` with its value; units, activation and bias say of which layer, counted from 0: {"units": 3, "layer": 0}."""


# What there is to choose


def architecture(subject: Problem) -> dict[str, Any]:
    """What the network is made of, as the controls of a page show it, with what there is to choose from, by name and in words."""
    network = subject.network
    words = Words(network.notation.language)
    record = subject.record if isinstance(subject, Replayed) else None
    optimizer = record.optimizer if record is not None else chosen_optimizer(subject.optimizer, None, None)
    return {
        "inputs": network.inputs if network.wiring.is_chain else None,
        "layers": [_layer(network, place, words) for place in range(len(network.layers))],
        "chain": _is_plain(network),
        "loss": network.loss.name if len(network.goals) == 1 else None,
        "optimizer": optimizer.name,
        "notation": next((name for name in PRESETS if _same_letters(PRESETS[name], network.notation)), None),
        "language": network.notation.language,
        "choices": {
            "activation": _named(words, "activation", list(definitions("activation"))),
            "loss": _named(words, "loss", _losses(network)),
            "optimizer": _named(words, "optimizer", list(definitions("optimizer"))),
            "notation": [[name, name] for name in PRESETS],
            "language": [[name, words.plain(f"served.language.{name}")] for name in CHOICES["language"]],
        },
        "most": {"units": MOST_UNITS, "layers": MOST_LAYERS},
    }


def _layer(network: Network, place: int, words: Words) -> dict[str, Any]:
    layer = network.layers[place]
    bias = layer.option("bias")
    return {
        "title": words.plain("served.layer", number=place + 1) if network.wiring.is_chain else _called(network, place),
        "units": network.units(layer) if layer.kind is dense else None,
        "activation": None if layer.activation is None else layer.activation.name,
        "bias": None if layer.kind is not dense or bias is None else bool(bias),
    }


def _called(network: Network, place: int) -> str:
    return network.wiring.calls_of(network.layers[place])[0].name


def _is_plain(network: Network) -> bool:
    """Is it a chain of dense layers, so that layers can be put in and taken out?"""
    return network.wiring.is_chain and all(layer.kind is dense for layer in network.layers)


def _losses(network: Network) -> list[str]:
    """Losses that compare a prediction with a target, and the present one."""
    present = {goal.loss.name for goal in network.goals.values()}
    return [name for name, loss in definitions("loss").items() if name in present or (loss.measures and loss.has_target)]


def _named(words: Words, kind: str, names: Sequence[str]) -> list[list[str]]:
    return [[name, words.called(kind, name)] for name in names]


def _same_letters(one: Notation, other: Notation) -> bool:
    return (one.letters, one.vectors) == (other.letters, other.vectors) and one.decimal == other.decimal


# Changing it


def with_numbers(subject: Problem, numbers: Mapping[str, Any]) -> Problem:
    """The problem with other numbers for some of its parameters (W1, b1 …), x, t and the options of its optimiser.

    numbers  for each key all of its elements in a row

    Raises InputError where one is no number, or they are not as many as there are.
    """
    network = subject.network
    parameters, options, batch = dict[str, Array](), dict[str, float](), dict[str, Array]()
    nodes = {node.key: node for node in (*network.derivation.inputs, *network.derivation.targets)}
    sides: dict[str, list[Array]] = {"x": [], "t": []}
    optimizer = chosen_optimizer(subject.optimizer, None, None)
    for key, values in numbers.items():
        row = _row(key, values)
        if key in network.shapes:
            parameters[key] = _shaped(key, row, network.shapes[key])
        elif key in optimizer.options and len(row) == 1:
            options[key] = float(row[0])
        elif key in nodes:
            batch[key] = row
        else:
            raise InputError(f"this network has no numbers that are called {quoted(key)}.")
    rows = 0 if subject.x is None else len(subject.x)
    for side, whole, named in (("x", subject.x, network.derivation.inputs), ("t", subject.t, network.derivation.targets)):
        if whole is None or not any(node.key in batch for node in named):
            continue
        parts = network.split(x=whole if side == "x" else None, t=whole if side == "t" else None)
        sides[side] = [_shaped(node.key, batch[node.key], parts[node].shape) if node.key in batch else parts[node] for node in named]
    changed = replace(
        subject,
        network=network.with_parameters(parameters) if parameters else network,
        x=np.concatenate([part.reshape(rows, -1) for part in sides["x"]], axis=1) if sides["x"] else subject.x,
        t=np.concatenate([part.reshape(rows, -1) for part in sides["t"]], axis=1) if sides["t"] else subject.t,
    )
    moved = {key: value for key, value in options.items() if value != optimizer.options[key]}
    return replace(changed, optimizer=optimizer.definition.bind(**{**optimizer.given, **moved})) if moved else changed


def _row(key: str, values: Any) -> Array:
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) > MOST_NUMBERS * MOST_UNITS:
        raise InputError(f"the numbers of {quoted(key)} are a list, as [0.5, -1].")
    try:
        row = np.array([float(value) for value in values])
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"the numbers of {quoted(key)} hold something that is no number.") from None
    if not np.isfinite(row).all():
        raise InputError(f"the numbers of {quoted(key)} hold NaN or infinity, with which nothing can be computed; rewind, or type others.")
    return row


def _shaped(key: str, row: Array, shape: Sequence[Any]) -> Array:
    sizes = tuple(int(size) for size in shape)
    if row.size != int(np.prod(sizes)):
        raise InputError(f"{quoted(key)} has {int(np.prod(sizes))} numbers, not {row.size}.")
    return row.reshape(sizes)


def changed(subject: Problem, change: Change) -> Problem:
    """The problem with one thing changed. Raises InputError: what cannot be, and why."""
    (kind, *more), value = [key for key in CHANGES if key in change] or [""], None
    if more or not kind or set(change) - {kind, "layer"}:
        raise InputError(f"one thing is changed at a time, of {', '.join(CHANGES)}.")
    value = change[kind]
    if kind in LOOKS:
        return _written(subject, kind, value)
    subject = thawed(subject)
    if kind == "optimizer":
        return replace(subject, optimizer=chosen_optimizer(None, str(value), _kept_rate(subject)), origin={})
    if kind == "draw":
        return _drawn(subject)
    network, places = subject.network, {place: place for place in range(len(subject.network.layers))}
    description = {key: one for key, one in described_problem(subject).items() if key not in ("data", "weights", "title")}
    layers = [dict(layer) for layer in description["layers"]]
    if kind == "insert":
        at = _place(value, len(layers))
        layers.insert(at, {"units": UNITS, "activation": _inner_activation(network)})
        places = {place: place + (place >= at) for place in places}
    elif kind == "remove":
        at = _place(value, len(layers) - 1)
        del layers[at]
        places = {place: place - (place > at) for place in places if place != at}
    elif kind == "inputs":
        description["inputs"] = _count("inputs", value)
    elif kind != "loss":
        at = _place(change.get("layer"), len(layers))
        layers[at][kind] = _count("units in a layer", value) if kind == "units" else bool(value) if kind == "bias" else str(value)
    if kind in ("insert", "remove", "inputs") and not _is_plain(network):
        raise InputError("layers are put in and taken out where each is a dense layer on the one before; this network is wired otherwise.")
    if len(layers) > MOST_LAYERS:
        raise InputError(f"a page shows up to {MOST_LAYERS} layers.")
    for layer in layers:  # their numbers are put back where they fit
        layer.pop("weights", None)
        layer.pop("numbers", None)
        if isinstance(layer.get("bias"), list):
            layer["bias"] = True
    description["layers"] = layers
    made = problem(description, loss=str(value) if kind == "loss" else None)
    made = replace(made, network=made.network.with_parameters(_carried(network, made.network, places)), optimizer=subject.optimizer)
    return _with_rows(made, subject)


def thawed(subject: Problem) -> Problem:
    """A recorded step as the problem that it is: its network, rows and optimiser, whose numbers may be changed."""
    if not isinstance(subject, Replayed):
        return subject
    features, targets = (tuple(map(str, subject.origin.get(key, ()))) for key in ("features", "targets"))
    return Problem(subject.network, subject.x, subject.t, subject.optimizer, features=features, targets=targets)


def _written(subject: Problem, kind: str, value: Any) -> Problem:
    """In other letters, or in another language: the same numbers."""
    present = subject.network.notation
    if kind == "language":
        decimal = "comma" if value == "de" else "point"
        notation = chosen_notation(present, {"decimal": decimal}, str(value))
    else:
        notation = chosen_notation(present, {"preset": str(value), "digits": present.digits}, present.language)
        notation = replace(notation, decimal=present.decimal)
    if isinstance(subject, Replayed):
        return subject.written_in(notation)
    return replace(subject, network=subject.network.replaced(notation=notation))


def _kept_rate(subject: Problem) -> float | None:
    """The rate of the optimiser before, where a person chose one that differs from the optimiser's own."""
    given = subject.optimizer.given.get("learning_rate") if subject.optimizer else None
    return float(given) if isinstance(given, (int, float)) else None


def _drawn(subject: Problem) -> Problem:
    """With weights drawn anew, from the next seed."""
    description = {key: one for key, one in described_problem(subject).items() if key not in ("weights", "title")}
    description["layers"] = [
        {key: one for key, one in layer.items() if key not in ("weights", "numbers") and not (key == "bias" and isinstance(one, list))}
        for layer in description["layers"]
    ]
    return problem(description, seed=subject.network.seed + 1)


def _place(value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < most:
        raise InputError(f"there is no layer at place {quoted(value)}.")
    return value


def _count(what: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_UNITS:
        raise InputError(f"a page shows 1 to {MOST_UNITS} {what}, not {quoted(value)}.")
    return value


def _inner_activation(network: Network) -> Any:
    """That of the hidden layers; tanh where there are none."""
    inner = network.layers[0].activation if len(network.layers) > 1 else None
    return "tanh" if inner is None else inner.described()


def _carried(old: Network, new: Network, places: Mapping[int, int]) -> dict[str, Array]:
    """The numbers of the old layers in the new ones, where there are still such."""
    found: dict[str, Array] = {}
    for before, after in places.items():
        known = {part.symbol: part.key for part in old.parameters_of(old.layers[before])}
        for part in new.parameters_of(new.layers[after]):
            if part.symbol in known:
                found[part.key] = _overlaid(new.parameters[part.key], old.parameters[known[part.symbol]])
    return found


def _overlaid(drawn: Array, kept: Array) -> Array:
    """The drawn numbers with those that were kept in their places."""
    numbers = np.array(drawn, dtype=float)
    if numbers.ndim == kept.ndim:
        block = tuple(slice(min(sizes)) for sizes in zip(numbers.shape, kept.shape, strict=True))
        numbers[block] = kept[block]
    return numbers


def _with_rows(made: Problem, old: Problem) -> Problem:
    """With the rows of the old problem: as many inputs and targets as there are now, and targets that the loss compares with."""
    assert old.x is not None
    assert old.t is not None
    random = np.random.default_rng([made.network.seed, 2])
    rows = len(old.x)
    x = _overlaid(np.round(random.normal(size=(rows, made.network.inputs)), 2), old.x)
    fitting = fitting_targets(made.network, random, rows)
    t = _overlaid(fitting, old.t)
    t = np.where(_fits(t, made.network)[:, None], t, fitting)
    features = old.features if made.network.inputs == old.network.inputs else ()
    targets = old.targets if made.network.targets == old.network.targets else ()
    return replace(made, x=x, t=t, features=features, targets=targets, origin={})


def _fits(t: Array, network: Network) -> Array:
    """(rows,): may the losses compare these targets with a prediction?"""
    fits, start = np.ones(len(t), dtype=bool), 0
    for name, size in network.target_sizes.items():
        part, start = t[:, start : start + size], start + size
        asked = network.goals[name].loss.definition.targets
        if asked in ("probabilities", "distribution"):
            fits &= ((part >= 0) & (part <= 1)).all(axis=1)
        if asked == "distribution":
            fits &= np.abs(part.sum(axis=1) - 1) < 1e-9
        if asked == "signs":
            fits &= (np.abs(part) == 1).all(axis=1)
    return fits
