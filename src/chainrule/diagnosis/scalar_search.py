"""Searching along one number: halvings, bisection, golden section; numbers rounded to digits, as people type them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping


def first_that(holds: Callable[[float], bool], rate: float, halvings: int) -> float | None:
    """The rate, or the first of its halves for which something holds; None if it holds for none."""
    for _ in range(halvings):
        if holds(rate):
            return rate
        rate /= 2
    return None


def meeting_point(lengths: Mapping[float, int], longest: int) -> float:
    """Where runs would be as long as the longest, seen from the two largest rates whose runs are known; NaN if nowhere."""
    if len(lengths) < 2:
        return math.nan
    (first, before), (second, after) = sorted(lengths.items())[-2:]
    return second + (second - first) * (1 / after - 1 / longest) / (1 / before - 1 / after) if before < after else math.nan


def bisected(holds: Callable[[float], bool], low: float, high: float, times: int, digits: int) -> float:
    """A place from `low`, where it holds, up to a border below `high`, where it does not: `times` halvings, or so many digits of it."""
    for _ in range(times):
        if rounded_down(low, digits) == rounded_down(high, digits):
            break
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def golden(value: Callable[[float], float], low: float, high: float) -> float:
    """Where a function is lowest between two places, by golden-section search; a lowest place among others where there are several."""
    shrink = (math.sqrt(5) - 1) / 2
    a, b = high - shrink * (high - low), low + shrink * (high - low)
    for _ in range(40):
        if value(a) < value(b):
            b, a, high = a, b - shrink * (b - low), b
        else:
            a, b, low = b, a + shrink * (high - a), a
    return (low + high) / 2


def rounded(rate: float, digits: int = 3) -> float:
    """A rate with three significant digits, as a person would type it."""
    return float(f"{rate:.{digits}g}")


def rounded_down(rate: float, digits: int = 3) -> float:
    """The largest rate of so many digits that is not above this one; NaN of NaN."""
    if math.isnan(rate):
        return rate
    near = rounded(rate, digits)
    return near if near <= rate else rounded(near - unit(rate, digits), digits)


def rounded_up(rate: float) -> float:
    """The least rate of three digits that is not below this one."""
    near = rounded(rate)
    return near if near >= rate else rounded(near + unit(rate))


def unit(rate: float, digits: int = 3) -> float:
    """What one more in the last of so many digits is worth."""
    return float(10.0 ** (math.floor(math.log10(rate)) - digits + 1))
