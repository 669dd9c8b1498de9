/** What the network has learned: its function, or where it decides. */

import { listOf, type Tensor } from "../arrays";
import { html, svg } from "../dom";
import { frame, path } from "../plot";
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
    const count = inputs.reduce((sum, key) => sum + session.content.quantities[key]![1]!, 0);
    if (count > 2 || inputs.length > 1) {
      this.#text.textContent = this.say("function.none", { count });
      return;
    }
    const samples = session.content.samples;
    const column = (at: number): number[] => listOf(samples, (sample) => data.data[sample * count + at]!);
    const ends = (numbers: number[]): [number, number] => {
      const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
      const margin = Math.max((high - low) * 0.35, high === low ? Math.max(1, Math.abs(high) * 0.5) : 0);
      return [low - margin, high + margin];
    };
    const names = listOf(count, (at) => this.name(session.places.get(`${inputs[0]!} ${at}`)!));
    const output = session.content.elements[outputs[0]![0]!]![0];
    const width = session.content.quantities[output]![1]!;
    const targets = session.content.stage.targets[0]?.map((element) => session.double(element));
    const { words } = changing;
    if (count === 1) {
      const [low, high] = ends(column(0));
      const xs = Float64Array.from(listOf(POINTS, (i) => low + ((high - low) * i) / (POINTS - 1)));
      const y = this.#predict(inputs[0]!, { shape: [POINTS, 1], data: xs }, output).data;
      const range = [...y, ...(targets ?? [])].filter(isFinite);
      const box = frame(words, this.say("function.one", { x: names[0]! }), [low, high], ends(range), [names[0]!, "y"]);
      for (let unit = 0; unit < width; unit++) box.picture.append(svg("path", { class: "curve c5", d: path([...xs].map((at, i) => [box.x(at), box.y(y[i * width + unit]!)])) }));
      targets?.forEach((target, at) => box.picture.append(svg("circle", { class: "end c6", cx: box.x(column(0)[Math.floor(at / width)]!), cy: box.y(target), r: 5 })));
      this.#picture.replaceChildren(box.picture);
      this.#text.textContent = this.say("function.one", { x: names[0]! });
      return;
    }
    const [across, up] = [ends(column(0)), ends(column(1))];
    const cells = 36;
    const grid = new Float64Array(cells * cells * 2);
    for (let j = 0; j < cells; j++)
      for (let i = 0; i < cells; i++) {
        grid[2 * (j * cells + i)] = across[0] + ((across[1] - across[0]) * (i + 0.5)) / cells;
        grid[2 * (j * cells + i) + 1] = up[0] + ((up[1] - up[0]) * (j + 0.5)) / cells;
      }
    const y = this.#predict(inputs[0]!, { shape: [cells * cells, 2], data: grid }, output).data;
    const about = this.say("function.two", { x: names[0]!, y: names[1]! });
    const { picture, x, y: height } = frame(words, about, across, up, names as [string, string]);
    const value = (at: number): number => y[at * width]!;
    const all = listOf(cells * cells, (at) => value(at)).filter(isFinite);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const [wide, tall] = [(x(across[1]) - x(across[0])) / cells, (height(up[0]) - height(up[1])) / cells];
    const ground = svg("g", { class: "field c5" });
    for (let j = 0; j < cells; j++)
      for (let i = 0; i < cells; i++) {
        const strength = (value(j * cells + i) - least) / (most - least || 1);
        ground.append(svg("rect", { x: (x(across[0]) + i * wide).toFixed(2), y: (height(up[0]) - (j + 1) * tall).toFixed(2), width: wide.toFixed(2), height: tall.toFixed(2), "fill-opacity": (0.06 + 0.72 * strength).toFixed(3) }));
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

  #predict(input: string, rows: Tensor, output: string): Tensor {
    const arrays = new Map(this.session.start.arrays).set(input, rows);
    for (const key of [...Object.keys(this.content.leaves.targets), ...Object.keys(this.content.leaves.weights)]) {
      const { shape } = arrays.get(key)!;
      arrays.set(key, { shape: [rows.shape[0]!, ...shape.slice(1)], data: new Float64Array(rows.shape[0]! * (shape[1] ?? 1)).fill(1) });
    }
    return this.session.runner.forward(arrays, rows.shape[0]!).get(output)!;
  }
}
