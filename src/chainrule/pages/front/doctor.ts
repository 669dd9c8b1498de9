/**
 * What the doctor says of these numbers: the criteria of `chainrule.diagnosis`, with the limits, the texts and what is known of the network
 * as Python hands them over. A finding is the same sentence as `chainrule doctor` prints.
 */

import { Activity } from "./activity";
import type { DoctorFacts } from "./content";
import { Criteria, type Shown } from "./criteria";
import { figure, down } from "./figures";
import { filled } from "./phrases";
import { type Start, withRate } from "./program";
import type { Session } from "./session";
import { CHUNK, Trials, type Work } from "./trials";

/** A disease: its key, and what shows it. */
interface Finding extends Shown {
  key: string;
}

/** What is said, causes before their effects. depth: how many causes it has above it. */
export interface Said {
  text: string;
  /** What it is about; undefined for a sentence that leads to the others. */
  element: number | undefined;
  depth: number;
}

export class Doctor {
  private readonly facts: DoctorFacts;
  readonly #criteria: Criteria;

  constructor(private readonly session: Session) {
    const { doctor, leaves } = session.content;
    this.facts = doctor;
    const arrays = new Map(session.start.arrays);
    for (const key of Object.keys(leaves.states)) {
      const { shape, data } = arrays.get(key)!;
      arrays.set(key, { shape, data: new Float64Array(data.length) });
    }
    const from: Start = { arrays, number: 1 };
    const start = new Activity(session, from);
    this.#criteria = new Criteria(session, start, new Trials(session, from, start));
  }

  /** Every sentence. */
  *said(): Work<Said[]> {
    const found: Finding[] = [];
    for (const key of Object.keys(this.facts.after)) {
      const one = yield* this.#criteria.of(key);
      if (one) found.push({ key, ...one });
    }
    const causeOf = (finding: Finding): Finding | undefined => found.find((other) => this.facts.after[finding.key]!.includes(other.key));
    const told = (finding: Finding, depth: number): Said[] => [
      { text: this.#sentence(finding), element: finding.element, depth },
      ...found.filter((other) => causeOf(other) === finding).flatMap((other) => told(other, depth + 1)),
    ];
    return found.filter((finding) => !causeOf(finding)).flatMap((finding) => told(finding, 0));
  }

  #sentence({ key, numbers }: Finding): string {
    const { how, when } = numbers;
    const said = this.#say(`doctor.${key}${how ? `.${how}` : ""}`, numbers);
    return when ? this.#say(`doctor.when.${when}`, { ...numbers, said }) : said;
  }

  #say(key: string, numbers: Record<string, number | string>): string {
    const { texts, comma } = this.facts;
    const one = Object.keys(numbers).find((name) => numbers[name] === 1 && `${key}.${name}=1` in texts);
    return filled(texts[one ? `${key}.${one}=1` : key]!, (name) => {
      const value = String(numbers[name]);
      return comma && /^[\d.−·^\u00a0]+$/.test(value) ? value.replace(".", ",") : value;
    });
  }

  /** Below which rate the step that is looked at lowers the error: the first one, from 0 upward, that does not; nothing if none does. */
  *lowersBelow(): Work<string | undefined> {
    const { scan, limits } = this.facts;
    const { session } = this;
    const before = session.double(session.content.stage.error);
    if (!scan || !(Math.abs(before) >= limits.tolerance)) return undefined;
    const known = new Map<number, number>();
    const after = (rate: number): number => {
      let error = known.get(rate);
      if (error === undefined) {
        const start = withRate(session.start, rate);
        known.set(rate, (error = session.runner.error(session.runner.next(start, session.runner.before(start)).arrays)));
      }
      return error;
    };
    const lowers = (rate: number): boolean => after(rate) < before;
    let least = limits.most_rate;
    while (least > 1e-15 && !(Math.abs(after(least / 10) - before) <= limits.seen * Math.abs(before))) least /= 10;
    if (!(least < limits.most_rate)) return undefined;
    const below: number[] = [];
    let high: number | undefined;
    for (let k = 0; k <= scan && high === undefined; k++) {
      const rate = least * (limits.most_rate / least) ** (k / scan);
      if (lowers(rate)) below.push(rate);
      else high = rate;
      if (k % CHUNK === 0) yield;
    }
    if (!below.length) return undefined;
    for (let k = 1; k + 1 < below.length; k++) {
      const [left, middle, right] = [below[k - 1]!, below[k]!, below[k + 1]!];
      const top = after(middle);
      if (!(top > after(left) && top > after(right) && before - top < 0.1 * Math.abs(before))) continue;
      const peak = highest(after, left, right);
      if (lowers(peak)) continue;
      [below.length, high] = [k + (middle < peak ? 1 : 0), peak];
      break;
    }
    if (high === undefined) return this.#say("doctor.rates.all", { rate: figure(limits.most_rate) });
    let [low, border] = [below[below.length - 1]!, high];
    for (let k = 0; k < 40 && down(low, 6) !== down(border, 6); k++) {
      const middle: number = (low + border) / 2;
      if (lowers(middle)) low = middle;
      else border = middle;
    }
    return this.#say("doctor.rates.lowers_below", { rate: figure(down(low)) });
  }
}

/** Where a function is highest between two places, by golden-section search. */
function highest(value: (place: number) => number, low: number, high: number): number {
  const shrink = (Math.sqrt(5) - 1) / 2;
  let [a, b] = [high - shrink * (high - low), low + shrink * (high - low)];
  for (let k = 0; k < 40; k++)
    if (value(a) > value(b)) [b, a, high] = [a, b - shrink * (b - low), b];
    else [a, b, low] = [b, a + shrink * (high - a), a];
  return (low + high) / 2;
}
