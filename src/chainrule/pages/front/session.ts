/** What the page knows: the training steps, where one stands among them and within one, what is selected; and what was before. */

import { type Tensor, listOf } from "./arrays";
import type { Content, Unit } from "./content";
import { type Arrays, type Computed, Runner, type Start, firstStart } from "./program";
import { type Writing, printedAs } from "./numbers";
import { toNumber } from "./real";
import { Values } from "./values";
import type { Sources } from "./worked";

/** Everything that undo brings back. steps: where each training step starts; at: the one that is looked at, counted from 0. */
interface Moment {
  readonly steps: readonly Start[];
  readonly at: number;
}

/** Steps that are kept; further training goes on from the last of them. */
const MOST_STEPS = 5000;
const MOST_MOMENTS = 200;
/** Numbers below this may be the dust of larger ones. */
const SMALL = 1e-9;

export class Session {
  readonly runner: Runner;
  readonly places: ReadonlyMap<string, number>;
  #moment: Moment;
  #past: Moment[] = [];
  #future: Moment[] = [];
  readonly #computed = new WeakMap<Start, Computed>();
  readonly #errors = new WeakMap<Start, number>();
  #sourced: { start: Start; fractions: boolean; sources: Sources } | undefined;
  /** Is everything to be shown in fractions? */
  fractions: boolean;
  /** How many quantities of the step are computed yet, in stepping; all of them where that is not asked for. */
  walked = Infinity;
  selected: number;
  /** The sample that is looked at: at first one whose inputs let something be seen, as 0 · w does not. */
  sample: number;

  constructor(readonly content: Content) {
    this.runner = new Runner(content);
    this.places = new Map(content.elements.map(([key, place], element) => [`${key} ${place}`, element]));
    this.#moment = { steps: [firstStart(content)], at: 0 };
    this.fractions = content.fractions;
    this.sample = Math.max(0, listOf(content.samples, (sample) => this.everyUnit.every((unit) => unit.sample !== sample || this.#isUnlikeZero(unit))).indexOf(true));
    this.selected = content.stage.edges.find(([, , weight]) => weight >= 0)?.[2] ?? content.stage.error;
  }

  /** Is a unit no input, or one that is not 0? */
  #isUnlikeZero({ element }: Unit): boolean {
    const [key, place] = this.content.elements[element]!;
    return !(key in this.content.leaves.inputs) || this.start.arrays.get(key)!.data[place] !== 0;
  }

  /** Takes over what is selected in another session, where that is still there; and all that it knows, if it is of the same numbers. */
  follow(other: Session, same: boolean): void {
    const [key, place] = other.content.elements[other.selected]!;
    this.selected = this.places.get(`${key} ${place}`) ?? this.selected;
    this.sample = Math.min(other.sample, this.content.samples - 1);
    if (!same) return;
    [this.#moment, this.#past, this.#future, this.walked] = [other.#moment, other.#past, other.#future, other.walked];
  }

  /** Every unit of the stage, of every sample. */
  get everyUnit(): Unit[] {
    return this.content.stage.groups.flatMap((group) => group.units);
  }

  // Where one stands

  get start(): Start {
    return this.#moment.steps[this.#moment.at]!;
  }

  get at(): number {
    return this.#moment.at;
  }

  get steps(): readonly Start[] {
    return this.#moment.steps;
  }

  get step(): Computed {
    let known = this.#computed.get(this.start);
    if (!known) this.#computed.set(this.start, (known = this.runner.step(this.start)));
    return known;
  }

  errorOf(start: Start): number {
    let known = this.#errors.get(start);
    if (known === undefined) this.#errors.set(start, (known = this.runner.error(start.arrays)));
    return known;
  }

  get writing(): Writing {
    return { digits: this.content.digits, comma: this.content.decimal === "comma", exact: this.fractions };
  }

  /** The numbers of the step, for formulas. */
  get sources(): Sources {
    const { start, fractions, content } = this;
    if (this.#sourced?.start === start && this.#sourced.fractions === fractions) return this.#sourced.sources;
    const { before: arrays, after } = this.step;
    const given = start.number === 1;
    const before = new Values(content, arrays, given, fractions);
    const replaced = (element: number, digits: number): ReturnType<Values["of"]> | undefined => {
      const place = this.nextOf(element);
      let values: Values | undefined = before;
      for (let finer = 0; values && finer < digits; finer++) values = values.finer;
      return place === undefined ? undefined : values?.of(place);
    };
    const sources: Sources = { content, before, after: new Values(content, after, given, fractions, replaced), writing: this.writing };
    this.#sourced = { start, fractions, sources };
    return sources;
  }

  /** The element of the same weight after the step. */
  nextOf(element: number): number | undefined {
    const [key, place] = this.content.elements[element]!;
    if (!(key in this.content.leaves.parameters)) return undefined;
    const next = this.content.leaves.next[key];
    return next === undefined ? undefined : this.places.get(`${next} ${place}`);
  }

  double(element: number, arrays: Arrays = this.step.before): number {
    const [key, place, node] = this.content.elements[element]!;
    return node === -2 ? 0 : (arrays.get(key)?.data[place] ?? NaN);
  }

  /** The number of an element for pictures: of a small one without the dust that doubles leave where numbers cancel, as formulas have it. */
  seen(element: number): number {
    const value = this.double(element);
    return value && Math.abs(value) < SMALL ? toNumber(printedAs(this.sources.before.of(element))) : value;
  }

  /** Does this element come from outside, so that a person may change it? */
  isHandle(element: number): boolean {
    const [key, , node] = this.content.elements[element]!;
    const { parameters, inputs, targets, options } = this.content.leaves;
    return node === -1 && [parameters, inputs, targets, options].some((kind) => key in kind);
  }

  /** The array that an element stands in. */
  keyOf(element: number): string {
    return this.content.elements[element]![0];
  }

  /** The learning rate, where there is one. */
  get rate(): number | undefined {
    return this.places.get("learning_rate 0");
  }

  /** How many tokens there are of which an element is one. */
  tokens(element: number): number | undefined {
    const range = this.content.ranges[this.keyOf(element)];
    return typeof range === "number" ? range : undefined;
  }

  /** The value next to another one that an element may have: targets stay in the range of their loss. A rate of 0 or less is none. */
  nearest(element: number, value: number): number | undefined {
    const [key] = this.content.elements[element]!;
    const range = this.content.ranges[key];
    if (typeof range === "number") return Math.max(0, Math.min(range - 1, Math.round(value)));
    if (range === "signs") return value < this.double(element) ? -1 : 1;
    if (range) return Math.max(0, Math.min(1, value));
    return value > 0 || key !== "learning_rate" ? value : undefined;
  }

  /** What changes where an element gets a value: of a distribution, the others give way in proportion. */
  changes(element: number, value: number): Map<number, number> {
    const [key, place] = this.content.elements[element]!;
    const found = new Map([[element, value]]);
    if (this.content.ranges[key] !== "distribution") return found;
    const wide = this.content.quantities[key]!.at(-1)!;
    const others = listOf(wide, (at) => this.places.get(`${key} ${place - (place % wide) + at}`)!).filter((other) => other !== element);
    const whole = others.reduce((sum, other) => sum + this.double(other), 0);
    for (const other of others) found.set(other, Number(((1 - value) * (whole ? this.double(other) / whole : 1 / others.length)).toPrecision(12)));
    return found;
  }

  /** The kind of an element, by which it is called in words. */
  kindOf(element: number): string {
    const { leaves, stage, elements } = this.content;
    const [key] = elements[element]!;
    return key in leaves.inputs ? "input" : key in leaves.targets ? "target" : key in leaves.options ? "rate" : key in leaves.parameters ? "parameter" : element === stage.error ? "quantity" : "unit";
  }

  /** What an element belongs to: a weight's gradient and new value to the weight, what a unit is computed in to the unit. */
  ownerOf(element: number): number {
    return this.#owners.get(element) ?? element;
  }

  readonly #owned = new Map<Content, Map<number, number>>();
  get #owners(): Map<number, number> {
    let known = this.#owned.get(this.content);
    if (known) return known;
    this.#owned.set(this.content, (known = new Map()));
    const { gradients } = this.content;
    const unit = new Map(this.everyUnit.flatMap((one) => one.parts.map((part) => [part, one.element] as const)));
    for (const [part, owner] of unit) known.set(part, owner);
    for (const [of, gradient] of Object.entries(gradients.of)) known.set(gradient, unit.get(Number(of)) ?? Number(of));
    this.content.elements.forEach((_, element) => {
      const next = this.nextOf(element);
      if (next !== undefined) known.set(next, element);
    });
    for (const [owner, own] of Object.entries(this.content.updates.own)) for (const element of own) known.set(element, Number(owner));
    return known;
  }

  // What changes

  #remember(): void {
    this.#past.push(this.#moment);
    if (this.#past.length > MOST_MOMENTS) this.#past.shift();
    this.#future = [];
  }

  /** Gives elements other numbers. keeping: is it one change with the one before, as in dragging? */
  change(changes: ReadonlyMap<number, number>, keeping = false): void {
    if (!keeping) this.#remember();
    const arrays = this.changed(changes);
    this.#moment = { steps: [...this.steps.slice(0, this.at), { arrays, number: this.start.number }], at: this.at };
  }

  /** The numbers before the step, with some changed. */
  changed(changes: Iterable<readonly [number, number]>): Map<string, Tensor> {
    const arrays = new Map(this.start.arrays);
    for (const [element, value] of changes) {
      const [key, place] = this.content.elements[element]!;
      const { shape, data } = arrays.get(key)!;
      arrays.set(key, { shape, data: data.with(place, value) });
    }
    return arrays;
  }

  /** Takes so many training steps, from the last one that there is or from where one stands; fewer where E is no number any more. */
  train(count: number): void {
    this.#remember();
    const steps = this.steps.slice(0, this.at + 1);
    for (let taken = 0; taken < count && steps.length <= MOST_STEPS; taken++) {
      const start = steps[steps.length - 1]!;
      if (!isFinite(this.errorOf(start))) break;
      steps.push(this.runner.next(start, this.runner.before(start)));
    }
    this.#moment = { steps, at: steps.length - 1 };
    this.walked = Infinity;
  }

  /** Looks at another step. */
  visit(at: number): void {
    this.#moment = { steps: this.steps, at: Math.max(0, Math.min(at, this.steps.length - 1)) };
    this.walked = Infinity;
  }

  /** Goes on to the next step, as it follows from this one. */
  advance(): void {
    if (this.at + 1 < this.steps.length) this.#moment = { steps: this.steps, at: this.at + 1 };
    else {
      const { next } = this.step;
      this.#moment = { steps: [...this.steps, next], at: this.at + 1 };
    }
  }

  rewind(): void {
    this.#remember();
    this.#moment = { steps: [firstStart(this.content)], at: 0 };
    this.walked = Infinity;
  }

  /** Starts from other numbers. */
  begin(start: Start): void {
    this.#remember();
    this.#moment = { steps: [start], at: 0 };
    this.walked = Infinity;
  }

  get canUndo(): boolean {
    return this.#past.length > 0;
  }

  get canRedo(): boolean {
    return this.#future.length > 0;
  }

  undo(): void {
    const before = this.#past.pop();
    if (!before) return;
    this.#future.push(this.#moment);
    this.#moment = before;
  }

  redo(): void {
    const after = this.#future.pop();
    if (!after) return;
    this.#past.push(this.#moment);
    this.#moment = after;
  }
}
