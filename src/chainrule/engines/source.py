"""Fragments of Python source in place of numbers: the value column of the table, run on them, is the text of the program."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from chainrule.base.operators import Operators
from chainrule.network.derivation import BATCH

COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How tightly Python's operators bind."""


class Fragment(Operators):
    """A fragment of Python source: parts of text and other fragments, and how tightly it binds.

    truth  True where the value is a truth value, which NumPy multiplies as 1 and 0 but does not negate
    """

    def __init__(self, parts: Sequence[str | Fragment], level: int = ATOM, word: str = "", truth: bool = False) -> None:
        self.parts, self.level, self.word, self.truth = tuple(parts), level, word, truth

    def applied(self, operation: str, *operands: Any) -> Fragment:
        """The operation, written with Python's operators."""
        first, *others = map(_code, operands)
        match operation:
            case "negative":
                return Fragment(["-", parenthesized(number_like(first), SIGN)], SIGN)
            case "power":
                return Fragment([parenthesized(first, ATOM), "**", parenthesized(others[0], SIGN)], POWER)
            case "greater":
                return Fragment([parenthesized(first, SUM), " > ", parenthesized(others[0], SUM)], COMPARISON, "greater", truth=True)
        return _infix(first, _SIGNS[operation], others[0], SUM if operation in ("add", "subtract") else PRODUCT)

    def __matmul__(self, other: Any) -> Fragment:
        return _infix(self, "@", _code(other), PRODUCT)

    def __getitem__(self, slices: Any) -> Fragment:
        return Fragment([parenthesized(self, ATOM), f"[{', '.join(_slice(part) for part in slices)}]"])


def _slice(part: Any) -> str:
    if isinstance(part, slice):
        return f"{'' if part.start is None else part.start}:{'' if part.stop is None else part.stop}"
    return "None" if part is None else str(part)


def _code(value: Any) -> Fragment:
    if isinstance(value, Fragment):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    return Fragment([repr(value)], ATOM if not isinstance(value, (int, float)) or value >= 0 else SIGN)


def number_like(code: Fragment) -> Fragment:
    """A truth value as 1.0 or 0.0; anything else as it is."""
    return Fragment([parenthesized(code, PRODUCT), " * 1.0"], PRODUCT) if code.truth else code


def parenthesized(code: Fragment, level: int) -> Fragment:
    """In parentheses where it binds less tightly than `level`."""
    return code if code.level >= level else Fragment(["(", code, ")"])


_SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}


def _infix(left: Fragment, sign: str, right: Fragment, level: int) -> Fragment:
    if sign in "+-":
        left, right = (number_like(side) if left.truth or (right.truth and sign == "-") else side for side in (left, right))
    mixed = level == PRODUCT and (sign == "@") != (" @ " in "".join(part for part in left.parts if isinstance(part, str)))
    inner = level + 1 if left.level == level and mixed and left.level == PRODUCT else level
    return Fragment([parenthesized(left, inner), f" {sign} ", parenthesized(right, level + 1)], level)


class Source:
    """Array functions that return the source of a call in place of its value."""

    def number(self, number: Any) -> Fragment:
        """A constant of the graph."""
        if isinstance(number, Fraction) and (number.denominator & (number.denominator - 1)) and number.denominator > 1:
            return Fragment([f"{number.numerator} / {number.denominator}"], PRODUCT)
        return _code(float(number))

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        parts: list[str | Fragment] = [f"np.{name}("]
        for position, argument in enumerate(arguments):
            parts += [", "] * (position > 0) + [_code(argument)]
        return Fragment([*parts, options, ")"], word=name)

    def __getattr__(self, name: str) -> Callable[..., Fragment]:
        return lambda *arguments: self._call(name, *arguments)

    def erf(self, x: Any) -> Fragment:
        """The error function, which NumPy does not have."""
        return self._special("erf", x)

    def erfc(self, x: Any) -> Fragment:
        """1 − erf x."""
        return self._special("erfc", x)

    def _special(self, name: str, x: Any) -> Fragment:
        return Fragment([f"np.vectorize(math.{name}, otypes=[float])(", _code(x), ")"], word=name)

    def greater(self, a: Any, b: Any) -> Fragment:
        """A comparison: a truth value."""
        return _code(a) > _code(b)

    def where(self, condition: Fragment, a: Any, b: Any) -> Fragment:
        """A choice, element by element."""
        return self._call("where", condition, a, b)

    def pattern(self, shape: Sequence[int], gaps: Sequence[Sequence[int]]) -> Fragment:
        """Truth values: which elements are no gaps, by their numbers row by row."""
        numbers, length = [], math.prod(shape)
        for gap in gaps:
            place = 0
            for i, extent in zip(gap, shape, strict=True):
                place = place * extent + i
            numbers.append(place)
        folded = f".reshape{sizes(shape)}" if len(shape) != 1 else ""
        return Fragment([f"~np.isin(np.arange({length}), {sorted(numbers)}){folded}"], SIGN, "pattern", truth=True)

    def _reduction(self, name: str, x: Any, axis: Any, keepdims: bool) -> Fragment:
        axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
        along = "" if axis is None else f", axis={axis}"
        return self._call(name, number_like(_code(x)), options=f"{along}{', keepdims=True' * keepdims}")

    def sum(self, x: Any, axis: Any, keepdims: bool = False) -> Fragment:
        """The sum over some axes."""
        return self._reduction("sum", x, axis, keepdims)

    def mean(self, x: Any, axis: Any, keepdims: bool = False) -> Fragment:
        """The mean over some axes."""
        return self._reduction("mean", x, axis, keepdims)

    def max(self, x: Any, axis: Any, keepdims: bool = False) -> Fragment:
        """The largest along an axis."""
        return self._reduction("max", x, axis, keepdims)

    def squeeze(self, x: Any, axis: Any) -> Fragment:
        """Without an axis of length 1."""
        return self._call("squeeze", x, options=f", axis={axis}")

    def permute_dims(self, x: Any, axes: Sequence[int]) -> Fragment:
        """The axes in another order."""
        return (
            Fragment([parenthesized(_code(x), ATOM), ".T"])
            if tuple(axes) == (1, 0)
            else self._call("transpose", x, options=f", {tuple(axes)}")
        )

    def reshape(self, x: Any, shape: Sequence[Any]) -> Fragment:
        """The same elements in another shape."""
        return self._call("reshape", x, options=f", {sizes(shape)}")

    def spread(self, x: Any, axes: Sequence[int], sizes: Sequence[Any]) -> Fragment:
        """Never asked for: what a spread looks like depends on who reads it, which `Writer` knows."""
        raise AssertionError("a spread is written by the program, which knows who reads it")

    def position(self, extent: int) -> Fragment:
        """0, 1 … extent − 1."""
        return Fragment([f"np.arange({extent}.0)"], word="places")

    def concat(self, arrays: Sequence[Any], axis: int) -> Fragment:
        """Arrays side by side along an axis."""
        inner = [part for array in arrays for part in (", ", _code(array))][1:]
        return self._call("concatenate", Fragment(["(", *inner, ")"]), options=f", axis={axis}")

    def pad(self, x: Any, margins: Sequence[tuple[Any, Any]]) -> Fragment:
        """x with so many zeros before and after it along each axis."""
        pairs = ", ".join(f"({before}, {after})" for before, after in margins)
        return self._call("pad", number_like(_code(x)), options=f", ({pairs}{',' * (len(margins) == 1)})")


def sizes(shape: Sequence[Any]) -> str:
    """A shape as a tuple: (N, 3)."""
    return f"({', '.join('N' if size == BATCH else str(size) for size in shape)}{',' * (len(shape) == 1)})"


def source_text(code: Fragment) -> str:
    """The source as a string."""
    return "".join(part if isinstance(part, str) else source_text(part) for part in code.parts)
