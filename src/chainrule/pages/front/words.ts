/** The words of the page's language, and numbers in them. */

import type { Content } from "./content";
import { printed } from "./numbers";
import { Phrases } from "./phrases";
import { type Number_ } from "./values";

export class Words extends Phrases {
  constructor(private readonly content: Content) {
    super(content.phrases);
  }

  /** A number as text: 8.4, 1.5 · 10⁷. */
  number(value: Number_, digits = this.content.digits): string {
    const { layout } = printed(value, { digits, comma: this.content.decimal === "comma", exact: false });
    const [, text, power] = layout as ["n", string, number?];
    return power === undefined ? text : `${text} · 10${raised(power)}`;
  }

  /** A number in few letters, for pictures: a large one in powers of ten, without zeros in place of its digits. */
  brief(value: number, digits = 4): string {
    const rounded = Number(value.toPrecision(digits));
    const [shown, power] = rounded.toExponential().split("e");
    if (Math.abs(rounded) < (rounded === value ? 1e6 : 10 ** digits) || !power) return this.number(rounded, digits);
    return `${this.number(Number(shown))} · 10${raised(Number(power))}`;
  }

  /** An element's letter as a formula has it, in what is written as markup. */
  letter(element: number): string {
    return `<math>${this.content.elements[element]![3]}</math>`;
  }

  /** Prose with its powers raised: 10^−5 as 10⁻⁵. */
  lifted(text: string): string {
    return text.replace(/\^(−?\d+)/g, (_, power: string) => raised(power));
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
    return plain && isFinite(value) ? value : undefined;
  }
}

const raised = (power: number | string): string => [...String(power)].map((sign) => (/[-−]/.test(sign) ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(sign)])).join("");
