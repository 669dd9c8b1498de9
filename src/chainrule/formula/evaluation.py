"""The value of a graph: one walk, for every kind of number. Slow and thorough; what explanations are made of.

>>> x = variable(Name("x"), ("batch", 2))
>>> evaluate([x * x], {x: [[1.0, 2.0]]})[x].tolist()
[[1.0, 2.0]]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import Any, Protocol

from chainrule.base.errors import InexactError, InputError, ShapeError
from chainrule.formula.expression import Expression, Name, folded, variable


class Namespace(Protocol):
    """A kind of number, with the functions in which the table of primitives writes its values: floats, fractions, printed numbers."""

    def array(self, values: Any) -> Any:
        """Numbers from outside, as numbers of this kind."""

    def quiet(self) -> AbstractContextManager[Any]:
        """Inside, nothing warns of overflow."""

    def by_paper(self, arguments: Sequence[Any]) -> bool:
        """Is a function of these arguments computed as paper writes it, tanh by e^x, in place of the safer way of the table?"""


def evaluate(roots: Sequence[Expression], bindings: Mapping[Expression, Any], xp: Namespace | None = None) -> dict[Expression, Any]:
    """The value of every node below `roots`.

    bindings  numbers for the variables (or for any other node, which is then not computed)
    xp        the kind of number: floats of an Array-API namespace, of NumPy if nothing is said, `Exact` or `Reals`

    Overflow gives infinities and NaNs as usual; nothing warns, the caller looks. Raises ShapeError, InputError, InexactError.
    """
    if xp is None:  # nobody who only writes formulas waits for NumPy
        from chainrule.formula.arrays import FLOATS

        xp = FLOATS
    values = {node: xp.array(value) for node, value in bindings.items()}
    sizes = batch_sizes(values)
    with xp.quiet():
        return folded(roots, values, partial(_value, sizes=sizes, xp=xp))


def value_of(node: Expression, bindings: Mapping[Expression, Any], xp: Namespace | None = None) -> Any:
    """The value of one node, as `evaluate` finds it."""
    return evaluate([node], bindings, xp)[node]


def _value(node: Expression, arguments: Sequence[Any], sizes: Mapping[str, int], xp: Namespace) -> Any:
    primitive = node.primitive
    if primitive.name == "variable":
        raise InputError(f"no number was given for {node}.")
    if primitive.paper is not None and xp.by_paper(arguments):
        letters = [variable(Name(f"a{i}")) for i in range(len(arguments))]
        formula = primitive.paper(*letters)
        return value_of(formula, dict(zip(letters, arguments, strict=True)), xp)
    parameters = node.parameters
    if not _SIZED.isdisjoint(parameters):
        parameters = {key: resolved(value, sizes) if key in _SIZED else value for key, value in parameters.items()}
    try:
        return primitive.value(xp, *arguments, **parameters)
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
        if given == node.shape:
            continue
        wanted = tuple(sizes.get(dimension, dimension) if isinstance(dimension, str) else dimension for dimension in node.shape)
        fits = len(given) == len(wanted) and all(isinstance(w, str) or w == g for w, g in zip(wanted, given, strict=True))
        if not fits:
            raise ShapeError(f"{node} has the shape {wanted}, but was given numbers of the shape {given}.")
        sizes.update({w: g for w, g in zip(wanted, given, strict=True) if isinstance(w, str)})
    return sizes
