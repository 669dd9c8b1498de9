"""Weights as people have them: in one list, by matrix, or by name.

    network.with_weights([0.21, 0.56, 0.19, 0.02, 0.23, 0.16])                         # w1, w2 … in their numbering, then every bias
    network.with_weights({"W1": [[0.3, -0.1], [0.2, 0.4]], "b1": [0, 0]})              # by matrix
    network.with_weights({"w14": 0.2, "w1,4": 0.3, "hidden1.W[2,3]": 0.1})             # by name
    network.with_weights([0.2, -0.3, 0.4], "by-source, thresholds")                    # as a course writes them

What was understood is kept as plain data (`Network.understood`), so that explanations can say it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import DescriptionError, InputError, ShapeError, UnknownNameError, quoted
from chainrule.base.frozen import FrozenValue
from chainrule.base.printing import counted
from chainrule.formula.scalar import Index
from chainrule.network.elements import THRESHOLDS, find_element, leading, typed_name
from chainrule.network.given import checked_numbers
from chainrule.network.layers import THRESHOLD
from chainrule.network.network import Network

WeightPlace: TypeAlias = tuple[str, Index]
"""One number of a parameter: its key, and its index from 0."""

TARGET, SOURCE = "target", "source"
"""Rows of numbers belong to the units into which the weights lead, or to those from which they come."""

APART, FIRST, LAST = "apart", "first", "last"
"""Where the bias of a unit stands: apart from the weights, or first or last among the weights of its unit."""

WORDS = {
    "units-inputs": ("rows", TARGET),
    "by-target": ("rows", TARGET),
    "inputs-units": ("rows", SOURCE),
    "by-source": ("rows", SOURCE),
    "bias-first": ("bias", FIRST),
    "bias-last": ("bias", LAST),
    "thresholds": ("thresholds", "yes"),
}
"""What `weights_as` may say, each with what it decides."""


class WeightLayout(FrozenValue):
    """How numbers are read: what their rows belong to, and where the biases stand."""

    rows: str
    bias: str = APART

    def __str__(self) -> str:
        """As `weights_as` says it."""
        word = "units-inputs" if self.rows == TARGET else "inputs-units"
        return word if self.bias == APART else f"{word},bias-{self.bias}"

    def shape(self, weights: tuple[int, ...], bias: str | None) -> tuple[int, ...]:
        """The shape in which weights (inputs × units) are written, together with their biases where these have a key."""
        together = weights if bias is None else (weights[0] + 1, weights[1])
        return together[::-1] if self.rows == TARGET else together

    def parameters(self, written: Array, key: str, bias: str | None) -> dict[str, Array]:
        """The weights (inputs × units) in what is written, after their biases where these have a key."""
        matrix = written.T if self.rows == TARGET else written
        if bias is None:
            return {key: matrix}
        return {bias: matrix[0], key: matrix[1:]} if self.bias == FIRST else {bias: matrix[-1], key: matrix[:-1]}


def with_weights(network: Network, weights: Any, weights_as: str | Sequence[str] = ()) -> Network:
    """The network with these numbers; `weights_as` is a list of `WORDS`. Raises InputError, ShapeError, UnknownNameError."""
    said = _said(weights_as)
    if "thresholds" in said:
        network = _with_thresholds(network)
    if not isinstance(weights, Mapping):
        return _with_list(network, weights, said)
    named, whole = _sorted_out(network, weights)
    changed = _with_matrices(network, whole, said) if whole else network
    return _with_named(network, changed, named, said) if named else changed


def _said(weights_as: str | Sequence[str]) -> dict[str, str]:
    """What the words decide. Raises UnknownNameError; InputError where two words disagree."""
    words = weights_as.replace(",", " ").split() if isinstance(weights_as, str) else list(weights_as)
    said: dict[str, str] = {}
    for word in words:
        if word not in WORDS:
            raise UnknownNameError("way of writing weights", str(word), WORDS)
        what, how = WORDS[word]
        if said.setdefault(what, how) != how:
            other = next(before for before in words if WORDS[before] == (what, said[what]))
            raise InputError(f"weights are written {other} or {word}, not both; leave out one of them.")
    return said


def _with_thresholds(network: Network) -> Network:
    """The same network, whose units have thresholds θ in place of biases: z = x W − θ. Raises InputError where there are no biases."""
    layers = []
    for layer in network.numbered_layers:
        if layer.option("bias") is True:
            numbers = layer.given.get("b")
            own = layer.without_numbers("b").with_options(bias=THRESHOLD)
            if numbers is not None:
                own = own.with_numbers(THRESHOLDS, -np.asarray(numbers))
            layers.append(own.with_frozen(THRESHOLDS) if "b" in layer.frozen else own)
        else:
            layers.append(layer)
    if all(one.option("bias") != THRESHOLD for one in layers):
        raise InputError("thresholds stand in the place of biases, one a unit, but this network has none.")
    return network.replaced(layers=layers)


# In one list


def positions(network: Network, reading: WeightLayout, *, biases: bool = True) -> dict[str, Array]:
    """The place in one list, from 0, of every number of the parameters. Raises InputError where a bias cannot stand among the weights.

    biases  False where the list holds the weights alone
    """
    found: dict[str, Array] = {}
    shapes, own = network.shapes, _own_biases(network)
    start = 0
    for key, shape in shapes.items():
        if len(shape) < 2:
            continue
        bias = own.get(key) if reading.bias != APART else None
        written = reading.shape(shape, bias)
        places = np.arange(start, start + math.prod(written))
        start += places.size
        found |= reading.parameters(places.reshape(written), key, bias)
    for key, shape in shapes.items():
        if key not in found and biases:
            found[key] = np.arange(start, start + math.prod(shape)).reshape(shape)
            start += math.prod(shape)
    return found


def _own_biases(network: Network) -> dict[str, str]:
    """The bias, or the threshold, of the units of each matrix: the parameter after it, if that has a number for each of them."""
    found = {}
    for W, b in itertools.pairwise(network.forward.parameters):
        fits = len(W.variable.shape) == 2 and b.variable.shape == W.variable.shape[1:] and b.layer is W.layer
        if fits:
            found[W.variable.key] = b.variable.key
    return found


def _with_list(network: Network, weights: Any, said: Mapping[str, str]) -> Network:
    reading = WeightLayout(said.get("rows", TARGET), said.get("bias", APART))
    numbers = checked_numbers("the weights", weights, None).ravel()
    if reading.bias != APART and not _own_biases(network):
        raise InputError(
            f"bias-{reading.bias}: the units of this network have no biases of their own that could stand among their weights."
        )
    everything = positions(network, reading)
    alone = positions(network, reading, biases=False) if reading.bias == APART else everything
    wanted, most = (sum(places.size for places in part.values()) for part in (alone, everything))
    if len(numbers) not in (wanted, most):
        also = f" ({most} with its biases)" if most > wanted else ""
        raise ShapeError(
            f"the network {network.summary} has {counted(wanted, 'weight')}{also}, but "
            f"{counted(len(numbers), 'number was', 'numbers were')} given."
        )
    places = everything if len(numbers) == most else alone
    changed = network.with_parameters({key: numbers[place] for key, place in places.items()})
    return changed.understood_as({"form": "list", "rows": reading.rows, "bias": reading.bias, "count": len(numbers)})


def in_order(network: Network, reading: WeightLayout, count: int) -> list[WeightPlace]:
    """What each of the numbers of a list is, in their order."""
    places = positions(network, reading)
    found: list[tuple[int, WeightPlace]] = []
    for key, array in places.items():
        found += [(int(position), (key, index)) for index, position in np.ndenumerate(array) if position < count]
    return [place for _, place in sorted(found)]


# By matrix


def _sorted_out(network: Network, weights: Mapping[str, Any]) -> tuple[dict[str, tuple[WeightPlace, Any]], dict[str, Any]]:
    """Single numbers by the names they were given, each with its place; and whole parameters by their keys."""
    named: dict[str, tuple[WeightPlace, Any]] = {}
    whole: dict[str, Any] = {}
    keys = {name: _key_called(network, name) for name in weights}
    sizes = {name: checked_numbers(name, values, None).size for name, values in weights.items()}
    by_matrix = any(key is not None and (sizes[name] > 1 or len(network.shapes[key]) > 1) for name, key in keys.items())
    for name, values in weights.items():
        key = keys[name]
        # One number for b2, where nothing else is given by matrix, may be the second bias of all, too.
        if key is None or (not by_matrix and sizes[name] == 1 and len(network.shapes[key]) == 1):
            if key is not None and not any(other is None and _is_counted(own) for own, other in keys.items()):
                _check_alone(network, name, key)
            named[name] = (_place(network, name if key is None or name.strip() == key else f"{key}[1]"), values)
        elif key in whole:
            raise InputError(f"{key} is given twice, once as {name}; leave one of them out.")
        else:
            whole[key] = values
    return named, whole


def _is_counted(name: str) -> bool:
    """Is it b3, or θ3: a bias by its number?"""
    return re.fullmatch(rf"(?:b|{THRESHOLDS})_?\d{{1,9}}", name.strip().replace("θ", THRESHOLDS)) is not None


def _check_alone(network: Network, name: str, key: str) -> None:
    """Raises InputError for one number that may be the first of a vector, or each of it."""
    (size,) = network.shapes[key]
    first = find_element(network, name) if name.strip() == key else None
    if size > 1 and (first is None or first.key == key):
        raise InputError(
            f"{name} may be one bias, {key}[1], or the vector of its layer, which has {size} numbers: write {key}[1] for the first of "
            f"them, or all {size}."
        )


def _place(network: Network, name: str) -> WeightPlace:
    """Where a single weight stands. Raises InputError for a bias that may be the third of all, or that of unit 3."""
    element = find_element(network, name)
    if _is_counted(name):
        number = re.sub(r"\D", "", name)
        of_unit = [one for one in leading(network, 0, int(number)) if one != element]
        if of_unit:
            raise InputError(
                f"{name} may be number {number} of all, {typed_name(element)}, or that of unit {number}, inputs and units counted "
                f"through, {typed_name(of_unit[0])}: write which one you mean."
            )
    return element.key, element.index


def _key_called(network: Network, name: str) -> str | None:
    """The whole parameter that a name means, W1 or hidden1.W; None where it means a single weight, or nothing."""
    if not isinstance(name, str):
        raise DescriptionError(f'a weight is called by a name, as "w1" or "W1", not {quoted(name)}.')
    text = name.strip().replace("θ", THRESHOLDS)
    if text in ("W", "b", THRESHOLDS) and len(network.layers) == 1:
        return f"{text}1" if f"{text}1" in network.shapes else None
    word, dot, symbol = text.partition(".")
    if dot and word in network.layer_names:
        text = f"{symbol}{network.layer_names.index(word) + 1}"
    return text if text in network.shapes else None


def _with_matrices(network: Network, given: Mapping[str, Any], said: Mapping[str, str]) -> Network:
    """Whole parameters, in the one reading that they fit. Raises InputError where they fit two, ShapeError where they fit none."""
    arrays = {key: checked_numbers(key, values, None) for key, values in given.items()}
    usual = WeightLayout(said.get("rows", SOURCE if network.notation.vectors == "rows" else TARGET), said.get("bias", APART))
    readings = [
        WeightLayout(rows, bias)
        for rows in (TARGET, SOURCE)
        for bias in (APART, FIRST, LAST)
        if said.get("rows", rows) == rows and said.get("bias", bias) == bias
    ]
    found = {reading: fitted for reading in readings if (fitted := _fitted(network, arrays, reading)) is not None}
    exact = {reading: fitted for reading, fitted in found.items() if fitted.exact}
    if usual in exact:
        return _read(network, found, usual, given)
    possible = {**({usual: found[usual]} if usual in found else {}), **exact} or found
    if not possible:
        raise ShapeError(_unfitting(network, arrays, usual))
    chosen = next(iter(exact or possible))
    different = [reading for reading, fitted in possible.items() if not fitted.same(possible[chosen])]
    if different:
        both = " or ".join(f"«--weights-as {reading}»" for reading in (chosen, *different))
        shapes = ", ".join(f"{key} ({_size(array.shape)})" for key, array in arrays.items())
        raise InputError(f"{shapes} can be read in {1 + len(different)} ways, and the numbers would differ: say {both}.")
    return _read(network, found, chosen, given)


class _Fitted(FrozenValue):
    """Parameters in one reading. exact: whether every matrix has just the shape of the reading."""

    parameters: Mapping[str, Array]
    exact: bool

    def same(self, other: _Fitted) -> bool:
        """Are they the same numbers?"""
        return self.parameters.keys() == other.parameters.keys() and all(
            np.array_equal(array, other.parameters[key]) for key, array in self.parameters.items()
        )


def _fitted(network: Network, arrays: Mapping[str, Array], reading: WeightLayout) -> _Fitted | None:
    """The parameters in this reading; None if an array does not fit it. A flat list fits where a matrix has one row or one column."""
    found: dict[str, Array] = {}
    exact, among = True, False
    for key, array in arrays.items():
        shape = network.shapes[key]
        bias = _own_biases(network).get(key) if reading.bias != APART else None
        bias = None if bias in arrays else bias
        if len(shape) != 2:
            if array.size != math.prod(shape) or (len(shape) > 2 and array.shape != shape) or max(array.shape, default=1) != array.size:
                return None
            found[key] = array.reshape(shape)
            continue
        among = among or bias is not None
        wanted = reading.shape(shape, bias)
        if array.shape != wanted:
            flat = max(array.shape, default=1) == array.size == math.prod(wanted) == max(wanted)
            if not flat:
                return None
            exact = exact and array.ndim < 2
        found |= reading.parameters(array.reshape(wanted), key, bias)
    return _Fitted(found, exact) if among or reading.bias == APART else None


def _read(network: Network, found: Mapping[WeightLayout, _Fitted], reading: WeightLayout, given: Mapping[str, Any]) -> Network:
    matrices = [key for key in given if len(network.shapes[key]) == 2]
    understood = {"form": "matrices", "rows": reading.rows, "bias": reading.bias, "keys": matrices}
    return network.with_parameters(found[reading].parameters).understood_as(understood)


def _unfitting(network: Network, arrays: Mapping[str, Array], usual: WeightLayout) -> str:
    """Which shapes were given, and which are needed."""
    parts = []
    for key, array in arrays.items():
        shape = network.shapes[key]
        if len(shape) == 2:
            shape = usual.shape(shape, _own_biases(network).get(key) if usual.bias != APART else None)
        parts.append(f"{key} is {_size(array.shape)}, and {_size(shape)} is needed")
    rows = "(units × inputs)" if usual.rows == TARGET else "(inputs × units)"
    return f"the weights do not fit the network {network.summary}, however they are read; as {rows}, {'; '.join(parts)}."


def _size(shape: Iterable[int]) -> str:
    return " × ".join(map(str, shape)) or "1"


# By name


def _with_named(start: Network, network: Network, named: Mapping[str, tuple[WeightPlace, Any]], said: Mapping[str, str]) -> Network:
    """Single numbers. The others of their parameters stay as they are: as given before, or drawn."""
    for word in ("rows", "bias"):
        if word in said and network is start:
            raise InputError("weights by name have their places in their names; leave out what «--weights-as» says of rows and biases.")
    changed = {key: np.array(network.parameters[key], dtype=float) for key in dict.fromkeys(key for (key, _), _ in named.values())}
    taken: dict[WeightPlace, str] = {}
    for name, (place, value) in named.items():
        if (other := taken.setdefault(place, name)) != name:
            raise InputError(f"{other} and {name} are one and the same weight; leave out one of them.")
        number = checked_numbers(name, value, None)
        if number.size != 1:
            raise ShapeError(f"{name} is one number, but {number.size} were given.")
        changed[place[0]][place[1]] = number.item()
    counts = {key: sum(1 for own, _ in taken if own == key) for key in changed}
    before = {**dict.fromkeys(network.initializers, "drawn"), **dict.fromkeys(network.given, "kept")}
    rest = {key: before.get(key, "zero") for key, count in counts.items() if count < changed[key].size}
    understood = {"form": "names", "places": [[name, key, list(index)] for name, ((key, index), _) in named.items()], "rest": rest}
    matrices = network.understood if network is not start else None
    return network.with_parameters(changed).understood_as({**understood, **({"with": dict(matrices)} if matrices else {})})
