/** All training steps on a line with the curve of their error, to be scrubbed. */

import { fill, html, on, svg } from "./dom";
import { errorPaths } from "./plot";
import type { Session } from "./session";
import type { Words } from "./words";

const [WIDE, TALL] = [1000, 44];

export class Timeline {
  readonly #slider = html("input", { type: "range", min: 0, step: 1 });
  readonly #curve = svg("path", { class: "curve c7" });
  readonly #dot = svg("line.here", { y1: 0, y2: TALL });
  #drawn: unknown;

  constructor(
    place: HTMLElement,
    private readonly session: Session,
    private readonly words: Words,
    visit: (at: number) => void,
  ) {
    this.#slider.setAttribute("aria-label", words.say("timeline"));
    const picture = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, preserveAspectRatio: "none", "aria-hidden": "true" }, this.#curve, this.#dot);
    place.append(html("div.track", picture, this.#slider));
    on(this.#slider, "input", () => visit(Number(this.#slider.value)));
  }

  refresh(): void {
    const { session, words } = this;
    const { steps, at } = session;
    const last = Math.max(steps.length - 1, 1);
    this.#slider.max = String(steps.length - 1);
    this.#slider.value = String(at);
    this.#slider.disabled = steps.length === 1;
    const error = words.number(session.errorOf(session.start), 4);
    this.#slider.setAttribute("aria-valuetext", words.say("trained", { number: session.start.number, error }));
    const x = ((at / last) * (WIDE - 16) + 8).toFixed(1);
    fill(this.#dot, { x1: x, x2: x });
    if (this.#drawn === steps) return;
    this.#drawn = steps;
    const every = Math.max(1, Math.floor(steps.length / 500));
    const points = steps.flatMap((start, i): [number, number][] => (i % every === 0 || i === last ? [[i / last, session.errorOf(start)]] : []));
    this.#curve.setAttribute("d", errorPaths([points], WIDE, TALL)[0]!);
  }
}
