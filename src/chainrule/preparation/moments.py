"""Mean and deviation of numbers that come in parts: exact, and so the same however the rows are cut."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np

from chainrule.base.frozen import FrozenValue

Array: TypeAlias = "np.ndarray[Any, Any]"

HALF_BITS = 27
LOW = (1 << HALF_BITS) - 1
"""A 53-bit mantissa is cut in two, so that products and sums of 2²⁴ of them stay exact."""

UNIT = 1126
"""Every double is a whole multiple of 2^−1126 (of a 53-bit integer times 2^(e − 53), e ≥ −1073)."""

PART = 1 << 24


class Moments(FrozenValue):
    """How many numbers, their sum in units of 2^−1126 and the sum of their squares in units of 2^−2252, as whole numbers."""

    count: int = 0
    total: int = 0
    squares: int = 0

    @staticmethod
    def of(values: Array) -> Moments:
        """Of finite numbers, (n,)."""
        return sum((_moments(values[start : start + PART]) for start in range(0, len(values), PART)), Moments())

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


def _moments(values: Array) -> Moments:
    mantissas, exponents = np.frexp(values)
    whole = np.ldexp(mantissas, 53).astype(np.int64)
    high, low, places = whole >> HALF_BITS, whole & LOW, exponents.astype(np.int64) + 1073
    squares = (
        (_total(high * high, places, 2) << 2 * HALF_BITS) + (_total(high * low, places, 2) << HALF_BITS + 1) + _total(low * low, places, 2)
    )
    return Moments(len(values), _total(whole, places, 1), squares)


def _total(parts: Array, places: Array, power: int) -> int:
    """Σ parts · 2^(power · places), exactly: summed place by place in halves that no float rounds."""
    if not len(parts):
        return 0
    lowest = int(places.min())
    high = np.bincount(places - lowest, parts >> HALF_BITS)
    low = np.bincount(places - lowest, parts & LOW)
    return sum(
        ((int(high[i]) << HALF_BITS) + int(low[i])) << power * (i + lowest) for i in map(int, np.flatnonzero((high != 0) | (low != 0)))
    )
