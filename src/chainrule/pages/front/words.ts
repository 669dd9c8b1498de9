/** The words of the page's language, and numbers in them. */

import type { Content } from "./content";
import { printed } from "./numbers";
import { type Number_ } from "./values";

export class Words {
  constructor(private readonly content: Content) {}

  /** A text with what stands in its braces. */
  say(key: string, values: Record<string, string | number> = {}): string {
    const text = this.content.words[key];
    if (text === undefined) throw new Error(`no words for ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  }

  /** A number as text: 8.4, 1.5 · 10⁷. */
  number(value: Number_, digits = this.content.digits): string {
    const { layout } = printed(value, { digits, comma: this.content.decimal === "comma", exact: false });
    const [, text, power] = layout as ["n", string, number?];
    return power === undefined ? text : `${text} · 10${raised(power)}`;
  }

  /** A number in few letters, for pictures. */
  brief(value: number, digits = 4): string {
    return Number.isFinite(value) ? this.number(Number(value.toPrecision(digits)), digits) : this.number(value);
  }

  /** What an element is called. */
  name(element: number): string {
    return this.content.elements[element]![5];
  }

  /** The same without the sample, where that is said elsewhere. */
  short(element: number): string {
    return this.content.elements[element]![6];
  }

  /** The number that a person typed; nothing where it is none. */
  typed(text: string): number | undefined {
    const plain = text.trim().replace("−", "-").replace(",", ".");
    const value = Number(plain);
    return plain && Number.isFinite(value) ? value : undefined;
  }
}

const raised = (power: number): string => [...String(power)].map((sign) => (sign === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
