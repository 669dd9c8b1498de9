/** The page in a browser's console, as `chainrule`: what a person, or a test, may ask of it. */

import type { Page } from "./page";

/** Hands the page to the console, where its names are those in quotes. */
export function inConsole(page: Page): void {
  const { session } = page;
  const chainrule = {
    "content": page.content,
    "session": {
      /** Which element is the number of an array at a place: "W1 0". */
      "places": session.places,
      get "steps"() {
        return session.steps;
      },
      set "sample"(sample: number) {
        session.sample = sample;
      },
      "train": (count: number) => session.train(count),
      "visit": (at: number) => session.visit(at),
      "rewind": () => session.rewind(),
    },
    /** Gives numbers, by the key and the place of their elements: {"W1 0": 0.5}. */
    "change": (numbers: Record<string, number>) => page.change(numbers),
    "select": (element: number) => page.select(element),
    "open": (view: string) => page.open(view),
    /** Brings everything up to date. */
    "render": () => page.render(),
    /** Writes every formula, also where it cannot be seen. */
    "finish": () => page.finish(),
    /** Puts the state into the address, and copies it. */
    "link": () => page.link(),
    /** The record of the step, as it is saved. */
    "record": () => page.record(),
    /** What the doctor says, at once. */
    "diagnose": () => page.diagnose().map(({ text, depth }) => ({ "text": text, "depth": depth })),
    /** The errors of the runs beside this one, by what they are called. */
    "runs": (count: number) => page.runs(count),
    /** What a text in TOML holds, as it is loaded. */
    "toml": page.toml,
  };
  Object.assign(globalThis, { "chainrule": chainrule });
}
