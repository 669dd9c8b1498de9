"""The numbers at an axis: round ones, each at its true place."""

from __future__ import annotations

import math

TICKS = 6
"""Numbers at an axis, about."""


def multiples(low: float, high: float, *, most: int = TICKS, whole: bool = False) -> list[float]:
    """Round numbers from low to high: multiples of 1, 2 or 5 times a power of ten, about as many as are asked for.

    whole  whole ones only, as epochs are counted

    >>> multiples(0.5, 12), multiples(1, 3), multiples(1, 3, whole=True)
    ([2.0, 4.0, 6.0, 8.0, 10.0, 12.0], [1.0, 1.5, 2.0, 2.5, 3.0], [1.0, 2.0, 3.0])
    """
    rough = (high - low) / most
    power = math.floor(math.log10(rough))
    digit = next(digit for digit in (1, 2, 5, 10) if digit * 10.0**power >= rough * (1 - 1e-9))
    if whole and digit * 10.0**power < 1:
        digit, power = 1, 0
    unit = float(f"{digit}e{power}")
    first, last = math.ceil(low / unit - 1e-9), math.floor(high / unit + 1e-9)
    return [float(f"{k * digit}e{power}") for k in range(first, last + 1)]


def on_log_scale(low: float, high: float, *, most: int = TICKS) -> list[float]:
    """Round numbers from low to high on a log scale: powers of ten, with 2 and 5 times them where these are few.

    >>> on_log_scale(1e-9, 1e3), on_log_scale(0.3, 4), on_log_scale(0.62, 0.68)
    ([1e-09, 1e-07, 1e-05, 0.001, 0.1, 10.0, 1000.0], [0.5, 1.0, 2.0], [0.62, 0.63, 0.64, 0.65, 0.66, 0.67, 0.68])
    """
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first >= 2:
        return [float(f"1e{power}") for power in range(first, last + 1, -(-(last - first) // most))]
    between = [float(f"{digit}e{power}") for power in range(first - 1, last + 1) for digit in (1, 2, 5)]
    found = [value for value in between if low <= value * (1 + 1e-9) and value <= high * (1 + 1e-9)]
    return found if len(found) > 1 else multiples(low, high, most=most)
