/**
 * Worked equations, as `chainrule.notation.worked` writes them: letters, then numbers, then the result; each line true as it is printed.
 */

import { size, listOf } from "./arrays";
import type { Content, Hole, Layout, Line } from "./content";
import { Builder, brackets, lettersOf, row } from "./layout";
import { type Printed, type Writing, printed, printedAs } from "./numbers";
import { type Real, abs, add, compare, equal, fraction, isNumber, multiply, negative } from "./real";
import { type Number_, type Values, worth } from "./values";

/** More significant digits than any double has. */
const MOST_GUARDED = 30;
/** Rows and columns up to which a matrix is printed in full. */
const MOST_CELLS = [8, 6] as const;
const HALF = fraction(1n, 2n);

/** An equation that was worked out: its sides, with a relation before each but the first. */
export interface Equation {
  sides: Layout[];
  relations: string[];
}

/** The numbers of a step, and how they are written. */
export interface Sources {
  content: Content;
  before: Values;
  after: Values;
  writing: Writing;
}

const relation = (same: boolean): string => (same ? "=" : "≈");

/** Are two layouts the same, whatever elements their numbers show? */
function alike(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  if (a[0] === "n" && b[0] === "n") return a[1] === b[1] && a[2] === b[2] && !a[3] === !b[3];
  return a.length === b.length && a.every((part, at) => alike(part, b[at]));
}

/** A side without its minus, and whether there was one: −0.23 is the same as a minus before 0.23. */
function unsigned(side: Layout): [boolean, Layout] {
  if (side[0] === "n" && side[1].startsWith("−")) return [true, ["n", side[1].slice(1), side[2], side[3]]];
  if (side[0] === "r" && (side[1] as Layout)[0] === "o" && (side[1] as Layout)[1] === "−" && (side[1] as Layout)[2] === 1) return [true, row(...(side.slice(2) as Layout[]))];
  return [false, side];
}

/** An equation that grows to the right; a side that repeats the one before it is left out. */
class Growing {
  readonly equation: Equation;

  constructor(left: Layout) {
    this.equation = { sides: [left], relations: [] };
  }

  add(sign: string, side: Layout): void {
    const { sides, relations } = this.equation;
    if (alike(unsigned(side), unsigned(sides[sides.length - 1]!))) return;
    relations.push(sign);
    sides.push(side);
  }
}

/** Numbers that fit each other: the operands with guard digits, what formulas are worth for them as printed, and the results. */
interface Settled {
  operands: Map<number, Printed>;
  worth: Real[];
  results: Printed[];
}

/** Is the printed result what the side is worth, to half a unit of its last digit? */
function follows(side: Real, result: Printed): boolean {
  if (!isNumber(result.value)) return true;
  return isNumber(side) && compare(abs(add(side, negative(result.value))), multiply(result.unit, HALF)) <= 0;
}

/**
 * The fewest digits of the operands from which the results follow as they are printed; nothing where these give no number, or, of numbers
 * known to more digits than doubles, not the one that there is.
 */
function settled(sources: Sources, nodes: number[], values: ReadonlyMap<number, Number_>, results: (Number_ | undefined)[]): Settled | undefined {
  const { content, writing } = sources;
  const actual = new Map([...values].map(([letter, value]) => [letter, printedAs(value)]));
  let targets = nodes.map((node, i) => {
    const given = results[i];
    return given === undefined ? worth(content, node, (letter) => actual.get(letter)!) : printedAs(given);
  });
  let found: Settled | undefined;
  for (let digits = writing.digits; digits <= MOST_GUARDED; digits++) {
    const operands = new Map([...actual].map(([letter, value]) => [letter, printed(value, writing, digits)]));
    const sides = nodes.map((node) => worth(content, node, (letter) => ({ ...operands.get(letter)!.value, exact: true })));
    const whole = [...operands.values()].every((operand) => operand.exact);
    if (whole) targets = targets.map((target, i) => (isNumber(sides[i]!) && isNumber(target) ? sides[i]! : target));
    found = { operands, worth: sides, results: targets.map((target) => printed(target, writing)) };
    if (found.results.every((result, i) => follows(sides[i]!, result))) return found;
    if (whole && writing.exact) break;
  }
  const known = [...values.values()].some((value) => typeof value !== "number");
  const lost = (target: Real, i: number): boolean => {
    const side = found!.worth[i]!;
    return isNumber(target) && (!isNumber(side) || (known && target.above !== 0n && !follows(side, found!.results[i]!)));
  };
  if (targets.some(lost)) return undefined;
  return { ...found!, results: targets.map((target, i) => shortened(found!.worth[i]!, target, writing)) };
}

/** The result with as many digits as follow from the printed operands. */
function shortened(side: Real, target: Real, writing: Writing): Printed {
  for (let digits = writing.digits; digits > 0; digits--) {
    const result = printed(target, writing, digits);
    if (follows(side, result)) return result;
  }
  return printed({ ...side, exact: true }, writing);
}

const operandsAreExact = (found: Settled): boolean => [...found.operands.values()].every((operand) => operand.exact);
const resultRelation = (found: Settled): string =>
  relation(found.worth.every((side, i) => side.exact && isNumber(side) === isNumber(found.results[i]!.value) && equal(side, found.results[i]!.value)));

/** The number of an element: a layout that says whose it is. */
export function shown(number: Printed, element?: number): Layout {
  const { layout } = number;
  return layout[0] === "n" ? ["n", layout[1], layout[2], layout[3], element] : (layout as Layout);
}

/** The sides in numbers and the result. */
function numbers(sources: Sources, line: Growing, node: number, values: Values, result: number | undefined): void {
  const { content, writing } = sources;
  const letters = new Map(lettersOf(content, node).map((letter) => [letter, values.of(letter)] as const));
  const worthOf = result === undefined ? undefined : values.of(result);
  const found = settled(sources, [node], letters, [worthOf]);
  if (!found) {
    const own = worthOf ?? worth(content, node, (letter) => printedAs(letters.get(letter)!));
    line.add("≈", shown(printed(own, writing), result));
    return;
  }
  const write = (place: number): Layout | undefined => {
    const [operation, letter] = content.nodes[place]!;
    return operation === "letter" ? shown(found.operands.get(letter as number)!, letter as number) : undefined;
  };
  line.add(relation(operandsAreExact(found)), new Builder(content, write).layout(node));
  const done = new Map<number, Printed>();
  for (const bracket of brackets(content, node)) {
    const value = worth(content, bracket, (letter) => ({ ...found.operands.get(letter)!.value, exact: true }));
    const number = printed({ ...value, exact: true }, writing);
    if (value.exact && number.exact && isNumber(value)) done.set(bracket, number);
  }
  if (done.size) {
    const shorter = (place: number): Layout | undefined => (done.has(place) ? shown(done.get(place)!) : write(place));
    line.add("=", new Builder(content, shorter).layout(node));
  }
  line.add(resultRelation(found), shown(found.results[0]!, result));
}

/** The derivatives of a chain, one product for each path. */
function chain(paths: number[][]): Layout {
  const products = paths.map((path) => row(...path.slice(1).flatMap((by, i): Layout[] => [...(i ? [["o", "·"] as Layout] : []), ["∂", path[i]!, by]])));
  return row(...products.flatMap((product, i): Layout[] => [...(i ? [["o", "+"] as Layout] : []), product]));
}

/** A line worked out for the numbers of a step. */
export function worked(sources: Sources, line: Line): Equation {
  const { content, writing } = sources;
  if (line.kind === "fixed") return { sides: [line.left!, ...line.sides!], relations: line.relations! };
  const values = line.source === "after" ? sources.after : sources.before;
  const growing = new Growing(line.left ?? ["l", line.result as number]);
  if (line.kind === "arrays") arrays(sources, growing, line, values);
  else if (line.kind === "stated") {
    const number = printed(values.of(line.result as number), writing);
    if (line.letters) growing.equation.sides.push(line.letters);
    if (line.letters) growing.equation.relations.push("=");
    growing.equation.sides.push(shown(number, line.result as number));
    growing.equation.relations.push(relation(number.exact));
  } else {
    if (line.paths) growing.add("=", chain(line.paths));
    growing.add("=", new Builder(content).layout(line.node!));
    numbers(sources, growing, line.node!, values, line.result as number | undefined);
  }
  if (line.first && growing.equation.relations.length) growing.equation.relations[0] = line.first;
  return growing.equation;
}

/** The line of an element: what it is computed from. */
export function elementLine(content: Content, element: number, left?: number, source?: "after"): Line {
  const arrow = left === undefined ? {} : { left: ["l", left] as Layout, first: "←" };
  return { kind: "numbers", result: element, node: content.elements[element]![2], ...arrow, ...(source ? { source } : {}) };
}

// Matrices.

function arrays(sources: Sources, growing: Growing, line: Line, values: Values): void {
  const { writing } = sources;
  const result = line.result as number[];
  const of = (element: number): Number_ => values.of(element);
  const turned = sources.content.vectors === "columns";
  if (line.letters) growing.add("=", line.letters);
  const shapes = [...Object.values(line.holes ?? {}).map((hole) => hole.extents), line.extents!];
  const fits = shapes.every((shape) => {
    const rows = grid(shape, turned);
    return shape.length <= 2 && rows.length <= MOST_CELLS[0] && rows[0]!.length <= MOST_CELLS[1];
  });
  if (line.letters && fits && line.variants && matrixNumbers(sources, growing, line, values, turned)) return;
  const [layout, exact] = folded(line.extents!, result, of, writing, turned);
  growing.add(relation(exact), layout);
}

/**
 * The places of a flat list as they are laid out: a single list is a row, or a column where vectors are columns; of more than two axes, the
 * rows of all matrices below each other.
 */
function grid(shape: number[], columns: boolean): number[][] {
  const turned = columns && shape.length <= 2;
  const wide = shape[shape.length - 1] ?? 1;
  const rows = listOf(size(shape) / wide, (i) => listOf(wide, (j) => i * wide + j));
  return turned ? rows[0]!.map((_, j) => rows.map((row) => row[j]!)) : rows;
}

function laidOut(shape: number[], write: (place: number) => Layout, turned: boolean): Layout {
  return shape.length ? ["m", grid(shape, turned).map((places) => places.map(write))] : write(0);
}

/** The side in numbers and the result; false where no numbers lead to the result. */
function matrixNumbers(sources: Sources, growing: Growing, line: Line, values: Values, turned: boolean): boolean {
  const result = line.result as number[];
  const letters = new Map<number, Number_>();
  for (const hole of Object.values(line.holes!)) for (const element of hole.elements) letters.set(element, values.of(element));
  const found = settled(sources, line.nodes!, letters, result.map((element) => values.of(element)));
  if (!found) return false;
  const number = (element: number): Layout => shown(found.operands.get(element)!, element);
  const kinds = line.numbers!.map((key) => {
    const layout = number(line.holes![key]!.elements[0]!);
    return layout[0] === "f" ? "/" : layout[0] === "r" || (layout[1] as string).startsWith("−") ? "−" : layout[2] === undefined ? "" : "^";
  });
  const filled = fill(line.variants![kinds.join("")]!, line.holes!, number);
  growing.add(relation(operandsAreExact(found)), filled);
  growing.add(resultRelation(found), laidOut(line.extents!, (place) => shown(found.results[place]!, result[place]), turned));
  return true;
}

function fill(layout: Layout, holes: Record<string, Hole>, number: (element: number) => Layout): Layout {
  if (layout[0] === "h") {
    const hole = holes[layout[1]]!;
    return laidOut(hole.extents, (place) => number(hole.elements[place]!), hole.sideways);
  }
  return layout.map((part: unknown) => (Array.isArray(part) ? fill(part as Layout, holes, number) : part)) as Layout;
}

/** Positions that are shown; null stands for those left out. */
function kept(count: number, most: number): (number | null)[] {
  return count <= most ? [...Array(count).keys()] : [0, 1, 2, null, count - 1];
}

/** A matrix of numbers, shortened to its first three and its last rows and columns; is every number shown printed whole? */
function folded(shape: number[], elements: number[], of: (element: number) => Number_, writing: Writing, turned: boolean): [Layout, boolean] {
  let exact = true;
  const cell = (place: number): Layout => {
    const number = printed(of(elements[place]!), writing);
    exact &&= number.exact;
    return shown(number, elements[place]);
  };
  if (!shape.length) return [cell(0), exact];
  const places = grid(shape, turned);
  const [rows, columns] = [kept(places.length, MOST_CELLS[0]), kept(places[0]!.length, MOST_CELLS[1])];
  const layout: Layout = [
    "m",
    rows.map((i) =>
      columns.map((j): Layout => (i !== null && j !== null ? cell(places[i]![j]!) : ["…", i !== null ? "horizontal" : j !== null ? "vertical" : "diagonal"])),
    ),
  ];
  return [layout, exact];
}
