"""Layers of images and sequences: convolutions, pools, and what gives signals another shape.

Channels come last: (batch, height, width, channels) of images, (batch, length, channels) of sequences.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from chainrule.base.errors import DescriptionError, ShapeError, UnknownNameError, quoted
from chainrule.base.printing import counted
from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression
from chainrule.network.definitions import find
from chainrule.network.layers import checked_size, layer
from chainrule.network.owner import Owner

LOWEST = -1e30
"""Below every number that a network computes; what lies beyond an edge can be no maximum. float32 has it, too."""

MOST_PARTS = 1024
"""Of what is written out part by part, as groups of channels are."""

Sizes: TypeAlias = tuple[int, ...]

AVERAGE, LARGEST = "average", "max"


def spatial_extents(x: Expression) -> Sizes:
    """The extents of the axes between the batch and the channels. Raises ShapeError where there are none."""
    if len(x.shape) < 3:
        raise ShapeError(
            "there are no places between the batch and the channels: an image is an input as image(8, 8), a sequence as sequence(20, 16)."
        )
    return tuple(int(extent) for extent in x.shape[1:-1])


def sequence_shape(x: Expression) -> tuple[int, int]:
    """Length and features of a sequence. Raises ShapeError."""
    if len(x.shape) != 3:
        raise ShapeError("it needs a sequence, (batch, length, features): an input as sequence(20, 16), or tokens and an embedding.")
    return int(x.shape[1]), int(x.shape[2])


def per_axis(value: Any, axes: int, what: str, least: int = 1) -> Sizes:
    """One whole number for each axis; one alone counts for all of them. Raises DescriptionError."""
    values = tuple(value) if isinstance(value, (list, tuple)) else (value,) * axes
    if len(values) != axes:
        raise DescriptionError(f"{what} has {counted(len(values), 'number')} for {counted(axes, 'axis', 'axes')}: {quoted(value)}.")
    for one in values:
        if isinstance(one, int) and not isinstance(one, bool) and one == least == 0:
            continue
        checked_size(one, what)
    return values


def _window(size: Any, stride: Any, gap: Any, axes: int) -> tuple[Sizes, Sizes, Sizes]:
    """Its places, the steps from one to the next, and those of a gap in it, along each axis. Raises DescriptionError."""
    given = ((size, "places of a window"), (stride, "steps"), (gap, "steps of a gap"))
    sizes, strides, gaps = (per_axis(value, axes, what) for value, what in given)
    return sizes, strides, gaps


def with_margins(x: Expression, margins: Sequence[tuple[int, int]], fill: float = 0, first: int = 1) -> Expression:
    """x with so many places before and after along each of some axes, which hold 0, or another number.

    first  of these axes; where channels come last, they begin behind the batch
    """
    for axis, (before, after) in enumerate(margins, start=first):
        if not before and not after:
            continue
        inner = int(x.shape[axis])
        extent = before + inner + after
        x = p.place(x, axis=axis, start=before, extent=extent)
        if fill:
            place = p.position(extent=extent)
            inside = (place > before - 1) * (before + inner > place)
            others = tuple(other for other in range(len(x.shape)) if other != axis)
            x = p.select(p.spread_like(inside, others, x), x, fill)
    return x


def _margins(padding: Any, places: Sizes, size: Sizes, stride: Sizes, gap: Sizes) -> list[tuple[int, int]]:
    """How many zeros stand before and after: "same" keeps ⌈places / stride⌉ places, "valid" adds none."""
    if padding == "valid":
        return [(0, 0)] * len(places)
    if padding == "same":
        margins = []
        for extent, k, step, apart in zip(places, size, stride, gap, strict=True):
            lacking = max(0, (-(-extent // step) - 1) * step + (k - 1) * apart + 1 - extent)
            margins.append((lacking // 2, lacking - lacking // 2))
        return margins
    if isinstance(padding, str):
        raise UnknownNameError("padding", padding, ("valid", "same"), "It may also be a number of zeros on each side.")
    return [(zeros, zeros) for zeros in per_axis(padding, len(places), "zeros of the padding", 0)]


def windows_of(x: Expression, size: Sizes, stride: Sizes, gap: Sizes) -> Expression:
    """(batch, places …, size …, channels)."""
    return p.window(x, axis=1, lengths=size, steps=stride, gaps=gap)


def _flat_windows(windows: Expression, size: Sizes) -> Expression:
    """(batch, places …, product of the sizes, channels)."""
    axes = len(size)
    return p.reshape(windows, sizes=(*windows.shape[: 1 + axes], math.prod(size), windows.shape[-1]))


def grouped(x: Expression, W: Expression, groups: int) -> Expression:
    """Each group of channels times its own part of W (k, channels / groups, units). x : (batch, places …, k, channels)."""
    *lead, k, channels = x.shape
    units, own = int(W.shape[-1]), int(W.shape[-2])
    if groups == channels:  # one weight for each channel and place: a product element by element, summed over the window
        each = units // groups
        weights = p.reshape(W, sizes=(k, channels, each))
        spread = p.spread(x, axes=(len(x.shape),), sizes=(each,))
        return p.reshape(p.total(spread * weights, axes=(len(lead),)), sizes=(*lead, units))
    _check_parts(groups, "groups")
    parts = []
    for group in range(groups):
        inner = p.part(x, axis=len(x.shape) - 1, start=group * own, stop=(group + 1) * own)
        matrix = p.part(W, axis=2, start=group * (units // groups), stop=(group + 1) * (units // groups))
        flat = p.reshape(inner, sizes=(*lead, int(k) * own))
        parts.append(flat @ p.reshape(matrix, sizes=(int(k) * own, units // groups)))
    return p.join(*parts, axis=len(lead)) if groups > 1 else parts[0]


def _check_parts(count: int, what: str) -> None:
    if count > MOST_PARTS:
        raise ShapeError(f"{count:,} {what} are more than this writes out one by one; the limit is {MOST_PARTS:,}.")


@layer
def conv(
    own: Owner,
    x: Expression,
    *,
    units: int,
    size: Any,
    stride: Any = 1,
    padding: Any = 0,
    gap: Any = 1,
    groups: int = 1,
    activation: Any = None,
    bias: bool = True,
) -> Expression:
    """A convolution: each output sees one window, all windows with the same weights: z = Σ over the window of x ⊙ W, + b; h = f(z).

    x : (batch, places …, channels)    W : (size …, channels / groups, units)    b : (units,)    h : (batch, new places …, units)

    size     of the window, one number or one for each axis; stride: from one window to the next
    padding  zeros on each side; "same": as many places come out as go in, but for the stride; "valid": none
    gap      from one place of the window to the next (dilation)
    groups   into which channels and units are divided; as many as channels: each channel by itself (depthwise)

    What the field calls convolution is a cross-correlation: the window is not turned round.
    Raises ShapeError, DescriptionError.
    Source: LeCun, Bottou, Bengio & Haffner (1998), Gradient-based learning applied to document recognition, section II.
    """
    places = spatial_extents(x)
    axes, channels = len(places), int(x.shape[-1])
    sizes, strides, gaps = _window(size, stride, gap, axes)
    checked_size(groups, "groups")
    if channels % groups or units % groups:
        raise ShapeError(f"{counted(channels, 'channel')} and {counted(units, 'unit')} cannot be divided into {groups} groups.")
    start = find("activation", activation).definition.start
    W = own.parameter("W", *sizes, channels // groups, units, start=start)
    windows = windows_of(with_margins(x, _margins(padding, places, sizes, strides, gaps)), sizes, strides, gaps)
    if groups == 1:
        count = math.prod(sizes) * channels
        flat = p.reshape(windows, sizes=(*windows.shape[: 1 + axes], count))
        z = flat @ p.reshape(W, sizes=(count, units))
    else:
        z = grouped(_flat_windows(windows, sizes), p.reshape(W, sizes=(math.prod(sizes), channels // groups, units)), groups)
    return own.activated(activation, z + own.parameter("b", units) if bias else z)


@layer
def conv_transpose(
    own: Owner,
    x: Expression,
    *,
    units: int,
    size: Any,
    stride: Any = 1,
    padding: Any = 0,
    extra: Any = 0,
    gap: Any = 1,
    activation: Any = None,
    bias: bool = True,
) -> Expression:
    """The way back through a convolution, as its gradient takes it: every input lays a window of weights, and what overlaps is added.

    x : (batch, places …, channels)    W : (channels, size …, units)    b : (units,)    h : (batch, new places …, units)

    new places = (places − 1) · stride + (size − 1) · gap + 1 − 2 · padding + extra; the other options are those of `conv`
    Raises ShapeError, DescriptionError.
    Source: Dumoulin & Visin (2016), A guide to convolution arithmetic for deep learning, chapter 4.
    """
    places = spatial_extents(x)
    axes, channels = len(places), int(x.shape[-1])
    sizes, strides, gaps = _window(size, stride, gap, axes)
    cut, more = per_axis(padding, axes, "places of the padding", 0), per_axis(extra, axes, "places more", 0)
    W = own.parameter("W", channels, *sizes, units, start=find("activation", activation).definition.start)
    laid = x @ p.reshape(W, sizes=(channels, math.prod(sizes) * units))
    windows = p.reshape(laid, sizes=(*x.shape[:-1], *sizes, units))
    extents = tuple(
        (extent - 1) * step + (k - 1) * apart + 1 + added
        for extent, step, k, apart, added in zip(places, strides, sizes, gaps, more, strict=True)
    )
    z = p.overlap(windows, axis=1, steps=strides, gaps=gaps, extents=extents)
    for axis, (extent, away) in enumerate(zip(extents, cut, strict=True), start=1):
        if extent <= 2 * away:
            raise ShapeError(f"a padding of {away} leaves nothing of {counted(extent, 'place')}.")
        z = p.part(z, axis=axis, start=away, stop=extent - away) if away else z
    return own.activated(activation, z + own.parameter("b", units) if bias else z)


# Pools


def _pooled(x: Expression, size: Any, stride: Any, padding: Any, gap: Any, kind: str) -> Expression:
    places = spatial_extents(x)
    axes = len(places)
    sizes, gaps = per_axis(size, axes, "places of a window"), per_axis(gap, axes, "steps of a gap")
    strides = sizes if stride is None else per_axis(stride, axes, "steps")
    margins = _margins(padding, places, sizes, strides, gaps)
    for extent, k, step, apart, (before, after) in zip(places, sizes, strides, gaps, margins, strict=True):
        last, reach = before + extent + after - (k - 1) * apart, (k - 1) * apart + 1
        behind = max(0, before + extent - reach) // step * step
        for start in (*range(0, min(last, before), step), *range(behind, last, step)):  # the windows at the edges
            if not any(before <= start + i * apart < before + extent for i in range(k)):
                raise ShapeError(
                    f"with a padding of {before} a window of {counted(k, 'place')} would hold nothing of the {extent} that there are."
                )
    if strides == sizes and gaps == (1,) * axes and not any(map(any, margins)):
        return _reduced(_blocks(x, sizes), kind, [2 + 2 * axis for axis in range(axes)])
    windows = windows_of(with_margins(x, margins, LOWEST if kind == LARGEST else 0), sizes, strides, gaps)
    return _reduced(windows, kind, [1 + axes + axis for axis in range(axes)])


def _blocks(x: Expression, sizes: Sizes) -> Expression:
    """Windows side by side without a copy: (batch, places, size, …, channels). What is left over at the end is in none."""
    shape: list[int] = []
    for axis, (extent, k) in enumerate(zip(spatial_extents(x), sizes, strict=True), start=1):
        if extent < k:
            raise ShapeError(f"a window over {counted(k, 'place')} does not fit into {extent}.")
        if extent % k:
            x = p.part(x, axis=axis, start=0, stop=extent - extent % k)
        shape += [extent // k, k]
    return p.reshape(x, sizes=(x.shape[0], *shape, x.shape[-1]))


def _reduced(windows: Expression, kind: str, axes: Sequence[int]) -> Expression:
    if kind == AVERAGE:
        return p.mean(windows, axes=tuple(axes))
    if kind != LARGEST:
        raise UnknownNameError("kind of pool", str(kind), (AVERAGE, LARGEST))
    for axis in reversed(axes):  # the last axis first: of equals, the first one of the window is the largest
        windows = p.largest(windows, axis=axis)
    return windows


@layer
def max_pool(own: Owner, x: Expression, *, size: Any, stride: Any = None, padding: Any = 0, gap: Any = 1) -> Expression:
    """The largest of every window, channel by channel. Its gradient goes to that place, the first one of equals.

    x : (batch, places …, channels) → (batch, new places …, channels)

    stride   from one window to the next; as large as a window if nothing is said
    padding  places on each side that are never the largest; no window may hold these alone

    Raises ShapeError, DescriptionError.
    Source: Ranzato, Huang, Boureau & LeCun (2007), Unsupervised learning of invariant feature hierarchies, section 2.
    """
    return _pooled(x, size, stride, padding, gap, LARGEST)


@layer
def average_pool(own: Owner, x: Expression, *, size: Any, stride: Any = None, padding: Any = 0) -> Expression:
    """The mean of every window, channel by channel; zeros of the padding count.

    x : (batch, places …, channels) → (batch, new places …, channels)

    Options as of `max_pool`. Raises ShapeError, DescriptionError.
    Source: LeCun et al. (1990), Handwritten digit recognition with a back-propagation network, section 3.
    """
    return _pooled(x, size, stride, padding, 1, AVERAGE)


@layer
def adaptive_pool(own: Owner, x: Expression, *, places: Any, pool: str = AVERAGE) -> Expression:
    """As many windows as are asked for: the i-th of m over n places reaches from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉.

    x : (batch, places …, channels) → (batch, m …, channels)

    pool  "average" or "max"

    Raises ShapeError, DescriptionError, UnknownNameError.
    Source: He, Zhang, Ren & Sun (2014), Spatial pyramid pooling in deep convolutional networks, section 2.2.
    """
    before = spatial_extents(x)
    wanted = per_axis(places, len(before), "places of a pool")
    if all(extent % count == 0 for extent, count in zip(before, wanted, strict=True)):
        return _pooled(x, tuple(extent // count for extent, count in zip(before, wanted, strict=True)), None, 0, 1, pool)
    if pool == LARGEST:  # along one axis after the other: the largest of the largest
        for axis, count in reversed(list(enumerate(wanted, start=1))):
            x = _adapted(x, axis, count, lambda cut, axis: p.largest(cut, axis=axis))
        return x
    for axis, count in enumerate(wanted, start=1):  # windows are products of intervals, so the mean of the means is the mean
        x = _adapted(x, axis, count, lambda cut, axis: _reduced(cut, pool, [axis]))
    return x


def _adapted(x: Expression, axis: int, count: int, reduce: Callable[[Expression, int], Expression]) -> Expression:
    extent = int(x.shape[axis])
    _check_parts(count, "windows of different sizes")
    one = (*x.shape[:axis], 1, *x.shape[axis + 1 :])
    cuts = [(i * extent // count, -(-(i + 1) * extent // count)) for i in range(count)]
    found = [p.reshape(reduce(p.part(x, axis=axis, start=start, stop=stop), axis), sizes=one) for start, stop in cuts]
    return p.join(*found, axis=axis) if len(found) > 1 else found[0]


@layer
def global_pool(own: Owner, x: Expression, *, pool: str = AVERAGE) -> Expression:
    """One number for each channel, of all places: their mean, or the largest.

    x : (batch, places …, channels) → (batch, channels)

    pool  "average" or "max"

    Raises ShapeError, UnknownNameError.
    Source: Lin, Chen & Yan (2014), Network in network, section 3.2.
    """
    return _reduced(x, pool, range(1, 1 + len(spatial_extents(x))))


# Shapes


@layer
def flatten(own: Owner, x: Expression) -> Expression:
    """All the numbers of an example in one row, the channels of one place side by side: (batch, 4, 4, 32) → (batch, 512)."""
    return p.reshape(x, sizes=(x.shape[0], math.prod(map(int, x.shape[1:]))))


@layer
def reshape(own: Owner, x: Expression, *, shape: Any) -> Expression:
    """The numbers of an example in another shape, in the same order: (batch, 6) → (batch, 2, 3) with shape = [2, 3].

    Raises ShapeError, DescriptionError.
    """
    sizes = per_axis(shape, len(shape) if isinstance(shape, (list, tuple)) else 1, "places along an axis")
    if not sizes or math.prod(sizes) != math.prod(map(int, x.shape[1:])):
        raise ShapeError(f"{' × '.join(map(str, x.shape[1:]))} numbers cannot be arranged as {' × '.join(map(str, sizes)) or 'nothing'}.")
    return p.reshape(x, sizes=(x.shape[0], *sizes))


@layer
def permute(own: Owner, x: Expression, *, axes: Any) -> Expression:
    """The axes of an example in another order, counted from 1: axes = [2, 1] transposes, (batch, 4, 3) → (batch, 3, 4).

    Raises ShapeError.
    """
    order = tuple(axes) if isinstance(axes, (list, tuple)) else (axes,)
    if sorted(map(str, order)) != sorted(map(str, range(1, len(x.shape)))):
        raise ShapeError(f"axes names each axis of an example once, from 1 to {len(x.shape) - 1}, not {quoted(axes)}.")
    return p.transpose(x, axes=(0, *order))


@layer
def split(own: Owner, x: Expression, *, parts: int, take: int, axis: int = -1) -> Expression:
    """One of so many equal parts along an axis of an example, counted from 1; the last axis if none is said.

    (batch, 6) → (batch, 2), the columns 3 and 4, with parts = 3, take = 2. Raises ShapeError, DescriptionError.
    """
    checked_size(parts, "parts")
    checked_size(take, "the part that is taken")
    own_axes = len(x.shape) - 1
    if isinstance(axis, bool) or not isinstance(axis, int) or not (1 <= axis <= own_axes or -own_axes <= axis <= -1):
        raise ShapeError(f"an example has the axes 1 to {own_axes}, not {quoted(axis)}.")
    place = axis % (own_axes + 1)
    extent = int(x.shape[place])
    if extent % parts or take > parts:
        raise ShapeError(f"{counted(extent, 'place')} cannot be divided into {parts} parts of which number {take} is taken.")
    width = extent // parts
    return p.part(x, axis=place, start=(take - 1) * width, stop=take * width)
