/** The card of what is selected: how it comes about, its gradient by the chain rule, its update; and what is computed at this moment. */

import type { Line } from "./content";
import { button, html, on } from "./dom";
import { type Changing, type } from "./handles";
import { lettersOf } from "./layout";
import { Lines, stated } from "./lines";
import { elementLine } from "./worked";

/** A mistake that changes a number by less than this, relatively, does not show in it. */
const SHOWS = 1e-9;

/** In so many places of the forward pass a weight is shown. */
const MOST_PLACES = 6;

/** Milliseconds after which the lines above have their height. */
const SETTLED = 100;

export class Card {
  readonly #lines: Lines;
  #shown = "";
  /** The gradients that are shown, and a list of what people compute in their place. */
  #gradients: number[] = [];
  readonly #mistakes = html("ul");
  readonly #unfolding: HTMLDetailsElement;

  constructor(
    private readonly place: HTMLElement,
    private readonly changing: Changing,
  ) {
    this.#lines = new Lines(changing.session, changing.words.say("view.formulas"));
    this.#unfolding = html("details.mistakes", html("summary", changing.words.say("mistakes_here.title")), this.#mistakes);
    on(this.#unfolding, "toggle", () => this.#compare());
  }

  /** Shows what is selected; while stepping, the quantity that is computed now. title: as markup. asked: is its number to be predicted first? */
  show(now: number | undefined, title: string, asked?: (typed: string) => void): void {
    const { session } = this.changing;
    const selected = session.ownerOf(session.selected);
    const key = now === undefined ? `${selected} ${session.sample}` : `now ${now} ${asked ? "?" : ""}`;
    if (key === this.#shown) {
      this.#compare();
      return this.#lines.change();
    }
    this.#shown = key;
    this.#lines.clear();
    const heading = html("h2", { id: "card-title" });
    heading.innerHTML = title;
    this.place.replaceChildren(heading);
    if (now !== undefined) {
      const owner = session.ownerOf(now);
      const arrow = session.nextOf(owner) === now ? owner : undefined;
      this.#part("", [elementLine(session.content, now, arrow)], Boolean(asked));
      if (asked) this.#ask(now, asked);
      return;
    }
    const { words } = this.changing;
    const { gradients, updates } = session.content;
    const handle = session.isHandle(selected);
    if (handle) this.#value(selected);
    const unit = session.everyUnit.find((one) => one.element === selected);
    const computed = (element: number): boolean => session.content.elements[element]![2] >= 0;
    const line = (element: number): Line => elementLine(session.content, element);
    if (unit?.parts.length) this.#part("forward", unit.parts.map(line));
    else if (computed(selected)) this.#part("forward", [line(selected)]);
    else if (session.keyOf(selected) in session.content.leaves.parameters) {
      const parts = new Set(session.everyUnit.flatMap((one) => (one.sample === session.sample ? one.parts : [])));
      const used = [...parts].filter((part) => computed(part) && lettersOf(session.content, session.content.elements[part]![2]).includes(selected));
      const more = used.length > MOST_PLACES ? words.say("forward.places", { count: used.length, shown: MOST_PLACES }) : undefined;
      if (used.length) this.#part("forward", used.slice(0, MOST_PLACES).map(line), false, more);
    }
    const { samples } = session.content;
    const all = gradients.chains[selected] ?? [];
    const chains = (samples > 1 ? all.slice(session.sample, session.sample + 1) : all).filter((chain): chain is Line => chain !== null);
    const own = unit?.parts.length ? [...unit.parts].reverse() : [selected];
    const of = own.map((element) => gradients.of[element]).filter((element): element is number => element !== undefined);
    const more = samples > 1 || !chains.length ? of.map(line) : [];
    if (chains.length || more.length) this.#part("gradient", [...chains, ...more], false, selected in gradients.of && !chains.length && gradients.chains[selected] ? words.say("many_paths") : undefined);
    else if (handle && !(session.keyOf(selected) in session.content.leaves.options)) this.#part("gradient", [], false, words.say("no_gradient"));
    this.#gradients = of.filter((element) => session.keyOf(element) in session.content.mistakes);
    if (this.#gradients.length) this.place.append(this.#unfolding);
    this.#compare();
    const updated = updates.own[selected];
    if (updated)
      this.#part("update", [...updates.shared.map(line), ...updated.slice(0, -1).map(line), elementLine(session.content, updated[updated.length - 1]!, selected)]);
    else if (session.keyOf(selected) in session.content.leaves.parameters) this.#part("update", [], false, words.say("no_update"));
  }

  #part(key: string, lines: Line[], without = false, note?: string): void {
    const { words } = this.changing;
    const box = html("div.lines");
    if (key) this.place.append(html("h3", words.say(key)));
    if (note) this.place.append(html("p.note", note));
    this.place.append(box);
    for (const line of lines) this.#lines.add(box, line, without);
  }

  /** What common mistakes would give in place of these gradients, where that is another number. */
  #compare(): void {
    if (!this.#unfolding.open) return;
    const { session, words } = this.changing;
    const { elements, mistakes } = session.content;
    const told = this.#gradients.flatMap((element) => {
      const [key, place] = elements[element]!;
      const right = session.double(element);
      return Object.entries(mistakes[key]!).flatMap(([mistake, ways]) => {
        const found = session.runner.given(session.start, ways).map(({ data }) => data[data.length > 1 ? place : 0]!);
        const wrong = found.find((one) => isFinite(one) && Math.abs(one - right) > SHOWS * Math.abs(right));
        return wrong === undefined ? [] : [words.say("mistake", { mistake, name: words.name(element), wrong: words.number(wrong), right: words.number(right) })];
      });
    });
    this.#mistakes.replaceChildren(...told.map((text) => html("li", text)));
  }

  /** The number itself, to be dragged or typed. */
  #value(element: number): void {
    const { words } = this.changing;
    const box = html("div.own");
    this.#lines.add(box, stated(element));
    const edit = button(() => type(this.changing, element, edit), words.say("edit", { name: words.name(element) }));
    box.append(edit);
    this.place.append(box);
  }

  #ask(element: number, asked: (typed: string) => void): void {
    const { words } = this.changing;
    const input = html("input", { id: "guess", inputmode: "decimal", autocomplete: "off", "aria-describedby": "guess-hint" });
    const form = html(
      "form.ask",
      html("label", { for: "guess" }, words.say("predict.ask", { name: words.name(element) })),
      html("div", input, html("button", words.say("predict.check"))),
      html("p", { id: "guess-hint", class: "note" }, words.say("predict.hint")),
    );
    on(form, "submit", (event) => {
      event.preventDefault();
      if (words.typed(input.value) === undefined) input.setAttribute("aria-invalid", "true");
      else asked(input.value);
    });
    this.place.append(form);
    input.focus({ preventScroll: true });
    setTimeout(() => form.scrollIntoView({ block: "nearest" }), SETTLED); // on a telephone it stands below
  }
}
