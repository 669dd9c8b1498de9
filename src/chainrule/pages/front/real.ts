/**
 * Arithmetic that knows whether it is exact: fractions of whole numbers with a mark, as `chainrule.notation.arithmetic` has them.
 * What is no fraction (e, ln 2, √2) is right to about fifty digits, or as many as are asked for (`precisely`).
 */

/** above/below; below is 0 for ∞ (above 1), −∞ (−1) and what is no number (0). */
export interface Real {
  readonly above: bigint;
  readonly below: bigint;
  readonly exact: boolean;
}

let precision = 50;
let longBelow = 1n << 600n;
/** Bits for each of these digits; a longer fraction need not be kept whole where many are computed from each other. */
const LONG = 20;
const MOST_BITS = 20_000n;
const LARGEST_EXPONENT = 5000n;
const LEAST_EXPONENT = -20_000n;

/** What is computed meanwhile is right to about so many digits. */
export function precisely<T>(digits: number, work: () => T): T {
  const before = precision;
  const become = (wanted: number): void => void ([precision, longBelow] = [wanted, 1n << BigInt(12 * wanted)]);
  become(digits);
  try {
    return work();
  } finally {
    become(before);
  }
}

export function fraction(above: bigint, below = 1n, exact = true): Real {
  return below < 0n ? { above: -above, below: -below, exact } : { above, below, exact };
}

export const ZERO = fraction(0n);
const ONE = fraction(1n);
const TWO = fraction(2n);
/** From here on 1 − erf x is computed by itself, for little of 1 is left. */
const TAIL = TWO;
const INFINITE = fraction(1n, 0n, false);
const UNDEFINED = fraction(0n, 0n, false);

export const isNumber = (x: Real): boolean => x.below !== 0n;
const isUndefined = (x: Real): boolean => x.below === 0n && x.above === 0n;
const magnitude = (x: bigint): bigint => (x < 0n ? -x : x);
const signOf = (x: Real): number => (x.above > 0n ? 1 : x.above < 0n ? -1 : 0);
const inexact = (x: Real): Real => (x.exact ? { ...x, exact: false } : x);

const tens: bigint[] = [1n];
/** 10ⁿ, n ≥ 0. */
export function ten(n: number): bigint {
  for (let known = tens.length; known <= n; known++) tens.push(tens[known - 1]! * 10n);
  return tens[n]!;
}

/** How many binary digits a whole number has, without its sign. */
function bits(x: bigint): number {
  const hex = magnitude(x).toString(16);
  return x === 0n ? 0 : 4 * hex.length - Math.clz32(parseInt(hex[0]!, 16)) + 28;
}

/** The power of ten of the first digit of a fraction, or the one before it. */
export const leadOf = (x: Real): number => Math.floor((bits(x.above) - bits(x.below) - 1) * Math.log10(2));

function reduced(x: Real): Real {
  let [a, b] = [magnitude(x.above), x.below];
  while (b) [a, b] = [b, a % b];
  return a > 1n ? { above: x.above / a, below: x.below / a, exact: x.exact } : x;
}

/** The decimal that a text of digits stands for: −1.5e−7, 3/4, ∞. */
export function parsed(text: string, exact = true): Real {
  if (text === "π") return pi();
  const [whole, divisor] = text.split("/");
  if (divisor) return fraction(BigInt(whole!), BigInt(divisor), exact);
  const found = /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text);
  if (!found) return special(Number(text), exact);
  const [, sign, before, behind, power] = found;
  const last = Number(power ?? 0) - behind!.length;
  const digits = BigInt(sign! + (before! + behind! || "0"));
  return last >= 0 ? fraction(digits * ten(last), 1n, exact) : fraction(digits, ten(-last), exact);
}

/** A double as the decimal that it is written as. */
export const ofNumber = (x: number, exact = true): Real => parsed(String(x), exact);

/** The double itself, as a fraction. */
export function ofDouble(x: number): Real {
  const bytes = new DataView(new ArrayBuffer(8));
  bytes.setFloat64(0, x);
  const word = bytes.getBigUint64(0);
  const power = Number((word >> 52n) & 0x7ffn);
  const mantissa = (word & 0xfffffffffffffn) + (power ? 1n << 52n : 0n);
  const shift = Math.max(power, 1) - 1075;
  const signed = x < 0 ? -mantissa : mantissa;
  return shift >= 0 ? fraction(signed << BigInt(shift)) : fraction(signed, 1n << BigInt(-shift));
}

/** The nearest double, but for the last digit. */
export function toNumber(x: Real): number {
  if (x.below === 0n) return x.above ? Number(x.above) * Infinity : NaN;
  if (x.above === 0n) return 0;
  const last = leadOf(x) - 20;
  return Number(`${rounding(x, last)}e${last}`);
}

/** The whole number nearest to x/10^last, halves away from 0. */
export function rounding(x: Real, last: number): bigint {
  const above = last < 0 ? magnitude(x.above) * ten(-last) : magnitude(x.above);
  const below = last > 0 ? x.below * ten(last) : x.below;
  const size = (2n * above + below) / (2n * below);
  return x.above < 0n ? -size : size;
}

/** Of two operands with one divisor. */
function alike(a: Real, b: Real): [bigint, bigint, bigint] {
  if (a.below === b.below) return [a.above, b.above, a.below];
  if (a.below > b.below ? a.below % b.below === 0n : false) return [a.above, b.above * (a.below / b.below), a.below];
  if (b.below % a.below === 0n) return [a.above * (b.below / a.below), b.above, b.below];
  return [a.above * b.below, b.above * a.below, a.below * b.below];
}

/** Operations in which an infinity takes part go as they do for doubles. exact: are the operands what they stand for? */
function special(value: number, exact = false): Real {
  if (isFinite(value)) return ofNumber(value, false);
  return { above: Number.isNaN(value) ? 0n : value > 0 ? 1n : -1n, below: 0n, exact };
}

export function compare(a: Real, b: Real): number {
  if (a.below === 0n || b.below === 0n) return toNumber(a) - toNumber(b) || (toNumber(a) === toNumber(b) ? 0 : NaN);
  const difference = a.above * b.below - b.above * a.below;
  return difference > 0n ? 1 : difference < 0n ? -1 : 0;
}

export const equal = (a: Real, b: Real): boolean => compare(a, b) === 0;

export function add(a: Real, b: Real): Real {
  if (a.below === 0n || b.below === 0n) return special(toNumber(a) + toNumber(b), a.exact && b.exact);
  const [x, y, below] = alike(a, b);
  return { above: x + y, below, exact: a.exact && b.exact };
}

export const negative = (x: Real): Real => ({ above: -x.above, below: x.below, exact: x.exact });
export const subtract = (a: Real, b: Real): Real => add(a, negative(b));

export function multiply(a: Real, b: Real): Real {
  if (a.below && b.below && ((a.above === 0n && a.exact) || (b.above === 0n && b.exact))) return ZERO;
  if (a.below === 0n || b.below === 0n) return special(toNumber(a) * toNumber(b), a.exact && b.exact);
  return { above: a.above * b.above, below: a.below * b.below, exact: a.exact && b.exact };
}

export function divide(a: Real, b: Real): Real {
  if (a.below && b.below && a.above === 0n && a.exact && b.above !== 0n) return ZERO;
  if (b.below && b.above === 0n) return a.below ? special(toNumber(a) * Infinity) : inexact(a);
  if (a.below === 0n || b.below === 0n) return special(toNumber(a) / toNumber(b), a.exact && b.exact);
  const exact = a.exact && b.exact;
  if (a.below === b.below) return shortened(fraction(a.above, b.above, exact));
  return shortened(fraction(a.above * b.below, a.below * b.above, exact));
}

/** A fraction that has grown long: in lowest terms where it is exact, else with no more digits than mean anything. */
function shortened(x: Real): Real {
  if (x.below <= longBelow || x.below === 0n) return x;
  return x.exact ? reduced(x) : significant(x, precision + 20);
}

export function power(base: Real, exponent: Real): Real {
  if (!isNumber(base) || !isNumber(exponent)) return special(toNumber(base) ** toNumber(exponent));
  const n = reduced(exponent);
  if (n.above === 1n && n.below === 2n) return sqrt(base);
  if (base.above === 0n && n.above < 0n) return INFINITE;
  if (n.below === 1n && magnitude(n.above) * BigInt(Math.max(bits(base.above), bits(base.below))) <= MOST_BITS) {
    const exact = base.exact && exponent.exact;
    return n.above >= 0n
      ? { above: base.above ** n.above, below: base.below ** n.above, exact }
      : fraction(base.below ** -n.above, base.above ** -n.above, exact);
  }
  if (base.above <= 0n) return base.above < 0n && n.below !== 1n ? UNDEFINED : special(toNumber(base) ** toNumber(exponent));
  return exp(multiply(log(base), exponent));
}

/** A long fraction with fewer digits: to somewhat more than the precision of functions, and then no longer exact. */
export function roundedFraction(x: Real): Real {
  if (x.below === 0n || Math.max(bits(x.above), bits(x.below)) <= LONG * precision) return x;
  const short = x.exact ? reduced(x) : x;
  return Math.max(bits(short.above), bits(short.below)) <= LONG * precision ? short : significant(short, precision + 10);
}

/** To so many significant digits; no longer exact. */
function significant(x: Real, digits: number): Real {
  if (x.above === 0n) return inexact(x);
  const last = leadOf(x) - digits + 1;
  const whole = rounding(x, last);
  return last >= 0 ? fraction(whole * ten(last), 1n, false) : fraction(whole, ten(-last), false);
}

/** How many zeros stand behind the point before the first digit. */
function zeros(x: Real): number {
  return x.above === 0n ? 0 : Math.max(0, Math.ceil((bits(x.below) - bits(x.above)) * Math.log10(2)));
}

/** So many binary places hold so many decimal ones, and some more. */
const places = (digits: number): bigint => BigInt(Math.ceil(digits * 3.33) + 32);

const pis = new Map<number, Real>();
/** π = 16 arctan 1/5 − 4 arctan 1/239 (Machin). */
function pi(): Real {
  const scale = places(precision + 20);
  const arctan = (n: bigint): bigint => {
    let sum = 0n;
    for (let [power, k] = [(1n << scale) / n, 1n]; power; power /= -n * n, k += 2n) sum += power / k;
    return sum;
  };
  const known = pis.get(precision) ?? fraction(16n * arctan(5n) - 4n * arctan(239n), 1n << scale, false);
  pis.set(precision, known);
  return known;
}

const fixed = (x: Real, scale: bigint): bigint => (x.above << scale) / x.below;

const ln2s = new Map<bigint, bigint>();
/** ln 2 = Σ 1/(n 2ⁿ), with so many binary places. */
function ln2(scale: bigint): bigint {
  let known = ln2s.get(scale);
  if (known === undefined) {
    known = 0n;
    for (let n = 1n; n <= scale; n++) known += (1n << (scale - n)) / n;
    ln2s.set(scale, known);
  }
  return known;
}

/** e^x with so many binary places of x, as [mantissa with as many places, power of two]. */
function exponential(x: bigint, scale: bigint): [bigint, bigint] {
  const two = ln2(scale + 32n) >> 32n;
  const twos = x >= 0n ? x / two : -((-x + two - 1n) / two);
  const halvings = 10n;
  const r = (x - twos * two) >> halvings;
  let term = 1n << scale;
  let sum = term;
  for (let n = 1n; term; n++) {
    term = ((term * r) >> scale) / n;
    sum += term;
  }
  for (let n = 0n; n < halvings; n++) sum = (sum * sum) >> scale;
  return [sum, twos];
}

function scaled(mantissa: bigint, twos: bigint, scale: bigint): Real {
  const shift = twos - scale;
  return shift >= 0n ? fraction(mantissa << shift, 1n, false) : fraction(mantissa, 1n << -shift, false);
}

/** e^x; 1 at 0. */
export function exp(x: Real): Real {
  if (!isNumber(x) || x.above > LARGEST_EXPONENT * x.below) return isUndefined(x) ? x : x.above < 0n ? fraction(0n, 1n, false) : INFINITE;
  if (x.above < LEAST_EXPONENT * x.below) return fraction(0n, 1n, false);
  if (x.above === 0n) return { ...ONE, exact: x.exact };
  const digits = precision + 2 * zeros(x);
  const scale = places(digits + 16);
  return significant(scaled(...exponential(fixed(x, scale), scale), scale), digits);
}

export const expm1 = (x: Real): Real => subtract(exp(x), ONE);

/** The natural logarithm; 0 at 1. Halley's iteration for e^y = x, from the logarithm of doubles. */
export function log(x: Real): Real {
  if (!isNumber(x) || x.above <= 0n) return x.below && x.above === 0n ? { ...INFINITE, above: -1n } : signOf(x) > 0 ? x : UNDEFINED;
  if (equal(x, ONE)) return { ...ZERO, exact: x.exact };
  const digits = precision + 2 * zeros(subtract(x, ONE));
  const scale = places(digits + 16);
  const twos = BigInt(bits(x.above) - bits(x.below));
  const m = twos >= 0n ? (x.above << scale) / (x.below << twos) : ((x.above << -twos) << scale) / x.below;
  let y = ((BigInt(Math.round(Math.log(Number((m << 64n) >> scale) / 2 ** 64) * 2 ** 52)) << scale) >> 52n);
  for (let known = 45; known < Number(scale); known *= 3) {
    const [mantissa, more] = exponential(y, scale);
    const e = more >= 0n ? mantissa << more : mantissa >> -more;
    y += ((2n * (m - e)) << scale) / (m + e);
  }
  return significant(fraction(y + twos * ln2(scale), 1n << scale, false), digits);
}

export const log1p = (x: Real): Real => log(add(ONE, x));

function integerRoot(x: bigint): bigint {
  if (x < 2n) return x;
  let root = 1n << BigInt((bits(x) + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** √x, exact for squares. */
export function sqrt(x: Real): Real {
  if (!isNumber(x) || x.above < 0n) return signOf(x) > 0 ? x : UNDEFINED;
  const short = reduced(x);
  const root: Real = { above: integerRoot(short.above), below: integerRoot(short.below), exact: x.exact };
  if (root.above * root.above === short.above && root.below * root.below === short.below) return root;
  const scale = places(precision + 16) + BigInt(bits(short.below));
  return significant(fraction(integerRoot((short.above << (2n * scale)) / short.below), 1n << scale, false), precision);
}

export function tanh(x: Real): Real {
  if (compare(abs(x), fraction(LARGEST_EXPONENT)) > 0) return fraction(x.above > 0n ? 1n : -1n, 1n, false);
  const [up, down] = [exp(x), exp(negative(x))];
  return divide(subtract(up, down), add(up, down));
}

/** Σ term · (−x²)^k / k! in the manner of sine, cosine (step 2) and the error function (step 1, odd divisors). */
function series(x: Real, rough: (x: number) => number, first: number, step: 1 | 2, odd: boolean): Real {
  const size = Math.abs(toNumber(x));
  if (!(size <= 20)) return special(rough(toNumber(x)));
  const digits = precision + 2 * zeros(x);
  const scale = places(digits + precision + Math.ceil(size * size * (odd ? 0.5 : 0)) + Math.ceil(size));
  const given = fixed(x, scale);
  const square = -((given * given) >> scale);
  let term = first || odd ? given : 1n << scale;
  let sum = 0n;
  for (let k = 0n; term; ) {
    sum += odd ? term / (2n * k + 1n) : term;
    k += 1n;
    term = ((term * square) >> scale) / (step === 1 ? k : (2n * k + BigInt(first) - 1n) * (2n * k + BigInt(first)));
  }
  return significant(fraction(sum, 1n << scale, false), digits);
}

export const sin = (x: Real): Real => (isNumber(x) && x.above === 0n ? { ...ZERO, exact: x.exact } : series(x, Math.sin, 1, 2, false));
export const cos = (x: Real): Real => (isNumber(x) && x.above === 0n ? { ...ONE, exact: x.exact } : series(x, Math.cos, 0, 2, false));

/** The error function, 2/√π · Σ (−1)^k x^(2k+1) / (k! (2k+1)); far from 0 so many digits that 1 ± erf x has fifty. */
export function erf(x: Real): Real {
  if (isUndefined(x)) return x;
  if (isNumber(x) && x.above === 0n) return { ...ZERO, exact: x.exact };
  if (x.above < 0n) return negative(erf(negative(x)));
  return compare(x, TAIL) < 0 ? divide(multiply(TWO, series(x, Math.sign, 0, 1, true)), sqrt(pi())) : subtract(ONE, erfc(x));
}

/** 1 − erf x; far from 0 its continued fraction, e^(−x²)/√π · 1/(x + (1/2)/(x + (2/2)/(x + …))). */
export function erfc(x: Real): Real {
  if (!(compare(x, TAIL) >= 0)) return subtract(ONE, erf(x));
  if (!isNumber(x)) return inexact(ZERO);
  const scale = places(precision + 16);
  const given = fixed(x, scale);
  let beyond = 0n;
  for (let k = BigInt(precision + Math.ceil((1.2 * precision ** 2) / toNumber(x) ** 2)); k; k--) beyond = (k << (2n * scale - 1n)) / (given + beyond);
  return divide(exp(negative(multiply(x, x))), multiply(sqrt(pi()), fraction(given + beyond, 1n << scale, false)));
}

export const abs = (x: Real): Real => (x.above < 0n ? negative(x) : x);
export const sign = (x: Real): Real => (isUndefined(x) ? x : fraction(BigInt(signOf(x)), 1n, x.exact || x.above !== 0n));

export function floor(x: Real): Real {
  if (!isNumber(x)) return x;
  const whole = x.above / x.below - (x.above < 0n && x.above % x.below ? 1n : 0n);
  return fraction(whole, 1n, x.exact || x.above % x.below !== 0n);
}

export const maximum = (a: Real, b: Real): Real => (compare(a, b) >= 0 || isUndefined(a) ? a : b);
export const minimum = (a: Real, b: Real): Real => (compare(a, b) <= 0 || isUndefined(a) ? a : b);
export const greater = (a: Real, b: Real): Real => (compare(a, b) > 0 ? ONE : ZERO);
export const where = (condition: Real, a: Real, b: Real): Real => (condition.above ? a : b);

/** The functions in which the table of primitives writes its values. */
export const FUNCTIONS: Record<string, (...operands: Real[]) => Real> = {
  add, subtract, multiply, divide, negative, power, exp, expm1, log, log1p, sqrt, sin, cos, tanh, erf, erfc, abs, absolute: abs, sign, floor,
  maximum, minimum, greater, where, select: where,
};
