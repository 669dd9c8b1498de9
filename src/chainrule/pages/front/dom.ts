/** Small helpers for elements of the page. */

export type Attributes = Record<string, string | number | boolean | undefined>;

/** Gives an element attributes and children; what is false or undefined is left out. */
export function fill<T extends Element>(element: T, attributes: Attributes, children: (Node | string)[] = []): T {
  for (const [name, value] of Object.entries(attributes))
    if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children);
  return element;
}

export function html<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  return fill(document.createElement(tag), attributes, children);
}

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElementTagNameMap[K] {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

/** Calls what listens to an event of an element. */
export function on<K extends keyof HTMLElementEventMap>(element: Element, kind: K, heard: (event: HTMLElementEventMap[K]) => void): void {
  element.addEventListener(kind, heard as EventListener);
}

/** May what changes flash now? It does not while a number is dragged, nor for those who want no motion. */
export const flashing = { on: false };

export function flash(element: Element): void {
  if (flashing.on) element.animate({ background: ["var(--flash)", "transparent"], filter: ["brightness(1.4)", "none"] }, 600);
}

/** Sets text only where it differs; says whether it did. */
export function setText(element: Element, text: string): boolean {
  if (element.textContent === text) return false;
  element.textContent = text;
  flash(element);
  return true;
}

/** A letter with its digits lowered, for pictures: w12 as w₁₂. */
export function letter(text: string): SVGTSpanElement[] {
  const runs = text.match(/[A-Za-zͰ-Ͽ∂∇]+|[\d,]+|[^\dA-Za-zͰ-Ͽ∂∇,]+/g) ?? [text];
  let lowered = false;
  return runs.map((run, i) => {
    const low = i > 0 && /^[\d,]+$/.test(run);
    const span = svg("tspan", low ? { "font-size": "0.72em", dy: "0.25em" } : lowered ? { dy: "-0.25em" } : {}, run);
    if (/^[A-Za-zͰ-Ͽ]+$/.test(run)) span.setAttribute("font-style", "italic");
    lowered = low;
    return span;
  });
}
