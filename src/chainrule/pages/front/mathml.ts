/** Layouts as MathML Core, as `chainrule.notation.mathml` prints them. Letters come as MathML from Python. */

import type { Content, Layout } from "./content";
import { setText } from "./dom";
import type { NumberLayout } from "./numbers";
import type { Equation } from "./worked";

const INVISIBLE_TIMES = "\u2062";
const APPLICATION = "\u2061";
const PARTIAL = '<mi mathvariant="normal">∂</mi>';
/** Stands in a skeleton where a number's digits will stand. */
const SLOT = "\u0001";

const escaped = (text: string): string =>
  text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]!);

/** Markup with the digits of its numbers apart, so that they can be replaced where they stand. */
interface Markup {
  skeleton: string;
  digits: string[];
}

export class Printer {
  readonly #digits: string[] = [];

  constructor(
    private readonly content: Content,
    /** May this element be changed by hand? */
    private readonly handle: (element: number) => boolean,
  ) {}

  /** An equation, its relations below each other. */
  equation({ sides, relations }: Equation): Markup {
    const rows = relations.map((sign, i) => {
      const left = i ? "" : this.#inside(sides[0]!);
      return `<mtr><mtd>${left}</mtd><mtd><mo form="infix">${escaped(sign)}</mo>${this.#inside(sides[i + 1]!)}</mtd></mtr>`;
    });
    const skeleton = `<math display="block"><mtable class="aligned" displaystyle="true">${rows.join("")}</mtable></math>`;
    return { skeleton, digits: this.#digits };
  }

  /** A formula in prose. */
  inline(layout: Layout): Markup {
    return { skeleton: `<math>${this.#inside(layout)}</math>`, digits: this.#digits };
  }

  #slot(text: string): string {
    this.#digits.push(text);
    return `<mn data-d="">${SLOT}</mn>`;
  }

  #inside(layout: Layout): string {
    const inside = (part: Layout): string => this.#inside(part);
    switch (layout[0]) {
      case "s":
        return layout[1];
      case "l":
        return `<mrow data-e="${layout[1]}">${this.content.elements[layout[1]]![3]}</mrow>`;
      case "∂": {
        const parts = [layout[1], layout[2]].map((element) => `<mrow>${PARTIAL}${inside(["l", element])}</mrow>`);
        return `<mfrac>${parts.join("")}</mfrac>`;
      }
      case "n":
        return this.#number(layout);
      case "o":
        return `<mo${layout[2] ? ' form="prefix"' : ""}>${escaped(layout[1])}</mo>`;
      case "t":
        return `<mtext>${escaped(layout[1])}</mtext>`;
      case "r":
        return `<mrow>${this.#spaced(layout.slice(1) as Layout[])}</mrow>`;
      case "f":
        return `<mfrac>${inside(layout[1])}${inside(layout[2])}</mfrac>`;
      case "p":
        return `<msup>${inside(raisable(this.content, layout[1]))}${inside(unfenced(layout[2]))}</msup>`;
      case "q":
        return `<msqrt>${inside(unfenced(layout[1]))}</msqrt>`;
      case "(":
        return fence(inside(layout[1]), layout[2], layout[3]);
      case "c": {
        const operands = layout.slice(2) as Layout[];
        const between = `<mo>${operands.some(hasComma) ? ";" : ","}</mo>`;
        return `<mrow>${layout[1]}<mo>${APPLICATION}</mo>${fence(operands.map(inside).join(between), "(", ")")}</mrow>`;
      }
      case "{": {
        const { phrases: words } = this.content;
        const first = `<mtr><mtd>${inside(layout[2])}</mtd><mtd><mtext>${escaped(words["if"]!)}\u00a0</mtext>${inside(layout[1])}</mtd></mtr>`;
        const second = `<mtr><mtd>${inside(layout[3])}</mtd><mtd><mtext>${escaped(words["otherwise"]!)}</mtext></mtd></mtr>`;
        return `<mrow><mo form="prefix">{</mo><mtable class="cases">${first}${second}</mtable></mrow>`;
      }
      case "Σ": {
        const sign = layout[2] ? `<munder><mo>∑</mo><mi>${escaped(layout[2])}</mi></munder>` : "<mo>∑</mo>";
        return `<mrow>${sign}${inside(layout[1])}</mrow>`;
      }
      case "T":
        return `<msup>${inside(held(this.content, layout[1]))}<mo>⊤</mo></msup>`;
      case "m": {
        const rows = layout[1].map((cells) => `<mtr>${cells.map((cell) => `<mtd>${inside(cell)}</mtd>`).join("")}</mtr>`);
        return fence(`<mtable>${rows.join("")}</mtable>`, "[", "]");
      }
      case "…":
        return `<mo>${{ vertical: "⋮", diagonal: "⋱" }[layout[1]] ?? "⋯"}</mo>`;
      case "h":
        return "";
    }
  }

  #number(layout: NumberLayout): string {
    const [, digits, power, , element] = layout;
    let markup = this.#slotted(digits, power);
    if (element !== undefined)
      markup = `<mrow data-e="${element}" class="${this.handle(element) ? "number handle" : "number"}">${markup}</mrow>`;
    return markup;
  }

  #slotted(digits: string, power?: number): string {
    if (power === undefined) return this.#slot(digits);
    const sign = digits.startsWith("−") ? "−" : "";
    const one = digits.replace("−", "") === "1";
    const before = one ? "" : `${this.#slot(digits)}<mo>·</mo>`;
    const negative = one && sign ? '<mo form="prefix">−</mo>' : "";
    return `<mrow>${negative}${before}<msup><mn>10</mn>${this.#slot(String(power).replace("-", "−"))}</msup></mrow>`;
  }

  /** Items side by side, with an invisible times between factors and a space around prose. */
  #spaced(items: Layout[]): string {
    return items
      .map((item, i) => {
        const before = items[i - 1];
        if (!before || /[o…]/.test(before[0] + item[0])) return this.#inside(item);
        const gap = before[0] === "t" || item[0] === "t" ? '<mspace width="0.3em"></mspace>' : `<mo>${INVISIBLE_TIMES}</mo>`;
        return gap + this.#inside(item);
      })
      .join("");
  }
}

const fence = (inside: string, left: string, right: string): string =>
  `<mrow><mo form="prefix">${escaped(left)}</mo>${inside}<mo form="postfix">${escaped(right)}</mo></mrow>`;

const flags = (content: Content, layout: Layout): number =>
  layout[0] === "s" ? layout[2] : layout[0] === "l" ? content.elements[layout[1]]![4] : layout[0] === "∂" ? 3 : 0;

function isAtom(content: Content, layout: Layout): boolean {
  if (layout[0] === "n") return layout[2] === undefined && !layout[1].startsWith("−");
  if (layout[0] === "s" || layout[0] === "l" || layout[0] === "∂") return !(flags(content, layout) & 2);
  return ["(", "c", "q", "m", "t", "…"].includes(layout[0]);
}

const held = (content: Content, layout: Layout): Layout => (isAtom(content, layout) ? layout : ["(", layout, "(", ")"]);
const raisable = (content: Content, layout: Layout): Layout => (flags(content, layout) & 1 ? ["(", layout, "(", ")"] : held(content, layout));
const unfenced = (layout: Layout): Layout => (layout[0] === "(" && layout[2] === "(" ? layout[1] : layout);

function hasComma(layout: Layout): boolean {
  if (layout[0] === "n") return layout[1].includes(",");
  return layout.some((part: unknown) => Array.isArray(part) && (typeof part[0] === "string" ? hasComma(part as Layout) : (part as Layout[][]).flat().some(hasComma)));
}

/** The markup as a whole. */
function joined({ skeleton, digits }: Markup): string {
  let at = 0;
  return skeleton.replaceAll(SLOT, () => escaped(digits[at++]!));
}

/** What stands in a place: its skeleton, its digits, and where these stand. */
const shownIn = new WeakMap<Element, Markup & { slots: NodeListOf<Element> }>();

/** How often markup was built anew, whose elements nobody has marked yet. */
export const built = { count: 0 };

/** Puts markup where it is to stand; numbers alone are replaced where they stand. */
export function put(place: Element, markup: Markup): void {
  const shown = shownIn.get(place);
  if (shown?.skeleton !== markup.skeleton) {
    place.innerHTML = joined(markup);
    built.count++;
    shownIn.set(place, { ...markup, slots: place.querySelectorAll("mn[data-d]") });
    return;
  }
  markup.digits.forEach((text, at) => {
    if (shown.digits[at] !== text) setText(shown.slots[at]!, text);
  });
  shown.digits = markup.digits;
}
