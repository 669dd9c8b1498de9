/** Coordinates, axes and ticks of the small pictures. */

import { listOf } from "./arrays";
import { letter, svg } from "./dom";
import type { Words } from "./words";

/** Of a picture; on a telephone it is less wide, so that its letters are not too small. */
export const [WIDTH, HEIGHT] = [innerWidth < 600 ? 420 : 640, 340];
const [LEFT, RIGHT, TOP, BOTTOM] = [66, 16, 14, 40];

interface Scale {
  (value: number): number;
  low: number;
  high: number;
}

/** The number at a part of the way from one to another. */
export const between = (low: number, high: number, part: number): number => low + (high - low) * part;

function scale(low: number, high: number, from: number, to: number, logarithmic = false): Scale {
  const f = logarithmic ? Math.log10 : (x: number): number => x;
  const [a, b] = [f(low), f(high)];
  return Object.assign((value: number) => between(from, to, (f(value) - a) / (b - a || 1)), { low, high });
}

/** Round numbers between two ends. */
function ticks(low: number, high: number, count = 5): number[] {
  const rough = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough * 0.99)!;
  const found = [];
  for (let tick = Math.ceil(low / unit); tick * unit <= high * (1 + 1e-12) + 1e-300; tick++) found.push(Number((tick * unit).toPrecision(12)));
  return found;
}

function powers(low: number, high: number): number[] {
  const [first, last] = [Math.ceil(Math.log10(low)), Math.floor(Math.log10(high))];
  const every = Math.max(1, Math.ceil((last - first) / 6));
  return listOf(Math.max(0, Math.floor((last - first) / every) + 1), (i) => 10 ** (first + i * every));
}

interface Frame {
  picture: SVGSVGElement;
  /** What is drawn here is cut off at the axes. */
  inside: SVGSVGElement;
  x: Scale;
  y: Scale;
}

/** An empty picture with its axes. right: the margin there. */
export function frame(
  words: Words,
  alt: string,
  [xLow, xHigh]: [number, number],
  [yLow, yHigh]: [number, number],
  [xTitle, yTitle]: [string, string],
  { logarithmic = false, right = RIGHT } = {},
): Frame {
  const picture = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "plot", role: "img", "aria-label": alt });
  const x = scale(xLow, xHigh, LEFT, WIDTH - right);
  const y = scale(yLow, yHigh, HEIGHT - BOTTOM, TOP, logarithmic);
  for (const tick of ticks(xLow, xHigh, 6)) {
    picture.append(svg("line.grid", { x1: x(tick), x2: x(tick), y1: TOP, y2: HEIGHT - BOTTOM }));
    picture.append(svg("text.tick", { x: x(tick), y: HEIGHT - BOTTOM + 16 }, words.brief(tick)));
  }
  for (const tick of logarithmic ? powers(yLow, yHigh) : ticks(yLow, yHigh)) {
    picture.append(svg("line.grid", { x1: LEFT, x2: WIDTH - right, y1: y(tick), y2: y(tick) }));
    picture.append(svg("text.tick.left", { x: LEFT - 7, y: y(tick) + 4 }, words.brief(tick).replace(/^1 · | /g, "")));
  }
  picture.append(svg("text.axis", { x: (LEFT + WIDTH - right) / 2, y: HEIGHT - 5 }, ...letter(xTitle)));
  picture.append(svg("text.axis.left", { x: 4, y: TOP + 10 }, ...letter(yTitle)));
  const [wide, tall] = [WIDTH - right - LEFT, HEIGHT - BOTTOM - TOP];
  const inside = svg("svg", { x: LEFT, y: TOP, width: wide, height: tall, viewBox: `${LEFT} ${TOP} ${wide} ${tall}` });
  picture.append(inside);
  return { picture, inside, x, y };
}

/** A path through points; gaps where one is no number. */
export function path(points: Iterable<[number, number]>): string {
  let [text, down] = ["", false];
  for (const [x, y] of points) {
    if (!isFinite(x) || !isFinite(y)) down = false;
    else {
      text += `${down ? "L" : "M"}${x.toFixed(1)} ${Math.max(-1e4, Math.min(1e4, y)).toFixed(1)}`;
      down = true;
    }
  }
  return text;
}

/** Errors below this are drawn as this. */
const LEAST = 1e-16;

/** Paths of errors on one logarithmic scale, which fill a box. Each point is where it stands across the box, from 0 to 1, and its error. */
export function errorPaths(curves: [number, number][][], wide: number, tall: number): string[] {
  const heights = curves.map((points) => points.map(([, error]) => (isFinite(error) ? Math.log10(Math.max(error, LEAST)) : NaN)));
  const all = heights.flat().filter(isFinite);
  const [low, high] = [Math.min(...all), Math.max(...all)];
  return curves.map((points, curve) =>
    path(points.map(([at], place) => [8 + at * (wide - 16), tall - 6 - ((heights[curve]![place]! - low) / (high - low || 1)) * (tall - 12)])),
  );
}
