/** The training curve, and runs with other rates, rules and starts beside it. */

import { scalar, type Tensor, tensor } from "../arrays";
import type { Content } from "../content";
import { check, html, setText, svg } from "../dom";
import { frame, path, HEIGHT, WIDTH } from "../plot";
import { result, type Start, withRate } from "../program";
import { Base } from "./base";

/** A run beside the network's own: where it starts, how it goes on, and what it is called. */
interface Run {
  label: () => string;
  errors: number[];
  begin: () => Start;
  next: (start: Start) => Start;
  box: HTMLInputElement;
}

/** Room for what runs are called, beside their ends; where the first may stand, and from one line to the next. */
const [LABELS, TOP_LABEL, LINE] = [84, 18, 14];

const COLOURS = ["c0", "c1", "c4", "c8", "c2", "c3", "c5", "c6", "c9"];

/** The error of every step, and beside it of runs with other rates, optimisers or starts. */
export class Curve extends Base {
  #logarithmic = true;
  #picture!: HTMLElement;
  #of: Start | undefined;
  readonly #runs: Run[] = [];

  override build(place: HTMLElement): void {
    const { session, changing } = this;
    const { content, runner } = session;
    const ticked = (on: boolean): void => {
      this.#logarithmic = on;
      this.refresh();
    };
    const rate = session.rate;
    const start = (): Start => session.steps[0]!;
    const next = (from: Start): Start => runner.next(from, runner.before(from));
    place.append(html("div.choosers", check(this.say("curve.log"), ticked, { checked: true })[0]));
    if (rate !== undefined) {
      const value = (factor: number): number => session.double(rate, start().arrays) * factor;
      this.#choosers(
        place,
        "curve.compare",
        [0.25, 0.5, 2, 4].map((factor) => ({
          label: () => this.say("curve.rate", { name: changing.words.name(rate), value: changing.words.brief(value(factor)) }),
          begin: () => withRate(start(), value(factor)),
          next,
        })),
      );
      this.#choosers(place, "curve.rules", content.rules.filter(({ own }) => !own).map((rule) => ({ label: () => rule.name, begin: start, next: this.#following(rule) })));
    }
    const others = content.starts.map((numbers, place) => ({
      label: () => this.say("curve.start", { number: place + 2 }),
      begin: () => ({ ...start(), arrays: new Map([...start().arrays].map(([key, array]) => [key, key in numbers ? tensor(array.shape, Float64Array.from(numbers[key]!)) : array])) }),
      next,
    }));
    this.#choosers(place, "curve.starts", others);
    this.#runs[0]!.box.checked = true;
    this.#picture = html("div");
    place.append(this.#picture, html("p.about", this.say("curve.about")));
  }

  #choosers(place: HTMLElement, title: string, runs: Omit<Run, "errors" | "box">[]): void {
    const row = html("div.choosers", html("span", this.say(title)));
    for (const run of runs) {
      const [label, box] = check(run.label(), () => this.refresh());
      this.#runs.push({ ...run, errors: [], box });
      row.append(label);
    }
    place.append(row);
  }

  /** How another optimiser goes on: its rule for each parameter that moves, with the rate that is set here. */
  #following(rule: Content["rules"][number]): (start: Start) => Start {
    const { session } = this;
    const { doctor, leaves, updates } = session.content;
    return (from) => {
      const before = session.runner.before(from);
      const arrays = new Map(from.arrays);
      for (const [key, gradient] of doctor.gradients) {
        if (!(key in leaves.next)) continue;
        const w = arrays.get(key)!;
        const of = result(rule, (name): Tensor => {
          if (name === "w") return w;
          if (name === "g") return before.get(gradient)!;
          if (name === "k") return scalar(from.number);
          if (name in rule.states) return arrays.get(`${key} ${name}`) ?? tensor(w.shape);
          return name === "learning_rate" ? from.arrays.get(name)! : scalar(rule.options[name]!);
        });
        const fresh = of("w_next");
        const moves = (at: number): boolean => String(session.places.get(`${key} ${at}`)) in updates.own;
        arrays.set(key, tensor(w.shape, fresh.data.map((value, at) => (moves(at) ? value : w.data[at]!))));
        for (const [state, after] of Object.entries(rule.states)) arrays.set(`${key} ${state}`, of(after));
      }
      return { arrays, number: from.number + 1 };
    };
  }

  override refresh(): void {
    const { session, changing } = this;
    const { words } = changing;
    const first = session.steps[0]!;
    const errors = session.steps.map((start) => session.errorOf(start));
    const count = Math.max(errors.length, 30);
    if (this.#of !== first) {
      this.#of = first;
      for (const run of this.#runs) run.errors = [];
    }
    const runs: [string, number[], string][] = [["", errors, "c7"]];
    this.#runs.forEach((run, place) => {
      const label = run.label();
      setText(run.box.parentElement!.querySelector("span")!, label);
      if (run.box.checked) runs.push([label, this.#run(run, count), COLOURS[place % COLOURS.length]! + (place < COLOURS.length ? "" : " again")]);
    });
    const all = runs.flatMap(([, numbers]) => numbers).filter((value) => isFinite(value) && (!this.#logarithmic || value > 0));
    const start = errors[0]!;
    let [low, high] = [Math.min(...all), Math.max(...all)];
    if (!all.length) [low, high] = [0.1, 1];
    if (this.#logarithmic) {
      high = Math.min(high * 2, Math.max(start, 1e-30) * 1e12);
      low = Math.max(low / 2, high * 1e-30);
    } else [low, high] = [Math.min(0, low), Math.min(high * 1.05, Math.max(start, 1e-9) * 50)];
    const begin = first.number;
    const axes = { logarithmic: this.#logarithmic && low > 0, right: runs.length > 1 ? LABELS : undefined };
    const { picture, inside, x, y } = frame(words, this.say("curve.about"), [begin, begin + Math.max(count - 1, 1)], [low, high], ["", words.name(session.content.stage.error)], axes);
    const labels: [number, string, string][] = [];
    for (const [label, numbers, colour] of runs.reverse()) {
      inside.append(svg("path", { class: `curve ${colour}`, d: path(numbers.map((value, i) => [x(begin + i), value > 0 || !this.#logarithmic ? y(value) : NaN])) }));
      const last = numbers.filter(isFinite).pop() ?? high;
      if (label) labels.push([y(Math.min(high, Math.max(last, low))) + 4, label, colour]);
    }
    labels.sort(([a], [b]) => a - b);
    let free = TOP_LABEL;
    labels.forEach(([wanted, label, colour], place) => {
      const at = Math.max(free, Math.min(wanted, HEIGHT - 46 - LINE * (labels.length - 1 - place)));
      free = at + LINE;
      picture.append(svg("text", { class: `mark ${colour}`, x: WIDTH - LABELS + 6, y: at }, label));
    });
    const here = session.errorOf(session.start);
    if (isFinite(here)) picture.append(svg("circle", { class: "dot c7", cx: x(session.start.number), cy: y(Math.max(here, low)), r: 6 }));
    this.#picture.replaceChildren(picture);
  }

  /** Every run, for those who compare them all. */
  compared(count: number): Record<string, number[]> {
    return Object.fromEntries(this.#runs.map((run) => [run.label(), this.#run(run, count)]));
  }

  #run(run: Run, count: number): number[] {
    if (run.errors.length >= count) return run.errors;
    let start = run.begin();
    const errors: number[] = [];
    for (let step = 0; step < count; step++) {
      errors.push(this.session.runner.error(start.arrays));
      if (!isFinite(errors[step]!)) break;
      start = run.next(start);
    }
    return (run.errors = errors);
  }
}
