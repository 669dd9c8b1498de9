/** What every view has: its place, the words and numbers of the page, and what a person may choose. */

import type { Content } from "../content";
import { html, on } from "../dom";
import type { Changing } from "../handles";

/** A view: `build` makes it when it is opened, `refresh` brings it up to date. */
export interface View {
  build(place: HTMLElement): void;
  refresh(): void;
}

/** Rows of a table, and numbers of an array that are shown unasked. */
export const MOST_ROWS = 60;
/** Points of a curve. */
export const POINTS = 121;

export abstract class Base implements View {
  protected place!: HTMLElement;

  constructor(protected readonly changing: Changing) {}

  abstract build(place: HTMLElement): void;
  abstract refresh(): void;

  protected get session(): Changing["session"] {
    return this.changing.session;
  }

  protected get content(): Content {
    return this.session.content;
  }

  protected say(key: string, values: Record<string, string | number> = {}): string {
    return this.changing.words.say(key, values);
  }

  protected name(element: number): string {
    return this.changing.words.short(element);
  }

  /** A box for what may be broader than the page. */
  protected scroll(view: string): HTMLElement {
    return html("div.scroll", { tabindex: 0, role: "group", "aria-label": this.say(`view.${view}`) });
  }

  /** The numbers that move: every weight and bias. */
  protected parameters(): number[] {
    const { elements, leaves } = this.content;
    return elements.flatMap(([key, , node], element) => (node === -1 && key in leaves.parameters ? [element] : []));
  }

  protected choose(label: string, elements: number[], chosen: number, choose: (element: number) => void): HTMLElement {
    const select = html("select");
    for (const element of elements) select.append(html("option", { value: element, selected: element === chosen }, this.name(element)));
    on(select, "change", () => choose(Number(select.value)));
    return html("label.chooser", html("span", label), select);
  }
}
