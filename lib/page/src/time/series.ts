// SPDX-License-Identifier: MIT
// What stands on the time axis of a profile, made ready to be painted: lines, marks and the
// generations between them, scopes in lanes, counters. A profile may be anybody's: times may go
// back, values may be anything, and there may be more than there is room for.
import type { TimeEvent } from "../core";
import { size } from "../format";
import type { Member, Side } from "../model";

export const MOST_LANES = 16; // that are shown

export interface Line {
  key: "live" | "rss" | "pss" | "uss" | "swap" | "heap";
  label: string;
  time: Float64Array;
  value: Float64Array; // NaN: not read
  most: number;
}

export interface Generation {
  name: string; // of the mark that it begins with
  from: number;
  to: number; // Infinity: the end
}

export interface Bar {
  from: number;
  to: number;
  event: TimeEvent;
  isOpen: boolean;
  isMember?: boolean; // a process that was watched
}

export interface Lane {
  owner: string; // of the first lane of a thread: its name
  bars: Bar[]; // by time
}

export interface Counter {
  name: string;
  time: Float64Array;
  value: Float64Array;
  least: number;
  most: number;
}

export interface Course {
  span: number; // seconds
  peak: number; // the recorded one
  peakTime: number | undefined;
  lines: Line[];
  marks: TimeEvent[]; // by time
  generations: Generation[]; // none without marks
  moments: Float64Array; // of which the composition is known; without any: the ticks
  lanes: Lane[];
  laneNoun: string; // of those that there is no room for
  counters: Counter[];
}

const largest = (values: Float64Array): number => {
  let most = 0;
  for (const value of values) if (value > most) most = value;
  return most;
};

// The heap between two ticks may have been higher: the recorded peak is a point of its own.
function live(side: Side, peak: number): Line {
  const { time, live: value, n } = side.ticks, at = side.info.peakTime;
  if (at === undefined) return { key: "live", label: "heap (live)", time, value, most: largest(value) };
  let i = 0;
  while (i < n && time[i]! < at) i++;
  const put = (from: Float64Array, extra: number): Float64Array => {
    const out = new Float64Array(n + 1);
    out.set(from.subarray(0, i));
    out[i] = extra;
    out.set(from.subarray(i), i + 1);
    return out;
  };
  return { key: "live", label: "heap (live)", time: put(time, at), value: put(value, peak), most: Math.max(peak, largest(value)) };
}

function read(side: Side, key: Exclude<Line["key"], "live">, label: string): Line | undefined {
  const { time, pss, live } = side.ticks, raw = key === "heap" ? live : side.ticks[key];
  // swap is read together with PSS, and may be 0
  const value = raw.map((v, i) => (v || (key === "swap" && pss[i]) ? v : NaN)), most = largest(raw);
  return most ? { key, label, time, value, most } : undefined;
}

function generationsOf(marks: readonly TimeEvent[]): Generation[] {
  const own = marks.filter((mark) => !mark.isTrigger);
  if (!own.length) return [];
  const out: Generation[] = [{ name: "start", from: 0, to: own[0]!.time }];
  own.forEach((mark, i) => out.push({ name: mark.name, from: mark.time, to: own[i + 1]?.time ?? Infinity }));
  return out.filter((g) => g.to > g.from);
}

const DEEPEST = 64;

// The first lane of a thread that is free: nested scopes are below each other.
function lanesOf(side: Side, span: number): Lane[] {
  const { scopes, open } = side.events;
  const bars: Bar[] = [
    ...scopes.map((event) => ({ from: event.time, to: event.time + event.duration, event, isOpen: false })),
    ...open.map((event) => ({ from: event.time, to: Math.max(span, event.time), event, isOpen: true }))];
  bars.sort((a, b) => a.from - b.from || b.to - a.to);
  const owners = new Map<string, Lane[]>();
  for (const bar of bars) {
    const name = bar.event.isProcess ? "process" : bar.event.thread || (bar.event.tid ? String(bar.event.tid) : "");
    let lanes = owners.get(name);
    if (!lanes) owners.set(name, lanes = []);
    let lane = lanes.find((l) => l.bars[l.bars.length - 1]!.to <= bar.from);
    if (!lane && lanes.length === DEEPEST) lane = lanes[DEEPEST - 1]!; // nobody sees so many
    if (!lane) lanes.push(lane = { owner: lanes.length ? "" : name, bars: [] });
    lane.bars.push(bar);
  }
  return [...owners.values()].flat();
}

function countersOf(side: Side): Counter[] {
  const byName = new Map<string, TimeEvent[]>();
  for (const event of side.events.counters) {
    const list = byName.get(event.name);
    if (list) list.push(event);
    else byName.set(event.name, [event]);
  }
  const counters = [...byName].map(([name, list]) => {
    list.sort((a, b) => a.time - b.time);
    const value = Float64Array.from(list, (e) => e.value);
    let least = 0;
    for (const v of value) if (v < least) least = v;
    return { name, time: Float64Array.from(list, (e) => e.time), value, least, most: largest(value) };
  });
  return counters.sort((a, b) => b.time.length - a.time.length); // those that say most first
}

// The processes of a tree that was watched, those that had most where there is not room for all.
function memberLanes({ members }: Side): Lane[] {
  if (members.length < 2) return [];
  const ranks = new Map([...members].sort((a, b) => b.peak - a.peak).map((member, rank) => [member, rank]));
  const isSmall = (member: Member): number => Number(ranks.get(member)! >= MOST_LANES);
  return [...members].sort((a, b) => isSmall(a) - isSmall(b)).map((member) => {
    const { from, to, peak, info } = member;
    const event: TimeEvent = { time: from, duration: to - from, value: 0, peak, allocatedBytes: 0, allocatedBlocks: 0, name: `${member.name} ${size(peak)}`,
      thread: "", about: info.command.join(" "), isTrigger: false, isProcess: true, tid: info.pid };
    return { owner: String(info.pid), bars: [{ from, to, event, isOpen: false, isMember: true }] };
  });
}

function make(side: Side): Course {
  const { info, ticks, events } = side, isWatched = !info.columns.size;
  let span = info.duration;
  for (const time of ticks.time) if (time > span) span = time;
  const rss = read(side, "rss", "RSS");
  // Of what was only watched RSS is the main line.
  const peak = rss && isWatched ? rss.most : side.totals({}).peak_bytes;
  const lines = [...(rss && isWatched ? [{ ...rss, key: "live" as const }] : [live(side, peak), rss]), read(side, "pss", "PSS"), read(side, "uss", "USS"), read(side, "swap", "swap"), isWatched ? read(side, "heap", "heap (live)") : undefined];
  const marks = events.marks.filter((mark) => mark.time <= span).sort((a, b) => a.time - b.time);
  const known = ticks.time.filter((_, i) => ticks.known[i]);
  return { span: span || 1, moments: known.length ? known : ticks.time, peak, peakTime: info.peakTime, lines: lines.filter((l) => l !== undefined), marks,
    generations: generationsOf(marks), laneNoun: isWatched ? "more processes" : "more lanes of scopes", lanes: [...(isWatched ? memberLanes(side) : []), ...lanesOf(side, span)], counters: countersOf(side) };
}

const made = new WeakMap<Side, Course>();
export function courseOf(side: Side): Course {
  let course = made.get(side);
  if (!course) made.set(side, course = make(side));
  return course;
}

// The last element not after a time; -1: none.
export function indexAt(times: Float64Array, time: number): number {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
