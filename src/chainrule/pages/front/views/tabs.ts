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

const KINDS = { formulas: Formulas, graph: Graph, slope: Slope, contours: Contours, curve: Curve, function: Learned, layers: Layers, samples: Samples, numbers: AllNumbers };
export type ViewName = keyof typeof KINDS;
export const VIEWS = Object.keys(KINDS) as ViewName[];

export class Tabs {
  #opened: ViewName = "formulas";
  readonly #tabs = new Map<ViewName, { view: View; panel: HTMLElement; tab: HTMLElement; stale: boolean; built: boolean }>();

  constructor(place: HTMLElement, changing: Changing) {
    const { words } = changing;
    const list = html("div.tabs", { role: "tablist", "aria-label": words.say("views") });
    place.append(list);
    for (const name of VIEWS) {
      const tab = button(() => this.open(name), { role: "tab", id: `tab-${name}`, "aria-controls": `view-${name}`, "aria-selected": "false", tabindex: -1 }, words.say(`view.${name}`));
      const panel = html("div", { role: "tabpanel", id: `view-${name}`, "aria-labelledby": `tab-${name}`, class: `view ${name}`, hidden: true });
      list.append(tab);
      place.append(panel);
      this.#tabs.set(name, { view: new KINDS[name](changing), panel, tab, stale: true, built: false });
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

  get formulas(): Formulas {
    return this.#tabs.get("formulas")!.view as Formulas;
  }

  get curve(): Curve {
    return this.#tabs.get("curve")!.view as Curve;
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
