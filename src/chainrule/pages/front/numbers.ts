/** Numbers as they are printed, as `chainrule.notation.numbers` prints them. */

import type { Layout } from "./content";
import { type Real, compare, equal, fraction, isNumber, leadOf, multiply, ofDouble, ofNumber, parsed, rounding, subtract, ten } from "./real";

/** A number that ends within so many significant digits is printed whole. */
const WHOLE = 9;
/** A double may miss the decimal that it stands for by so many units in its last place. */
const DUST = 16n;
/** A double of more digits is not taken for the decimal that it is written as. */
const SHORT = 12;
/** Longer fractions are refused. */
const MOST_DIGITS = 200;

/** How numbers are written. */
export interface Writing {
  digits: number;
  comma: boolean;
  exact: boolean;
}

export type NumberLayout = Extract<Layout, { 0: "n" }>;

/** A number on paper: its layout, its value, the weight of its last digit, and whether it is the number itself. */
export interface Printed {
  layout: NumberLayout | ["r", ...Layout[]] | ["f", Layout, Layout];
  value: Real;
  unit: Real;
  exact: boolean;
}

/** The number for which a value stands: a double may be meant as the short decimal beside it. */
export function printedAs(value: Real | number, exact = false): Real {
  if (typeof value !== "number") return value;
  const found = meantBy(value);
  return exact ? { ...found, exact: true } : found;
}

const meant = new Map<number, Real>();
const MOST_MEANT = 4000;

function meantBy(value: number): Real {
  let known = meant.get(value);
  if (known && !Object.is(value, -0)) return known;
  if (meant.size > MOST_MEANT) meant.clear();
  meant.set(value, (known = read(value)));
  return known;
}

function read(value: number): Real {
  if (!isFinite(value)) return ofNumber(value);
  const short = parsed(value.toPrecision(WHOLE));
  const off = subtract(short, ofDouble(value));
  const dust = multiply(fraction(DUST), ofDouble(unitInLastPlace(value)));
  if (compare(off.above < 0n ? { ...off, above: -off.above } : off, dust) <= 0) return short;
  const whole = ofNumber(value);
  return { ...whole, exact: equal(parsed(value.toPrecision(SHORT)), whole) };
}

function unitInLastPlace(value: number): number {
  const power = Math.max(Math.floor(Math.log2(Math.abs(value))), -1022);
  const size = 2 ** power > Math.abs(value) ? power - 1 : 2 ** (power + 1) <= Math.abs(value) ? power + 1 : power;
  return Math.max(2 ** (size - 52), Number.MIN_VALUE);
}

/** A number on paper; `digits` where it has to be rounded. */
export function printed(value: Real | number, writing: Writing, digits = writing.digits): Printed {
  const number = printedAs(value);
  if (!isNumber(number)) {
    const text = number.above > 0n ? "∞" : number.above < 0n ? "−∞" : "NaN";
    return { layout: ["n", text], value: number, unit: fraction(0n), exact: true };
  }
  if (writing.exact) return { layout: ratio(number), value: { ...number, exact: true }, unit: fraction(0n), exact: true };
  return decimal(number, digits, writing.comma);
}

function decimal(number: Real, digits: number, comma: boolean): Printed {
  let [mantissa, last] = rounded(number, Math.max(WHOLE, digits));
  const exact = number.exact && equal(decimalOf(mantissa, last), number);
  [mantissa, last] = exact ? stripped(mantissa, last) : rounded(number, digits);
  const text = String(mantissa < 0n ? -mantissa : mantissa);
  const lead = last + text.length - 1;
  const plain = isPlain(lead, last, exact, digits);
  const written = withPoint(text, plain ? -last : text.length - 1);
  const signed = (number.above < 0n ? "−" : "") + (comma ? written.replace(".", ",") : written);
  const unit = decimalOf(1n, plain ? Math.min(last, 0) : last);
  return { layout: ["n", signed, plain ? undefined : lead, !exact], value: decimalOf(mantissa, last), unit, exact };
}

const decimalOf = (mantissa: bigint, last: number): Real => (last >= 0 ? fraction(mantissa * ten(last)) : fraction(mantissa, ten(-last)));

/** Is a number with these first and last powers of ten written without one? A rounded one never ends in zeros before the point. */
function isPlain(lead: number, last: number, exact: boolean, digits: number): boolean {
  if (exact && last >= 0) return lead < WHOLE;
  return -4 <= lead && lead < (exact ? 7 : Math.min(7, digits));
}

/** [mantissa, last] with number ≈ mantissa · 10^last, to so many significant digits. */
function rounded(number: Real, digits: number): [bigint, number] {
  if (number.above === 0n) return [0n, 0];
  let last = leadOf(number) - digits + 1;
  const most = ten(digits);
  const size = (x: bigint): bigint => (x < 0n ? -x : x);
  let mantissa = rounding(number, last);
  while (size(mantissa) >= most) mantissa = rounding(number, ++last);
  for (;;) {
    const finer = rounding(number, last - 1);
    if (size(finer) >= most) return [mantissa, last];
    [mantissa, last] = [finer, last - 1];
  }
}

function stripped(mantissa: bigint, last: number): [bigint, number] {
  while (mantissa && mantissa % 10n === 0n) [mantissa, last] = [mantissa / 10n, last + 1];
  return [mantissa, last];
}

/** The digits with so many of them behind the point; zeros before it if there are fewer of them than none. */
function withPoint(digits: string, places: number): string {
  if (places <= 0) return digits + "0".repeat(-places);
  const padded = digits.padStart(places + 1, "0");
  return `${padded.slice(0, -places)}.${padded.slice(-places)}`;
}

/** A fraction has too many digits to be printed. */
export class TooLong extends Error {}

function ratio(number: Real): Printed["layout"] {
  let [a, b] = [number.above < 0n ? -number.above : number.above, number.below];
  while (b) [a, b] = [b, a % b];
  const [above, below] = a ? [number.above / a, number.below / a] : [0n, 1n];
  const whole = (x: bigint): string => {
    const text = String(x);
    if (text.length > MOST_DIGITS) throw new TooLong(text);
    return text;
  };
  if (below === 1n) return ["n", above < 0n ? `−${whole(-above)}` : whole(above), undefined, false];
  const size: Layout = ["f", ["n", whole(above < 0n ? -above : above), undefined, false], ["n", whole(below), undefined, false]];
  return above < 0n ? ["r", ["o", "−", 1], size] : (size as Printed["layout"]);
}
