/**
 * What the doctor says of these numbers: the criteria of `chainrule.diagnosis`, with the limits, the texts and what is known of the network
 * as Python hands them over. A finding is the same sentence as `chainrule doctor` prints.
 */

import { Activity, deviation, finite, mean, rms } from "./activity";
import { listOf } from "./arrays";
import type { Content, DoctorFacts, UnitFacts } from "./content";
import { figure, down, short, whole } from "./figures";
import { type Start, withRate } from "./program";
import type { Session } from "./session";

/** A disease: its key, the numbers of its text, and what it is about. */
interface Finding {
  key: string;
  numbers: Record<string, number | string>;
  element: number;
}

/** What is said, causes before their effects. depth: how many causes it has above it. */
export interface Said {
  text: string;
  element: number;
  depth: number;
}

/** Work that is done a little at a time: it may be left wherever it yields. */
export type Work<T> = Generator<undefined, T>;

/** What a criterion gives: the numbers that show a disease, and what it is about; nothing where it is not there. */
type Criterion = Work<Omit<Finding, "key"> | undefined>;

/** Steps that are tried without a pause. */
const CHUNK = 10;
/** Of many layers so many factors are told at each end. */
const FACTORS = 6;

/** A training of some steps. last: E at its end; end: the parameters there; diverged: the step in which its numbers left all bounds. */
interface Trial {
  first: number;
  last: number;
  end?: Start;
  diverged: number;
}

export class Doctor {
  private readonly facts: DoctorFacts;
  readonly #trials = new Map<number, Trial>();
  readonly #from: Start;
  private readonly start: Activity;
  #end!: Activity;

  get #content(): Content {
    return this.session.content;
  }

  constructor(private readonly session: Session) {
    const { doctor, leaves } = session.content;
    this.facts = doctor;
    const arrays = new Map(session.start.arrays);
    for (const key of Object.keys(leaves.states)) {
      const { shape, data } = arrays.get(key)!;
      arrays.set(key, { shape, data: new Float64Array(data.length) });
    }
    this.#from = { arrays, number: 1 };
    this.start = new Activity(session, this.#from);
  }

  /** Every sentence. */
  *said(): Work<Said[]> {
    const found: Finding[] = [];
    for (const key of Object.keys(this.facts.after)) {
      const one = yield* (this as unknown as Record<string, () => Criterion>)[key]!();
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
    const how = numbers["how"];
    return this.#say(`doctor.${key}${how ? `.${how}` : ""}`, numbers);
  }

  #say(key: string, numbers: Record<string, number | string>): string {
    const { texts, comma } = this.facts;
    const one = Object.keys(numbers).find((name) => numbers[name] === 1 && `${key}.${name}=1` in texts);
    return texts[one ? `${key}.${one}=1` : key]!.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = String(numbers[name]);
      return comma && /^[\d.−·^\u00a0]+$/.test(value) ? value.replace(".", ",") : value;
    });
  }

  // What is tried

  /** Train with the rate times a factor; what was tried is not tried again. */
  *#trial(rate = this.rate): Work<Trial> {
    let known = this.#trials.get(rate);
    if (!known) this.#trials.set(rate, (known = yield* this.#tried(rate)));
    return known;
  }

  *#tried(rate: number): Work<Trial> {
    const { runner } = this.session;
    const { steps, bound } = this.facts.trial;
    const first = this.start.error;
    const most = isFinite(first) ? bound * Math.max(1, first) : Infinity;
    const whole = (start: Start): boolean => [...start.arrays.values()].every(({ data }) => finite(data));
    let start = this.facts.rate ? withRate(this.#from, rate) : this.#from;
    for (let step = 1; step <= steps; step++) {
      const before = runner.before(start);
      const error = before.get(this.#content.program.error)!.data[0]!;
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

  private get rate(): number {
    return this.#from.arrays.get("learning_rate")?.data[0] ?? NaN;
  }

  *#atEnd(): Work<Activity> {
    if (!this.#end) {
      const { end } = yield* this.#trial();
      this.#end = end ? new Activity(this.session, end) : this.start;
    }
    return this.#end;
  }

  *#hidden(): Work<[UnitFacts, boolean[], number][]> {
    const inner = this.facts.units.filter(({ output }) => !output);
    return [this.start, yield* this.#atEnd()].flatMap((activity) => inner.map((units): [UnitFacts, boolean[], number] => [units, ...activity.flat(units, this.facts.limits.flat)]));
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
    if (high === undefined) return this.#say("doctor.rates.lowers_below", { rate: figure(limits.most_rate) });
    let [low, border] = [below[below.length - 1]!, high];
    for (let k = 0; k < 40 && down(low, 6) !== down(border, 6); k++) {
      const middle: number = (low + border) / 2;
      if (lowers(middle)) low = middle;
      else border = middle;
    }
    return this.#say("doctor.rates.lowers_below", { rate: figure(down(low)) });
  }

  // The criteria, each by its key, which Python says (so it stands in quotes), as `chainrule.diagnosis.network_criteria` has them

  #at(key: string, place = 0): number {
    return this.session.places.get(`${key} ${place}`) ?? this.#content.stage.error;
  }

  private get inputs(): [number[][], (place: number) => number] {
    const { inputs } = this.#content.stage;
    const elements = inputs.flatMap((key) => listOf(this.#content.quantities[key]![1]!, (at) => this.#at(key, at)));
    return [this.start.columns(inputs), (place) => elements[place]!];
  }

  private get targets(): number[][] {
    return this.start.columns(Object.keys(this.#content.leaves.targets));
  }

  #many(column: number[]): boolean {
    return column.length <= 2 || new Set(column).size > this.facts.limits.few_values;
  }

  *"not_finite"(): Criterion {
    const { start, facts } = this;
    if (isFinite(start.error) && facts.gradients.every(([, gradient]) => finite(start.of(gradient)))) return undefined;
    for (const { error, prediction, logarithms, loss, activation } of facts.losses) {
      if (finite(start.of(error)) || !finite(start.of(prediction))) continue;
      const operands = logarithms.flatMap((key) => [...start.of(key)]);
      const number = Math.min(...operands);
      const how = number < 0 ? "negative" : number === 0 ? "logarithm" : operands.some((one) => Math.abs(one) === Infinity) ? "division" : "";
      if (how) return { numbers: { how, loss, number: figure(number), activation }, element: this.#at(prediction) };
    }
    const quantity = facts.values.find((key) => !finite(start.of(key))) ?? "E";
    const place = [...start.of(quantity)].findIndex((value) => !isFinite(value));
    return { numbers: { quantity }, element: this.#at(quantity, place) };
  }

  *"inputs_unscaled"(): Criterion {
    const { limits, inputs: names } = this.facts;
    const [x, element] = this.inputs;
    const deviations = x.map(deviation);
    const wide = x.flatMap((column, place) => (this.#many(column) && deviations[place]! > 0 ? [place] : []));
    const by = (a: number, b: number): number => deviations[a]! - deviations[b]!;
    if (wide.length > 1) {
      const [low, high] = [wide.reduce((a, b) => (by(b, a) < 0 ? b : a)), wide.reduce((a, b) => (by(b, a) > 0 ? b : a))];
      const number = deviations[high]! / deviations[low]!;
      if (number > limits.most_ratio) return { numbers: { how: "ratio", column: names[high]!, other: names[low]!, number: figure(number) }, element: element(high) };
    }
    const sizes = x.map((column) => (this.#many(column) ? rms(column) : 0));
    const largest = sizes.indexOf(Math.max(...sizes));
    if (sizes[largest]! > limits.most_rms) return { numbers: { how: "rms", column: names[largest]!, number: figure(sizes[largest]!) }, element: element(largest) };
    const offsets = x.map((column, place) => (wide.includes(place) ? Math.abs(mean(column)) / deviations[place]! : 0));
    const far = offsets.indexOf(Math.max(...offsets));
    return offsets[far]! > limits.most_mean ? { numbers: { how: "mean", column: names[far]!, number: figure(offsets[far]!) }, element: element(far) } : undefined;
  }

  *"targets_unscaled"(): Criterion {
    const { limits, outputs, targets: names } = this.facts;
    const t = this.targets;
    for (const { low, high, targets, columns } of outputs) {
      if (targets !== "numbers" || (typeof low === "number" && typeof high === "number")) continue;
      for (let place = columns[0]; place < columns[1]; place++) {
        const [column, size] = [names[place]!, rms(t[place]!)];
        const element = this.#content.stage.targets.flat()[place] ?? this.#content.stage.error;
        if (size > limits.most_rms) return { numbers: { how: "rms", column, number: figure(size) }, element };
        const [middle, wide] = [Math.abs(mean(t[place]!)), deviation(t[place]!)];
        if (wide > 0 && middle > limits.most_mean * wide) return { numbers: { how: "mean", column, number: figure(middle / wide) }, element };
      }
    }
    return undefined;
  }

  *"bounded_output"(): Criterion {
    const end = (value: number | string): string => (typeof value === "number" ? figure(Number(value.toFixed(6))) : value);
    for (const { activation, low, high, columns } of this.facts.outputs) {
      const [least, most] = [typeof low === "number" ? low : -Infinity, typeof high === "number" ? high : Infinity];
      const part = this.targets.slice(...columns);
      const flat = part[0]!.flatMap((_, row) => part.map((column) => column[row]!));
      const room = 1e-6 * Math.max(1, ...[least, most].map(Math.abs).filter(isFinite));
      const beyond = flat.map((value) => (value < least - room ? least - value : value > most + room ? value - most : 0));
      const share = beyond.filter((value) => value > 0).length / flat.length;
      const farthest = figure(flat[beyond.indexOf(Math.max(...beyond))]!);
      if (share > this.facts.limits.most_outside)
        return { numbers: { activation, low: end(low), high: end(high), farthest, percent: whole(100 * share) }, element: this.#content.stage.outputs[0]![0]! };
    }
    return undefined;
  }

  *"double_softmax"(): Criterion {
    const [found] = this.facts.found;
    return found && { numbers: found[1], element: this.#content.stage.outputs[0]![0]! };
  }

  *"wrong_loss"(): Criterion {
    for (const { activation, loss, low, high, targets, logits, columns } of this.facts.outputs) {
      const element = this.#content.stage.error;
      const outside = typeof low !== "number" || low < 0 || typeof high !== "number" || high > 1;
      if ((targets === "probabilities" || targets === "distribution") && !logits && outside) return { numbers: { how: "output", loss, activation }, element };
      const part = this.targets.slice(...columns);
      const rows = part[0]!.map((_, row) => part.map((column) => column[row]!));
      const classes = rows.map((row) => row.indexOf(1));
      const oneHot = part.length > 1 && rows.every((row) => row.every((value) => value === 0 || value === 1) && row.filter(Boolean).length === 1);
      if (targets === "numbers" && oneHot && new Set(classes).size > 1 && rows.length > 2) return { numbers: { how: "classes", loss, activation }, element };
    }
    return undefined;
  }

  *"zero_start"(): Criterion {
    const { matrices } = this.facts;
    const zero = matrices.filter(([key]) => this.start.of(key).every((value) => value === 0));
    if (matrices.length < 2 || !zero.length) return undefined;
    return { numbers: { parameter: zero[0]![0], count: zero.length, all: matrices.length }, element: this.#at(zero[0]![0]) };
  }

  *"start_too_large"(): Criterion {
    for (const [parameter, layer] of this.facts.matrices) {
      const [shape, W] = [this.#content.quantities[parameter]!, this.start.of(parameter)];
      const largest = W.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
      const gain = largest * Math.sqrt(mean([...W].map((value) => (value / largest) ** 2)) * shape[0]!);
      if (shape.length === 2 && W.length >= 4 && gain > this.facts.limits.most_gain)
        return { numbers: { parameter, number: figure(gain), layer }, element: this.#at(parameter) };
    }
    return undefined;
  }

  *"dead_units"(): Criterion {
    const { limits, layers } = this.facts;
    for (const [units, dead] of yield* this.#hidden()) {
      const count = dead.filter(Boolean).length;
      const many = this.#content.samples >= limits.fewest_rows && count > limits.most_dead * dead.length;
      if (!units.bounded && (many || count === dead.length))
        return { numbers: { count, all: dead.length, layer: layers[units.layer - 1]! }, element: this.#at(units.quantity, dead.indexOf(true)) };
    }
    return undefined;
  }

  *"no_gradient"(): Criterion {
    const { error } = this.start;
    if (!isFinite(error) || Math.abs(error) < this.facts.limits.tolerance || !this.#still) return undefined;
    return { numbers: { error: figure(error) }, element: this.#content.stage.error };
  }

  *"equal_units"(): Criterion {
    for (const [layer, weights, bias, after] of this.facts.pairs) {
      const [rows, wide] = this.#content.quantities[weights] as [number, number];
      const [W, b, out] = [this.start.of(weights), bias ? this.start.of(bias) : undefined, this.start.of(after)];
      if (W.every((value) => value === 0) && (b?.every((value) => value === 0) ?? true)) continue;
      const each = out.length / wide;
      const key = (unit: number): string =>
        [...listOf(rows, (i) => W[i * wide + unit]!), ...(b ? [b[unit]!] : []), ...out.subarray(unit * each, (unit + 1) * each)].map((value) => (Object.is(value, -0) ? "-0" : value)).join(" ");
      const seen = new Map<string, number>();
      for (let unit = 0; unit < wide; unit++) {
        const first = seen.get(key(unit));
        if (first !== undefined) return { numbers: { layer, first: first + 1, second: unit + 1 }, element: this.#at(weights, unit) };
        seen.set(key(unit), unit);
      }
    }
    return undefined;
  }

  *"saturation"(): Criterion {
    for (const [units, , share] of yield* this.#hidden())
      if (share > this.facts.limits.most_saturated)
        return { numbers: { percent: whole(100 * share), layer: this.facts.layers[units.layer - 1]! }, element: this.#at(units.quantity) };
    return undefined;
  }

  *"mean_predicted"(): Criterion {
    const end = yield* this.#atEnd();
    const y = end.columns(this.#content.stage.outputs.map((own) => this.#content.elements[own[0]!]![0]));
    const t = this.targets;
    const rows = this.#content.samples;
    if (rows < 2 || !y.every(finite)) return undefined;
    const { same, near } = this.facts.limits;
    const spreads = t.map((column) => [deviation(column), column] as const);
    const guessed = spreads.every(([wide, column], at) => !(wide > 0) || (deviation(y[at]!) <= same * wide && Math.abs(mean(y[at]!) - mean(column)) <= near * wide));
    if (!guessed || !spreads.some(([wide]) => wide > 0)) return undefined;
    return { numbers: { mean: figure(mean(t[0]!)), rows }, element: this.#content.stage.outputs[0]![0]! };
  }

  *"vanishing"(): Criterion {
    const ratio = this.#passed;
    return ratio !== undefined && ratio < this.facts.limits.least_passed && ratio !== 0 ? this.#along(ratio) : undefined;
  }

  *"exploding"(): Criterion {
    const ratio = this.#passed;
    return ratio !== undefined && ratio > this.facts.limits.most_passed ? this.#along(ratio) : undefined;
  }

  *"rate_too_large"(): Criterion {
    const { facts, rate } = this;
    if (!facts.rate || !isFinite(this.start.error)) return undefined;
    const trial = yield* this.#trial();
    if (this.#share(trial) < 1 || this.#still) return undefined;
    for (const factor of facts.limits.slower)
      if (this.#share(yield* this.#trial(rate / factor)) < 1)
        return { numbers: { rate: figure(rate), step: trial.diverged, how: trial.diverged ? "diverged" : "rose", steps: facts.trial.steps }, element: this.#at("learning_rate") };
    return undefined;
  }

  *"rate_too_small"(): Criterion {
    const { facts, rate } = this;
    const { hardly, twice_as_good, faster } = facts.limits;
    if (!facts.rate) return undefined;
    const trial = yield* this.#trial();
    const share = this.#share(trial);
    if (share <= hardly || !(share < 1 + 1e-9) || !(trial.last > hardly * trial.first)) return undefined;
    let best: [number, number] | undefined;
    for (const factor of faster) {
      const other = Number((rate * factor).toPrecision(3));
      if (other > facts.largest_rate) continue;
      const { last } = yield* this.#trial(other);
      if (!best || last < best[1]) best = [other, last];
    }
    if (!best || !(best[1] < twice_as_good * trial.last)) return undefined;
    const [better, less] = best.map(figure) as [string, string];
    return { numbers: { rate: figure(rate), better, error: figure(trial.last), less, steps: facts.trial.steps }, element: this.#at("learning_rate") };
  }
  #share({ first, last }: Trial): number {
    return first ? last / first : 1;
  }

  /** Is every ∂E/∂w that an update would use exactly 0? */
  get #still(): boolean {
    return this.facts.gradients.every(([, gradient, moves]) => !moves || this.start.of(gradient).every((value) => value === 0));
  }

  get #sizes(): number[] {
    return this.facts.deltas.map((key) => (key ? rms(this.start.of(key)) : NaN));
  }

  get #passed(): number | undefined {
    const sizes = this.#sizes;
    const [below, above] = [sizes[0]!, sizes[sizes.length - 1]!];
    return above > 0 && isFinite(above) && isFinite(below) ? below / above : undefined;
  }

  #along(ratio: number): Omit<Finding, "key"> {
    const { deltas, layers } = this.facts;
    const sizes = [...this.#sizes].reverse();
    const factors = sizes.slice(1).flatMap((size, i) => (sizes[i]! > 0 ? [short(size / sizes[i]!)] : []));
    if (factors.length > 2 * FACTORS) factors.splice(FACTORS, factors.length - 2 * FACTORS, "…");
    return { numbers: { ratio: figure(ratio), layers: layers.length, layer: layers[0]!, factors: factors.join(" · ") }, element: this.#at(deltas[0]!) };
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
