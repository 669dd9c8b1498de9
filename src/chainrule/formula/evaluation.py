"""The engine `keep`: every value of a graph, kept. Slow and thorough; what explanations are made of.

>>> from chainrule.formula.expression import Name, variable
>>> x = variable(Name("x"), ("batch", 2))
>>> evaluate([x * x], {x: [[1.0, 2.0]]})[x].tolist()
[[1.0, 2.0]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.base.errors import InexactError, InputError, ShapeError
from chainrule.formula.arrays import Arrays
from chainrule.formula.expression import Expression, order

FLOATS = Arrays(np)


def evaluate(roots: Sequence[Expression], bindings: Mapping[Expression, Any], arrays: Arrays = FLOATS) -> dict[Expression, Any]:
    """The value of every node below `roots`.

    bindings  numbers for the variables (or for any other node, which is then not computed)
    arrays    the kind of number: floats of an Array-API namespace, or `Exact`

    Overflow gives infinities and NaNs as usual; nothing warns, the caller looks. Raises ShapeError, InputError, InexactError.
    """
    values = {node: arrays.array(numbers) for node, numbers in bindings.items()}
    sizes = batch_sizes(values)
    with np.errstate(all="ignore"):
        for node in order(*roots, wall=lambda node: node in values):
            if node not in values:
                values[node] = _value(node, values, sizes, arrays)
    return values


def _value(node: Expression, values: Mapping[Expression, Any], sizes: Mapping[str, int], arrays: Arrays) -> Any:
    if node.primitive.name == "variable":
        raise InputError(f"no number was given for {node}.")
    parameters = {key: resolved(value, sizes) if key in _SIZED else value for key, value in node.parameters.items()}
    try:
        return node.primitive.value(arrays, *(values[argument] for argument in node.arguments), **parameters)
    except ZeroDivisionError:  # of fractions, or of plain numbers: arrays of floats give infinity
        raise InexactError(f"{node} divides by 0, which gives no number.") from None


_SIZED = {"sizes", "dimension", "extent"}


def resolved(value: Any, sizes: Mapping[str, int]) -> Any:
    """A size, or a tuple of sizes, in numbers."""
    if isinstance(value, tuple):
        return tuple(resolved(part, sizes) for part in value)
    return sizes[value] if isinstance(value, str) else value


def batch_sizes(values: Mapping[Expression, Any]) -> dict[str, int]:
    """The numbers behind symbolic sizes, read off the arrays given. Raises ShapeError where an array does not fit its variable."""
    sizes: dict[str, int] = {}
    for node, array in values.items():
        given = tuple(getattr(array, "shape", ()))
        wanted = tuple(sizes.get(dimension, dimension) if isinstance(dimension, str) else dimension for dimension in node.shape)
        fits = len(given) == len(wanted) and all(isinstance(w, str) or w == g for w, g in zip(wanted, given, strict=True))
        if not fits:
            raise ShapeError(f"{node} has the shape {wanted}, but was given numbers of the shape {given}.")
        sizes.update({w: g for w, g in zip(wanted, given, strict=True) if isinstance(w, str)})
    return sizes
