"""Convolutions and pools of images and sequences: what is computed of each window."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from chainrule.base.frozen import Frozen
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.interop.operations.elements import added
from chainrule.interop.operations.moving import side_by_side, stacked
from chainrule.interop.operations.shapes import back_in_order, known, matrices_turned, one_each, permuted, reshaped
from chainrule.interop.operations.table import JaxCall, UnreadableOperation, jax_operation, operation
from chainrule.network.spatial import LOWEST, with_margins

CHANNELS_FIRST = 2
"""Where places begin behind the examples and the channels."""


# Convolutions


@operation("conv1d", "conv2d", "conv3d")
def _conv(
    x: Expression, W: Expression, b: Expression | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Expression:
    axes = len(W.shape) - 2
    steps, gaps = one_each(stride, axes), one_each(dilation, axes)
    if isinstance(padding, str):
        reach = [(int(k) - 1) * gap for k, gap in zip(W.shape[2:], gaps, strict=True)]
        margins = [(0, 0) if padding == "valid" else (one // 2, one - one // 2) for one in reach]
    else:
        margins = [(one, one) for one in one_each(padding, axes)]
    z = convolved(with_margins(x, margins, first=CHANNELS_FIRST), W, steps, gaps, groups)
    z = z if b is None else added(z, b)
    return permuted(z, (0, 1 + axes, *range(1, 1 + axes)))


def convolved(x: Expression, W: Expression, steps: tuple[int, ...], gaps: tuple[int, ...], groups: int) -> Expression:
    """Each window of x (examples, channels, places …) times W (units, channels / groups, window …): (examples, places …, units)."""
    axes = len(steps)
    lengths = tuple(int(extent) for extent in W.shape[2:])
    windows = p.window(x, axis=CHANNELS_FIRST, lengths=lengths, steps=steps, gaps=gaps)
    units, own = int(W.shape[0]), int(W.shape[1])
    places, count = windows.shape[2 : 2 + axes], own * math.prod(lengths)
    # (examples, places …, channels, window …): each window as a row.
    rows = permuted(windows, (0, *range(2, 2 + axes), 1, *range(2 + axes, 2 + 2 * axes)))
    parts = []
    for group in range(groups):
        inner = rows if groups == 1 else p.part(rows, axis=1 + axes, start=group * own, stop=(group + 1) * own)
        matrix = W if groups == 1 else p.part(W, axis=0, start=group * (units // groups), stop=(group + 1) * (units // groups))
        flat = reshaped(inner, (x.shape[0], *places, count))
        parts.append(flat @ matrices_turned(reshaped(matrix, (units // groups, count))))
    return side_by_side(parts, 1 + axes)


@jax_operation("conv_general_dilated", whole=True)
def _conv_of_jax(x: Expression, W: Expression, call: JaxCall) -> Expression:
    numbers, axes = call["dimension_numbers"], len(W.shape) - 2
    if any(one != 1 for one in call["lhs_dilation"]) or call["batch_group_count"] != 1:
        raise UnreadableOperation("a transposed convolution")
    places = with_margins(permuted(x, numbers.lhs_spec), call["padding"], first=CHANNELS_FIRST)
    steps, gaps = tuple(call["window_strides"]), tuple(call["rhs_dilation"])
    z = convolved(places, permuted(W, numbers.rhs_spec), steps, gaps, call["feature_group_count"])
    return back_in_order(permuted(z, (0, 1 + axes, *range(1, 1 + axes))), numbers.out_spec)


@operation("convolution")
def _convolution(
    x: Expression, W: Expression, b: Any, stride: Any, padding: Any, dilation: Any, transposed: bool, extra: Any, groups: int
) -> Expression:
    if transposed:
        return _conv_transpose(x, W, b, stride, padding, extra, groups, dilation)
    return _conv(x, W, b, stride, padding, dilation, groups)


@operation("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def _conv_transpose(
    x: Expression, W: Expression, b: Any = None, stride: Any = 1, padding: Any = 0, extra: Any = 0, groups: int = 1, dilation: Any = 1
) -> Expression:
    axes = len(W.shape) - 2
    if groups != 1:
        size, own = (int(extent) // groups for extent in (W.shape[0], x.shape[1]))
        cuts = [p.part(x, axis=1, start=i * own, stop=(i + 1) * own) for i in range(groups)]
        matrices = [p.part(W, axis=0, start=i * size, stop=(i + 1) * size) for i in range(groups)]
        each = (_conv_transpose(cut, one, None, stride, padding, extra, 1, dilation) for cut, one in zip(cuts, matrices, strict=True))
        z = side_by_side(list(each), 1)
        return z if b is None else added(z, reshaped(b, (*b.shape, *[1] * axes)))
    lengths = tuple(int(extent) for extent in W.shape[2:])
    steps, gaps, cut, more = (one_each(one, axes) for one in (stride, dilation, padding, extra))
    channels, units = int(W.shape[0]), int(W.shape[1])
    places = x.shape[2:]
    rows = permuted(x, (0, *range(2, 2 + axes), 1))
    laid = reshaped(rows @ reshaped(W, (channels, units * math.prod(lengths))), (x.shape[0], *places, units, *lengths))
    windows = permuted(laid, (0, 1 + axes, *range(1, 1 + axes), *range(2 + axes, 2 + 2 * axes)))
    extents = tuple(
        (known(extent, "a convolution") - 1) * step + (k - 1) * gap + 1 + added_
        for extent, step, k, gap, added_ in zip(places, steps, lengths, gaps, more, strict=True)
    )
    z = p.overlap(windows, axis=2, steps=steps, gaps=gaps, extents=extents)
    for axis, (extent, away) in enumerate(zip(extents, cut, strict=True), start=2):
        z = p.part(z, axis=axis, start=away, stop=extent - away) if away else z
    return z if b is None else added(z, reshaped(b, (units, *[1] * axes)))


# Pools


class PoolCut(Frozen):
    """The windows along one axis of a pool.

    places   of the picture
    padding  places before it, and behind it, as PyTorch counts them
    extent   of all places, with those beyond the edge that the last window reaches
    """

    places: int
    padding: int
    extent: int
    length: int
    step: int
    gap: int

    def counted(self, padding: bool) -> bool:
        """Do some windows reach beyond what an average counts?"""
        return self.extent > self.places + (2 * self.padding if padding else 0)


@operation("max_pool1d", "max_pool2d", "max_pool3d")
def _max_pool(x: Expression, size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False) -> Expression:
    return p.largest(_pooled(x, _pool_cuts(x, size, stride, padding, dilation, ceil), LOWEST), axis=len(x.shape))


@operation("max_pool1d_with_indices", "max_pool2d_with_indices", "max_pool3d_with_indices")
def _max_pool_with_indices(x: Expression, *options: Any) -> tuple[Any, ...]:
    return _max_pool(x, *options), None


@operation("avg_pool1d", "avg_pool2d", "avg_pool3d")
def _average_pool(
    x: Expression, size: Any, stride: Any = (), padding: Any = 0, ceil: bool = False, count_include_pad: bool = True, divisor: Any = None
) -> Expression:
    cuts = _pool_cuts(x, size, stride, padding, 1, ceil)
    windows = _pooled(x, cuts)
    if divisor is not None:
        return p.total(windows, axes=(len(x.shape),)) * p.constant(number=1 / divisor)
    if not any(cut.counted(count_include_pad) for cut in cuts):
        return p.mean(windows, axes=(len(x.shape),))
    counts = p.constant(number=1)
    for axis, cut in enumerate(cuts, start=2):
        before, after = (cut.padding, cut.padding) if count_include_pad else (0, 0)
        place = p.position(extent=cut.extent)
        inside = (place > cut.padding - before - 1) * (cut.padding + cut.places + after > place)
        each = p.total(p.window(inside, axis=0, lengths=(cut.length,), steps=(cut.step,), gaps=(1,)), axes=(1,))
        others = tuple(other for other in range(len(x.shape)) if other != axis)
        counts = p.spread(each, axes=others, sizes=tuple(windows.shape[other] for other in others)) * counts
    average: Expression = p.total(windows, axes=(len(x.shape),)) / counts
    return average


def _pool_cuts(x: Expression, size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> list[PoolCut]:
    """Of each axis. With `ceil` the last window may reach beyond the edge, but begins before it."""
    axes = len(x.shape) - 2
    steps = one_each(stride, axes) if stride not in ((), [], None) else one_each(size, axes)
    cuts = []
    for extent, k, step, margin, gap in zip(
        x.shape[2:], one_each(size, axes), steps, one_each(padding, axes), one_each(dilation, axes), strict=True
    ):
        places, reach = known(extent, "a pool"), (k - 1) * gap + 1
        last = places + 2 * margin - reach
        starts = -(-last // step) if ceil else last // step
        if ceil and starts * step >= places + margin:
            starts -= 1
        cuts.append(PoolCut(places, margin, max(places + 2 * margin, starts * step + reach), k, step, gap))
    return cuts


def _pooled(x: Expression, cuts: Sequence[PoolCut], fill: float = 0) -> Expression:
    """Every window of a pool as a further axis, the last one."""
    margins = [(cut.padding, cut.extent - cut.places - cut.padding) for cut in cuts]
    each = with_margins(x, margins, fill, CHANNELS_FIRST)
    return _windows(each, CHANNELS_FIRST, *(tuple(getattr(cut, what) for cut in cuts) for what in ("length", "step", "gap")))


def _windows(x: Expression, first: int, lengths: tuple[int, ...], steps: tuple[int, ...], gaps: tuple[int, ...]) -> Expression:
    """Every window along the axes from the first on, which are the last ones of x, laid out flat as a further axis behind them."""
    windows = p.window(x, axis=first, lengths=lengths, steps=steps, gaps=gaps)
    return reshaped(windows, (*windows.shape[: len(x.shape)], math.prod(lengths)))


def _windows_of_jax(fill: float, reduced: Callable[[Expression, int], Expression], x: Expression, call: JaxCall) -> Expression:
    """Of each window one number, along the axes of x that its windows go along."""
    if any(one != 1 for one in call["base_dilation"]):
        raise UnreadableOperation("windows between whose elements there are places")
    along = [axis for axis, length in enumerate(call["window_dimensions"]) if length > 1 or call["window_strides"][axis] > 1]
    order = [*(axis for axis in range(len(x.shape)) if axis not in along), *along]
    first = len(order) - len(along)
    each = with_margins(permuted(x, order), [call["padding"][axis] for axis in along], fill, first=first)
    sizes = (tuple(call[key][axis] for axis in along) for key in ("window_dimensions", "window_strides", "window_dilation"))
    return back_in_order(reduced(_windows(each, first, *sizes), len(order)), order)


jax_operation("reduce_window_max")(partial(_windows_of_jax, LOWEST, lambda windows, axis: p.largest(windows, axis=axis)))
jax_operation("reduce_window_sum")(partial(_windows_of_jax, 0, lambda windows, axis: p.total(windows, axes=(axis,))))


@operation("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive_average_pool(x: Expression, places: Any) -> Expression:
    return _adapted(x, places, lambda part, axis: p.mean(part, axes=(axis,)))


@operation("adaptive_max_pool1d", "adaptive_max_pool2d")
def _adaptive_max_pool(x: Expression, places: Any) -> tuple[Any, ...]:
    return _adapted(x, places, lambda part, axis: p.largest(part, axis=axis)), None


def _adapted(x: Expression, places: Any, reduce: Callable[[Expression, int], Expression]) -> Expression:
    """Windows so large, and so far apart, that so many fit: from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉."""
    axes = len(x.shape) - 2
    for axis, count in enumerate(one_each(places, axes), start=2):
        extent = known(x.shape[axis], "a pool")
        if count == extent:
            continue
        bounds = [(i * extent // count, -(-(i + 1) * extent // count)) for i in range(count)]
        parts = [reduce(p.part(x, axis=axis, start=a, stop=b) if (a, b) != (0, extent) else x, axis) for a, b in bounds]
        x = stacked(parts, axis)
    return x
