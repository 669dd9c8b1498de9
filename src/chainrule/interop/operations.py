"""PyTorch's operations, each as a formula of our table: what `torch.export` gives, read one by one.

An operation is a function of its operands, as PyTorch declares them: formulas, numbers, or tensors that depend on nothing. It gives a
formula, or a tuple of them. What is not here is decomposed by PyTorch into what is.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias, TypeVar

from chainrule.base.frozen import Frozen
from chainrule.formula import primitives as p
from chainrule.formula.expression import Dimension, Expression, Name, Shape, named
from chainrule.formula.stated import held
from chainrule.network.attention import no_later
from chainrule.network.definitions import find
from chainrule.network.spatial import LOWEST, padded

Formula = TypeVar("Formula", bound=Callable[..., Any])

OPERATIONS: dict[str, Callable[..., Any]] = {}
"""By PyTorch's name without a namespace: "linear", "add" …"""

QUIET = set[str]()
"""Operations that only move elements, or scale them by a number: what they give has no name of its own."""


class UnreadableOperation(Exception):
    """An operation that is no formula of ours, and why: whoever reads the program says where it stands."""


def operation(*names: str, quiet: bool = False) -> Callable[[Formula], Formula]:
    """Declares a function as PyTorch's operation of these names."""

    def declared(function: Formula) -> Formula:
        for name in names:
            OPERATIONS[name] = function
            if quiet:
                QUIET.add(name)
        return function

    return declared


def applied(name: str, *arguments: Any, **options: Any) -> Expression:
    """The formula of the operation of that name, which gives one."""
    formula: Expression = OPERATIONS[name](*arguments, **options)
    return formula


# Shapes


def broadcast_together(*operands: Expression | float) -> list[Expression]:
    """Operands in one shape, as PyTorch and NumPy broadcast them."""
    expressions = [one if isinstance(one, Expression) else p.constant(number=one) for one in operands]
    full: Shape = ()
    for one in expressions:
        full = _common(full, one.shape)
    return [stretched(one, full) for one in expressions]


def _common(a: Shape, b: Shape) -> Shape:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    lead = len(longer) - len(shorter)
    return (*longer[:lead], *(i if j == 1 else j for i, j in zip(longer[lead:], shorter, strict=True)))


def stretched(x: Expression, full: Shape) -> Expression:
    """x in that shape: new axes, and axes of length 1, are repeated."""
    if x.shape in (full, ()):
        return x
    lead = len(full) - len(x.shape)
    repeated = [axis for axis, extent in enumerate(x.shape) if extent == 1 and full[lead + axis] != 1]
    if repeated:
        x = reshaped(x, tuple(extent for axis, extent in enumerate(x.shape) if axis not in repeated))
    axes = (*range(lead), *(lead + axis for axis in repeated))
    if len(axes) == len(full):
        return x
    return p.spread(x, axes=axes, sizes=tuple(full[axis] for axis in axes)) if axes else x


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


def matrices_turned(x: Expression) -> Expression:
    """The last two axes exchanged."""
    *lead, rows, columns = range(len(x.shape))
    return permuted(x, (*lead, columns, rows))


def product(a: Expression, b: Expression) -> Expression:
    """a @ b, of vectors and of stacks of matrices, as PyTorch has it."""
    if len(a.shape) == 1:
        return _without(product(reshaped(a, (1, *a.shape)), b), (-2,))
    if len(b.shape) == 1:
        return _without(product(a, reshaped(b, (*b.shape, 1))), (-1,))
    if len(b.shape) == 2:
        return a @ b
    lead = _common(a.shape[:-2], b.shape[:-2])
    return stretched(a, (*lead, *a.shape[-2:])) @ stretched(b, (*lead, *b.shape[-2:]))


def _axes(x: Expression, axes: int | Sequence[int] | None) -> tuple[int, ...]:
    if axes is None or axes == []:
        return tuple(range(len(x.shape)))
    return tuple(sorted(axis % len(x.shape) for axis in ([axes] if isinstance(axes, int) else axes)))


def _without(x: Expression, axes: Sequence[int]) -> Expression:
    gone = [axis % len(x.shape) for axis in axes]
    return reshaped(x, [extent for axis, extent in enumerate(x.shape) if axis not in gone])


def _kept(x: Expression, axes: tuple[int, ...], keepdim: bool, of: Expression) -> Expression:
    return reshaped(x, [1 if axis in axes else extent for axis, extent in enumerate(of.shape)]) if keepdim else x


def _known(extent: Dimension, what: str) -> int:
    if not isinstance(extent, int):
        raise UnreadableOperation(f"{what} along the axis of the examples")
    return extent


# Elements


ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "relu": ("relu", {}),
    "tanh": ("tanh", {}),
    "sigmoid": ("sigmoid", {}),
    "silu": ("silu", {}),
    "selu": ("selu", {}),
    "relu6": ("relu6", {}),
    "gelu": ("gelu", {"approximate": "none"}),
    "leaky_relu": ("leaky_relu", {"slope": 0.01}),
}
"""Activations of ours by PyTorch's name, with its defaults for their options."""

FUNCTIONS: dict[str, Callable[[Expression], Expression]] = {
    "exp": p.exp,
    "expm1": p.expm1,
    "log": p.log,
    "log1p": lambda x: p.log(1 + x),
    "log2": lambda x: p.log(x) / math.log(2),
    "sqrt": p.sqrt,
    "rsqrt": lambda x: 1 / p.sqrt(x),
    "sin": p.sin,
    "cos": p.cos,
    "abs": p.absolute,
    "sign": p.sign,
    "floor": p.floor,
    "erf": p.erf,
    "reciprocal": lambda x: 1 / x,
    "square": lambda x: x**2,
    "mish": lambda x: x * p.tanh(p.softplus(x)),
    "hardsigmoid": lambda x: p.minimum(p.maximum(x + 3, 0), 6) / 6,
    "hardswish": lambda x: x * p.minimum(p.maximum(x + 3, 0), 6) / 6,
    "log_sigmoid": lambda x: -p.softplus(-x),
}
"""Functions of one number, element by element."""


def _activated(ours: str, defaults: Mapping[str, Any]) -> Callable[..., Expression]:
    def formula(x: Expression, *given: Any, **options: Any) -> Expression:
        chosen = {**dict(zip(defaults, (*given, *list(defaults.values())[len(given) :]), strict=True)), **options}
        result: Expression = find("activation", {"name": ours, **chosen}).apply(x)
        return result

    return formula


OPERATIONS |= {name: _activated(*ours) for name, ours in ACTIVATIONS.items()}
OPERATIONS |= {name: partial(lambda formula, x: formula(x), formula) for name, formula in FUNCTIONS.items()}


@operation("hardtanh")
def _hardtanh(x: Expression, low: float = -1.0, high: float = 1.0) -> Expression:
    return p.minimum(p.maximum(x, low), high)


@operation("elu")
def _elu(x: Expression, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> Expression:
    z: Expression = find("activation", {"name": "elu", "alpha": alpha}).apply(x if input_scale == 1 else input_scale * x)
    return z if scale == 1 else scale * z


@operation("softplus")
def _softplus(x: Expression, beta: float = 1.0, threshold: float = 20.0) -> Expression:
    return p.softplus(x) if beta == 1 else p.softplus(beta * x) / beta


@operation("prelu")
def _prelu(x: Expression, slope: Expression) -> Expression:
    if len(slope.shape) == 1 and len(x.shape) > 1:
        slope = reshaped(slope, (1, *slope.shape, *[1] * (len(x.shape) - 2)))
    x, slope = broadcast_together(x, slope)
    return p.select(x > 0, x, slope * x)


@operation("add")
def _add(a: Expression, b: Expression, *, alpha: float = 1) -> Expression:
    a, b = broadcast_together(a, b)
    return a + b if alpha == 1 else a + alpha * b


@operation("sub")
def _sub(a: Expression, b: Expression, *, alpha: float = 1) -> Expression:
    a, b = broadcast_together(a, b)
    return a - b if alpha == 1 else a - alpha * b


@operation("rsub")
def _rsub(a: Expression, b: Expression, *, alpha: float = 1) -> Expression:
    return _sub(b, a, alpha=alpha)


@operation("mul")
def _mul(a: Expression, b: Expression) -> Expression:
    a, b = broadcast_together(a, b)
    return a * b


@operation("div")
def _div(a: Expression, b: Expression, *, rounding_mode: str | None = None) -> Expression:
    if rounding_mode is not None:
        raise UnreadableOperation(f"division that is rounded ({rounding_mode})")
    a, b = broadcast_together(a, b)
    return a / b


@operation("neg", quiet=True)
def _neg(x: Expression) -> Expression:
    return -x


@operation("pow")
def _pow(a: Expression | float, b: Expression | float) -> Expression:
    if isinstance(a, Expression) and isinstance(b, (int, float)):
        return a**b
    if isinstance(b, Expression) and isinstance(a, (int, float)):
        return p.exp(b * math.log(a))
    raise UnreadableOperation("a power whose exponent is computed")


@operation("maximum")
def _maximum(a: Expression, b: Expression) -> Expression:
    return p.maximum(*broadcast_together(a, b))


@operation("minimum")
def _minimum(a: Expression, b: Expression) -> Expression:
    return p.minimum(*broadcast_together(a, b))


@operation("clamp", "clip")
def _clamp(x: Expression, min: float | None = None, max: float | None = None) -> Expression:  # PyTorch's own names
    if min is not None:
        x = p.maximum(*broadcast_together(x, min))
    return x if max is None else p.minimum(*broadcast_together(x, max))


@operation("clamp_min")
def _clamp_min(x: Expression, least: float) -> Expression:
    return p.maximum(*broadcast_together(x, least))


@operation("gt")
def _gt(a: Expression, b: Expression) -> Expression:
    return p.greater(*broadcast_together(a, b))


@operation("lt")
def _lt(a: Expression, b: Expression) -> Expression:
    a, b = broadcast_together(a, b)
    return p.greater(b, a)


@operation("ge")
def _ge(a: Expression, b: Expression) -> Expression:
    return 1 - _lt(a, b)


@operation("le")
def _le(a: Expression, b: Expression) -> Expression:
    return 1 - _gt(a, b)


@operation("where")
def _where(condition: Expression, a: Expression, b: Expression) -> Expression:
    return p.select(*broadcast_together(condition, a, b))


@operation("masked_fill")
def _masked_fill(x: Expression, mask: Expression, value: float) -> Expression:
    mask, x, filled = broadcast_together(mask, x, _finite(value))
    return p.select(mask, filled, x)


def _finite(value: float) -> float:
    """A number that stands for infinity in a softmax: e to the power of it is 0, and no product with it is undefined."""
    return value if math.isfinite(value) else math.copysign(LOWEST, value)


# Sums


@operation("sum")
def _sum(x: Expression, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Expression:
    axes = _axes(x, dim)
    return _kept(p.total(x, axes=axes), axes, keepdim, x)


@operation("mean")
def _mean(x: Expression, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Expression:
    axes = _axes(x, dim)
    return _kept(p.mean(x, axes=axes), axes, keepdim, x)


@operation("var")
def _var(x: Expression, dim: Any = None, correction: Any = None, keepdim: bool = False, *, unbiased: bool | None = None) -> Expression:
    if isinstance(correction, bool):
        correction = int(correction)
    axes = _axes(x, dim)
    count = p.count(x.shape, axes)
    less = 1 if correction is None else correction
    centred = x - _repeated(p.mean(x, axes=axes), axes, x)
    return _kept(p.total(centred**2, axes=axes) / (count - less), axes, keepdim, x)


@operation("std")
def _std(x: Expression, dim: Any = None, correction: Any = None, keepdim: bool = False) -> Expression:
    return p.sqrt(_var(x, dim, correction, keepdim))


@operation("linalg_vector_norm")
def _vector_norm(
    x: Expression, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: Any = None
) -> Expression:  # PyTorch's own name
    if ord not in (1, 2):
        raise UnreadableOperation(f"a norm of the order {ord}")
    axes = _axes(x, dim)
    inner = p.absolute(x) if ord == 1 else x**2
    total = p.total(inner, axes=axes)
    return _kept(total if ord == 1 else p.sqrt(total), axes, keepdim, x)


@operation("softmax", "_softmax")
def _softmax(x: Expression, dim: int, dtype: Any = None) -> Expression:
    return p.softmax(x, axis=dim % len(x.shape))


@operation("log_softmax", "_log_softmax")
def _log_softmax(x: Expression, dim: int, dtype: Any = None) -> Expression:
    return p.log(p.softmax(x, axis=dim % len(x.shape)))


@operation("logsumexp")
def _logsumexp(x: Expression, dim: Any, keepdim: bool = False) -> Expression:
    (axis,) = _axes(x, dim)
    return _kept(p.logsumexp(x, axis=axis), (axis,), keepdim, x)


# Products


@operation("linear")
def _linear(x: Expression, W: Expression, b: Expression | None = None) -> Expression:
    z = product(x, matrices_turned(W))
    return z if b is None else _add(z, b)


@operation("matmul", "mm", "bmm")
def _matmul(a: Expression, b: Expression) -> Expression:
    return product(a, b)


@operation("addmm", "baddbmm")
def _addmm(c: Expression, a: Expression, b: Expression, *, beta: float = 1, alpha: float = 1) -> Expression:
    z = product(a, b) if alpha == 1 else alpha * product(a, b)
    return _add(z, c if beta == 1 else beta * c)


@operation("scaled_dot_product_attention")
def _attention(
    q: Expression, k: Expression, v: Expression, mask: Any = None, dropout: float = 0.0, is_causal: bool = False, *,
    scale: float | None = None, enable_gqa: bool = False,
) -> Expression:  # fmt: skip
    if dropout:
        raise UnreadableOperation("attention that drops out")
    width = _known(q.shape[-1], "attention")
    scores = product(q, matrices_turned(k)) * (1 / math.sqrt(width) if scale is None else scale)
    if is_causal:
        seen = no_later(*(_known(extent, "a causal mask") for extent in scores.shape[-2:]))
        scores = p.select(stretched(seen, scores.shape), scores, _finite(-math.inf))
    elif mask is not None:
        scores = _add(scores, mask)
    return product(p.softmax(scores, axis=len(scores.shape) - 1), v)


# Normalisation


@operation("layer_norm")
def _layer_norm(
    x: Expression, shape: Sequence[int], weight: Any = None, bias: Any = None, eps: float = 1e-5, enable: bool = False
) -> Expression:
    axes = tuple(range(len(x.shape) - len(shape), len(x.shape)))
    return _scaled(_normalized(x, axes, eps), weight, bias)


@operation("rms_norm")
def _rms_norm(x: Expression, shape: Sequence[int], weight: Any = None, eps: float | None = None) -> Expression:
    axes = tuple(range(len(x.shape) - len(shape), len(x.shape)))
    square = p.mean(x**2, axes=axes) + (2.220446049250313e-16 if eps is None else eps)
    return _scaled(x / _repeated(p.sqrt(square), axes, x), weight, None)


@operation("batch_norm")
def _batch_norm(
    x: Expression, weight: Any, bias: Any, mean: Any, variance: Any, training: bool, momentum: float, eps: float, enable: bool = False
) -> Expression:
    channels = [1, x.shape[1], *[1] * (len(x.shape) - 2)]
    if training or mean is None:
        z = _normalized(x, tuple(axis for axis in range(len(x.shape)) if axis != 1), eps)
    else:
        z = _sub(x, _across(mean, channels)) / stretched(p.sqrt(_across(variance, channels) + eps), x.shape)
    return _scaled(z, _across(weight, channels), _across(bias, channels))


def _across(x: Any, shape: Sequence[Dimension]) -> Any:
    """Numbers of channels, in that shape; one number, or nothing, is what it is."""
    return reshaped(x, shape) if isinstance(x, Expression) and x.shape else x


@operation("group_norm")
def _group_norm(x: Expression, groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5, enable: bool = False) -> Expression:
    channels = _known(x.shape[1], "groups")
    apart = reshaped(x, (x.shape[0], groups, channels // groups, *x.shape[2:]))
    z = reshaped(_normalized(apart, tuple(range(2, len(apart.shape))), eps), x.shape)
    across = [1, channels, *[1] * (len(x.shape) - 2)]
    return _scaled(z, _across(weight, across), _across(bias, across))


@operation("instance_norm")
def _instance_norm(
    x: Expression, weight: Any, bias: Any, mean: Any, variance: Any, use_input: bool, momentum: float, eps: float, enable: bool = False
) -> Expression:
    if not use_input:
        return _batch_norm(x, weight, bias, mean, variance, False, momentum, eps)
    across = [1, x.shape[1], *[1] * (len(x.shape) - 2)]
    z = _normalized(x, tuple(range(2, len(x.shape))), eps)
    return _scaled(z, _across(weight, across), _across(bias, across))


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
    centred = x - _repeated(p.mean(x, axes=axes), axes, x)
    return centred / _repeated(p.sqrt(p.mean(centred**2, axes=axes) + eps), axes, x)


def _repeated(x: Expression, axes: tuple[int, ...], of: Expression) -> Expression:
    """x once for each place along the axes that it lacks."""
    return p.spread(x, axes=axes, sizes=tuple(of.shape[axis] for axis in axes))


@operation("bilinear")
def _bilinear(x: Expression, v: Expression, W: Expression, b: Expression | None = None) -> Expression:
    units, rows, columns = (int(extent) for extent in W.shape)
    each = reshaped(product(x, reshaped(permuted(W, (1, 0, 2)), (rows, units * columns))), (*x.shape[:-1], units, columns))
    z = p.total(each * p.spread(v, axes=(len(v.shape) - 1,), sizes=(units,)), axes=(len(each.shape) - 1,))
    return z if b is None else _add(z, b)


@operation("cumsum")
def _cumsum(x: Expression, dim: int, *, dtype: Any = None) -> Expression:
    axis = dim % len(x.shape)
    extent = _known(x.shape[axis], "a running sum")
    order = (*(other for other in range(len(x.shape)) if other != axis), axis)
    summed = permuted(x, order) @ matrices_turned(no_later(extent, extent))
    return permuted(summed, [order.index(place) for place in range(len(order))])


@operation("index")
def _index(x: Expression, indices: Sequence[Any]) -> Expression:
    """Elements at places that are the same for every example, along each axis by itself, as a picture is enlarged; or looked up by numbers
    along the first axis.
    """
    picked = {axis: index for axis, index in enumerate(indices) if index is not None}
    if list(picked) == [0] and isinstance(picked[0], Expression):
        return p.lookup(x, picked[0])
    if any(isinstance(index, Expression) for index in picked.values()):
        raise UnreadableOperation("elements at places that are computed")
    if any(sum(extent > 1 for extent in index.shape) > 1 for index in picked.values()):
        raise UnreadableOperation("elements at pairs of places")
    if sum(index.numel() > 1 for index in picked.values()) > 1 and len({len(index.shape) for index in picked.values()}) == 1:
        raise UnreadableOperation("elements at pairs of places")
    for axis, index in picked.items():
        x = _taken(x, axis, [int(place) % _known(x.shape[axis], "picking") for place in index.flatten().tolist()])
    return x


def _taken(x: Expression, axis: int, places: list[int]) -> Expression:
    """The elements at these places of an axis, in this order."""
    extent, times = int(x.shape[axis]), len(places) // max(1, int(x.shape[axis]))
    if places == list(range(extent)):
        return x
    if times > 1 and places == [place for place in range(extent) for _ in range(times)]:
        repeated = p.spread(x, axes=(axis + 1,), sizes=(times,))
        return reshaped(repeated, (*x.shape[:axis], extent * times, *x.shape[axis + 1 :]))
    if places == list(range(places[0], places[-1] + 1)):
        return p.part(x, axis=axis, start=places[0], stop=places[-1] + 1)
    return _cat([p.part(x, axis=axis, start=place, stop=place + 1) for place in places], axis)


def _scaled(z: Expression, weight: Any, bias: Any) -> Expression:
    z = z if weight is None else _mul(z, weight)
    return z if bias is None else _add(z, bias)


# What moves elements


@operation("view", "reshape", "_unsafe_view", "flatten", "unflatten", "squeeze", "unsqueeze", quiet=True)
def _reshape(x: Expression, *_: Any, shape: Shape) -> Expression:
    return reshaped(x, shape)


@operation("expand", "expand_as", "repeat_interleave", quiet=True)
def _expand(x: Expression, *_: Any, shape: Shape) -> Expression:
    return stretched(x, shape)


@operation("t", quiet=True)
def _t(x: Expression) -> Expression:
    return matrices_turned(x) if len(x.shape) > 1 else x


@operation("numpy_T", "mT", "matrix_H", "adjoint", quiet=True)
def _mT(x: Expression) -> Expression:
    return matrices_turned(x)


@operation("transpose", "swapaxes", quiet=True)
def _transpose(x: Expression, a: int, b: int) -> Expression:
    axes = list(range(len(x.shape)))
    axes[a], axes[b] = axes[b], axes[a]
    return permuted(x, axes)


@operation("permute", quiet=True)
def _permute(x: Expression, axes: Sequence[int]) -> Expression:
    return permuted(x, axes)


@operation("movedim", "moveaxis", quiet=True)
def _movedim(x: Expression, source: Any, target: Any) -> Expression:
    sources, targets = ([one] if isinstance(one, int) else one for one in (source, target))
    place = {b % len(x.shape): a % len(x.shape) for a, b in zip(sources, targets, strict=True)}
    rest = iter(axis for axis in range(len(x.shape)) if axis not in place.values())
    return permuted(x, [place[axis] if axis in place else next(rest) for axis in range(len(x.shape))])


@operation("cat", "concat", quiet=True)
def _cat(parts: Sequence[Expression], dim: int = 0) -> Expression:
    parts = [part for part in parts if part.shape != (0,)]
    return p.join(*parts, axis=dim % len(parts[0].shape)) if len(parts) > 1 else parts[0]


@operation("stack", quiet=True)
def _stack(parts: Sequence[Expression], dim: int = 0) -> Expression:
    axis = dim % (len(parts[0].shape) + 1)
    return _cat([reshaped(part, (*part.shape[:axis], 1, *part.shape[axis:])) for part in parts], axis)


@operation("slice", quiet=True)
def _slice(x: Expression, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1) -> Expression:
    axis = dim % len(x.shape)
    if start in (None, 0) and step == 1 and (end is None or (isinstance(end, int) and end >= 2**31)):
        return x
    extent = _known(x.shape[axis], "a part is taken")
    first, last, _ = slice(start, end).indices(extent)
    if step != 1:
        pieces = [p.part(x, axis=axis, start=i, stop=i + 1) for i in range(first, last, step)]
        return _cat(pieces, axis)
    return x if (first, last) == (0, extent) else p.part(x, axis=axis, start=first, stop=last)


@operation("select", quiet=True)
def _select(x: Expression, dim: int, index: int) -> Expression:
    axis = dim % len(x.shape)
    place = index % _known(x.shape[axis], "one is picked")
    return _without(p.part(x, axis=axis, start=place, stop=place + 1), (axis,))


@operation("split", "split_with_sizes", "chunk", "unbind", "tensor_split", quiet=True)
def _split(x: Expression, *given: Any, shapes: Sequence[Shape], name: str) -> tuple[Expression, ...]:
    if name == "unbind":
        axis = (given[0] if given else 0) % len(x.shape)
        return tuple(_select(x, axis, place) for place in range(_known(x.shape[axis], "it is taken apart")))
    axis = (given[1] if len(given) > 1 else 0) % len(x.shape)
    start, parts = 0, list[Expression]()
    for shape in shapes:
        extent = _known(shape[axis], "it is split")
        parts.append(p.part(x, axis=axis, start=start, stop=start + extent))
        start += extent
    return tuple(parts)


@operation("detach", "detach_")
def _detach(x: Expression) -> Expression:
    return held(x)


@operation("copy", quiet=True)
def _copy(x: Expression, other: Expression | float, non_blocking: bool = False) -> Expression:
    """What stands in an array after something else was written over all of it."""
    other = broadcast_together(other, x)[0]
    return other if other.shape == x.shape else p.spread(other, axes=tuple(range(len(x.shape))), sizes=x.shape)


@operation("select_scatter", quiet=True)
def _select_scatter(x: Expression, part: Expression | float, dim: int, index: int) -> Expression:
    axis = dim % len(x.shape)
    place = index % _known(x.shape[axis], "one is written over")
    return _slice_scatter(x, part, axis, place, place + 1)


@operation("slice_scatter", quiet=True)
def _slice_scatter(
    x: Expression, part: Expression | float, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Expression:
    """x, in which a part is written over. Raises UnreadableOperation."""
    axis = dim % len(x.shape)
    if start in (None, 0) and step == 1 and (end is None or (isinstance(end, int) and end >= 2**31)):
        return _copy(x, part)
    extent = _known(x.shape[axis], "a part is written over")
    first, last, _ = slice(start, end).indices(extent)
    if step != 1:
        raise UnreadableOperation("places that are written over at intervals")
    inside = (*x.shape[:axis], last - first, *x.shape[axis + 1 :])
    given = part if isinstance(part, Expression) else p.constant(number=part)
    given = reshaped(given, inside) if given.shape else p.spread(given, axes=tuple(range(len(inside))), sizes=inside)
    kept = [p.part(x, axis=axis, start=a, stop=b) for a, b in ((0, first), (last, extent)) if a < b]
    return _cat([*kept[: first > 0], given, *kept[first > 0 :]], axis)


@operation("clone", "contiguous", "alias", "to", "_to_copy", "type_as", "lift_fresh_copy", "_assert_tensor_metadata", quiet=True)
def _same(x: Expression, *_: Any, **__: Any) -> Expression:
    return x


@operation("dropout", "feature_dropout", "alpha_dropout", "native_dropout", quiet=True)
def _dropout(x: Expression, probability: float, training: bool) -> Expression:
    if training and probability:
        raise UnreadableOperation(
            f"dropout with the probability {probability:g} in training mode, which is another function every time; call model.eval() first"
        )
    return x


@operation("glu")
def _glu(x: Expression, dim: int = -1) -> Expression:
    axis = dim % len(x.shape)
    half = _known(x.shape[axis], "a gated unit") // 2
    return p.part(x, axis=axis, start=0, stop=half) * p.sigmoid(p.part(x, axis=axis, start=half, stop=2 * half))


@operation("constant_pad_nd", "pad", quiet=True)
def _pad(x: Expression, margins: Sequence[int], mode: Any = "constant", value: float | None = 0.0) -> Expression:
    if not isinstance(mode, str):
        mode, value = "constant", mode
    fill = 0.0 if value is None else _finite(float(value))
    for place in range(0, len(margins), 2):
        before, after = margins[place : place + 2]
        axis = len(x.shape) - 1 - place // 2
        extent = _known(x.shape[axis], "padding")
        if mode != "constant" and min(before, after) >= 0:
            x = _taken(x, axis, [PADDINGS[mode](i, extent) for i in range(-before, extent + after)])
            continue
        if before < 0 or after < 0:
            x = _slice(x, axis, max(0, -before), extent - max(0, -after))
        x = padded(x, [(max(0, before), max(0, after))], fill, first=axis)
    return x


PADDINGS: dict[str, Callable[[int, int], int]] = {
    "reflect": lambda i, extent: min(abs(i), 2 * (extent - 1) - abs(i)),
    "replicate": lambda i, extent: max(0, min(i, extent - 1)),
    "circular": lambda i, extent: i % extent,
}
"""Which of so many places stands at a place beside them."""


# Images

CHANNELS_FIRST = 2
"""Where places begin behind the examples and the channels."""


@operation("conv1d", "conv2d", "conv3d")
def _conv(
    x: Expression, W: Expression, b: Expression | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1, groups: int = 1
) -> Expression:
    axes = len(W.shape) - 2
    lengths = tuple(int(extent) for extent in W.shape[2:])
    steps, gaps = _each(stride, axes), _each(dilation, axes)
    if isinstance(padding, str):
        reach = [(k - 1) * gap for k, gap in zip(lengths, gaps, strict=True)]
        margins = [(0, 0) if padding == "valid" else (one // 2, one - one // 2) for one in reach]
    else:
        margins = [(one, one) for one in _each(padding, axes)]
    windows = p.window(padded(x, margins, first=CHANNELS_FIRST), axis=2, lengths=lengths, steps=steps, gaps=gaps)
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
    z = p.join(*parts, axis=1 + axes) if groups > 1 else parts[0]
    z = z if b is None else _add(z, b)
    return permuted(z, (0, 1 + axes, *range(1, 1 + axes)))


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
    if groups != 1:
        size, own = (int(extent) // groups for extent in (W.shape[0], x.shape[1]))
        cuts = [(p.part(x, axis=1, start=i * own, stop=(i + 1) * own), i) for i in range(groups)]
        matrices = [p.part(W, axis=0, start=i * size, stop=(i + 1) * size) for i in range(groups)]
        parts = [_conv_transpose(inner, matrices[i], None, stride, padding, extra, 1, dilation) for inner, i in cuts]
        z = p.join(*parts, axis=1)
        return z if b is None else _add(z, reshaped(b, (*b.shape, *[1] * (len(W.shape) - 2))))
    axes = len(W.shape) - 2
    lengths = tuple(int(extent) for extent in W.shape[2:])
    steps, gaps, cut, more = (_each(one, axes) for one in (stride, dilation, padding, extra))
    channels, units = int(W.shape[0]), int(W.shape[1])
    places = x.shape[2:]
    rows = permuted(x, (0, *range(2, 2 + axes), 1))
    laid = reshaped(rows @ reshaped(W, (channels, units * math.prod(lengths))), (x.shape[0], *places, units, *lengths))
    windows = permuted(laid, (0, 1 + axes, *range(1, 1 + axes), *range(2 + axes, 2 + 2 * axes)))
    extents = tuple(
        (_known(extent, "a convolution") - 1) * step + (k - 1) * gap + 1 + added
        for extent, step, k, gap, added in zip(places, steps, lengths, gaps, more, strict=True)
    )
    z = p.overlap(windows, axis=2, steps=steps, gaps=gaps, extents=extents)
    for axis, (extent, away) in enumerate(zip(extents, cut, strict=True), start=2):
        z = p.part(z, axis=axis, start=away, stop=extent - away) if away else z
    return z if b is None else _add(z, reshaped(b, (units, *[1] * axes)))


def _each(value: Any, axes: int) -> tuple[int, ...]:
    """One number for each axis; one alone counts for all."""
    several = list(value) if isinstance(value, (list, tuple)) else [value]
    return tuple(int(one) for one in (several * axes if len(several) == 1 else several))


@operation("max_pool1d", "max_pool2d", "max_pool3d")
def _max_pool(x: Expression, size: Any, stride: Any = (), padding: Any = 0, dilation: Any = 1, ceil: bool = False) -> Expression:
    cuts = _pool_cuts(x, size, stride, padding, dilation, ceil)
    return p.largest(_pooled(x, cuts, _finite(-math.inf)), axis=len(x.shape))


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


def _pool_cuts(x: Expression, size: Any, stride: Any, padding: Any, dilation: Any, ceil: bool) -> list[PoolCut]:
    """Of each axis. With `ceil` the last window may reach beyond the edge, but begins before it."""
    axes = len(x.shape) - 2
    steps = _each(stride, axes) if stride not in ((), [], None) else _each(size, axes)
    cuts = []
    for extent, k, step, margin, gap in zip(
        x.shape[2:], _each(size, axes), steps, _each(padding, axes), _each(dilation, axes), strict=True
    ):
        places, reach = _known(extent, "a pool"), (k - 1) * gap + 1
        last = places + 2 * margin - reach
        starts = -(-last // step) if ceil else last // step
        if ceil and starts * step >= places + margin:
            starts -= 1
        cuts.append(PoolCut(places, margin, max(places + 2 * margin, starts * step + reach), k, step, gap))
    return cuts


def _pooled(x: Expression, cuts: Sequence[PoolCut], fill: float = 0) -> Expression:
    """Every window as a further axis, the last one."""
    axes = len(x.shape) - 2
    margins = [(cut.padding, cut.extent - cut.places - cut.padding) for cut in cuts]
    windows = p.window(
        padded(x, margins, fill, CHANNELS_FIRST),
        axis=2,
        lengths=tuple(cut.length for cut in cuts),
        steps=tuple(cut.step for cut in cuts),
        gaps=tuple(cut.gap for cut in cuts),
    )
    return reshaped(windows, (*windows.shape[: 2 + axes], math.prod(cut.length for cut in cuts)))


@operation("adaptive_avg_pool1d", "adaptive_avg_pool2d", "_adaptive_avg_pool2d", "adaptive_avg_pool3d")
def _adaptive_average_pool(x: Expression, places: Any) -> Expression:
    return _adapted(x, places, lambda part, axis: p.mean(part, axes=(axis,)))


@operation("adaptive_max_pool1d", "adaptive_max_pool2d")
def _adaptive_max_pool(x: Expression, places: Any) -> tuple[Any, ...]:
    return _adapted(x, places, lambda part, axis: p.largest(part, axis=axis)), None


def _adapted(x: Expression, places: Any, reduce: Callable[[Expression, int], Expression]) -> Expression:
    """Windows so large, and so far apart, that so many fit: from ⌊i n / m⌋ to ⌈(i + 1) n / m⌉."""
    axes = len(x.shape) - 2
    for axis, count in enumerate(_each(places, axes), start=2):
        extent = _known(x.shape[axis], "a pool")
        if count == extent:
            continue
        bounds = [(i * extent // count, -(-(i + 1) * extent // count)) for i in range(count)]
        parts = [reduce(p.part(x, axis=axis, start=a, stop=b) if (a, b) != (0, extent) else x, axis) for a, b in bounds]
        x = _stack(parts, axis)
    return x


@operation("amax")
def _amax(x: Expression, dim: Any = (), keepdim: bool = False) -> Expression:
    axes = _axes(x, list(dim) if isinstance(dim, (list, tuple)) else dim)
    y = x
    for axis in reversed(axes):
        y = p.largest(y, axis=axis)
    return _kept(y, axes, keepdim, x)


@operation("max")
def _max(x: Expression, dim: Any = None, keepdim: bool = False) -> Any:
    if isinstance(dim, Expression):
        return _maximum(x, dim)
    return _amax(x, () if dim is None else dim, keepdim) if dim is None else (_amax(x, dim, keepdim), None)


# Tokens and sequences


@operation("embedding")
def _embedding(table: Expression, index: Any, padding: int = -1, scale: bool = False, sparse: bool = False) -> Expression:
    """A row of the table for each token; rows at places that are the same for every example are a part of it."""
    if isinstance(index, Expression):
        return p.lookup(table, index)
    return reshaped(_taken(table, 0, [int(place) for place in index.flatten().tolist()]), (*index.shape, table.shape[1]))


def _at_step(x: Expression, step: int) -> Expression:
    return _select(x, 1, step)


Cell: TypeAlias = Callable[[Expression, list[Any], list[Any], int, str], list[Any]]
"""From x at a place, the state before it, the four parameters, the place and what is added to letters: the state after it."""


def _gates(x: Expression, h: Any, own: Sequence[Any]) -> tuple[Expression, Expression | None]:
    """What comes from x and what from the state before, with their biases."""
    W, U, b, c = own
    a = _linear(x, W, b)
    return a, _linear(h, U, c) if h is not None else None if c is None else stretched(c, a.shape)


def _part_of(z: Expression, place: int, units: int) -> Expression:
    return p.part(z, axis=len(z.shape) - 1, start=place * units, stop=(place + 1) * units)


def _simple_cell(activation: Callable[[Expression], Expression]) -> Cell:
    def cell(x: Expression, state: list[Any], own: list[Any], step: int, side: str) -> list[Any]:
        a, b = _gates(x, state[0], own)
        z = _named(f"z{side}", a if b is None else a + b, step)
        return [_named(f"h{side}", activation(z), step)]

    return cell


def _lstm_cell(x: Expression, state: list[Any], own: list[Any], step: int, side: str) -> list[Any]:
    """Source: Hochreiter & Schmidhuber (1997), with the forget gate of Gers, Schmidhuber & Cummins (2000)."""
    a, b = _gates(x, state[0], own)
    z = a if b is None else a + b
    units = int(own[1].shape[1])
    i, f, o = (_named(f"{letter}{side}", p.sigmoid(_part_of(z, place, units)), step) for letter, place in (("i", 0), ("f", 1), ("o", 3)))
    g = _named(f"g{side}", p.tanh(_part_of(z, 2, units)), step)
    c = _named(f"c{side}", i * g if state[1] is None else f * state[1] + i * g, step)
    return [_named(f"h{side}", o * p.tanh(c), step), c]


def _gru_cell(x: Expression, state: list[Any], own: list[Any], step: int, side: str) -> list[Any]:
    """Source: Cho et al. (2014), with the reset gate after the product, as cuDNN has it."""
    units, before = int(own[1].shape[1]), state[0]
    a, b = _gates(x, before, own)
    r, u = (
        _named(f"{letter}{side}", p.sigmoid(_part_of(a if b is None else a + b, place, units)), step)
        for letter, place in (("r", 0), ("u", 1))
    )
    new = _part_of(a, 2, units)
    n = _named(f"n{side}", p.tanh(new if b is None else new + r * _part_of(b, 2, units)), step)
    return [_named(f"h{side}", (1 - u) * n if before is None else (1 - u) * n + u * before, step)]


def _named(symbol: str, expression: Expression, step: int) -> Expression:
    return named(Name(symbol, time=step), expression)


def _recurrent(
    cell: Cell, states: int, x: Expression, given: Sequence[Any], parameters: Sequence[Any], biases: bool, layers: int, dropout: float,
    training: bool, both: bool, batch_first: bool,
) -> tuple[Any, ...]:  # fmt: skip
    """Layers of a recurrence through the places of x: (examples, places, units of the last layer), and the states after the last place."""
    if dropout and training and layers > 1:
        _dropout(x, dropout, training)
    if not batch_first:
        x = permuted(x, (1, 0, 2))
    length, each, last = _known(x.shape[1], "a sequence"), 4 if biases else 2, list[list[Any]]()
    for number in range(layers):
        sides = []
        for side in range(2 if both else 1):
            place = number * (2 if both else 1) + side
            own = [*parameters[place * each : (place + 1) * each], *([] if biases else [None, None])]
            suffix = f"{'' if layers == 1 else f'_l{number}'}{'_back' if side else ''}"
            state: list[Any] = [_started(one, place, (x.shape[0], own[1].shape[1])) for one in given] or [None] * states
            outputs: dict[int, Expression] = {}
            for step in reversed(range(length)) if side else range(length):
                state = cell(_at_step(x, step), state, own, step + 1, suffix)
                outputs[step] = state[0]
            sides.append(_stack([outputs[step] for step in range(length)], 1))
            last.append(state)
        x = _cat(sides, 2)
    ended = [_stack([state[which] for state in last], 0) for which in range(states)]
    return (x if batch_first else permuted(x, (1, 0, 2)), *ended)


def _started(state: Any, place: int, shape: Shape) -> Expression | None:
    """The state that a layer begins with, for each example; None where it is 0."""
    if _is_zero(state):
        return None
    return p.spread(state, axes=(0, 1), sizes=shape) if state.shape == () else stretched(_select(state, 0, place), shape)


def _is_zero(state: Any) -> bool:
    """Does a state begin with zeros, so that it is not there?"""
    return not isinstance(state, Expression) or state.constant == 0


@operation("lstm")
def _lstm(x: Expression, states: Any, parameters: Any, *how: Any) -> tuple[Any, ...]:
    return _recurrent(_lstm_cell, 2, x, states, parameters, *how)


@operation("gru")
def _gru(x: Expression, state: Any, parameters: Any, *how: Any) -> tuple[Any, ...]:
    return _recurrent(_gru_cell, 1, x, [state], parameters, *how)


@operation("rnn_tanh")
def _rnn_tanh(x: Expression, state: Any, parameters: Any, *how: Any) -> tuple[Any, ...]:
    return _recurrent(_simple_cell(p.tanh), 1, x, [state], parameters, *how)


@operation("rnn_relu")
def _rnn_relu(x: Expression, state: Any, parameters: Any, *how: Any) -> tuple[Any, ...]:
    return _recurrent(_simple_cell(p.relu), 1, x, [state], parameters, *how)
