/** The words of the parts that are there only where Python is. */

export class Phrases {
  constructor(private words: Record<string, string>) {}

  /** From now on in another language. */
  become(words: Record<string, string>): void {
    this.words = words;
  }

  /** A text with what stands in its braces. */
  say(key: string, values: Record<string, string | number> = {}): string {
    const text = this.words[`served.${key}`];
    if (text === undefined) throw new Error(`no words for ${key}`);
    return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
  }
}
