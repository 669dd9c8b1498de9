"""exp, log, tanh and their like in straight machine arithmetic: reduce the argument, a polynomial, scale back.

Each is written once for float32 and float64, in Values of `llvm.lanes`, and differs only in its table of coefficients. The
coefficients are minimax: found by Remez exchange on the stated interval in 500-bit arithmetic (mpmath) for these very polynomials,
then rounded. What they give was measured against mpmath (tests/test_machine.py), in units in the last place (ulp):

                exp    expm1  log    log1p  sin    cos    tanh   erf    erfc
    float32     1.0    1.7    0.8    1.4    1.5    1.5    2.6    3.3    16
    float64     1.0    1.7    0.8    0.9    1.3    1.3    2.1    2.2    16

NaN gives NaN, overflow and underflow are gradual and to ±inf and 0 as NumPy has them, and odd functions keep the sign of zero.

The ideas are old and well known: two-part ln 2 and π/2 (Cody and Waite, Software Manual for the Elementary Functions, 1980), rounding
to a whole number by adding 1.5 · 2ᵐ, and the logarithm through s = f / (2 + f) (fdlibm, Sun Microsystems, 1993).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from chainrule.base.frozen import FrozenValue
from chainrule.engines.compiled.llvm import ir
from chainrule.engines.compiled.llvm.lanes import Lanes, MachineValue


class Coefficients(FrozenValue):
    """Coefficients, from the constant upwards, and limits, for one type of number.

    exp        (eʳ − 1 − r) / r²                  |r| ≤ ½ ln 2
    log        (2 artanh(s) / s − 2) / s²  in s²  |s| ≤ (√2 − 1) / (√2 + 1)
    sin        (sin r − r) / r³            in r²  |r| ≤ π / 4
    cos        (cos r − 1 + r²/2) / r⁴     in r²  |r| ≤ π / 4
    erf_near   erf(x) / x                  in x²  |x| ≤ 1
    erf_far    −ln(1 − erf x)                     1 ≤ x ≤ `erf_one`
    erfc       (1 + 2x) e^x² erfc(x)       in s   0 ≤ x ≤ `erfc_zero`, s = (x − m) / (x + m), m = `erfc_middle`; beyond it erfc is 0
    ln2        ln 2 in two parts: the first with so few digits that its product with a whole number is exact
    exp_range  below and above it eˣ is 0 and ∞
    tanh_one   above it tanh is 1;  erf_one: likewise
    tiny       the smallest number that is not denormal; `lift` brings every other one above it
    """

    exp: Sequence[float]
    log: Sequence[float]
    sin: Sequence[float]
    cos: Sequence[float]
    erf_near: Sequence[float]
    erf_far: Sequence[float]
    erfc: Sequence[float]
    erfc_middle: float
    erfc_zero: float
    ln2: tuple[float, float]
    exp_range: tuple[float, float]
    tanh_one: float
    erf_one: float
    tiny: float
    lift: int


# fmt: off
SINGLE = Coefficients(
    exp=(0.49999993414103255, 0.16666520110763158, 0.04166839374017209, 0.008368780259982618, 0.0013814496011347816),
    log=(0.6666677704791913, 0.3997745009505901, 0.2987440656893584),
    sin=(-0.16666654877266565, 0.008332173580843334, -0.00019516650861910826),
    cos=(0.04166664676160493, -0.0013887361622815708, 2.443771910135401e-05),
    erf_near=(1.1283791659146543, -0.37612627140440547, 0.11283600211815889, -0.026854445581508075, 0.005189536461939261,
              -0.0008020845698406905, 7.889119157487838e-05),
    erf_far=(-0.00018801548821427522, 1.1295783126190275, 0.6332201049117065, 0.1084183584520198, -0.025208123787605743,
             0.004204514429207445, -0.00044132717015570245, 2.1686100650874264e-05),
    erfc=(1.2648381721113402, -0.12235689273091861, -0.0990234205306644, 0.1576330847461986, -0.10298249185292954,
          0.03273589869331436, 0.0010044012261505913, -0.004290013221346529, 0.000355826066452647, 0.00047043735364193164),
    erfc_middle=2.5, erfc_zero=10.5,
    ln2=(0.693359375, -2.12194440054690583e-4), exp_range=(-104.0, 89.0), tanh_one=10.0, erf_one=4.0, tiny=2.0**-126, lift=24,
)
DOUBLE = Coefficients(
    exp=(0.5000000000000011, 0.16666666666666408, 0.04166666666652943, 0.008333333333497358, 0.0013888888943875358,
         0.0001984126950115741, 2.480149279994166e-05, 2.755759036424531e-06, 2.763036861363753e-07, 2.4999076361394543e-08),
    log=(0.6666666666666735, 0.39999999999408364, 0.28571428743958455, 0.22222198395270645, 0.1818357441896074,
         0.15313771466423645, 0.1479894185355177),
    sin=(-0.16666666666666632, 0.00833333333332233, -0.00019841269829735022, 2.7557313664855635e-06, -2.505075361065361e-08,
         1.589652029048109e-10),
    cos=(0.0416666666666666, -0.0013888888888874001, 2.4801587289400127e-05, -2.755731432731713e-07, 2.087571971221497e-09,
         -1.1359455768534735e-11),
    erf_near=(1.1283791670955126, -0.3761263890318355, 0.11283791670945253, -0.02686617064327622, 0.005223977607423468,
              -0.0008548325989696758, 0.00012055295320494294, -1.4924744663335489e-05, 1.6447517677871873e-06,
              -1.6209175911748696e-07, 1.3722976265924504e-08, -7.801188874097751e-10),
    erf_far=(5.132857965659138e-07, 1.1283739912794626, 0.6366440570475073, 0.10270228438601402, -0.0189880316660273,
             -0.0004135511059813081, 0.0019189610690146927, -0.000773055780438025, 0.00013656237055273518, 1.9519659087947285e-05,
             -2.2531599602456287e-05, 8.578380622501582e-06, -2.11470188127795e-06, 3.6954722919866033e-07, -4.593073322135117e-08,
             3.8897805298077685e-09, -2.0202085069086934e-10, 4.864742504739347e-12),
    erfc=(1.2530080582697296, -0.13562110612457975, -0.04756229435344481, 0.12964515870256105, -0.11927366341525017,
          0.068308027351399, -0.023770514924661493, 0.002529391694917833, 0.0018886904468049326, -0.0007798312042151912,
          -0.00010516033422195227, 0.00012509372734226322, 4.950932822133288e-06, -2.008198803838164e-05,
          -7.32068678390055e-07, 3.4334659275898665e-06, 3.501844796021082e-07, -5.660238969028607e-07,
          -1.2416608683013125e-07, 6.40396445408767e-08, 2.3069569838643207e-08),
    erfc_middle=3.0, erfc_zero=27.5,
    ln2=(6.93145751953125e-1, 1.42860682030941723212e-6), exp_range=(-746.0, 710.0), tanh_one=20.0, erf_one=6.0, tiny=2.0**-1022,
    lift=54,
)
# fmt: on


def coefficients_of(machine: Lanes) -> Coefficients:
    """Those for the numbers of this machine."""
    return SINGLE if machine.single else DOUBLE


TWO_OVER_PI = 2 / math.pi
HALF_PI = (1.57079632673412561417, 6.07710050630396597660e-11, 2.02226624879595063154e-21)
"""π/2 in three parts of 33, 33 and 53 bits (fdlibm)."""

MOST_REDUCED = 1e6
"""Up to this the three parts of π/2 are enough; sin and cos of more are rare and left to the C library."""


def polynomial(x: MachineValue, coefficients: Sequence[float]) -> MachineValue:
    """c₀ + c₁ x + c₂ x² + …: pairs c₀ + c₁ x side by side, then Horner's scheme in x², which waits half as long as one in x."""
    pairs = [low if high is None else high * x + low for low, high in _pairs(x.machine, coefficients)]
    square = x * x
    result = pairs[-1]
    for pair in reversed(pairs[:-1]):
        result = result * square + pair
    return result


def _pairs(machine: Lanes, coefficients: Sequence[float]) -> list[tuple[MachineValue, MachineValue | None]]:
    numbers = [machine.number(coefficient) for coefficient in coefficients]
    return [(numbers[i], numbers[i + 1] if i + 1 < len(numbers) else None) for i in range(0, len(numbers), 2)]


def _whole(machine: Lanes, x: MachineValue, factor: float) -> tuple[MachineValue, Any, int]:
    """The whole number nearest to factor · x: as a number, as the low bits of an integer, and by how much these are too large.

    Adding 1.5 · 2ᵐ leaves no place for digits behind the point. |factor · x| < 2ᵐ⁻¹.
    """
    shift = 1.5 * 2.0**machine.mantissa
    shifted = x * factor + shift
    return shifted - shift, machine.as_bits(shifted), machine.pattern(shift)


def _power_of_two(machine: Lanes, bits: Any, offset: int) -> MachineValue:
    """2ⁿ for n = bits − offset, of a number that is neither too small nor too large."""
    shifted = machine.builder.shl(bits, machine.bits(machine.mantissa))
    return machine.from_bits(machine.builder.add(shifted, machine.bits((machine.bias - offset) << machine.mantissa)))


def _expm1_reduced(machine: Lanes, x: MachineValue) -> tuple[MachineValue, Any, int]:
    """eʳ − 1 for r = x − n ln 2, |r| ≤ ½ ln 2, and n as bits and their offset."""
    high, low = coefficients_of(machine).ln2
    n, bits, offset = _whole(machine, x, 1 / math.log(2))
    r = (x - n * high) - n * low
    return r * r * polynomial(r, coefficients_of(machine).exp) + r, bits, offset


def _clamped(machine: Lanes, x: MachineValue, low: float | None, high: float) -> MachineValue:
    """x within bounds, or NaN."""
    x = machine.minimum(x, high)
    return x if low is None else machine.maximum(x, low)


def approximate_exp(machine: Lanes, x: MachineValue) -> MachineValue:
    """eˣ = 2ⁿ eʳ. 2ⁿ is multiplied in two halves, as n may be beyond the exponents, where eˣ is denormal or infinite."""
    builder = machine.builder
    q, bits, offset = _expm1_reduced(machine, _clamped(machine, x, *coefficients_of(machine).exp_range))
    both = builder.sub(bits, machine.bits(offset - 2 * machine.bias))
    first = builder.lshr(both, machine.bits(1))
    halves = [machine.from_bits(builder.shl(half, machine.bits(machine.mantissa))) for half in (first, builder.sub(both, first))]
    return (q + 1) * halves[0] * halves[1]


def approximate_expm1(machine: Lanes, x: MachineValue) -> MachineValue:
    """2ⁿ (eʳ − 1) + (2ⁿ − 1), which is exact near 0; above 1, where nothing cancels, eˣ − 1."""
    size = _clamped(machine, x, -2 * coefficients_of(machine).tanh_one, 1)
    q, bits, offset = _expm1_reduced(machine, size)
    scale = _power_of_two(machine, bits, offset)
    near = machine.choose(machine.compare("==", x, 0), x, scale * q + (scale - 1))
    return machine.choose(machine.compare(">", x, 1), approximate_exp(machine, x) - 1, near)


def approximate_tanh(machine: Lanes, x: MachineValue) -> MachineValue:
    """(e²ˣ − 1) / (e²ˣ + 1), from e²ˣ − 1 = 2ⁿ (eʳ − 1) + (2ⁿ − 1), which is exact near 0."""
    size = _clamped(machine, machine.abs(x), None, coefficients_of(machine).tanh_one)
    q, bits, offset = _expm1_reduced(machine, size + size)
    scale = _power_of_two(machine, bits, offset)
    above = scale * q + (scale - 1)
    return machine.intrinsic("copysign", above / (above + 2), x)


def approximate_erf(machine: Lanes, x: MachineValue) -> MachineValue:
    """x P(x²) up to 1; beyond it 1 − e^−Q(|x|)."""
    size = _clamped(machine, machine.abs(x), None, coefficients_of(machine).erf_one)
    near = size * polynomial(size * size, coefficients_of(machine).erf_near)
    q, bits, offset = _expm1_reduced(machine, -polynomial(size, coefficients_of(machine).erf_far))
    scale = _power_of_two(machine, bits, offset)
    far = (1 - scale) - scale * q
    return machine.intrinsic("copysign", machine.choose(machine.compare(">", size, 1), far, near), x)


def approximate_erfc(machine: Lanes, x: MachineValue) -> MachineValue:
    """e^−x² R(s) / (1 + 2x) from 0 up, and below it 2 − erfc(−x).

    The form is that of Shepherd & Laframboise (1981), Chebyshev approximation of (1 + 2x) exp(x²) erfc x.
    """
    coefficients, builder = coefficients_of(machine), machine.builder
    size = _clamped(machine, machine.abs(x), None, coefficients.erfc_zero)
    short = builder.and_(machine.as_bits(size), machine.bits(2**machine.width - 2 ** (machine.mantissa // 2 + 1)))
    high = machine.from_bits(short)  # half of its digits, so that its square is exact
    left = (size - high) * (size + high)
    power = approximate_exp(machine, -(high * high)) * (1 - left * (1 - left * (0.5 - left * (1 / 6))))
    middle = coefficients.erfc_middle
    tail = power * polynomial((size - middle) / (size + middle), coefficients.erfc) / (1 + 2 * size)
    return machine.choose(machine.compare("<", x, 0), 2 - tail, tail)


def approximate_log(machine: Lanes, x: MachineValue) -> MachineValue:
    """ln x = e ln 2 + ln(1 + f) for x = 2ᵉ (1 + f), 1 + f in √½ … √2."""
    small = machine.compare("<", x, coefficients_of(machine).tiny)
    lifted = machine.choose(small, x * 2.0 ** coefficients_of(machine).lift, x)
    e, m, _ = _parts(machine, lifted)
    result = _log_of_parts(machine, e - machine.choose(small, coefficients_of(machine).lift, 0), m - 1)
    result = machine.choose(machine.compare("==", x, 0), -math.inf, result)
    result = machine.choose(machine.compare("<", x, 0), math.nan, result)
    return _kept(machine, x, result)


def _kept(machine: Lanes, x: MachineValue, result: MachineValue) -> MachineValue:
    """The result, but x itself where it is ∞ or NaN."""
    return machine.choose(machine.compare("<", x, math.inf), result, x)


def _parts(machine: Lanes, x: MachineValue) -> tuple[MachineValue, MachineValue, MachineValue]:
    """e, m and 2²⁻ᵉ (2⁻ᵉ may be denormal) with x = 2ᵉ m and m in √½ … √2, for positive x that are not denormal."""
    builder, one = machine.builder, machine.pattern(1.0)
    root = machine.pattern(math.sqrt(0.5))
    moved = builder.add(machine.as_bits(x), machine.bits(one - root))
    exponent = builder.lshr(moved, machine.bits(machine.mantissa))
    m = builder.add(builder.and_(moved, machine.bits(2**machine.mantissa - 1)), machine.bits(root))
    # An integer below 2ᵐ in the digits of 2ᵐ is a number; the machine need not know how to convert it.
    shift = 2.0**machine.mantissa
    e = machine.from_bits(builder.or_(exponent, machine.bits(machine.pattern(shift)))) - (shift + machine.bias)
    inverse = builder.shl(builder.sub(machine.bits(2 * machine.bias + 2), exponent), machine.bits(machine.mantissa))
    return e, machine.from_bits(m), machine.from_bits(inverse)


def _log_of_parts(machine: Lanes, e: MachineValue, f: MachineValue) -> MachineValue:
    """e ln 2 + ln(1 + f), where 2 artanh(s) = ln(1 + f) = f − (f²/2 − s (f²/2 + R)) for s = f / (2 + f)."""
    high, low = coefficients_of(machine).ln2
    s = f / (f + 2)
    z = s * s
    half = f * f * 0.5
    R = z * polynomial(z, coefficients_of(machine).log)
    return e * high - ((half - (s * (half + R) + e * low)) - f)


def approximate_log1p(machine: Lanes, x: MachineValue) -> MachineValue:
    """ln(1 + x), with what 1 + x loses by rounding put back into f."""
    u = x + 1
    lost = x - (u - 1)
    e, m, inverse = _parts(machine, u)
    result = _log_of_parts(machine, e, (m - 1) + lost * 0.25 * inverse)
    result = machine.choose(machine.compare("==", u, 1), x, result)
    result = machine.choose(machine.compare("==", x, -1), -math.inf, result)
    result = machine.choose(machine.compare("<", x, -1), math.nan, result)
    return _kept(machine, x, result)


def approximate_sign(machine: Lanes, x: MachineValue) -> MachineValue:
    """−1, 0 or 1."""
    below = machine.choose(machine.compare("<", x, 0), -1, x + 0.0)
    return machine.choose(machine.compare(">", x, 0), 1, below)


def approximate_power(machine: Lanes, a: MachineValue, n: MachineValue) -> MachineValue:
    """aⁿ = eⁿ ˡⁿ ᵃ; for a < 0 with the sign of a where n is odd, and NaN where it is no whole number."""
    if a.constant is not None and 0 < a.constant < math.inf and a.constant != 1:
        return approximate_exp(machine, n * math.log(a.constant))
    size = machine.abs(a)
    result = approximate_exp(machine, n * approximate_log(machine, size))
    if n.constant is None:
        result = machine.choose(machine.compare("==", n, 0), 1, result)
    result = machine.choose(machine.compare("==", size, 1), 1, result)
    half = n * 0.5
    broken = machine.builder.fcmp_unordered("!=", machine.floor(n).ir, n.ir)  # or NaN
    odd = machine.compare("!=", machine.floor(half), half)
    signed = machine.choose(odd, machine.intrinsic("copysign", result, a), result)
    unreal = machine.choose(machine.compare("<", a, 0), machine.greater(math.inf, size), 0)
    return machine.choose(broken, machine.where(unreal, math.nan, result), signed)


def approximate_sin(machine: Lanes, x: MachineValue) -> MachineValue:
    """sin x = ±sin r or ±cos r for r = x − n π/2, by the remainder of n in 4."""
    return machine.choose(machine.compare("==", x, 0), x, _circular(machine, x, "sin", 0))


def approximate_cos(machine: Lanes, x: MachineValue) -> MachineValue:
    """cos x = sin(x + π/2): the same with n + 1."""
    return _circular(machine, x, "cos", 1)


def _circular(machine: Lanes, x: MachineValue, name: str, ahead: int) -> MachineValue:
    builder, coefficients = machine.builder, coefficients_of(machine)
    r, n = _quadrant(machine, x)
    n = builder.add(n, machine.bits(ahead))
    z = r * r
    sine = r + r * z * polynomial(z, coefficients.sin)
    cosine = 1 - (z * 0.5 - z * z * polynomial(z, coefficients.cos))
    odd = builder.icmp_unsigned("!=", builder.and_(n, machine.bits(1)), machine.bits(0))
    sign = builder.shl(builder.and_(n, machine.bits(2)), machine.bits(machine.width - 2))
    result = machine.from_bits(builder.xor(machine.as_bits(machine.choose(odd, cosine, sine)), sign))
    return _large_by_library(machine, x, result, name)


def _quadrant(machine: Lanes, x: MachineValue) -> tuple[MachineValue, Any]:
    """r = x − n π/2 in −π/4 … π/4, and bits that end with those of n. In float64, whatever the numbers are."""
    builder, wide = machine.builder, machine.widened()
    exact = wide.value(builder.fpext(x.ir, wide.type)) if machine.single else x
    n, bits, _ = _whole(wide, exact, TWO_OVER_PI)
    for part in HALF_PI:
        exact = exact - n * part
    if machine.single:
        return machine.value(builder.fptrunc(exact.ir, machine.type)), builder.trunc(bits, machine.integer)
    return exact, bits


def _large_by_library(machine: Lanes, x: MachineValue, result: MachineValue, name: str) -> MachineValue:
    """The result, but in a branch that is almost never taken the C library's where |x| is beyond what `_quadrant` reduces."""
    builder = machine.builder
    large = machine.compare(">", machine.abs(x), MOST_REDUCED)
    if machine.lanes > 1:
        bits = ir.IntType(machine.lanes)
        large = builder.icmp_unsigned("!=", builder.bitcast(large, bits), bits(0))
    before = builder.block
    with builder.if_then(large, likely=False):
        exact = machine.by_library(name, x)
        inside = builder.block
    chosen = builder.phi(machine.type)
    chosen.add_incoming(result.ir, before)
    chosen.add_incoming(exact.ir, inside)
    return machine.value(chosen)
