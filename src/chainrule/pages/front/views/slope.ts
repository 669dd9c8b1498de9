/** The error as a curve over one weight, with its tangent and the step taken. */

import { listOf } from "../arrays";
import { html, svg } from "../dom";
import { between, frame, path } from "../plot";
import { Base, POINTS } from "./base";

/** The error as a function of one number, its tangent, and the step. */
export class Slope extends Base {
  private element = -1;
  #chooser!: HTMLElement;
  #picture!: HTMLElement;
  #text!: HTMLElement;

  override build(place: HTMLElement): void {
    this.#chooser = html("div.choosers");
    this.#picture = html("div");
    this.#text = html("p.about");
    place.append(this.#chooser, this.#picture, this.#text);
    const all = this.parameters();
    this.element = all[0] ?? -1;
    this.#chooser.append(this.choose(this.say("axis.first"), all, this.element, (element) => this.changing.select(element)));
  }

  override refresh(): void {
    const { session, changing } = this;
    const { words } = changing;
    const selected = session.ownerOf(session.selected);
    if (this.parameters().includes(selected)) this.element = selected;
    const { element } = this;
    if (element < 0) return;
    this.#chooser.querySelector("select")!.value = String(element);
    const value = session.double(element);
    const gradient = session.double(session.content.gradients.of[element]!);
    const error = session.double(session.content.stage.error);
    const next = session.nextOf(element);
    const after = next === undefined ? value : session.double(next);
    const reach = Math.max(Math.abs(value) * 1.1, 1.25 * Math.abs(isFinite(after) ? after - value : 0), 0.8);
    const [low, high] = [value - reach, value + reach];
    const curve: [number, number][] = listOf(POINTS, (i) => {
      const x = between(low, high, i / (POINTS - 1));
      return [x, session.runner.error(this.session.changed([[element, x]]))];
    });
    const heights = curve.map(([, y]) => y).filter(isFinite);
    const ending = session.runner.error(this.session.changed([[element, after]]));
    const lowest = Math.min(...heights, error);
    const highest = Math.max(Math.min(Math.max(...heights), lowest + 6 * Math.max(error - lowest, Math.abs(ending - lowest), 1e-9)), error) * 1.02 + 1e-9;
    const bottom = Math.min(lowest, Math.max(0, lowest - (highest - lowest))); // from 0 where that leaves the curve room
    const name = this.name(element);
    const about = this.say("slope.about", { name, slope: words.number(gradient, 4) });
    const { picture, inside, x, y } = frame(words, about, [low, high], [bottom, highest], [name, words.name(session.content.stage.error)]);
    inside.append(svg("path", { class: "curve c7", d: path(curve.map(([a, b]) => [x(a), y(b)])) }));
    const tangent = (at: number): number => error + gradient * (at - value);
    inside.append(svg("path", { class: "tangent c9", d: path([[x(low), y(tangent(low))], [x(high), y(tangent(high))]]) }));
    if (isFinite(after) && isFinite(error)) {
      const [from, to] = [x(value), x(after)];
      const way = to < from ? 1 : -1;
      picture.append(svg("path", { class: "step c1", d: `M${from} ${y(error)}H${to}l${7 * way} -4v8z` }));
      picture.append(svg("line", { class: "fall c1", x1: to, x2: to, y1: y(error), y2: y(Math.min(ending, highest)) }));
      if (ending <= highest) picture.append(svg("circle", { class: "end c1", cx: to, cy: y(ending), r: 4 }));
    }
    if (isFinite(error)) picture.append(svg("circle", { class: "dot handle c7", cx: x(value), cy: y(error), r: 8, "data-e": element }));
    this.#picture.replaceChildren(picture);
    this.#text.textContent = about + (ending > error ? ` ${this.say("slope.over")}` : "");
  }
}
