/** Weights, activations and gradients, layer by layer. */

import { html, on, svg } from "../dom";
import { Base } from "./base";

/** Weights, activations and gradients by layer, as marks. */
export class Layers extends Base {
  #rows: [SVGRectElement, number][] = [];

  override build(place: HTMLElement): void {
    const { content } = this.session;
    place.append(html("p.about", this.say("layers.about")));
    const grid = html("div.strips");
    const told = new Set<number>();
    const titles = new Map(content.stage.groups.filter((group) => group.title).map((group) => [group.key, group.title]));
    const given = content.stage.groups.filter((one) => !content.stage.inputs.includes(one.key));
    for (const name of new Set(given.map(({ key }) => titles.get(key)!))) {
      const units = given.filter(({ key }) => titles.get(key) === name).flatMap((group) => group.units); // c and h of an LSTM, and what stands in several columns
      const own = new Set(units.map((unit) => unit.element));
      const leading = content.stage.edges.filter(([, to, weight]) => own.has(to) && weight >= 0).map(([, , weight]) => weight);
      const weights = [...new Set([...leading, ...units.flatMap((unit) => unit.biases)])].filter((weight) => !told.has(weight)); // those of a recurrence once
      for (const weight of weights) told.add(weight);
      const gradients = weights.flatMap((element) => (element in content.gradients.of ? [content.gradients.of[element]!] : []));
      const strips: [string, number[]][] = [
        [this.say("layers.activations"), units.map((unit) => unit.element)],
        [this.say("layers.weights"), weights],
        [this.say("layers.gradients"), gradients],
      ];
      const box = html("div.strip-group", html("h4", name));
      for (const [title, elements] of strips) {
        if (!elements.length) continue;
        const wide = Math.min(24, 560 / elements.length);
        const picture = svg("svg", { viewBox: `0 0 ${Math.max(wide * elements.length, 240)} 26`, preserveAspectRatio: "xMinYMid", class: "strip", role: "img", "aria-label": `${name}: ${title}` });
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
