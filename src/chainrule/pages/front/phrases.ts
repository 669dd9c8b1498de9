/** Texts in a person's language, by their keys. */

export class Phrases {
  constructor(private texts: Record<string, string> = {}) {}

  /** From now on in another language. */
  become(texts: Record<string, string>): void {
    this.texts = texts;
  }

  /** A text with what stands in its braces. */
  say(key: string, values: Record<string, string | number> = {}): string {
    const text = this.texts[key];
    if (text === undefined) throw new Error(`no words for ${key}`);
    return filled(text, (name) => String(values[name] ?? ""));
  }
}

/** A text with what stands in its braces, and the words that agree with a number, as {rows:row|rows}: 1 row, 2 rows. */
export function filled(text: string, valueOf: (name: string) => string): string {
  return text.replace(/\{(\w+)(?::([^|{}]+)\|([^{}]+))?\}/g, (_, name: string, one?: string, more?: string) => {
    const value = valueOf(name);
    return one === undefined ? value : `${value} ${value === "1" ? one : more}`;
  });
}
