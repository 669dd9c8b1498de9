"""Targets as people have them: numbers for each output, or class numbers, which become one-hot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, quoted
from chainrule.base.printing import counted
from chainrule.network.given import checked_numbers
from chainrule.network.network import Network

Classes = dict[str, Any]
"""What the numbers of each output's classes begin with, or the names of its classes in the order of its outputs."""


def class_outputs(network: Network) -> list[str]:
    """The outputs that tell classes apart, whose targets may be class numbers: several values from 0 to 1."""
    found = []
    for name, size in network.target_sizes.items():
        call = next(call for call in network.wiring.calls if call.name == network.wiring.outputs[name])
        activation, targets = call.layer.activation, network.goals[name].loss.definition.targets
        gives = targets if targets != "numbers" or activation is None else activation.definition.gives
        if size > 1 and gives in ("distribution", "probabilities"):
            found.append(name)
    return found


def widths(network: Network, *, classes: bool) -> dict[str, int]:
    """How many columns the targets of each output have; class numbers have one."""
    several = class_outputs(network) if classes else ()
    return {name: 1 if name in several else size for name, size in network.target_sizes.items()}


def read_targets(network: Network, values: Any, name: str = "t", rows: int | None = None) -> tuple[Array, Classes]:
    """Targets (batch, outputs), and which of them were class numbers; no columns where every output is its own error.

    values  rows of numbers; class numbers in place of those of an output; a flat list, where each sample has one number; a dict by output
    rows    how many samples there are, where that is known

    Raises ShapeError, InputError.
    """
    if values is None and network.targets:
        raise InputError(f"{name} is missing: {counted(network.targets, 'number')} for each row.")
    if not network.targets:
        if np.size(values if values is not None else ()):
            raise InputError(f"{name} is not needed: every output is its own error. Leave it out.")
        return np.empty((rows or 0, 0)), {}
    if isinstance(values, Mapping):
        found: Classes = {}
        parts = {
            part: _part(network, part, given, found, rows) if part in network.target_sizes else given for part, given in values.items()
        }
        return network.checked_t(parts, name), found
    wide, narrow = widths(network, classes=False), widths(network, classes=True)
    array = _in_rows(values, name, sum(wide.values()), sum(narrow.values()), rows)
    if array is None or array.shape[1] == sum(wide.values()) or array.shape[1] != sum(narrow.values()):
        return network.checked_t(values if array is None else array, name), {}
    found, start, columns = {}, 0, []
    for part, width in narrow.items():
        columns.append(_part(network, part, array[:, start : start + width], found, rows, name))
        start += width
    return np.concatenate(columns, axis=1), found


def _part(network: Network, output: str, values: Any, found: Classes, rows: int | None, name: str = "") -> Any:
    """The targets of one output, in full; what its class numbers begin with is put into `found`."""
    name, size = name or output, network.target_sizes[output]
    if output not in class_outputs(network):
        return values
    array = _in_rows(values, name, size, 1, rows)
    if array is None or array.shape[1] != 1:
        return values
    numbers = array[:, 0]
    found[output] = first_class(numbers, size, name)
    return one_hot(numbers.astype(int) - found[output], size)


def _in_rows(values: Any, name: str, wide: int, narrow: int, rows: int | None) -> Array | None:
    """Numbers as rows, a flat list of one number a sample too; None where they are no such thing, which others then say."""
    try:
        array = checked_numbers(name, values, None)
    except InputError:
        return None
    if array.ndim < 2:
        array = array.reshape(1, -1)
    if array.ndim != 2 or not array.size:
        return None
    flat = len(array) == 1 and narrow == 1 and (array.shape[1] != wide or rows == wide) and rows in (None, array.shape[1])
    return array.reshape(-1, 1) if flat else array


def first_class(numbers: Array, size: int, name: str) -> int:
    """With what class numbers begin: 0, or 1 where they go up to the number of outputs. Raises InputError where they are none."""
    for number in numbers:
        if not float(number).is_integer():
            raise InputError(
                f"{name} holds {number:g}, which is no class number; write them from 0 to {size - 1}, or {size} numbers a row."
            )
    first = 1 if numbers.max() == size and numbers.min() >= 1 else 0
    for number in numbers:
        if not first <= number < first + size:
            raise InputError(
                f"{name} holds the class {number:g}, but there are {size} outputs: classes are numbered 0 to {size - 1}, or 1 to {size}."
            )
    return first


def one_hot(places: Sequence[int] | Array, size: int) -> Array:
    """(rows, size): 1 at each place, from 0, and 0 elsewhere; a row of 0 for −1."""
    places = np.asarray(places, dtype=int)
    rows = np.zeros((len(places), size))
    known = np.flatnonzero(places >= 0)
    rows[known, places[known]] = 1
    return rows


def predicted_classes(y: Array, decision: float = 0.5) -> Array:
    """(rows,) the place of the class that outputs mean: the largest; of a single output the second class, 1, from `decision` upward."""
    return (y[:, 0] >= decision).astype(np.int64) if y.shape[1] == 1 else y.argmax(axis=1)


def class_probabilities(y: Array) -> Array:
    """(rows, classes) the outputs themselves; of a single output, which is that of the second class, both."""
    return np.column_stack([1 - y[:, 0], y[:, 0]]) if y.shape[1] == 1 else y


def class_places(cells: Array, size: int, name: str) -> tuple[list[int], list[str]]:
    """The places of classes that are called by names, which are taken in alphabetical order, and those names. Raises InputError."""
    names = sorted({str(cell) for cell in cells})
    if len(names) != size:
        raise InputError(
            f"{name} has {counted(len(names), 'class', 'classes')} ({quoted(', '.join(names))[1:-1]}), but the "
            f"network has {counted(size, 'output')} for them."
        )
    return [names.index(str(cell)) for cell in cells], names
