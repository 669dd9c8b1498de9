/** Numbers are handles: dragged sideways, moved by the arrow keys, or typed after a double click or Enter. */

import { fill, html, on } from "./dom";
import type { Session } from "./session";
import type { Words } from "./words";

/** Pixels that move a number by one unit. */
const PIXELS = 4;

/** What a change of a number calls. */
export interface Changing {
  session: Session;
  words: Words;
  /** Something changed. element: what a person moved. */
  changed: (element: number) => void;
  select: (element: number) => void;
}

/** The weight of the digit that is moved: the second significant one; that of 0 and of small numbers is 0.01. */
function unitOf(value: number): number {
  return 10 ** (Math.max(-1, Math.floor(Math.log10(Math.abs(value) || 1e-9))) - 1);
}

/** The value on its grid, without the dust of doubles. */
function onGrid(value: number, unit: number): number {
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}

/** By how many units a key moves a number; nothing for a key that does not. sideways: do the arrows to left and right, too? */
export function unitsOf({ key, shiftKey }: KeyboardEvent, sideways = false): number | undefined {
  const ways: Record<string, number> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10, ...(sideways && { ArrowRight: 1, ArrowLeft: -1 }) };
  return key in ways ? ways[key]! * (shiftKey ? 0.1 : 1) : undefined;
}

export function move(changing: Changing, element: number, units: number, keeping: boolean, from?: number): void {
  const { session } = changing;
  const value = from ?? session.double(element);
  const unit = session.tokens(element) ? 1 : unitOf(value);
  const moved = session.nearest(element, onGrid(value + units * unit, unit));
  if (moved !== undefined) give(changing, element, moved, keeping);
}

/** Gives an element a value. */
function give(changing: Changing, element: number, value: number, keeping = false): void {
  const { session } = changing;
  session.change(session.changes(element, value), keeping);
  changing.changed(element);
}

/** Gives an element what a person typed; says whether it may have that. */
export function enter(changing: Changing, element: number, text: string): boolean {
  const value = changing.words.typed(text);
  if (value === undefined || changing.session.nearest(element, value) !== value) return false;
  if (value !== changing.session.double(element)) give(changing, element, value);
  return true;
}

export function type(changing: Changing, element: number, place: Element): void {
  const { session, words } = changing;
  document.querySelector(".typing")?.remove();
  const box = place.getBoundingClientRect();
  const input = html("input.typing", { inputmode: "decimal", "aria-label": words.say("edit", { name: words.name(element) }) });
  input.value = String(session.double(element)).replace("-", "−");
  input.style.left = `${Math.max(4, Math.min(box.left + box.width / 2 - 56 + scrollX, document.documentElement.clientWidth - 116))}px`;
  input.style.top = `${box.top + box.height / 2 - 18 + scrollY}px`;
  const back = document.activeElement as HTMLElement | null;
  let done = false;
  const finish = (): void => {
    if (done) return;
    done = true;
    input.remove();
    if (back?.isConnected) back.focus({ preventScroll: true });
  };
  on(input, "keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Enter" && !enter(changing, element, input.value)) input.setAttribute("aria-invalid", "true");
    else if (event.key === "Enter" || event.key === "Escape") finish();
  });
  on(input, "blur", () => {
    if (!done) enter(changing, element, input.value);
    finish();
  });
  document.body.append(input);
  input.focus();
  input.select();
}

/** The handle below a place, and its element. */
export function handleAt(target: EventTarget | null): [Element, number] | undefined {
  const place = target instanceof Element ? target.closest("[data-e]") : null;
  return place ? [place, Number(place.getAttribute("data-e"))] : undefined;
}

/** Listens to everything that happens to numbers below `root`. */
export function listen(root: HTMLElement, changing: Changing): void {
  const { session } = changing;
  on(root, "pointerdown", (event) => {
    const found = handleAt(event.target);
    if (!found || event.button) return;
    const [place, element] = found;
    const handle = place.classList.contains("handle") && session.isHandle(element);
    if (!handle) {
      changing.select(element);
      return;
    }
    const [start, from] = [event.clientX, session.double(element)];
    let moved = false;
    const drag = (now: PointerEvent): void => {
      const units = Math.round((now.clientX - start) / (now.shiftKey ? PIXELS * 10 : PIXELS));
      if (!moved && Math.abs(now.clientX - start) < 3) return;
      if (!moved) document.body.classList.add("dragging");
      move(changing, element, units, moved, from);
      moved = true;
      now.preventDefault();
    };
    const end = (): void => {
      removeEventListener("pointermove", drag);
      removeEventListener("pointerup", end);
      removeEventListener("pointercancel", end);
      document.body.classList.remove("dragging");
      if (!moved) changing.select(element);
    };
    addEventListener("pointermove", drag);
    addEventListener("pointerup", end);
    addEventListener("pointercancel", end);
    event.preventDefault();
    const focusable = place.closest<SVGElement>("[tabindex]");
    focusable?.focus({ preventScroll: true });
  });
  on(root, "dblclick", (event) => {
    const found = handleAt(event.target);
    if (found && session.isHandle(found[1])) type(changing, found[1], found[0]);
  });
}

/** One number by itself, with its letter: dragged, moved by the arrow keys, typed after Enter. */
export class Knob {
  #element = -1;
  readonly #digits = html("span.knob-digits");
  readonly #box = html("span.knob.handle", { role: "slider", tabindex: 0, "aria-orientation": "vertical" });

  constructor(private readonly changing: Changing) {}

  build(element: number): HTMLElement {
    const { words } = this.changing;
    this.#element = element;
    fill(this.#box, { "data-e": element, "aria-label": words.say("slider", { name: words.name(element) }) });
    this.#box.append(html("i", { class: "c8" }, words.name(element)), " ", this.#digits);
    on(this.#box, "keydown", (event) => {
      const units = unitsOf(event, true);
      if (units) move(this.changing, element, units, event.repeat);
      else if (event.key === "Enter") type(this.changing, element, this.#box);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    return this.#box;
  }

  refresh(): void {
    if (this.#element < 0) return;
    const value = this.changing.session.double(this.#element);
    const text = this.changing.words.number(value);
    if (this.#digits.textContent !== text) this.#digits.textContent = text;
    fill(this.#box, { "aria-valuenow": value, "aria-valuetext": text });
  }
}
