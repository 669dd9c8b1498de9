/** A tour of a minute, which can be skipped: five places, each in a sentence. */

import { button, html, on } from "./dom";
import type { Words } from "./words";

const SEEN = "chainrule tour";

/** Was the tour seen before? Where nothing can be stored, it was. */
export function wasSeen(): boolean {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    return true;
  }
}

export function tour(words: Words, places: string[], example: string): void {
  document.querySelector(".tour")?.remove();
  const back = document.activeElement as HTMLElement | null;
  let at = 0;
  const text = html("p", { id: "tour-text" });
  const light = (place?: Element | null): void => {
    document.querySelector(".toured")?.classList.remove("toured");
    place?.classList.add("toured");
  };
  const end = (): void => {
    box.remove();
    light();
    back?.focus({ preventScroll: true });
    try {
      localStorage.setItem(SEEN, "1");
    } catch {
      // A page from disk may not be allowed to keep anything.
    }
  };
  const show = (): void => {
    const place = document.querySelector(places[at]!);
    light(place);
    text.textContent = words.say(`tour.${at + 1}`, { name: example });
    next.textContent = words.say(at + 1 < places.length ? "tour.next" : "tour.done");
    place?.scrollIntoView({ block: "nearest" });
    next.focus({ preventScroll: true });
  };
  const next = button(() => (++at < places.length ? show() : end()), { class: "main" });
  const skip = button(end, words.say("tour.skip"));
  const box = html("div.tour", { role: "dialog", "aria-label": words.say("tour"), "aria-describedby": "tour-text" }, text, html("div.choosers", next, skip));
  on(box, "keydown", (event) => {
    if (event.key === "Escape") end();
  });
  document.body.append(box);
  show();
}
