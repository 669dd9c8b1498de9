"""Fragments of Python source in place of numbers: the value column of the table, run on them, is the text of the program."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.base.operators import Operators
from chainrule.network.derivation import BATCH

COMPARISON, SUM, PRODUCT, SIGN, POWER, ATOM = range(6)
"""How tightly Python's operators bind."""


class Fragment(Operators):
    """A fragment of Python source: parts of text and other fragments, and how tightly it binds.

    truth   True where the value is a truth value, which NumPy multiplies as 1 and 0 but does not negate
    single  True where the value is a number of Python's own, not an array; by default where that holds of everything in it
    """

    def __init__(
        self, parts: Sequence[str | Fragment], level: int = ATOM, word: str = "", truth: bool = False, single: bool | None = None
    ) -> None:
        self.parts, self.level, self.word, self.truth = tuple(parts), level, word, truth
        inner = [part.single for part in self.parts if isinstance(part, Fragment)]
        self.single: bool = (bool(inner) and all(inner)) if single is None else single

    def applied(self, operation: str, *operands: Any) -> Fragment:
        """The operation, written with Python's operators."""
        first, *others = map(code_of, operands)
        match operation:
            case "negative":
                return Fragment(["-", parenthesized(number_like(first), SIGN)], SIGN)
            case "power":
                return Fragment([parenthesized(first, ATOM), "**", parenthesized(others[0], SIGN)], POWER)
            case "greater":
                return Fragment([parenthesized(first, SUM), " > ", parenthesized(others[0], SUM)], COMPARISON, "greater", truth=True)
        return _infix(first, _SIGNS[operation], others[0], SUM if operation in ("add", "subtract") else PRODUCT)

    def __matmul__(self, other: Any) -> Fragment:
        return _infix(number_like(self), "@", number_like(code_of(other)), PRODUCT)

    def __getitem__(self, slices: Any) -> Fragment:
        return Fragment([parenthesized(self, ATOM), f"[{', '.join(_slice(part) for part in slices)}]"], word=self.word)


def _slice(part: Any) -> str:
    if isinstance(part, slice):
        return f"{'' if part.start is None else part.start}:{'' if part.stop is None else part.stop}"
    return "None" if part is None else str(part)


def code_of(value: Any) -> Fragment:
    """A plain number as source; a fragment as it is."""
    if isinstance(value, Fragment):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    number = isinstance(value, (int, float))
    return Fragment([repr(value)], ATOM if not number or value >= 0 else SIGN, single=number)


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


class Windows(FrozenValue):
    """How windows are cut out of an array: along several axes from `axis` on, behind which there are `rest` more.

    lengths, steps, gaps  of a window along each axis: how many places, from one window to the next, and from one place to the next
    places                how many windows there are along each axis
    """

    axis: int
    lengths: tuple[int, ...]
    steps: tuple[int, ...]
    gaps: tuple[int, ...]
    places: tuple[int, ...]
    rest: int

    @property
    def axes(self) -> tuple[int, ...]:
        """The axes along which the windows lie."""
        return tuple(range(self.axis, self.axis + len(self.lengths)))

    @property
    def reaches(self) -> tuple[int, ...]:
        """How many places of the array a window reaches over."""
        return tuple((length - 1) * gap + 1 for length, gap in zip(self.lengths, self.gaps, strict=True))

    @property
    def order(self) -> tuple[int, ...]:
        """The axes of an array whose last ones count within the window, so that they stand behind the places."""
        first, several = self.axis + len(self.lengths), len(self.lengths)
        behind = range(first + self.rest, first + self.rest + several)
        return (*range(first), *behind, *range(first, first + self.rest))

    def every(self, *, steps: bool) -> str:
        """Of windows at every place and without gaps, those that are meant: [:, ::2, :, ::3]; "" for all of them."""
        taken = [f"::{step}" if step > 1 and steps else ":" for step in self.steps]
        cuts = [*[":"] * self.axis, *taken, *[":"] * self.rest, *(f"::{gap}" if gap > 1 else ":" for gap in self.gaps)]
        return "" if set(cuts) == {":"} else f"[{', '.join(cuts)}]"


class Source:
    """A language of programs: array functions that return the source of a call in place of its value. NumPy's here.

    library          what stands before the name of a function
    functions        what it calls those that have another name there
    native           functions of its own for whole rows of the table, in place of their values
    axis, kept       its words for the axes of a sum, and for keeping them
    array, kind      what makes an array of numbers, and what it is told beside them
    imports          the first lines of a program
    start            the lines of a program that begins with numbers
    decorator        above every function
    shown_error      the error as it is printed
    quiet            the line where e^z may be too large
    scans            whether a loop over time is a scan of JAX
    strict           whether truth values are no numbers there, so that a variable is known to hold some
    """

    strict = False
    scans = False

    library, axis, kept, array, shown_error, decorator = "np", "axis", "keepdims", "np.array", "E", ""
    functions: Mapping[str, str] = {}
    native: Mapping[str, str] = {}
    imports: Sequence[str] = ("import numpy as np",)
    start: Sequence[str] = ()
    kind: str = ""
    quiet: str = 'np.seterr(over="ignore")  # where e^z is too large, it is infinity, and 1 / (1 + infinity) is 0, as it should be'

    def helpers(self, lines: Sequence[str]) -> list[str]:
        """The functions that a program with these lines needs beside its own."""
        return []

    def decorators(self, lines: Sequence[str]) -> list[str]:
        """What stands above a function of these lines."""
        return [self.decorator] if self.decorator else []

    def applied(self, row: str, arguments: Sequence[Fragment], parameters: Mapping[str, Any]) -> Fragment | None:
        """The language's own function for a row of the table; None where it has none."""
        name = self.native.get(row)
        if name is None or all(argument.single for argument in arguments):
            return None
        options = "".join(f", {self.axis if key == 'axis' else key}={value}" for key, value in parameters.items())
        listed = [part for argument in arguments for part in (", ", argument)][1:]
        return Fragment([f"{name}(", *listed, f"{options})"], word=row)

    def softmax_along_last(self, x: Fragment) -> Fragment | None:
        """A softmax along the last axis; None where the general form will do."""
        return None

    def reduced_along_last(self, reduction: str, factors: Sequence[Fragment], extent: int) -> Fragment | None:
        """The "total" or "mean" of one array, or of products of two, along the last axis; None where the general form will do."""
        return None

    def sum_of_rows(self, x: Fragment) -> Fragment | None:
        """The sum along all axes but the last, of three or more; None where the general form will do."""
        return None

    def added_table(self, extent: int, index: Fragment, rows: str, width: int) -> Fragment | None:
        """The table of which rows are the gradient, as one value; None where they are added one by one."""
        return None

    def number(self, number: Any) -> Fragment:
        """A constant of the graph."""
        if isinstance(number, Fraction) and (number.denominator & (number.denominator - 1)) and number.denominator > 1:
            return Fragment([f"{number.numerator} / {number.denominator}"], PRODUCT, single=True)
        return code_of(float(number))

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        parts: list[str | Fragment] = [f"{self.library}.{self.functions.get(name, name)}("]
        for position, argument in enumerate(arguments):
            parts += [", "] * (position > 0) + [code_of(argument)]
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
        return Fragment([f"np.vectorize(math.{name}, otypes=[float])(", code_of(x), ")"], word=name)

    def greater(self, a: Any, b: Any) -> Fragment:
        """A comparison: a truth value."""
        return code_of(a) > code_of(b)

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
        listed = self.listed(sorted(numbers))
        return Fragment([f"~{self.library}.isin({self.library}.arange({length}), {listed}){folded}"], SIGN, "pattern", truth=True)

    def listed(self, numbers: Sequence[int]) -> str:
        """Whole numbers that stand in the program, as the library's functions take them."""
        return str(list(numbers))

    def _reduction(self, name: str, x: Any, axis: Any, keepdims: bool) -> Fragment:
        axis = axis[0] if isinstance(axis, tuple) and len(axis) == 1 else axis
        along = "" if axis is None else f", {self.axis}={axis}"
        return self._call(name, number_like(code_of(x)), options=f"{along}{f', {self.kept}=True' * keepdims}")

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
        return self._call("squeeze", x, options=f", {self.axis}={axis}")

    def permute_dims(self, x: Any, axes: Sequence[int]) -> Fragment:
        """The axes in another order."""
        return (
            Fragment([parenthesized(code_of(x), ATOM), ".T"])
            if tuple(axes) == (1, 0)
            else self._call("transpose", x, options=f", {tuple(axes)}")
        )

    def reshape(self, x: Any, shape: Sequence[Any]) -> Fragment:
        """The same elements in another shape."""
        return self._call("reshape", x, options=f", {sizes(shape)}")

    def spread(self, x: Any, axes: Sequence[int], sizes: Sequence[Any]) -> Fragment:
        """Never asked for: what a spread looks like depends on who reads it, which `Writer` knows."""
        raise AssertionError("a spread is written by the program, which knows who reads it")

    def broadcast(self, x: Fragment, shape: Sequence[Any]) -> Fragment:
        """x repeated until it has that shape."""
        return Fragment([f"{self.library}.broadcast_to(", x, f", {sizes(shape)})"], word="spread")

    def position(self, extent: int, like: str = "") -> Fragment:
        """0, 1 … extent − 1, in the precision of the array of that name."""
        kind = f"{extent}, dtype={like}.dtype" if like else f"{extent}.0"
        return Fragment([f"{self.library}.arange({kind})"], word="places")

    def whole(self, x: Fragment) -> Fragment:
        """Places as whole numbers."""
        return Fragment([parenthesized(x, ATOM), ".astype(int)"])

    def at_largest(self, x: Fragment, axis: int, shape: Sequence[Any]) -> Fragment:
        """1 at the first of the largest along an axis, 0 elsewhere."""
        places = f"{self.library}.arange({shape[axis]})"
        if axis < len(shape) - 1:
            places += f"[:{', None' * (len(shape) - axis - 1)}]"
        largest = self._call("argmax", x, options=f", {self.axis}={axis}, {self.kept}=True")
        return Fragment([largest, f" == {places}"], COMPARISON, "largest_here", truth=True)

    def windows(self, x: str, cut: Windows) -> Fragment:
        """Every window of an array."""
        view = f"np.lib.stride_tricks.sliding_window_view({x}, {cut.reaches}, {cut.axes})"
        return self._turned(f"{view}{cut.every(steps=True)}", cut)

    def _turned(self, view: str, cut: Windows) -> Fragment:
        return Fragment([f"{view}.transpose{cut.order}" if cut.rest else view], word="windows")

    def zeros(self, shape: Sequence[Any], like: str) -> str:
        """An array of zeros, in the precision of the array of that name."""
        return f"{self.library}.zeros({sizes(shape)}, {like}.dtype)"

    def added(self, array: str, places: str, more: str) -> str:
        """The line that adds to some places of an array."""
        return f"{array}[{places}] += {more}"

    def epoch(self, data: Sequence[str], drawn: Sequence[str], state: Sequence[str], options: Sequence[str], *, counted: bool) -> list[str]:
        """The lines of a function that takes many steps at once, where a language needs one.

        data     what each batch is a part of
        drawn    what comes anew for every step, as the masks of a dropout
        state    what every step changes
        options  numbers with a default, as "learning_rate=0.1"
        counted  whether a step takes its number
        """
        return []

    def added_rows(self, table: str, index: Fragment, rows: str) -> str:
        """The line that adds rows to a table, each at its place."""
        return source_text(Fragment([f"np.add.at({table}, ", self.whole(index), f", {rows})"]))

    def concat(self, arrays: Sequence[Any], axis: int) -> Fragment:
        """Arrays side by side along an axis."""
        inner = [part for array in arrays for part in (", ", code_of(array))][1:]
        return self._call("concatenate", Fragment(["(", *inner, ")"]), options=f", {self.axis}={axis}")

    def stack(self, arrays: Sequence[Any], axis: int) -> Fragment:
        """Arrays one behind the other, along a new axis."""
        inner = [part for array in arrays for part in (", ", number_like(code_of(array)))][1:]
        return Fragment([self._call("stack", Fragment(["(", *inner, ")"]), options=f", {self.axis}={axis}")], word="steps")

    def pad(self, x: Any, margins: Sequence[tuple[Any, Any]]) -> Fragment:
        """x with so many zeros before and after it along each axis."""
        pairs = ", ".join(f"({before}, {after})" for before, after in margins)
        return self._call("pad", number_like(code_of(x)), options=f", ({pairs}{',' * (len(margins) == 1)})")


def sizes(shape: Sequence[Any]) -> str:
    """A shape as a tuple: (N, 3)."""
    return f"({', '.join('N' if size == BATCH else str(size) for size in shape)}{',' * (len(shape) == 1)})"


def source_text(code: Fragment) -> str:
    """The source as a string."""
    return "".join(part if isinstance(part, str) else source_text(part) for part in code.parts)


def wrapped_items(before: str, items: Sequence[str], after: str, width: int = 100) -> list[str]:
    """Items between commas, in lines of that width."""
    line = before + ", ".join(items) + after
    if len(line) <= width:
        return [line]
    opened = before if before.endswith("(") else before + "("
    rows: list[str] = []
    row = ""
    for item in items:
        if len(row) + len(item) + 2 > width - 4:
            rows.append(row)
            row = ""
        row += f"{item}, " if row else f"    {item}, "
    closed = after if before.endswith("(") else ")" + after
    return [opened, *(row.rstrip() for row in [*rows, row]), closed]
