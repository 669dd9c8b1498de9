/** From an expression of single numbers to its layout, as `chainrule.notation.build` does it: one case for each form. */

import type { Content, Form, Layout } from "./content";

const [SUM, PRODUCT, SIGN, POWER, ATOM] = [1, 2, 3, 4, 5];
/** A sum of more terms is written as its first three and its last. */
const FOLDED = 8;

/** A layout and how tightly it holds together. */
interface Piece {
  layout: Layout;
  level: number;
}

/** What stands for a node in place of its letter or its operation; nothing leaves it as it is. */
export type Write = (node: number) => Layout | undefined;

export function row(...items: Layout[]): Layout {
  const flat = items.flatMap((item): Layout[] => (item[0] === "r" ? (item.slice(1) as Layout[]) : [item]));
  return flat.length === 1 ? flat[0]! : ["r", ...flat];
}

export const fenced = (inside: Layout): Layout => ["(", inside, "(", ")"];

export function levelOf(layout: Layout): number {
  if (layout[0] === "n") return layout[1].startsWith("−") ? SIGN : layout[2] === undefined ? ATOM : PRODUCT;
  if (layout[0] === "f") return PRODUCT;
  if (layout[0] === "r") return startsWithSign(layout) ? SIGN : PRODUCT;
  return ATOM;
}

export function startsWithSign(layout: Layout): boolean {
  if (layout[0] === "r") return startsWithSign(layout[1] as Layout);
  if (layout[0] === "o") return layout[2] === 1;
  return layout[0] === "n" && layout[1].startsWith("−");
}

/** A product behind a sign: −a · b, but −(−2) · b. */
function behindSign(product: Layout): Layout {
  if (!startsWithSign(product)) return product;
  const [first, ...others] = product[0] === "r" ? (product.slice(1) as Layout[]) : [product];
  return first![0] === "n" ? row(fenced(first!), ...others) : fenced(product);
}

const within = (piece: Piece, level: number): Layout => (piece.level >= level ? piece.layout : fenced(piece.layout));

export class Builder {
  constructor(
    private readonly content: Content,
    private readonly write: Write = () => undefined,
    private readonly operands: readonly number[] = [],
    private readonly outer?: Builder,
  ) {}

  layout(node: number): Layout {
    return this.piece(node).layout;
  }

  #form(node: number): Form {
    return this.content.forms[this.content.nodes[node]![0]] ?? ["Leaf"];
  }

  /** The operands; the largest of several that are largest themselves is the largest of all: max(a, b, c). */
  #flat(node: number): number[] {
    const [operation, ...operands] = this.content.nodes[node]! as [string, ...number[]];
    if (operation !== "maximum" && operation !== "minimum") return operands;
    return operands.flatMap((operand) => (this.content.nodes[operand]![0] === operation && !this.write(operand) ? this.#flat(operand) : [operand]));
  }

  private piece(node: number): Piece {
    const given = this.write(node);
    if (given) return { layout: given, level: levelOf(given) };
    const [operation, ...rest] = this.content.nodes[node]!;
    if (operation === "letter") return { layout: ["l", rest[0] as number], level: ATOM };
    if (operation === "argument") return this.outer!.piece(this.operands[rest[0] as number]!);
    if (operation === "constant") return { layout: rest[1] as Layout, level: levelOf(rest[1] as Layout) };
    const operands = rest as number[];
    const [a, b] = operands as [number, number];
    const [form, sign, right] = this.#form(node);
    switch (form) {
      case "Infix":
        return this.#sum(node);
      case "Prefix": {
        const inner = this.piece(a);
        const held = inner.level === PRODUCT ? behindSign(inner.layout) : within(inner, SIGN + 1);
        return { layout: row(["o", sign as string, 1], held), level: SIGN };
      }
      case "Times": {
        const equal = equalSides(this.content, node);
        if (equal) return { layout: ["(", this.#comparison(...equal, "="), "[", "]"], level: ATOM };
        return this.#product(a, b);
      }
      case "Ratio":
        return { layout: ["f", this.layout(a), this.layout(b)], level: PRODUCT };
      case "Raised":
        if (sign) return { layout: ["p", sign as Layout, this.layout(a)], level: POWER };
        return { layout: ["p", within(this.piece(a), ATOM), this.layout(b)], level: POWER };
      case "Radical":
        return { layout: ["q", this.layout(a)], level: ATOM };
      case "Named":
        return { layout: ["c", sign as string, ...this.#flat(node).map((operand) => this.layout(operand))], level: ATOM };
      case "Fence":
        return { layout: ["(", this.layout(a), sign as string, right!], level: ATOM };
      case "Bracket":
        return { layout: ["(", this.#comparison(a, b), "[", "]"], level: ATOM };
      case "Piecewise": {
        const [kind, ...sides] = this.content.nodes[a]!;
        const condition = this.content.forms[kind]?.[0] === "Bracket" && !this.write(a) ? this.#comparison(...(sides as [number, number])) : this.layout(a);
        return { layout: ["{", condition, this.layout(b), this.layout(operands[2]!)], level: ATOM };
      }
      default: // Spelled: as paper writes it
        return new Builder(this.content, () => undefined, operands, this).piece(this.content.paper[operation]!);
    }
  }

  #comparison(a: number, b: number, sign = ">"): Layout {
    return row(this.layout(a), ["o", sign], this.layout(b));
  }

  /** The terms of a sum with their signs; a + (b + c) is read as a + b + c. */
  #terms(node: number): [string, number][] {
    let terms: [string, number][] = [];
    for (;;) {
      const [form, sign] = this.#form(node);
      if (form !== "Infix" || this.write(node)) return [["+", node], ...terms];
      const [, left, right] = this.content.nodes[node]! as [string, number, number];
      terms = [...(sign === "+" ? this.#terms(right) : ([[sign as string, right]] as [string, number][])), ...terms];
      node = left;
    }
  }

  #sum(node: number): Piece {
    const [first, ...others] = this.#terms(node);
    const written = [this.layout(first![1]), ...others.map((term) => this.#term(term))];
    if (written.length <= FOLDED) return { layout: row(...written), level: SUM };
    return { layout: row(...written.slice(0, 3), ["o", "+"], ["…", "horizontal"], written[written.length - 1]!), level: SUM };
  }

  #term([sign, node]: [string, number]): Layout {
    const piece = this.piece(node);
    return row(["o", sign], startsWithSign(piece.layout) ? fenced(piece.layout) : within(piece, PRODUCT));
  }

  #product(a: number, b: number): Piece {
    const [left, right] = [this.piece(a), this.piece(b)];
    const apart = right.level === SUM || right.level === SIGN || startsWithSign(right.layout);
    return { layout: row(within(left, PRODUCT), ["o", "·"], apart ? fenced(right.layout) : right.layout), level: PRODUCT };
  }
}

/** The sides a and b of (1 − [a > b]) · (1 − [b > a]), which is 1 where they are equal. */
function equalSides(content: Content, node: number): [number, number] | undefined {
  const { nodes, forms } = content;
  const operands = (place: number, form: string): number[] => (forms[nodes[place]![0]]?.[0] === form ? (nodes[place]!.slice(1) as number[]) : []);
  const [above, below] = operands(node, "Times").map((factor) => {
    const [one, bracket] = nodes[factor]![0] === "subtract" ? operands(factor, "Infix") : [];
    return one !== undefined && nodes[one]![1] === "1" ? operands(bracket!, "Bracket") : [];
  });
  return above?.length && above[0] === below![1] && above[1] === below![0] ? (above as [number, number]) : undefined;
}

/** The outermost parts that a reader works out first: sums within products and powers, what stands inside a function. */
export function brackets(content: Content, node: number): number[] {
  const [operation, ...operands] = content.nodes[node]!;
  if (operation === "letter" || operation === "constant" || operation === "argument" || equalSides(content, node)) return [];
  const form = content.forms[operation]![0];
  return (operands as number[]).flatMap((operand) => {
    const kind = content.nodes[operand]![0];
    const inner = kind === "letter" ? "" : content.forms[kind]?.[0];
    if (["Times", "Prefix", "Ratio"].includes(form) && inner === "Infix") return [operand];
    if (["Raised", "Named", "Fence", "Radical"].includes(form) && (inner === "Infix" || inner === "Times")) return [operand];
    return brackets(content, operand);
  });
}

/** The elements whose letters stand in a node. */
export function lettersOf(content: Content, node: number): number[] {
  const found = new Set<number>();
  const seen = new Set<number>();
  const walk = (place: number): void => {
    if (seen.has(place)) return;
    seen.add(place);
    const [operation, ...operands] = content.nodes[place]!;
    if (operation === "letter") found.add(operands[0] as number);
    else if (operation !== "constant" && operation !== "argument") (operands as number[]).forEach(walk);
  };
  walk(node);
  return [...found];
}
