"""The table of primitives: every operation once, with its value, its derivative and its form on paper.

Elementwise rows have four columns: value · slope · form · paper. The slope is the partial derivative for each argument, written in
primitives, so that a derivative is an expression like any other. `y` is the node itself, as in σ′ = σ(1 − σ). The last column says
what a name such as σ stands for in simpler primitives, where the value is computed in another, safer way.

The other rows say how g = ∂E/∂node is carried back to each argument, and what one element of the result is (index notation).
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from chainrule.base.errors import ShapeError
from chainrule.formula.expression import PRIMITIVES, Dimension, Expression, ExpressionLike, PlainNumber, Primitive, Shape, as_expression
from chainrule.formula.forms import (
    AmongZeros,
    Bracket,
    Fence,
    Form,
    Gathered,
    Infix,
    IsLargest,
    Laid,
    Leaf,
    MatrixTimes,
    Named,
    Numbered,
    Part,
    Piecewise,
    Prefix,
    Quiet,
    Radical,
    Raised,
    Ratio,
    Spelled,
    Taken,
    Times,
    Total,
    Transpose,
)

Slopes: TypeAlias = "tuple[ExpressionLike | None, ...]"
PI = math.pi
LN2 = math.log(2)
HALF = Fraction(1, 2)


def _add(primitive: Primitive) -> Primitive:
    PRIMITIVES[primitive.name] = primitive
    return primitive


def _same_shape(*arguments: Expression, **_: Any) -> Shape:
    return next((argument.shape for argument in arguments if argument.shape), ())


def _elementwise(
    name: str,
    value: Callable[..., Any],
    slope: Callable[..., Slopes],
    form: Form,
    paper: Callable[..., Expression] | None = None,
) -> Primitive:
    return _add(Primitive(name, value, _same_shape, form, slope=slope, paper=paper))


# Rows that stand below the first row that uses them.
cos: Primitive
sign: Primitive
transpose: Primitive
total: Primitive
reshape: Primitive
overlap: Primitive
part: Primitive
added_at: Primitive

# fmt: off
#                       name          value                                   slope of each argument                        form            paper
add      = _elementwise("add",        lambda xp, a, b: a + b,                 lambda a, b, y: (1, 1),                       Infix("+"))
subtract = _elementwise("subtract",   lambda xp, a, b: a - b,                 lambda a, b, y: (1, -1),                      Infix("−"))
multiply = _elementwise("multiply",   lambda xp, a, b: a * b,                 lambda a, b, y: (b, a),                       Times())
divide   = _elementwise("divide",     lambda xp, a, b: a / b,                 lambda a, b, y: (1 / b, -a / b**2),           Ratio())
negative = _elementwise("negative",   lambda xp, a: -a,                       lambda a, y: (-1,),                           Prefix("−"))
power    = _elementwise("power",      lambda xp, a, n: a**n,                  lambda a, n, y: (n * a ** (n - 1), None),     Raised())
sqrt     = _elementwise("sqrt",       lambda xp, x: xp.sqrt(x),               lambda x, y: (1 / (2 * y),),                  Radical())
exp      = _elementwise("exp",        lambda xp, x: xp.exp(x),                lambda x, y: (y,),                            Raised("e"))
expm1    = _elementwise("expm1",      lambda xp, x: xp.expm1(x),              lambda x, y: (exp(x),),                       Spelled(),       lambda x: exp(x) - 1)
log      = _elementwise("log",        lambda xp, x: xp.log(x),                lambda x, y: (1 / x,),                        Named("ln"))
sin      = _elementwise("sin",        lambda xp, x: xp.sin(x),                lambda x, y: (cos(x),),                       Named("sin"))
cos      = _elementwise("cos",        lambda xp, x: xp.cos(x),                lambda x, y: (-sin(x),),                      Named("cos"))
absolute = _elementwise("absolute",   lambda xp, x: xp.abs(x),                lambda x, y: (sign(x),),                      Fence("|", "|"))
sign     = _elementwise("sign",       lambda xp, x: xp.sign(x),               lambda x, y: (0,),                            Named("sign"))
floor    = _elementwise("floor",      lambda xp, x: xp.floor(x),              lambda x, y: (0,),                            Fence("⌊", "⌋"))
maximum  = _elementwise("maximum",    lambda xp, a, b: xp.maximum(a, b),      lambda a, b, y: (a > b, 1 - (a > b)),         Named("max"))
minimum  = _elementwise("minimum",    lambda xp, a, b: xp.minimum(a, b),      lambda a, b, y: (b > a, 1 - (b > a)),         Named("min"))
greater  = _elementwise("greater",    lambda xp, a, b: xp.greater(a, b),      lambda a, b, y: (0, 0),                       Bracket(">"))
select   = _elementwise("select",     lambda xp, c, a, b: xp.where(c, a, b),  lambda c, a, b, y: (None, c, 1 - c),          Piecewise())
sigmoid  = _elementwise("sigmoid",    lambda xp, z: 1 / (1 + xp.exp(-z)),     lambda z, y: (y * (1 - y),),                  Named("σ"),      lambda z: 1 / (1 + exp(-z)))
tanh     = _elementwise("tanh",       lambda xp, z: xp.tanh(z),               lambda z, y: (1 - y**2,),                     Named("tanh"),   lambda z: (exp(z) - exp(-z)) / (exp(z) + exp(-z)))
relu     = _elementwise("relu",       lambda xp, z: xp.maximum(z, 0),         lambda z, y: (z > 0,),                        Named("ReLU"),   lambda z: maximum(0, z))
softplus = _elementwise("softplus",   lambda xp, z: xp.maximum(z, 0) + xp.log1p(xp.exp(-xp.abs(z))),
                                                                              lambda z, y: (sigmoid(z),),                   Named("softplus"), lambda z: log(1 + exp(z)))
log_cosh = _elementwise("log_cosh",   lambda xp, e: xp.abs(e) + xp.log1p(xp.exp(-2 * xp.abs(e))) - LN2,
                                                                              lambda e, y: (tanh(e),),                      Named("ln cosh"), lambda e: log((exp(e) + exp(-e)) / 2))
erf      = _elementwise("erf",        lambda xp, x: xp.erf(x),                lambda x, y: (2 / sqrt(PI) * exp(-(x**2)),),  Named("erf"))
erf1p    = _elementwise("erf1p",      lambda xp, x: xp.erfc(-x),              lambda x, y: (2 / sqrt(PI) * exp(-(x**2)),),  Spelled(),       lambda x: 1 + erf(x))
# fmt: on


# Leaves.


def _no_value(xp: Any, **_: Any) -> Any:
    raise TypeError("the number of a variable comes from outside")


def _leaf(name: str, value: Callable[..., Any], shape: Callable[..., Shape] = lambda **_: ()) -> Primitive:
    return _add(Primitive(name, value, shape, Leaf()))


def _no_shape(number: PlainNumber) -> Shape:
    if isinstance(number, float) and not math.isfinite(number):
        raise ValueError(f"a formula cannot hold the number {number}: write a finite one, as 1e300")
    return ()


variable = _leaf("variable", _no_value, lambda name, shape: shape)
constant = _leaf("constant", lambda xp, number: xp.number(number), _no_shape)
size = _leaf("size", lambda xp, dimension: dimension)
pattern = _leaf("pattern", lambda xp, sizes, gaps: xp.pattern(sizes, gaps), lambda sizes, gaps: sizes)
"""1 everywhere but at the gaps, which are indices from 0, where it is 0."""
position = _add(
    Primitive(
        "position",
        lambda xp, extent: xp.position(extent),
        lambda extent: (extent,),
        Numbered(),
        element=lambda at, index, extent: constant(number=index[0]),
    )
)
"""0, 1 … extent − 1: from it follow what comes after what (>), angles of places (sin) and what lies inside an edge."""


# Rows that move, join or sum elements.


def _structural(
    name: str,
    value: Callable[..., Any],
    shape: Callable[..., Shape],
    pullback: Callable[..., tuple[Expression | None, ...]],
    form: Form,
    element: Callable[..., Expression] | None = None,
    paper: Callable[..., Expression] | None = None,
) -> Primitive:
    return _add(Primitive(name, value, shape, form, pullback=pullback, element=element, paper=paper))


def _without(shape: Shape, axes: tuple[int, ...]) -> Shape:
    return tuple(dimension for axis, dimension in enumerate(shape) if axis not in axes)


def _with(shape: Shape, axes: tuple[int, ...], sizes: Shape) -> Shape:
    full = list(shape)
    for axis, dimension in sorted(zip(axes, sizes, strict=True)):
        full.insert(axis, dimension)
    return tuple(full)


def _inserted(index: tuple[int, ...], axes: tuple[int, ...], position: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in _with(index, axes, position))


def _summed(terms: list[Expression]) -> Expression:
    """a + b + …, leaving out the zeros."""
    kept = [term for term in terms if term.constant != 0] or [constant(number=0)]
    result = kept[0]
    for term in kept[1:]:
        result = result + term
    return result


def _product(a: Expression, b: Expression) -> Expression:
    """a · b without the factors 0 and 1 that one-hot derivatives are full of."""
    if a.constant == 0 or b.constant == 1:
        return a
    if b.constant == 0 or a.constant == 1:
        return b
    return a * b


def count(shape: Shape, axes: tuple[int, ...]) -> Expression:
    """How many elements lie along `axes`: a number where it is known, else the symbol of the size (N for a batch)."""
    known = math.prod(dimension for axis in axes if isinstance(dimension := shape[axis], int))
    result = as_expression(known)
    for axis in axes:
        if isinstance(dimension := shape[axis], str):
            symbol = size(dimension=dimension)
            result = symbol if result.constant == 1 else result * symbol
    return result


def _matmul_shape(a: Expression, b: Expression) -> Shape:
    fit = len(a.shape) >= 2 <= len(b.shape) and (len(b.shape) == 2 or a.shape[:-2] == b.shape[:-2]) and a.shape[-1] == b.shape[-2]
    if not fit:
        raise ShapeError(f"a matrix product needs as many columns on the left as rows on the right, but was given {a.shape} and {b.shape}.")
    return (*a.shape[:-1], b.shape[-1])


def swapped(x: Expression) -> Expression:
    """The last two axes exchanged: a matrix transposed."""
    last = len(x.shape) - 1
    return transpose(x, axes=(*range(last - 1), last, last - 1))


def _matmul_element(at: Any, index: tuple[int, ...], a: Expression, b: Expression) -> Expression:
    *lead, row, column = index
    of_b = lead if len(b.shape) > 2 else []
    inner = range(at.size(a.shape[-1]))
    return _summed([_product(at(a, (*lead, row, k)), at(b, (*of_b, k, column))) for k in inner])


def _matmul_pullback(g: Expression, a: Expression, b: Expression, y: Expression) -> tuple[Expression, Expression]:
    lead = tuple(range(len(a.shape) - len(b.shape)))
    return g @ swapped(b), total(swapped(a) @ g, axes=lead) if lead else swapped(a) @ g


matmul = _structural(
    "matmul",
    value=lambda xp, a, b: a @ b,
    shape=_matmul_shape,
    pullback=_matmul_pullback,
    element=_matmul_element,
    form=MatrixTimes(),
)
"""Rows of a, wherever they lie, times one matrix; or, where b has as many axes as a, matrix by matrix."""


transpose = _structural(
    "transpose",
    value=lambda xp, x, axes: xp.permute_dims(x, axes),
    shape=lambda x, axes: tuple(x.shape[axis] for axis in axes),
    pullback=lambda g, x, y, axes: (transpose(g, axes=tuple(axes.index(axis) for axis in range(len(axes)))),),
    element=lambda at, index, x, axes: at(x, tuple(index[axes.index(axis)] for axis in range(len(axes)))),
    form=Transpose(),
)

spread = _structural(
    "spread",
    value=lambda xp, x, axes, sizes: xp.spread(x, axes, sizes),
    shape=lambda x, axes, sizes: _with(x.shape, axes, sizes),
    pullback=lambda g, x, y, axes, sizes: (total(g, axes=axes),),
    element=lambda at, index, x, axes, sizes: at(x, tuple(i for axis, i in enumerate(index) if axis not in axes)),
    form=Quiet(),
)


def spread_like(x: Expression, axes: Sequence[int], like: Expression) -> Expression:
    """x, which has lost some axes of `like`, repeated along them."""
    result: Expression = spread(x, axes=tuple(axes), sizes=tuple(like.shape[axis] for axis in axes))
    return result


def _elements(at: Any, index: tuple[int, ...], x: Expression, axes: tuple[int, ...]) -> list[Expression]:
    """All elements of x along `axes` at an index of the other axes."""
    sizes = [at.size(x.shape[axis]) for axis in axes]
    positions: list[tuple[int, ...]] = [()]
    for extent in sizes:
        positions = [(*position, i) for position in positions for i in range(extent)]
    return [at(x, _inserted(index, axes, position)) for position in positions]


total = _structural(
    "total",
    value=lambda xp, x, axes: xp.sum(x, axis=axes),
    shape=lambda x, axes: _without(x.shape, axes),
    pullback=lambda g, x, y, axes: (spread_like(g, axes, x),),
    element=lambda at, index, x, axes: _summed(_elements(at, index, x, axes)),
    form=Total(),
)


def _mean_element(at: Any, index: tuple[int, ...], x: Expression, axes: tuple[int, ...]) -> Expression:
    elements = _elements(at, index, x, axes)
    return elements[0] if len(elements) == 1 else _summed(elements) / len(elements)


mean = _structural(
    "mean",
    value=lambda xp, x, axes: xp.mean(x, axis=axes),
    shape=lambda x, axes: _without(x.shape, axes),
    pullback=lambda g, x, y, axes: (spread_like(g / count(x.shape, axes), axes, x),),
    element=_mean_element,
    form=Total(average=True),
)


def _along(x: Expression, axis: int) -> tuple[tuple[int, ...], Shape]:
    return (axis,), (x.shape[axis],)


def _softmax_pullback(g: Expression, z: Expression, y: Expression, axis: int) -> tuple[Expression]:
    axes, sizes = _along(z, axis)
    return (y * (g - spread(total(g * y, axes=axes), axes=axes, sizes=sizes)),)


def _softmax_value(xp: Any, z: Any, axis: int) -> Any:
    e = xp.exp(z - xp.max(z, axis=axis, keepdims=True))
    return e / xp.sum(e, axis=axis, keepdims=True)


def _softmax_element(at: Any, index: tuple[int, ...], z: Expression, axis: int) -> Expression:
    rest = tuple(i for position, i in enumerate(index) if position != axis)
    return exp(at(z, index)) / _summed([exp(e) for e in _elements(at, rest, z, (axis,))])


softmax = _structural(
    "softmax",
    value=_softmax_value,
    shape=lambda z, axis: z.shape,
    pullback=_softmax_pullback,
    element=_softmax_element,
    form=Named("softmax"),
)


def _logsumexp_value(xp: Any, z: Any, axis: int) -> Any:
    m = xp.max(z, axis=axis, keepdims=True)
    return xp.squeeze(m, axis=axis) + xp.log(xp.sum(xp.exp(z - m), axis=axis))


def _logsumexp_pullback(g: Expression, z: Expression, y: Expression, axis: int) -> tuple[Expression]:
    axes, sizes = _along(z, axis)
    return (spread(g, axes=axes, sizes=sizes) * softmax(z, axis=axis),)


logsumexp = _structural(
    "logsumexp",
    value=_logsumexp_value,
    shape=lambda z, axis: _without(z.shape, (axis,)),
    pullback=_logsumexp_pullback,
    element=lambda at, index, z, axis: log(_summed([exp(e) for e in _elements(at, index, z, (axis,))])),
    form=Named("logsumexp"),
)


def _flat(index: tuple[int, ...], shape: tuple[int, ...]) -> int:
    position = 0
    for i, extent in zip(index, shape, strict=True):
        position = position * extent + i
    return position


def unflat(position: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The index of a place that is counted through all axes, the last one fastest."""
    index: tuple[int, ...] = ()
    for extent in reversed(shape):
        position, i = divmod(position, extent)
        index = (i, *index)
    return index


def _reshape_element(at: Any, index: tuple[int, ...], x: Expression, sizes: Shape) -> Expression:
    before, after = (tuple(at.size(dimension) for dimension in shape) for shape in (x.shape, sizes))
    element: Expression = at(x, unflat(_flat(index, after), before))
    return element


reshape = _structural(
    "reshape",
    value=lambda xp, x, sizes: xp.reshape(x, sizes),
    shape=lambda x, sizes: sizes,
    pullback=lambda g, x, y, sizes: (reshape(g, sizes=x.shape),),
    element=_reshape_element,
    form=Quiet(),
)


def _part_pullback(g: Expression, x: Expression, y: Expression, axis: int, start: int, stop: int) -> tuple[Expression]:
    return (place(g, axis=axis, start=start, extent=x.shape[axis]),)


part = _structural(
    "part",
    value=lambda xp, x, axis, start, stop: x[(slice(None),) * axis + (slice(start, stop),)],
    shape=lambda x, axis, start, stop: (*x.shape[:axis], stop - start, *x.shape[axis + 1 :]),
    pullback=_part_pullback,
    element=lambda at, index, x, axis, start, stop: at(x, (*index[:axis], index[axis] + start, *index[axis + 1 :])),
    form=Part(),
)


def _place_element(at: Any, index: tuple[int, ...], x: Expression, axis: int, start: int, extent: Dimension) -> Expression:
    position = index[axis] - start
    inside = 0 <= position < at.size(x.shape[axis])
    element: Expression = at(x, (*index[:axis], position, *index[axis + 1 :])) if inside else constant(number=0)
    return element


place = _structural(
    "place",
    value=lambda xp, x, axis, start, extent: xp.place(x, axis, start, extent),
    shape=lambda x, axis, start, extent: (*x.shape[:axis], extent, *x.shape[axis + 1 :]),
    pullback=lambda g, x, y, axis, start, extent: (part(g, axis=axis, start=start, stop=start + x.shape[axis]),),
    element=_place_element,
    form=AmongZeros(),
)


def _joined_shape(*arguments: Expression, axis: int) -> Shape:
    first = arguments[0].shape
    for other in arguments[1:]:
        if _without(other.shape, (axis,)) != _without(first, (axis,)) or len(other.shape) != len(first):
            raise ShapeError(f"arrays side by side need the same size along every other axis, but were given {first} and {other.shape}.")
    return (*first[:axis], sum(int(argument.shape[axis]) for argument in arguments), *first[axis + 1 :])


def _starts(arguments: tuple[Expression, ...], axis: int) -> list[int]:
    """Where each argument begins, and where the last one ends."""
    return [0, *itertools.accumulate(int(argument.shape[axis]) for argument in arguments)]


def _join_pullback(g: Expression, *arguments: Any, axis: int) -> tuple[Expression, ...]:
    *parts, _ = arguments
    return tuple(part(g, axis=axis, start=a, stop=b) for a, b in itertools.pairwise(_starts(tuple(parts), axis)))


def _join_element(at: Any, index: tuple[int, ...], *arguments: Expression, axis: int) -> Expression:
    starts = _starts(arguments, axis)
    which = bisect.bisect_right(starts, index[axis]) - 1
    element: Expression = at(arguments[which], (*index[:axis], index[axis] - starts[which], *index[axis + 1 :]))
    return element


join = _structural(
    "join",
    value=lambda xp, *arrays, axis: xp.concat(arrays, axis),
    shape=_joined_shape,
    pullback=_join_pullback,
    element=_join_element,
    form=Named(""),
)


def _largest_pullback(g: Expression, x: Expression, y: Expression, axis: int) -> tuple[Expression]:
    axes, sizes = _along(x, axis)
    return (spread(g, axes=axes, sizes=sizes) * at_largest(x, axis=axis),)


def _largest_element(at: Any, index: tuple[int, ...], x: Expression, axis: int) -> Expression:
    first, *others = _elements(at, index, x, (axis,))
    for other in others:
        first = maximum(first, other)
    return first


largest = _structural(
    "largest",
    value=lambda xp, x, axis: xp.max(x, axis=axis),
    shape=lambda x, axis: _without(x.shape, (axis,)),
    pullback=_largest_pullback,
    element=_largest_element,
    form=Named("max"),
)


def _at_largest_element(at: Any, index: tuple[int, ...], x: Expression, axis: int) -> Expression:
    """[x before it < x] … [x ≥ x after it]: the first of equals is the largest."""
    row = _elements(at, (*index[:axis], *index[axis + 1 :]), x, (axis,))
    own, place = row[index[axis]], index[axis]
    factors = [own > other if i < place else 1 - (other > own) for i, other in enumerate(row) if i != place]
    return math.prod(factors[1:], start=factors[0]) if factors else constant(number=1)


at_largest = _structural(
    "at_largest",
    value=lambda xp, x, axis: xp.at_largest(x, axis),
    shape=lambda x, axis: x.shape,
    pullback=lambda g, x, y, axis: (None,),
    element=_at_largest_element,
    form=IsLargest(),
)
"""1 at the first of the largest along an axis, 0 elsewhere."""


def _window_shape(x: Expression, axis: int, lengths: tuple[int, ...], steps: tuple[int, ...], gaps: tuple[int, ...]) -> Shape:
    places: list[int] = []
    for extent, length, step, gap in zip(x.shape[axis:], lengths, steps, gaps, strict=False):
        reach = (length - 1) * gap + 1
        if not isinstance(extent, int) or extent < reach:
            raise ShapeError(f"a window over {reach} places does not fit into {extent}.")
        places.append((extent - reach) // step + 1)
    return (*x.shape[:axis], *places, *lengths, *x.shape[axis + len(lengths) :])


def _window_element(
    at: Any, index: tuple[int, ...], x: Expression, axis: int, lengths: tuple[int, ...], steps: tuple[int, ...], gaps: tuple[int, ...]
) -> Expression:
    several = len(lengths)
    places, within = index[axis : axis + several], index[axis + several : axis + 2 * several]
    there = (place * step + k * gap for place, k, step, gap in zip(places, within, steps, gaps, strict=True))
    element: Expression = at(x, (*index[:axis], *there, *index[axis + 2 * several :]))
    return element


window = _structural(
    "window",
    value=lambda xp, x, axis, lengths, steps, gaps: xp.window(x, axis, lengths, steps, gaps),
    shape=_window_shape,
    pullback=lambda g, x, y, axis, lengths, steps, gaps: (
        overlap(g, axis=axis, steps=steps, gaps=gaps, extents=x.shape[axis : axis + len(lengths)]),
    ),
    element=_window_element,
    form=Quiet(),
)
"""Every window along some axes that follow each other, the first of which is `axis`: [place …, k …] is x at place · step + k · gap."""


def _overlap_shape(x: Expression, axis: int, steps: tuple[int, ...], gaps: tuple[int, ...], extents: tuple[int, ...]) -> Shape:
    return (*x.shape[:axis], *extents, *x.shape[axis + 2 * len(extents) :])


def _overlap_pullback(
    g: Expression, x: Expression, y: Expression, axis: int, steps: tuple[int, ...], gaps: tuple[int, ...], extents: tuple[int, ...]
) -> tuple[Expression]:
    several = len(extents)
    lengths = tuple(int(length) for length in x.shape[axis + several : axis + 2 * several])
    for one, (step, gap, length) in enumerate(zip(steps, gaps, lengths, strict=True)):
        covered = (int(x.shape[axis + one]) - 1) * step + (length - 1) * gap + 1
        if covered < extents[one]:  # where more places lie behind the last window, another one could begin
            g = part(g, axis=axis + one, start=0, stop=covered)
    return (window(g, axis=axis, lengths=lengths, steps=steps, gaps=gaps),)


def _overlap_element(
    at: Any, index: tuple[int, ...], x: Expression, axis: int, steps: tuple[int, ...], gaps: tuple[int, ...], extents: tuple[int, ...]
) -> Expression:
    several = len(extents)
    choices = []
    for one in range(several):
        places, length = at.size(x.shape[axis + one]), at.size(x.shape[axis + several + one])
        within = ((divmod(index[axis + one] - k * gaps[one], steps[one]), k) for k in range(length))
        choices.append([(place, k) for (place, rest), k in within if not rest and 0 <= place < places])
    return _summed(
        [
            at(x, (*index[:axis], *(place for place, _ in chosen), *(k for _, k in chosen), *index[axis + several :]))
            for chosen in itertools.product(*choices)
        ]
    )


overlap = _structural(
    "overlap",
    value=lambda xp, x, axis, steps, gaps, extents: xp.overlap(x, axis, steps, gaps, extents),
    shape=_overlap_shape,
    pullback=_overlap_pullback,
    element=_overlap_element,
    form=Laid(),
)
"""Windows laid where they come from and added where they overlap: the way back from `window`."""


def _lookup_shape(table: Expression, index: Expression) -> Shape:
    if not table.shape:
        raise ShapeError("there is nothing to look up in a single number.")
    return (*index.shape, *table.shape[1:])


def _is_at(place: Expression, number: int) -> Expression:
    """1 where the place is this whole number, otherwise 0."""
    if place.constant is not None:
        return constant(number=int(place.constant == number))
    return (1 - (place > number)) * (1 - (constant(number=number) > place))


def _lookup_element(at: Any, index: tuple[int, ...], table: Expression, where: Expression) -> Expression:
    place, rest = at(where, index[: len(where.shape)]), index[len(where.shape) :]
    return _summed([_product(_is_at(place, row), at(table, (row, *rest))) for row in range(at.size(table.shape[0]))])


lookup = _structural(
    "lookup",
    value=lambda xp, table, index: xp.lookup(table, index),
    shape=_lookup_shape,
    pullback=lambda g, table, index, y: (added_at(g, index, extent=table.shape[0]), None),
    element=_lookup_element,
    form=Taken(),
)
"""The rows of a table at places, which are whole numbers from 0."""


def _added_at_element(at: Any, index: tuple[int, ...], x: Expression, where: Expression, extent: int) -> Expression:
    row, *rest = index
    places = itertools.product(*(range(at.size(dimension)) for dimension in where.shape))
    return _summed([_product(_is_at(at(where, place), row), at(x, (*place, *rest))) for place in places])


added_at = _structural(
    "added_at",
    value=lambda xp, x, index, extent: xp.added_at(x, index, extent),
    shape=lambda x, index, extent: (extent, *x.shape[len(index.shape) :]),
    pullback=lambda g, x, index, y, extent: (lookup(g, index), None),
    element=_added_at_element,
    form=Gathered(),
)
"""Rows added up in a table of zeros, each at its place: the way back from `lookup`."""

named = _structural(
    "named",
    value=lambda xp, x, name: x,
    shape=lambda x, name: x.shape,
    pullback=lambda g, x, y, name: (g,),
    form=Leaf(),
)
