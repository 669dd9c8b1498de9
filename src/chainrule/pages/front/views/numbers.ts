/** Every number that can be changed, in tables. */

import { html, on } from "../dom";
import { enter, move, unitsOf } from "../handles";
import { Base, MOST_ROWS } from "./base";

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
      const number = (one: number, other: number): number =>
        title === "numbers" ? changing.words.name(one).localeCompare(changing.words.name(other), "en", { numeric: true }) : elements[one]![1] - elements[other]![1];
      const own = Object.keys(keys).flatMap((kind) => elements.flatMap(([key, , node], element) => (key === kind && node === -1 ? [element] : [])).sort(number));
      if (!own.length) continue;
      const grid = html("div.all");
      const fill = (): void => own.forEach((element) => {
        const input = html("input", { inputmode: "decimal", id: `number-${element}`, "data-e": element });
        on(input, "change", () => {
          input.setAttribute("aria-invalid", String(!enter(changing, element, input.value)));
        });
        on(input, "keydown", (event) => {
          const units = unitsOf(event);
          if (!units) return;
          move(changing, element, units, event.repeat);
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
    const comma = this.content.decimal === "comma";
    for (const [input, element] of this.#inputs) {
      if (document.activeElement === input && input.value !== "" && this.changing.words.typed(input.value) === this.session.double(element)) continue;
      const text = String(this.session.double(element)).replace("-", "−");
      input.value = comma ? text.replace(".", ",") : text;
      this.#longest = Math.max(this.#longest, text.length);
    }
    for (const [input] of this.#inputs) input.parentElement!.style.setProperty("--digits", String(this.#longest));
  }
}
