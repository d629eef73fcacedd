// SPDX-License-Identifier: MIT
// Paints the time axis on a canvas. Two sizes: the large one has axes, flags, lanes and counters,
// the slim one the heap, the peak and the flags' poles. What changes with the pointer is painted on
// a canvas above it (paintOver), so that this one need not be painted again.
import type { Bands } from "./bands";
import { byteLabel, byteStep, timeLabel, timeStep } from "./axis";
import { indexAt, MOST_LANES, type Bar, type Course, type Lane, type Line } from "./series";
import type { Theme } from "./theme";
import { amount, duration, size } from "../format";

export const LANE_PX = 17, COUNTER_PX = 38, FLAG_PX = 20, AXIS_PX = 22;
const MOST_COUNTERS = 8, LEAST_PLOT_PX = 170;
const FONT = '11px system-ui, "Liberation Sans", "DejaVu Sans", sans-serif';
export const LINE_COLOR: Record<Line["key"], number> = { live: 0, rss: 1, pss: 2, swap: 3, uss: 4, heap: 1 };

export interface Layout {
  width: number;
  height: number;
  left: number; // of what has a time
  right: number;
  flags: number; // where they end; 0: none
  top: number; // of the plot
  bottom: number;
  lanes: number; // where the first begins
  shownLanes: Lane[];
  counters: number;
  nCounters: number;
  isLarge: boolean;
}

// A large chart may need more height than there is: then it is that high, and its host scrolls.
export function layoutOf(course: Course, width: number, height: number, isLarge: boolean): Layout {
  if (!isLarge)
    return { width, height, left: 12, right: width - 12, flags: 0, top: 4, bottom: height - 4, lanes: height, shownLanes: [],
      counters: height, nCounters: 0, isLarge };
  const flags = course.marks.length ? FLAG_PX : 0, shownLanes = course.lanes.slice(0, MOST_LANES);
  const nCounters = Math.min(MOST_COUNTERS, course.counters.length), isCut = course.lanes.length > MOST_LANES;
  const below = (shownLanes.length + Number(isCut)) * LANE_PX + nCounters * COUNTER_PX +
    (course.counters.length > nCounters ? LANE_PX : 0) + AXIS_PX + 8;
  const whole = Math.max(height, flags + LEAST_PLOT_PX + below), bottom = whole - below;
  const lanes = bottom + AXIS_PX + 2;
  return { width, height: whole, left: 74, right: width - 14, flags, top: flags + 4, bottom, lanes, shownLanes,
    counters: lanes + (shownLanes.length + Number(isCut)) * LANE_PX + 4, nCounters, isLarge };
}

export const xOf = (l: Layout, course: Course, time: number): number =>
  l.left + (Math.max(0, Math.min(course.span, time)) / course.span) * (l.right - l.left);
export const timeOf = (l: Layout, course: Course, x: number): number =>
  (Math.max(0, Math.min(1, (x - l.left) / (l.right - l.left)))) * course.span;

// Text is cut before it is measured: a name may have a million characters.
function put(c: CanvasRenderingContext2D, text: string, x: number, y: number, room: number): number {
  let cut = text.slice(0, 200), w = c.measureText(cut).width;
  if (w > room && cut.length) {
    cut = cut.slice(0, Math.max(0, Math.floor((cut.length * room) / w) - 1));
    if (cut.length < 2) return 0;
    cut += "…";
    w = c.measureText(cut).width;
  }
  c.fillText(cut, x, y);
  return w;
}

const highest = (course: Course, old: Course | undefined, isLarge: boolean): number =>
  Math.max(1, ...[...course.lines, ...(old ? old.lines.slice(0, 1) : [])]
    .filter((line) => isLarge || line.key === "live").map((line) => line.most));

interface Scale {
  x(time: number): number;
  y(value: number): number;
}

// ---- lines ----------------------------------------------------------------------------------------

// The points of a line, not more than the highest and the last of each column of pixels. Gaps begin
// a line anew; a reading between two gaps is a dot.
function trace(c: CanvasRenderingContext2D, line: Line, s: Scale, dots: boolean): void {
  let down = false, column = -1, top = Infinity, last = 0;
  const flush = (): void => {
    if (top < last) c.lineTo(column, top);
    if (column >= 0) c.lineTo(column, last);
    column = -1;
  };
  const n = line.time.length;
  for (let i = 0; i < n; i++) {
    const value = line.value[i]!;
    if (!(value >= 0)) { // NaN too
      flush();
      down = false;
      continue;
    }
    const x = s.x(line.time[i]!), y = s.y(value);
    if (!down) {
      c.moveTo(x, y);
      if (dots && !(line.value[i + 1]! >= 0)) c.rect(x - 1, y - 1, 2, 2);
    } else if (Math.abs(x - column) >= 1) {
      flush();
      [column, top, last] = [x, y, y];
    } else [top, last] = [Math.min(top, y), y];
    if (!down) [column, top, last] = [x, y, y];
    down = true;
  }
  flush();
}

function area(c: CanvasRenderingContext2D, line: Line, s: Scale, color: string, floor: number): void {
  const n = line.time.length;
  if (!n) return;
  c.beginPath();
  trace(c, line, s, false);
  c.strokeStyle = color;
  c.lineWidth = 1.5;
  c.stroke();
  c.lineTo(s.x(line.time[n - 1]!), floor);
  c.lineTo(s.x(line.time[0]!), floor);
  c.closePath();
  c.globalAlpha = 0.25;
  c.fillStyle = color;
  c.fill();
  c.globalAlpha = 1;
}

// A line without what is behind a time, which would all stand at the edge.
function until(line: Line, end: number): Line {
  const { time, value } = line, i = indexAt(time, end) + 1;
  if (i === 0 || i === time.length) return line;
  const put = (from: Float64Array, last: number): Float64Array => Float64Array.of(...from.subarray(0, i), last);
  const share = (end - time[i - 1]!) / (time[i]! - time[i - 1]!);
  return { ...line, time: put(time, end), value: put(value, value[i - 1]! + share * (value[i]! - value[i - 1]!)) };
}

function lines(c: CanvasRenderingContext2D, course: Course, old: Course | undefined, s: Scale, l: Layout, t: Theme): void {
  const heap = course.lines[0]!;
  area(c, heap, s, t.palette[0]!, l.bottom);
  for (const line of course.lines.slice(1)) {
    if (!l.isLarge && line.most > highest(course, old, false)) continue; // it would press the heap flat
    c.beginPath();
    trace(c, line, s, true);
    c.strokeStyle = t.palette[LINE_COLOR[line.key]]!;
    c.lineWidth = 1.25;
    c.stroke();
  }
  if (!old) return;
  c.beginPath();
  trace(c, until(old.lines[0]!, course.span), s, false);
  c.strokeStyle = t.dim;
  c.setLineDash([4, 3]);
  c.stroke();
  c.setLineDash([]);
}

function bands(c: CanvasRenderingContext2D, of: Bands, s: Scale, t: Theme): void {
  const { time, layers } = of, n = time.length;
  if (!n) return;
  const below = new Float64Array(n);
  for (let k = layers.length - 1; k >= 0; k--) { // the rest at the bottom, the largest on top of it
    const layer = layers[k]!;
    c.beginPath();
    for (let i = 0; i < n; i++) c.lineTo(s.x(time[i]!), s.y(below[i]!));
    for (let i = n - 1; i >= 0; i--) c.lineTo(s.x(time[i]!), s.y(below[i] = below[i]! + layer.value[i]!));
    c.closePath();
    c.fillStyle = layer.color < 0 ? t.other : t.palette[layer.color]!;
    c.fill();
    c.strokeStyle = t.paper;
    c.lineWidth = 0.6;
    c.stroke();
  }
}

// The sum is known more often than its parts.
function sum(c: CanvasRenderingContext2D, course: Course, s: Scale, t: Theme): void {
  c.beginPath();
  trace(c, course.lines[0]!, s, false);
  c.strokeStyle = t.ink;
  c.lineWidth = 1;
  c.stroke();
}

// ---- what is around them ---------------------------------------------------------------------------

function shades(c: CanvasRenderingContext2D, course: Course, s: Scale, l: Layout, t: Theme): void {
  c.fillStyle = t.dim;
  c.globalAlpha = 0.07;
  course.generations.forEach((g, i) => {
    if (i % 2 === 0) return;
    const x = s.x(g.from);
    c.fillRect(x, l.flags, s.x(g.to) - x, l.bottom - l.flags);
  });
  c.globalAlpha = 1;
}

function flags(c: CanvasRenderingContext2D, course: Course, s: Scale, l: Layout, t: Theme): void {
  const { marks } = course;
  let drawn = -9;
  marks.forEach((mark, i) => {
    const x = Math.round(s.x(mark.time)) + 0.5;
    if (x - drawn < 2) return; // there may be thousands
    drawn = x;
    c.fillStyle = c.strokeStyle = mark.isTrigger ? t.warn : t.dim;
    c.lineWidth = 1;
    c.beginPath();
    c.setLineDash([2, 2]);
    c.moveTo(x, l.isLarge ? 4 : l.top);
    c.lineTo(x, l.bottom);
    c.stroke();
    c.setLineDash([]);
    if (!l.isLarge) return;
    c.beginPath();
    c.moveTo(x, 4);
    c.lineTo(x + 7, 8);
    c.lineTo(x, 12);
    c.fill();
    const next = marks.slice(i + 1, i + 200).find((m) => s.x(m.time) - x >= 2);
    c.fillStyle = mark.isTrigger ? t.warn : t.ink;
    put(c, mark.name, x + 10, 9, (next ? s.x(next.time) : l.right) - x - 14);
  });
}

function bytesAxis(c: CanvasRenderingContext2D, top: number, s: Scale, l: Layout, t: Theme): void {
  const step = byteStep(top, Math.max(2, Math.floor((l.bottom - l.top) / 36)));
  c.textAlign = "right";
  for (let value = 0; value <= top; value += step) {
    const y = Math.round(s.y(value)) + 0.5;
    c.fillStyle = t.line;
    c.fillRect(l.left, y - 0.5, l.right - l.left, 1);
    c.fillStyle = t.dim;
    c.fillText(byteLabel(value), l.left - 8, y);
  }
  c.textAlign = "left";
}

function timeAxis(c: CanvasRenderingContext2D, course: Course, s: Scale, l: Layout, t: Theme): void {
  const step = timeStep(course.span, Math.max(2, Math.floor((l.right - l.left) / 90)));
  for (let i = 0; i * step <= course.span * 1.000001; i++) {
    const x = Math.round(s.x(i * step)) + 0.5, text = timeLabel(i * step), w = c.measureText(text).width;
    c.fillStyle = t.line;
    c.fillRect(x - 0.5, l.bottom, 1, 5);
    c.fillStyle = t.dim;
    c.fillText(text, Math.min(x - w / 2, l.right - w), l.bottom + 13);
  }
}

// A label that stands on the chart has an edge of paper.
function halo(c: CanvasRenderingContext2D, text: string, x: number, y: number, t: Theme, color: string): void {
  c.lineJoin = "round";
  c.lineWidth = 3.5;
  c.strokeStyle = t.paper;
  c.strokeText(text, x, y);
  c.fillStyle = color;
  c.fillText(text, x, y);
}

function peak(c: CanvasRenderingContext2D, course: Course, s: Scale, l: Layout, t: Theme): void {
  if (course.peakTime === undefined || !course.peak) return;
  const x = s.x(course.peakTime), y = s.y(course.peak);
  const text = `peak ${size(course.peak)}${l.isLarge ? ` at ${duration(course.peakTime)}` : ""}`;
  const w = c.measureText(text).width, isRight = x + 7 + w < l.right;
  c.beginPath();
  c.arc(x, y, l.isLarge ? 4 : 3, 0, 7);
  c.fillStyle = t.more;
  c.fill();
  c.lineWidth = 1.5;
  c.strokeStyle = t.paper;
  c.stroke();
  halo(c, text, isRight ? x + 7 : x - 7 - w, Math.max(y - 9, l.top + 6), t, t.ink);
}

// ---- scopes and counters ---------------------------------------------------------------------------

function bar(c: CanvasRenderingContext2D, b: Bar, s: Scale, y: number, l: Layout, t: Theme, color: string): void {
  const x = s.x(b.from), w = Math.max(1, s.x(b.to) - x);
  c.globalAlpha = t.dark ? 0.4 : 0.3; // the name stands on it
  c.fillStyle = color;
  c.fillRect(x, y, w, LANE_PX - 3);
  c.globalAlpha = 1;
  c.fillRect(x, y, 1, LANE_PX - 3);
  if (b.isOpen) c.fillRect(Math.min(x + w, l.right) - 1, y, 3, LANE_PX - 3);
  c.fillStyle = t.ink;
  if (w > 24) put(c, b.event.name, x + 4, y + 7.5, w - 8);
}

export const colorOfName = (name: string): number => {
  let h = 0;
  for (let i = 0; i < Math.min(name.length, 64); i++) h = (h * 31 + name.charCodeAt(i)) >>> 0;
  return h % 12;
};

function lanes(c: CanvasRenderingContext2D, course: Course, s: Scale, l: Layout, t: Theme): void {
  l.shownLanes.forEach((lane, k) => {
    const y = l.lanes + k * LANE_PX;
    c.fillStyle = t.dim;
    if (lane.owner) put(c, lane.owner, 6, y + 7.5, l.left - 12);
    let end = -1, last = -1;
    for (const b of lane.bars) {
      const x = Math.floor(s.x(b.from)), to = Math.floor(s.x(b.to));
      if (x === last && to <= end) continue; // in a column that is painted
      [last, end] = [x, Math.max(end, to)];
      bar(c, b, s, y, l, t, t.palette[colorOfName(b.event.name)]!);
    }
  });
  const more = course.lanes.length - l.shownLanes.length;
  c.fillStyle = t.dim;
  if (more > 0) put(c, `${more} ${course.laneNoun}`, l.left, l.lanes + l.shownLanes.length * LANE_PX + 7.5, l.right - l.left);
}

function counters(c: CanvasRenderingContext2D, course: Course, s: Scale, l: Layout, t: Theme): void {
  for (let k = 0; k < l.nCounters; k++) {
    const counter = course.counters[k]!, top = l.counters + k * COUNTER_PX + 4, floor = top + COUNTER_PX - 8;
    const range = counter.most - counter.least || 1, n = counter.time.length;
    const y = (v: number): number => floor - ((v - counter.least) / range) * (COUNTER_PX - 12);
    c.beginPath();
    for (let i = 0; i < n; i++) {
      if (i) c.lineTo(s.x(counter.time[i]!), y(counter.value[i - 1]!));
      c.lineTo(s.x(counter.time[i]!), y(counter.value[i]!));
    }
    c.lineTo(l.right, y(counter.value[n - 1]!));
    c.strokeStyle = t.palette[(4 + k) % 12]!;
    c.lineWidth = 1.25;
    c.stroke();
    c.fillStyle = t.line;
    c.fillRect(l.left, floor, l.right - l.left, 1);
    c.fillStyle = t.dim;
    put(c, counter.name, 6, top + 8, l.left - 12);
    c.textAlign = "right";
    put(c, amount(counter.most, false), l.left - 8, top + 22, l.left - 14);
    c.textAlign = "left";
  }
  const more = course.counters.length - l.nCounters;
  c.fillStyle = t.dim;
  if (more > 0) put(c, `${more} more counters`, l.left, l.counters + l.nCounters * COUNTER_PX + 8, l.right - l.left);
}

// ---- all of it ---------------------------------------------------------------------------------------

export interface Picture {
  course: Course;
  old: Course | undefined; // of a comparison
  bands: Bands | undefined;
}

export function scaleOf(p: Picture, l: Layout): Scale & { top: number } {
  const most = p.bands ? Math.max(1, p.bands.most, p.course.lines[0]!.most) : highest(p.course, p.old, l.isLarge);
  const top = most * (l.isLarge ? 1.14 : 1.4); // room for the peak's label
  return { top, x: (time) => xOf(l, p.course, time), y: (value) => l.bottom - (Math.min(value, top) / top) * (l.bottom - l.top) };
}

export function paint(c: CanvasRenderingContext2D, p: Picture, l: Layout, t: Theme): void {
  const s = scaleOf(p, l);
  c.clearRect(0, 0, l.width, l.height);
  c.font = FONT;
  c.textBaseline = "middle";
  shades(c, p.course, s, l, t);
  if (l.isLarge) bytesAxis(c, s.top, s, l, t);
  if (p.bands) {
    bands(c, p.bands, s, t);
    sum(c, p.course, s, t);
  } else lines(c, p.course, p.old, s, l, t);
  flags(c, p.course, s, l, t);
  peak(c, p.course, s, l, t);
  if (!l.isLarge) return;
  timeAxis(c, p.course, s, l, t);
  lanes(c, p.course, s, l, t);
  counters(c, p.course, s, l, t);
}

export interface Over {
  at: number | undefined; // the moment
  range: readonly [number, number] | undefined;
  hover: number | undefined;
}

export function paintOver(c: CanvasRenderingContext2D, p: Picture, l: Layout, t: Theme, over: Over): void {
  const s = scaleOf(p, l), end = l.isLarge ? l.height : l.bottom;
  c.clearRect(0, 0, l.width, l.height);
  if (over.range) {
    const [a, b] = [s.x(over.range[0]), s.x(over.range[1])];
    c.fillStyle = t.accent;
    c.globalAlpha = 0.18;
    c.fillRect(a, l.flags, b - a, end - l.flags);
    c.globalAlpha = 1;
    c.fillRect(a - 1, l.flags, 2, end - l.flags);
    c.fillRect(b - 1, l.flags, 2, end - l.flags);
  }
  if (over.hover !== undefined) {
    c.fillStyle = t.dim;
    c.fillRect(Math.round(s.x(over.hover)), l.flags, 1, end - l.flags);
  }
  if (over.at === undefined) return;
  const x = s.x(over.at);
  c.fillStyle = t.accent;
  c.fillRect(x - 1, l.flags, 2, end - l.flags);
  c.beginPath();
  c.moveTo(x - 6, l.flags);
  c.lineTo(x + 6, l.flags);
  c.lineTo(x, l.flags + 8);
  c.fill();
}
