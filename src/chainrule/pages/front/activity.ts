/** How far a network is, for some numbers: what its layers give, and how large that is. */

import { listOf } from "./arrays";
import type { UnitFacts } from "./content";
import type { Arrays, Start } from "./program";
import type { Session } from "./session";

export const mean = (numbers: readonly number[]): number => numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
export const rms = (numbers: ArrayLike<number>): number => Math.sqrt(mean(Array.from(numbers, (value) => value * value)));
export const deviation = (numbers: readonly number[]): number => Math.sqrt(mean(numbers.map((value) => (value - mean(numbers)) ** 2)));
export const finite = (numbers: ArrayLike<number>): boolean => Array.prototype.every.call(numbers, isFinite);

/** How far a network is, for some numbers: every quantity, and what only the doctor looks at. */
export class Activity {
  readonly arrays: Arrays;
  readonly #looks: Arrays;

  constructor(
    private readonly session: Session,
    start: Start,
  ) {
    this.arrays = session.runner.before(start);
    this.#looks = session.runner.looked(start);
  }

  of(key: string): Float64Array {
    return (this.arrays.get(key) ?? this.#looks.get(key))!.data;
  }

  get error(): number {
    return this.of(this.session.content.program.error)[0]!;
  }

  /** The columns of several arrays side by side. */
  columns(keys: Iterable<string>): number[][] {
    const rows = this.session.content.samples;
    return [...keys].flatMap((key) => {
      const data = this.of(key);
      const wide = data.length / rows;
      return listOf(wide, (at) => listOf(rows, (row) => data[row * wide + at]!));
    });
  }

  /** Of a layer's units: which have the slope 0 for every row, and the share of slopes next to 0. */
  flat(units: UnitFacts, limit: number): [boolean[], number] {
    const slopes = this.of(units.slope);
    const wide = slopes.length / this.session.content.samples;
    const dead = listOf(wide, (at) => slopes.every((slope, i) => i % wide !== at || slope === 0));
    return [dead, units.bounded ? slopes.filter((slope) => Math.abs(slope) < limit * units.steepest).length / slopes.length : 0];
  }
}
