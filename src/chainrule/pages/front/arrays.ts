/** Arrays of doubles with explicit shapes, and the functions in which the table of primitives writes its values: a row each. */

import type { Given } from "./content";

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** So many items, each by its place. */
export const listOf = <T>(count: number, item: (place: number) => T): T[] => Array.from({ length: count }, (_, place) => item(place));

export const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
export const tensor = (shape: readonly number[], data: Float64Array = new Float64Array(size(shape))): Tensor => ({ shape, data });
export const scalar = (x: number): Tensor => tensor([], Float64Array.of(x));

const strides = (shape: readonly number[]): number[] => shape.map((_, axis) => size(shape.slice(axis + 1)));

/** The place of every element of `shape` in an array of another shape that is repeated to it, as NumPy broadcasts. */
function repeated(given: readonly number[], shape: readonly number[]): (place: number) => number {
  if (size(given) === 1) return () => 0;
  if (size(given) === size(shape)) return (place) => place;
  const own = strides(given);
  const all = strides(shape);
  const lead = shape.length - given.length;
  return (place) => {
    let at = 0;
    for (let axis = lead; axis < shape.length; axis++)
      if (given[axis - lead] !== 1) at += (Math.floor(place / all[axis]!) % shape[axis]!) * own[axis - lead]!;
    return at;
  };
}

function elementwise(f: (...numbers: number[]) => number): (...operands: Tensor[]) => Tensor {
  return (...operands) => {
    const shape = operands.reduce<readonly number[]>((longest, operand) => {
      if (operand.shape.length !== longest.length) return operand.shape.length > longest.length ? operand.shape : longest;
      return operand.shape.map((extent, axis) => Math.max(extent, longest[axis]!));
    }, []);
    const result = tensor(shape);
    const [a, b] = operands;
    if (!b) for (let i = 0; i < result.data.length; i++) result.data[i] = f(a!.data[i]!);
    else if (operands.length === 2) {
      const [left, right] = [repeated(a!.shape, shape), repeated(b.shape, shape)];
      for (let i = 0; i < result.data.length; i++) result.data[i] = f(a!.data[left(i)]!, b.data[right(i)]!);
    } else {
      const places = operands.map((operand) => repeated(operand.shape, shape));
      for (let i = 0; i < result.data.length; i++) result.data[i] = f(...operands.map((operand, k) => operand.data[places[k]!(i)]!));
    }
    return result;
  };
}

/** As NumPy has powers: those that are products or roots are computed as such. */
function power(a: number, n: number): number {
  return n === 2 ? a * a : n === 1 ? a : n === 0.5 ? Math.sqrt(a) : n === -1 ? 1 / a : a ** n;
}

/** Sum of `count` numbers in the order in which NumPy adds those that lie side by side: in pairs, eight at a time. */
export function pairwise(data: Float64Array, start: number, count: number): number {
  if (count < 8) {
    let sum = count ? data[start]! : 0;
    for (let i = 1; i < count; i++) sum += data[start + i]!;
    return sum;
  }
  if (count <= 128) {
    const r = Array.from(data.subarray(start, start + 8));
    let i = 8;
    for (; i < count - (count % 8); i += 8) for (let k = 0; k < 8; k++) r[k]! += data[start + i + k]!;
    let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
    for (; i < count; i++) sum += data[start + i]!;
    return sum;
  }
  const half = Math.floor(count / 2) - (Math.floor(count / 2) % 8);
  return pairwise(data, start, half) + pairwise(data, start + half, count - half);
}

function summed(numbers: Float64Array, last: boolean): number {
  return last ? pairwise(numbers, 0, numbers.length) : numbers.reduce((a, b) => a + b, 0);
}

/** The index of a place that is counted through a shape, the last axis fastest. */
function unflat(place: number, shape: readonly number[]): number[] {
  const index = new Array<number>(shape.length);
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = place % shape[axis]!;
    place = Math.floor(place / shape[axis]!);
  }
  return index;
}

/** For each element of `shape` the place of the element of `source` that stands there, −1 for none: from its index to the other one. */
function places(shape: readonly number[], source: readonly number[], from: (index: number[]) => number[] | undefined): Int32Array {
  const own = strides(source);
  return Int32Array.from({ length: size(shape) }, (_, at) => from(unflat(at, shape))?.reduce((sum, i, axis) => sum + i * own[axis]!, 0) ?? -1);
}

/** Where the elements stood that an instruction moves, which only shapes decide: found once. */
const found = new WeakMap<object, { source: string; shape: number[]; map: Int32Array }>();

function moves(given: object, source: readonly number[], shape: () => number[], from: (index: number[]) => number[] | undefined): { shape: number[]; map: Int32Array } {
  const known = found.get(given);
  if (known?.source === String(source)) return known;
  const target = shape();
  const made = { source: String(source), shape: target, map: places(target, source, from) };
  found.set(given, made);
  return made;
}

/** Elements in other places, and 0 where there is none. */
function moved(x: Tensor, given: object, shape: () => number[], from: (index: number[]) => number[] | undefined): Tensor {
  const { shape: target, map } = moves(given, x.shape, shape, from);
  return tensor(target, Float64Array.from(map, (at) => (at < 0 ? 0 : x.data[at]!)));
}

function matmul(a: Tensor, b: Tensor): Tensor {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape[b.shape.length - 1]!;
  const lead = a.shape.slice(0, -2);
  const own = b.shape.length > 2 ? inner * columns : 0;
  const result = tensor([...lead, rows, columns]);
  for (let block = 0; block < size(lead); block++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a.data[(block * rows + i) * inner + k]! * b.data[block * own + k * columns + j]!;
        result.data[(block * rows + i) * columns + j] = sum;
      }
  return result;
}

const transpose = (x: Tensor, given: Given): Tensor =>
  moved(x, given, () => given.axes.map((axis) => x.shape[axis]!), (index) => x.shape.map((_, axis) => index[given.axes.indexOf(axis)]!));

function spread(x: Tensor, given: Given): Tensor {
  const { axes, sizes } = given;
  const shape = (): number[] => {
    const longer = [...x.shape];
    for (const [axis, extent] of axes.map((axis, k) => [axis, sizes[k]!] as const).sort((a, b) => a[0] - b[0])) longer.splice(axis, 0, extent);
    return longer;
  };
  return moved(x, given, shape, (index) => index.filter((_, axis) => !axes.includes(axis)));
}

/** The numbers along some axes as one. last: lie they side by side? */
function reduced(x: Tensor, { axes, keepdims }: Given, what: (numbers: Float64Array, last: boolean) => number): Tensor {
  const gone = (axis: number): boolean => axes.includes(axis);
  const all = [...x.shape.keys()];
  const order = [...all.filter((axis) => !gone(axis)), ...all.filter(gone)];
  const inPlace = order.every((axis, k) => axis === k);
  const { data } = inPlace ? x : moved(x, axes, () => order.map((axis) => x.shape[axis]!), (index) => all.map((axis) => index[order.indexOf(axis)]!));
  const count = size(x.shape.filter((_, axis) => gone(axis)));
  const result = tensor(keepdims ? x.shape.map((extent, axis) => (gone(axis) ? 1 : extent)) : x.shape.filter((_, axis) => !gone(axis)));
  return tensor(result.shape, result.data.map((_, i) => what(data.subarray(i * count, (i + 1) * count), gone(all.length - 1))));
}

const replaced = (index: readonly number[], axis: number, value: number): number[] => index.map((old, k) => (k === axis ? value : old));

const part = (x: Tensor, given: Given): Tensor =>
  moved(x, given, () => replaced(x.shape, given.axis, given.stop - given.start), (index) => replaced(index, given.axis, index[given.axis]! + given.start));

const place = (x: Tensor, given: Given): Tensor =>
  moved(x, given, () => replaced(x.shape, given.axis, given.extent), (index) => {
    const at = index[given.axis]! - given.start;
    return at >= 0 && at < x.shape[given.axis]! ? replaced(index, given.axis, at) : undefined;
  });

/** Windows along `several` axes from `axis` on: an element of a window comes from place · step + k · gap. */
const inWindow = (index: readonly number[], { axis, steps, gaps }: Given): number[] => [
  ...index.slice(0, axis),
  ...steps.map((step, one) => index[axis + one]! * step + index[axis + steps.length + one]! * gaps[one]!),
  ...index.slice(axis + 2 * steps.length),
];

function windows(x: Tensor, given: Given): Tensor {
  const { axis, lengths, steps, gaps } = given;
  const counts = (): number[] => lengths.map((length, one) => Math.floor((x.shape[axis + one]! - (length - 1) * gaps[one]! - 1) / steps[one]!) + 1);
  return moved(x, given, () => [...x.shape.slice(0, axis), ...counts(), ...lengths, ...x.shape.slice(axis + lengths.length)], (index) => inWindow(index, given));
}

/** Windows laid where they come from, and added in NumPy's order: the last place first, which is the first one within its window. */
function overlap(x: Tensor, given: Given): Tensor {
  const { axis, extents } = given;
  const shape = [...x.shape.slice(0, axis), ...extents, ...x.shape.slice(axis + 2 * extents.length)];
  const known = found.get(given);
  const map = known?.source === String(x.shape) ? known.map : places(x.shape, shape, (index) => inWindow(index, given));
  found.set(given, { source: String(x.shape), shape, map });
  const result = tensor(shape);
  for (let i = map.length - 1; i >= 0; i--) result.data[map[i]!]! += x.data[i]!;
  return result;
}

/** The rows of a table at places. */
function lookup(table: Tensor, index: Tensor): Tensor {
  const rest = table.shape.slice(1);
  const wide = size(rest);
  return tensor([...index.shape, ...rest], new Float64Array(index.data.length * wide).map((_, i) => table.data[index.data[Math.floor(i / wide)]! * wide + (i % wide)]!));
}

/** Rows added up in a table, each at its place. */
function addedAt(x: Tensor, index: Tensor, { extent }: Given): Tensor {
  const rest = x.shape.slice(index.shape.length);
  const wide = size(rest);
  const result = tensor([extent, ...rest]);
  x.data.forEach((value, i) => (result.data[index.data[Math.floor(i / wide)]! * wide + (i % wide)]! += value));
  return result;
}

/** 1 at the first of the largest along an axis, 0 elsewhere. */
function atLargest(x: Tensor, { axis }: Given): Tensor {
  const [outer, inner] = runs(x.shape, axis);
  const extent = x.shape[axis]!;
  const result = tensor(x.shape);
  for (let block = 0; block < outer * inner; block++) {
    const start = Math.floor(block / inner) * extent * inner + (block % inner);
    let best = 0;
    for (let k = 1; k < extent; k++) {
      const [value, most] = [x.data[start + k * inner]!, x.data[start + best * inner]!];
      if (value > most || (Number.isNaN(value) && !Number.isNaN(most))) best = k;
    }
    result.data[start + best * inner] = 1;
  }
  return result;
}

/** Along one axis: `outer` blocks of `extent` runs of `inner` numbers. */
const runs = (shape: readonly number[], axis: number): [number, number] => [size(shape.slice(0, axis)), size(shape.slice(axis + 1))];

function join(operands: Tensor[], { axis }: Given): Tensor {
  const extent = operands.reduce((sum, operand) => sum + operand.shape[axis]!, 0);
  const result = tensor(operands[0]!.shape.map((old, k) => (k === axis ? extent : old)));
  const [outer, inner] = runs(result.shape, axis);
  let start = 0;
  for (const operand of operands) {
    const own = operand.shape[axis]! * inner;
    for (let block = 0; block < outer; block++)
      result.data.set(operand.data.subarray(block * own, (block + 1) * own), (block * extent + start) * inner);
    start += operand.shape[axis]!;
  }
  return result;
}

/** From here on 1 − erf x is smaller than every double. */
const NOTHING_LEFT = 28;

/** 1 − erf x: near 0 as it says, elsewhere by its continued fraction, in which e^(−x²) is computed in two parts to lose no digit. */
export function erfc(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) < 0.5) return 1 - erf(x);
  if (x < 0) return 2 - erfc(-x);
  if (x > NOTHING_LEFT) return 0;
  let fraction = 0;
  for (let k = Math.ceil(220 / (x * x)) + 24; k > 0; k--) fraction = k / 2 / (x + fraction);
  const rough = Math.fround(x);
  return (Math.exp(-rough * rough) * Math.exp(-(x - rough) * (x + rough))) / Math.sqrt(Math.PI) / (x + fraction);
}

/** The error function, by its series near 0. */
export function erf(x: number): number {
  if (Math.abs(x) >= 2) return 1 - erfc(x);
  let [term, sum] = [x, x];
  for (let k = 1; Math.abs(term) > 1e-18 * Math.abs(sum); k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

const largest = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b));
const smallest = (a: number, b: number): number => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.min(a, b));

type Row = (operands: Tensor[], given: Given) => Tensor;
const row = (f: (...numbers: number[]) => number): Row => {
  const apply = elementwise(f);
  return (operands) => apply(...operands);
};

export const ROWS: Record<string, Row> = {
  constant: (_, { number }) => scalar(number),
  size: (_, { dimension }) => scalar(dimension),
  position: (_, { extent }) => tensor([extent], Float64Array.from(listOf(extent, (at) => at))),
  pattern: (_, { sizes, absent }) => {
    const result = tensor(sizes, new Float64Array(size(sizes)).fill(1));
    const own = strides(sizes);
    for (const gap of absent) result.data[gap.reduce((at, i, axis) => at + i * own[axis]!, 0)] = 0;
    return result;
  },
  add: row((a, b) => a + b),
  subtract: row((a, b) => a - b),
  multiply: row((a, b) => a * b),
  divide: row((a, b) => a / b),
  negative: row((a) => -a),
  power: row(power),
  exp: row(Math.exp),
  expm1: row(Math.expm1),
  log: row(Math.log),
  log1p: row(Math.log1p),
  sqrt: row(Math.sqrt),
  sin: row(Math.sin),
  cos: row(Math.cos),
  tanh: row(Math.tanh),
  erf: row(erf),
  erfc: row(erfc),
  abs: row(Math.abs),
  sign: row(Math.sign),
  floor: row(Math.floor),
  maximum: row(largest),
  minimum: row(smallest),
  greater: row((a, b) => Number(a > b)),
  where: row((condition, a, b) => (condition ? a : b)),
  sum: ([x], given) => reduced(x!, given, summed),
  mean: ([x], given) => reduced(x!, given, (numbers, last) => summed(numbers, last) / numbers.length),
  max: ([x], given) => reduced(x!, given, (numbers) => numbers.reduce(largest, -Infinity)),
  squeeze: ([x], { axes }) => tensor(x!.shape.filter((_, axis) => !axes.includes(axis)), x!.data),
  matmul: ([a, b]) => matmul(a!, b!),
  transpose: ([x], given) => transpose(x!, given),
  spread: ([x], given) => spread(x!, given),
  reshape: ([x], { sizes }) => tensor(sizes, x!.data),
  part: ([x], given) => part(x!, given),
  place: ([x], given) => place(x!, given),
  join: (operands, given) => join(operands, given),
  window: ([x], given) => windows(x!, given),
  overlap: ([x], given) => overlap(x!, given),
  at_largest: ([x], given) => atLargest(x!, given),
  lookup: ([table, index]) => lookup(table!, index!),
  added_at: ([x, index], given) => addedAt(x!, index!, given),
};
