/** The numbers of a page in a link, and as the record of a step that the command line reads and writes. */

import type { Content } from "./content";
import { type Start, firstStart } from "./program";
import type { Session } from "./session";

/** Characters of a link; more are kept in a file. */
const LONGEST = 2000;

type Plain = { [key: string]: unknown };

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** What a link holds: the arrays that differ from the page's own, and where one stands; nothing where that is too much. */
export function encoded(session: Session, view: string): string | undefined {
  const own = firstStart(session.content);
  const arrays: Plain = {};
  for (const [key, { data }] of session.start.arrays)
    if (data.some((value, i) => value !== own.arrays.get(key)!.data[i])) arrays[key] = [...data].map(plainNumber);
  const state = { a: arrays, n: session.start.number, e: session.selected, v: view };
  const text = base64(new TextEncoder().encode(JSON.stringify(state)));
  return text.length <= LONGEST ? text : undefined;
}

export const plainNumber = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** Puts what a link holds in its place. Gives the view; nothing where the link is none of this network. */
export function decode(session: Session, text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    const state = JSON.parse(new TextDecoder().decode(bytes)) as { a: Plain; n: number; e: number; v: string };
    session.begin(startOf(session.content, state.a, state.n));
    if (state.e in session.content.elements) session.selected = state.e;
    return String(state.v);
  } catch {
    return undefined;
  }
}

/** Where a step of these numbers starts. Throws where they do not fit the network. */
export function startOf(content: Content, given: Plain, number: unknown): Start {
  const own = firstStart(content);
  const arrays = new Map(own.arrays);
  for (const [key, numbers] of Object.entries(given)) {
    const old = arrays.get(key);
    const data = Float64Array.from([numbers].flat(9) as number[], Number);
    if (!old || data.length !== old.data.length) throw new Error(key);
    arrays.set(key, { shape: old.shape, data });
  }
  if (typeof number !== "number" || !Number.isInteger(number) || number < 1) throw new Error("number");
  return { arrays, number };
}

function nested(shape: readonly number[], data: ArrayLike<number>, at = 0): unknown {
  if (!shape.length) return plainNumber(data[at]!);
  const [extent, ...rest] = shape as [number, ...number[]];
  const size = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: extent }, (_, i) => nested(rest, data, at + i * size));
}

/** The step as the command line records it: `chainrule explain step.json` reads it. */
export function record(session: Session): string {
  const { before, after, next } = session.step;
  const { record: own } = session.content;
  const of = (arrays: ReadonlyMap<string, { shape: readonly number[]; data: Float64Array }>, keys: Record<string, string>): Plain =>
    Object.fromEntries(Object.entries(keys).map(([name, key]) => [name, nested(arrays.get(key)!.shape, arrays.get(key)!.data)]));
  const given = typeof own.optimizer === "string" ? { name: own.optimizer } : own.optimizer;
  const beginning = firstStart(session.content).arrays;
  const options = Object.keys(session.content.leaves.options)
    .map((key) => [key, before.get(key)!.data[0]!] as const)
    .filter(([key, value]) => key in given || value !== beginning.get(key)!.data[0]);
  const plain = {
    format: own.format,
    network: own.network,
    optimizer: { ...given, ...Object.fromEntries(options) },
    number: session.start.number,
    batch: of(before, own.batch),
    values: of(before, own.values),
    gradients: of(before, own.gradients),
    states: of(before, own.states),
    updates: of(before, own.updates),
    parameters: { before: of(before, own.parameters), after: of(next.arrays, own.parameters) },
    after: of(after, own.values),
    origin: own.origin,
  };
  return `${JSON.stringify(plain, null, 1)}\n`;
}

/** Reads such a record. Throws where it is of another network. */
export function load(session: Session, text: string): void {
  const plain = JSON.parse(text) as { parameters?: { before?: Plain }; batch?: Plain; states?: Plain; number?: unknown };
  if (!plain.parameters?.before) throw new Error("parameters");
  session.begin(startOf(session.content, { ...plain.batch, ...plain.parameters.before, ...plain.states }, plain.number ?? 1));
}

export function download(name: string, text: string | Uint8Array<ArrayBuffer>, kind: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
