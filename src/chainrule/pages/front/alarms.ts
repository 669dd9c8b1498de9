/** What goes wrong, in words, at the first culprit. */

import type { Session } from "./session";
import type { Words } from "./words";

export interface Alarm {
  text: string;
  /** What it is about. */
  element: number;
}

/** A unit whose slope is below this for every sample hardly learns. */
const SATURATED = 0.01;
const VANISHING = 100;

export function alarms(session: Session, words: Words): Alarm[] {
  return [...findings(session, words)].slice(0, 3);
}

function* findings(session: Session, words: Words): Generator<Alarm> {
  const { content } = session;
  const { stage } = content;
  const error = session.double(stage.error);
  if (!Number.isFinite(error)) {
    const [step, culprit] = firstCulprit(session);
    yield { text: words.say("alarm.nan", { error: words.name(stage.error), name: words.name(culprit), number: step }), element: culprit };
    return;
  }
  const after = session.double(stage.error, session.step.after);
  if (!(after <= error * (1 + 1e-12))) {
    const limit = limitOfRate(session);
    const values = { before: words.number(error, 4), after: words.number(after, 4), limit: limit === undefined ? "" : words.number(Number(limit.toPrecision(3)), 3) };
    yield { text: words.say(limit === undefined ? "alarm.growing_only" : "alarm.growing", values), element: session.places.get("learning_rate 0") ?? stage.error };
  }
  yield* asleep(session, words);
  yield* alike(session, words);
  yield* vanishing(session, words);
}

/** In which step the first quantity left the range of numbers, and which. */
function firstCulprit(session: Session): [number, number] {
  for (const start of session.steps) {
    const before = session.runner.before(start);
    for (const [, element] of session.content.sequence) if (!Number.isFinite(session.double(element, before))) return [start.number, element];
  }
  return [session.start.number, session.content.stage.error];
}

/** Below which rate one step lowers the error, found by halving; nothing where no rate does. */
function limitOfRate(session: Session): number | undefined {
  const place = session.places.get("learning_rate 0");
  if (place === undefined) return undefined;
  const error = session.double(session.content.stage.error);
  const lowers = (rate: number): boolean => {
    const arrays = new Map(session.start.arrays).set("learning_rate", { shape: [], data: Float64Array.of(rate) });
    const start = { arrays, number: session.start.number };
    return session.runner.error(session.runner.next(start, session.runner.before(start)).arrays) < error;
  };
  let [low, high] = [0, session.double(place)];
  for (let tried = 0; tried < 40 && !low; tried++) {
    const half = high / 2;
    if (lowers(half)) low = half;
    else high = half;
  }
  if (!low) return undefined;
  for (let tried = 0; tried < 12; tried++) {
    const middle = (low + high) / 2;
    if (lowers(middle)) low = middle;
    else high = middle;
  }
  return low;
}

function hidden(session: Session): { key: string; units: { element: number; parts: number[]; unit: number; biases: number[] }[] }[] {
  const outputs = new Set(session.content.stage.outputs.flat());
  return session.content.stage.groups.filter(
    (group) => !session.content.stage.inputs.includes(group.key) && !group.units.some((unit) => outputs.has(unit.element)),
  );
}

/** Units that are dead or saturated: ∂h/∂z is what back-propagation multiplies ∂E/∂h by to get ∂E/∂z. */
function* asleep(session: Session, words: Words): Generator<Alarm> {
  const { of } = session.content.gradients;
  for (const group of hidden(session)) {
    const slopes = new Map<number, number[]>();
    for (const unit of group.units) {
      const [net, own] = [unit.parts[0], unit.element];
      if (net === undefined || net === own) continue;
      const [above, below] = [of[own], of[net]];
      if (above === undefined || below === undefined) continue;
      const arriving = session.double(above);
      if (Math.abs(arriving) < 1e-12) continue;
      slopes.set(unit.unit, [...(slopes.get(unit.unit) ?? []), Math.abs(session.double(below) / arriving)]);
    }
    for (const [unit, own] of slopes) {
      const element = group.units.find((one) => one.unit === unit)!.element;
      const name = words.short(element);
      if (own.every((slope) => slope === 0)) yield { text: words.say("alarm.dead", { name }), element };
      else if (own.every((slope) => slope < SATURATED)) yield { text: words.say("alarm.saturated", { name }), element };
    }
  }
}

/** Two units with the same weights in and out. */
function* alike(session: Session, words: Words): Generator<Alarm> {
  const { edges } = session.content.stage;
  for (const group of hidden(session)) {
    const seen = new Map<string, number>();
    for (const unit of group.units.filter((one) => session.content.stage.groups.some((g) => g.units.some((u) => u === one && u.sample === 0)))) {
      const into = edges.filter(([, to, weight]) => to === unit.element && weight >= 0).map(([from, , weight]) => `${from}:${session.double(weight)}`);
      const out = edges.filter(([from, , weight]) => from === unit.element && weight >= 0).map(([, to, weight]) => `${to}:${session.double(weight)}`);
      const key = [...into.sort(), "|", ...out.sort(), "|", ...unit.biases.map((bias) => session.double(bias))].join(" ");
      const other = seen.get(key);
      if (other !== undefined && into.length) yield { text: words.say("alarm.identical", { name: words.short(other), other: words.short(unit.element) }), element: unit.element };
      seen.set(key, unit.element);
    }
  }
}

/** Gradients of the first layer that are far smaller than those of the last. */
function* vanishing(session: Session, words: Words): Generator<Alarm> {
  const keys = Object.keys(session.content.leaves.parameters).filter((key) => session.content.quantities[key]!.length > 1);
  if (keys.length < 3) return;
  const size = (key: string): number => {
    const gradient = session.content.gradients.of[session.places.get(`${key} 0`) ?? -1];
    const array = gradient === undefined ? undefined : session.step.before.get(session.content.elements[gradient]![0]);
    return array ? Math.sqrt(array.data.reduce((sum, value) => sum + value * value, 0) / array.data.length) : NaN;
  };
  const [first, last] = [size(keys[0]!), size(keys[keys.length - 1]!)];
  if (last > VANISHING * first && first >= 0) yield { text: words.say("alarm.vanishing", { ratio: words.brief(Number((last / first).toPrecision(2))) }), element: session.places.get(`${keys[0]!} 0`)! };
}
