// SPDX-License-Identifier: MIT
// The time axis as a person uses it, in two sizes: a click or the arrow keys choose a moment,
// dragging or Shift with the arrows a range, a click between two flags their generation; hovering
// tells all values of a time. What is chosen is in the state, so that every view follows.
//
// Choosing renders the view that is shown, which may take longer than a pointer takes to move on.
// So while one drags the state is set at most every other half of the time that it costs.
import { el } from "../dom";
import * as format from "../format";
import type { Side } from "../model";
import { optionsOf, type State } from "../state";
import type { Context } from "../view";
import { momentSeconds, momentText } from "./axis";
import { bandsOf } from "./bands";
import { LANE_PX, layoutOf, paint, paintOver, scaleOf, timeOf, type Layout, type Picture } from "./paint";
import { courseOf, indexAt, type Bar } from "./series";
import { darkness, theme } from "./theme";

const DRAG_PX = 4, MOST_PX = 8192;

type Change = Partial<State>;

// Sets the latest of many changes, leaving at least half of the time to others.
class Pace {
  #next: Change | undefined;
  #frame = 0;
  #ready = 0; // when the next may be set
  #began = false; // one entry of the history for all of them
  constructor(private readonly context: Context) {}

  ask(change: Change): void {
    this.#next = change;
    this.#frame ||= requestAnimationFrame(() => this.#run());
  }

  #run(): void {
    this.#frame = 0;
    const begin = performance.now(), change = this.#next;
    if (!change) return;
    if (begin < this.#ready) {
      this.#frame = requestAnimationFrame(() => this.#run());
      return;
    }
    this.#next = undefined;
    this.context.set(change, this.#began);
    this.#began = true;
    const end = performance.now();
    this.#ready = end + (end - begin);
  }

  finish(change: Change): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#next = undefined;
    this.context.set(change, this.#began);
    this.#began = false;
  }
}

export class Chart {
  readonly #base = el("canvas", { aria: { "aria-hidden": "true" } });
  readonly #over = el("canvas", { aria: { "aria-hidden": "true" } });
  readonly #tip = el("div", { class: "tip", hidden: true });
  readonly element: HTMLElement;
  readonly #pace: Pace;
  readonly #sizes = new ResizeObserver(() => this.#redraw());
  #layout: Layout | undefined;
  #painted: unknown[] = []; // what the picture below is of
  #pressed: { x: number; y: number } | undefined;
  #dragged: readonly [number, number] | undefined;
  #anchor: number | undefined; // where a range by keys began
  #hover: { x: number; y: number } | undefined;
  #keyed: number | undefined; // a moment that keys point at, where moments cannot be chosen

  constructor(private readonly context: Context, private readonly isLarge: boolean) {
    this.element = el("div", { class: isLarge ? "chart" : "chart slim", tabIndex: 0,
      aria: { role: "slider", "aria-label": "Time", "aria-orientation": "horizontal", "aria-valuemin": "0" } }, this.#base, this.#over, this.#tip);
    this.element.dataset["role"] = isLarge ? "timeline" : "strip";
    this.#pace = new Pace(context);
    const e = this.element;
    e.onpointerdown = (event) => this.#down(event);
    e.onpointermove = (event) => this.#move(event);
    e.onpointerup = (event) => this.#up(event);
    e.onpointercancel = () => this.#cancel();
    e.onpointerleave = () => this.#leave();
    e.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !this.key(event)) return;
      event.preventDefault();
      event.stopPropagation();
    };
    e.onblur = () => this.#leave();
    this.#sizes.observe(e);
    darkness.addEventListener("change", this.#redraw);
  }

  free(): void {
    this.#sizes.disconnect();
    darkness.removeEventListener("change", this.#redraw);
  }

  get #side(): Side {
    return this.context.model.current;
  }

  // Why no moment can be shown; "" when it can.
  get refusal(): string {
    return this.#side.info.hasComposition || !this.#side.info.columns.size ? "" : "This profile has sizes over time, but not what they were made of: only the end and the peak can be shown.";
  }

  get #picture(): Picture {
    const { model, state } = this.context;
    const isBands = this.isLarge && state.course === "bands" && !this.refusal && !model.compares;
    const old = model.old;
    return { course: courseOf(this.#side), old: old?.ticks.n ? courseOf(old) : undefined,
      bands: isBands ? bandsOf(this.#side, optionsOf(state)) : undefined };
  }

  update(): void {
    this.#draw();
    this.#describe();
  }

  readonly #redraw = (): void => {
    this.#painted = [];
    this.#draw();
  };

  // ---- painting

  #draw(): void {
    // the host's size, and not the element's, which grows with its canvas
    const { clientWidth } = this.element, clientHeight = this.isLarge ? this.element.parentElement?.clientHeight ?? 0 : this.element.clientHeight;
    if (!clientWidth || !clientHeight) return;
    const picture = this.#picture, width = Math.min(clientWidth, MOST_PX);
    const l = this.#layout = layoutOf(picture.course, width, clientHeight, this.isLarge);
    const key = [picture.course, picture.old, picture.bands, width, l.height, devicePixelRatio, darkness.matches];
    if (key.some((part, i) => part !== this.#painted[i])) {
      const c = this.#prepare(this.#base, l);
      this.#prepare(this.#over, l);
      if (c) paint(c, picture, l, theme());
      this.#painted = key;
    }
    this.#drawOver(picture);
  }

  #prepare(canvas: HTMLCanvasElement, l: Layout): CanvasRenderingContext2D | null {
    const ratio = Math.min(devicePixelRatio, 3);
    canvas.width = Math.round(l.width * ratio);
    canvas.height = Math.round(l.height * ratio);
    canvas.style.width = `${l.width}px`;
    canvas.style.height = `${l.height}px`;
    const c = canvas.getContext("2d");
    c?.scale(ratio, ratio);
    return c;
  }

  #drawOver(picture: Picture): void {
    const c = this.#over.getContext("2d"), l = this.#layout;
    if (!c || !l) return;
    const hover = this.#hover && !this.#dragged ? timeOf(l, picture.course, this.#hover.x)
      : this.#keyed === undefined ? undefined : this.#moments[this.#keyed];
    paintOver(c, picture, l, theme(), { at: this.#at(), range: this.#dragged ?? this.#range(), hover });
    this.#showTip(picture, hover);
  }

  #at(): number | undefined {
    const { state } = this.context, { span } = courseOf(this.#side);
    return state.at && !state.from && !state.to ? momentSeconds(state.at, this.#side.info, span) : undefined;
  }

  #range(): readonly [number, number] | undefined {
    const { state, model } = this.context, { info } = this.#side, { span } = courseOf(this.#side);
    if ((!state.from && !state.to) || model.compares) return undefined;
    return [state.from ? momentSeconds(state.from, info, span) : 0, momentSeconds(state.to || "end", info, span)];
  }

  // ---- what is at a place

  #barAt(x: number, y: number): Bar | undefined {
    const l = this.#layout, course = courseOf(this.#side);
    if (!l || !this.isLarge) return undefined;
    const lane = l.shownLanes[Math.floor((y - l.lanes) / LANE_PX)];
    const s = scaleOf(this.#picture, l);
    return y < l.lanes ? undefined : lane?.bars.find((b) => x >= s.x(b.from) - 1 && x <= Math.max(s.x(b.to), s.x(b.from) + 1) && b.from <= course.span);
  }

  #bandAt(picture: Picture, time: number, y: number): string | undefined {
    const l = this.#layout, of = picture.bands;
    if (!l || !of || y < l.top || y > l.bottom) return undefined;
    const s = scaleOf(picture, l), i = indexAt(of.time, time);
    let below = 0;
    for (let k = of.layers.length - 1; k >= 0 && i >= 0; k--) {
      const layer = of.layers[k]!;
      below += layer.value[i]!;
      if (layer.value[i]! > 0 && y >= s.y(below)) return layer.key;
    }
    return undefined;
  }

  get #moments(): Float64Array {
    return courseOf(this.#side).moments;
  }

  // The moment that is nearest to a time.
  #nearest(time: number): number {
    const times = this.#moments, i = indexAt(times, time);
    return i + 1 < times.length && (i < 0 || times[i + 1]! - time < time - times[i]!) ? i + 1 : i;
  }

  #text(i: number): string {
    return i < 0 ? "0s" : i >= this.#moments.length ? "end" : this.#moment(this.#moments[i]!);
  }

  // A time that shows the same composition.
  #moment(time: number): string {
    const { span, moments } = courseOf(this.#side), next = moments[indexAt(moments, time) + 1] ?? span;
    return momentText(time, Math.min(next, time + span / 500));
  }

  // ---- the tooltip

  #showTip(picture: Picture, time: number | undefined): void {
    const l = this.#layout;
    this.#tip.hidden = time === undefined || !l;
    if (time === undefined || !l) return;
    const x = this.#hover?.x ?? scaleOf(picture, l).x(time), y = this.#hover?.y ?? l.top;
    const bar = this.#hover && this.#barAt(x, y), rows = bar ? barRows(bar) : this.#valueRows(picture, time);
    const band = this.#hover && this.#bandAt(picture, time, y);
    if (band !== undefined) rows.unshift(["", band || "everything else"]);
    this.#tip.replaceChildren(...rows.flatMap(([name, value]) => [el("span", { class: "dim", textContent: name }), el("span", { textContent: value.slice(0, 160) })]));
    const isRight = x > l.width / 2;
    this.#tip.style.left = isRight ? "auto" : `${x + 14}px`;
    this.#tip.style.right = isRight ? `${this.element.clientWidth - x + 14}px` : "auto";
    this.#tip.style.top = `${this.isLarge ? Math.max(4, Math.min(y + 12, l.height - this.#tip.offsetHeight - 4)) : 2}px`;
  }

  #valueRows(picture: Picture, time: number): [string, string][] {
    const rows: [string, string][] = [["time", format.duration(time)]], { course, old } = picture;
    const put = (line: (typeof course.lines)[number], label: string): void => {
      let i = indexAt(line.time, time);
      while (i > 0 && Number.isNaN(line.value[i]!)) i--; // the latest reading
      if (i < 0 || Number.isNaN(line.value[i]!)) return;
      const age = time - line.time[i]!, isOld = line.key !== "live" && age > course.span / 50;
      rows.push([label, format.size(line.value[i]!) + (isOld ? ` (read ${format.duration(age)} before)` : "")]);
    };
    for (const line of course.lines) put(line, line.label);
    if (old) put(old.lines[0]!, `${old.lines[0]!.label}, old`);
    if (!this.isLarge) return rows;
    for (const counter of course.counters.slice(0, 8)) {
      const i = indexAt(counter.time, time);
      if (i >= 0) rows.push([counter.name.slice(0, 40), format.count(counter.value[i]!)]);
    }
    const g = course.generations.find((one) => time >= one.from && time < one.to);
    if (g) rows.push(["since", g.name]);
    return rows;
  }

  // ---- the pointer

  #place(event: PointerEvent): { x: number; y: number } {
    const box = this.#base.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || !this.#layout) return;
    this.#pressed = this.#place(event);
    this.element.setPointerCapture(event.pointerId);
  }

  #move(event: PointerEvent): void {
    const place = this.#hover = this.#place(event), l = this.#layout;
    this.#keyed = undefined;
    if (this.#pressed && l && !this.context.model.compares && !this.refusal) {
      const course = courseOf(this.#side);
      if (this.#dragged || Math.abs(place.x - this.#pressed.x) > DRAG_PX) {
        const ends = [timeOf(l, course, this.#pressed.x), timeOf(l, course, place.x)].sort((a, b) => a - b);
        this.#dragged = [ends[0]!, ends[1]!];
        this.#pace.ask(this.#rangeChange(...this.#dragged));
      }
    }
    if (l) this.#drawOver(this.#picture);
  }

  #up(event: PointerEvent): void {
    const pressed = this.#pressed, dragged = this.#dragged;
    this.#pressed = this.#dragged = undefined;
    if (dragged) this.#pace.finish(this.#rangeChange(...dragged));
    else if (pressed) this.#click(this.#place(event));
  }

  #cancel(): void {
    this.#pressed = this.#dragged = undefined;
    this.#leave();
  }

  #leave(): void {
    this.#hover = this.#keyed = undefined;
    if (this.#layout) this.#drawOver(this.#picture);
  }

  #rangeChange(from: number, to: number): Change {
    const [a, b] = [this.#nearest(from), this.#nearest(to)];
    return a === b ? { at: this.#text(a), from: "", to: "" } : { at: "", from: this.#text(a), to: this.#text(b) };
  }

  #choose(change: Change, replace = false): void {
    if (this.refusal && !["peak", "end", ""].includes(change.at ?? "-")) this.context.say(this.refusal);
    else this.context.set(change, replace);
  }

  #click({ x, y }: { x: number; y: number }): void {
    const l = this.#layout, picture = this.#picture, { course } = picture;
    if (!l) return;
    const time = timeOf(l, course, x), bar = this.#barAt(x, y), compares = this.context.model.compares;
    const generation = y < l.flags ? course.generations.findIndex((g) => time >= g.from && time < g.to) : -1;
    this.#anchor = undefined;
    if (bar && !compares) this.#choose(this.#rangeChange(bar.from, bar.to));
    else if (generation >= 0 && !compares) this.#generation(generation);
    else {
      const at = this.#text(this.#nearest(time)), band = this.#bandAt(picture, time, y);
      this.#choose({ at, from: "", to: "", ...(band && this.#side.info.columns.size ? { view: "table", select: band, order: "" } : {}) });
    }
  }

  #generation(i: number): void {
    const { generations, span } = courseOf(this.#side), g = generations[i];
    if (!g) return;
    const end = Math.min(g.to, span);
    this.#choose({ at: "", from: this.#moment(g.from), to: g.to > span ? "end" : this.#moment(end) });
    this.context.say(`Generation "${g.name.slice(0, 80)}": ${format.duration(end - g.from)}`);
  }

  // ---- keys

  #current(): number {
    const n = this.#moments.length, { state } = this.context, range = this.#range(), at = this.#at();
    if (this.#keyed !== undefined) return this.#keyed;
    if (range) return state.to === "end" || !state.to ? n : indexAt(this.#moments, range[1]);
    return at === undefined || state.at === "end" ? n : indexAt(this.#moments, at);
  }

  #extend(to: number): void {
    const range = this.#range();
    if (!range) this.#anchor = this.#current();
    this.#anchor ??= indexAt(this.#moments, range![0]);
    const a = Math.min(this.#anchor, to), b = Math.max(this.#anchor, to);
    this.#choose(a === b ? { at: this.#text(a), from: "", to: "" } : { at: "", from: this.#text(a), to: this.#text(b) }, true);
  }

  #step(event: KeyboardEvent): number | undefined {
    const n = this.#moments.length, page = Math.max(1, Math.round(n / 20));
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, PageUp: -page, PageDown: page };
    if (event.key === "Home") return 0;
    if (event.key === "End") return n;
    const by = steps[event.key];
    this.#hover = undefined;
    const from = event.shiftKey && this.#anchor !== undefined && this.#range() ? this.#far(this.#anchor) : this.#current();
    return by === undefined ? undefined : Math.max(0, Math.min(n, from + by));
  }

  // The end of the range that is not the anchor.
  #far(anchor: number): number {
    const range = this.#range();
    const from = range ? indexAt(this.#moments, range[0]) : anchor;
    return from < anchor ? from : this.#current();
  }

  key(event: KeyboardEvent): boolean {
    const { generations, peakTime } = courseOf(this.#side), to = this.#step(event), { compares } = this.context.model;
    if (to !== undefined) {
      if (this.refusal) this.#keyed = Math.min(to, this.#moments.length - 1);
      else if (event.shiftKey && !compares) this.#extend(to);
      else {
        this.#anchor = undefined;
        this.#choose({ at: this.#text(to), from: "", to: "" }, true);
      }
      if (this.refusal) this.update();
      return true;
    }
    if (event.key === "p" && peakTime !== undefined) this.context.set({ at: "peak", from: "", to: "" });
    else if ((event.key === "[" || event.key === "]") && generations.length && !compares) {
      const range = this.#range(), middle = range ? (range[0] + range[1]) / 2 : undefined;
      const now = middle === undefined ? (event.key === "]" ? -1 : generations.length) : generations.findIndex((g) => middle >= g.from && middle < g.to);
      this.#generation(Math.max(0, Math.min(generations.length - 1, now + (event.key === "]" ? 1 : -1))));
    } else return false;
    return true;
  }

  // ---- for who does not see it

  #describe(): void {
    const { span, lines } = courseOf(this.#side), range = this.#range(), at = this.#at(), e = this.element;
    const now = this.#keyed === undefined ? at ?? span : this.#moments[this.#keyed]!;
    const heap = lines[0]!, i = indexAt(heap.time, now);
    e.setAttribute("aria-valuemax", String(span));
    e.setAttribute("aria-valuenow", String(range?.[1] ?? now));
    e.setAttribute("aria-valuetext", range ? `from ${format.duration(range[0])} to ${format.duration(range[1])}`
      : `${format.duration(now)}: ${this.#side.info.columns.size ? "heap" : "RSS"} ${format.size(i < 0 ? 0 : heap.value[i]!)}`);
  }
}

function barRows({ event, isOpen, isMember, from, to }: Bar): [string, string][] {
  const rows: [string, string][] = [[isMember ? "process" : "scope", event.name], ["began", format.duration(from)], ["took", isOpen ? "has not ended" : format.duration(to - from)]];
  if (!isMember) rows.push(["net", format.change(format.size(event.value), event.value)]);
  rows.push(["peak", format.size(event.peak)]);
  if (event.thread) rows.push(["thread", event.thread]);
  if (event.about) rows.push(["with", event.about]);
  return rows;
}

export const KEYS = [["← →", "The moment before, after"], ["Page Up, Page Down", "A twentieth of the time"], ["Shift with these", "A range"],
  ["p", "The peak"], ["Home, End", "The beginning, the end"], ["[ ]", "The generation before, after"]] as const;
