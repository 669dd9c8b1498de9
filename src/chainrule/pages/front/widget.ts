/**
 * What a notebook's cell runs: it keeps the page in a frame of its own, so that neither the notebook's style nor its keys reach the page,
 * nor the page's the notebook, and hands on what page and Python say to each other.
 *
 * All of it goes by values that the notebook synchronises, which every notebook can, and none of it as messages, which some lose.
 */

/** What a notebook gives a widget, by the contract of anywidget. */
interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, heard: () => void): void;
  off(event: string, heard: () => void): void;
}

interface Question {
  id: number;
  do: string;
  numbers?: Record<string, unknown>;
}

/** Is the text of the notebook light, as on a dark ground? The page, in its frame, cannot know. */
function isDark(el: HTMLElement): boolean {
  const context = document.createElement("canvas").getContext("2d");
  if (context === null) return false;
  context.fillStyle = getComputedStyle(el.isConnected ? el : document.body).color;
  context.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0] = context.getImageData(0, 0, 1, 1).data;
  return red + green + blue > 384;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const view = crypto.randomUUID();
  /** What Python has not answered yet: a notebook may send only the last of several values. */
  let pending: { view: string; id: number; text: string }[] = [];
  const frame = document.createElement("iframe");
  frame.setAttribute("sandbox", "allow-scripts allow-downloads");
  frame.title = String(model.get("_title"));
  frame.style.cssText = `display: block; width: 100%; height: ${Number(model.get("height")) || 700}px; border: 1px solid #8886; border-radius: 8px; resize: vertical; overflow: hidden;`;
  const say = (message: unknown): void => frame.contentWindow?.postMessage(JSON.stringify(message), "*");
  const give = (name: string, value: unknown): void => {
    model.set(name, value);
    model.save_changes();
  };
  const heardPage = (event: MessageEvent): void => {
    if (event.source !== frame.contentWindow || typeof event.data !== "string") return;
    const question = JSON.parse(event.data) as Question;
    const { id } = question;
    // What there is to be shown stands in the notebook, and is there without Python, too.
    if (question.do === "begin") say({ ...(JSON.parse(String(model.get("_begin"))) as object), id, numbers: model.get("_numbers") });
    else if (question.do === "numbers") {
      give("_numbers", { ...(model.get("_numbers") as object), ...question.numbers });
      say({ id });
    } else give("_questions", (pending = [...pending, { view, id, text: event.data }]));
  };
  const answered = (): void => {
    const { to, from, answer } = model.get("_answer") as { to?: string; from?: string; answer: { id?: number } };
    if ((to !== undefined && to !== view) || from === view) return;
    if (to === view) pending = pending.filter(({ id }) => id !== answer.id);
    say(answer);
  };
  const assigned = (): void => say({ numbers: model.get("_assigned") });
  addEventListener("message", heardPage);
  model.on("change:_answer", answered);
  model.on("change:_assigned", assigned);
  frame.srcdoc = String(model.get("_document")).replace("<html", `<html data-theme="${isDark(el) ? "dark" : "light"}"`);
  el.append(frame);
  return () => {
    removeEventListener("message", heardPage);
    model.off("change:_answer", answered);
    model.off("change:_assigned", assigned);
    frame.remove();
  };
}

export default { render };
