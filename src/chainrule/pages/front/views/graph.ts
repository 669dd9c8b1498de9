/** The computation as a graph, with the derivatives on its edges. */

import { html, letter, on, setText, svg } from "../dom";
import { type } from "../handles";
import { Lines } from "../lines";
import { built } from "../mathml";
import { printedAs } from "../numbers";
import { type Real, toNumber } from "../real";
import { worth } from "../values";
import { Base } from "./base";

/** Derivatives one below the other stand so far apart. */
const APART = 13;

/** The computation as a graph: named numbers, and the derivatives between them. */
export class Graph extends Base {
  #marks: [SVGElement, () => string, number][] = [];
  #sample = -1;
  #lines!: Lines;
  #local!: HTMLElement;
  #about = -1;
  #drawn = -1;

  override build(place: HTMLElement): void {
    this.place = this.scroll("graph");
    this.#local = html("div.lines");
    this.#lines = new Lines(this.session, this.say("graph.local"));
    const numbers = typeof this.content.graph.nodes[0]![0] === "number";
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
    const taken: [number, number][] = [];
    for (const [from, to, node] of edges) {
      const [a, b] = [spots.get(from), spots.get(to)];
      if (!a || !b) continue;
      const middle = (a[0] + b[0]) / 2;
      picture.append(svg("path", { d: `M${a[0] + 44} ${a[1]}C${middle} ${a[1]} ${middle} ${b[1]} ${b[0] - 44} ${b[1]}` }));
      if (node < 0) continue;
      let y = b[1] + 0.32 * (a[1] - b[1]) + 3;
      while (taken.some((one) => one[0] === b[0] && Math.abs(one[1] - y) < APART)) y += 3;
      taken.push([b[0], y]);
      const text = svg("text", { class: "local c9", x: b[0] - 48, y });
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
        this.#marks.push([text, () => this.changing.words.brief(session.seen(own)), own]);
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
    return worth(this.content, node, (letter) => printedAs(this.session.sources.before.of(letter)));
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
