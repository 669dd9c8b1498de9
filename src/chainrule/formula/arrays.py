"""The functions in which the table of primitives writes its values, for each kind of number.

`Arrays` speaks to any Array-API namespace (NumPy, PyTorch and JAX through array-api-compat, array-api-strict); `Exact` to NumPy
arrays of fractions. The program that `chainrule code` prints is a third kind, in `engines.written`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.base.errors import InexactError

Scalar = (int, float, Fraction)


def _function(name: str) -> Any:
    """A function of one array by its name in the namespace; plain numbers stay plain numbers."""

    def apply(self: Arrays, x: Any) -> Any:
        if isinstance(x, Scalar):
            return float(getattr(np, name)(float(x)))
        return getattr(self.namespace, name)(x)

    return apply


class Arrays:
    """Array functions by the names of the standard, for one namespace; plain numbers may stand in for arrays.

    dtype  the type of number that an array of a plain number has; what is usual in the namespace if none is said
    """

    def __init__(self, namespace: Any = np, dtype: Any = None) -> None:
        self.namespace, self.dtype = namespace, dtype

    def number(self, number: Any) -> Any:
        """A constant of the graph."""
        return float(number)

    def array(self, values: Any) -> Any:
        """Numbers from outside, in this namespace; arrays of it stay as they are."""
        if isinstance(values, np.ndarray) and self.namespace is np:
            return values
        return values if hasattr(values, "__array_namespace__") else self.namespace.asarray(values)

    def quiet(self) -> Any:
        """Inside, NumPy does not warn of overflow."""
        return np.errstate(all="ignore")

    def by_paper(self, arguments: Sequence[Any]) -> bool:
        """Never: the table's own way neither overflows nor cancels."""
        return False

    exp = _function("exp")
    expm1 = _function("expm1")
    log = _function("log")
    log1p = _function("log1p")
    sqrt = _function("sqrt")
    sin = _function("sin")
    cos = _function("cos")
    tanh = _function("tanh")
    abs = _function("abs")
    sign = _function("sign")
    floor = _function("floor")

    def erf(self, x: Any) -> Any:
        """The error function; the array standard has none, so it is Python's own where the namespace lacks it."""
        return self._special("erf", x)

    def erfc(self, x: Any) -> Any:
        """1 − erf x, without cancellation."""
        return self._special("erfc", x)

    def _special(self, name: str, x: Any) -> Any:
        one = getattr(math, name)
        if isinstance(x, Scalar):
            return one(x)
        special = getattr(self.namespace, name, None) or getattr(getattr(self.namespace, "special", None), name, None)
        if special is not None:
            return special(x)
        flat = [one(value) for value in np.asarray(x, dtype=float).ravel().tolist()]
        return self.namespace.reshape(self.namespace.asarray(flat, dtype=x.dtype), x.shape)

    def _pair(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Both operands as arrays; a plain number takes the other's kind."""
        if isinstance(a, Scalar):
            return self.namespace.asarray(float(a), dtype=getattr(b, "dtype", self.dtype)), b
        if isinstance(b, Scalar):
            return a, self.namespace.asarray(float(b), dtype=a.dtype)
        return a, b

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger of each pair."""
        return self.namespace.maximum(*self._pair(a, b))

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller of each pair."""
        return self.namespace.minimum(*self._pair(a, b))

    def greater(self, a: Any, b: Any) -> Any:
        """1 where a > b, otherwise 0, as numbers."""
        if isinstance(a, Scalar) and isinstance(b, Scalar):
            return float(a > b)
        a, b = self._pair(a, b)
        return self.namespace.astype(a > b, a.dtype)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """a where the condition is 1, b where it is 0; the other side's infinities do not matter."""
        if isinstance(condition, Scalar):
            return a if condition else b
        a, b = (self.namespace.asarray(float(x), dtype=condition.dtype) if isinstance(x, Scalar) else x for x in (a, b))
        return self.namespace.where(condition != 0, a, b)

    def sum(self, x: Any, axis: Any, keepdims: bool = False) -> Any:
        """The sum over some axes."""
        return self.namespace.sum(x, axis=axis, keepdims=keepdims)

    def mean(self, x: Any, axis: Any) -> Any:
        """The mean over some axes."""
        return self.namespace.mean(x, axis=axis)

    def max(self, x: Any, axis: Any, keepdims: bool = False) -> Any:
        """The largest along an axis."""
        return self.namespace.max(x, axis=axis, keepdims=keepdims)

    def squeeze(self, x: Any, axis: Any) -> Any:
        """Without an axis of length 1."""
        return self.namespace.squeeze(x, axis=axis)

    def permute_dims(self, x: Any, axes: Sequence[int]) -> Any:
        """The axes in another order."""
        return self.namespace.permute_dims(x, tuple(axes))

    def reshape(self, x: Any, sizes: Sequence[int]) -> Any:
        """The same elements in another shape."""
        return self.namespace.reshape(x, tuple(sizes))

    def spread(self, x: Any, axes: Sequence[int], sizes: Sequence[int]) -> Any:
        """x with new axes at the positions `axes`, repeated along them."""
        x = self.namespace.asarray(x, dtype=self.dtype) if isinstance(x, Scalar) else x
        for axis in sorted(axes):
            x = self.namespace.expand_dims(x, axis=axis)
        shape = list(x.shape)
        for axis, extent in zip(axes, sizes, strict=True):
            shape[axis] = extent
        return self.namespace.broadcast_to(x, tuple(shape))

    def pattern(self, sizes: Sequence[int], gaps: Sequence[Sequence[int]]) -> Any:
        """1 everywhere but at the gaps, where it is 0."""
        return self.namespace.asarray(_pattern(sizes, gaps).tolist(), dtype=self.dtype)

    def position(self, extent: int) -> Any:
        """0, 1 … extent − 1."""
        return self.namespace.asarray([float(place) for place in range(extent)], dtype=self.dtype)

    def at_largest(self, x: Any, axis: int) -> Any:
        """1 at the first of the largest along an axis, 0 elsewhere."""
        places = self.namespace.arange(x.shape[axis])
        places = self.namespace.reshape(places, (-1, *(1 for _ in x.shape[axis + 1 :])))
        return self.namespace.astype(self.namespace.argmax(x, axis=axis, keepdims=True) == places, x.dtype)

    def window(self, x: Any, axis: int, lengths: Sequence[int], steps: Sequence[int], gaps: Sequence[int]) -> Any:
        """Every window along the axes from `axis` on: new axes after them count within the window."""
        extents = x.shape[axis : axis + len(lengths)]
        places = [(n - (k - 1) * gap - 1) // step + 1 for n, k, step, gap in zip(extents, lengths, steps, gaps, strict=True)]
        cuts = [x[cut] for _, cut in _cuts(axis, lengths, places, steps, gaps)]
        shape = (*x.shape[:axis], *places, *lengths, *x.shape[axis + len(lengths) :])
        return self.namespace.reshape(self.namespace.stack(cuts, axis=axis + len(lengths)), shape)

    def overlap(self, x: Any, axis: int, steps: Sequence[int], gaps: Sequence[int], extents: Sequence[int]) -> Any:
        """Windows laid where they come from, and added."""
        several = len(extents)
        places, lengths = x.shape[axis : axis + several], x.shape[axis + several : axis + 2 * several]
        result = self._zeros((*x.shape[:axis], *extents, *x.shape[axis + 2 * several :]), x.dtype)
        for within, cut in _cuts(axis, lengths, places, steps, gaps):
            result[cut] = result[cut] + x[(*(slice(None),) * (axis + several), *within)]
        return result

    def _zeros(self, shape: Sequence[int], dtype: Any) -> Any:
        return self.namespace.zeros(tuple(shape), dtype=dtype)

    def whole(self, index: Any) -> Any:
        """Places as whole numbers, in one row."""
        real = getattr(index, "real", index)  # a gradient check may go through complex numbers
        return self.namespace.reshape(self.namespace.astype(real, self.namespace.int64), (-1,))

    def lookup(self, table: Any, index: Any) -> Any:
        """The rows of a table at places."""
        return self.namespace.reshape(self.namespace.take(table, self.whole(index), axis=0), (*index.shape, *table.shape[1:]))

    def added_at(self, x: Any, index: Any, extent: int) -> Any:
        """Rows added up in a table, each at its place."""
        rest = x.shape[len(index.shape) :]
        rows = self.namespace.reshape(x, (-1, math.prod(rest)))
        here = self.namespace.arange(extent)[:, None] == self.whole(index)[None, :]
        return self.namespace.reshape(self.namespace.astype(here, x.dtype) @ rows, (extent, *rest))

    def stated(self, arguments: Sequence[Any], parameters: dict[str, Any]) -> Any:
        """What PyTorch computes."""
        from chainrule.formula.stated import computed

        found = computed(arguments, parameters)
        return found if isinstance(found, float) else self.namespace.asarray(found, dtype=getattr(arguments[0], "dtype", self.dtype))

    def concat(self, arrays: Sequence[Any], axis: int) -> Any:
        """Arrays side by side along an axis."""
        return self.namespace.concat(list(arrays), axis=axis)

    def place(self, x: Any, axis: int, start: int, extent: int) -> Any:
        """x at `start` of a longer axis, zeros elsewhere."""

        def zeros(length: int) -> Any:
            return self.namespace.zeros((*x.shape[:axis], length, *x.shape[axis + 1 :]), dtype=x.dtype)

        return self.namespace.concat([zeros(start), x, zeros(extent - start - x.shape[axis])], axis=axis)


def _cuts(
    axis: int, lengths: Sequence[int], places: Sequence[int], steps: Sequence[int], gaps: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], tuple[slice, ...]]]:
    """For each place within a window: its index, and the slices that cut it out of every window."""
    for within in itertools.product(*map(range, lengths)):
        slices = (
            slice(k * gap, k * gap + (count - 1) * step + 1, step) for k, count, step, gap in zip(within, places, steps, gaps, strict=True)
        )
        yield within, (*(slice(None),) * axis, *slices)


def _pattern(sizes: Sequence[int], gaps: Sequence[Sequence[int]]) -> np.ndarray:
    result = np.ones(tuple(sizes))
    for gap in gaps:
        result[tuple(gap)] = 0
    return result


FLOATS = Arrays()


def fraction(value: Any) -> Fraction:
    """A number as the decimal it was written as: 0.21 is 21/100."""
    return Fraction(str(value)) if isinstance(value, float) else Fraction(value)


def exact_array(values: Any) -> np.ndarray:
    """An array of fractions."""
    raw = np.asarray(values)
    result = np.empty(raw.shape, dtype=object)
    result[...] = np.frompyfunc(lambda value: fraction(value.item() if isinstance(value, np.generic) else value), 1, 1)(raw)
    return result


def _at_points(name: str, points: Callable[[Fraction], Fraction | None]) -> Any:
    """A function that has a fraction for a value only at certain points."""

    def one(x: Any) -> Fraction:
        value = points(Fraction(x))
        if value is None:
            raise InexactError(f"{name}({_brief(x)}) is no fraction; leave out «--exact» to see it rounded.")
        return value

    return lambda self, x: np.frompyfunc(one, 1, 1)(x)


def _brief(x: Any) -> str:
    """A fraction as a message shows it."""
    digits = (abs(x.numerator).bit_length() + x.denominator.bit_length()) * 0.3
    return str(x) if digits < 40 else f"a fraction of {digits:.0f} digits"


def _exact_root(x: Fraction) -> Fraction | None:
    if x < 0:
        return None
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    return root if root * root == x else None


class Exact(Arrays):
    """Fractions in NumPy arrays of objects: no rounding at all. Raises InexactError where a value is no fraction."""

    def number(self, number: Any) -> Any:
        """A constant of the graph, as a fraction."""
        return fraction(number)

    def array(self, values: Any) -> Any:
        """Numbers from outside, as fractions."""
        return exact_array(values)

    exp = _at_points("exp", lambda x: Fraction(1) if x == 0 else None)
    expm1 = _at_points("e^x − 1", lambda x: Fraction(0) if x == 0 else None)
    log = _at_points("ln", lambda x: Fraction(0) if x == 1 else None)
    log1p = _at_points("ln(1 + x)", lambda x: Fraction(0) if x == 0 else None)
    sqrt = _at_points("√", _exact_root)
    sin = _at_points("sin", lambda x: Fraction(0) if x == 0 else None)
    cos = _at_points("cos", lambda x: Fraction(1) if x == 0 else None)
    tanh = _at_points("tanh", lambda x: Fraction(0) if x == 0 else None)
    erf = _at_points("erf", lambda x: Fraction(0) if x == 0 else None)
    erfc = _at_points("1 − erf", lambda x: Fraction(1) if x == 0 else None)
    abs = _at_points("| |", abs)
    sign = _at_points("sign", lambda x: Fraction((x > 0) - (x < 0)))
    floor = _at_points("floor", lambda x: Fraction(math.floor(x)))

    def maximum(self, a: Any, b: Any) -> Any:
        """The larger of each pair."""
        return np.frompyfunc(max, 2, 1)(a, b)

    def minimum(self, a: Any, b: Any) -> Any:
        """The smaller of each pair."""
        return np.frompyfunc(min, 2, 1)(a, b)

    def greater(self, a: Any, b: Any) -> Any:
        """1 where a > b, otherwise 0."""
        return np.frompyfunc(lambda x, y: Fraction(int(x > y)), 2, 1)(a, b)

    def where(self, condition: Any, a: Any, b: Any) -> Any:
        """a where the condition is not 0, otherwise b."""
        return np.frompyfunc(lambda c, x, y: x if c else y, 3, 1)(condition, a, b)

    def pattern(self, sizes: Sequence[int], gaps: Sequence[Sequence[int]]) -> Any:
        """1 everywhere but at the gaps, where it is 0."""
        return exact_array(_pattern(sizes, gaps))

    def position(self, extent: int) -> Any:
        """0, 1 … extent − 1."""
        return exact_array(range(extent))

    def at_largest(self, x: Any, axis: int) -> Any:
        """1 at the first of the largest along an axis, 0 elsewhere."""
        places = np.arange(x.shape[axis]).reshape(-1, *(1 for _ in x.shape[axis + 1 :]))
        return exact_array((np.argmax(x, axis=axis, keepdims=True) == places).astype(int))

    def _zeros(self, shape: Sequence[int], dtype: Any) -> Any:
        return np.full(tuple(shape), Fraction(0), dtype=object)

    def stated(self, arguments: Sequence[Any], parameters: dict[str, Any]) -> Any:
        """PyTorch computes with floats alone."""
        from chainrule.formula.stated import function_name

        raise InexactError(f"{function_name(parameters['operation'])} is computed by PyTorch, without fractions; leave out «--exact».")

    def added_at(self, x: Any, index: Any, extent: int) -> Any:
        """Rows added up in a table, each at its place."""
        table = np.full((extent, *x.shape[len(index.shape) :]), Fraction(0), dtype=object)
        np.add.at(table, index.astype(int), x)
        return table

    def mean(self, x: Any, axis: Any) -> Any:
        """The mean over some axes."""
        return np.sum(x, axis=axis) / math.prod(x.shape[i] for i in axis)

    def place(self, x: Any, axis: int, start: int, extent: int) -> Any:
        """x at `start` of a longer axis, zeros elsewhere."""
        full = np.full((*x.shape[:axis], extent, *x.shape[axis + 1 :]), Fraction(0), dtype=object)
        full[(slice(None),) * axis + (slice(start, start + x.shape[axis]),)] = x
        return full
