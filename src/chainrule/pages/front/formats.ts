/** Files of other formats, as far as numbers are in them: TOML as a description has it, and safetensors. */

import type { Tensor } from "./arrays";
import type { StoredArray } from "./content";

/** Reads TOML: tables, arrays, texts, numbers and truth values. Throws where it is none. */
export function fromToml(text: string): Record<string, unknown> {
  type Table = Record<string, unknown>;
  const root: Table = {};
  let [at, table] = [0, root];
  const wrong = (): never => {
    throw new Error(`line ${text.slice(0, at).split("\n").length}`);
  };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const blank = (): unknown => take(/(?:\s|#[^\n]*)*/y);
  const space = (): unknown => take(/[ \t]*/y);
  const quoted = (): string | undefined => {
    const found = take(/"(?:[^"\\\n]|\\.)*"|'[^'\n]*'/y);
    return found === undefined ? undefined : found[0] === "'" ? found.slice(1, -1) : (JSON.parse(found) as string);
  };
  const path = (): string[] => {
    const keys = [];
    do {
      space();
      keys.push(quoted() ?? take(/[\w-]+/y) ?? wrong());
      space();
    } while (take(/\./y));
    return keys;
  };
  /** The table at the end of a path, where an array of tables stands for its last one. */
  const below = (from: Table, keys: string[]): Table =>
    keys.reduce((inner, key) => {
      const next = (inner[key] ??= Object.create(null) as Table);
      return (Array.isArray(next) ? next[next.length - 1] : next) as Table;
    }, from);
  const set = (into: Table): void => {
    const keys = path();
    if (!take(/=/y)) wrong();
    space();
    below(into, keys.slice(0, -1))[keys[keys.length - 1]!] = value();
  };
  const list = (end: RegExp, item: () => void): void => {
    for (blank(); !take(end); blank()) {
      item();
      blank();
      if (!take(/,/y)) {
        if (!take(end)) wrong();
        return;
      }
    }
  };
  const value = (): unknown => {
    const string = quoted();
    if (string !== undefined) return string;
    if (take(/\[/y)) {
      const items: unknown[] = [];
      list(/\]/y, () => items.push(value()));
      return items;
    }
    if (take(/\{/y)) {
      const inner = Object.create(null) as Table;
      list(/\}/y, () => set(inner));
      return inner;
    }
    const word = take(/[\w+.-]+/y) ?? wrong();
    if (word === "true" || word === "false") return word === "true";
    const number = Number(word.replaceAll("_", "").replace(/^([+-]?)inf$/, "$1Infinity"));
    return Number.isNaN(number) && !/^[+-]?nan$/.test(word) ? wrong() : number;
  };
  for (blank(); at < text.length; blank()) {
    const head = take(/\[\[?/y);
    if (!head) set(table);
    else {
      const keys = path();
      if (take(/\]\]?/y) !== "]".repeat(head.length)) wrong();
      if (head === "[") table = below(root, keys);
      else {
        const holder = below(root, keys.slice(0, -1));
        table = Object.create(null) as Table;
        ((holder[keys[keys.length - 1]!] ??= []) as Table[]).push(table);
      }
    }
    space();
    if (take(/(?:#[^\n]*)?(?:\r?\n|$)/y) === undefined) wrong();
  }
  return root;
}

/** A file of safetensors: arrays by name, and a text. */
export function toSafetensors(arrays: ReadonlyMap<string, Tensor>, text: string): Uint8Array<ArrayBuffer> {
  let end = 0;
  const head: Record<string, unknown> = { __metadata__: { chainrule: text } };
  for (const [name, { shape, data }] of arrays) head[name] = { dtype: "F64", "shape": shape, data_offsets: [end, (end += data.byteLength)] };
  const words = new TextEncoder().encode(JSON.stringify(head));
  const start = 8 + Math.ceil(words.length / 8) * 8;
  const file = new Uint8Array(start + end).fill(32, 0, start);
  new DataView(file.buffer).setBigUint64(0, BigInt(start - 8), true);
  file.set(words, 8);
  let at = start;
  for (const { data } of arrays.values()) {
    file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return file;
}

/** The arrays of such a file, and its text. Throws where it is none. */
export function fromSafetensors(file: ArrayBuffer): [Map<string, Tensor>, string] {
  const start = 8 + Number(new DataView(file).getBigUint64(0, true));
  if (!(start <= file.byteLength)) throw new Error("safetensors");
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 8, start - 8))) as Record<string, StoredArray>;
  const { __metadata__: words, ...entries } = head;
  const found = new Map<string, Tensor>();
  for (const [name, entry] of Object.entries(entries)) {
    const bytes = file.slice(...entry.data_offsets.map((offset) => start + offset));
    const data = entry.dtype === "F64" ? new Float64Array(bytes) : entry.dtype === "F32" ? Float64Array.from(new Float32Array(bytes)) : undefined;
    if (data) found.set(name, { shape: entry["shape"], data });
  }
  return [found, (words as { chainrule?: string } | undefined)?.chainrule ?? "{}"];
}
