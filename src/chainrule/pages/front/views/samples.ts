/** What each sample brings to each gradient. */

import { listOf } from "../arrays";
import { fill, html } from "../dom";
import { Base, MOST_ROWS } from "./base";

/** What each sample brings to each gradient; of many weights, those of the array in which the selected one stands. */
export class Samples extends Base {
  override build(place: HTMLElement): void {
    this.place = place;
  }

  override refresh(): void {
    const { session, changing } = this;
    const { content } = session;
    const all = this.parameters().filter((element) => element in content.gradients.of);
    const chosen = session.keyOf(all.includes(session.ownerOf(session.selected)) ? session.ownerOf(session.selected) : all[0]!);
    const weights = all.length > MOST_ROWS ? all.filter((element) => session.keyOf(element) === chosen).slice(0, MOST_ROWS) : all;
    const shares = content.samples > 1 ? this.#shares(weights) : undefined;
    this.place.replaceChildren(html("p.about", this.say(`samples.${shares ? "about" : content.samples > 1 ? "mixed" : "one"}`)));
    if (!shares) return;
    const head = [html("td"), ...[...listOf(content.samples, (n) => String(n + 1)), this.say("samples.sum")].map((text) => html("th", { scope: "col" }, text))];
    const rows = weights.map((element, row) => {
      const numbers = shares.map((own) => own[row]!);
      const cells = [...numbers, session.double(content.gradients.of[element]!)].map((value) => html("td", { class: value < 0 ? "number minus" : "number" }, changing.words.number(Number(value.toPrecision(4)), 4)));
      return html("tr", html("th", { scope: "row" }, this.name(content.gradients.of[element]!)), ...cells);
    });
    const table = html("table.shares", html("thead", html("tr", ...head)), html("tbody", ...rows));
    this.place.append(fill(this.scroll("samples"), table));
  }

  /** The gradient of each sample by itself, as far as these add up to the whole: divided by N where E is a mean. */
  #shares(weights: number[]): number[][] | undefined {
    const { session } = this;
    const { content } = session;
    const { inputs, targets, weights: counts } = content.leaves;
    const rows = content.samples;
    const alone = listOf(rows, (n) => {
      const arrays = new Map(session.start.arrays);
      for (const key of [...Object.keys(inputs), ...Object.keys(targets), ...Object.keys(counts)]) {
        const { shape, data } = arrays.get(key)!;
        const wide = data.length / rows;
        arrays.set(key, { shape: [1, ...shape.slice(1)], data: data.slice(n * wide, (n + 1) * wide) });
      }
      const before = session.runner.before({ arrays, number: session.start.number }, 1);
      return weights.map((element) => session.double(content.gradients.of[element]!, before));
    });
    const whole = weights.map((element) => session.double(content.gradients.of[element]!));
    for (const divisor of [1, rows]) {
      const close = whole.every((value, i) => {
        const size = alone.reduce((sum, own) => sum + Math.abs(own[i]!), 0) / divisor;
        return Math.abs(alone.reduce((sum, own) => sum + own[i]!, 0) / divisor - value) <= 1e-9 * size;
      });
      if (close) return alone.map((own) => own.map((value) => value / divisor));
    }
    return undefined;
  }
}
