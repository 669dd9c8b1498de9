/** The controls of what only Python can change: layers, activations, loss, optimiser, letters and language. */

import type { Architecture, Choices, Layer } from "./messages";
import { button, check, html, on } from "./dom";
import type { Phrases } from "./phrases";

export type Change = Record<string, unknown>;

/** What the controls call. */
export interface Asked {
  change: (change: Change) => void;
  save: () => void;
  open: (file: File) => void;
}

export class Bench {
  readonly element = html("section.bench");
  private readonly folded = html("details");
  private readonly summary = html("summary");
  private readonly row = html("div.bench-row");
  private readonly file = html("input", { type: "file", class: "heard", tabindex: -1 });

  constructor(
    private readonly words: Phrases,
    private readonly asked: Asked,
  ) {
    this.folded.append(this.summary, this.row, this.file);
    this.element.append(this.folded);
    this.folded.open = matchMedia("(min-width: 60rem)").matches;
    on(this.file, "change", () => {
      const chosen = this.file.files?.[0];
      this.file.value = "";
      if (chosen) asked.open(chosen);
    });
  }

  /** Shows what the network is made of now; what had the focus keeps it. */
  show(now: Architecture, focused = document.activeElement?.getAttribute("data-key")): void {
    const { words, row } = this;
    const named = (choices: Choices, name: string | null): string => choices.find(([one]) => one === name)?.[1] ?? "";
    const sizes = [now.inputs, ...now.layers.map((layer) => layer.units)].filter((size) => size !== null).join("-");
    const parts = [sizes, named(now.choices.loss, now.loss), named(now.choices.optimizer, now.optimizer)].filter(Boolean);
    this.summary.replaceChildren(html("b", words.say("network")), " ", html("span.quiet", parts.join(" · ")));
    this.element.setAttribute("aria-label", words.say("network"));
    this.file.setAttribute("aria-label", words.say("file"));
    const layers = html("div.bench-layers");
    if (now.inputs !== null) layers.append(this.group(words.say("inputs"), [this.stepper("inputs", words.say("inputs"), now.inputs, now.most.units, (inputs) => ({ inputs }))]));
    now.layers.forEach((layer, place) => {
      if (now.chain && now.layers.length < now.most.layers) layers.append(this.small("+", words.say("insert", { name: layer.title }), { insert: place }));
      layers.append(this.layer(now, layer, place));
    });
    const look = html("div.bench-choices");
    if (now.loss !== null) look.append(this.select("loss", words.say("loss"), now.choices.loss, now.loss));
    look.append(this.select("optimizer", words.say("optimizer"), now.choices.optimizer, now.optimizer));
    look.append(this.select("notation", words.say("notation"), now.choices.notation, now.notation));
    look.append(this.select("language", words.say("language"), now.choices.language, now.language));
    look.append(
      this.button("draw", words.say("draw"), () => this.asked.change({ draw: true })),
      this.button("save", words.say("save"), () => this.asked.save()),
      this.button("file", words.say("file"), () => this.file.click()),
      html("span.note", words.say("file.about")),
    );
    row.replaceChildren(layers, look);
    if (focused) this.element.querySelector<HTMLElement>(`[data-key="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }

  private layer(now: Architecture, layer: Layer, place: number): HTMLElement {
    const { words } = this;
    const parts: HTMLElement[] = [];
    const of = (what: string): string => `${layer.title}: ${what}`;
    if (layer.units !== null) parts.push(this.stepper(`units ${place}`, of(words.say("units")), layer.units, now.most.units, (units) => ({ units, layer: place })));
    if (layer.activation !== null) parts.push(this.select(`activation ${place}`, of(words.say("activation")), now.choices.activation, layer.activation, (activation) => ({ activation, layer: place }), true));
    if (layer.bias !== null) {
      const [label] = check(words.say("bias"), (bias) => this.asked.change({ bias, layer: place }), { checked: layer.bias, "data-key": `bias ${place}`, "aria-label": of(words.say("bias")) });
      parts.push(label);
    }
    if (now.chain && place + 1 < now.layers.length) parts.push(this.small("✕", words.say("remove", { name: layer.title }), { remove: place }));
    return this.group(layer.title, parts);
  }

  private group(title: string, parts: HTMLElement[]): HTMLElement {
    return html("fieldset", html("legend", title), ...parts);
  }

  private button(key: string, label: string, act: () => void): HTMLElement {
    return button(act, { "data-key": key }, label);
  }

  private small(symbol: string, label: string, change: Change): HTMLElement {
    return button(() => this.asked.change(change), { class: "small", "data-key": JSON.stringify(change), "aria-label": label, title: label }, symbol);
  }

  /** A number with a button for one fewer and one for one more. */
  private stepper(key: string, label: string, value: number, most: number, change: (value: number) => Change): HTMLElement {
    const { words } = this;
    const output = html("output", { "aria-label": label }, String(value));
    let now = value;
    const turned = (way: 1 | -1): HTMLElement => {
      const name = words.say(way > 0 ? "further" : "fewer", { what: label });
      const act = (): void => {
        const wanted = Math.min(most, Math.max(1, now + way));
        if (wanted === now) return;
        now = wanted;
        output.textContent = String(now);
        this.asked.change(change(now));
      };
      return button(act, { class: "small", "data-key": `${key} ${way}`, "aria-label": name, title: name }, way > 0 ? "+" : "−");
    };
    return html("span.stepper", { role: "group", "aria-label": label }, turned(-1), output, turned(1));
  }

  private select(key: string, label: string, choices: Choices, value: string | null, change: (value: string) => Change = (one) => ({ [key]: one }), bare = false): HTMLElement {
    const select = html("select", { "data-key": key, "aria-label": label });
    if (!choices.some(([name]) => name === value)) select.append(html("option", { value: "", selected: true, disabled: true }, this.words.say("own")));
    for (const [name, called] of choices) select.append(html("option", { value: name, selected: name === value }, called));
    on(select, "change", () => this.asked.change(change(select.value)));
    return bare ? select : html("label.bench-choice", html("span", { "aria-hidden": "true" }, label), select);
  }
}
