"""Numbers as they are printed, and what a formula of printed numbers is worth.

A number that ends within 9 significant digits is printed whole; another one is rounded, and keeps its trailing zeros to show it.
What stands on paper is a number again, exactly: equations are true or false by that one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

from chainrule.base.errors import InputError
from chainrule.base.frozen import FrozenValue
from chainrule.formula.evaluation import value_of
from chainrule.formula.expression import Expression
from chainrule.notation import formula as layout
from chainrule.notation.arithmetic import REALS, Real, real
from chainrule.notation.conventions import Notation
from chainrule.notation.formula import Formula, Number, Operator, row

WHOLE = 9
"""A number that ends within so many significant digits is printed whole."""

DUST = 16
"""A float may miss the decimal that it stands for by so many units in its last place: 8.399999999999999 is 8.4."""

SHORT = 12
"""A float of more digits is not taken for the decimal that it is written as: σ(4) is not 0.9820137900379085."""

MOST_DIGITS = 200
"""Longer fractions are refused."""


class Printed(FrozenValue):
    """A number on paper.

    formula  what is printed
    value    exactly what is printed, as a number; a float only for infinities and NaN
    unit     the weight of the last printed digit; 0 for a fraction, which is rounded nowhere
    exact    True where what is printed is the number itself
    """

    formula: Formula
    value: Fraction | float
    unit: Fraction
    exact: bool


def number_formula(value: Any, notation: Notation, digits: int | None = None) -> Formula:
    """A number on paper: 8.4, −3.286976, 0.751365, 1.23457 · 10⁷, NaN, ∞.

    value   an int, a float, a Fraction, a NumPy scalar or a `Real`
    digits  significant digits where it has to be rounded; those of the notation where nothing is said

    Raises InputError for a fraction of more than 200 digits (`notation.exact`).
    """
    return printed(value, notation, digits).formula


def printed(value: Any, notation: Notation, digits: int | None = None) -> Printed:
    """As `number_formula`, with what is printed as a number."""
    whole = printed_as(value)
    number = whole.value
    if isinstance(number, float):
        text = "NaN" if math.isnan(number) else "∞" if number > 0 else "−∞"
        return Printed(Number(text), number, Fraction(0), exact=True)
    if notation.exact:
        return Printed(_ratio(number), number, Fraction(0), exact=True)
    return _decimal(number, notation.digits if digits is None else digits, notation.decimal == "comma", whole.exact)


def meant(value: Any) -> Fraction | float:
    """The number for which a float stands: the short decimal beside it, else its own digits. Infinities and NaN stay floats."""
    return printed_as(value).value


def printed_as(value: Any, exact: bool = False) -> Real:
    """The number for which a value stands, with the mark that tells exact from rounded: a long float is rounded, unless it is known better.

    exact  True where a float is the very decimal that somebody wrote
    """
    if isinstance(value, Real):
        return value
    if hasattr(value, "item"):  # a NumPy scalar, perhaps of single precision
        value = float(str(value)) if value.dtype.kind == "f" else value.item()
    if not isinstance(value, float):
        return value if isinstance(value, Real) else Real(Fraction(value))
    found = _meant(value)
    return Real(found.value, exact=True) if exact else found


@lru_cache(maxsize=4096)
def _meant(value: float) -> Real:
    if not math.isfinite(value):
        return Real(value)
    short = Fraction(f"{value:.{WHOLE}g}")
    if abs(short - Fraction(value)) <= DUST * Fraction(math.ulp(value)):
        return Real(short)
    return Real(Fraction(repr(value)), exact=Fraction(f"{value:.{SHORT}g}") == Fraction(repr(value)))


@lru_cache(maxsize=4096)
def _decimal(number: Fraction, digits: int, comma: bool, certain: bool) -> Printed:
    whole, last = _rounded(number, max(WHOLE, digits))
    exact = certain and whole * _power_of_ten(last) == number
    mantissa, last = _stripped(whole, last) if exact else _rounded(number, digits)
    text = str(abs(mantissa))
    lead = last + len(text) - 1
    if _is_plain(lead, last, exact, digits):
        plain, power = _with_point(text, -last), None
    else:
        plain, power = _with_point(text, len(text) - 1), lead
    written = ("−" if number < 0 else "") + (plain.replace(".", ",") if comma else plain)
    unit = _power_of_ten(last if power is not None else min(last, 0))
    value = mantissa * _power_of_ten(last)
    return Printed(Number(written, power, value, rounded=not exact), value, unit, exact)


@lru_cache(maxsize=1024)
def _power_of_ten(exponent: int) -> Fraction:
    return Fraction(10) ** exponent


def _is_plain(lead: int, last: int, exact: bool, digits: int) -> bool:
    """Is a number with these first and last powers of ten written without one? A rounded one never ends in zeros before the point."""
    if exact and last >= 0:
        return lead < WHOLE
    return -4 <= lead < (7 if exact else min(7, digits))


def _rounded(number: Fraction, digits: int) -> tuple[int, int]:
    """(mantissa, last) with number ≈ mantissa · 10^last, to so many significant digits."""
    if number == 0:
        return 0, 0
    last = math.floor(math.log10(abs(number.numerator)) - math.log10(number.denominator)) - digits + 1
    while abs(mantissa := _nearest(number, last)) >= 10**digits:
        last += 1
    while abs(finer := _nearest(number, last - 1)) < 10**digits:
        mantissa, last = finer, last - 1
    return mantissa, last


def _nearest(number: Fraction, last: int) -> int:
    """The whole number nearest to number / 10^last."""
    above, below = abs(number.numerator) * 10 ** max(0, -last), number.denominator * 10 ** max(0, last)
    size: int = (2 * above + below) // (2 * below)
    return -size if number < 0 else size


def _stripped(mantissa: int, last: int) -> tuple[int, int]:
    """Without trailing zeros."""
    while mantissa and mantissa % 10 == 0:
        mantissa, last = mantissa // 10, last + 1
    return mantissa, last


def _with_point(digits: str, places: int) -> str:
    """The digits with so many of them behind the point; zeros before it if there are fewer of them than none."""
    if places <= 0:
        return digits + "0" * -places
    digits = digits.rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def _ratio(number: Fraction) -> Formula:
    above = _integer(abs(number.numerator))
    size = above if number.denominator == 1 else layout.Fraction(above, _integer(number.denominator))
    if number >= 0:
        return size
    if isinstance(size, Number):
        return Number(f"−{size.digits}", value=number)
    return row(Operator("−", prefix=True), size)


def _integer(number: int) -> Number:
    digits = math.floor(math.log10(number)) + 1 if number else 1
    if digits > MOST_DIGITS:
        raise InputError(
            f"an exact value has {digits} digits, and at most {MOST_DIGITS} are printed; leave out «--exact», or take fewer steps."
        )
    return Number(str(number), value=Fraction(number))


def evaluated(expression: Expression, values: Mapping[Expression, Any]) -> Real:
    """What a scalar expression is worth for numbers as printed, to fifty digits, with the mark that tells exact from rounded.

    values  the numbers of the letters (and of any other node that is to be taken as given)

    Division by zero and overflow give infinities and NaNs.
    """
    return real(value_of(expression, values, REALS))
