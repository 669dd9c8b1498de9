/** Numbers as they stand in the sentences of the doctor. */

const BLANK = "\u00a0";

/** A number with three digits, as it stands in a sentence. */
export function figure(value: number): string {
  if (!isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const rounded = Number(value.toPrecision(3));
  const plain = rounded === 0 || (Math.abs(rounded) >= 1e-4 && Math.abs(rounded) < 1e7);
  const [mantissa, power] = rounded.toExponential().split("e") as [string, string];
  return (plain ? String(rounded) : `${mantissa}${BLANK}·${BLANK}10^${Number(power)}`).replaceAll("-", "−");
}

/** A number with two digits, with powers of ten as documents write them. */
export function short(value: number): string {
  const [mantissa, power] = value.toExponential(1).split("e") as [string, string];
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 2) return String(Number(value.toPrecision(2)));
  return `${Number(mantissa)} · 10^${exponent}`.replaceAll("-", "−");
}

/** To the nearest whole number, of two equally near ones to the even one. */
export const whole = (value: number): number => (Math.abs(value % 1) === 0.5 ? 2 * Math.round(value / 2) : Math.round(value));

/** The largest number of so many digits that is not above this one. */
export function down(value: number, digits = 3): number {
  const near = Number(value.toPrecision(digits));
  return near <= value ? near : Number((near - 10 ** (Math.floor(Math.log10(value)) - digits + 1)).toPrecision(digits));
}
