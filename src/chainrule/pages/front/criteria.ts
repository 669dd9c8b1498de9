/** The criteria of the doctor, as `chainrule.diagnosis.network_criteria` has them: each by its key, which Python says, so it stands in quotes. */

import { Activity, deviation, finite, mean, rms } from "./activity";
import { listOf } from "./arrays";
import type { Content, DoctorFacts, UnitFacts } from "./content";
import { figure, short, whole } from "./figures";
import type { Session } from "./session";
import type { Trial, Trials, Work } from "./trials";

/** What shows a disease: the numbers of its text, and what it is about. */
export interface Shown {
  numbers: Record<string, number | string>;
  element: number;
}

/** When something is so, where that is not at the start. */
type When = Record<string, number | string>;

/** What a criterion gives: nothing where the disease is not there. */
type Criterion = Work<Shown | undefined>;

/** Of many layers so many factors are told at each end. */
const FACTORS = 6;

export class Criteria {
  private readonly facts: DoctorFacts;
  #end!: Activity;

  constructor(
    private readonly session: Session,
    private readonly start: Activity,
    private readonly trials: Trials,
  ) {
    this.facts = session.content.doctor;
  }

  /** What shows the disease of this key. */
  of(key: string): Criterion {
    return (this as unknown as Record<string, () => Criterion>)[key]!();
  }

  get #content(): Content {
    return this.session.content;
  }

  *#atEnd(): Work<Activity> {
    if (!this.#end) {
      const { end } = yield* this.trials.of();
      this.#end = end ? new Activity(this.session, end) : this.start;
    }
    return this.#end;
  }

  /** Of each activation inside the network its dead units, its share of flat slopes, and when that is so: at the start, and at the end. */
  *#hidden(): Work<[UnitFacts, boolean[], number, When][]> {
    const inner = this.facts.units.filter(({ output }) => !output);
    const moments = [[this.start, {}], [yield* this.#atEnd(), this.#when]] as const;
    return moments.flatMap(([activity, when]) => inner.map((units): [UnitFacts, boolean[], number, When] => [units, ...activity.flat(units, this.facts.limits.flat), when]));
  }

  /** When it is as it is at the end: nothing where that is the start. */
  get #when(): When {
    return this.#end === this.start ? {} : { when: "tried", steps: this.facts.trial.steps };
  }

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
    return this.#far(x, names, element, (column) => this.#many(column));
  }

  /** The column of which the numbers are largest, or lie farthest from 0 for how they differ, where that is too much. */
  #far(columns: number[][], names: string[], element: (place: number) => number, counts: (column: number[]) => boolean = () => true): Shown | undefined {
    const { most_rms, most_mean } = this.facts.limits;
    const offset = (column: number[]): number => Math.abs(mean(column)) / (deviation(column) || Infinity);
    for (const [how, size, most] of [["rms", rms, most_rms], ["mean", offset, most_mean]] as const) {
      const sizes = columns.map((column) => (counts(column) ? size(column) : 0));
      const number = Math.max(...sizes);
      const place = sizes.indexOf(number);
      if (number > most) return { numbers: { how, column: names[place]!, number: figure(number) }, element: element(place) };
    }
    return undefined;
  }

  *"targets_unscaled"(): Criterion {
    const { outputs, targets: names } = this.facts;
    const t = this.targets;
    for (const { low, high, targets, columns } of outputs) {
      if (targets !== "numbers" || (typeof low === "number" && typeof high === "number")) continue;
      for (let place = columns[0]; place < columns[1]; place++) {
        const far = this.#far([t[place]!], [names[place]!], () => this.#content.stage.targets.flat()[place] ?? this.#content.stage.error);
        if (far) return far;
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
    for (const [units, dead, , when] of yield* this.#hidden()) {
      const count = dead.filter(Boolean).length;
      const many = this.#content.samples >= limits.fewest_rows && count > limits.most_dead * dead.length;
      if (!units.bounded && (many || count === dead.length))
        return { numbers: { count, all: dead.length, layer: layers[units.layer - 1]!, ...when }, element: this.#at(units.quantity, dead.indexOf(true)) };
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
    for (const [units, , share, when] of yield* this.#hidden())
      if (share > this.facts.limits.most_saturated)
        return { numbers: { percent: whole(100 * share), layer: this.facts.layers[units.layer - 1]!, ...when }, element: this.#at(units.quantity) };
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
    const what = t.length > 1 ? { how: "several" } : { mean: figure(mean(t[0]!)) };
    return { numbers: { ...what, rows, ...this.#when }, element: this.#content.stage.outputs[0]![0]! };
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
    const { facts, trials: { rate } } = this;
    if (!facts.rate || !isFinite(this.start.error)) return undefined;
    const trial = yield* this.trials.of();
    if (this.#share(trial) < 1) return trial.last > facts.limits.learned * trial.first ? yield* this.#better(trial, facts.limits.tenths.map((factor) => 1 / factor), "rough") : undefined;
    if (this.#still) return undefined;
    for (const factor of facts.limits.slower)
      if (this.#share(yield* this.trials.of(rate / factor)) < 1)
        return { numbers: { rate: figure(rate), step: trial.diverged, how: trial.diverged ? "diverged" : "rose", steps: facts.trial.steps }, element: this.#at("learning_rate") };
    return undefined;
  }

  *"rate_too_small"(): Criterion {
    const { facts } = this;
    const { hardly, faster } = facts.limits;
    if (!facts.rate) return undefined;
    const trial = yield* this.trials.of();
    const share = this.#share(trial);
    if (share <= hardly || !(share < 1 + 1e-9) || !(trial.last > hardly * trial.first)) return undefined;
    return yield* this.#better(trial, faster);
  }

  /** The rate among these multiples, none of them larger than is ever recommended, that leaves the least error, if that is far less. */
  *#better(trial: Trial, factors: number[], how?: string): Criterion {
    const { facts, trials: { rate } } = this;
    let best: [number, number] | undefined;
    for (const factor of factors) {
      const other = Number((rate * factor).toPrecision(3));
      if (factor > 1 && other > facts.largest_rate) continue;
      const { last } = yield* this.trials.of(other);
      if (!best || last < best[1]) best = [other, last];
    }
    if (!best || !(best[1] < facts.limits.twice_as_good * trial.last)) return undefined;
    const [better, less] = best.map(figure) as [string, string];
    return { numbers: { rate: figure(rate), better, ...(how ? { how } : {}), error: figure(trial.last), less, steps: facts.trial.steps }, element: this.#at("learning_rate") };
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

  #along(ratio: number): Shown {
    const { deltas, layers } = this.facts;
    const sizes = [...this.#sizes].reverse();
    const factors = sizes.slice(1).flatMap((size, i) => (sizes[i]! > 0 ? [short(size / sizes[i]!)] : []));
    if (factors.length > 2 * FACTORS) factors.splice(FACTORS, factors.length - 2 * FACTORS, "…");
    return { numbers: { ratio: figure(ratio), layers: layers.length, layer: layers[0]!, factors: factors.join(" · ") }, element: this.#at(deltas[0]!) };
  }
}
