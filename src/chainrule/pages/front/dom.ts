/** Small helpers for elements of the page. */

type Attributes = Record<string, string | number | boolean | undefined>;

/** What an element is given: attributes, of which those that are false, undefined or beyond all numbers are left out, and children. */
type Part = Attributes | Node | string;

export function fill<T extends Element>(element: T, ...parts: Part[]): T {
  for (const part of parts)
    if (typeof part === "string" || part instanceof Node) element.append(part);
    else
      for (const [name, value] of Object.entries(part))
        if (value !== undefined && value !== false && !/^-?(NaN|Infinity)$/.test(`${value}`)) element.setAttribute(name, value === true ? "" : String(value));
  return element;
}

/** The name of an element and, behind points, its classes: "p.note". */
type Kind<K extends string> = K | `${K}.${string}`;

function made(namespace: string, kind: string, parts: Part[]): Element {
  const [tag, ...classes] = kind.split(".");
  return fill(document.createElementNS(`http://www.w3.org/${namespace}`, tag!), { class: classes.join(" ") || undefined }, ...parts);
}

export function html<K extends keyof HTMLElementTagNameMap>(kind: Kind<K>, ...parts: Part[]): HTMLElementTagNameMap[K] {
  return made("1999/xhtml", kind, parts) as HTMLElementTagNameMap[K];
}

export function svg<K extends keyof SVGElementTagNameMap>(kind: Kind<K>, ...parts: Part[]): SVGElementTagNameMap[K] {
  return made("2000/svg", kind, parts) as SVGElementTagNameMap[K];
}

/** Calls what listens to an event of an element. */
export function on<K extends keyof HTMLElementEventMap>(element: Element, kind: K, heard: (event: HTMLElementEventMap[K]) => void): void {
  element.addEventListener(kind, heard as EventListener);
}

/** Words with a box to be ticked, what that does, and the box. */
export function check(text: string, act: (ticked: boolean) => void, attributes: Attributes = {}): [HTMLElement, HTMLInputElement] {
  const box = html("input", { type: "checkbox", ...attributes });
  on(box, "change", () => act(box.checked));
  return [html("label.check", box, html("span", text)), box];
}

/** A button, and what it does. */
export function button(act: () => void, ...parts: Part[]): HTMLButtonElement {
  const made = html("button", { type: "button" }, ...parts);
  on(made, "click", act);
  return made;
}

/** May what changes flash now? It does not while a number is dragged, nor for those who want no motion. */
export const flashing = { on: false };

function flash(element: Element): void {
  if (flashing.on) element.animate({ background: ["var(--flash)", "transparent"], filter: ["brightness(1.4)", "none"] }, 600);
}

/** Sets text only where it differs, in the node that holds it, which the browser need not make anew; says whether it did. */
export function write(element: Element, text: string): boolean {
  const held = element.firstChild;
  if (element.textContent === text) return false;
  if (held instanceof Text && !held.nextSibling) held.data = text;
  else element.textContent = text;
  return true;
}

/** As `write`, and what changes flashes. */
export function setText(element: Element, text: string): boolean {
  const changes = write(element, text);
  if (changes) flash(element);
  return changes;
}

/** Letters; what stands below their line: digits, what is in brackets, and words behind a dash; signs that are raised already; others. */
const RUNS = /[a-zͰ-Ͽ]+|\[[^\]]+]|[\d,]+|_\w+|[⁰-⁾¹²³ᵗˢ]+|./gi;
const [SMALL, LOW, HIGH] = [0.74, 0.18, -0.36];

/** A letter with its digits lowered and its layer raised, for pictures: w12⁽²⁾ᵗ³ as w₁₂⁽²⁾⟨³⟩. Behind it may stand its number. */
export function letter(text: string, value?: SVGTSpanElement): SVGTSpanElement[] {
  let at = 0; // of its line, so far below that of the letter
  const moved = (to: number, size: number): string | false => {
    const by = (to - at) / size;
    at = to;
    return by !== 0 && `${by}em`;
  };
  const spans = (text.match(RUNS) ?? []).map((run, i) => {
    const raised = /^[⁰-⁾¹²³ᵗˢ]/.test(run);
    const small = raised || (i > 0 && /^(\d|\[.|_.)/.test(run));
    const look = { "font-size": small && `${SMALL}em`, "font-style": /^_?[a-zͰ-Ͽ]/i.test(run) && "italic" };
    const plain = small ? run.normalize("NFKC").replace(/[[\]_]/g, "").replace(/t(\d+)/, "⟨$1⟩").replace(/s(\d+)/, "[$1]") : run;
    return svg("tspan", { ...look, dy: moved(raised ? HIGH : small ? LOW : 0, small ? SMALL : 1) }, plain);
  });
  return value ? [...spans, fill(value, { dx: 4, dy: moved(0, 1) })] : spans;
}
