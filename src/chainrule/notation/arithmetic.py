"""Arithmetic that knows whether it is exact: what a printed formula is worth, beyond the reach of floating-point dust.

A `Real` is a fraction with a mark: exact, or right to about fifty digits, or as many as are asked for (`precisely`). The table of
primitives computes with it as with any number; `REALS` is its namespace of functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from decimal import Context, Decimal
from fractions import Fraction
from functools import cache
from typing import Any, TypeAlias

from chainrule.base.frozen import Frozen
from chainrule.base.operators import PLAIN, Operators

PRECISION = 50
"""Significant digits of what is no fraction: e, ln 2, √2."""

LONG = 20
"""Bits for each of these digits; a longer fraction need not be kept whole where many are computed from each other."""

MOST_BITS = 20_000
"""Powers with longer fractions are rounded."""

TINY = Fraction(3, 5)
"""With as many zeros behind the point as this part of the digits, a number is so small that three terms of a power series do."""

TAIL = 2
"""From here on 1 − erf x is computed by itself, for little of 1 is left."""

LARGEST_EXPONENT = 5000
"""e^x is infinite beyond, as it is for floats beyond 709."""

LEAST_EXPONENT = -20_000
"""e^x is taken for 0 below; floats lose it below −745."""

RealLike: TypeAlias = "Real | int | float | Fraction"

_precision: ContextVar[int] = ContextVar("precision", default=PRECISION)


@contextmanager
def precisely(digits: int) -> Iterator[None]:
    """What is computed in its block is right to about so many digits."""
    before = _precision.set(digits)
    try:
        yield
    finally:
        _precision.reset(before)


class Real(Operators, Frozen):
    """A number with its claim.

    value  a fraction; a float where it is infinite or no number at all
    exact  False where the fraction is only near to the number meant
    """

    value: Fraction | float
    exact: bool = True

    def __bool__(self) -> bool:
        """False for 0 alone."""
        return bool(self.value)

    def __float__(self) -> float:
        """The nearest float."""
        return _as_float(self.value)

    def applied(self, operation: str, *operands: RealLike) -> Real:
        """The operation; exact if its operands are, and its result is a fraction."""
        first, *others = map(real, operands)
        if operation == "negative":
            return Real(-first.value, first.exact)
        (second,) = others
        if operation == "power":
            return _power(first, second)
        if operation == "greater":
            return Real(Fraction(int(first.value > second.value)))
        if operation in ("multiply", "divide") and _is_nothing(first, second, both=operation == "multiply"):
            return Real(Fraction(0))
        if operation == "divide" and second.value == 0:
            return Real(first.value * math.inf if isinstance(first.value, Fraction) else first.value, exact=False)
        try:
            return _as_fraction(PLAIN[operation](first.value, second.value), first.exact and second.exact)
        except OverflowError:  # a fraction too large for a float met an infinity
            return Real(math.nan, exact=False)


def _as_fraction(value: Fraction | float, exact: bool) -> Real:
    """A result, which is a fraction again where an infinity has left it: 1/∞ is nearly 0."""
    return Real(Fraction(value), exact=False) if isinstance(value, float) and math.isfinite(value) else Real(value, exact)


def _is_nothing(a: Real, b: Real, both: bool) -> bool:
    """Is a product, or a quotient, exactly 0, whatever the other number is?"""
    if not (isinstance(a.value, Fraction) and isinstance(b.value, Fraction)):
        return False
    return (a.value == 0 and a.exact and (both or b.value != 0)) or (both and b.value == 0 and b.exact)


def real(value: RealLike) -> Real:
    """A number as the decimal it was written as: 0.1 is 1/10."""
    if isinstance(value, Real):
        return value
    if isinstance(value, float):
        plain = float(value)  # one of NumPy is a float, too, and warns where ∞ − ∞ is no number
        return Real(Fraction(repr(plain)) if math.isfinite(plain) else plain)
    return Real(Fraction(value))


def rounded_fraction(number: Real) -> Real:
    """A long fraction with fewer digits: to somewhat more than the precision of functions, and then no longer exact."""
    value, digits = number.value, _precision.get()
    if not isinstance(value, Fraction) or max(value.numerator.bit_length(), value.denominator.bit_length()) <= LONG * digits:
        return number
    return Real(Fraction(_decimal(value, _context(10))), exact=False)


def magnitude(value: Fraction | float) -> Fraction | float:
    """|value|, of its kind."""
    return -value if value < 0 else value


def _power(base: Real, exponent: Real) -> Real:
    a, n = base.value, exponent.value
    if not (isinstance(a, Fraction) and isinstance(n, Fraction)):
        return _as_fraction(_float_power(a, n), exact=False)
    if n == Fraction(1, 2):
        return Reals.sqrt(base)
    if a == 0 and n < 0:
        return Real(math.inf, exact=False)
    if n.denominator == 1 and abs(n) * max(a.numerator.bit_length(), a.denominator.bit_length()) <= MOST_BITS:
        return Real(Fraction(a**n.numerator), base.exact and exponent.exact)
    if a <= 0:
        return _as_fraction(math.nan if a < 0 and n.denominator != 1 else _float_power(a, n), exact=False)
    return Reals.exp(Reals.log(base) * exponent)


def _float_power(a: Fraction | float, n: Fraction | float) -> float:
    try:
        return math.pow(a, n)
    except (OverflowError, ValueError):
        return math.nan


def _decimal(value: Fraction, context: Context) -> Decimal:
    return context.divide(Decimal(value.numerator), Decimal(value.denominator))


def _context(more: int = 0) -> Context:
    """For the digits that are asked for and so many more."""
    return Context(prec=_precision.get() + more, Emax=10**9, Emin=-(10**9))


def _is_tiny(value: Fraction) -> bool:
    return _zeros(value) > TINY * _precision.get()


def _zeros(value: Fraction) -> int:
    """How many zeros stand behind the point before the first digit; 0 for numbers of at least 1."""
    return max(0, math.ceil((value.denominator.bit_length() - abs(value.numerator).bit_length()) * math.log10(2))) if value else 0


def _alternating(x: Fraction, term: Fraction, first: int, step: int, odd: bool) -> Fraction:
    """Σ term · (−x²)^k / k! in the manner of sine, cosine (step 2) and the error function (step 1, `odd` divisors)."""
    context = _context(_precision.get() + int(abs(x)) ** 2)
    square, power, sum_ = _decimal(-x * x, context), _decimal(term, context), Decimal(0)
    smallest, k = Decimal(10) ** -(_precision.get() + 2 * _zeros(x)), 0
    while True:
        addend = context.divide(power, Decimal(2 * k + 1)) if odd else power
        sum_ = context.add(sum_, addend)
        if abs(addend) < smallest:
            return Fraction(sum_)
        k += 1
        divisor = k if step == 1 else (2 * k + first - 1) * (2 * k + first)
        power = context.divide(context.multiply(power, square), Decimal(divisor))


class Reals:
    """The functions in which the table of primitives writes its values, for `Real`."""

    @staticmethod
    def number(number: RealLike) -> Real:
        """A constant of a formula; the float nearest to π is written π and means it."""
        return Real(Fraction(_pi(_precision.get())), exact=False) if number == math.pi else real(number)

    array, quiet = staticmethod(real), nullcontext

    @staticmethod
    def by_paper(arguments: Sequence[Real]) -> bool:
        """Where that is harmless: what a name such as tanh stands for has no float in it."""
        return all(magnitude(argument.value) < LARGEST_EXPONENT for argument in arguments)

    @staticmethod
    def exp(x: RealLike) -> Real:
        """e^x; 1 at 0."""
        x = real(x)
        if not isinstance(x.value, Fraction) or x.value > LARGEST_EXPONENT:
            return Real(Fraction(0) if x.value < 0 else x.value if math.isnan(_as_float(x.value)) else math.inf, exact=False)
        if x.value < LEAST_EXPONENT:
            return Real(Fraction(0), exact=False)
        if x.value == 0:
            return Real(Fraction(1), x.exact)
        if _is_tiny(x.value):
            return Real(1 + x.value + x.value**2 / 2 + x.value**3 / 6, exact=False)
        context = _context(2 * _zeros(x.value))
        return Real(Fraction(context.exp(_decimal(x.value, context))), exact=False)

    @staticmethod
    def expm1(x: RealLike) -> Real:
        """e^x − 1."""
        return Reals.exp(x) - 1

    @staticmethod
    def log(x: RealLike) -> Real:
        """The natural logarithm; 0 at 1."""
        x = real(x)
        if not isinstance(x.value, Fraction) or x.value <= 0:
            return Real(-math.inf if x.value == 0 else x.value if x.value > 0 else math.nan, exact=False)
        if x.value == 1:
            return Real(Fraction(0), x.exact)
        if _is_tiny(beyond := x.value - 1):
            return Real(beyond - beyond**2 / 2 + beyond**3 / 3, exact=False)
        context = _context(2 * _zeros(beyond))
        return Real(Fraction(context.ln(_decimal(x.value, context))), exact=False)

    @staticmethod
    def log1p(x: RealLike) -> Real:
        """ln(1 + x)."""
        return Reals.log(1 + real(x))

    @staticmethod
    def sqrt(x: RealLike) -> Real:
        """√x, exact for squares."""
        x = real(x)
        if not isinstance(x.value, Fraction) or x.value < 0:
            return Real(x.value if x.value > 0 else math.nan, exact=False)
        root = Fraction(math.isqrt(x.value.numerator), math.isqrt(x.value.denominator))
        if root * root == x.value:
            return Real(root, x.exact)
        context = _context()
        return Real(Fraction(context.sqrt(_decimal(x.value, context))), exact=False)

    @staticmethod
    def tanh(x: RealLike) -> Real:
        """(e^x − e^−x)/(e^x + e^−x)."""
        x = real(x)
        if magnitude(x.value) > LARGEST_EXPONENT:
            return Real(Fraction(1 if x.value > 0 else -1), exact=False)
        up, down = Reals.exp(x), Reals.exp(-x)
        return (up - down) / (up + down)

    @staticmethod
    def sin(x: RealLike) -> Real:
        """Sine of an angle in radians."""
        return _by_series(real(x), math.sin, lambda x: _alternating(x, x, 1, 2, odd=False), Fraction(0))

    @staticmethod
    def cos(x: RealLike) -> Real:
        """Cosine of an angle in radians."""
        return _by_series(real(x), math.cos, lambda x: _alternating(x, Fraction(1), 0, 2, odd=False), Fraction(1))

    @staticmethod
    def erf(x: RealLike) -> Real:
        """The error function, 2/√π · Σ (−1)^k x^(2k+1) / (k! (2k+1)); far from 0 so many digits that 1 ± erf x has fifty."""
        x = real(x)
        if magnitude(x.value) >= TAIL:
            return 1 - Reals.erfc(x) if x.value > 0 else Reals.erfc(-x) - 1

        def series(x: Fraction) -> Fraction:
            return _alternating(x, x, 0, 1, odd=True) * 2 / Fraction(_context().sqrt(_pi(_precision.get())))

        return _by_series(x, math.erf, series, Fraction(0))

    @staticmethod
    def erfc(x: RealLike) -> Real:
        """1 − erf x; far from 0 its continued fraction, e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + …))) (Abramowitz, Stegun 7.1.14)."""
        x = real(x)
        if not x.value >= TAIL:  # what is no number, too
            return 1 - Reals.erf(x)
        if not isinstance(x.value, Fraction):
            return Real(Fraction(0), exact=False)
        context = _context(10)
        number, beyond = _decimal(x.value, context), Decimal(0)
        for k in range(int(_precision.get() ** 2 * 6 / (5 * x.value**2)) + _precision.get(), 0, -1):
            beyond = context.divide(Decimal(k) / 2, context.add(number, beyond))
        below = context.multiply(context.sqrt(_pi(_precision.get())), context.add(number, beyond))
        return Reals.exp(-x * x) / Real(Fraction(below), exact=False)

    @staticmethod
    def stated(arguments: Sequence[RealLike], parameters: dict[str, Any]) -> Real:
        """What PyTorch computes, in floats."""
        from chainrule.formula.stated import computed

        return Real(real(float(computed([_as_float(real(one).value) for one in arguments], parameters))).value, exact=False)

    @staticmethod
    def abs(x: RealLike) -> Real:
        """|x|."""
        x = real(x)
        return Real(magnitude(x.value), x.exact)

    @staticmethod
    def sign(x: RealLike) -> Real:
        """1, 0 or −1."""
        x = real(x)
        return x if x.value != x.value else Real(Fraction((x.value > 0) - (x.value < 0)), x.exact or x.value != 0)

    @staticmethod
    def floor(x: RealLike) -> Real:
        """The largest whole number that is not larger."""
        x = real(x)
        return Real(Fraction(math.floor(x.value)), x.exact or x.value.denominator != 1) if isinstance(x.value, Fraction) else x

    @staticmethod
    def maximum(a: RealLike, b: RealLike) -> Real:
        """The larger of two; no number if either is none."""
        a, b = real(a), real(b)
        return a if a.value >= b.value or a.value != a.value else b

    @staticmethod
    def minimum(a: RealLike, b: RealLike) -> Real:
        """The smaller of two; no number if either is none."""
        a, b = real(a), real(b)
        return a if a.value <= b.value or a.value != a.value else b

    @staticmethod
    def greater(a: RealLike, b: RealLike) -> Real:
        """1 where a > b, otherwise 0."""
        return real(a) > real(b)

    @staticmethod
    def where(condition: RealLike, a: RealLike, b: RealLike) -> Real:
        """a where the condition is 1, b where it is 0."""
        return real(a) if real(condition).value else real(b)


@cache
def _pi(digits: int) -> Decimal:
    """π = 16 arctan 1/5 − 4 arctan 1/239 (Machin), to somewhat more than so many digits."""
    one = 10 ** (digits + 20)

    def arctan_of_one_part(n: int) -> int:
        power, sum_, k = one // n, 0, 0
        while power:
            sum_ += (-1) ** k * power // (2 * k + 1)
            power, k = power // n**2, k + 1
        return sum_

    return Decimal(16 * arctan_of_one_part(5) - 4 * arctan_of_one_part(239)).scaleb(-(digits + 20), _context(30))


def _as_float(value: Fraction | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _by_series(x: Real, rough: Callable[[float], float], series: Callable[[Fraction], Fraction], at_zero: Fraction) -> Real:
    """By a power series near 0, by floats far away, exactly at 0."""
    if x.value == 0:
        return Real(at_zero, x.exact)
    if isinstance(x.value, Fraction) and abs(x.value) <= 20:
        return Real(series(x.value), exact=False)
    try:
        return Real(Fraction(rough(_as_float(x.value))), exact=False)
    except ValueError:  # no number, or an infinite angle
        return Real(math.nan, exact=False)


REALS = Reals()
