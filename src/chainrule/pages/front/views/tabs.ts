/** The views below the page, one of which is open: each is made when it is opened first, and brought up to date while it is seen. */

import { button, html, on } from "../dom";
import type { Changing } from "../handles";
import { built } from "../mathml";
import type { View } from "./base";
import { Contours } from "./contours";
import { Curve } from "./curve";
import { Formulas } from "./formulas";
import { Graph } from "./graph";
import { Layers } from "./layers";
import { Learned } from "./learned";
import { AllNumbers } from "./numbers";
import { Samples } from "./samples";
import { Slope } from "./slope";

export const VIEWS = ["formulas", "graph", "slope", "contours", "curve", "function", "layers", "samples", "numbers"] as const;
export type ViewName = (typeof VIEWS)[number];

export class Tabs {
  #opened: ViewName = "formulas";
  readonly formulas: Formulas;
  readonly curve: Curve;
  readonly #tabs = new Map<ViewName, { view: View; panel: HTMLElement; tab: HTMLElement; stale: boolean; built: boolean }>();

  constructor(place: HTMLElement, changing: Changing) {
    const { words } = changing;
    [this.formulas, this.curve] = [new Formulas(changing), new Curve(changing)];
    const views: Record<ViewName, View> = {
      formulas: this.formulas,
      graph: new Graph(changing),
      slope: new Slope(changing),
      contours: new Contours(changing),
      curve: this.curve,
      function: new Learned(changing),
      layers: new Layers(changing),
      samples: new Samples(changing),
      numbers: new AllNumbers(changing),
    };
    const list = html("div.tabs", { role: "tablist", "aria-label": words.say("views") });
    place.append(list);
    for (const name of VIEWS) {
      const tab = button(() => this.open(name), { role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, "aria-selected": "false", tabindex: -1 }, words.say(`view.${name}`));
      const panel = html("div", { role: "tabpanel", id: `view-${name}`, "aria-labelledby": `tab-${name}`, class: `view ${name}`, hidden: true });
      list.append(tab);
      place.append(panel);
      this.#tabs.set(name, { view: views[name], panel, tab, stale: true, built: false });
    }
    on(list, "keydown", (event) => {
      const way = { ArrowRight: 1, ArrowLeft: VIEWS.length - 1 }[event.key];
      if (way === undefined) return;
      this.open(VIEWS[(VIEWS.indexOf(this.#opened) + way) % VIEWS.length]!);
      this.#tabs.get(this.#opened)!.tab.focus();
      event.preventDefault();
      event.stopPropagation();
    });
    this.open("formulas");
  }

  get opened(): ViewName {
    return this.#opened;
  }

  open(name: ViewName): void {
    this.#opened = name;
    for (const [other, { tab, panel }] of this.#tabs) {
      const chosen = other === name;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
      panel.hidden = !chosen;
      const list = tab.parentElement!;
      if (chosen) list.scrollLeft = tab.offsetLeft - list.offsetLeft - (list.clientWidth - tab.clientWidth) / 2; // where they do not all fit
    }
    this.#refreshOpened();
  }

  /** The numbers have changed: what is seen follows at once, the others when they are opened. */
  refresh(): void {
    for (const tab of this.#tabs.values()) tab.stale = true;
    this.#refreshOpened();
  }

  #refreshOpened(): void {
    const opened = this.#tabs.get(this.#opened)!;
    if (!opened.built) {
      opened.built = true;
      opened.view.build(opened.panel);
      opened.stale = true;
      built.count++;
    }
    if (opened.stale) opened.view.refresh();
    opened.stale = false;
  }
}
