"""NumPy as the quickest programs write it: what takes a fraction of the time of its own functions, and what it lacks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chainrule.engines.source import Fragment, Source, number_like, source_text, wrapped_items


class QuickSource(Source):
    """As `Source`, but for what NumPy is slow at, or lacks: `HELPERS` stand at the head of the programs that call them.

    And functions of plain numbers are Python's own: np.sqrt(2) is of 16 digits, and would make as many of all that it meets.
    """

    def helpers(self, lines: Sequence[str]) -> list[str]:
        """The functions at the head of a program with these lines."""
        text = "\n".join(lines)
        called = (own for name, own in HELPERS.items() if re.search(rf"(?<![.\w])(?:{name})\(", text))
        return [line for own in called for line in ("", "", *own())][2:]

    def _call(self, name: str, *arguments: Any, options: str = "") -> Fragment:
        if not options and hasattr(math, name) and all(NUMBER.fullmatch(source_text(piece_of(one))) for one in arguments):
            return Fragment([f"math.{name}({', '.join(source_text(piece_of(one)) for one in arguments)})"], word=name)
        if name in ("maximum", "minimum") and all(COUNT.fullmatch(source_text(piece_of(one))) for one in arguments):
            first, second = map(piece_of, arguments)
            return Fragment([f"{name[:3]}(", first, ", ", second, ")"], word=name, single=True)
        return super()._call(name, *arguments, options=options)

    def erf(self, x: Any) -> Fragment:
        """The error function."""
        return Fragment(["erf(", piece_of(x), ")"], word="errors")

    def erfc(self, x: Any) -> Fragment:
        """1 − erf x."""
        return Fragment(["erfc(", piece_of(x), ")"], word="rest")

    def softmax_along_last(self, x: Fragment) -> Fragment | None:
        """A call of what stands at the head of the program."""
        return Fragment(["softmax(", x, ")"], word="softmax")

    def reduced_along_last(self, reduction: str, factors: Sequence[Fragment], extent: int) -> Fragment | None:
        """NumPy reduces short rows one by one; a scalar product, or einsum, does so in a third of the time."""
        arrays = map(number_like, factors)
        sums = self._call("vecdot", *arrays) if len(factors) > 1 else self._call("einsum", Fragment(['"...i->..."']), *arrays)
        return sums if reduction == "total" else sums / extent

    def sum_of_rows(self, x: Fragment) -> Fragment | None:
        """A product with ones takes a fifth of the time of np.sum."""
        return Fragment(["sum_of_rows(", number_like(x), ")"], word="sum")

    def at_largest(self, x: Fragment, axis: int, shape: Sequence[Any]) -> Fragment:
        """np.argmax is quick along the last axis alone."""
        if axis == len(shape) - 1:
            return super().at_largest(x, axis, shape)
        return Fragment(["first_largest(", x, f", {axis})"], word="largest_here", truth=True)

    def pad(self, x: Any, margins: Sequence[tuple[Any, Any]]) -> Fragment:
        """np.pad spends twenty times as long on words as on zeros."""
        pairs = ", ".join(f"({before}, {after})" for before, after in margins)
        return Fragment(["among_zeros(", number_like(piece_of(x)), f", ({pairs}{',' * (len(margins) == 1)}))"], word="pad")

    def added_table(self, extent: int, index: Fragment, rows: str, width: int) -> Fragment | None:
        """A product with ones and zeros takes a fifth of the time of np.add.at, as long as the table is short."""
        if extent > SHORT_TABLE:
            return None
        places = self.reshape(self.whole(index), (-1,))
        ones = Fragment(["(", places, f" == np.arange({extent})[:, None]).astype({rows}.dtype)"])
        return ones @ self.reshape(Fragment([rows]), (-1, width))


SHORT_TABLE = 256
"""Up to so many rows a table's gradient is a product."""


COUNT = re.compile(r"[N\d. +*/()-]+")
"""What is made of numbers, and of how many rows there are."""


NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


def piece_of(x: Any) -> Fragment:
    """A fragment as it is; a number as Python writes it."""
    return x if isinstance(x, Fragment) else Fragment([repr(x)])


NUMPY = QuickSource()


SOFTMAX = (
    "def softmax(z):",
    '    """e^z over its sum along the last axis, where the largest z is made 0, so that nothing overflows."""',
    "    largest = np.max(np.ascontiguousarray(np.moveaxis(z, -1, 0)), axis=0)  # along rows it takes four times as long",
    "    e = np.exp(z - largest[..., None])",
    '    return e / np.einsum("...i->...", e)[..., None]  # as does np.sum',
)
"""What NumPy does not have, along short rows."""


SUM_OF_ROWS = (
    "def sum_of_rows(x):",
    '    """The sum along all axes but the last."""',
    "    rows = x.reshape(-1, x.shape[-1])",
    "    return np.ones(len(rows), x.dtype) @ rows",
)


FIRST_LARGEST = (
    "def first_largest(x, axis):",
    '    """True at the first of the largest along an axis, False elsewhere."""',
    "    here = x == np.max(x, axis=axis, keepdims=True)",
    "    first, *others = np.moveaxis(here, axis, 0)",
    "    seen = first.copy()",
    "    for place in others:",
    "        np.greater(place, seen, out=place)  # it is, and none before it was",
    "        seen |= place",
    "    return here",
)


AMONG_ZEROS = (
    "def among_zeros(x, margins):",
    '    """x with so many zeros before and after it along each axis."""',
    "    wide = np.zeros([size + sum(margin) for size, margin in zip(x.shape, margins)], x.dtype)",
    "    wide[tuple(slice(margin[0], margin[0] + size) for size, margin in zip(x.shape, margins))] = x",
    "    return wide",
)


BLOCK = 2**15
"""Numbers at a time of a function that goes through them dozens of times."""


def error_functions() -> list[str]:
    """erf and erfc of arrays, with the coefficients of machine code; float32 stays float32, and takes half as many of them.

    From 0 on (1 + 2x) e^x² erfc x is a polynomial in (x − m) / (x + m): Shepherd & Laframboise (1981).
    """
    from chainrule.engines.compiled.llvm.approximations import DOUBLE, SINGLE

    tables = list[str]()
    for digits, known in ((4, SINGLE), (8, DOUBLE)):
        near, far = ([repr(one) for one in reversed(row)] for row in (known.erf_near, known.erfc))
        tables += [*wrapped_items(f"_NEAR[{digits}] = (", near, ")"), *wrapped_items(f"_FAR[{digits}] = (", far, ")")]
        tables.append(f"_BOUNDS[{digits}] = {known.erfc_middle}, {known.erfc_zero}")
    return [
        "_NEAR, _FAR, _BOUNDS = {}, {}, {}  # by the bytes of a number",
        *tables,
        "",
        "",
        "def _polynomial(coefficients, x):",
        "    value = coefficients[0] * x + coefficients[1]",
        "    for coefficient in coefficients[2:]:  # in place, which takes half the time",
        "        value *= x",
        "        value += coefficient",
        "    return value",
        "",
        "",
        "def erf(x):",
        '    """The error function: x times a polynomial in x², where 1 - erfc(x) would lose digits."""',
        "    x = np.asarray(x)",
        "    return np.where(np.abs(x) <= 1, x * _polynomial(_NEAR[x.itemsize], np.minimum(x * x, 1)), 1 - erfc(x))",
        "",
        "",
        "def erfc(x):",
        '    """1 − erf x, to 15 digits; in float32 to 6, and to 5 where it is below 1e-10."""',
        "    x = np.asarray(x)",
        f"    if x.size > {2 * BLOCK}:  # in blocks that stay in the cache, from one pass to the next",
        f"        blocks = np.array_split(x.reshape(-1), x.size // {BLOCK})",
        "        return np.concatenate([erfc(block) for block in blocks]).reshape(x.shape)",
        "    middle, zero = _BOUNDS[x.itemsize]",
        "    size = np.abs(np.clip(x, -zero, zero))",
        "    if x.itemsize == 8:",
        "        rough = np.round(16 * size) / 16  # of so few digits that its square is exact",
        "        tail = np.exp(-rough * rough) * np.exp((rough - size) * (rough + size))",
        "    else:",
        "        tail = np.exp(-size * size)",
        "    tail *= _polynomial(_FAR[x.itemsize], (size - middle) / (size + middle))",
        "    tail /= 1 + 2 * size",
        "    return tail + (x < 0).astype(x.dtype) * (2 - 2 * tail)  # below 0 it is 2 - tail; np.where takes five times as long",
    ]


HELPERS: Mapping[str, Callable[[], Sequence[str]]] = {
    "erfc?": error_functions,
    "softmax": lambda: SOFTMAX,
    "sum_of_rows": lambda: SUM_OF_ROWS,
    "first_largest": lambda: FIRST_LARGEST,
    "among_zeros": lambda: AMONG_ZEROS,
}
"""Functions that programs call by these names, and how they are written."""
