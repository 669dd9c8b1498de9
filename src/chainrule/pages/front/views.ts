/** The views below: the step in formulas, the error as a curve, as contours, the training, what was learned, layers, samples, numbers. */

import { type Tensor, scalar, tensor } from "./arrays";
import type { Block, Content } from "./content";
import { html, letter, on, setText, svg } from "./dom";
import { type Changing, move, type } from "./handles";
import { Lines, prose, stated } from "./lines";
import { HEIGHT, WIDTH, frame, path } from "./plot";
import { built } from "./mathml";
import { printedAs } from "./numbers";
import { type Arrays, type Start, result, withRate } from "./program";
import { type Real, toNumber } from "./real";
import { worth } from "./values";

/** A view: `build` makes it when it is opened, `refresh` brings it up to date. */
export interface View {
  build(place: HTMLElement): void;
  refresh(): void;
}

const POINTS = 121;

abstract class Base implements View {
  protected place!: HTMLElement;

  constructor(protected readonly changing: Changing) {}

  abstract build(place: HTMLElement): void;
  abstract refresh(): void;

  protected get session(): Changing["session"] {
    return this.changing.session;
  }

  protected say(key: string, values: Record<string, string | number> = {}): string {
    return this.changing.words.say(key, values);
  }

  protected name(element: number): string {
    return this.changing.words.short(element);
  }

  /** The numbers that move: every weight and bias. */
  protected parameters(): number[] {
    const { elements, leaves } = this.session.content;
    return elements.flatMap(([key, , node], element) => (node === -1 && key in leaves.parameters ? [element] : []));
  }

  /** The numbers before the step, with some changed. */
  protected changed(...changes: [number, number][]): Arrays {
    const arrays = new Map(this.session.start.arrays);
    for (const [element, value] of changes) {
      const [key, at] = this.session.content.elements[element]!;
      const old = arrays.get(key)!;
      const data = Float64Array.from(old.data);
      data[at] = value;
      arrays.set(key, { shape: old.shape, data });
    }
    return arrays;
  }

  protected choose(label: string, elements: number[], chosen: number, choose: (element: number) => void): HTMLElement {
    const select = html("select");
    for (const element of elements) select.append(html("option", { value: element, selected: element === chosen }, this.name(element)));
    on(select, "change", () => choose(Number(select.value)));
    return html("label.chooser", html("span", label), select);
  }
}

/** The document of `explain`, alive. */
export class Formulas extends Base {
  #lines!: Lines;

  override build(place: HTMLElement): void {
    const { session } = this;
    this.#lines = new Lines(session, this.say("view.formulas"));
    const { rule, sections } = session.content;
    for (const section of sections) {
      const box = html("section.chapter", html("h3", section.title));
      for (const block of section.blocks) this.#block(box, block);
      place.append(box);
    }
    const box = html("section.chapter", html("h3", this.say("rule")));
    const lines = html("div.lines");
    for (const line of [...rule.lines, ...rule.options.map(stated)]) this.#lines.add(lines, line);
    box.append(lines);
    place.append(box);
  }

  #block(box: HTMLElement, block: Block): void {
    const { session } = this;
    switch (block[0]) {
      case "equations": {
        const lines = html("div.lines");
        for (const line of block[1]) this.#lines.add(lines, line);
        box.append(lines);
        return;
      }
      case "heading":
        box.append(html("h4", ...prose(session, block[1])));
        return;
      case "table": {
        const [, head, rows] = block;
        const cells = (tag: "th" | "td", row: typeof head): HTMLElement[] => row.map((cell) => html(tag, tag === "th" ? { scope: "col" } : {}, ...prose(session, cell)));
        box.append(html("div.scroll", html("table", html("thead", html("tr", ...cells("th", head))), html("tbody", ...rows.map((row) => html("tr", ...cells("td", row)))))));
        return;
      }
      default:
        box.append(html("p", { class: block[0] }, ...prose(session, block[1])));
    }
  }

  override refresh(): void {
    this.#lines.change();
  }

  /** Every line written, for those who read them all. */
  finish(): void {
    this.#lines.finish();
  }
}

/** The error as a function of one number, its tangent, and the step. */
export class Slope extends Base {
  private element = -1;
  #chooser!: HTMLElement;
  #picture!: HTMLElement;
  #text!: HTMLElement;

  override build(place: HTMLElement): void {
    this.#chooser = html("div.choosers");
    this.#picture = html("div");
    this.#text = html("p.about");
    place.append(this.#chooser, this.#picture, this.#text);
    const all = this.parameters();
    this.element = all[0] ?? -1;
    this.#chooser.append(this.choose(this.say("axis.first"), all, this.element, (element) => this.changing.select(element)));
  }

  override refresh(): void {
    const { session, changing } = this;
    const { words } = changing;
    const selected = session.ownerOf(session.selected);
    if (this.parameters().includes(selected)) this.element = selected;
    const { element } = this;
    if (element < 0) return;
    this.#chooser.querySelector("select")!.value = String(element);
    const value = session.double(element);
    const gradient = session.double(session.content.gradients.of[element]!);
    const error = session.double(session.content.stage.error);
    const next = session.nextOf(element);
    const after = next === undefined ? value : session.double(next);
    const reach = Math.max(Math.abs(value) * 1.1, 1.25 * Math.abs(Number.isFinite(after) ? after - value : 0), 0.8);
    const [low, high] = [value - reach, value + reach];
    const curve: [number, number][] = Array.from({ length: POINTS }, (_, i) => {
      const x = low + ((high - low) * i) / (POINTS - 1);
      return [x, session.runner.error(this.changed([element, x]))];
    });
    const heights = curve.map(([, y]) => y).filter(Number.isFinite);
    const ending = session.runner.error(this.changed([element, after]));
    const lowest = Math.min(...heights, error);
    const highest = Math.max(Math.min(Math.max(...heights), lowest + 6 * Math.max(error - lowest, Math.abs(ending - lowest), 1e-9)), error) * 1.02 + 1e-9;
    const name = this.name(element);
    const about = this.say("slope.about", { name, slope: words.number(gradient, 4) });
    const { picture, x, y } = frame(words, about, [low, high], [Math.min(lowest, 0), highest], [name, words.name(session.content.stage.error)]);
    const clip = "clip-slope";
    picture.prepend(svg("clipPath", { id: clip }, svg("rect", { x: x(low), y: 14, width: x(high) - x(low), height: HEIGHT - 54 })));
    picture.append(svg("path", { class: "curve c7", "clip-path": `url(#${clip})`, d: path(curve.map(([a, b]) => [x(a), y(b)])) }));
    const tangent = (at: number): number => error + gradient * (at - value);
    picture.append(svg("path", { class: "tangent c9", "clip-path": `url(#${clip})`, d: path([[x(low), y(tangent(low))], [x(high), y(tangent(high))]]) }));
    if (Number.isFinite(after)) {
      const [from, to] = [x(value), x(after)];
      const way = to < from ? 1 : -1;
      picture.append(svg("path", { class: "step c1", d: `M${from} ${y(error)}H${to}l${7 * way} -4v8z` }));
      picture.append(svg("line", { class: "fall c1", x1: to, x2: to, y1: y(error), y2: y(Math.min(ending, highest)) }));
      if (ending <= highest) picture.append(svg("circle", { class: "end c1", cx: to, cy: y(ending), r: 4 }));
    }
    const dot = svg("circle", { class: "dot handle c7", cx: x(value), cy: y(error), r: 8, "data-e": element });
    picture.append(dot);
    this.#picture.replaceChildren(picture);
    this.#text.textContent = about + (ending > error ? ` ${this.say("slope.over")}` : "");
  }
}

const CELLS = 41;

/** The error over two numbers, as contours. */
export class Contours extends Base {
  #pair: [number, number] = [-1, -1];
  #picture!: HTMLElement;
  #text!: HTMLElement;
  #waiting = 0;

  override build(place: HTMLElement): void {
    const all = this.parameters();
    this.#pair = [all[0] ?? -1, all[Math.min(1, all.length - 1)] ?? -1];
    if (all.length > 4) this.#pair[1] = all[all.length - 1]!;
    this.#picture = html("div");
    this.#text = html("p.about");
    const choosers = html(
      "div.choosers",
      this.choose(this.say("axis.first"), all, this.#pair[0], (element) => this.#set(0, element)),
      this.choose(this.say("axis.second"), all, this.#pair[1], (element) => this.#set(1, element)),
    );
    place.append(choosers, this.#picture, this.#text);
  }

  #set(which: 0 | 1, element: number): void {
    this.#pair[which] = element;
    this.refresh();
  }

  override refresh(): void {
    if (!this.#waiting)
      this.#waiting = requestAnimationFrame(() => {
        this.#waiting = 0;
        this.#draw();
      });
  }

  #draw(): void {
    const { session, changing } = this;
    const [a, b] = this.#pair;
    if (a < 0) return;
    const now = [a, b].map((element) => session.double(element)) as [number, number];
    const after = [a, b].map((element) => session.double(session.nextOf(element) ?? element)) as [number, number];
    const reach = [0, 1].map((i) => Math.max(1, Math.abs(now[i]!), 1.3 * Math.min(Math.abs(after[i]! - now[i]!) || 0, 20))) as [number, number];
    const [low, high] = [now.map((value, i) => value - reach[i]!), now.map((value, i) => value + reach[i]!)] as [number[], number[]];
    const values: number[][] = Array.from({ length: CELLS }, (_, j) =>
      Array.from({ length: CELLS }, (_, i) =>
        session.runner.error(
          this.changed([a, low[0]! + ((high[0]! - low[0]!) * i) / (CELLS - 1)], [b, low[1]! + ((high[1]! - low[1]!) * j) / (CELLS - 1)]),
        ),
      ),
    );
    const flat = values.flat().filter(Number.isFinite);
    const [least, most] = [Math.min(...flat), Math.max(...flat)];
    const about = this.say("contours.about", { first: this.name(a), second: this.name(b) });
    const { picture, x, y } = frame(changing.words, about, [low[0]!, high[0]!], [low[1]!, high[1]!], [this.name(a), this.name(b)]);
    const levels = 11;
    for (let k = 1; k <= levels; k++) {
      const level = least + (most - least) * (k / (levels + 1)) ** 2;
      const d = contour(values, level)
        .map(([p, q]) => `M${[p, q].map(([i, j]) => `${x(low[0]! + ((high[0]! - low[0]!) * i!) / (CELLS - 1)).toFixed(1)} ${y(low[1]! + ((high[1]! - low[1]!) * j!) / (CELLS - 1)).toFixed(1)}`).join("L")}`)
        .join("");
      picture.append(svg("path", { class: "contour c7", d, "stroke-opacity": (0.95 - 0.06 * k).toFixed(2) }));
    }
    if (after.every(Number.isFinite)) picture.append(svg("path", { class: "tangent c1", d: path([[x(now[0]), y(now[1])], [x(after[0]), y(after[1])]]) }), svg("circle", { class: "end c1", cx: x(after[0]), cy: y(after[1]), r: 4 }));
    picture.append(svg("circle", { class: "dot c7", cx: x(now[0]), cy: y(now[1]), r: 7 }));
    this.#picture.replaceChildren(picture);
    this.#text.textContent = about;
  }
}

type Point = [number, number];

/** The line along which a grid of numbers has a value, in pieces: marching squares. */
function contour(values: number[][], level: number): [Point, Point][] {
  const pieces: [Point, Point][] = [];
  const between = (a: number, b: number): number => (level - a) / (b - a);
  for (let j = 0; j + 1 < values.length; j++)
    for (let i = 0; i + 1 < values[j]!.length; i++) {
      const [p, q, r, s] = [values[j]![i]!, values[j]![i + 1]!, values[j + 1]![i + 1]!, values[j + 1]![i]!];
      const cuts: Point[] = [];
      if (p < level !== q < level) cuts.push([i + between(p, q), j]);
      if (q < level !== r < level) cuts.push([i + 1, j + between(q, r)]);
      if (s < level !== r < level) cuts.push([i + between(s, r), j + 1]);
      if (p < level !== s < level) cuts.push([i, j + between(p, s)]);
      if (cuts.length >= 2) pieces.push([cuts[0]!, cuts[1]!]);
      if (cuts.length === 4) pieces.push([cuts[2]!, cuts[3]!]);
    }
  return pieces;
}

/** A run beside the network's own: where it starts, how it goes on, and what it is called. */
interface Run {
  label: () => string;
  errors: number[];
  begin: () => Start;
  next: (start: Start) => Start;
  box: HTMLInputElement;
}

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
    const box = html("input", { type: "checkbox", checked: true });
    on(box, "change", () => {
      this.#logarithmic = box.checked;
      this.refresh();
    });
    const rate = session.places.get("learning_rate 0");
    const start = (): Start => session.steps[0]!;
    const next = (from: Start): Start => runner.next(from, runner.before(from));
    place.append(html("div.choosers", html("label.check", box, html("span", this.say("curve.log")))));
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
      const box = html("input", { type: "checkbox" });
      on(box, "change", () => this.refresh());
      this.#runs.push({ ...run, errors: [], box });
      row.append(html("label.check", box, html("span", run.label())));
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
      if (run.box.checked) runs.push([label, this.#run(run, count), COLOURS[place % COLOURS.length]!]);
    });
    const all = runs.flatMap(([, numbers]) => numbers).filter((value) => Number.isFinite(value) && (!this.#logarithmic || value > 0));
    const start = errors[0]!;
    let [low, high] = [Math.min(...all), Math.max(...all)];
    if (!all.length) [low, high] = [0.1, 1];
    if (this.#logarithmic) {
      high = Math.min(high * 2, Math.max(start, 1e-30) * 1e12);
      low = Math.max(low / 2, high * 1e-30);
    } else [low, high] = [Math.min(0, low), Math.min(high * 1.05, Math.max(start, 1e-9) * 50)];
    const begin = first.number;
    const { picture, x, y } = frame(words, this.say("curve.about"), [begin, begin + Math.max(count - 1, 1)], [low, high], ["", words.name(session.content.stage.error)], this.#logarithmic && low > 0);
    const ends: number[] = [];
    for (const [label, numbers, colour] of runs.reverse()) {
      picture.append(svg("path", { class: `curve ${colour}`, d: path(numbers.map((value, i) => [x(begin + i), value > 0 || !this.#logarithmic ? y(value) : NaN])) }));
      const last = numbers.length - 1;
      if (!label || !Number.isFinite(numbers[last]!)) continue;
      let at = Math.max(24, y(Math.max(numbers[last]!, low)) - 6);
      while (ends.some((other) => Math.abs(other - at) < 13)) at += 13;
      ends.push(at);
      picture.append(svg("text", { class: `mark ${colour}`, x: Math.min(x(begin + last), WIDTH - 110), y: at }, label));
    }
    const here = session.errorOf(session.start);
    if (Number.isFinite(here)) picture.append(svg("circle", { class: "dot c7", cx: x(session.start.number), cy: y(Math.max(here, low)), r: 6 }));
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
      if (!Number.isFinite(errors[step]!)) break;
      start = run.next(start);
    }
    return (run.errors = errors);
  }
}

/** The computation as a graph: named numbers, and the derivatives between them. */
export class Graph extends Base {
  #marks: [SVGElement, () => string, number][] = [];
  #sample = -1;
  #lines!: Lines;
  #local!: HTMLElement;
  #about = -1;
  #drawn = -1;

  override build(place: HTMLElement): void {
    this.place = html("div.scroll", { tabindex: 0, role: "group", "aria-label": this.say("view.graph") });
    this.#local = html("div.lines");
    this.#lines = new Lines(this.session, this.say("graph.local"));
    const numbers = typeof this.session.content.graph.nodes[0]![0] === "number";
    place.append(html("p.about", this.say(numbers ? "graph.about" : "graph.arrays")), this.place, this.#local);
  }

  #draw(): void {
    const { session } = this;
    const { content } = session;
    const { nodes, edges } = content.graph;
    this.#sample = session.sample;
    this.#marks = [];
    const columns: number[][] = [];
    nodes.forEach(([, sample, column], place) => {
      if (typeof sample === "string" || sample < 0 || sample === session.sample) (columns[column] ??= []).push(place);
    });
    const tall = Math.max(...columns.map((column) => column.length));
    const spots = new Map<number, [number, number]>();
    columns.forEach((column, x) => column.forEach((place, y) => spots.set(place, [60 + 150 * x, 26 + (48 * tall * (y + 0.5)) / column.length])));
    const [width, height] = [150 * columns.length - 20, 48 * tall + 46];
    const picture = svg("svg", { viewBox: `0 0 ${width} ${height}`, width, class: "flow", role: "group", "aria-label": this.say("view.graph") });
    const texts: SVGElement[] = [];
    for (const [from, to, node] of edges) {
      const [a, b] = [spots.get(from), spots.get(to)];
      if (!a || !b) continue;
      const middle = (a[0] + b[0]) / 2;
      picture.append(svg("path", { d: `M${a[0] + 44} ${a[1]}C${middle} ${a[1]} ${middle} ${b[1]} ${b[0] - 44} ${b[1]}` }));
      if (node < 0) continue;
      const text = svg("text", { class: "local c9", x: b[0] - 48 - (edges.length % 2), y: b[1] + 0.32 * (a[1] - b[1]) + 3 });
      this.#marks.push([text, () => this.changing.words.brief(toNumber(this.#value(node)), 3), -1]);
      texts.push(text);
    }
    for (const [place, [x, y]] of spots) {
      const [own, shape] = nodes[place]!;
      const name = typeof own === "number" ? this.name(own) : own;
      const group = svg("g", { transform: `translate(${x} ${y})`, ...(typeof own === "number" ? { "data-e": own, class: session.isHandle(own) ? "handle" : "", tabindex: 0, role: "button" } : {}) });
      const text = svg("text.value", { y: 14 });
      const colour = typeof own === "number" ? /class="(c\d+)"/.exec(session.content.elements[own]![3])?.[1] : undefined;
      group.append(svg("rect", { x: -44, y: -20, width: 88, height: 40, rx: 8 }), svg("text", { y: -4, class: colour }, ...letter(name)), text);
      if (typeof own === "number") {
        this.#marks.push([text, () => this.changing.words.brief(session.double(own)), own]);
        on(group, "keydown", (event) => {
          if (event.key === "Enter") (session.isHandle(own) ? type(this.changing, own, group) : this.changing.select(own));
        });
      } else text.textContent = String(shape);
      picture.append(group);
    }
    picture.append(...texts);
    this.place.replaceChildren(picture);
    built.count++;
  }

  #value(node: number): Real {
    return worth(this.session.content, node, (letter) => printedAs(this.session.sources.before.of(letter)));
  }

  override refresh(): void {
    const { session } = this;
    if (this.#sample !== session.sample) this.#draw();
    for (const [mark, text, own] of this.#marks) {
      const digits = text();
      setText(mark, digits);
      if (own >= 0) mark.parentElement!.setAttribute("aria-label", `${this.name(own)} = ${digits}`);
    }
    this.#refreshLocal();
  }

  /** The derivatives by what is selected, and of it. */
  #refreshLocal(): void {
    const { session } = this;
    const { nodes, edges } = session.content.graph;
    const shown = (place: number): boolean => [-1, session.sample].includes(nodes[place]![1] as number);
    if (this.#about !== session.selected || this.#drawn !== this.#sample) {
      [this.#about, this.#drawn] = [session.selected, this.#sample];
      this.#lines.clear();
      this.#local.replaceChildren();
      for (const [from, to, node] of edges) {
        const [by, of] = [nodes[from]![0], nodes[to]![0]];
        if (typeof by === "number" && typeof of === "number" && (by === session.selected || of === session.selected) && shown(from) && shown(to)) this.#lines.add(this.#local, { kind: "numbers", left: ["∂", of, by], node });
      }
    }
    this.#lines.change();
  }
}

/** What the network computes, for one or two inputs. */
export class Learned extends Base {
  #picture!: HTMLElement;
  #text!: HTMLElement;

  override build(place: HTMLElement): void {
    this.#picture = html("div");
    this.#text = html("p.about");
    place.append(this.#picture, this.#text);
  }

  override refresh(): void {
    const { session, changing } = this;
    const { inputs, outputs } = session.content.stage;
    const data = session.start.arrays.get(inputs[0]!)!;
    const count = inputs.reduce((sum, key) => sum + session.content.quantities[key]![1]!, 0);
    if (count > 2 || inputs.length > 1) {
      this.#text.textContent = this.say("function.none", { count });
      return;
    }
    const samples = session.content.samples;
    const column = (at: number): number[] => Array.from({ length: samples }, (_, sample) => data.data[sample * count + at]!);
    const ends = (numbers: number[]): [number, number] => {
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      const margin = Math.max((high - low) * 0.35, high === low ? Math.max(1, Math.abs(high) * 0.5) : 0);
      return [low - margin, high + margin];
    };
    const names = Array.from({ length: count }, (_, at) => this.name(session.places.get(`${inputs[0]!} ${at}`)!));
    const output = session.content.elements[outputs[0]![0]!]![0];
    const width = session.content.quantities[output]![1]!;
    const targets = session.content.stage.targets[0]?.map((element) => session.double(element));
    const { words } = changing;
    if (count === 1) {
      const [low, high] = ends(column(0));
      const xs = Float64Array.from({ length: POINTS }, (_, i) => low + ((high - low) * i) / (POINTS - 1));
      const y = this.#predict(inputs[0]!, { shape: [POINTS, 1], data: xs }, output).data;
      const range = [...y, ...(targets ?? [])].filter(Number.isFinite);
      const box = frame(words, this.say("function.one", { x: names[0]! }), [low, high], ends(range), [names[0]!, "y"]);
      for (let unit = 0; unit < width; unit++) box.picture.append(svg("path", { class: "curve c5", d: path([...xs].map((at, i) => [box.x(at), box.y(y[i * width + unit]!)])) }));
      targets?.forEach((target, at) => box.picture.append(svg("circle", { class: "end c6", cx: box.x(column(0)[Math.floor(at / width)]!), cy: box.y(target), r: 5 })));
      this.#picture.replaceChildren(box.picture);
      this.#text.textContent = this.say("function.one", { x: names[0]! });
      return;
    }
    const [across, up] = [ends(column(0)), ends(column(1))];
    const cells = 36;
    const grid = new Float64Array(cells * cells * 2);
    for (let j = 0; j < cells; j++)
      for (let i = 0; i < cells; i++) {
        grid[2 * (j * cells + i)] = across[0] + ((across[1] - across[0]) * (i + 0.5)) / cells;
        grid[2 * (j * cells + i) + 1] = up[0] + ((up[1] - up[0]) * (j + 0.5)) / cells;
      }
    const y = this.#predict(inputs[0]!, { shape: [cells * cells, 2], data: grid }, output).data;
    const about = this.say("function.two", { x: names[0]!, y: names[1]! });
    const { picture, x, y: height } = frame(words, about, across, up, names as [string, string]);
    const value = (at: number): number => y[at * width]!;
    const all = Array.from({ length: cells * cells }, (_, at) => value(at)).filter(Number.isFinite);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const [wide, tall] = [(x(across[1]) - x(across[0])) / cells, (height(up[0]) - height(up[1])) / cells];
    const ground = svg("g", { class: "field c5" });
    for (let j = 0; j < cells; j++)
      for (let i = 0; i < cells; i++) {
        const strength = (value(j * cells + i) - least) / (most - least || 1);
        ground.append(svg("rect", { x: (x(across[0]) + i * wide).toFixed(2), y: (height(up[0]) - (j + 1) * tall).toFixed(2), width: wide.toFixed(2), height: tall.toFixed(2), "fill-opacity": (0.06 + 0.72 * strength).toFixed(3) }));
      }
    picture.append(ground);
    for (let sample = 0; sample < samples; sample++) {
      const place = svg("g", { transform: `translate(${x(column(0)[sample]!).toFixed(1)} ${height(column(1)[sample]!).toFixed(1)})` }, svg("circle", { class: "sample c6", r: 7 }));
      const target = targets?.[sample * width];
      if (target !== undefined) place.append(svg("text.mark.outlined", { x: 11, y: 4 }, words.brief(target)));
      picture.append(place);
    }
    this.#picture.replaceChildren(picture);
    this.#text.textContent = about;
  }

  #predict(input: string, rows: Tensor, output: string): Tensor {
    const arrays = new Map(this.session.start.arrays).set(input, rows);
    for (const key of [...Object.keys(this.session.content.leaves.targets), ...Object.keys(this.session.content.leaves.weights)]) {
      const { shape } = arrays.get(key)!;
      arrays.set(key, { shape: [rows.shape[0]!, ...shape.slice(1)], data: new Float64Array(rows.shape[0]! * (shape[1] ?? 1)).fill(1) });
    }
    return this.session.runner.forward(arrays, rows.shape[0]!).get(output)!;
  }
}

/** Weights, activations and gradients by layer, as marks. */
export class Layers extends Base {
  #rows: [SVGRectElement, number][] = [];

  override build(place: HTMLElement): void {
    const { content } = this.session;
    place.append(html("p.about", this.say("layers.about")));
    const grid = html("div.strips");
    for (const group of content.stage.groups.filter((one) => !content.stage.inputs.includes(one.key))) {
      const own = new Set(group.units.map((unit) => unit.element));
      const weights = [...new Set(content.stage.edges.filter(([, to, weight]) => own.has(to) && weight >= 0).map(([, , weight]) => weight))];
      const biases = [...new Set(this.session.everyUnit.filter((unit) => own.has(unit.element)).flatMap((unit) => unit.biases))];
      const gradients = [...weights, ...biases].flatMap((element) => (element in content.gradients.of ? [content.gradients.of[element]!] : []));
      const strips: [string, number[]][] = [
        [this.say("layers.activations"), group.units.map((unit) => unit.element)],
        [this.say("layers.weights"), [...weights, ...biases]],
        [this.say("layers.gradients"), gradients],
      ];
      const box = html("div.strip-group", html("h4", group.title));
      for (const [title, elements] of strips) {
        if (!elements.length) continue;
        const wide = Math.min(24, 560 / elements.length);
        const picture = svg("svg", { viewBox: `0 0 ${Math.max(wide * elements.length, 240)} 26`, class: "strip", role: "img", "aria-label": `${group.title}: ${title}` });
        elements.forEach((element, i) => {
          const mark = svg("rect", { x: i * wide + 0.1 * wide, y: 1, width: 0.8 * wide, height: 24, rx: Math.min(3, wide / 3), "data-e": element }, svg("title"));
          on(mark, "pointerenter", () => (mark.firstElementChild!.textContent = `${this.name(element)} = ${this.changing.words.number(this.session.double(element))}`));
          picture.append(mark);
          this.#rows.push([mark, element]);
        });
        box.append(html("div.strip-row", html("span", title), picture));
      }
      grid.append(box);
    }
    place.append(grid);
  }

  override refresh(): void {
    const strips = new Map<Element, number>();
    for (const [mark, element] of this.#rows) strips.set(mark.parentElement!, Math.max(strips.get(mark.parentElement!) ?? 1e-300, Math.abs(this.session.double(element))));
    for (const [mark, element] of this.#rows) {
      const value = this.session.double(element);
      mark.setAttribute("class", `strip-mark ${value < 0 ? "c0" : "c1"}`);
      mark.setAttribute("fill-opacity", (0.1 + 0.9 * Math.min(1, Math.abs(value) / strips.get(mark.parentElement!)!)).toFixed(2));
    }
  }
}

/** Rows of a table, and numbers of an array that are shown unasked. */
const MOST_ROWS = 60;

/** What each sample brings to each gradient; of many weights, those of the array in which the selected one stands. */
export class Samples extends Base {
  override build(place: HTMLElement): void {
    this.place = place;
  }

  override refresh(): void {
    const { session, changing } = this;
    const { content } = session;
    if (content.samples === 1) {
      this.place.replaceChildren(html("p.about", this.say("samples.one")));
      return;
    }
    const all = this.parameters().filter((element) => element in content.gradients.of);
    const keyOf = (element: number): string => content.elements[element]![0];
    const chosen = keyOf(all.includes(session.ownerOf(session.selected)) ? session.ownerOf(session.selected) : all[0]!);
    const weights = all.length > MOST_ROWS ? all.filter((element) => keyOf(element) === chosen).slice(0, MOST_ROWS) : all;
    const mean = this.#shares(weights);
    const shares = mean ?? [];
    const head = [html("td"), ...Array.from({ length: content.samples }, (_, n) => html("th", { scope: "col" }, String(n + 1))), html("th", { scope: "col" }, this.say("samples.sum"))];
    const rows = weights.map((element, row) => {
      const numbers = shares.map((own) => own[row]!);
      const cells = [...numbers, session.double(content.gradients.of[element]!)].map((value) => html("td", { class: value < 0 ? "number minus" : "number" }, changing.words.number(Number(value.toPrecision(4)), 4)));
      return html("tr", html("th", { scope: "row" }, this.name(content.gradients.of[element]!)), ...cells);
    });
    if (!mean) {
      this.place.replaceChildren(html("p.about", this.say("samples.mixed")));
      return;
    }
    const table = html("table.shares", html("thead", html("tr", ...head)), html("tbody", ...rows));
    this.place.replaceChildren(html("p.about", this.say("samples.about")), html("div.scroll", { tabindex: 0, role: "group", "aria-label": this.say("view.samples") }, table));
  }

  /** The gradient of each sample by itself, as far as these add up to the whole: divided by N where E is a mean. */
  #shares(weights: number[]): number[][] | undefined {
    const { session } = this;
    const { content } = session;
    const { inputs, targets, weights: counts } = content.leaves;
    const rows = content.samples;
    const alone = Array.from({ length: rows }, (_, n) => {
      const arrays = new Map(session.start.arrays);
      for (const key of [...Object.keys(inputs), ...Object.keys(targets), ...Object.keys(counts)]) {
        const { shape, data } = arrays.get(key)!;
        const wide = data.length / rows;
        arrays.set(key, { shape: [1, ...shape.slice(1)], data: data.slice(n * wide, (n + 1) * wide) });
      }
      const before = session.runner.before({ arrays, number: session.start.number }, 1);
      return weights.map((element) => session.double(content.gradients.of[element]!, before));
    });
    const whole = weights.map((element) => session.double(content.gradients.of[element]!));
    for (const divisor of [1, rows]) {
      const close = whole.every((value, i) => {
        const size = alone.reduce((sum, own) => sum + Math.abs(own[i]!), 0) / divisor;
        return Math.abs(alone.reduce((sum, own) => sum + own[i]!, 0) / divisor - value) <= 1e-9 * size;
      });
      if (close) return alone.map((own) => own.map((value) => value / divisor));
    }
    return undefined;
  }
}

/** Every number that can be changed, in tables. */
export class AllNumbers extends Base {
  #inputs: [HTMLInputElement, number][] = [];
  /** Characters of the longest number so far, for which every field has room. */
  #longest = 9;

  override build(place: HTMLElement): void {
    const { session, changing } = this;
    const { leaves, elements } = session.content;
    const kinds: [string, Record<string, unknown>][] = [
      ["data", { ...leaves.inputs, ...leaves.targets }],
      ["numbers", leaves.parameters],
      ["rule", leaves.options],
    ];
    for (const [title, keys] of kinds) {
      const own = elements.flatMap(([key, , node], element) => (key in keys && node === -1 ? [element] : []));
      if (!own.length) continue;
      const grid = html("div.all");
      const fill = (): void => own.sort((a, b) => a - b).forEach((element) => {
        const input = html("input", { inputmode: "decimal", id: `number-${element}`, "data-e": element });
        on(input, "change", () => {
          const value = changing.words.typed(input.value);
          input.toggleAttribute("aria-invalid", value === undefined);
          if (value === undefined) return;
          session.change(new Map([[element, value]]));
          changing.changed(element);
        });
        on(input, "keydown", (event) => {
          const way = { ArrowUp: 1, ArrowDown: -1 }[event.key];
          if (!way) return;
          move(changing, element, way * (event.shiftKey ? 0.1 : 1), event.repeat);
          event.preventDefault();
        });
        grid.append(html("label", { for: `number-${element}` }, changing.words.name(element)), input);
        this.#inputs.push([input, element]);
      });
      const box = html("section.chapter", html("h3", this.say(title)));
      if (own.length <= MOST_ROWS) box.append(grid);
      else {
        const details = html("details", html("summary", this.say("all_of_them", { count: own.length })), grid);
        on(details, "toggle", () => {
          if (details.open && !grid.firstChild) fill();
          this.refresh();
        });
        box.append(details);
      }
      if (grid.parentElement === box) fill();
      place.append(box);
    }
  }

  override refresh(): void {
    const comma = this.session.content.decimal === "comma";
    for (const [input, element] of this.#inputs) {
      if (document.activeElement === input && input.value !== "" && this.changing.words.typed(input.value) === this.session.double(element)) continue;
      const text = String(this.session.double(element)).replace("-", "−");
      input.value = comma ? text.replace(".", ",") : text;
      this.#longest = Math.max(this.#longest, text.length);
    }
    for (const [input] of this.#inputs) input.parentElement!.style.setProperty("--digits", String(this.#longest));
  }
}
