/** What Python hands to the page (chainrule.pages.content): formulas, program and words as plain data. */

/** A layout of a formula: its kind, and what belongs to it. Numbers and letters say which element they show. */
export type Layout =
  | ["s", string, number] // MathML as it is; may it be raised (1) or transposed (2) only in parentheses?
  | ["l", number] // the letter of an element
  | ["∂", number, number] // the derivative of one element by another
  | ["n", string, (number | undefined)?, (boolean | undefined)?, (number | undefined)?] // digits, power of ten, rounded?, element
  | ["h", string] // a hole for the numbers of a quantity
  | ["o", string, number?] // a sign; 1 where it stands before one operand
  | ["r", ...Layout[]]
  | ["f", Layout, Layout]
  | ["p", Layout, Layout]
  | ["q", Layout]
  | ["(", Layout, string, string]
  | ["c", string, ...Layout[]]
  | ["{", Layout, Layout, Layout]
  | ["Σ", Layout, string]
  | ["T", Layout]
  | ["m", Layout[][]]
  | ["…", string]
  | ["t", string];

/**
 * [key of the array, place in it, node it is computed from (−1: it comes from outside, −2: it is absent), MathML, flags, text, the same
 * without the sample]
 */
export type ElementRecord = [string, number, number, string, number, string, string];

/** A kind of element: its flags, and its texts with places for numbers. */
type Kind = [number, string, string, string];

/** What Python hands over of elements and nodes: in few letters. */
export interface Packed {
  keys: string[];
  kinds: Kind[];
  elements: [number, number, number, number, ...number[]][];
  operations: string[];
  nodes: [number, ...unknown[]][];
}

/** The content as Python hands it over. */
export type PackedContent = Omit<Content, keyof Packed> & Packed;

/** The content with every element and every node as the page reads them. */
export function unpacked(packed: PackedContent): Content {
  const { keys, kinds, operations } = packed;
  const elements = packed.elements.map(([key, place, node, kind, ...numbers]): ElementRecord => {
    const [flags, ...texts] = kinds[kind]!;
    const [markup, text, alone] = texts.map((one) => one.replace(/\u0002(.)/g, (_, letter: string) => String(numbers[letter.charCodeAt(0) - 97])));
    return [keys[key]!, place, node, markup!, flags, text!, alone!];
  });
  const leaves = new Set(["letter", "argument", "constant"]);
  const nodes = packed.nodes.map(([operation, ...rest], at) => {
    const name = operations[operation]!;
    return [name, ...(leaves.has(name) ? rest : (rest as number[]).map((back) => at - back))] as GraphNode;
  });
  return { ...packed, elements, nodes };
}

/** [operation, …]: a letter with its element, a constant with its value and layout, or an operation with its operands. */
export type GraphNode = ["letter" | "argument", number] | ["constant", string, Layout] | [string, ...number[]];

export type Form = [string, (string | Layout)?, string?];

export interface Hole {
  extents: number[];
  elements: number[];
  sideways: boolean;
}

/** An equation, as `Formulas.line` describes it. */
export interface Line {
  kind: "fixed" | "numbers" | "stated" | "arrays";
  first?: string;
  source?: "after";
  left?: Layout;
  sides?: Layout[];
  relations?: string[];
  letters?: Layout;
  node?: number;
  result?: number | number[];
  paths?: number[][];
  extents?: number[];
  /** The letters of its arrays with their rows and columns. */
  shapes?: [string, ...number[]][];
  holes?: Record<string, Hole>;
  numbers?: string[];
  variants?: Record<string, Layout>;
  nodes?: number[];
}

export type Prose = (string | Layout)[];

export type Block =
  | ["equations", Line[]]
  | ["heading" | "prose", Prose]
  | ["table", Prose[], Prose[][]];

export interface Section {
  key: string;
  title: string;
  blocks: Block[];
}

export interface Unit {
  element: number;
  sample: number;
  biases: number[];
  parts: number[];
}

export interface Group {
  key: string;
  column: number;
  title: string;
  units: Unit[];
}

export interface Stage {
  groups: Group[];
  edges: [number, number, number][];
  targets: number[][];
  outputs: number[][];
  inputs: string[];
  error: number;
}

/** What an instruction is given besides its operands. */
export interface Given {
  axes: number[];
  axis: number;
  keepdims: boolean;
  sizes: number[];
  absent: number[][];
  start: number;
  stop: number;
  extent: number;
  extents: number[];
  lengths: number[];
  steps: number[];
  gaps: number[];
  dimension: number;
  number: number;
}

export type Parameters = Record<string, unknown>;
export type Instruction = [string, number[], Parameters];

export interface Program {
  instructions: Instruction[];
  names: Record<string, number>;
  passed: string[];
  error: string;
  /** What only the doctor looks at, by its name. */
  looks: Record<string, number>;
}

/** What is known of the units of an activation for all numbers. */
export interface UnitFacts {
  quantity: string;
  slope: string;
  layer: number;
  output: boolean;
  steepest: number;
  bounded: boolean;
}

type Limit = "flat" | "same" | "near" | "most_rms" | "most_ratio" | "most_mean" | "few_values" | "most_gain" | "fewest_rows" | "most_dead" | "most_saturated" | "least_passed" | "most_passed" | "most_outside" | "hardly" | "learned" | "twice_as_good" | "tolerance" | "most_rate" | "seen";

/** What the doctor looks at (chainrule.pages.diagnosis). */
export interface DoctorFacts {
  after: Record<string, string[]>;
  limits: Record<Limit, number> & { slower: number[]; tenths: number[]; faster: number[] };
  trial: { steps: number; looks: number; bound: number };
  texts: Record<string, string>;
  comma: boolean;
  inputs: string[];
  targets: string[];
  outputs: { activation: string; low: number | string; high: number | string; loss: string; targets: string; logits: boolean; columns: [number, number] }[];
  found: [string, Record<string, string>][];
  matrices: [string, string][];
  pairs: [string, string, string | null, string][];
  units: UnitFacts[];
  deltas: string[];
  losses: { error: string; prediction: string; logarithms: string[]; loss: string; activation: string }[];
  values: string[];
  gradients: [string, string, boolean][];
  rate: boolean;
  largest_rate: number;
  scan: number;
  layers: string[];
}

export type Numbers = Record<string, (number | string)[]>;

export interface Leaves {
  parameters: Numbers;
  inputs: Numbers;
  targets: Numbers;
  weights: Numbers;
  options: Numbers;
  states: Numbers;
  number: number;
  next: Record<string, string>;
}

export type Phase = "forward" | "error" | "backward" | "gradient" | "update";

export interface Content {
  title: string;
  language: string;
  decimal: "point" | "comma";
  digits: number;
  fractions: boolean;
  vectors: "rows" | "columns";
  samples: number;
  phrases: Record<string, string>;
  sections: Section[];
  rule: { lines: Line[]; options: number[] };
  stage: Stage;
  sequence: [Phase, number][];
  gradients: { chains: Record<string, (Line | null)[]>; of: Record<string, number> };
  updates: { shared: number[]; own: Record<string, number[]> };
  quantities: Record<string, number[]>;
  leaves: Leaves;
  /** Of targets that may not be any numbers, which they are. */
  ranges: Record<string, "distribution" | "probabilities" | "signs" | number>;
  elements: ElementRecord[];
  nodes: GraphNode[];
  paper: Record<string, number>;
  forms: Record<string, Form>;
  program: Program;
  /** What people compute in place of a quantity, by its key and by what it is called: instructions of the program. */
  mistakes: Record<string, Record<string, number[]>>;
  functions: Record<string, { instructions: Instruction[]; result: number }>;
  record: StepRecord;
  doctor: DoctorFacts;
  /** Rules of optimisers for a weight w with the gradient g; states: under which name the program gives what a state becomes. */
  rules: (Omit<Program, "passed" | "error"> & { name: string; own: boolean; options: Record<string, number>; states: Record<string, string> })[];
  /** Parameters of other starts, by key. */
  starts: Record<string, number[]>[];
  /** [element, sample, column] or, of arrays, [letter, shape, column]; [from, to, node of the derivative]. */
  graph: { nodes: ([number, number, number] | [string, string, number])[]; edges: [number, number, number][] };
  /** Texts of files with holes for numbers, by the kind of file. */
  files: { toml: string; numpy: string; safetensors: string };
  /** The network and its optimiser without their numbers, for links. */
  description: unknown;
}

/** The record of a step with holes for its numbers, and which options of its optimiser were given. */
export interface StepRecord {
  text: string;
  options: string[];
}

/** Whatever stands in JSON or TOML, by key. */
export type Plain = { [key: string]: unknown };

/** A link: the arrays, the number of the step, the element that is selected, the view, and the network where there is room for it. */
export interface Linked {
  a: Plain;
  n: number;
  e: number;
  v: string;
  d?: unknown;
}

/** What a page reads of the record of a step. */
export interface Recorded {
  parameters?: { before?: Plain };
  batch?: Plain;
  states?: Plain;
  number?: unknown;
  optimizer?: unknown;
}

/** What it reads of the description of a network. */
export interface Description {
  weights?: unknown;
  weights_as?: unknown;
  layers?: Plain[];
  data?: { x?: unknown[][]; t?: unknown[][] };
}

/** And of what a model says in its file. */
export interface Trained {
  plan?: { optimizer?: unknown };
}

/** What the head of a file of safetensors says of an array. */
export interface StoredArray {
  dtype: string;
  "shape": number[];
  data_offsets: [number, number];
}
