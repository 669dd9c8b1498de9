/** Where the labels of lines stand, so that each of them can be read. */

import { listOf } from "./arrays";

export interface Spot {
  x: number;
  y: number;
}

/** What takes room around its middle. */
export interface Box extends Spot {
  wide: number;
  tall: number;
}

/** How far along a line its label may stand: first in its middle. */
const PARTS = listOf(33, (place) => 0.5 + 0.01 * (place % 2 ? place + 1 : -place));

/** How much two boxes cover of each other. */
export const covering = (a: Box, b: Box): number =>
  Math.max(0, (a.wide + b.wide) / 2 - Math.abs(a.x - b.x)) * Math.max(0, (a.tall + b.tall) / 2 - Math.abs(a.y - b.y));

/** A place on each line for a label so wide, where it covers least of what is there, of the other labels and, if they are `apart`, of their lines. */
export function labelled(lines: ((part: number) => Spot)[], wide: number[], there: Box[], apart = false): Box[] {
  const boxes = lines.map((at, line): Box => ({ ...at(0.5), wide: wide[line]!, tall: 21 }));
  const passing = lines.map((at) => listOf(apart ? 15 : 0, (place): Box => ({ ...at((place + 1) / 16), wide: 0, tall: 0 })));
  // Each label in its turn gives way to all of the others, until nothing is gained.
  for (let turn = 0; turn < 4; turn++)
    lines.forEach((at, line) => {
      const others = [...there, ...boxes.filter((_, other) => other !== line && (turn || other < line)), ...passing.filter((_, other) => other !== line).flat()];
      const cost = (box: Box): number => others.reduce((sum, other) => sum + covering(box, other), 0);
      boxes[line] = PARTS.map((part): Box => ({ ...boxes[line]!, ...at(part) })).reduce((best, box) => (cost(box) < cost(best) ? box : best));
    });
  return boxes;
}
