/** The network as a stage that stays in view: units, lines with their weights, biases, targets and the error, with their numbers. */

import type { Unit } from "./content";
import { built } from "./mathml";
import { fill, html, letter, on, setText, svg } from "./dom";
import { type Changing, handleAt, move, type, unitsOf } from "./handles";
import { type Box, type Spot, labelled } from "./labels";
import type { Session } from "./session";
import type { Words } from "./words";

const TOP = 52;
/** How wide the picture is where there is room, and on a telephone, where its letters would else be too small. */
const [WIDE, NARROW] = [640, 430];
/** Pages narrower than this have one column. */
const SMALL = 960;
/** At least so much room is between columns, and so tall are all units where there is room for them. */
const [BETWEEN, TALLEST] = [50, 520];
/** Room above a unit for its name, and from one line below it to the next. */
const [NAME, DOWN] = [31, 17];
/** A picture that would have to be smaller than this share of its size is moved about in its box: smaller letters could not be read. */
const SMALLEST = 0.79;
/** How tall units are that have their names within, from one to the next, and how large their letters are. */
const [BOX, NEXT, WITHIN] = [44, 53, 13];
/** More lines than this are drawn without their numbers, but for those that matter now; and letters of a number that has room on a line. */
const [MOST_LABELS, LONGEST] = [14, 6];
/** Of more lines to one unit no products are shown, for which there is no room. */
const MOST_PRODUCTS = 6;

/** The smallest letters of a number within a unit, and how wide the error's box is. */
const [LEAST, ERROR] = [11.5, 84];

/** Of more units in a column so many are drawn; the others are folded away, and come when they are asked for. */
const [MOST_UNITS, SHOWN] = [11, 8];

/** A number on the stage. text: its digits; extra: what stands before them. */
interface Shown {
  element: number;
  group: SVGGElement;
  text: SVGTextElement;
  back?: SVGRectElement;
  /** What it showed last. */
  last?: string;
  /** The product that is computed with it now, which stands in its place. */
  product?: string | undefined;
}

/** A line, its label, and the places along it. */
interface Drawn {
  from: number;
  to: number;
  weight: number;
  line: SVGPathElement;
  label: Shown | undefined;
  at: (part: number) => Spot;
}

export class StageView {
  readonly picture = svg("svg.stage", { role: "group" });
  private readonly session: Session;
  private readonly words: Words;
  #spots = new Map<number, Spot>();
  /** Half of the height of units, and of their width, where they are no circles. */
  #radius = 24;
  #half = 24;
  /** From one column to the next. */
  #apart = WIDE;
  #width = WIDE;
  /** Are units too near to each other to have their names above them, and their biases below? Then their names stand within. */
  #crowded = false;
  #numbers: Shown[] = [];
  #lines: Drawn[] = [];
  /** The labels that are shown, with what is on them. */
  #told = "";
  #circles = new Map<number, SVGGElement>();
  #biases: [SVGGElement, number, Unit][] = [];
  #focusable: SVGGElement[] = [];
  #sample = -1;
  /** Of columns with folded units: the first one that is drawn. */
  readonly #first = new Map<number, number>();
  #followed = -1;
  #looked = "";
  /** The column in which a person has just asked for others. */
  #turned = -1;

  constructor(
    place: HTMLElement,
    private readonly changing: Changing,
  ) {
    this.session = changing.session;
    this.words = changing.words;
    place.append(this.picture);
    new ResizeObserver(() => `${this.#look()}` !== this.#looked && this.#anew()).observe(document.documentElement);
    if (this.session.content.samples > 1) place.prepend(this.#sampleChooser());
    on(this.picture, "keydown", (event) => this.#key(event));
    on(place, "focusin", (event) => {
      const item = (event.target as Element).closest<SVGGElement>("[tabindex]");
      if (item) this.#roam(item);
    });
  }

  #sampleChooser(): HTMLElement {
    const { words, session } = this;
    const select = html("select", { id: "sample" });
    for (let sample = 0; sample < session.content.samples; sample++)
      select.append(html("option", { value: sample, selected: sample === session.sample }, words.say("of_sample", { sample: sample + 1 })));
    on(select, "change", () => {
      session.sample = Number(select.value);
      this.changing.changed(-1);
    });
    return html("label.chooser", html("span.heard", words.say("sample")), select);
  }

  #units(): { group: number; unit: Unit }[] {
    return this.session.content.stage.groups.flatMap((group, place) =>
      group.units.filter((unit) => unit.sample === this.session.sample).map((unit) => ({ group: place, unit })),
    );
  }

  /** Does the picture stand above the text, as on small screens and where it is broader than a column? Is the whole of it on a telephone? */
  #look(): [boolean, boolean] {
    const wide = document.querySelector("main")!.clientWidth;
    return [wide < SMALL || SMALLEST * this.#width > wide / 2 - 60, wide < NARROW];
  }

  #anew(): void {
    this.#sample = -1;
    this.changing.changed(-1);
  }

  /** Draws everything for the sample that is looked at. */
  #draw(): void {
    const { session, words } = this;
    const { stage } = session.content;
    this.#sample = session.sample;
    this.picture.replaceChildren();
    built.count++;
    [this.#numbers, this.#focusable, this.#biases, this.#lines, this.#told] = [[], [], [], [], ""];
    this.#spots.clear();
    this.#circles.clear();
    const stacks: Unit[][] = [];
    const titles: Set<string>[] = [];
    for (const { column, title, units } of stage.groups) {
      (stacks[column] ??= []).push(...units.filter((unit) => unit.sample === session.sample));
      if (title) (titles[column] ??= new Set()).add(title);
    }
    const whole = stacks.map((stack) => stack.length);
    stacks.forEach((stack, column) => {
      if (stack.length <= MOST_UNITS) return;
      const first = this.#first.get(column) ?? 0;
      stacks[column] = stack.slice(first, first + SHOWN);
    });
    const most = Math.max(...stacks.map((stack) => stack.length), 2);
    const biases = Math.max(...stacks.flat().map((unit) => unit.biases.length));
    const needed = 54 + NAME + DOWN * biases; // by a unit with all that belongs to it
    this.#crowded = most * needed > TALLEST;
    const [, narrow] = this.#look();
    const gap = this.#crowded ? Math.max(NEXT, 440 / most) : Math.max(needed, Math.min(150, 440 / most));
    this.#radius = this.#crowded ? BOX / 2 : Math.min(narrow ? 22 : 27, gap * 0.34);
    const longest = Math.max(...stacks.flat().map(({ element }) => words.short(element).length));
    this.#half = this.#crowded ? Math.max(28, 2.9 * longest + 7) : this.#radius;
    const height = TOP + Math.max(most * gap, 230) + 22;
    const beyond = this.#half + ERROR + 4 + (this.#alone ? (narrow ? 26 : 56) : Math.max(0, ...stage.targets.flat().map((target) => this.#wide(target, LONGEST))));
    const digits = Math.max(...stacks[0]!.map(({ element }) => lettersOf(this.#fitting(session.seen(element)))));
    const left = Math.max(this.#half + 6, 3.6 * longest, 3 * digits + 8);
    const apart = stacks.length - 1;
    this.#apart = Math.max((narrow ? NARROW : WIDE) - beyond - left, (2 * this.#half + BETWEEN) * apart) / Math.max(apart, 1);
    const right = left + this.#apart * Math.max(apart, 1);
    this.#width = right + beyond;
    fill(this.picture, { viewBox: `0 0 ${this.#width} ${height}`, "aria-label": words.say("stage") });
    const least = SMALLEST * this.#width; // nobody scrolls on a telephone for a few points
    [this.picture.style.minWidth, this.picture.style.minHeight] = [narrow && least < 360 ? "" : `${least}px`, `${SMALLEST * height}px`];
    const look = this.#look();
    this.#looked = `${look}`;
    document.querySelector("main")!.classList.toggle("broad", look[0]);
    const middle = TOP + (height - TOP - 14) / 2;
    stacks.forEach((stack, column) => stack.forEach(({ element }, place) => this.#spots.set(element, { x: left + this.#apart * column, y: middle + (place - (stack.length - 1) / 2) * gap })));
    const texts = titles.map((named, column): [string, number] => [[...named].join(", "), left + this.#apart * column]);
    const room = (text: string): number => 6.6 * text.length + 12;
    const raised = texts.some(([text, x], place) => place && texts[place - 1] && (room(text) + room(texts[place - 1]![0])) / 2 > x - texts[place - 1]![1]);
    texts.forEach(([text, x], column) => {
      const short = room(text) > 2 * this.#apart ? `${text.split(", ")[0]} …` : text;
      this.picture.append(svg("text.title", { x: Math.max(x, room(short) / 2), y: raised && column % 2 ? 12 : 28 }, short));
    });
    const edges = svg("g.edges");
    const labels = svg("g.labels");
    const pairs = new Map<string, number>();
    for (const [from, to, weight] of stage.edges) {
      const [a, b] = [this.#spots.get(from), this.#spots.get(to)];
      if (!a || !b) continue;
      const before = pairs.get(`${from} ${to}`) ?? 0;
      pairs.set(`${from} ${to}`, before + 1);
      this.#drawEdge(edges, labels, [from, to], weight, this.#way(a, b, before));
    }
    this.picture.append(edges);
    const nodes = svg("g");
    for (const { group, unit } of this.#units()) if (this.#spots.has(unit.element)) this.#drawUnit(nodes, unit, stage.inputs.includes(stage.groups[group]!.key));
    this.picture.append(nodes, labels);
    stacks.forEach((stack, column) => {
      if (stack.length < whole[column]!) this.#drawFold(column, whole[column]!, this.#spots.get(stack[0]!.element)!, this.#spots.get(stack[stack.length - 1]!.element)!);
    });
    this.#turned = -1;
    this.#drawGoal(right);
    this.#focusable.forEach((item, place) => item.setAttribute("tabindex", place ? "-1" : "0"));
  }

  /** Where units are folded away: how many there are above and below; a click shows the next ones. */
  #drawFold(column: number, whole: number, top: Spot, bottom: Spot): void {
    const { words } = this;
    const first = this.#first.get(column) ?? 0;
    const last = Math.min(first + SHOWN, whole);
    const turn = (start: number): SVGGElement => {
      const group = svg("g.fold", { role: "button", "aria-label": words.say("fold", { first: start + 1, last: Math.min(start + SHOWN, whole), count: whole }) });
      on(group, "click", () => {
        this.#first.set(column, start);
        this.#turned = column;
        this.#anew();
      });
      this.#focusable.push(group);
      if (this.#turned === column) queueMicrotask(() => group.focus({ preventScroll: true }));
      return group;
    };
    const place = (group: SVGGElement, { x, y }: Spot, text: string): void => {
      group.append(svg("rect", { x: x - 34, y: y - 12, width: 68, height: 20, rx: 6 }), svg("text", { x, y: y + 3 }, text));
      this.picture.append(group);
    };
    if (first > 0) place(turn(Math.max(0, first - SHOWN)), { x: top.x, y: top.y - this.#radius - 14 }, `⋮ ${first}`);
    if (last < whole) place(turn(Math.min(first + SHOWN, whole - SHOWN)), { x: bottom.x, y: bottom.y + this.#radius + 14 }, `⋮ ${whole - last}`);
  }

  /** Draws a unit that is folded away. */
  #unfold(element: number): boolean {
    const unit = [...this.#units()].find(({ unit }) => unit.element === element);
    if (!unit || this.#spots.has(element)) return false;
    const { stage } = this.session.content;
    const { column } = stage.groups[unit.group]!;
    const stack = [...this.#units()].filter(({ group }) => stage.groups[group]!.column === column);
    this.#first.set(column, Math.max(0, Math.min(stack.findIndex(({ unit: one }) => one.element === element), stack.length - SHOWN)));
    return true;
  }

  /** A line between two units, and the places along it; what skips a column passes above it, and so many lines between the two before it. */
  #way(a: Spot, b: Spot, before: number): [string, (part: number) => Spot] {
    const raised = b.x - a.x > 1.5 * this.#apart ? 4 * this.#radius : 0;
    const bowed = (before % 2 ? 12 : -12) * (before + (before % 2)); // 0, 24, −24, 48 …
    const aside = a.x === b.x ? 2.4 * this.#half : 0; // past what stands between two of one column
    const c = { x: (a.x + b.x) / 2 + aside, y: (raised ? Math.min(a.y, b.y) - raised : (a.y + b.y) / 2) + bowed };
    const at = (part: number, axis: "x" | "y"): number => (1 - part) ** 2 * a[axis] + 2 * part * (1 - part) * c[axis] + part ** 2 * b[axis];
    return [`M${a.x} ${a.y}Q${c.x} ${c.y} ${b.x} ${b.y}`, (part) => ({ x: at(part, "x"), y: at(part, "y") })];
  }

  /** The room that a unit takes with its name and its bias. */
  #around({ x, y }: Spot): Box[] {
    const tall = 2 * this.#radius;
    return [{ x, y, wide: 2 * this.#half, tall }, ...(this.#crowded ? [] : [{ x, y, wide: tall / 2, tall: tall + 46 }])];
  }

  /** Does a letter stand before the number of a group? Not before those of many lines. */
  #named(group: SVGGElement): boolean {
    return this.#lines.length <= MOST_LABELS * 2 || !group.classList.contains("edge-number");
  }

  /** A number as the picture has room for it: of what is longer than nine letters, as weights that diverged, its size alone. */
  #fitting(value: number): string {
    const digits = this.words.brief(value, this.#crowded ? 3 : 4);
    return lettersOf(digits) > 9 ? this.words.brief(value, 1).replaceAll(" ", "") : digits;
  }

  /** How wide the label of a number is that takes so many letters. */
  #wide(element: number, letters: number, named = true): number {
    return 8 * (letters + (named ? this.words.short(element).length * 0.8 + 0.8 : 0)) + 10;
  }

  #drawEdge(edges: SVGGElement, labels: SVGGElement, [from, to]: [number, number], weight: number, [d, at]: [string, (part: number) => Spot]): void {
    const line = svg("path", { d, class: "edge" });
    if (weight >= 0) line.setAttribute("data-e", String(weight));
    const wide = svg("path", { d, class: "grip", ...(weight >= 0 ? { "data-e": weight } : {}) });
    edges.append(line, wide);
    let label: Shown | undefined;
    if (weight >= 0) {
      label = this.#number(weight, "edge-number");
      labels.append(label.group);
      this.#focus(label.group, weight, [from, to]);
    }
    this.#lines.push({ from, to, weight, line, label, at });
  }

  /** A number with its letter, on ground of its own. */
  #number(element: number, kind: string, spot: Spot = { x: 0, y: 0 }): Shown {
    const handle = this.session.isHandle(element);
    const text = svg("text.digits", { y: 4.5 });
    const back = svg("rect.back", { rx: 5 });
    const group = svg("g", { class: `${kind}${handle ? " handle" : ""}`, "data-e": element, transform: moved(spot) }, back, text);
    const shown = { element, group, text, back };
    this.#numbers.push(shown);
    return shown;
  }

  #drawUnit(nodes: SVGGElement, unit: Unit, isInput: boolean): void {
    const spot = this.#spots.get(unit.element)!;
    const handle = this.session.isHandle(unit.element);
    const colour = isInput ? "c0" : this.session.content.stage.outputs.flat().includes(unit.element) ? "c5" : "c4";
    const group = svg("g", { class: `unit${handle ? " handle" : ""} ${colour}`, "data-e": unit.element, transform: moved(spot) });
    const name = svg("text", { class: this.#crowded ? "name within" : "name", y: this.#crowded ? -7 : -this.#radius - 7 }, ...letter(this.words.short(unit.element)));
    const text = svg("text.digits", { y: this.#crowded ? 14 : 4.5 });
    group.append(svg("rect.disc", { y: -this.#radius, height: 2 * this.#radius, rx: this.#crowded ? 14 : this.#radius }), name, text);
    this.#round(group);
    this.#numbers.push({ element: unit.element, group, text });
    nodes.append(group);
    this.#circles.set(unit.element, group);
    this.#focus(group, unit.element);
    unit.biases.forEach((bias, place) => {
      const shown = this.#number(bias, "bias", { x: spot.x, y: spot.y + this.#radius + (this.#crowded ? 5 : 13 + DOWN * place) });
      this.#biases.push([shown.group, bias, unit]);
      nodes.append(shown.group);
      this.#focus(shown.group, bias, [bias, unit.element]);
    });
  }

  /** Makes a unit half as wide as this, or wider. */
  #round(unit: SVGGElement, half = this.#half): void {
    fill(unit.firstElementChild!, { x: -half, width: 2 * half });
  }

  /** Is there one output, whose target stands below the error? Those of several stand beside them. */
  get #alone(): boolean {
    const { stage, samples } = this.session.content;
    return stage.outputs.flat().length === samples;
  }

  /** Targets beside the outputs, and the error that both lead to. */
  #drawGoal(right: number): void {
    const { stage } = this.session.content;
    const goal = svg("g.goal");
    const ends: Spot[] = [];
    const targets: [number, Spot][] = [];
    stage.outputs.forEach((output, place) =>
      output.forEach((element, i) => {
        const spot = this.#spots.get(element);
        if (!spot) return;
        ends.push(spot);
        const target = stage.targets[place]?.[i];
        if (target === undefined) return;
        const alone = this.#alone;
        if (alone) goal.append(svg("path.link", { d: `M${this.#width - 48} ${spot.y + 74}V${spot.y + 22}` }));
        targets.push([target, alone ? { x: this.#width - 48, y: spot.y + 84 } : { x: (right + this.#half + this.#width - 88) / 2, y: spot.y + 17 }]);
      }),
    );
    const middle = ends.reduce((sum, { y }) => sum + y, 0) / (ends.length || 1);
    const ways = targets.map(([, { x, y }]) => (part: number) => ({ x, y: y + 150 * (part - 0.5) }));
    const boxes = labelled(ways, targets.map(([target]) => this.#wide(target, LONGEST)), [{ x: this.#width - 46, y: middle - 7, wide: ERROR, tall: 66 }]);
    targets.forEach(([target], place) => {
      const shown = this.#number(target, "target c6", boxes[place]);
      goal.append(shown.group);
      this.#focus(shown.group, target);
    });
    for (const { x, y } of ends) goal.prepend(svg("path.link", { d: `M${x + this.#half} ${y}L${this.#width - 88} ${middle}` }));
    const group = svg("g", { class: "unit error c7", "data-e": stage.error, transform: moved({ x: this.#width - 46, y: middle }) });
    const text = svg("text.digits", { y: 5 });
    group.append(svg("rect.disc", { x: -ERROR / 2, y: -22, width: ERROR, height: 44, rx: 9 }), svg("text.name", { y: -28 }, ...letter(this.words.name(stage.error))), text);
    this.#numbers.push({ element: stage.error, group, text });
    goal.append(group);
    this.#focus(group, stage.error);
    this.picture.append(goal);
  }

  #focus(item: SVGGElement, element: number, between?: [number, number]): void {
    const { words, session } = this;
    const handle = session.isHandle(element);
    const kind = between ? (between[0] === element ? "bias" : "weight") : session.kindOf(element);
    const name = words.say(kind, { name: words.name(element), source: between ? words.name(between[0]) : "", target: between ? words.name(between[1]) : "" });
    fill(item, { role: handle ? "slider" : "button", "data-label": name, "aria-label": handle ? words.say("slider", { name }) : name, "aria-orientation": handle && "vertical", tabindex: -1 });
    this.#focusable.push(item);
  }

  #roam(item: SVGGElement): void {
    for (const other of this.#focusable) other.setAttribute("tabindex", other === item ? "0" : "-1");
  }

  #key(event: KeyboardEvent): void {
    const item = (event.target as Element).closest<SVGGElement>("[tabindex]");
    if (!item) return;
    const element = handleAt(item)?.[1]; // none of what is folded away
    const handle = element !== undefined && this.session.isHandle(element);
    const units = unitsOf(event);
    const places = this.#focusable.filter((one) => one.style.display !== "none");
    if (units && handle) move(this.changing, element, units, event.repeat);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      const next = places[(places.indexOf(item) + (event.key === "ArrowRight" ? 1 : places.length - 1)) % places.length]!;
      this.#roam(next);
      next.focus();
      const found = handleAt(next);
      if (found) this.changing.select(found[1]);
    } else if (event.key === "Enter" && handle) type(this.changing, element, item);
    else if (event.key === "Enter" || event.key === " ") element === undefined ? item.dispatchEvent(new Event("click")) : this.changing.select(element);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Writes every number. hidden: is this one not computed yet? now: what is computed at this moment. */
  refresh(hidden: (element: number) => boolean, now: number | undefined): void {
    const { session, words } = this;
    const selected = session.ownerOf(now ?? session.selected);
    const between = session.content.stage.edges.find(([, , weight]) => weight === selected && weight >= 0)?.slice(0, 2) ?? [];
    const unfolded = selected === this.#followed ? [] : [selected, ...between].map((element) => this.#unfold(element));
    if (this.#sample !== session.sample || unfolded.includes(true)) this.#draw();
    const unit = this.#circles.get(between[0] ?? selected);
    if (unit && selected !== this.#followed) this.#follow(unit);
    this.#followed = selected;
    this.#refreshLines(session.ownerOf(session.selected), now);
    for (const shown of this.#numbers) {
      const { element, group, text, back, product } = shown;
      const value = session.seen(element);
      const covered = hidden(element);
      const last = `${value} ${covered} ${product}`;
      if (shown.last === last) continue;
      shown.last = last;
      const digits = covered ? "·" : this.#fitting(value);
      if (back) {
        const named = !product && this.#named(group);
        const value = product ? svg("tspan.product", product) : svg("tspan.value", digits);
        text.replaceChildren(...(named ? letter(words.short(element), value) : [value]));
        const wide = this.#wide(element, lettersOf(product || digits), named);
        fill(back, { x: -wide / 2, y: -11, width: wide, height: 21 });
      } else if (setText(text, digits)) {
        const unit = this.#circles.has(element);
        const size = Math.max(LEAST, Math.min(unit && this.#crowded ? WITHIN + 1 : 15, (3.2 * (unit ? this.#half : ERROR / 2)) / lettersOf(digits)));
        fill(text, { "font-size": size });
        if (unit) this.#round(group, Math.max(this.#half, 0.26 * size * lettersOf(digits) + 6)); // for 1·10⁻¹²
      }
      group.classList.toggle("hidden", covered);
      if (group.getAttribute("role") === "slider") fill(group, { "aria-valuenow": isFinite(value) ? value : 0, "aria-valuetext": words.number(value) });
      else group.setAttribute("aria-label", `${group.getAttribute("data-label")}, ${covered ? "?" : words.number(value)}`);
    }
  }

  /** Moves a picture that is larger than its box so that a unit is seen. */
  #follow(unit: SVGGElement): void {
    const place = this.picture.parentElement!;
    const [unseen, seen] = [unit.getBoundingClientRect(), place.getBoundingClientRect()];
    const [x, y] = [unseen.x - seen.x, unseen.y - seen.y];
    if (x < 0 || x + unseen.width > seen.width) place.scrollLeft += x - seen.width / 2;
    if (y < 0 || y + unseen.height > seen.height) place.scrollTop += y - seen.height / 2;
  }

  #refreshLines(selected: number, now: number | undefined): void {
    const { session } = this;
    const owner = now === undefined ? undefined : session.ownerOf(now);
    const forward = now !== undefined && session.content.stage.groups.some((group) => group.units.some((unit) => unit.parts[0] === now));
    const backward = now !== undefined && owner !== undefined && this.#circles.has(owner) && owner !== now && !forward && session.keyOf(now) === session.keyOf(session.content.gradients.of[owner] ?? owner);
    for (const [group, bias, unit] of this.#biases) {
      const matters = !this.#crowded || [selected, owner].some((one) => one === bias || (one === unit.element && unit.biases.length === 1));
      group.style.display = matters ? "" : "none";
    }
    const isActive = ({ from, to, weight }: Drawn): boolean => owner !== undefined && ((forward && to === owner) || (backward && from === owner) || weight === owner);
    const productOf = ({ from, to, weight }: Drawn): string => {
      const factors = forward ? [session.seen(from), session.double(weight)] : backward ? [session.double(weight), this.#arriving(to)] : [];
      return factors.map((factor, at) => this.#fitting(factor).replace(at ? /^−.*/ : /^$/, "($&)")).join(" · ");
    };
    const about = (drawn: Drawn): boolean => isActive(drawn) || drawn.from === selected || drawn.to === selected;
    const legible = this.#lines.filter(about).length <= MOST_LABELS;
    const room = this.#apart + (this.#crowded ? 0 : 2 * this.#half);
    const named = this.#lines.filter((drawn) => drawn.label && isActive(drawn));
    const products = named.length > MOST_PRODUCTS ? [] : named.map(productOf);
    if (products.some((product) => this.#wide(0, lettersOf(product), false) > room)) products.length = 0;
    let largest = 1e-9;
    const told: Drawn[] = [];
    for (const { weight } of this.#lines) if (weight >= 0) largest = Math.max(largest, Math.abs(session.double(weight)));
    for (const drawn of this.#lines) {
      const { weight, line, label } = drawn;
      const value = weight >= 0 ? session.double(weight) : 1;
      const strength = Math.min(1, Math.abs(value) / largest);
      const wide = (1 + 3.5 * strength).toFixed(2);
      if (line.getAttribute("stroke-width") !== wide) line.setAttribute("stroke-width", wide);
      line.classList.toggle("negative", value < 0);
      const active = isActive(drawn);
      line.classList.toggle("active", active);
      const matters = this.#lines.length <= MOST_LABELS || weight === selected || weight === owner || (legible && about(drawn));
      if (!label) continue;
      label.group.style.display = matters ? "" : "none";
      if (matters) told.push(drawn);
      label.product = products[named.indexOf(drawn)];
    }
    const shown = told.map(({ from, to, weight, label }) => [from, to, weight, label!.product]).join(";");
    if (shown === this.#told) return;
    this.#told = shown;
    const wide = told.map(({ weight, label }) => (label!.product ? this.#wide(weight, lettersOf(label!.product), false) : this.#wide(weight, LONGEST, this.#named(label!.group))));
    const there = [...this.#spots.values()].flatMap((spot) => this.#around(spot));
    labelled(told.map(({ at }) => at), wide, there, this.#lines.length <= MOST_LABELS).forEach((spot, place) => told[place]!.label!.group.setAttribute("transform", moved(spot)));
  }

  /** The derivative of E by the net input of a unit, which comes back along its lines. */
  #arriving(unit: number): number {
    const { gradients } = this.session.content;
    const own = this.session.everyUnit.find((one) => one.element === unit);
    const gradient = gradients.of[own?.parts[0] ?? unit];
    return gradient === undefined ? NaN : this.session.double(gradient);
  }
}

/** How many letters a number is as wide as: two raised ones as one. */
const lettersOf = (digits: string): number => digits.replace(/[⁰¹²³⁴-⁹⁻]{2}/g, "0").length;

const moved = ({ x, y }: Spot): string => `translate(${x.toFixed(1)} ${y.toFixed(1)})`;
