/** What the network has learned: its function, or where it decides. */

import { listOf, type Tensor } from "../arrays";
import { html, svg } from "../dom";
import { between, frame, path } from "../plot";
import { Base, POINTS } from "./base";

/** What the network computes, for one or two inputs. */
export class Learned extends Base {
  #picture!: HTMLElement;
  #text!: HTMLElement;

  override build(place: HTMLElement): void {
    this.#picture = html("div");
    this.#text = html("p.about");
    place.append(this.#picture, this.#text);
  }

  override refresh(): void {
    const { session, changing } = this;
    const { inputs, outputs } = session.content.stage;
    const data = session.start.arrays.get(inputs[0]!)!;
    const { samples } = session.content;
    const count = inputs.reduce((sum, key) => sum + session.start.arrays.get(key)!.data.length / samples, 0);
    if (count > 2 || inputs.length > 1) {
      this.#text.textContent = this.say("function.none", { count });
      return;
    }
    const column = (at: number): number[] => listOf(samples, (sample) => data.data[sample * count + at]!);
    const tokens = session.tokens(session.places.get(`${inputs[0]!} 0`)!);
    const ends = (numbers: number[], whole = tokens): [number, number] => {
      if (whole) return [-0.5, whole - 0.5];
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      const margin = Math.max((high - low) * 0.35, high === low ? Math.max(1, Math.abs(high) * 0.5) : 0);
      return [low - margin, high + margin];
    };
    const names = listOf(count, (at) => this.name(session.places.get(`${inputs[0]!} ${at}`)!));
    const output = session.keyOf(outputs[0]![0]!);
    const width = session.content.quantities[output]![1]!;
    const targets = session.content.stage.targets[0]?.map((element) => session.double(element));
    const { words } = changing;
    if (count === 1) {
      const [low, high] = ends(column(0));
      const points = tokens ?? POINTS;
      const xs = Float64Array.from(listOf(points, (i) => between(low, high, (i + 0.5) / points)));
      const y = this.#predict(inputs[0]!, xs, output).data;
      const range = [...y, ...(targets ?? [])].filter(isFinite);
      const box = frame(words, this.say("function.one", { x: names[0]! }), [low, high], ends(range, 0), [names[0]!, "y"]);
      for (let unit = 0; unit < width; unit++) box.picture.append(svg("path", { class: "curve c5", d: path([...xs].map((at, i) => [box.x(at), box.y(y[i * width + unit]!)])) }));
      targets?.forEach((target, at) => box.picture.append(svg("circle", { class: "end c6", cx: box.x(column(0)[Math.floor(at / width)]!), cy: box.y(target), r: 5 })));
      this.#picture.replaceChildren(box.picture);
      this.#text.textContent = this.say("function.one", { x: names[0]! });
      return;
    }
    const [across, up] = [ends(column(0)), ends(column(1))];
    const cells = tokens ?? 36;
    const grid = Float64Array.from(listOf(cells * cells, (at) => [between(...across, ((at % cells) + 0.5) / cells), between(...up, (Math.floor(at / cells) + 0.5) / cells)]).flat());
    const y = this.#predict(inputs[0]!, grid, output).data;
    const about = this.say("function.two", { x: names[0]!, y: names[1]! });
    const { picture, x, y: height } = frame(words, about, across, up, names as [string, string]);
    const value = (at: number): number => y[at * width]!;
    const all = listOf(cells * cells, (at) => value(at)).filter(isFinite);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const [wide, tall] = [(x(across[1]) - x(across[0])) / cells, (height(up[0]) - height(up[1])) / cells];
    const ground = svg("g", { class: "field c5" });
    for (let at = 0; at < cells * cells; at++) {
      const strength = (value(at) - least) / (most - least || 1);
      const place = { x: (x(grid[2 * at]!) - wide / 2).toFixed(2), y: (height(grid[2 * at + 1]!) - tall / 2).toFixed(2) };
      ground.append(svg("rect", { ...place, width: wide.toFixed(2), height: tall.toFixed(2), "fill-opacity": (0.06 + 0.72 * strength).toFixed(3) }));
    }
    picture.append(ground);
    for (let sample = 0; sample < samples; sample++) {
      const place = svg("g", { transform: `translate(${x(column(0)[sample]!).toFixed(1)} ${height(column(1)[sample]!).toFixed(1)})` }, svg("circle", { class: "sample c6", r: 7 }));
      const target = targets?.[sample * width];
      if (target !== undefined) place.append(svg("text.mark.outlined", { x: 11, y: 4 }, words.brief(target)));
      picture.append(place);
    }
    this.#picture.replaceChildren(picture);
    this.#text.textContent = about;
  }

  /** What the network computes of rows of inputs, which lie one after the other. */
  #predict(input: string, data: Float64Array, output: string): Tensor {
    const given = this.session.start.arrays;
    const { shape, data: own } = given.get(input)!;
    const rows = (data.length * shape[0]!) / own.length;
    const arrays = new Map(given).set(input, { shape: [rows, ...shape.slice(1)], data });
    for (const key of [...Object.keys(this.content.leaves.targets), ...Object.keys(this.content.leaves.weights)]) {
      const { shape } = arrays.get(key)!;
      arrays.set(key, { shape: [rows, ...shape.slice(1)], data: new Float64Array(shape.slice(1).reduce((size, extent) => size * extent, rows)).fill(1) });
    }
    return this.session.runner.forward(arrays, rows).get(output)!;
  }
}
