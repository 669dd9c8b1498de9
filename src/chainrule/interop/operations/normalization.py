"""Normalisations: numbers are centred and brought to one scale, by a mean and a variance over some axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression
from chainrule.interop.operations.elements import added, multiplied, subtracted
from chainrule.interop.operations.shapes import known, reshaped, stretched
from chainrule.interop.operations.table import operation

SMALLEST = 2.220446049250313e-16
"""What PyTorch adds in float64 where no ε is said."""


@operation("layer_norm")
def _layer_norm(
    x: Expression, shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5, enable: bool = False
) -> Expression:
    return _scaled(_normalized(x, _last(x, shape), eps), weight, bias)


@operation("rms_norm")
def _rms_norm(x: Expression, shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Expression:
    axes = _last(x, shape)
    return _scaled(_by_root(x, p.mean(x**2, axes=axes), axes, SMALLEST if eps is None else eps), weight, None)


@operation("batch_norm")
def _batch_norm(
    x: Expression, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float, enable: bool = False
) -> Expression:
    channels = _channels(x)
    if training or mean is None:
        z = _normalized(x, tuple(axis for axis in range(len(x.shape)) if axis != 1), eps)
    else:
        z = subtracted(x, _across(mean, channels)) / stretched(p.sqrt(_across(variance, channels) + eps), x.shape)
    return _scaled(z, _across(weight, channels), _across(bias, channels))


@operation("group_norm")
def _group_norm(x: Expression, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, enable: bool = False) -> Expression:
    channels = known(x.shape[1], "groups")
    apart = reshaped(x, (x.shape[0], groups, channels // groups, *x.shape[2:]))
    z = reshaped(_normalized(apart, tuple(range(2, len(apart.shape))), eps), x.shape)
    return _scaled(z, _across(weight, _channels(x)), _across(bias, _channels(x)))


@operation("instance_norm")
def _instance_norm(
    x: Expression, weight: Any, bias: Any, mean: Any, variance: Any, use_input: bool, momentum: float, eps: float, enable: bool = False
) -> Expression:
    if not use_input:
        return _batch_norm(x, weight, bias, mean, variance, False, momentum, eps)
    z = _normalized(x, tuple(range(2, len(x.shape))), eps)
    return _scaled(z, _across(weight, _channels(x)), _across(bias, _channels(x)))


# The same as PyTorch takes them apart: the statistics are further results, which nothing here reads


@operation("native_layer_norm")
def _native_layer_norm(x: Expression, shape: Sequence[int], weight: Any, bias: Any, eps: float) -> tuple[Any, ...]:
    return _layer_norm(x, shape, weight, bias, eps), None, None


@operation("native_group_norm")
def _native_group_norm(
    x: Expression, weight: Any, bias: Any, rows: Any, channels: int, places: int, groups: int, eps: float
) -> tuple[Any, ...]:
    return _group_norm(x, groups, weight, bias, eps), None, None


@operation("_native_batch_norm_legit_functional", "_native_batch_norm_legit")
def _native_batch_norm(
    x: Expression, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float
) -> tuple[Any, ...]:
    return _batch_norm(x, weight, bias, mean, variance, training, momentum, eps), None, None, None, None


@operation("_native_batch_norm_legit_no_training")
def _native_batch_norm_of_statistics(
    x: Expression, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, eps: float
) -> tuple[Any, ...]:
    return _batch_norm(x, weight, bias, mean, variance, False, momentum, eps), None, None


def _normalized(x: Expression, axes: tuple[int, ...], eps: float) -> Expression:
    """(x − μ)/√(σ² + ε), the mean and the variance taken over some axes."""
    centred = x - p.spread_like(p.mean(x, axes=axes), axes, x)
    return _by_root(centred, p.mean(centred**2, axes=axes), axes, eps)


def _by_root(x: Expression, squares: Expression, axes: tuple[int, ...], eps: float) -> Expression:
    return x / p.spread_like(p.sqrt(squares + eps), axes, x)


def _last(x: Expression, shape: Sequence[int]) -> tuple[int, ...]:
    """The last axes, as many as the shape has."""
    return tuple(range(len(x.shape) - len(shape), len(x.shape)))


def _channels(x: Expression) -> list[Dimension]:
    """The shape in which one number for each channel is broadcast over x."""
    return [1, x.shape[1], *[1] * (len(x.shape) - 2)]


def _across(x: Any, shape: Sequence[Dimension]) -> Any:
    """Numbers of channels, in that shape; one number, or nothing, is what it is."""
    return reshaped(x, shape) if isinstance(x, Expression) and x.shape else x


def _scaled(z: Expression, weight: Any, bias: Any) -> Expression:
    z = z if weight is None else multiplied(z, weight)
    return z if bias is None else added(z, bias)
