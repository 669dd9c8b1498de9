/** Runs the program of a step: from the numbers that come from outside to every quantity, and from there to the next step. */

import { ROWS, type Tensor, scalar, tensor } from "./arrays";
import type { Content, Leaves, Numbers, Program } from "./content";

export type Arrays = Map<string, Tensor>;

/** What comes from outside before a step: every array by its key, and the number of the step. */
export interface Start {
  readonly arrays: Arrays;
  readonly number: number;
}

/** A step, computed. before: every quantity; after: the same with the forward pass after the step; next: where the next one starts. */
export interface Computed {
  readonly before: Arrays;
  readonly after: Arrays;
  readonly next: Start;
}

const KINDS = ["parameters", "inputs", "targets", "weights", "options", "states"] as const;

/** Where the page begins. */
export function firstStart(content: Content): Start {
  const arrays: Arrays = new Map();
  for (const kind of KINDS)
    for (const [key, numbers] of Object.entries(content.leaves[kind] as Numbers))
      arrays.set(key, tensor(content.quantities[key]!, Float64Array.from(numbers, Number)));
  return { arrays, number: content.leaves.number };
}

/** The same with another rate. */
export function withRate(start: Start, rate: number): Start {
  return { arrays: new Map(start.arrays).set("learning_rate", scalar(rate)), number: start.number };
}

/** Runs a program whose leaves are given by key; single numbers are repeated as they are needed. */
export function result(program: Pick<Program, "instructions" | "names">, leaf: (key: string) => Tensor): (key: string) => Tensor {
  const found: Tensor[] = [];
  for (const [operation, operands, parameters] of program.instructions)
    found.push(operation === "leaf" ? leaf(parameters["key"] as string) : ROWS[operation]!(operands.map((operand) => found[operand]!), parameters as never));
  return (key) => found[program.names[key]!]!;
}

/** A program that was read. */
export class Runner {
  readonly #passes: boolean[];
  readonly #usual: boolean[];
  readonly #known: (Tensor | undefined)[];
  readonly #given: Record<string, unknown>[];

  constructor(private readonly content: Content) {
    const { instructions, names, passed } = content.program;
    this.#passes = this.#below(passed.map((key) => names[key]!));
    this.#usual = this.#below(Object.values(names));
    this.#given = instructions.map(([, , parameters]) => this.#resolved(parameters, content.samples));
    this.#known = instructions.map(([operation], at) =>
      operation === "constant" || operation === "pattern" ? ROWS[operation]!([], this.#given[at] as never) : undefined,
    );
  }

  /** Which instructions are needed for some of them. */
  #below(pending: number[]): boolean[] {
    const { instructions } = this.content.program;
    const needed = instructions.map(() => false);
    for (let at = pending.pop(); at !== undefined; at = pending.pop())
      if (!needed[at]) {
        needed[at] = true;
        pending.push(...instructions[at]![1]);
      }
    return needed;
  }

  #resolved(parameters: Record<string, unknown>, samples: number): Record<string, unknown> {
    const one = (value: unknown): unknown => (value === "batch" ? samples : Array.isArray(value) ? value.map(one) : value);
    return Object.fromEntries(Object.entries(parameters).map(([key, value]) => [key, key === "key" ? value : one(value)]));
  }

  /** The numbers of the instructions that are wanted. samples: rows, if other than usual. */
  #run(arrays: Arrays, number: number, wanted: readonly boolean[], samples = this.content.samples): (Tensor | undefined)[] {
    const found: (Tensor | undefined)[] = [];
    const { instructions } = this.content.program;
    const usual = samples === this.content.samples;
    for (let at = 0; at < instructions.length; at++) {
      if (!wanted[at]) continue;
      const [operation, operands, parameters] = instructions[at]!;
      if (operation === "leaf") {
        const key = parameters["key"] as string;
        found[at] = key === "k" ? tensor([], Float64Array.of(number)) : arrays.get(key);
      } else {
        const given = usual ? this.#given[at]! : this.#resolved(parameters, samples);
        found[at] = this.#known[at] ?? ROWS[operation]!(operands.map((operand) => found[operand]!), given as never);
      }
    }
    return found;
  }

  #named(found: (Tensor | undefined)[], keys: Iterable<string>): Arrays {
    const { names } = this.content.program;
    return new Map([...keys].map((key) => [key, found[names[key]!]!]));
  }

  /** The forward pass for other numbers: every quantity up to the error. */
  forward(arrays: Arrays, samples?: number): Arrays {
    return this.#named(this.#run(arrays, 1, this.#passes, samples), this.content.program.passed);
  }

  /** E for other numbers. */
  error(arrays: Arrays): number {
    return this.#run(arrays, 1, this.#passes)[this.content.program.names[this.content.program.error]!]!.data[0]!;
  }

  /** Every quantity of a step but what comes after it. */
  before(start: Start, samples?: number): Arrays {
    const found = this.#run(start.arrays, start.number, this.#usual, samples);
    const all = this.#named(found, Object.keys(this.content.program.names));
    for (const [key, array] of start.arrays) all.set(key, array);
    return all.set("k", tensor([], Float64Array.of(start.number)));
  }

  /** What only the doctor looks at. */
  looked(start: Start): Arrays {
    const { looks } = this.content.program;
    const found = this.#run(start.arrays, start.number, (this.looks ??= this.#below(Object.values(looks))));
    return new Map(Object.entries(looks).map(([key, at]) => [key, found[at]!]));
  }

  private looks: boolean[] | undefined;

  /** What some of the instructions give. */
  given(start: Start, places: number[]): Tensor[] {
    const found = this.#run(start.arrays, start.number, this.#below([...places]));
    return places.map((at) => found[at]!);
  }

  /** Where the next step starts. */
  next(start: Start, before: Arrays): Start {
    const arrays = new Map(start.arrays);
    for (const [key, next] of Object.entries((this.content.leaves as Leaves).next)) arrays.set(key, before.get(next)!);
    return { arrays, number: start.number + 1 };
  }

  /** The whole step. */
  step(start: Start): Computed {
    const before = this.before(start);
    const next = this.next(start, before);
    const after = new Map([...before, ...next.arrays, ...this.forward(next.arrays)]);
    for (const key of Object.keys(this.content.leaves.states)) after.set(key, before.get(key)!);
    return { before, after, next };
  }
}
