/** A person's table and its training: what was decided, the curve while it goes on, scores, and the way into any of its steps. */

import type { Data, Run } from "./messages";
import { button, check, html, on, svg } from "./dom";
import { errorPaths } from "./plot";
import type { Phrases } from "./phrases";

/** What the panel calls. */
export interface Asked {
  data: (target: string, drop: boolean) => void;
  train: (epochs: number, batchSize: number) => void;
  stop: () => void;
  step: (number: number) => void;
  model: () => void;
}

const [WIDE, TALL] = [600, 120];
const [EPOCHS, BATCH_SIZE] = [200, 4];

export class TrainingPanel {
  readonly element = html("section.training", { hidden: true });
  private readonly settings = html("div.bench-choices");
  private readonly decided = html("details.decided");
  private readonly said = html("p.training-said", { role: "status" });
  private readonly curve = svg("path", { class: "curve c7" });
  private readonly held = svg("path", { class: "curve c4 dashed" });
  private readonly picture = svg("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, class: "training-curve", role: "img", preserveAspectRatio: "none" }, this.curve, this.held);
  private readonly lines = html("pre.training-lines", { tabindex: 0 });
  private readonly steps = html("div.bench-choices");
  private readonly title = html("b");
  private readonly folded = html("details");
  private readonly results = html("div.training-results");
  private epochs = EPOCHS;
  private batchSize = BATCH_SIZE;
  private data: Data | null = null;
  private run: Run | null = null;

  constructor(
    private readonly words: Phrases,
    private readonly asked: Asked,
  ) {
    const course = html("div.training-course", this.said, this.picture, this.steps);
    this.results.append(course, this.lines);
    this.folded.open = true;
    this.folded.append(html("summary", this.title), this.settings, this.decided, this.results);
    this.element.append(this.folded);
  }

  /** Shows a table; nothing where there is none. */
  showData(data: Data | null): void {
    this.data = data;
    this.refresh();
  }

  /** Shows how a training goes. */
  showRun(run: Run | null): void {
    const before = this.run;
    this.run = run;
    if (before?.state === run?.state && before !== null) this.refreshRun();
    else this.refresh();
  }

  /** Everything anew, as after a change of the language. */
  refresh(): void {
    const { words, data, run } = this;
    this.element.hidden = !data && !run;
    if (this.element.hidden) return;
    const name = data?.name ?? run!.name;
    this.element.setAttribute("aria-label", words.say("training", { name }));
    this.title.textContent = words.say("training", { name });
    this.settings.replaceChildren(...(data ? this.settingsOf(data) : []));
    this.decided.hidden = !data;
    this.decided.replaceChildren(html("summary", words.say("decided")), html("ul", ...(data?.lines ?? []).map((line) => html("li", line))));
    this.picture.setAttribute("aria-label", words.say("curve"));
    this.steps.replaceChildren(...(run && run.state !== "running" && run.steps ? this.openerOf(run) : []));
    this.refreshRun();
  }

  private settingsOf(data: Data): HTMLElement[] {
    const { words } = this;
    const running = this.run?.state === "running";
    const target = html("select", { "data-key": "target", disabled: running }, ...data.columns.map((name) => html("option", { value: name, selected: name === data.target }, name)));
    const ask = (): void => this.asked.data(target.value, drop.checked);
    on(target, "change", ask);
    const [dropping, drop] = check(words.say("drop"), ask, { checked: data.drop, disabled: running });
    const labelled = (key: string, control: HTMLElement): HTMLElement => html("label.bench-choice", html("span", words.say(key)), control);
    const count = (value: number, keep: (value: number) => void): HTMLElement => {
      const input = html("input", { type: "number", class: "count", min: 1, value, disabled: running });
      on(input, "change", () => keep(Math.max(1, Math.round(Number(input.value)) || 1)));
      return input;
    };
    const act = (): void => (running ? this.asked.stop() : this.asked.train(this.epochs, this.batchSize));
    const training = button(act, { class: running ? "" : "main", "data-control": "training" }, words.say(running ? "stop" : this.run ? "train.again" : "train"));
    return [
      labelled("target", target),
      dropping,
      labelled("epochs", count(this.epochs, (value) => (this.epochs = value))),
      labelled("batch_size", count(this.batchSize, (value) => (this.batchSize = value))),
      training,
    ];
  }

  private openerOf(run: Run): HTMLElement[] {
    const { words } = this;
    const number = html("input", { type: "number", class: "count", min: 1, max: run.steps, value: 1, "data-key": "step" });
    const slider = html("input", { type: "range", min: 1, max: run.steps, value: 1, "aria-label": words.say("step") });
    on(slider, "input", () => (number.value = slider.value));
    on(number, "input", () => (slider.value = number.value));
    const open = button(() => this.asked.step(Math.round(Number(number.value))), { "data-control": "open-step" }, words.say("open"));
    const parts: HTMLElement[] = [html("label.bench-choice", html("span", words.say("step")), number), slider, open];
    if (run.state === "ended") {
      const save = button(() => this.asked.model(), { "data-control": "save-model" }, words.say("model"));
      parts.push(save);
    }
    return [...parts, html("span.note", words.say("step.about", { count: run.steps }))];
  }

  private refreshRun(): void {
    const { run } = this;
    this.said.textContent = run?.said ?? "";
    this.said.hidden = !run?.said;
    this.lines.textContent = run?.lines.join("\n") ?? "";
    this.lines.hidden = !run?.lines.length;
    this.results.hidden = !run;
    const curve = run?.curve ?? [];
    this.picture.toggleAttribute("hidden", curve.length < 2);
    if (curve.length < 2) return;
    const last = curve[curve.length - 1]![0];
    const points = (of: 1 | 2): [number, number][] => curve.map((one) => [(one[0] - 1) / Math.max(last - 1, 1), one[of] ?? NaN]);
    const [fitted, held] = errorPaths([points(1), points(2)], WIDE, TALL) as [string, string];
    this.curve.setAttribute("d", fitted);
    this.held.setAttribute("d", held);
  }
}
