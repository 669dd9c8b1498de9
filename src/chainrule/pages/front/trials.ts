/** Trainings that are tried, from the numbers that the doctor looks at, without the states of the optimiser. */

import { type Activity, finite } from "./activity";
import { type Start, withRate } from "./program";
import type { Session } from "./session";

/** Work that is done a little at a time: it may be left wherever it yields. */
export type Work<T> = Generator<undefined, T>;

/** Steps that are tried without a pause. */
export const CHUNK = 10;

/** A training of some steps. last: E at its end; end: the parameters there; diverged: the step in which its numbers left all bounds. */
export interface Trial {
  first: number;
  last: number;
  end?: Start;
  diverged: number;
}

export class Trials {
  readonly #known = new Map<number, Trial>();

  constructor(
    private readonly session: Session,
    private readonly from: Start,
    private readonly start: Activity,
  ) {}

  /** The rate in use. */
  get rate(): number {
    return this.from.arrays.get("learning_rate")?.data[0] ?? NaN;
  }

  /** Train with a rate; what was tried is not tried again. */
  *of(rate = this.rate): Work<Trial> {
    let known = this.#known.get(rate);
    if (!known) this.#known.set(rate, (known = yield* this.#tried(rate)));
    return known;
  }

  *#tried(rate: number): Work<Trial> {
    const { runner, content } = this.session;
    const { trial, rate: hasRate } = content.doctor;
    const { steps, bound } = trial;
    const first = this.start.error;
    const most = isFinite(first) ? bound * Math.max(1, first) : Infinity;
    const whole = (start: Start): boolean => [...start.arrays.values()].every(({ data }) => finite(data));
    let start = hasRate ? withRate(this.from, rate) : this.from;
    for (let step = 1; step <= steps; step++) {
      const before = runner.before(start);
      const error = before.get(content.program.error)!.data[0]!;
      if (!(Math.abs(error) < most)) {
        const diverged = step > 1 && !isFinite(error) && !whole(start) ? step - 1 : step;
        return { first, last: Infinity, diverged };
      }
      start = runner.next(start, before);
      if (step % CHUNK === 0) yield;
    }
    const last = runner.error(start.arrays);
    if (!isFinite(last) && !whole(start)) return { first, last: Infinity, diverged: steps };
    return { first, last: isFinite(last) ? last : Infinity, end: start, diverged: 0 };
  }
}
