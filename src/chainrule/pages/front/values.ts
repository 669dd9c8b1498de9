/**
 * The number behind each element, as `chainrule.explanation.values` has it: computed from the numbers before it to fifty digits, when it
 * is asked for, with the mark that tells an exact number from a rounded one; where little is left of it, to more.
 */

import type { Tensor } from "./arrays";
import type { Content, Instruction } from "./content";
import { printedAs } from "./numbers";
import { FUNCTIONS, type Real, ZERO, abs, compare, fraction, isNumber, multiply, ofNumber, parsed, precisely, roundedFraction, subtract, toNumber } from "./real";

/** Where a number differs from its double by more than this part of the largest number of the step, the double counts. */
const APART = 1e-9;
/** Of a smaller part of the largest number of the step fifty digits alone cannot tell whether rounding left it. */
const DUST = 1e-45;
/** Digits with which numbers are computed, one after the other, as long as they do not agree. */
const PRECISIONS = [50, 100, 200, 400];
/** Numbers agree that differ by less than this part of themselves. */
const AGREED = fraction(1n, 10n ** 9n);
/** Steps with more numbers are written as doubles have them. */
const MOST_PRECISE = 3000;
const BY_PAPER = fraction(5000n);

export type Number_ = Real | number;

/** What a node comes to. value: the number of a letter; given: nodes whose numbers are known; operands: those of a paper's formula. */
export function worth(
  content: Content,
  node: number,
  value: (element: number) => Real,
  given: ReadonlyMap<number, Real> = new Map(),
  operands: readonly Real[] = [],
): Real {
  const known = new Map(given);
  const at = (place: number): Real => {
    const before = known.get(place);
    if (before) return before;
    const [operation, ...rest] = content.nodes[place]!;
    let result: Real;
    if (operation === "letter") result = value(rest[0] as number);
    else if (operation === "argument") result = operands[rest[0] as number]!;
    else if (operation === "constant") result = parsed(rest[0] as string);
    else result = applied(content, operation, (rest as number[]).map(at));
    known.set(place, result);
    return result;
  };
  return at(node);
}

/** An elementwise operation: as paper writes it where that is harmless, else as the table computes it. */
function applied(content: Content, operation: string, operands: Real[]): Real {
  const paper = content.paper[operation];
  if (paper !== undefined && operands.every((operand) => compare(abs(operand), BY_PAPER) < 0))
    return worth(content, paper, () => ZERO, new Map(), operands);
  const own = content.functions[operation];
  if (!own) return FUNCTIONS[operation]!(...operands);
  const found: Real[] = [];
  own.instructions.forEach(([name, places, parameters]: Instruction, at) => {
    if (name === "leaf") found[at] = operands[at]!;
    else if (name === "constant") found[at] = ofNumber(parameters["number"] as number);
    else found[at] = FUNCTIONS[name]!(...places.map((place) => found[place]!));
  });
  return found[own.result]!;
}

export class Values {
  readonly #numbers: (Number_ | undefined)[] = [];
  readonly #largest: number;
  #finer?: Values;

  /**
   * arrays    the doubles of the step, by key
   * given     are the numbers from outside exactly the decimals that they are written as?
   * fractions is everything to be computed without rounding?
   * replaced  what stands for elements that come from outside, with so many digits: after the step, the numbers of the new weights
   * digits    with how many of them numbers are computed: a place of `PRECISIONS`
   */
  constructor(
    private readonly content: Content,
    private readonly arrays: ReadonlyMap<string, Tensor>,
    private readonly given: boolean,
    private readonly fractions = false,
    private readonly replaced?: (element: number, digits: number) => Number_ | undefined,
    private readonly digits = 0,
  ) {
    const all = [...arrays.values()];
    const count = all.reduce((sum, { data }) => sum + data.length, 0);
    const largest = all.reduce((most, { data }) => data.reduce((most, number) => Math.max(most, Math.abs(number)), most), 0);
    this.#largest = count <= MOST_PRECISE && isFinite(largest) ? largest : 0;
  }

  /** The double of an element. */
  double(element: number): number {
    const [key, place, node] = this.content.elements[element]!;
    return node === -2 ? 0 : this.arrays.get(key)!.data[place]!;
  }

  /** The number of an element, which is a double where it is known no better. */
  of(element: number): Number_ {
    return (this.#numbers[element] ??= this.#found(element));
  }

  #found(element: number): Number_ {
    const [key, , node] = this.content.elements[element]!;
    const recorded = this.double(element);
    if (!this.#largest) return recorded;
    if (node === -2) return ZERO;
    const other = this.replaced?.(element, this.digits);
    if (other !== undefined) return other;
    if (node === -1) return printedAs(recorded, (this.given || this.fractions) && key !== "R");
    if (this.fractions) return this.#exact(node);
    const number = this.#worth(node, recorded);
    return isNumber(number) && Math.abs(toNumber(number) - recorded) <= APART * this.#largest ? number : recorded;
  }

  /** What a node is worth; with more digits where little is left of it, unless a double says about the same. */
  #worth(node: number, recorded: number): Real {
    let number = this.#computed(node);
    const [size, kept] = [Math.abs(toNumber(number)), Math.abs(recorded)];
    if (number.exact || !(size < DUST * this.#largest) || (kept / 2 < size && size < 2 * kept)) return number;
    for (let values = this.finer; values; values = values.finer) {
      const before = number;
      number = values.#computed(node);
      if (number.above && compare(abs(subtract(number, before)), multiply(AGREED, abs(number))) <= 0) return number;
    }
    return { ...ZERO, exact: false };
  }

  #exact(node: number): Real {
    return worth(this.content, node, (letter) => printedAs(this.of(letter)));
  }

  #computed(node: number): Real {
    return precisely(PRECISIONS[this.digits]!, () => roundedFraction(this.#exact(node)));
  }

  /** The same numbers with more digits; none where there are none with more. */
  get finer(): Values | undefined {
    const { content, arrays, given, fractions, replaced, digits } = this;
    if (digits + 1 < PRECISIONS.length) this.#finer ??= new Values(content, arrays, given, fractions, replaced, digits + 1);
    return this.#finer;
  }
}
