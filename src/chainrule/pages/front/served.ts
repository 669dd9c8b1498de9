/** The page where Python is: what of the network is changed there comes back as a new page, in which everything is kept that still fits. */

import { Bench, type Change } from "./bench";
import { type Channel, toCell, toServer } from "./channel";
import { inConsole } from "./console";
import { type Content, type Numbers, type PackedContent, unpacked } from "./content";
import { html } from "./dom";
import type { Answer, Architecture, Place, Question } from "./messages";
import { type Home, Page } from "./page";
import { Phrases } from "./phrases";
import { firstStart } from "./program";
import { Session } from "./session";
import { download, plainNumber, startOf } from "./storage";
import { TrainingPanel } from "./training";

/** What a page has shown, so that undo brings it back. place: by which Python knows it. */
interface Shown {
  content: Content;
  architecture: Architecture;
  place: number;
  session: Session;
}

/** Milliseconds between two messages about numbers. */
const PACE = 60;
const LARGEST_FILE = 8_000_000;
const MOST_SHOWN = 40;

class Served {
  private page: Page | undefined;
  private shown: Shown | undefined;
  private past: Shown[] = [];
  private future: Shown[] = [];
  private readonly words = new Phrases();
  private readonly bench: Bench;
  private readonly training: TrainingPanel;
  private readonly lost = html("p.lost", { role: "alert", hidden: true });
  private asking = 0;
  /** The numbers of the page when it asked for another network. */
  private askedWith: ReadonlyMap<string, string> | undefined;
  /** Did it ask for another notation or language, and for the same numbers? */
  private looks = false;
  private queued: Change | undefined;
  private told: ReadonlyMap<string, string> = new Map();
  private telling = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly channel: Channel,
    private readonly linked: boolean,
  ) {
    this.bench = new Bench(this.words, { change: (change) => void this.change(change), save: () => void this.save(), open: (file) => void this.open(file) });
    this.training = new TrainingPanel(this.words, {
      data: (target, drop) => void this.show({ do: "data", target, drop }),
      train: (epochs, batchSize) => void this.train(epochs, batchSize),
      stop: () => void this.ask({ do: "stop" }),
      step: (number) => void this.show({ do: "step", number }).then(() => this.root.querySelector(".controls")?.scrollIntoView({ block: "start" })),
      model: () => void this.saveModel(),
    });
    channel.heard = (answer) => this.heard(answer);
    channel.connected = (there) => this.connected(there);
    this.listenForFiles();
  }

  /** Asks for what there is to be shown. */
  async begin(): Promise<void> {
    const answer = await this.ask({ do: "begin" });
    if (answer) this.began(answer);
  }

  /** The first content has come. */
  began(answer: Answer): void {
    this.take(answer);
    if (this.page && answer.numbers) this.adopt(answer.numbers);
  }

  // Talking with Python

  /** The answer; nothing where it was refused, which is said. */
  private async ask(question: Question): Promise<Answer | undefined> {
    this.asking++;
    this.root.setAttribute("aria-busy", "true");
    try {
      return await this.channel.ask(question);
    } catch (error) {
      if ((error as Error).message) this.refused((error as Error).message);
      return undefined;
    } finally {
      if (!--this.asking) this.root.removeAttribute("aria-busy");
    }
  }

  private refused(text: string): void {
    if (this.page) this.page.say(text.length > 400 ? `${text.slice(0, 400)}…` : text);
    else this.root.replaceChildren(html("p.lost", text));
  }

  /** Asks for something else to be shown. */
  private async show(question: Question): Promise<void> {
    const answer = await this.ask(question);
    if (answer) this.take(answer);
  }

  private take(answer: Answer): void {
    if (answer.phrases) this.words.become(answer.phrases);
    if (answer.page && answer.architecture) this.become(answer as Answer & { page: PackedContent; architecture: Architecture });
    if (answer.data !== undefined) this.training.showData(answer.data);
    if (answer.run !== undefined) this.training.showRun(answer.run);
    if (answer.phrases) this.training.refresh();
    if (answer.note) this.page?.say(answer.note);
  }

  private heard(answer: Answer): void {
    if (answer.numbers && this.page) this.adopt(answer.numbers);
    this.take({ ...answer, numbers: {} });
  }

  private connected(there: boolean): void {
    this.lost.hidden = there;
    if (!this.lost.hidden && this.shown) this.lost.textContent = this.words.say("lost");
    if (there && this.page) {
      this.told = new Map();
      this.tellNumbers();
    }
  }

  // What is shown

  private become(answer: Answer & { page: PackedContent; architecture: Architecture }): void {
    const before = this.shown;
    const content = unpacked(answer.page);
    const session = new Session(content);
    if (before) session.follow(before.session, this.looks);
    if (before && !this.looks) {
      this.past = [...this.past, before].slice(-MOST_SHOWN);
      this.future = [];
      this.catchUp(session, before.session);
    }
    this.build({ content, architecture: answer.architecture, place: answer.place ?? 0, session });
  }

  /** Gives a new network the numbers that a person changed while Python derived it. */
  private catchUp(session: Session, before: Session): void {
    const { askedWith } = this;
    if (!askedWith) return;
    const own = this.numbersOf(session);
    const changed = [...this.numbersOf(before)].filter(([key, text]) => askedWith.get(key) !== text && own.has(key));
    const values = new Map<number, number>();
    for (const [key, text] of changed)
      (JSON.parse(text) as (number | string)[]).forEach((value, place) => {
        const element = session.places.get(`${key} ${place}`);
        if (element !== undefined) values.set(element, Number(value));
      });
    if (values.size) session.change(values);
  }

  private build(shown: Shown): void {
    const { root } = this;
    const view = this.page?.opened;
    const first = this.page === undefined;
    const focused = document.activeElement?.getAttribute("data-key");
    this.page?.close();
    if (!first && location.hash) history.replaceState(null, "", `${location.pathname}${location.search}`);
    this.shown = shown;
    this.told = new Map(); // Python is told what differs from what it derived, if anything does
    document.documentElement.lang = shown.content.language;
    document.title = shown.content.title;
    const home: Home = {
      session: shown.session,
      first,
      linked: this.linked,
      drawn: () => this.tellNumbers(),
      earlier: () => (this.past.length ? () => this.back(this.past, this.future) : undefined),
      later: () => (this.future.length ? () => this.back(this.future, this.past) : undefined),
    };
    const page = new Page(root, shown.content, home);
    this.page = page;
    if (view) page.open(view);
    root.querySelector("header")!.after(this.lost, this.bench.element, this.training.element);
    this.bench.show(shown.architecture, focused);
    inConsole(page);
  }

  /** Back to what was shown before, or forward again. */
  private back(from: Shown[], to: Shown[]): void {
    const wanted = from.pop();
    if (!wanted || !this.shown) return;
    to.push(this.shown);
    this.build(wanted);
    void this.ask({ do: "restore", place: wanted.place }).then(() => {
      this.told = new Map();
      this.tellNumbers();
    });
  }

  private async change(change: Change): Promise<void> {
    if (this.queued !== undefined || this.asking) {
      this.queued = change;
      return;
    }
    this.askedWith = this.shown && this.numbersOf(this.shown.session);
    this.looks = "notation" in change || "language" in change;
    await this.show({ do: "change", change, numbers: this.differing() });
    this.looks = false;
    this.askedWith = undefined;
    const next = this.queued;
    this.queued = undefined;
    if (next) await this.change(next);
    else if (this.shown) this.bench.show(this.shown.architecture); // also where it was refused
  }

  // Numbers

  /** The numbers of a session, as text by their keys. */
  private numbersOf({ content, start }: Session): Map<string, string> {
    const { parameters, inputs, targets, options } = content.leaves;
    const keys = [parameters, inputs, targets, options].flatMap((kind) => Object.keys(kind));
    return new Map(keys.map((key) => [key, JSON.stringify([...start.arrays.get(key)!.data].map(plainNumber))]));
  }

  /** Numbers that a person gave the page, where they are others than those that it began with. */
  private differing(): Numbers {
    if (!this.shown) return {};
    const { content, session } = this.shown;
    const own = firstStart(content).arrays;
    const given = [...this.numbersOf(session)].filter(([key, text]) => text !== JSON.stringify([...own.get(key)!.data].map(plainNumber)));
    return Object.fromEntries(given.map(([key, text]) => [key, JSON.parse(text) as number[]]));
  }

  /** Tells Python the numbers that changed, not too often. */
  private tellNumbers(): void {
    if (this.telling || !this.shown) return;
    this.telling = true;
    setTimeout(() => {
      this.telling = false;
      if (!this.shown) return;
      const now = this.numbersOf(this.shown.session);
      const known = this.told.size ? this.told : this.numbersOf(new Session(this.shown.content));
      const changed = [...now].filter(([key, text]) => known.get(key) !== text);
      this.told = now;
      if (!changed.length) return;
      const numbers = Object.fromEntries(changed.map(([key, text]) => [key, JSON.parse(text) as number[]]));
      this.channel.ask({ do: "numbers", numbers }).catch(() => undefined); // NaN, say, is no number to go on from
    }, PACE);
  }

  /** Numbers that Python gives the page. */
  private adopt(numbers: Numbers): void {
    const { shown, page } = this;
    if (!shown || !page || !Object.keys(numbers).length) return;
    const { session, content } = shown;
    const now = this.numbersOf(session);
    if (Object.entries(numbers).every(([key, values]) => now.get(key) === JSON.stringify(values))) return;
    try {
      const all = Object.fromEntries([...session.start.arrays].map(([key, { data }]) => [key, [...data].map(plainNumber)]));
      session.begin(startOf(content, { ...all, ...numbers }, session.start.number));
      this.told = this.numbersOf(session);
      page.render();
    } catch {
      // They belong to another network, whose content is on its way.
    }
  }

  // Files

  private async open(file: File): Promise<void> {
    if (file.size > LARGEST_FILE) return this.refused(this.words.say("large", { name: file.name, size: LARGEST_FILE / 1e6 }));
    const bytes = new Uint8Array(await file.arrayBuffer());
    await this.show({ do: "open", name: file.name, base64: base64(bytes) });
  }

  private listenForFiles(): void {
    const files = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    addEventListener("dragover", (event) => {
      if (!files(event)) return;
      event.preventDefault();
      this.root.classList.add("dropping");
    });
    addEventListener("dragleave", (event) => {
      if (!event.relatedTarget) this.root.classList.remove("dropping");
    });
    addEventListener("drop", (event) => {
      this.root.classList.remove("dropping");
      const file = event.dataTransfer?.files[0];
      if (!file) return;
      event.preventDefault();
      void this.open(file);
    });
  }

  private async save(): Promise<void> {
    const answer = await this.ask({ do: "save", suffix: ".toml", numbers: this.differing() });
    if (answer?.text !== undefined) download("network.toml", answer.text, "application/toml");
  }

  private async train(epochs: number, batchSize: number): Promise<void> {
    await this.show({ do: "train", epochs, batch_size: batchSize, numbers: this.differing() });
  }

  private async saveModel(): Promise<void> {
    const answer = await this.ask({ do: "model" });
    if (answer?.base64 !== undefined) download(answer.name!, Uint8Array.from(atob(answer.base64), (sign) => sign.charCodeAt(0)), "application/octet-stream");
  }
}

function base64(bytes: Uint8Array): string {
  const pieces: string[] = [];
  for (let at = 0; at < bytes.length; at += 30_000) pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 30_000))));
  return pieces.join(""); // 30 000 is a multiple of 3, so that the pieces fit together
}

const data = JSON.parse(document.getElementById("home")!.textContent!) as Place;
const served = data.kind === "server";
const channel = served ? toServer(data.token!) : toCell();
void new Served(document.getElementById("page")!, channel, served).begin();
