// SPDX-License-Identifier: MIT
// What the page is about: one profile, or two that are compared; and the answers of the command to
// every question that a view can ask, kept while the profile is the same.
import {
  COLUMNS, CoreDiff, CoreError, CoreProfile, CoreRows, CoreTrie, MISSING_ROUNDED, SCOPE_VALUES, VALUES,
  type Age, type Figures, type Frame, type Group, type Pairs, type Row, type ScopeRow, type Sort, type Ticks,
  type TimeEvent, type ValueName, type ViewOptions,
} from "./core";
import { baseName } from "./format";

export interface Info {
  exe: string;
  command: string[];
  tool: string; // that wrote it, where its file tells and it was not memtrack
  pid: number;
  parent: number;
  startNs: number;
  peakRss: number; // of what was watched, as the kernel knows it
  processes: number; // above 1: the sum of the profiles of so many
  startTime: Date | undefined;
  duration: number; // seconds
  exit: string; // "exit 0", "killed by signal 9", "running", "" when it is not known
  isMemtrack: boolean;
  sampleBytes: number; // 0: exact
  peakTime: number | undefined; // seconds
  peakTimeError: number; // and how many it may be off
  ledgerBytes: number;
  hasComposition: boolean; // past moments can be shown
  hasThreads: boolean;
  hasSizes: boolean;
  axisHint: string; // why there are no ticks, where there are none
  coverage: { unknownFrees: number; droppedEvents: number; lossyBlocks: number; truncatedStacks: number };
  columns: ReadonlySet<ValueName>; // that were recorded
  metadata: [string, string][]; // what the program has set, in that order
}

export interface Totals {
  live_bytes: number;
  live_blocks: number;
  peak_bytes: number;
  peak_blocks: number;
  total_bytes: number;
  total_blocks: number;
  freed_bytes: number;
  freed_blocks: number;
  temporary_blocks: number;
  failed_allocations: number;
  total_usable_bytes: number;
}

export interface RowsInfo {
  by: Group;
  sort: Sort;
  filtered: boolean;
  passed: Float64Array; // by enum mt_value: the sum of what passed the filter
  whole: Float64Array; // what shares are of
  has: boolean[]; // what was recorded, for this moment
}

const all = (pairs: Pairs, key: string): string[] =>
  pairs.filter(([k]) => k === key).map(([, value]) => value);
const first = (pairs: Pairs, key: string): string => all(pairs, key)[0] ?? "";
const number = (pairs: Pairs, key: string): number => Number(first(pairs, key));

function exitOf(p: Pairs): string {
  if (first(p, "running") === "1") return "running";
  if (first(p, "exit_known") !== "1") return "";
  const signal = number(p, "exit_signal");
  return signal ? `killed by signal ${signal}` : `exit ${number(p, "exit_code")}`;
}

function infoOf(p: Pairs): Info {
  const start = number(p, "start_time_ns");
  return {
    exe: first(p, "exe"), command: all(p, "command"), tool: first(p, "tool"), pid: number(p, "pid"), parent: number(p, "ppid"), peakRss: number(p, "peak_rss_bytes"), startNs: start,
    processes: number(p, "n_processes"), startTime: start ? new Date(start / 1e6) : undefined,
    duration: number(p, "duration_ns") / 1e9, exit: exitOf(p),
    isMemtrack: first(p, "is_memtrack") === "1", sampleBytes: number(p, "sample_bytes"),
    peakTime: first(p, "peak_time_known") === "1" ? number(p, "peak_time_ns") / 1e9 : undefined,
    peakTimeError: number(p, "peak_time_error_ns") / 1e9, ledgerBytes: number(p, "ledger_bytes"), hasComposition: first(p, "has_composition") === "1",
    hasThreads: first(p, "has_threads") === "1", hasSizes: first(p, "has_sizes") === "1",
    axisHint: first(p, "axis_hint"),
    coverage: { unknownFrees: number(p, "unknown_frees"), droppedEvents: number(p, "dropped_events"),
      lossyBlocks: number(p, "lossy_blocks"), truncatedStacks: number(p, "truncated_stacks") },
    columns: new Set(all(p, "column") as ValueName[]),
    metadata: all(p, "metadata").map((key, i) => [key, all(p, "set")[i]!]),
  };
}

function totalsOf(p: Pairs): Totals {
  const names = ["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes",
    "total_blocks", "freed_bytes", "freed_blocks", "temporary_blocks", "failed_allocations",
    "total_usable_bytes"] as const;
  const out = {} as Totals;
  for (const name of names) out[name] = number(p, name);
  return out;
}

function rowsInfoOf(rows: CoreRows): RowsInfo {
  const p = rows.totals();
  return { by: first(p, "by") as Group, sort: first(p, "sort") as Sort,
    filtered: first(p, "filtered") === "1",
    passed: Float64Array.from(all(p, "passed"), Number), whole: Float64Array.from(all(p, "whole"), Number),
    has: all(p, "has").map((x) => x === "1") };
}

// The latest answers, by the question as text.
class Memo<T> {
  readonly #kept = new Map<string, T>();
  constructor(private readonly most: number) {}
  get(key: unknown, make: () => T): T {
    const text = JSON.stringify(key);
    let value = this.#kept.get(text);
    if (value === undefined) value = make();
    else this.#kept.delete(text); // to be put behind the others
    this.#kept.set(text, value);
    if (this.#kept.size > this.most) this.#kept.delete(this.#kept.keys().next().value!);
    return value;
  }
}

const sumKey = ({ at, include, exclude, allFrames, wrapper, keepStd, keepWrappers }: ViewOptions): unknown =>
  [at, include, exclude, allFrames, wrapper, keepStd, keepWrappers];

// A process that was watched, on the axis of its tree, in seconds.
export interface Member {
  info: Info;
  name: string;
  from: number;
  to: number;
  peak: number; // RSS
  time: Float64Array;
  rss: Float64Array;
}

// One profile and what was asked of it.
export class Side {
  readonly info: Info;
  readonly #rowsOf = new Memo<{ rows: CoreRows; info: RowsInfo }>(24);
  readonly #sums = new Memo<Totals>(24); // by what they are of; a grouping does not change them
  readonly #tries = new Memo<CoreTrie>(2);
  readonly #valuesOf = new Memo<Float64Array>(8);
  #ticksOf: Ticks | undefined;
  #agesOf: Age[] | undefined;
  #membersOf: Member[] | undefined;
  #scopesOf: { rows: ScopeRow[]; figures: Figures } | undefined;
  #eventsOf: { marks: TimeEvent[]; counters: TimeEvent[]; scopes: TimeEvent[]; open: TimeEvent[] } | undefined;

  constructor(readonly profile: CoreProfile, readonly name: string) {
    const info = this.info = infoOf(profile.info());
    if (info.columns.size) return;
    const { rss, time } = this.ticks; // it was watched: the peak is that of RSS
    info.peakTime = time[rss.indexOf(rss.reduce((a, b) => Math.max(a, b), 0))];
  }

  rows(options: ViewOptions): { rows: CoreRows; info: RowsInfo } {
    return this.#rowsOf.get(options, () => {
      const rows = this.profile.rows(options);
      if (!options.cumulative) this.#sums.get(sumKey(options), () => totalsOf(rows.totals()));
      return { rows, info: rowsInfoOf(rows) };
    });
  }

  // The call paths of a row that hold most, threads and sizes together, and how much is in how many
  // others.
  paths(options: ViewOptions, row: number, value: ValueName, most: number):
      { paths: { stack: Frame[]; value: number }[]; rest: number; more: number } {
    const { rows } = this.rows(options), own = rows.ofSamples();
    if (!own) return { paths: [{ stack: rows.stack(row), value: 0 }], rest: 0, more: 0 };
    const values = this.values({ ...options, sort: undefined }, value), samples: number[] = [];
    own.forEach((r, s) => { if (r === row) samples.push(s); });
    samples.sort((a, b) => Math.abs(values[b]!) - Math.abs(values[a]!));
    const found = new Map<string, { stack: Frame[]; value: number }>();
    let at = 0;
    for (; at < samples.length && at < 40 * most && found.size <= most; at++) {
      const stack = rows.path(samples[at]!), key = stack.map((f) => `${f.function} ${f.file}:${f.line} ${f.address}`).join();
      const same = found.get(key);
      if (same) same.value += values[samples[at]!]!;
      else found.set(key, { stack, value: values[samples[at]!]! });
    }
    const paths = [...found.values()].slice(0, most);
    const all = samples.reduce((sum, s) => sum + values[s]!, 0), shown = paths.reduce((sum, p) => sum + p.value, 0);
    return { paths, rest: all - shown, more: samples.length - at + Math.max(0, found.size - most) };
  }

  totals(options: ViewOptions): Totals {
    return this.#sums.get(sumKey(options), () =>
      totalsOf(this.profile.rows({ ...options, by: "domain", cumulative: false }).totals()));
  }

  // Perhaps not whole yet: whoever can wait adds samples a few at a time.
  growingTrie(options: ViewOptions, flags = 0): CoreTrie {
    const { wrapper, keepStd, keepWrappers } = options; // nothing else changes it
    const charged = { wrapper: wrapper ?? [], keepStd: !!keepStd, keepWrappers: !!keepWrappers };
    return this.#tries.get([charged, flags], () => this.profile.trie(charged, flags));
  }

  trie(options: ViewOptions): CoreTrie {
    const trie = this.growingTrie(options);
    trie.add(2 ** 31);
    return trie;
  }

  values(options: ViewOptions, value: ValueName): Float64Array {
    return this.#valuesOf.get([options, value], () => this.profile.values(options, value));
  }

  get ticks(): Ticks {
    return this.#ticksOf ??= this.profile.ticks();
  }

  // Who was watched, by start; one process is its own only member.
  get members(): readonly Member[] {
    return this.#membersOf ??= this.#members();
  }

  #members(): Member[] {
    const all = this.profile.members().map(({ info, ticks }) => ({ info: infoOf(info), ticks }));
    return (all.length ? all : [{ info: this.info, ticks: this.ticks }]).map(({ info, ticks: { time, rss } }) => {
      const from = (info.startNs - this.info.startNs) / 1e9, name = baseName(info.command[0] || info.exe);
      return { info, name: `${name} ${info.pid}`, from, to: from + info.duration, peak: rss.reduce((a, b) => Math.max(a, b), info.peakRss),
        time: time.map((t) => from + t), rss };
    }).sort((a, b) => a.from - b.from || a.info.pid - b.info.pid);
  }

  get ages(): Age[] {
    return this.#agesOf ??= this.profile.ages();
  }

  get #measured(): { rows: ScopeRow[]; figures: Figures } {
    return this.#scopesOf ??= this.profile.scopes();
  }

  get scopes(): ScopeRow[] {
    return this.#measured.rows;
  }

  get figures(): Figures {
    return this.#measured.figures;
  }

  get events(): { marks: TimeEvent[]; counters: TimeEvent[]; scopes: TimeEvent[]; open: TimeEvent[] } {
    const p = this.profile;
    return this.#eventsOf ??= { marks: p.marks(), counters: p.counters(), scopes: p.scopeEvents(), open: p.openScopes() };
  }
}

// ---- the command's JSON ---------------------------------------------------------------------------

type Json = Record<string, unknown>;

const frameJson = (f: Frame): Json => ({ function: f.function, file: f.file, line: f.line,
  module: f.module, address: f.address, inlined: f.inlined });

function putStack(out: Json, stack: readonly Frame[]): void {
  const missing = stack[stack.length - 1]?.missing;
  out["stack"] = stack.map(frameJson);
  if (missing) Object.assign(out, { total_frames: stack.length - 1 + missing, total_frames_at_least: missing >= MISSING_ROUNDED });
}

function columnsJson(values: Float64Array, prefix = ""): Json {
  const out: Json = {};
  for (const name of COLUMNS) out[prefix + name] = values[VALUES.indexOf(name)];
  return out;
}

function rowJson(rows: CoreRows, i: number, withStack: boolean): Json {
  const row: Row = rows.get(i);
  const out: Json = { key: row.key, function: row.function, file: row.file, line: row.line,
    module: row.module, ...columnsJson(row.value) };
  if (row.margin) out["margin"] = columnsJson(row.margin);
  if (withStack) putStack(out, rows.stack(i));
  return out;
}

function diffRowJson(diff: CoreDiff, i: number, withStack: boolean): Json {
  const row = diff.get(i);
  const out: Json = { key: row.key, state: row.state, old_key: row.oldKey, function: row.function,
    file: row.file, line: row.line, module: row.module };
  for (const name of COLUMNS) {
    const v = VALUES.indexOf(name);
    out[`old_${name}`] = row.old[v];
    out[`new_${name}`] = row.new[v];
    out[`diff_${name}`] = row.diff[v];
  }
  if (row.margin) out["margin"] = columnsJson(row.margin);
  if (withStack) putStack(out, diff.stack(i));
  return out;
}

function scopeJson(row: ScopeRow): Json {
  const out: Json = { name: row.name, process: row.process, threads: row.threads, count: row.count,
    errors: row.errors };
  for (const name of SCOPE_VALUES) {
    const { sum, mean, p50, p95, max, own, min, stddev, margin } = row.value[name], all = { sum, mean, p50, p95, max, min, stddev };
    out[name] = margin === undefined ? all : { ...all, sum_margin: margin };
    if (name !== "peak_bytes") out[`own_${name}`] = own;
  }
  return { ...out, ...row.more };
}

// ---- the model ------------------------------------------------------------------------------------

export interface DiffInfo {
  by: Group;
  sort: Sort;
  has: boolean[]; // columns that both sides have
  passed: Float64Array; // changes of all rows together
  notes: string[];
}

export class Model {
  readonly #diffs = new Memo<{ diff: CoreDiff; info: DiffInfo }>(12);
  readonly #sorts = new Memo<Sort>(24);
  #joinedOf: { side: Side; isNew: Uint8Array } | undefined;

  // of a comparison, current is the new side
  constructor(readonly current: Side, readonly old: Side | undefined) {}

  get compares(): boolean {
    return this.old !== undefined;
  }

  // Whether rows are changes: of a comparison, and over a range.
  isDiff(options: ViewOptions): boolean {
    return this.compares || !!options.from || !!options.to;
  }

  // Of a comparison at is the moment of both sides; else from and to are moments of one profile.
  diff(options: ViewOptions): { diff: CoreDiff; info: DiffInfo } {
    const { at, from, to, ...rest } = options;
    const moments = this.old ? { from: at || "end", to: at || "end" } : { from: from || "0s", to: to || "end" };
    const question = { ...rest, ...moments };
    return this.#diffs.get(question, () => {
      const diff = (this.old ?? this.current).profile.diff(this.current.profile, question);
      const p = diff.info();
      return { diff, info: { by: first(p, "by") as Group, sort: first(p, "sort") as Sort,
        has: all(p, "has").map((x) => x === "1"), passed: Float64Array.from(all(p, "passed"), Number),
        notes: all(p, "note") } };
    });
  }

  // The column that the command compares by when none is asked for, which is decided by sums: no
  // grouping or filter changes it.
  sortOf(at: string): Sort {
    return this.#sorts.get(at, () => this.diff({ by: "line", at: at || undefined }).info.sort);
  }

  // Both sides as one profile, and which samples are of the new one.
  get joined(): { side: Side; isNew: Uint8Array } {
    if (!this.old) throw new CoreError("there is one profile", "");
    if (!this.#joinedOf) {
      const profile = CoreProfile.join(this.old.profile, this.current.profile);
      this.#joinedOf = { side: new Side(profile, "both"), isNew: profile.sides() };
    }
    return this.#joinedOf;
  }

  // ---- for scripts: CONTRACT of the page, the command's JSON

  totals(options: ViewOptions = {}): unknown {
    if (!this.old) return this.current.totals(options);
    const { diff } = this.diff(options);
    const old = totalsOf(diff.totals(0)), next = totalsOf(diff.totals(1));
    const change = {} as Record<string, number>;
    for (const name of Object.keys(next) as (keyof Totals)[]) change[name] = next[name] - old[name];
    return { old, new: next, diff: change };
  }

  rows(options: ViewOptions = {}): unknown[] {
    const withStack = options.by === "stack";
    if (this.isDiff(options)) {
      const { diff } = this.diff(options);
      return Array.from({ length: diff.n }, (_, i) => diffRowJson(diff, i, withStack));
    }
    const { rows } = this.current.rows(options);
    return Array.from({ length: rows.n }, (_, i) => rowJson(rows, i, withStack));
  }

  scopes(): unknown[] {
    return this.current.scopes.map(scopeJson);
  }

  // What the program has set and counted: members of the JSON of scopes.
  figures(): Json {
    const { figures: { counter, cache }, info } = this.current;
    return { metadata: Object.fromEntries(info.metadata), counters: counter, caches: cache };
  }
}
