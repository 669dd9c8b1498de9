"""Sums and means over axes as people write them in definitions of their own: with NumPy's words, and kept as wide as they were if asked.

>>> from chainrule.formula.expression import Name, variable
>>> z = variable(Name("z"), ("batch", 3))
>>> total(z, axis=-1).shape
('batch',)
>>> (z - mean(z, axes=(1,), keepdims=True)).shape
('batch', 3)
"""

from __future__ import annotations

from typing import TypeAlias

from chainrule.base.errors import DescriptionError, ShapeError, quoted
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression

Axes: TypeAlias = tuple[int, ...] | list[int] | int | None


def total(x: Expression, axes: Axes = None, *, axis: Axes = None, keepdims: bool = False) -> Expression:
    """The sum over axes, counted from 0 or, below 0, from the last; in z of shape (batch, units), 1 adds up the units of each example.

    axes, axis  one or several; the two words mean the same
    keepdims    True repeats the sum along these axes, so that the result has the shape of x

    Raises ShapeError, DescriptionError.
    """
    return _reduced("total", x, axes, axis, keepdims)


def mean(x: Expression, axes: Axes = None, *, axis: Axes = None, keepdims: bool = False) -> Expression:
    """The mean over axes; they, `keepdims` and errors are those of `total`."""
    return _reduced("mean", x, axes, axis, keepdims)


def logsumexp(x: Expression, axis: int = -1, *, keepdims: bool = False) -> Expression:
    """ln Σ e^x over one axis, the last if nothing is said; `keepdims` and errors are those of `total`."""
    along = _checked("logsumexp", x, (axis,))
    return _widened(p.logsumexp(x, axis=along[0]), x, along, keepdims)


def _reduced(name: str, x: Expression, axes: Axes, axis: Axes, keepdims: bool) -> Expression:
    if (axes is None) == (axis is None):
        given = "none was given" if axes is None else "both axes and axis were given"
        raise DescriptionError(
            f"{name} needs the axes that it runs over, but {given}: {name}(z, axes=(1,)) runs over the units of each example, "
            f"{name}(z, axes=(0,)) over the examples of the batch."
        )
    asked = axis if axes is None else axes
    along = _checked(name, x, (asked,) if not isinstance(asked, tuple | list) else tuple(asked))
    result: Expression = {"total": p.total, "mean": p.mean}[name](x, axes=along)
    return _widened(result, x, along, keepdims)


def _widened(result: Expression, x: Expression, along: tuple[int, ...], keepdims: bool) -> Expression:
    return p.spread_like(result, along, x) if keepdims else result


def _checked(name: str, x: Expression, axes: tuple[object, ...]) -> tuple[int, ...]:
    """The axes in order, counted from 0. Raises ShapeError, DescriptionError."""
    if not isinstance(x, Expression):
        raise DescriptionError(f"{name} takes a formula, but was given {quoted(x)}.")
    found = set[int]()
    for axis in axes:
        if isinstance(axis, bool) or not isinstance(axis, int):
            raise DescriptionError(f"{name} takes axes as whole numbers, as axes=(1,), but was given {quoted(axis)}.")
        if not -len(x.shape) <= axis < len(x.shape):
            count = f"{counted(len(x.shape), 'axis', 'axes')}, counted from 0" if x.shape else "none: it is one number"
            raise ShapeError(f"{name} is asked to run over axis {axis}, but {x} has {count}.")
        found.add(axis % len(x.shape))
    return tuple(sorted(found))
