// SPDX-License-Identifier: MIT
// The processes of a run: the heap of all of them over time, with each as a bar below it, and a table.
import { el } from "../dom";
import * as format from "../format";
import { Grid, type Column } from "../grid";
import { layoutOf, paint } from "../time/paint";
import { watchedAt } from "../time/members";
import { courseOf as seriesOf, type Bar, type Course } from "../time/series";
import { darkness, theme } from "../time/theme";
import type { TimeEvent } from "../core";
import type { Context, View, ViewKind } from "../view";
import { labelPattern } from "./threads";

// As much of memtrack-index/1 as is shown.
export interface Process {
  pid: number;
  parent_pid: number;
  image: number;
  program: string;
  command: string[];
  start_time_ns: number;
  duration_ns: number;
  peak_bytes: number;
  live_bytes?: number; // these where it was recorded
  total_bytes?: number;
  total_blocks?: number;
  exit?: { code: number | null; signal: number | null };
  file: string | null;
  why: string | null;
}
export interface Index {
  start_time_ns: number;
  duration_ns: number;
  is_complete: boolean;
  isWatched?: boolean; // figures are RSS
  tree: { peak_bytes: number; peak_time_ns: number; processes_at_peak: number; points: { time_ns: number; bytes: number }[] } | null;
  processes: Process[];
}

interface Node {
  process: Process;
  depth: number;
}

export function indexOf(context: Context): Index | undefined {
  const index = context.page.index as Index | undefined, { current, compares } = context.model, { info, ticks } = current;
  if (Array.isArray(index?.processes)) return index;
  if (compares || info.columns.size || current.members.length < 2) return undefined;
  const course = seriesOf(current), { rows } = watchedAt(current, { at: "", from: "", to: "" });
  return { isWatched: true, start_time_ns: 0, duration_ns: course.span * SECOND, is_complete: true,
    tree: { peak_bytes: course.peak, peak_time_ns: (course.peakTime ?? 0) * SECOND, processes_at_peak: rows.length,
      points: [...ticks.time].map((time, i) => ({ time_ns: time * SECOND, bytes: ticks.rss[i]! })) },
    processes: current.members.map(({ info: { pid, parent, command, duration, exit }, name, from, peak }, image) => ({ pid, parent_pid: parent, image,
      program: name.replace(/ \d+$/, ""), command, start_time_ns: from * SECOND, duration_ns: duration * SECOND, peak_bytes: peak, file: "", why: exit })) };
}

// Children below their parents, each by start. A process that executed another program is there
// once for each of them. Parents that go round in a circle are no parents.
function tree(processes: readonly Process[]): Node[] {
  const byStart = [...processes].sort((a, b) => a.start_time_ns - b.start_time_ns || a.image - b.image);
  const pids = new Set(byStart.map((p) => p.pid)), children = new Map<number, Process[]>(), out: Node[] = [], seen = new Set<number>();
  for (const p of byStart) {
    const parent = pids.has(p.parent_pid) && p.parent_pid !== p.pid ? p.parent_pid : 0;
    const list = children.get(parent);
    if (list) list.push(p);
    else children.set(parent, [p]);
  }
  const walk = (parent: number): void => {
    const stack = [...(children.get(parent) ?? [])].reverse().map((process) => ({ process, depth: 0 }));
    for (let node = stack.pop(); node; node = stack.pop()) {
      const { process, depth } = node;
      out.push(node);
      if (seen.has(process.pid)) continue; // an earlier program of it has its children
      seen.add(process.pid);
      const below = (children.get(process.pid) ?? []).map((p) => ({ process: p, depth: depth + 1 }));
      stack.push(...below.reverse());
    }
  };
  walk(0);
  const shown = new Set(out.map((node) => node.process));
  for (const p of byStart) if (!shown.has(p)) out.push({ process: p, depth: 0 });
  return out;
}

const SECOND = 1e9;
const seconds = (ns: number): string => `${(ns / SECOND).toFixed(3)}s`;

function barOf(index: Index, p: Process): Bar {
  const from = (p.start_time_ns - index.start_time_ns) / SECOND, event: TimeEvent = { time: from, duration: p.duration_ns / SECOND, value: 0, peak: p.peak_bytes,
    allocatedBytes: 0, allocatedBlocks: 0, name: `${p.program} ${format.size(p.peak_bytes)}`, thread: "", about: "", isTrigger: false, isProcess: true, tid: p.pid };
  return { from, to: from + event.duration, event, isOpen: false };
}

function courseOf(index: Index, nodes: readonly Node[]): Course {
  const points = index.tree?.points ?? [], peak = index.tree?.peak_bytes ?? 0;
  return { span: index.duration_ns / SECOND || 1, peak, peakTime: index.tree ? index.tree.peak_time_ns / SECOND : undefined, marks: [], generations: [],
    moments: new Float64Array(0), counters: [], laneNoun: "",
    lanes: largest(nodes).map(({ process }) => ({ owner: String(process.pid), bars: [barOf(index, process)] })),
    lines: [{ key: "live", label: index.isWatched ? "RSS of all" : "heap of all", most: peak, time: Float64Array.from(points, (p) => p.time_ns / SECOND), value: Float64Array.from(points, (p) => p.bytes) }] };
}

// Those that had most, in their order: a run may have thousands.
function largest(nodes: readonly Node[]): Node[] {
  const chosen = new Set([...nodes].sort((a, b) => b.process.peak_bytes - a.process.peak_bytes).slice(0, 8));
  return nodes.filter((node) => chosen.has(node));
}

class Processes implements View {
  readonly #title = el("h2");
  readonly #canvas = el("canvas", { aria: { role: "img", "aria-label": "The heap of all processes over time" } });
  readonly #grid: Grid<Node>;
  readonly #sizes = new ResizeObserver(() => this.#draw());
  readonly #index: Index;
  readonly #nodes: Node[];

  constructor(private readonly context: Context) {
    this.#index = indexOf(context)!;
    this.#nodes = tree(this.#index.processes);
    this.#grid = new Grid<Node>(context, "Processes", ({ process }) =>
      this.context.set(this.#index.isWatched ? { view: "timeline", at: "", from: seconds(process.start_time_ns), to: seconds(process.start_time_ns + process.duration_ns) }
        : { view: "table", by: "line", include: [labelPattern("process", String(process.pid))] }));
  }

  mount(host: HTMLElement): void {
    const stage = el("div", { class: "course" }, this.#canvas);
    host.append(el("div", { class: "page" }, this.#title, stage, this.#grid.element));
    this.#sizes.observe(stage);
    darkness.addEventListener("change", this.#draw);
    this.update();
  }

  unmount(): void {
    this.#sizes.disconnect();
    darkness.removeEventListener("change", this.#draw);
  }

  readonly #draw = (): void => {
    const width = this.#canvas.parentElement?.clientWidth ?? 0, course = courseOf(this.#index, this.#nodes);
    if (!width) return;
    const l = layoutOf(course, width, 0, true), ratio = Math.min(devicePixelRatio, 3), c = this.#canvas.getContext("2d");
    this.#canvas.width = Math.round(l.width * ratio);
    this.#canvas.height = Math.round(l.height * ratio);
    this.#canvas.style.width = `${l.width}px`;
    this.#canvas.style.height = `${l.height}px`;
    c?.scale(ratio, ratio);
    if (c) paint(c, { course, old: undefined, bands: undefined }, l, theme());
  };

  update(): void {
    const { tree: of, processes, is_complete } = this.#index;
    this.#title.textContent = format.processes(processes.length) +
      `${of ? `: together at most ${format.size(of.peak_bytes)}${this.#index.isWatched ? " of RSS" : ""}, at ${format.duration(of.peak_time_ns / SECOND)}, of ${of.processes_at_peak} running` : ""}` +
      `${is_complete ? "" : ". memtrack had not come to the end of the run"}`;
    this.#grid.update(this.#columns(), this.#nodes);
  }

  #columns(): Column<Node>[] {
    const bytes = (key: "peak_bytes" | "live_bytes" | "total_bytes", label: string): Column<Node> =>
      ({ key, label, value: ({ process }) => process[key] ?? 0, text: ({ process }) => (process.file === null ? "" : format.size(process[key] ?? 0)), hint: ({ process }) => format.count(process[key] ?? 0) });
    const most = this.#index.processes.reduce((a, p) => Math.max(a, p.peak_bytes), 1);
    const recorded: Column<Node>[] = this.#index.isWatched ? [] : [bytes("live_bytes", "Live at exit"), bytes("total_bytes", "Total"),
      { key: "total_blocks", label: "Blocks", value: ({ process }) => process.total_blocks ?? 0, text: ({ process }) => (process.file === null ? "" : format.count(process.total_blocks ?? 0)) }];
    return [
      { key: "program", label: "Process", value: ({ process }) => process.program, text: ({ process, depth }) => `${"  ".repeat(Math.min(depth, 12))}${process.program} ${process.pid}`,
        hint: ({ process }) => `Only this process: ${process.command.join(" ")}` },
      { ...bytes("peak_bytes", this.#index.isWatched ? "Peak RSS" : "Peak"), share: ({ process }) => process.peak_bytes / most }, ...recorded,
      { key: "start", label: "Began", value: ({ process }) => process.start_time_ns, text: ({ process }) => format.duration(Math.max(0, process.start_time_ns - this.#index.start_time_ns) / SECOND) },
      { key: "duration", label: "Ran", value: ({ process }) => process.duration_ns, text: ({ process }) => format.duration(process.duration_ns / SECOND) },
      { key: "exit", label: "End", value: ({ process }) => exitOf(process), text: ({ process }) => process.why ?? exitOf(process) }];
  }
}

function exitOf({ exit }: Process): string {
  return exit?.signal ? `signal ${exit.signal}` : exit?.code === null || exit?.code === undefined ? "" : `exit ${exit.code}`;
}

export const processes: ViewKind = {
  name: "processes", label: "Processes", help: [["↑ ↓", "The process above, below"]],
  missing: (_, context) => (indexOf(context) ? "" : "This is the profile of one process. memtrack report --html OUT DIR makes a page of a run with all its processes."),
  create: (context) => new Processes(context),
};
