/** The numbers of a page in a link, and as the record of a step that the command line reads and writes. */

import { listOf } from "./arrays";
import type { Content, Description, Linked, Plain, Recorded, Trained } from "./content";
import { fromSafetensors, fromToml, toSafetensors } from "./formats";
import { type Start, firstStart } from "./program";
import type { Session } from "./session";

/** Characters of a link; more are kept in a file. */
const LONGEST = 2000;

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/**
 * What a link holds: where one stands, the network and all numbers, so that `chainrule open` shows it; where that is too much, only the
 * arrays that differ from the page's own; nothing where these are too many.
 */
export function encoded(session: Session, view: string): string | undefined {
  const { content, start, selected } = session;
  const own = firstStart(content).arrays;
  const arrays = [...start.arrays].map(([key, { data }]) => [key, [...data].map(plainNumber)] as const);
  const differing = arrays.filter(([key]) => start.arrays.get(key)!.data.some((value, i) => value !== own.get(key)!.data[i]));
  const link = (a: typeof arrays, d?: unknown): string => base64(new TextEncoder().encode(JSON.stringify({ a: Object.fromEntries(a), n: start.number, e: selected, v: view, d })));
  return [link(arrays, content.description), link(differing)].find((text) => text.length <= LONGEST);
}

export const plainNumber = (value: number): number | string => (isFinite(value) ? value : String(value));

/** Puts what a link holds in its place. Gives the view; nothing where the link is none of this network. */
export function decode(session: Session, text: string): string | undefined {
  try {
    const bytes = Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (sign) => sign.charCodeAt(0));
    const state = JSON.parse(new TextDecoder().decode(bytes)) as Linked;
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

/** The step as the command line records it: `chainrule explain step.json` reads it. */
export function record(session: Session): string {
  const { record: own, leaves } = session.content;
  const plain = JSON.parse(filled(session, own.text, ['"Infinity"', '"-Infinity"', '"NaN"'])) as { optimizer: Plain };
  const beginning = firstStart(session.content).arrays;
  for (const key of Object.keys(leaves.options)) // as it was given, if it is what it was
    if (!own.options.includes(key) && session.double(session.places.get(`${key} 0`)!) === beginning.get(key)!.data[0]) delete plain.optimizer[key];
  return `${JSON.stringify(plain, null, 1)}\n`;
}

const decimal = (value: number): string => (Number.isInteger(value) && Math.abs(value) < 1e16 ? value.toFixed(1) : String(value));

/** A text of Python's with the numbers of the step in its holes; infinities and NaN in the words of its format. */
function filled(session: Session, text: string, [infinity, negative, nan]: [string, string, string]): string {
  const { before, after } = session.step;
  const one = (value: number): string => (isFinite(value) ? decimal(value) : value > 0 ? infinity : value < 0 ? negative : nan);
  const list = (shape: readonly number[], data: ArrayLike<number>, at = 0): string => {
    if (!shape.length) return one(data[at]!);
    const size = shape.slice(1).reduce((a, b) => a * b, 1);
    return `[${listOf(shape[0]!, (i) => list(shape.slice(1), data, at + i * size)).join(", ")}]`;
  };
  return text.replace(/⟦(.*?)⟧/g, (_, keys: string) => {
    if (keys === "k") return String(session.start.number);
    const arrays = keys.split("; ").map((key) => (key.startsWith("after ") ? after.get(key.slice(6)) : before.get(key))!);
    if (arrays.length === 1) return list(arrays[0]!.shape, arrays[0]!.data);
    const rows = listOf(session.content.samples, (row) => arrays.flatMap(({ shape, data }) => [...data.subarray(row * shape[1]!, (row + 1) * shape[1]!)]));
    return list([rows.length, rows[0]!.length], rows.flat());
  });
}

/** The file of a kind: its name, what is in it, and what that is. */
export function savedFile(session: Session, kind: SavedKind): [string, string | Uint8Array<ArrayBuffer>, string] {
  const { files, leaves } = session.content;
  const name = `step-${session.start.number}`;
  if (kind === "json") return [`${name}.json`, record(session), "application/json"];
  if (kind === "toml") return [`${name}.toml`, filled(session, files.toml, ["inf", "-inf", "nan"]), "application/toml"];
  if (kind === "numpy") return [`${name}.py`, filled(session, files.numpy, ["np.inf", "-np.inf", "np.nan"]), "text/x-python"];
  const arrays = Object.keys(leaves.parameters).map((key) => [key, session.start.arrays.get(key)!] as const);
  const both = new Map([...arrays, ...arrays.map(([key, array]) => [`start.${key}`, array] as const)]);
  return [`${name}.safetensors`, toSafetensors(both, filled(session, files.safetensors, ["Infinity", "-Infinity", "NaN"])), "application/octet-stream"];
}

export type SavedKind = "json" | "toml" | "numpy" | "safetensors";

/** Starts from what a file holds: a recorded step, a description, or a model. Throws where it is of another network. */
export async function load(session: Session, file: Blob & { name: string }): Promise<void> {
  if (file.name.endsWith(".safetensors")) {
    const [found, words] = fromSafetensors(await file.arrayBuffer());
    const { plan } = JSON.parse(words) as Trained;
    const own = Object.keys(session.content.leaves.parameters).map((key) => [key, [...(found.get(key)?.data ?? [])]]);
    return session.begin(startOf(session.content, { ...current(session), ...Object.fromEntries(own), ...options(session, plan?.optimizer) }, 1));
  }
  const text = await file.text();
  const plain = (file.name.endsWith(".toml") ? fromToml(text) : JSON.parse(text)) as Recorded & Description;
  const own = plain.parameters?.before;
  if (own) return session.begin(startOf(session.content, { ...plain.batch, ...own, ...plain.states, ...options(session, plain.optimizer) }, plain.number ?? 1));
  session.begin(startOf(session.content, { ...current(session), ...described(session, plain), ...options(session, plain.optimizer) }, 1));
}

/** The numbers that stand, but for the optimiser's memory. */
function current(session: Session): Plain {
  const { states } = session.content.leaves;
  return Object.fromEntries([...session.start.arrays].filter(([key]) => !(key in states)).map(([key, { data }]) => [key, [...data]]));
}

function options(session: Session, given: unknown): Plain {
  const own = session.content.leaves.options;
  return typeof given === "object" && given ? Object.fromEntries(Object.entries(given).filter(([key, value]) => key in own && typeof value === "number")) : {};
}

/** The arrays of a description, by key. */
function described(session: Session, plain: Description): Plain {
  const { content } = session;
  const { weights, layers = [], data = {} } = plain;
  const found: Plain = {};
  const turned = content.vectors === "columns" && plain.weights_as !== "inputs-units";
  const take = (key: string, value: unknown): void => {
    if (!(key in content.leaves.parameters) || !Array.isArray(value)) return;
    found[key] = turned && Array.isArray(value[0]) ? (value[0] as unknown[]).map((_, column) => (value as unknown[][]).map((row) => row[column])) : value;
  };
  if (Array.isArray(weights)) throw new Error("weights");
  for (const [key, value] of Object.entries((weights ?? {}) as Plain)) take(key, value);
  layers.forEach((layer, place) => {
    take(`W${place + 1}`, layer["weights"]);
    take(`b${place + 1}`, layer["bias"]);
  });
  const columns = (rows: unknown[][] | undefined, keys: string[]): void => {
    let at = 0;
    for (const key of rows ? keys : []) {
      const wide = content.quantities[key]![1]!;
      found[key] = rows!.map((row) => row.slice(at, at + wide));
      at += wide;
    }
  };
  columns(data.x, content.stage.inputs);
  columns(data.t, Object.keys(content.leaves.targets));
  return found;
}

export function download(name: string, text: string | Uint8Array<ArrayBuffer> | Blob, kind: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: kind }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
