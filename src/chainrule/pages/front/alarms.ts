/** What goes wrong, in words, at the first culprit: what the doctor says, looked for when numbers have come to rest. */

import { Doctor, type Said } from "./doctor";
import type { Work } from "./trials";
import type { Session } from "./session";
import type { Words } from "./words";

/** Milliseconds of work at a time, and those without a change before it begins. */
const [SLICE, REST] = [6, 250];

export class Alarms {
  #waiting = 0;
  #looked: unknown;

  constructor(
    private readonly session: Session,
    private readonly words: Words,
    /** Shows what was found; nothing while it is being looked for. */
    private readonly show: (found?: Said[]) => void,
  ) {}

  /** Numbers may have changed. */
  refresh(): void {
    if (this.#looked === this.session.start) return;
    this.#looked = this.session.start;
    clearTimeout(this.#waiting);
    this.show();
    const work = this.#work();
    const go = (): void => {
      const until = performance.now() + SLICE;
      for (;;) {
        const { done, value } = work.next();
        if (done) return this.show(value);
        if (performance.now() > until) break;
      }
      this.#waiting = window.setTimeout(go, 4);
    };
    this.#waiting = window.setTimeout(go, REST);
  }

  /** Everything, at once. */
  now(): Said[] {
    const work = this.#work();
    for (;;) {
      const { done, value } = work.next();
      if (done) return value;
    }
  }

  *#work(): Work<Said[]> {
    const doctor = new Doctor(this.session);
    const [growing] = this.#growing();
    const found = yield* doctor.said();
    // To the doctor every step is the first one.
    if (this.session.start.number > 1 && found.length) found.unshift({ text: this.words.say("alarm.later"), element: undefined, depth: 0 });
    if (!growing) return found;
    const limit = yield* doctor.lowersBelow();
    return [{ ...growing, text: limit ? `${growing.text} ${limit}` : growing.text }, ...found];
  }

  /** Does this step make the error larger? */
  #growing(): Said[] {
    const { session, words } = this;
    const { stage } = session.content;
    const [before, after] = [session.double(stage.error), session.double(stage.error, session.step.after)];
    if (!isFinite(before) || after <= before * (1 + 1e-12)) return [];
    const text = words.say("alarm.growing", { before: words.number(before, 4), after: words.number(after, 4) });
    return [{ text, element: session.rate ?? stage.error, depth: 0 }];
  }
}
