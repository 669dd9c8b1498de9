/** Equations on the page, which are written anew where they stand when numbers change. */

import { listOf } from "./arrays";
import type { Line, Prose } from "./content";
import { html, svg } from "./dom";
import { Printer, put } from "./mathml";
import { TooLong } from "./numbers";
import type { Session } from "./session";
import { worked } from "./worked";

/** A line and the place where it stands. without: is its last side hidden, to be predicted? */
interface Live {
  place: HTMLElement;
  line: Line;
  without: boolean;
}

/** A set of lines that are kept up to date: those that can be seen at once, the others when there is time. */
export class Lines {
  #live: Live[] = [];
  readonly #stale = new Set<Live>();
  readonly #seen = new WeakMap<Element, boolean>();
  readonly #observer: IntersectionObserver;
  #waiting = 0;
  /** A box whose lines are wider than it can be scrolled, also by those who have no pointer. */
  readonly #resized = new ResizeObserver((entries) => {
    for (const box of new Set(entries.map((entry) => entry.target.parentElement))) {
      if (!box) continue;
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  });

  constructor(
    private readonly session: Session,
    private readonly label: string,
  ) {
    this.#observer = new IntersectionObserver(
      (entries) => {
        for (const entry of entries) this.#seen.set(entry.target, entry.isIntersecting);
        this.#refresh();
      },
      { rootMargin: "200px" },
    );
  }

  /** Adds a line below each other in `box`. */
  add(box: HTMLElement, line: Line, without = false): HTMLElement {
    const place = html("div.line");
    box.append(place);
    if (line.shapes?.length) box.append(shapes(line.shapes));
    box.setAttribute("role", "group");
    box.setAttribute("aria-label", this.label);
    const live: Live = { place, line, without };
    this.#live.push(live);
    this.#stale.add(live);
    this.#observer.observe(place);
    this.#resized.observe(place);
    return place;
  }

  clear(): void {
    this.#observer.disconnect();
    this.#resized.disconnect();
    this.#live = [];
    this.#stale.clear();
  }

  /** Numbers have changed. */
  change(): void {
    for (const live of this.#live) this.#stale.add(live);
    this.#refresh();
  }

  /** Writes what can be seen; the rest waits until numbers have come to rest. */
  #refresh(): void {
    for (const live of this.#stale) if (this.#seen.get(live.place)) this.#write(live);
    clearTimeout(this.#waiting);
    if (this.#stale.size) this.#waiting = window.setTimeout(() => this.#idle(), 150);
  }

  /** Writes what cannot be seen yet, a few lines at a time. */
  #idle(): void {
    this.#waiting = 0;
    const end = performance.now() + 6;
    for (const live of this.#stale) {
      if (performance.now() > end) break;
      this.#write(live);
    }
    if (this.#stale.size) this.#waiting = window.setTimeout(() => this.#idle(), 30);
  }

  /** Everything, at once. */
  finish(): void {
    for (const live of this.#stale) this.#write(live);
  }

  #write(live: Live): void {
    this.#stale.delete(live);
    const { session } = this;
    try {
      const equation = worked(session.sources, live.line);
      if (live.without) {
        equation.sides.pop();
        equation.relations.pop();
      }
      put(live.place, new Printer(session.content, (element) => session.isHandle(element)).equation(equation));
    } catch (error) {
      if (!(error instanceof TooLong)) throw error;
      live.place.textContent = "…";
    }
  }
}

/** Arrays as boxes of their rows and columns. */
function shapes(drawn: [string, ...number[]][]): HTMLElement {
  const size = (extent: number): number => 7 * Math.min(extent, 9);
  return html(
    "div.shapes",
    ...drawn.map(([letter, ...extents]) => {
      const [rows, columns] = extents.length > 1 ? (extents as [number, number]) : [1, extents[0]!];
      const [wide, tall] = [size(columns), size(rows)];
      const picture = svg("svg", { width: wide + 2, height: tall + 2, "aria-hidden": "true" }, svg("rect", { x: 1, y: 1, width: wide, height: tall }));
      if (rows <= 9 && columns <= 9) picture.append(svg("path", { d: listOf(rows + columns, (i) => (i < rows ? `M1 ${1 + 7 * i}h${wide}` : `M${1 + 7 * (i - rows)} 1v${tall}`)).join("") }));
      const name = html("span");
      name.innerHTML = `<math>${letter}</math> ${extents.join("×")}`;
      return html("span.shape", picture, name);
    }),
  );
}

/** Prose with formulas in it. */
export function prose(session: Session, parts: Prose): (string | Node)[] {
  return parts.map((part) => {
    if (typeof part === "string") return part;
    const box = html("span");
    put(box, new Printer(session.content, () => false).inline(part));
    return box;
  });
}

/** A letter and its number, in place of a line. */
export const stated = (element: number): Line => ({ kind: "stated", result: element });
