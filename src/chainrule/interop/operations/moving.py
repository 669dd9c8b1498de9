"""What moves elements and changes none: other shapes, other orders, parts, arrays side by side, and what is written over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from chainrule.formula import primitives as p
from chainrule.formula.expression import Expression, Shape
from chainrule.interop.operations.elements import copied, finite
from chainrule.interop.operations.shapes import filled, known, matrices_turned, permuted, reshaped, stretched, without
from chainrule.interop.operations.table import JaxCall, UnreadableOperation, in_jax, jax_operation, operation
from chainrule.network.spatial import with_margins

moving = partial(operation, quiet="always")
moving_in_jax = partial(jax_operation, quiet="always")
"""Declare what gives no quantity of its own."""


# Shapes and orders


@moving(
    "view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze",
    jax=("reshape", "squeeze", "expand_dims"), by_shape=True, together="shape",
)  # fmt: skip
def _reshape(x: Expression, *, shape: Shape) -> Expression:
    return reshaped(x, shape) if x.shape else filled(x, shape)


moving("expand", "expand_as", "repeat_interleave", by_shape=True)(stretched)


@moving_in_jax("broadcast_in_dim")
def _broadcast(x: Expression, *given: Any) -> Expression:
    call: JaxCall = given[-1]
    if not x.shape:
        return x
    kept = list(call["broadcast_dimensions"])
    laid = reshaped(x, [x.shape[kept.index(axis)] if axis in kept else 1 for axis in range(len(call.shape))])
    return laid if laid.shape == call.shape else stretched(laid, call.shape)


@moving("t")
def _t(x: Expression) -> Expression:
    return matrices_turned(x) if len(x.shape) > 1 else x


moving("numpy_T", "mT", "matrix_H", "adjoint")(matrices_turned)


@moving("transpose", "swapaxes", together="order")
def _transpose(x: Expression, a: int, b: int) -> Expression:
    axes = list(range(len(x.shape)))
    axes[a], axes[b] = axes[b], axes[a]
    return permuted(x, axes)


moving("permute", together="order")(permuted)
in_jax("transpose", permuted, "permutation", quiet="always")


@moving("movedim", "moveaxis")
def _movedim(x: Expression, source: Any, target: Any) -> Expression:
    sources, targets = ([one] if isinstance(one, int) else one for one in (source, target))
    place = {b % len(x.shape): a % len(x.shape) for a, b in zip(sources, targets, strict=True)}
    rest = iter(axis for axis in range(len(x.shape)) if axis not in place.values())
    return permuted(x, [place[axis] if axis in place else next(rest) for axis in range(len(x.shape))])


@moving_in_jax("rev")
def _rev(x: Expression, call: JaxCall) -> Expression:
    for axis in call["dimensions"]:
        x = picked(x, axis, list(reversed(range(known(x.shape[axis], "what is turned round")))))
    return x


# Side by side


@moving("cat", "concat", whole=True)
def side_by_side(parts: Sequence[Expression], dim: int = 0) -> Expression:
    """Arrays along an axis that they have."""
    parts = [part for part in parts if part.shape != (0,)]
    return p.join(*parts, axis=dim % len(parts[0].shape)) if len(parts) > 1 else parts[0]


@moving("stack", whole=True)
def stacked(parts: Sequence[Expression], dim: int = 0) -> Expression:
    """Arrays along a new axis."""
    axis = dim % (len(parts[0].shape) + 1)
    return side_by_side([reshaped(part, (*part.shape[:axis], 1, *part.shape[axis:])) for part in parts], axis)


@moving_in_jax("concatenate", whole=True)
def _concatenate(*given: Any) -> Expression:
    *parts, call = given
    if not all(part.shape for part in parts):
        raise UnreadableOperation("equal numbers side by side with what is computed")
    return side_by_side(parts, call["dimension"])


in_jax("stacked", lambda *parts: stacked(parts), quiet="always", whole=True)


# Parts


@moving("slice")
def slice_of(x: Expression, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Expression:
    """The elements from a place of an axis to another."""
    axis = dim % len(x.shape)
    if _is_everything(start, end, step):
        return x
    extent = known(x.shape[axis], "a part is taken")
    first, last, _ = slice(start, end).indices(extent)
    if step != 1:
        return picked(x, axis, list(range(first, last, step)))
    return x if (first, last) == (0, extent) else p.part(x, axis=axis, start=first, stop=last)


def _is_everything(start: int | None, end: int | None, step: int) -> bool:
    return start in (None, 0) and step == 1 and (end is None or (isinstance(end, int) and end >= 2**31))


@moving_in_jax("slice")
def _slice_of_jax(x: Expression, call: JaxCall) -> Expression:
    steps = call["strides"] or (1,) * len(x.shape)
    for axis, (start, stop, step) in enumerate(zip(call["start_indices"], call["limit_indices"], steps, strict=True)):
        if not isinstance(x.shape[axis], str):
            x = slice_of(x, axis, start, stop, step)
        elif (start, stop, step) != (0, call.count, 1):
            raise UnreadableOperation("a part of the examples")
    return x


@moving_in_jax("dynamic_slice")
def _dynamic_slice(x: Expression, *given: Any) -> Expression:
    *starts, call = given
    for axis, (start, size) in enumerate(zip(starts, call["slice_sizes"], strict=True)):
        if isinstance(x.shape[axis], str):
            continue
        if start.constant is None:
            raise UnreadableOperation("a part at a place that is computed")
        first = min(max(0, int(start.constant)), known(x.shape[axis], "a part is taken") - size)
        x = slice_of(x, axis, first, first + size)
    return x


@moving("select")
def one_of(x: Expression, dim: int, index: int) -> Expression:
    """What stands at one place of an axis."""
    axis = dim % len(x.shape)
    place = index % known(x.shape[axis], "one is picked")
    return without(p.part(x, axis=axis, start=place, stop=place + 1), (axis,))


in_jax("taken", lambda x, place: one_of(x, 0, place), "place", quiet="always")


@moving("unbind")
def _unbind(x: Expression, dim: int = 0) -> tuple[Expression, ...]:
    return tuple(one_of(x, dim, place) for place in range(known(x.shape[dim], "it is taken apart")))


@moving("split", "split_with_sizes", "chunk", "tensor_split", by_shape=True)
def _split(x: Expression, how: Any, dim: int = 0, *, shapes: Sequence[Shape]) -> tuple[Expression, ...]:
    return parts_of(x, dim % len(x.shape), [known(shape[dim], "it is split") for shape in shapes])


def parts_of(x: Expression, axis: int, extents: Sequence[int]) -> tuple[Expression, ...]:
    """Parts of those extents, one after the other."""
    start, parts = 0, list[Expression]()
    for extent in extents:
        parts.append(p.part(x, axis=axis, start=start, stop=start + extent))
        start += extent
    return tuple(parts)


in_jax("split", parts_of, "axis", "sizes", quiet="always")


def picked(x: Expression, axis: int, places: list[int]) -> Expression:
    """The elements at these places of an axis, in this order."""
    extent = int(x.shape[axis])
    times = len(places) // max(1, extent)
    if places == list(range(extent)):
        return x
    if times > 1 and places == [place for place in range(extent) for _ in range(times)]:
        repeated = p.spread(x, axes=(axis + 1,), sizes=(times,))
        return reshaped(repeated, (*x.shape[:axis], extent * times, *x.shape[axis + 1 :]))
    if places == list(range(places[0], places[-1] + 1)):
        return p.part(x, axis=axis, start=places[0], stop=places[-1] + 1)
    return side_by_side([p.part(x, axis=axis, start=place, stop=place + 1) for place in places], axis)


# What is written over, and what is made anew in the shape of something


moving("zeros_like", "new_zeros", by_shape=True)(lambda x, shape: filled(p.constant(number=0), shape))
moving("ones_like", "new_ones", by_shape=True)(lambda x, shape: filled(p.constant(number=1), shape))
moving("full_like")(lambda x, value, **_: filled(p.constant(number=value), x.shape))


@moving("select_scatter")
def _select_scatter(x: Expression, written: Expression | float, dim: int, index: int) -> Expression:
    place = index % known(x.shape[dim], "one is written over")
    return _slice_scatter(x, written, dim, place, place + 1)


@moving("slice_scatter")
def _slice_scatter(
    x: Expression, written: Expression | float, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Expression:
    """x, in which a part is written over. Raises UnreadableOperation."""
    axis = dim % len(x.shape)
    if _is_everything(start, end, step):
        return copied(x, written)
    extent = known(x.shape[axis], "a part is written over")
    first, last, _ = slice(start, end).indices(extent)
    if step != 1:
        raise UnreadableOperation("places that are written over at intervals")
    inside = (*x.shape[:axis], last - first, *x.shape[axis + 1 :])
    given = written if isinstance(written, Expression) else p.constant(number=written)
    given = reshaped(given, inside) if given.shape else filled(given, inside)
    kept = [p.part(x, axis=axis, start=a, stop=b) for a, b in ((0, first), (last, extent)) if a < b]
    return side_by_side([*kept[: first > 0], given, *kept[first > 0 :]], axis)


# Edges


PADDINGS: dict[str, Callable[[int, int], int]] = {
    "reflect": lambda i, extent: min(abs(i), 2 * (extent - 1) - abs(i)),
    "replicate": lambda i, extent: max(0, min(i, extent - 1)),
    "circular": lambda i, extent: i % extent,
}
"""Which of so many places stands at a place beside them."""


@moving("constant_pad_nd", "pad")
def _pad(x: Expression, margins: Sequence[int], mode: Any = "constant", value: float | None = 0.0) -> Expression:
    if not isinstance(mode, str):
        mode, value = "constant", mode
    for place in range(0, len(margins), 2):
        axis, (before, after) = len(x.shape) - 1 - place // 2, margins[place : place + 2]
        if mode != "constant" and min(before, after) >= 0:
            extent = known(x.shape[axis], "padding")
            x = picked(x, axis, [PADDINGS[mode](i, extent) for i in range(-before, extent + after)])
        else:
            x = edged(x, axis, before, after, 0.0 if value is None else value)
    return x


@moving_in_jax("pad")
def _pad_of_jax(x: Expression, fill: Expression, call: JaxCall) -> Expression:
    if any(inner for _, _, inner in call["padding_config"]) or fill.constant is None:
        raise UnreadableOperation("padding between elements, or with what is computed")
    for axis, (before, after, _) in enumerate(call["padding_config"]):
        x = edged(x, axis, before, after, float(fill.constant)) if before or after else x
    return x


def edged(x: Expression, axis: int, before: int, after: int, fill: float) -> Expression:
    """x with so many places more before and after along an axis, which hold a number; or, where they are negative, fewer."""
    if before < 0 or after < 0:
        extent = known(x.shape[axis], "padding")
        x = slice_of(x, axis, max(0, -before), extent - max(0, -after))
    known(x.shape[axis], "padding")
    return with_margins(x, [(max(0, before), max(0, after))], finite(float(fill)), first=axis)
