/** The page in a browser's console, as `chainrule`: what a person, or a test, may ask of it. These names are kept when the module is built. */

import type { Content } from "./content";
import type { Said } from "./doctor";

/** The steps of the training, and where one stands. */
export interface SessionInConsole {
  /** Which element is the number of an array at a place: "W1 0". */
  readonly places: ReadonlyMap<string, number>;
  readonly steps: readonly unknown[];
  sample: number;
  train(count: number): void;
  visit(at: number): void;
  rewind(): void;
}

export interface PageInConsole {
  readonly content: Content;
  readonly session: SessionInConsole;
  /** Gives numbers, by the key and the place of their elements: {"W1 0": 0.5}. */
  change(numbers: Record<string, number>): void;
  select(element: number): void;
  open(view: string): void;
  /** Brings everything up to date. */
  render(): void;
  /** Writes every formula, also where it cannot be seen. */
  finish(): void;
  /** Puts the state into the address, and copies it. */
  link(): Promise<void>;
  /** The record of the step, as it is saved. */
  record(): string;
  /** What the doctor says, at once. */
  diagnose(): Said[];
  /** The errors of the runs beside this one, by what they are called. */
  runs(count: number): Record<string, number[]>;
  /** What a text in TOML holds, as it is loaded. */
  toml(text: string): unknown;
}

/** Hands the page to the console. */
export const inConsole = (page: PageInConsole): void => void Object.assign(globalThis, { "chainrule": page });
