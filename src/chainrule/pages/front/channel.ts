/** The way to Python and back: a connection with a server, or the frame that a notebook's cell keeps around the page. */

import type { Answer, Question } from "./messages";

/** Milliseconds until a lost connection is tried again, and how often. */
const [AGAIN, TRIALS] = [700, 6];

export class Channel {
  private number = 0;
  private readonly waiting = new Map<number, { answered: (answer: Answer) => void; failed: (error: Error) => void }>();
  /** Hears what is said unasked. */
  heard: (answer: Answer) => void = () => undefined;
  /** Is Python there? */
  connected: (there: boolean) => void = () => undefined;

  constructor(private readonly say: (text: string) => void) {}

  /** Asks, and waits for the answer. Throws what Python has against it. */
  ask(question: Question): Promise<Answer> {
    const id = ++this.number;
    return new Promise((answered, failed) => {
      this.waiting.set(id, { answered, failed });
      this.say(JSON.stringify({ id, ...question }));
    });
  }

  /** A message has come. */
  take(text: string): void {
    const answer = JSON.parse(text) as Answer;
    const waiting = this.waiting.get(answer.id ?? -1);
    if (!waiting) return this.heard(answer);
    this.waiting.delete(answer.id!);
    if (answer.error === undefined) waiting.answered(answer);
    else waiting.failed(new Error(answer.error));
  }

  /** Nobody will answer what was asked. */
  drop(): void {
    for (const { failed } of this.waiting.values()) failed(new Error(""));
    this.waiting.clear();
  }
}

/** A name that this tab keeps, so that it finds its session again. */
function nameOfTab(): string {
  const made = crypto.randomUUID();
  try {
    const known = sessionStorage.getItem("chainrule page");
    if (!known) sessionStorage.setItem("chainrule page", made);
    return known ?? made;
  } catch {
    return made;
  }
}

/** A connection with the server that the page comes from; tried again where it is lost. */
export function toServer(token: string): Channel {
  let socket: WebSocket;
  let trials = 0;
  const pending: string[] = [];
  const channel = new Channel((text) => {
    if (socket.readyState === WebSocket.OPEN) socket.send(text);
    else pending.push(text);
  });
  const connect = (): void => {
    socket = new WebSocket(`ws://${location.host}/live?token=${encodeURIComponent(token)}&page=${nameOfTab()}`);
    socket.addEventListener("open", () => {
      trials = 0;
      channel.connected(true);
      for (const text of pending.splice(0)) socket.send(text);
    });
    socket.addEventListener("message", (event) => channel.take(String(event.data)));
    socket.addEventListener("close", () => {
      channel.drop();
      pending.length = 0;
      channel.connected(false);
      if (++trials <= TRIALS) setTimeout(connect, AGAIN * trials);
    });
  };
  connect();
  return channel;
}

/** The notebook's cell around the page, which hands everything on. */
export function toCell(): Channel {
  const channel = new Channel((text) => parent.postMessage(text, "*"));
  addEventListener("message", (event) => {
    if (event.source === parent && typeof event.data === "string") channel.take(event.data);
  });
  return channel;
}
