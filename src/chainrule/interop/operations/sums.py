"""What becomes of the elements along some axes: sums, means, maxima, shares and norms."""

from __future__ import annotations

from typing import Any

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.interop.operations.elements import largest_of
from chainrule.interop.operations.shapes import axes_of, back_in_order, kept_wide, known, matrices_turned, permuted
from chainrule.interop.operations.table import JaxCall, UnreadableOperation, in_jax, jax_operation, operation
from chainrule.network.attention import no_later
from chainrule.network.normalization import spread_like


@operation("sum")
def _sum(x: Expression, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Expression:
    axes = axes_of(x, dim)
    return kept_wide(p.total(x, axes=axes), axes, keepdim, x)


in_jax("reduce_sum", _sum, "axes")


@operation("mean")
def _mean(x: Expression, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Expression:
    axes = axes_of(x, dim)
    return kept_wide(p.mean(x, axes=axes), axes, keepdim, x)


@operation("var")
def _var(x: Expression, dim: Any = None, correction: Any = None, keepdim: bool = False, *, unbiased: bool | None = None) -> Expression:
    axes = axes_of(x, dim)
    count = p.count(x.shape, axes)
    less = 1 if correction is None else int(correction)
    centred = x - spread_like(p.mean(x, axes=axes), axes, x)
    return kept_wide(p.total(centred**2, axes=axes) / (count - less), axes, keepdim, x)


@operation("std")
def _std(x: Expression, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Expression:
    return p.sqrt(_var(x, dim, correction, keepdim))


@operation("linalg_vector_norm")
def _vector_norm(
    x: Expression, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Expression:  # PyTorch's own name
    if ord not in (1, 2):
        raise UnreadableOperation(f"a norm of the order {ord}")
    return _sum(p.absolute(x), dim, keepdim) if ord == 1 else p.sqrt(_sum(x**2, dim, keepdim))


@operation("amax")
def _amax(x: Expression, dim: Any = (), keepdim: bool = False) -> Expression:
    axes, y = axes_of(x, dim), x
    for axis in reversed(axes):
        y = p.largest(y, axis=axis)
    return kept_wide(y, axes, keepdim, x)


@operation("max")
def _max(x: Expression, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest of all; along an axis, where its place is a second result; or of two arrays."""
    if isinstance(dim, Expression):
        return largest_of(x, dim)
    return _amax(x) if dim is None else (_amax(x, dim, keepdim), None)


in_jax("reduce_max", _amax, "axes")
in_jax("reduce_min", lambda x, axes: -_amax(-x, axes), "axes")


@operation("softmax", "_softmax", together="axis", letter="a")
def _softmax(x: Expression, dim: int, dtype: Any = None) -> Expression:
    return p.softmax(x, axis=dim % len(x.shape))


@operation("log_softmax", "_log_softmax", together="axis")
def _log_softmax(x: Expression, dim: int, dtype: Any = None) -> Expression:
    return p.log(_softmax(x, dim))


in_jax("softmax", _softmax, "axis")
in_jax("log_softmax", _log_softmax, "axis")


@operation("logsumexp")
def _logsumexp(x: Expression, dim: Any, keepdim: bool = False) -> Expression:
    (axis,) = axes_of(x, dim)
    return kept_wide(p.logsumexp(x, axis=axis), (axis,), keepdim, x)


@operation("cumsum")
def _cumsum(x: Expression, dim: int, *, dtype: Any = None) -> Expression:
    axis = dim % len(x.shape)
    extent = known(x.shape[axis], "a running sum")
    order = (*(other for other in range(len(x.shape)) if other != axis), axis)
    return back_in_order(permuted(x, order) @ matrices_turned(no_later(extent, extent)), order)


@jax_operation("cumsum")
def _cumsum_of_jax(x: Expression, call: JaxCall) -> Expression:
    if call["reverse"]:
        raise UnreadableOperation("a running sum from behind")
    return _cumsum(x, call["axis"])
