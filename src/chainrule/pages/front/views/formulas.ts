/** The step in formulas: the document of `explain`, alive. */

import type { Block } from "../content";
import { html } from "../dom";
import { Lines, prose, stated } from "../lines";
import { Base } from "./base";

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
