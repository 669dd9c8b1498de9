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
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  }
}
