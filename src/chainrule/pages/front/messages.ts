/** What the page and Python say to each other (chainrule.live.session). */

import type { Content, Numbers } from "./content";

/** What can be chosen, by name and in words. */
export type Choices = [string, string][];

export interface Layer {
  title: string;
  units: number | null;
  activation: string | null;
  bias: boolean | null;
}

/** What the network is made of, and what there is to choose from (chainrule.live.architecture). */
export interface Architecture {
  inputs: number | null;
  layers: Layer[];
  chain: boolean;
  loss: string | null;
  optimizer: string;
  notation: string | null;
  language: string;
  choices: Record<"activation" | "loss" | "optimizer" | "notation" | "language", Choices>;
  most: { units: number; layers: number };
}

/** A person's table, and what was decided about it. */
export interface Data {
  name: string;
  columns: string[];
  target: string;
  drop: boolean;
  lines: string[];
}

/** A training: [epoch, error, error of the rows held out], and what is said of it. */
export interface Run {
  state: "running" | "ended" | "failed" | "past";
  name: string;
  lines: string[];
  curve: [number, number | null, number | null][];
  said: string;
  steps: number;
}

export interface Answer {
  id?: number | null;
  error?: string;
  page?: Content;
  architecture?: Architecture;
  phrases?: Record<string, string>;
  place?: number;
  numbers?: Numbers;
  from?: string;
  data?: Data | null;
  run?: Run | null;
  note?: string;
  text?: string;
  name?: string;
  base64?: string;
}

/** Where the page is, as its document says: beside a server, which wants its token, or in a notebook's cell. */
export interface Place {
  kind: "server" | "cell";
  token?: string;
}

export type Question = Record<string, unknown>;
