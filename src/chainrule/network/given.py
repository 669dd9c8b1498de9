"""Numbers that people give: arrays of the shape that is wanted, or refused with the place that is wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.errors import InputError, ShapeError, UnknownNameError, quoted
from chainrule.base.printing import counted
from chainrule.notation.conventions import Notation


def joined_parts(name: str, values: Any, sizes: Mapping[str, int], turned: bool) -> Array:
    """The columns of every part in their order: (batch, sum of the sizes). turned: samples that fit as columns alone may be columns."""
    if not isinstance(values, Mapping):
        return checked_batch(name, values, sum(sizes.values()), turned=turned)
    for part in values:
        if part not in sizes:
            raise UnknownNameError(f"part of {name}", str(part), sizes)
    for part in sizes:
        if part not in values:
            raise InputError(f"{name} lacks {part}: it needs {', '.join(sizes)}.")
    parts = [checked_batch(part, values[part], size, turned=turned) for part, size in sizes.items()]
    if len({len(part) for part in parts}) > 1:
        counts = ", ".join(f"{key}: {len(part)}" for key, part in zip(sizes, parts, strict=True))
        raise ShapeError(f"every part of {name} needs as many rows, but they have {counts}.")
    return np.concatenate(parts, axis=1)


def check_tokens(name: str, array: Array, vocabulary: int) -> None:
    """Are they whole numbers below the size of the vocabulary? Raises InputError, which names the row."""
    for row, column in np.argwhere((array < 0) | (array >= vocabulary) | (array != np.floor(array)))[:1]:
        raise InputError(f"{name} holds {array[row, column]:g} in row {row + 1}; its tokens are whole numbers from 0 to {vocabulary - 1}.")


def in_one_row(parts: Sequence[Array]) -> Array:
    """What belongs to one example in one row: (batch, all the numbers of all parts)."""
    flat = [part if part.ndim == 2 else part.reshape(len(part), -1) for part in parts]
    return np.concatenate(flat, axis=1) if len(flat) > 1 else flat[0]


def checked_batch(name: str, values: Any, columns: int, *, turned: bool = False) -> Array:
    """Numbers of the shape (batch, columns), finite; one row may come as a plain list.

    turned  numbers that fit as (columns, batch) alone are taken so, as where vectors are columns

    Raises ShapeError, InputError.
    """
    array = checked_numbers(name, values, None)
    if array.ndim == 1:
        array = array.reshape(1, -1)
    if array.ndim > 2 and math.prod(array.shape[1:]) == columns:  # images, say, whose rows lie one after the other
        array = array.reshape(len(array), columns)
    if turned and array.ndim == 2 and array.shape[1] != columns and array.shape[0] == columns:
        array = array.T
    if array.ndim != 2 or array.shape[1] != columns or array.shape[0] == 0:
        raise ShapeError(f"{name} needs rows of {counted(columns, 'number')}, but was given the shape {array.shape}.")
    return array


def checked_numbers(what: str, values: Any, shape: tuple[int, ...] | None) -> Array:
    """Finite numbers as an array, of this shape if one is asked for. Raises InputError, ShapeError."""
    try:
        array = np.array(values)
        if array.dtype.kind not in "iufO":  # NumPy would take "1" and True for numbers
            raise TypeError
        array = array.astype(float)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} must be numbers in rows of one length; {_culprit(values)} is not.") from None
    if shape is not None and array.shape != shape:
        raise ShapeError(f"{what} has the shape {array.shape}, but {shape} is needed{_hint(array.shape, shape)}.")
    if not np.isfinite(array).all():
        position = tuple(int(i) + 1 for i in np.argwhere(~np.isfinite(array))[0])
        raise InputError(f"{what} holds {array[tuple(i - 1 for i in position)]} at position {position}; every number must be finite.")
    return array


def read_column(what: str, array: Array, shape: tuple[int, ...]) -> Array:
    """A matrix of a layer where vectors are columns. Raises ShapeError."""
    if array.shape != shape[::-1]:
        raise ShapeError(f"{what} has the shape {array.shape}, but {shape[::-1]} is needed (units, inputs).")
    return array.T


def oriented(numbers: Array, notation: Notation) -> Array:
    """The numbers of a parameter as a layer holds them: where vectors are columns, a matrix is (units, inputs)."""
    return numbers if notation.vectors == "rows" else turned_matrix(numbers)


def turned_matrix(numbers: Any) -> Any:
    """A matrix with rows and columns exchanged; everything else as it is."""
    return np.transpose(numbers) if np.ndim(numbers) == 2 else numbers


def _hint(given: tuple[int, ...], wanted: tuple[int, ...]) -> str:
    if len(wanted) == 2 and given == wanted[::-1]:
        return ": it is transposed (rows are inputs, columns are units)"
    return " (inputs, units)" if len(wanted) == 2 else ""


def _culprit(values: Any) -> str:
    for value in values if isinstance(values, (list, tuple)) else [values]:
        if isinstance(value, (list, tuple)):
            for inner in value:
                if isinstance(inner, bool) or not isinstance(inner, (int, float)):
                    return quoted(inner)
        elif isinstance(value, bool) or not isinstance(value, (int, float)):
            return quoted(value)
    return quoted(values)
