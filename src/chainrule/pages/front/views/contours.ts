/** The error over two weights, as contours. */

import { listOf } from "../arrays";
import { html, svg } from "../dom";
import { between, frame, path } from "../plot";
import { Base } from "./base";

/** Places at which the error is computed, along each of the two numbers. */
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
    const at = (axis: 0 | 1, cell: number): number => between(low[axis]!, high[axis]!, cell / (CELLS - 1));
    const values = listOf(CELLS, (j) => listOf(CELLS, (i) => session.runner.error(session.changed([[a, at(0, i)], [b, at(1, j)]]))));
    const flat = values.flat().filter(isFinite);
    const [least, most] = [Math.min(...flat), Math.max(...flat)];
    const about = this.say("contours.about", { first: this.name(a), second: this.name(b) });
    const { picture, inside, x, y } = frame(changing.words, about, [low[0]!, high[0]!], [low[1]!, high[1]!], [this.name(a), this.name(b)]);
    const levels = 11;
    for (let k = 1; k <= levels; k++) {
      const level = least + (most - least) * (k / (levels + 1)) ** 2;
      const d = contour(values, level)
        .map(([p, q]) => `M${[p, q].map(([i, j]) => `${x(at(0, i!)).toFixed(1)} ${y(at(1, j!)).toFixed(1)}`).join("L")}`)
        .join("");
      inside.append(svg("path", { class: "contour c7", d, "stroke-opacity": (0.95 - 0.06 * k).toFixed(2) }));
    }
    if (after.every(isFinite)) inside.append(svg("path", { class: "tangent c1", d: path([[x(now[0]), y(now[1])], [x(after[0]), y(after[1])]]) }), svg("circle", { class: "end c1", cx: x(after[0]), cy: y(after[1]), r: 4 }));
    picture.append(svg("circle", { class: "dot c7", cx: x(now[0]), cy: y(now[1]), r: 7 }));
    this.#picture.replaceChildren(picture);
    this.#text.textContent = about;
  }
}

type Point = [number, number];

/** The line along which a grid of numbers has a value, in pieces: marching squares. */
function contour(values: number[][], level: number): [Point, Point][] {
  const pieces: [Point, Point][] = [];
  const cut = (a: number, b: number): number => (level - a) / (b - a);
  for (let j = 0; j + 1 < values.length; j++)
    for (let i = 0; i + 1 < values[j]!.length; i++) {
      const [p, q, r, s] = [values[j]![i]!, values[j]![i + 1]!, values[j + 1]![i + 1]!, values[j + 1]![i]!];
      const cuts: Point[] = [];
      if (p < level !== q < level) cuts.push([i + cut(p, q), j]);
      if (q < level !== r < level) cuts.push([i + 1, j + cut(q, r)]);
      if (s < level !== r < level) cuts.push([i + cut(s, r), j + 1]);
      if (p < level !== s < level) cuts.push([i, j + cut(p, s)]);
      if (cuts.length >= 2) pieces.push([cuts[0]!, cuts[1]!]);
      if (cuts.length === 4) pieces.push([cuts[2]!, cuts[3]!]);
    }
  return pieces;
}
