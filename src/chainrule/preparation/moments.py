"""Mean and deviation of numbers that come in parts: exact, and so the same however the rows are cut."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

import numpy as np

from chainrule.base.arrays import Array
from chainrule.base.frozen import FrozenValue

HALF_BITS = 27
LOW = (1 << HALF_BITS) - 1
"""A 53-bit mantissa is cut in two, so that products and sums of 2²⁴ of them stay exact."""

UNIT = 1126
"""Every double is a whole multiple of 2^−1126 (of a 53-bit integer times 2^(e − 53), e ≥ −1073)."""

PART, AT_ONCE = 1 << 16, 1 << 16
"""Numbers of a column that are summed before the sums become Python's whole numbers; and numbers of all columns, to stay in a cache."""


class Moments(FrozenValue):
    """How many numbers, their sum in units of 2^−1126 and the sum of their squares in units of 2^−2252, as whole numbers."""

    count: int = 0
    total: int = 0
    squares: int = 0

    @staticmethod
    def of(values: Array) -> Moments:
        """Of finite numbers, (n,)."""
        return Moments.of_columns([values])[0]

    @staticmethod
    def of_columns(columns: Sequence[Array]) -> list[Moments]:
        """Of each of some columns of finite numbers, (n,) all of them."""
        found = [Moments()] * len(columns)
        rows = len(columns[0]) if columns else 0
        at_once = max(1, AT_ONCE // max(rows, 1))
        for first in range(0, len(columns), at_once):
            group = columns[first : first + at_once]
            for start in range(0, rows, PART):
                parts = _moments(np.array([column[start : start + PART] for column in group]))
                found[first : first + len(group)] = [a + b for a, b in zip(found[first : first + len(group)], parts, strict=True)]
        return found

    def __add__(self, other: Moments) -> Moments:
        return Moments(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        """Σ x / n, rounded once."""
        return self.total / (self.count << UNIT)

    @property
    def deviation(self) -> float:
        """√(Σ x² / n − mean²), of the whole (divided by n, not n − 1)."""
        scaled = math.isqrt((self.count * self.squares - self.total**2) << 128)
        return scaled / (self.count << (UNIT + 64))


def _moments(columns: Array) -> list[Moments]:
    """Of each row of (columns, n)."""
    mantissas, exponents = np.frexp(columns)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    high, low, places = whole >> HALF_BITS, whole & LOW, exponents.astype(np.int64) + 1073
    count, lowest = columns.shape[1], int(places.min()) if places.size else 0
    height = int(places.max(initial=lowest)) - lowest + 1
    places += height * np.arange(len(columns))[:, None] - lowest
    add = partial(_totals, places.ravel(), len(columns), height, lowest)
    parts = zip(add(whole, 1), add(high * high, 2), add(high * low, 2), add(low * low, 2), strict=True)
    return [Moments(count, total, (hh << 2 * HALF_BITS) + (hl << HALF_BITS + 1) + ll) for total, hh, hl, ll in parts]


def _totals(places: Array, columns: int, height: int, lowest: int, parts: Array, power: int) -> list[int]:
    """By column Σ parts · 2^(power · place), exactly: summed place by place in halves that no float rounds.

    places  of all numbers: height · column + place − lowest
    """
    parts, shape = parts.ravel(), (columns, height)
    high = np.bincount(places, parts >> HALF_BITS, columns * height).reshape(shape).astype(np.int64)
    low = np.bincount(places, parts & LOW, columns * height).reshape(shape).astype(np.int64)
    # As many places at a time as an int64 holds: Python's whole numbers are slow.
    largest = int(max(np.abs(high).max(), low.max(), 1))
    at_once = max(1, (61 - largest.bit_length()) // power)
    totals = np.zeros(columns, dtype=object)
    for place in range(0, height, at_once):
        shifts = power * np.arange(min(at_once, height - place))
        upper, lower = ((part[:, place : place + at_once] << shifts).sum(axis=1) for part in (high, low))
        if upper.any() or lower.any():
            totals += ((upper.astype(object) << HALF_BITS) + lower.astype(object)) << power * place
    return list(totals << power * lowest)
