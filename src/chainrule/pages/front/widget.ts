/**
 * What a notebook's cell runs: it keeps the page in a frame of its own, so that neither the notebook's style nor its keys reach the page,
 * nor the page's the notebook, and hands on what page and Python say to each other.
 */

/** What a notebook gives a widget, by the contract of anywidget. */
interface Model {
  get(name: string): unknown;
  on(event: string, heard: (message: unknown) => void): void;
  off(event: string, heard: (message: unknown) => void): void;
  send(message: unknown): void;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const view = crypto.randomUUID();
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.title = String(model.get("_title"));
  frame.style.cssText = `display: block; width: 100%; height: ${Number(model.get("height")) || 700}px; border: 1px solid #8886; border-radius: 8px; resize: vertical; overflow: hidden;`;
  const say = (message: unknown): void => frame.contentWindow?.postMessage(JSON.stringify(message), "*");
  const heardPage = (event: MessageEvent): void => {
    if (event.source !== frame.contentWindow || typeof event.data !== "string") return;
    const question = JSON.parse(event.data) as { id: number; do: string };
    // What there is to be shown stands in the notebook, and is there without Python, too.
    if (question.do === "begin") say({ ...(JSON.parse(String(model.get("_begin"))) as object), id: question.id, numbers: model.get("_numbers") });
    else model.send({ view, text: event.data });
  };
  const heardPython = (message: unknown): void => {
    const { to, from, answer } = message as { to?: string; from?: string; answer: unknown };
    if ((to === undefined || to === view) && from !== view) say(answer);
  };
  addEventListener("message", heardPage);
  model.on("msg:custom", heardPython);
  frame.srcdoc = String(model.get("_document"));
  el.append(frame);
  return () => {
    removeEventListener("message", heardPage);
    model.off("msg:custom", heardPython);
    frame.remove();
  };
}

export default { render };
