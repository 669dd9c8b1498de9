"""Arrays in other shapes, without a formula where nothing changes: what every operation of another library needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression, Name, Shape, named
from chainrule.interop.operations.table import UnreadableOperation
from chainrule.network.derivation import BATCH


def broadcast_together(*operands: Expression | float) -> list[Expression]:
    """Operands in one shape, as PyTorch and NumPy broadcast them."""
    expressions = [one if isinstance(one, Expression) else p.constant(number=one) for one in operands]
    full: Shape = ()
    for one in expressions:
        full = common_shape(full, one.shape)
    return [stretched(one, full) for one in expressions]


def common_shape(a: Shape, b: Shape) -> Shape:
    """The shape to which both are broadcast."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    lead = len(longer) - len(shorter)
    return (*longer[:lead], *(i if j == 1 else j for i, j in zip(longer[lead:], shorter, strict=True)))


def stretched(x: Expression, shape: Shape) -> Expression:
    """x in that shape: new axes, and axes of length 1, are repeated. A number stays one."""
    if x.shape in (shape, ()):
        return x
    lead = len(shape) - len(x.shape)
    repeated = [axis for axis, extent in enumerate(x.shape) if extent == 1 and shape[lead + axis] != 1]
    if repeated:
        x = reshaped(x, tuple(extent for axis, extent in enumerate(x.shape) if axis not in repeated))
    axes = (*range(lead), *(lead + axis for axis in repeated))
    if len(axes) == len(shape):
        return x
    return p.spread(x, axes=axes, sizes=tuple(shape[axis] for axis in axes)) if axes else x


def filled(x: Expression, shape: Shape) -> Expression:
    """x in that shape, as of `stretched`; a number is repeated, too."""
    return stretched(x, shape) if x.shape else p.spread(x, axes=tuple(range(len(shape))), sizes=tuple(shape)) if shape else x


def reshaped(x: Expression, sizes: Sequence[Dimension]) -> Expression:
    """x in that shape; as it is if it has it."""
    sizes = tuple(sizes)
    if x.primitive.name == "reshape":
        x = x.arguments[0]
    return x if x.shape == sizes else p.reshape(x, sizes=sizes)


def permuted(x: Expression, axes: Sequence[int]) -> Expression:
    """x with its axes in another order; what two permutations undo is not written."""
    axes = tuple(axis % len(x.shape) for axis in axes)
    if x.primitive.name == "transpose":
        before = x.parameters["axes"]
        x, axes = x.arguments[0], tuple(before[axis] for axis in axes)
    return x if axes == tuple(range(len(axes))) else p.transpose(x, axes=axes)


def back_in_order(x: Expression, order: Sequence[int]) -> Expression:
    """x, whose axes stand in that order, with its axes as they were before."""
    return permuted(x, [list(order).index(axis) for axis in range(len(order))])


def examples_first(x: Expression) -> list[int]:
    """Its axes, that of the examples first."""
    place = x.shape.index(BATCH)
    return [place, *(axis for axis in range(len(x.shape)) if axis != place)]


def lettered(symbol: str, x: Expression) -> Expression:
    """x as a quantity of its own, of which the first axis counts the examples; as it is where it is the same for all of them."""
    if BATCH not in x.shape or x.primitive.name == "named":
        return x
    order = examples_first(x)
    return back_in_order(named(Name(symbol), permuted(x, order)), order)


def matrices_turned(x: Expression) -> Expression:
    """The last two axes exchanged."""
    *lead, rows, columns = range(len(x.shape))
    return permuted(x, (*lead, columns, rows))


def without(x: Expression, axes: Sequence[int]) -> Expression:
    """x without some axes, of length 1."""
    gone = [axis % len(x.shape) for axis in axes]
    return reshaped(x, [extent for axis, extent in enumerate(x.shape) if axis not in gone])


def axes_of(x: Expression, axes: int | Sequence[int] | None) -> tuple[int, ...]:
    """Axes as people say them, counted from behind where they are negative; all if none is said."""
    if axes is None or list(axes if isinstance(axes, (list, tuple)) else [axes]) == []:
        return tuple(range(len(x.shape)))
    return tuple(sorted(axis % len(x.shape) for axis in ([axes] if isinstance(axes, int) else axes)))


def kept_wide(x: Expression, axes: tuple[int, ...], keepdim: bool, of: Expression) -> Expression:
    """What was reduced over some axes of an array; with `keepdim`, with axes of length 1 in their places."""
    return reshaped(x, [1 if axis in axes else extent for axis, extent in enumerate(of.shape)]) if keepdim else x


def known(extent: Dimension, what: str) -> int:
    """How many elements there are along an axis that does not count the examples. Raises UnreadableOperation."""
    if not isinstance(extent, int):
        raise UnreadableOperation(f"{what} along the axis of the examples")
    return extent


def one_each(value: Any, axes: int) -> tuple[int, ...]:
    """One whole number for each axis; one alone counts for all."""
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    return tuple(int(one) for one in (several * axes if len(several) == 1 else several))
