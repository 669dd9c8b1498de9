/** The live page: puts its parts together, listens to the controls, and brings everything up to date once a frame. */

import { Alarms } from "./alarms";
import { Card } from "./card";
import type { Content, Phase } from "./content";
import { button, check, fill, flashing, html, on, write } from "./dom";
import { fromToml } from "./formats";
import { type Changing, Knob, handleAt, listen } from "./handles";
import { built } from "./mathml";
import { printedAs } from "./numbers";
import type { Said } from "./doctor";
import { Session } from "./session";
import { StageView } from "./stage";
import { asPng, asSvg } from "./picture";
import { type SavedKind, decode, download, encoded, load, record, savedFile } from "./storage";
import { Timeline } from "./timeline";
import { tour, wasSeen } from "./tour";
import { Tabs, VIEWS, type ViewName } from "./views/tabs";
import { Words } from "./words";
import { isNumber } from "./real";

/** Milliseconds between two quantities while playing, by speed. */
const SPEEDS = [1600, 900, 450, 200, 80];
const MANY = 20;

/** Where the page is at home, besides in a file. */
export interface Home {
  /** What it knows already, of the same content. */
  session?: Session;
  /** Is it built for the first time? */
  first?: boolean;
  /** Can a link lead to it? */
  linked?: boolean;
  /** Called whenever it was drawn. */
  drawn?: () => void;
  /** What undo and redo lead to where the numbers have nothing more; absent where there is nothing either. */
  earlier?: () => (() => void) | undefined;
  later?: () => (() => void) | undefined;
}

export class Page {
  readonly session: Session;
  /** What listens beyond the page's own elements, until it is closed. */
  readonly #listening = new AbortController();
  private readonly words: Words;
  readonly #changing: Changing;
  private readonly stage: StageView;
  readonly #card: Card;
  readonly #timeline: Timeline;
  readonly #alarms: Alarms;
  readonly #views: Tabs;
  readonly #buttons = new Map<string, HTMLButtonElement>();
  readonly #phase = html("p.phase");
  readonly #alarmBox = html("ul.alarms");
  readonly #live = html("p.heard", { role: "status", "aria-live": "polite" });
  readonly #said = html("p.toast", { role: "status" });
  #playing = 0;
  #speed = 2;
  #predicting = false;
  #asking: number | undefined;
  #frame = 0;
  #lit = -1;
  #built = -1;
  #spoken = 0;
  #erring = NaN;

  constructor(private readonly root: HTMLElement, readonly content: Content, private readonly home: Home = {}) {
    this.session = home.session ?? new Session(content);
    this.words = new Words(content);
    const { words, session } = this;
    this.#changing = {
      session,
      words,
      changed: (element) => this.#moved(element),
      select: (element) => this.select(element),
    };
    this.#alarms = new Alarms(session, words, (found) => this.#showAlarms(found));
    this.#rate = new Knob(this.#changing);
    const stagePlace = html("div.stage-box");
    const cardPlace = html("div.card", { id: "card", role: "region", "aria-labelledby": "card-title" });
    const timePlace = html("div.time");
    const viewPlace = html("section.views", { "aria-label": words.say("views") });
    const main = html(
      "main",
      { id: "text", tabindex: -1 },
      html("div.side", this.#controls(), html("section.stage-part", { "aria-label": words.say("stage") }, stagePlace), html("div.notes", this.#phase, this.#alarmBox)),
      html("div.reading", html("p.hint", words.say("about")), cardPlace, viewPlace),
    );
    const foot = html("footer", { "aria-label": words.say("timeline") }, timePlace);
    root.append(html("a.skip", { href: "#card" }, words.say("skip")), html("header", html("h1", { dir: "auto" }, content.title)), main, foot, this.#live, this.#said);
    this.#alarmBox.setAttribute("aria-label", words.say("alarm.title"));
    this.stage = new StageView(stagePlace, this.#changing);
    this.#card = new Card(cardPlace, this.#changing);
    this.#timeControls(timePlace);
    this.#timeline = new Timeline(timePlace, session, words, (at) => this.#act(() => session.visit(at)));
    this.#views = new Tabs(viewPlace, this.#changing);
    listen(root, this.#changing);
    this.#listenForHovering(root);
    const { signal } = this.#listening;
    addEventListener("keydown", (event) => this.#key(event), { signal });
    addEventListener("hashchange", () => this.#fromLink(), { signal });
    this.#fromLink();
    this.#erring = session.errorOf(session.start);
    this.render();
    if (home.first !== false && !wasSeen() && !location.hash) this.#tour();
  }

  /** Takes the page away, for another one in its place. */
  close(): void {
    this.#listening.abort();
    clearTimeout(this.#playing);
    clearTimeout(this.#speaking);
    cancelAnimationFrame(this.#frame);
    document.querySelector(".typing")?.remove();
    this.root.replaceChildren();
  }

  // Controls

  #button(key: string, act: () => void, symbol = "", label = this.words.say(key)): HTMLButtonElement {
    const made = button(act, { "data-control": key }, ...(symbol ? [html("span.symbol", { "aria-hidden": "true" }, symbol), " "] : []), html("span", label));
    this.#buttons.set(key, made);
    return made;
  }

  #controls(): HTMLElement {
    const { words } = this;
    const bar = html("div.controls", { role: "toolbar", "aria-label": words.say("phase.rest") });
    bar.append(
      this.#button("back", () => this.#walk(-1), "◂"),
      fill(this.#button("step", () => this.#walk(1), "▸"), { class: "main" }),
      this.#button("play", () => this.#play(), "▶"),
      html("span.gap"),
      this.#button("undo", () => this.#travel(true), "↶"),
      this.#button("redo", () => this.#travel(false), "↷"),
      this.#more(),
    );
    return bar;
  }

  #more(): HTMLElement {
    const { words } = this;
    const details = html("details.more", html("summary", words.say("more")));
    const menu = html("div.menu");
    const [predict] = check(words.say("predict"), (on) => this.#act(() => (this.#predicting = on)));
    const [exact, box] = check(words.say("exact"), (on) => this.#fractions(on, box), { checked: this.session.fractions });
    const speed = html("input", { type: "range", min: 0, max: SPEEDS.length - 1, value: this.#speed, "aria-label": words.say("speed") });
    on(speed, "input", () => (this.#speed = Number(speed.value)));
    const file = html("input", { type: "file", accept: ".json,.toml,.safetensors", class: "heard", tabindex: -1, "aria-label": words.say("load") });
    on(file, "change", () => void this.#load(file));
    menu.append(
      predict,
      exact,
      html("label.check", html("span", words.say("speed")), speed),
      html("hr"),
      ...(this.home.linked === false ? [] : [this.#button("link", () => void this.link())]),
      this.#button("load", () => file.click()),
      html(
        "div.kinds", { role: "group", "aria-label": words.say("save") },
        html("span", { "aria-hidden": "true" }, words.say("save")),
        ...(["json", "toml", "safetensors", "numpy"] as const).map((kind) => this.#button(kind, () => this.#save(kind))),
        ...(["svg", "png"] as const).map((kind) => this.#button(kind, () => void this.#picture(kind))),
      ),
      html("hr"),
      this.#button("dark", () => this.#dark()),
      this.#button("tour", () => this.#tour(details)),
      file,
    );
    details.append(menu);
    on(details, "keydown", (event) => {
      if (event.key !== "Escape") return;
      details.open = false;
      details.querySelector("summary")!.focus();
      event.stopPropagation();
    });
    const outside = (event: Event): void => {
      if (!details.contains(event.target as Node)) details.open = false;
    };
    document.addEventListener("pointerdown", outside, { signal: this.#listening.signal });
    return details;
  }

  readonly #rate: Knob;

  #timeControls(place: HTMLElement): void {
    const { words, session } = this;
    place.append(
      this.#button("rewind", () => this.#act(() => session.rewind()), "«"),
      this.#button("train", () => this.#train(1), "+1"),
      this.#button("train_many", () => this.#train(MANY), "»", words.say("train_many", { count: MANY })),
    );
    const rate = session.rate;
    if (rate !== undefined) place.append(this.#rate.build(rate));
  }

  /** The view that is open. */
  get opened(): ViewName {
    return this.#views.opened;
  }

  open(name: string): void {
    this.#views.open(name as ViewName);
  }

  // What happens

  /** Goes back to what was, or on to what was taken back; home where these numbers have no more of it. */
  #travel(back: boolean): void {
    const { session, home } = this;
    const beyond = back ? !session.canUndo && home.earlier?.() : !session.canRedo && home.later?.();
    if (beyond) beyond();
    else this.#act(() => (back ? session.undo() : session.redo()));
  }

  #act(what: () => void): void {
    what();
    this.#asking = undefined;
    this.#schedule();
  }

  #moved(element: number): void {
    this.#act(() => (this.#spoken = element < 0 ? this.#spoken : element));
  }

  select(element: number): void {
    this.#act(() => {
      this.session.selected = this.session.ownerOf(element);
      if (!this.#playing) this.session.walked = Infinity;
    });
  }

  #train(count: number): void {
    this.#act(() => this.session.train(count));
    const error = this.words.number(this.session.errorOf(this.session.start), 4);
    this.#live.textContent = this.words.say("trained", { number: this.session.start.number, error });
  }

  /** One quantity further in the step, or one back. */
  #walk(way: 1 | -1): void {
    const { session } = this;
    const last = session.content.sequence.length - 1;
    const next = session.walked === Infinity ? (way > 0 ? 0 : last) : session.walked + way;
    if (next < 0) session.walked = Infinity;
    else if (next > last) {
      session.advance();
      session.walked = 0;
    } else session.walked = next;
    this.#asking = this.#predicting && way > 0 && session.walked !== Infinity ? this.now : undefined;
    this.#schedule();
    const { now } = this;
    if (now !== undefined && this.#asking === undefined)
      this.#live.textContent = this.words.say("stepped", { name: this.words.name(now), value: this.words.number(session.sources.before.of(now)) });
  }

  private get now(): number | undefined {
    return this.session.content.sequence[this.session.walked]?.[1];
  }

  #play(): void {
    if (this.#playing) {
      clearTimeout(this.#playing);
      this.#playing = 0;
      this.#schedule();
      return;
    }
    const go = (): void => {
      this.#walk(1);
      this.#playing = this.#asking === undefined ? window.setTimeout(go, SPEEDS[this.#speed]) : 0;
      this.#schedule();
    };
    go();
  }

  #answer(typed: string): void {
    const { words, session, now } = this;
    const value = printedAs(session.sources.before.of(now!));
    const [given, actual] = [words.typed(typed), session.double(now!)];
    const digits = Math.min(17, Math.max(1, typed.trim().replace(/^[-−]?0*[.,]?0*|e.*$/gi, "").replace(/[.,]/, "").length));
    const right = isNumber(value) && (given === actual || Number(actual.toPrecision(digits)) === given);
    this.#asking = undefined;
    this.#buttons.get("step")!.focus(); // what was typed in goes away
    this.say(words.say(right ? "predict.right" : "predict.wrong", { value: words.number(session.sources.before.of(now!)) }));
    this.#schedule();
  }

  #fractions(on: boolean, box: HTMLInputElement): void {
    this.session.fractions = on;
    if (on && this.session.content.sequence.some(([, element]) => !printedAs(this.session.sources.before.of(element)).exact)) {
      this.session.fractions = false;
      box.checked = false;
      this.say(this.words.say("inexact"));
    }
    this.#schedule();
  }

  say(text: string): void {
    this.#said.textContent = text;
    this.#said.classList.add("shown");
    setTimeout(() => this.#said.classList.remove("shown"), 4000);
  }

  async link(): Promise<void> {
    const text = encoded(this.session, this.opened);
    if (text === undefined) {
      this.#save("json");
      this.say(this.words.say("link_long"));
      return;
    }
    history.replaceState(null, "", `#${text}`);
    try {
      await navigator.clipboard.writeText(location.href);
    } catch {
      // The address bar has it all the same.
    }
    this.say(this.words.say("link_copied"));
  }

  #fromLink(): void {
    const view = location.hash.length > 1 ? decode(this.session, location.hash.slice(1)) : undefined;
    if (view !== undefined && (VIEWS as readonly string[]).includes(view)) this.open(view);
    this.#schedule();
  }

  #save(kind: SavedKind): void {
    download(...savedFile(this.session, kind));
    this.say(this.words.say("saved"));
  }

  async #load(file: HTMLInputElement): Promise<void> {
    const chosen = file.files?.[0];
    file.value = "";
    if (!chosen) return;
    try {
      await load(this.session, chosen);
      this.#act(() => undefined);
    } catch (error) {
      this.say(this.words.say("load_failed", { reason: (error as Error).message.slice(0, 120) }));
    }
  }

  async #picture(kind: "svg" | "png"): Promise<void> {
    const { picture } = this.stage;
    if (kind === "svg") download("network.svg", asSvg(picture), "image/svg+xml");
    else download("network.png", await asPng(picture), "image/png");
  }

  #dark(): void {
    const root = document.documentElement;
    const dark = root.dataset["theme"] ? root.dataset["theme"] === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset["theme"] = dark ? "light" : "dark";
  }

  #tour(menu?: HTMLDetailsElement): void {
    if (menu?.open) {
      menu.open = false; // which would cover what is shown
      menu.querySelector("summary")!.focus();
    }
    tour(this.words, [".stage-part", "#card", ".controls", "footer", ".views"], this.words.name(this.session.selected));
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as Element;
    if (target.closest("input, select, textarea, [role=dialog], details")) return;
    const [key, held] = [event.key.toLowerCase(), event.ctrlKey || event.metaKey];
    if (held && "zy".includes(key)) this.#travel(key === "z" && !event.shiftKey);
    else if (held || event.altKey) return;
    else if ("ns".includes(key)) this.#walk(1);
    else if ("pb".includes(key)) this.#walk(-1);
    else return;
    event.preventDefault();
  }

  /** All that is the same thing lights up: what is selected, and what is pointed at. */
  #listenForHovering(root: HTMLElement): void {
    let hovered = -1;
    on(root, "pointerover", (event) => {
      const found = handleAt(event.target);
      const owner = found ? this.session.ownerOf(found[1]) : -1;
      if (owner === hovered || document.body.classList.contains("dragging")) return;
      hovered = owner;
      this.#light("hovered", owner);
    });
  }

  #light(kind: string, owner: number): void {
    for (const lit of document.querySelectorAll(`.${kind}`)) lit.classList.remove(kind);
    if (owner < 0) return;
    for (const place of document.querySelectorAll("[data-e]"))
      if (this.session.ownerOf(Number(place.getAttribute("data-e"))) === owner) place.classList.add(kind);
  }

  // Once a frame

  #schedule(): void {
    if (!this.#frame) this.#frame = requestAnimationFrame(() => this.render());
  }

  readonly #order = new Map<number, number>();

  #hidden(element: number): boolean {
    const { session, content } = this;
    if (!this.#order.size) content.sequence.forEach(([, one], place) => this.#order.set(one, place));
    const place = this.#order.get(element);
    if (place === undefined || session.walked === Infinity) return false;
    return place > session.walked || (this.#asking === element && place === session.walked);
  }

  render(): void {
    this.#frame = 0;
    const { session, words, now } = this;
    performance.mark("frame");
    flashing.on = !document.body.classList.contains("dragging") && matchMedia("(prefers-reduced-motion: no-preference)").matches;
    this.stage.refresh((element) => this.#hidden(element), now);
    const phase: Phase | undefined = session.content.sequence[session.walked]?.[0];
    this.#card.show(now, phase ? `${words.say(`phase.${phase}`)}: ${words.letter(now!)}` : this.#titleOf(session.selected), this.#asking === undefined ? undefined : (typed) => this.#answer(typed));
    this.#views.refresh();
    this.#timeline.refresh();
    this.#rate.refresh();
    write(this.#phase, `${words.say("state", { number: session.start.number })} · ${phase ? words.say(`phase.${phase}`) : words.say("phase.rest")}`);
    this.#alarms.refresh();
    this.#refreshControls();
    const lit = session.ownerOf(now ?? session.selected);
    if (lit !== this.#lit || built.count !== this.#built) this.#light("selected", lit);
    [this.#lit, this.#built] = [lit, built.count];
    performance.measure("render", "frame");
    this.#speakLater();
    this.home.drawn?.();
  }

  #titleOf(element: number): string {
    const { words } = this;
    const name = words.letter(element);
    const edge = this.content.stage.edges.find(([, , weight]) => weight === element);
    if (edge) return words.say("weight", { name, source: words.letter(edge[0]), target: words.letter(edge[1]) });
    const unit = this.session.everyUnit.find((one) => one.biases.includes(element));
    if (unit) return words.say("bias", { name, target: words.letter(unit.element) });
    return words.say(this.session.kindOf(element), { name });
  }

  #showAlarms(said?: Said[]): void {
    this.#alarmBox.classList.toggle("pending", !said);
    if (!said) return;
    const found = said.map((alarm) => ({ ...alarm, text: this.words.lifted(alarm.text) }));
    const text = found.map((alarm) => alarm.text).join("\n");
    if (this.#alarmBox.dataset["text"] === text) return;
    this.#alarmBox.dataset["text"] = text;
    this.#alarmBox.replaceChildren(
      ...(found.length
        ? found.map((alarm) => {
            const { element } = alarm;
            if (element === undefined) return html("li.fine", alarm.text);
            const told = button(() => this.select(element), { class: "alarm" }, (alarm.depth ? "↳ " : "") + alarm.text);
            return html("li", { class: alarm.depth ? "effect" : undefined }, told);
          })
        : [html("li.fine", this.words.say("alarm.none"))]),
    );
  }

  #refreshControls(): void {
    const { session, words } = this;
    this.#buttons.get("undo")!.disabled = !session.canUndo && !this.home.earlier?.();
    this.#buttons.get("redo")!.disabled = !session.canRedo && !this.home.later?.();
    this.#buttons.get("back")!.disabled = session.walked === Infinity;
    const play = this.#buttons.get("play")!;
    write(play.querySelector(".symbol")!, this.#playing ? "❚❚" : "▶");
    write(play.lastElementChild!, words.say(this.#playing ? "pause" : "play"));
  }

  #speaking = 0;

  /** Says what changed to those who listen, once it has come to rest. */
  #speakLater(): void {
    const { session, words } = this;
    const error = session.errorOf(session.start);
    if (Object.is(error, this.#erring)) return;
    clearTimeout(this.#speaking);
    this.#speaking = window.setTimeout(() => {
      const values = { name: words.name(this.#spoken), value: words.number(session.double(this.#spoken)), before: words.number(this.#erring, 4), after: words.number(error, 4) };
      this.#live.textContent = words.say("changed", values);
      this.#erring = error;
    }, 400);
  }

  // For whoever asks in a console, and for tests

  change(numbers: Record<string, number>): void {
    this.session.change(new Map(Object.entries(numbers).map(([key, value]) => [this.session.places.get(key)!, value])));
    this.render();
  }

  diagnose(): Said[] {
    return this.#alarms.now();
  }

  runs(count: number): Record<string, number[]> {
    return this.#views.curve.compared(count);
  }

  readonly toml = fromToml;

  record(): string {
    return record(this.session);
  }

  finish(): void {
    this.#views.formulas.finish();
  }
}
