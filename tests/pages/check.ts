/** Answers what the tests ask of the front end's arithmetic, one JSON array a line: [module, function, …operands]. */

import { createInterface } from "node:readline";
import { ROWS, pairwise, tensor } from "../../src/chainrule/pages/front/arrays";
import { type Box, labelled } from "../../src/chainrule/pages/front/labels";
import { printed } from "../../src/chainrule/pages/front/numbers";
import { result } from "../../src/chainrule/pages/front/program";
import { FUNCTIONS, parsed, roundedFraction } from "../../src/chainrule/pages/front/real";

const answer = ([kind, name, ...operands]: [string, string, ...never[]]): unknown => {
  switch (kind) {
    case "real": {
      const result = roundedFraction(FUNCTIONS[name]!(...operands.map((operand) => parsed(operand))));
      return [String(result.above), String(result.below), result.exact];
    }
    case "double":
      return String(ROWS[name]!(operands.map((operand) => tensor([], Float64Array.of(Number(operand)))), {} as never).data[0]);
    case "program": {
      const [program, numbers] = operands as unknown as [Parameters<typeof result>[0], Record<string, string>];
      return String(result(program, (key) => tensor([], Float64Array.of(Number(numbers[key]))))("result").data[0]);
    }
    case "sum":
      return String(pairwise(Float64Array.from(operands[0]!, Number), 0, (operands[0]! as string[]).length));
    case "printed": {
      const [text, digits, comma, exact] = operands as unknown as [string, number, boolean, boolean];
      const found = printed(exact ? parsed(text) : Number(text), { digits, comma, exact });
      return [found.layout, String(found.value.above), String(found.value.below), found.exact];
    }
    case "labels": {
      const [lines, wide, there] = operands as unknown as [[number, number, number, number][], number[], Box[]];
      return labelled(lines.map(([x, y, right, low]) => (part) => ({ x: x + (right - x) * part, y: y + (low - y) * part })), wide, there);
    }
    default:
      throw new Error(kind);
  }
};

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(answer(JSON.parse(line) as never)));
