"""Which of the values that a program gave are the gradients of its parameters: by their names, else by their shapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.learners.layout import Probe
from chainrule.learners.names import as_kind, compact, meaning, ranked
from chainrule.learners.recognition import SeenValues
from chainrule.learners.reporting import Spot, numbers
from chainrule.learners.stored import fields_of


def gradients_among(
    named: Mapping[str, Any], probe: Probe, orders: dict[str, int] | None = None
) -> tuple[dict[str, Array], dict[str, str]]:
    """dW1, db1 … in chainrule's layout, and what the program calls them; empty where they are not all there.

    orders  of what a program gives without names, as it showed in an earlier answer; it is kept here
    """
    depth = len(probe.weights)
    found: dict[str, Any] = {}
    names: dict[str, str] = {}
    inner = _inside(named)
    for kind in ("W", "b"):
        wanted = [number for number in range(depth) if kind == "W" or (probe.biases[number] is not None and not probe.layout.inside)]
        values = _of_kind(named, inner, kind, len(wanted), depth)
        if values is None:
            if kind == "W":
                return _by_shape(named, probe, {} if orders is None else orders)
            continue
        for number, (name, value) in zip(wanted, values, strict=True):
            found[f"{kind}{number + 1}"] = value
            names[f"d{kind}{number + 1}"] = name
    return _read(found, probe), names


def _read(found: Mapping[str, Any], probe: Probe) -> dict[str, Array]:
    result: dict[str, Array] = {}
    for key, value in found.items():
        array = np.array(float(value)) if isinstance(value, (int, float)) else numbers(value)
        if array is None:
            continue
        number = int(key[1:]) - 1
        read = probe.read_w(array, number) if key[0] == "W" else probe.read_b(array, number)
        result.update({f"d{name}": part for name, part in read.items()})
    return result


def _inside(named: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in containers of gradients: grads["W1"] is a gradient although its key is that of a weight.

    Where no name says so, a dict that is no one's parameters and has keys of weights is taken for one.
    """
    dicts = {name: fields for name, value in named.items() if (fields := fields_of(value))}
    chosen = [name for name in dicts if as_kind(name, "grads", "dW")] or [
        name
        for name, value in dicts.items()
        if not as_kind(name, "params", "cache") and any(as_kind(key, "W") for key in value if isinstance(key, str))
    ]
    return {f"{name}[{key!r}]": item for name in chosen for key, item in dicts[name].items() if isinstance(key, str)}


def _of_kind(named: Mapping[str, Any], inner: Mapping[str, Any], kind: str, count: int, depth: int) -> list[tuple[str, Any]] | None:
    """The values of one kind in the order of their layers; None where there are not so many."""
    direct = [name for name in named if meaning(name).kind == f"d{kind}"]
    arrays = [name for name in direct if not isinstance(named[name], (dict, list, tuple)) or numbers(named[name]) is not None]
    if len(arrays) == count and count:
        single = arrays[0] if count == 1 else ""
        if not single or not _many(named[single], depth):
            return [(name, named[name]) for name in ranked(arrays, f"d{kind}")]
    for name in direct:
        numbered = named[name] if isinstance(named[name], dict) else {}  # {1: ∂E/∂W1, 2: ∂E/∂W2}
        if len(numbered) == count and count and all(isinstance(key, int) for key in numbered):
            return [(f"{name}[{key}]", numbered[key]) for key in sorted(numbered)]
        if isinstance(named[name], (list, tuple)) and len(named[name]) == count and count:
            return [(f"{name}[{place}]", item) for place, item in enumerate(named[name])]
        if isinstance(named[name], np.ndarray) and named[name].dtype == object and len(named[name]) == count:
            return [(f"{name}[{place}]", item) for place, item in enumerate(named[name])]
    keys = [path for path in inner if as_kind(path, kind, f"d{kind}")]
    if len(keys) == count and count:
        order = ranked([compact(path) for path in keys], kind, f"d{kind}")
        keys.sort(key=lambda path: order.index(compact(path)))
        return [(path, inner[path]) for path in keys]
    return None


def _many(value: Any, depth: int) -> bool:
    return isinstance(value, (list, tuple)) and len(value) == depth > 1


def _by_shape(named: Mapping[str, Any], probe: Probe, orders: dict[str, int]) -> tuple[dict[str, Array], dict[str, str]]:
    """Of what has no names of gradients: arrays in the shapes of W and b, each once, or in an order that shows in their shapes.

    orders  the order that showed once; it holds for layers of one size, too
    """
    flat = [(name, item) for name, value in named.items() for name, item in flat_arrays(name, value)]
    flat = [(name, item) for name, item in flat if as_kind(name, "W", "b", "x", "t", "h", "z", "y") is None]
    keys = [f"{kind}{number}" for number in range(1, len(probe.weights) + 1) for kind in ("W", "b")]
    keys = [key for key in keys if key[0] == "W" or (probe.biases[int(key[1:]) - 1] is not None and not probe.layout.inside)]
    weights, biases = ([key for key in keys if key[0] == kind] for kind in ("W", "b"))
    backwards = sorted(keys, key=lambda key: (-int(key[1:]), key[0] == "b"))
    shapes = {key: np.shape(np.asarray((probe.own_w if key[0] == "W" else probe.own_b)(int(key[1:]) - 1))) for key in keys}
    several = [keys, [*weights, *biases], backwards, [*weights[::-1], *biases[::-1]], weights, weights[::-1]]
    fitting = dict[int, list[tuple[str, Any]]]()
    for free in ("", "b"):  # only where nothing fits may a bias have any shape: it may be summed over too much, or not at all
        wanted = [[None if key[0] == free else shapes[key] for key in one] for one in several]
        found = {order: _fitting(flat, one) for order, one in enumerate(wanted)}
        fitting = fitting or {order: items for order, items in found.items() if items is not None}
    if not fitting:
        return {}, {}
    if len({tuple(shapes[key] for key in weights)[::step] for step in (1, -1)}) > 1:
        orders["seen"] = min(fitting)
    order = orders.get("seen", -1) if orders.get("seen", -1) in fitting else min(fitting)
    chosen = dict(zip(several[order], fitting[order], strict=True))
    return _read({key: item for key, (_, item) in chosen.items()}, probe), {f"d{key}": name for key, (name, _) in chosen.items()}


def flat_arrays(name: str, value: Any) -> list[tuple[str, Any]]:
    """The arrays in a value: in lists and tuples of them, however deep."""
    if isinstance(value, (list, tuple)) and numbers(value) is None:
        return [one for place, item in enumerate(value) for one in flat_arrays(f"{name}[{place}]", item)]
    return [] if numbers(value) is None else [(name, value)]


def _fitting(flat: list[tuple[str, Any]], shapes: list[tuple[int, ...] | None]) -> list[tuple[str, Any]] | None:
    """Arrays of these shapes, None being any, in this order, one behind the other, where there is only one such place."""
    places = [
        start
        for start in range(len(flat) - len(shapes) + 1)
        if all(shape in (None, np.shape(item)) for shape, (_, item) in zip(shapes, flat[start:], strict=False))
    ]
    return flat[places[0] : places[0] + len(shapes)] if len(places) == 1 and shapes else None


def gradients_of_rule(
    values: SeenValues, spots: Sequence[Spot], moved: Mapping[str, Array], probe: Probe, orders: dict[str, int]
) -> tuple[dict[str, Array], dict[str, str]]:
    """The gradients by which a rule such as Adam's has stepped, where a program keeps them to itself; empty where they do not show.

    moved   what the first step has taken off each parameter
    orders  as of `gradients_among`

    They are what the rule squares, element by element, for the root by which it divides; else what variables hold that are called so.
    """
    squared = {f"squared {place}": value for place, (number, value) in enumerate(values.kept) if spots[number].squared}
    found, names = _by_shape(squared, probe, orders)
    if found or not (only_signs(moved) or any(np.isnan(value).any() for value in moved.values())):
        return found, dict.fromkeys(names, "")
    local = {spots[number].target: value for number, value in values.kept if meaning(spots[number].target).kind in ("dW", "db")}
    return gradients_among(local, probe, orders)


def only_signs(moved: Mapping[str, Array]) -> bool:
    """Has a step one length for every number? Then a rule such as Adam's has made it, and it does not show what their gradients are."""
    lengths = np.concatenate([np.abs(value).ravel() for value in moved.values()])
    lengths = lengths[lengths > 0]  # what leads to or from a unit of ReLU that is off does not move
    return bool(lengths.size and np.ptp(lengths) < 1e-3 * lengths.max())
