/** Arrays of doubles with explicit shapes, and the functions in which the table of primitives writes its values: a row each. */

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

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

function reduced(x: Tensor, axes: readonly number[], keepdims: boolean, what: (numbers: Float64Array, last: boolean) => number): Tensor {
  const kept = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  const shape = keepdims ? kept : x.shape.filter((_, axis) => !axes.includes(axis));
  const own = strides(x.shape);
  const result = tensor(shape);
  const gone = x.shape.map((extent, axis) => (axes.includes(axis) ? extent : 1));
  const numbers = new Float64Array(size(gone));
  const last = axes.includes(x.shape.length - 1);
  const [outer, inner] = [strides(kept), strides(gone)];
  for (let i = 0; i < result.data.length; i++) {
    let start = 0;
    for (let axis = 0; axis < kept.length; axis++) if (kept[axis]! > 1) start += (Math.floor(i / outer[axis]!) % kept[axis]!) * own[axis]!;
    for (let j = 0; j < numbers.length; j++) {
      let at = start;
      for (let axis = 0; axis < gone.length; axis++) if (gone[axis]! > 1) at += (Math.floor(j / inner[axis]!) % gone[axis]!) * own[axis]!;
      numbers[j] = x.data[at]!;
    }
    result.data[i] = what(numbers, last);
  }
  return result;
}

function summed(numbers: Float64Array, last: boolean): number {
  return last ? pairwise(numbers, 0, numbers.length) : numbers.reduce((a, b) => a + b, 0);
}

interface Given {
  axes: number[];
  axis: number;
  keepdims: boolean;
  sizes: number[];
  gaps: number[][];
  start: number;
  stop: number;
  extent: number;
  dimension: number;
  number: number;
}

function matmul(a: Tensor, b: Tensor): Tensor {
  const [rows, inner] = a.shape.slice(-2) as [number, number];
  const columns = b.shape[b.shape.length - 1]!;
  const lead = a.shape.slice(0, -2);
  const result = tensor([...lead, rows, columns]);
  for (let block = 0; block < size(lead); block++)
    for (let i = 0; i < rows; i++)
      for (let j = 0; j < columns; j++) {
        let sum = 0;
        for (let k = 0; k < inner; k++) sum += a.data[(block * rows + i) * inner + k]! * b.data[(block * inner + k) * columns + j]!;
        result.data[(block * rows + i) * columns + j] = sum;
      }
  return result;
}

function transpose(x: Tensor, { axes }: Given): Tensor {
  const shape = axes.map((axis) => x.shape[axis]!);
  const own = strides(x.shape);
  const all = strides(shape);
  const result = tensor(shape);
  for (let i = 0; i < result.data.length; i++) {
    let at = 0;
    for (let k = 0; k < shape.length; k++) at += (Math.floor(i / all[k]!) % shape[k]!) * own[axes[k]!]!;
    result.data[i] = x.data[at]!;
  }
  return result;
}

function spread(x: Tensor, { axes, sizes }: Given): Tensor {
  const [single, shape] = [[...x.shape], [...x.shape]];
  for (const [axis, extent] of axes.map((axis, k) => [axis, sizes[k]!] as const).sort((a, b) => a[0] - b[0])) {
    single.splice(axis, 0, 1);
    shape.splice(axis, 0, extent);
  }
  const at = repeated(single, shape);
  return tensor(shape, new Float64Array(size(shape)).map((_, i) => x.data[at(i)]!));
}

/** Along one axis: `outer` blocks of `extent` runs of `inner` numbers. */
const runs = (shape: readonly number[], axis: number): [number, number] => [size(shape.slice(0, axis)), size(shape.slice(axis + 1))];

function part(x: Tensor, { axis, start, stop }: Given): Tensor {
  const [outer, inner] = runs(x.shape, axis);
  const shape = x.shape.map((extent, k) => (k === axis ? stop - start : extent));
  const result = tensor(shape);
  for (let block = 0; block < outer; block++) {
    const from = (block * x.shape[axis]! + start) * inner;
    result.data.set(x.data.subarray(from, from + (stop - start) * inner), block * (stop - start) * inner);
  }
  return result;
}

function place(x: Tensor, { axis, start, extent }: Given): Tensor {
  const [outer, inner] = runs(x.shape, axis);
  const own = x.shape[axis]! * inner;
  const result = tensor(x.shape.map((old, k) => (k === axis ? extent : old)));
  for (let block = 0; block < outer; block++) result.data.set(x.data.subarray(block * own, (block + 1) * own), (block * extent + start) * inner);
  return result;
}

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

/** 1 − erf x: near 0 as it says, elsewhere by its continued fraction, in which e^(−x²) is computed in two parts to lose no digit. */
export function erfc(x: number): number {
  if (Number.isNaN(x) || Math.abs(x) < 0.5) return 1 - erf(x);
  if (x < 0) return 2 - erfc(-x);
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
  pattern: (_, { sizes, gaps }) => {
    const result = tensor(sizes, new Float64Array(size(sizes)).fill(1));
    const own = strides(sizes);
    for (const gap of gaps) result.data[gap.reduce((at, i, axis) => at + i * own[axis]!, 0)] = 0;
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
  sum: ([x], { axes, keepdims }) => reduced(x!, axes, keepdims, summed),
  mean: ([x], { axes, keepdims }) => reduced(x!, axes, keepdims, (numbers, last) => summed(numbers, last) / numbers.length),
  max: ([x], { axes, keepdims }) => reduced(x!, axes, keepdims, (numbers) => numbers.reduce(largest, -Infinity)),
  squeeze: ([x], { axes }) => tensor(x!.shape.filter((_, axis) => !axes.includes(axis)), x!.data),
  matmul: ([a, b]) => matmul(a!, b!),
  transpose: ([x], given) => transpose(x!, given),
  spread: ([x], given) => spread(x!, given),
  reshape: ([x], { sizes }) => tensor(sizes, x!.data),
  part: ([x], given) => part(x!, given),
  place: ([x], given) => place(x!, given),
  join: (operands, given) => join(operands, given),
};
