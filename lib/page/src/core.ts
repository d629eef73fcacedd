// SPDX-License-Identifier: MIT
// The core (../core): the profile and its views, which the command shares, as WebAssembly. This file
// is the only one that knows of its memory; what it returns are values of the script's own.
import { fixed } from "./format";

export const VALUES = [
  "total_blocks", "total_bytes", "live_blocks", "live_bytes", "peak_blocks", "peak_bytes",
  "temporary_blocks", "max_bytes", "waste_bytes",
] as const; // enum mt_value, in its order
export type ValueName = (typeof VALUES)[number];
export const N_VALUES = VALUES.length;

// In the order of the command's JSON.
export const COLUMNS: readonly ValueName[] = [
  "live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks",
  "temporary_blocks", "max_bytes", "waste_bytes",
];

// Names of --sort.
export const SORTS = {
  live: "live_bytes", peak: "peak_bytes", total: "total_bytes", blocks: "total_blocks",
  temporary: "temporary_blocks", max: "max_bytes", waste: "waste_bytes",
  "live-blocks": "live_blocks", "peak-blocks": "peak_blocks", "total-blocks": "total_blocks",
} as const satisfies Record<string, ValueName>;
export type Sort = keyof typeof SORTS;

export const GROUPS = [
  "line", "function", "file", "module", "stack", "thread", "scope", "size", "domain", "process",
] as const;
export type Group = (typeof GROUPS)[number];

export const FRAME_KINDS = [
  "user", "hook", "allocator", "library", "system", "runtime", "interpreter",
] as const; // enum mt_frame_kind
export const MISSING_ROUNDED = 256; // so many missing frames, or more, are at least so many

export interface Frame {
  function: string;
  file: string;
  line: number;
  module: string;
  address: string;
  inlined: boolean;
  kind: (typeof FRAME_KINDS)[number];
  missing: number; // of "[truncated]": frames, in steps from MISSING_ROUNDED on; 0: not known
}

export interface Row {
  key: string;
  function: string;
  file: string;
  line: number;
  module: string;
  value: Float64Array; // by enum mt_value
  margin: Float64Array | undefined; // of a sampled recording: half of the 95 % interval
  sites: number; // distinct call paths in it
  sample: number; // the first of them
  maxIsBound: boolean;
}

export interface DiffRow {
  key: string;
  oldKey: string;
  state: string; // both, new, vanished
  function: string;
  file: string;
  line: number;
  module: string;
  old: Float64Array;
  new: Float64Array;
  diff: Float64Array;
  margin: Float64Array | undefined;
  moved: boolean;
}

// A mark, a value of a counter, a scope that has ended or is open; what a kind has not is 0 or "".
export interface TimeEvent {
  time: number; // seconds since the start of the recording
  duration: number;
  value: number; // of a counter; net bytes of a scope
  peak: number;
  allocatedBytes: number;
  allocatedBlocks: number;
  name: string;
  thread: string;
  about: string; // "key=value, key=value"
  isTrigger: boolean;
  isProcess: boolean;
  tid: number;
}

export const SCOPE_VALUES = [
  "net_bytes", "peak_bytes", "allocated_bytes", "allocated_blocks", "freed_bytes", "duration_ns",
  "cpu_ns",
] as const; // enum mt_scope_value
export interface Statistic {
  sum: number;
  mean: number;
  p50: number;
  p95: number;
  max: number;
  own: number;
  min: number | null; // null: an older recorder did not measure it
  stddev: number | null;
  margin: number | undefined;
}
export interface ScopeRow {
  name: string;
  process: boolean;
  threads: number;
  count: number;
  errors: number;
  more: Record<string, string | number | null>; // the members of JSON that stand at its end
  value: Record<(typeof SCOPE_VALUES)[number], Statistic>;
}

// Counters and caches of the program, as the command's JSON has them.
export type Figure = { [key: string]: string | number | null | Figure };
export type Figures = Record<"counter" | "cache", Figure[]>;

// Blocks that are live and were allocated in a stretch of time.
export interface Age {
  from: number; // seconds
  to: number;
  bytes: number;
  blocks: number;
}

export interface Ticks {
  n: number;
  time: Float64Array; // seconds
  live: Float64Array;
  blocks: Float64Array; // total
  rss: Float64Array; // 0: not read at this tick, as in the next three
  pss: Float64Array;
  uss: Float64Array;
  swap: Float64Array;
  anonymous: Float64Array;
  known: Float64Array; // 1: the composition is known of this very tick
}

// What a view is of; as the command's options.
export interface ViewOptions {
  by?: Group;
  sort?: Sort | undefined;
  cumulative?: boolean;
  at?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  include?: readonly string[];
  exclude?: readonly string[];
  wrapper?: readonly string[];
  allFrames?: boolean;
  keepStd?: boolean;
  keepWrappers?: boolean;
}

export type Pairs = readonly (readonly [string, string])[];

type Pointer = number;
type Exports = Record<string, (...args: number[]) => number> & {
  memory: WebAssembly.Memory;
  _initialize: () => void;
};

export class CoreError extends Error {
  constructor(message: string, readonly hint: string) {
    super(message);
  }
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

// As C's %.*f, and %.*g when general.
function formatNumber(value: number, precision: number, general: boolean): string {
  if (!general) return fixed(value, precision);
  const text = value.toPrecision(precision || 1);
  if (text.includes("e")) return text;
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

export class Core {
  private constructor(readonly x: Exports) {}

  static async load(wasm: Uint8Array): Promise<Core> {
    let x: Exports | undefined;
    // core/wasm/stdio.c
    const page = {
      format: (value: number, precision: number, conversion: number, at: Pointer): number =>
        encoder.encodeInto(formatNumber(value, precision, conversion === 103),
          new Uint8Array(x!.memory.buffer, at)).written,
      parse: (at: Pointer, n: number): number =>
        Number(decoder.decode(new Uint8Array(x!.memory.buffer, at, n))),
    };
    const { instance } = await WebAssembly.instantiate(wasm as BufferSource, { page });
    x = instance.exports as unknown as Exports;
    x._initialize();
    return new Core(x);
  }

  fail(): never {
    const { mt_core_error_message, mt_core_error_hint } = this.x;
    throw new CoreError(this.text(mt_core_error_message!()), this.text(mt_core_error_hint!()));
  }

  call(name: string, ...args: number[]): number {
    return this.x[name]!(...args);
  }

  get bytes(): Uint8Array {
    return new Uint8Array(this.x.memory.buffer);
  }

  #end(at: Pointer): number {
    return this.bytes.indexOf(0, at);
  }

  text(at: Pointer): string {
    return at ? decoder.decode(this.bytes.subarray(at, this.#end(at))) : "";
  }

  pairs(at: Pointer): Pairs {
    const out: [string, string][] = [];
    for (;;) {
      const key = this.text(at);
      if (!key) return out;
      at = this.#end(at) + 1;
      out.push([key, this.text(at)]);
      at = this.#end(at) + 1;
    }
  }

  // Runs use with the address of the bytes, followed by a NUL.
  with<T>(bytes: Uint8Array, use: (at: Pointer) => T): T {
    const at = this.call("mt_core_memory_new", bytes.length + 1);
    if (!at) throw new CoreError("the page ran out of memory", "Open a smaller profile.");
    const memory = this.bytes;
    memory.set(bytes, at);
    memory[at + bytes.length] = 0;
    try {
      return use(at);
    } finally {
      this.call("mt_core_memory_free", at);
    }
  }

  withText<T>(text: string, use: (at: Pointer) => T): T {
    return this.with(encoder.encode(text), use);
  }

  withOptions<T>(o: ViewOptions, use: (at: Pointer) => T): T {
    let text = "";
    const put = (key: string, value: string): void => {
      text += `${key}\0${value.replaceAll("\0", "")}\0`;
    };
    for (const key of ["by", "sort", "at", "from", "to"] as const) {
      const value = o[key];
      if (value) put(key, value); // "", as in the state: the default
    }
    for (const pattern of o.include ?? []) put("include", pattern);
    for (const pattern of o.exclude ?? []) put("exclude", pattern);
    for (const pattern of o.wrapper ?? []) put("wrapper", pattern);
    if (o.cumulative) put("cumulative", "");
    if (o.allFrames) put("all-frames", "");
    if (o.keepStd) put("keep-std", "");
    if (o.keepWrappers) put("keep-wrappers", "");
    return this.withText(text, use);
  }

  // Copies doubles and gives back the core's.
  takeDoubles(at: Pointer, n: number): Float64Array {
    if (!at) this.fail();
    const out = new Float64Array(this.x.memory.buffer, at, n).slice();
    this.call("mt_core_memory_free", at);
    return out;
  }

  takeWords(at: Pointer, n: number): Uint32Array | undefined {
    if (!at) return undefined;
    const out = new Uint32Array(this.x.memory.buffer, at, n).slice();
    this.call("mt_core_memory_free", at);
    return out;
  }

  // An array behind its length.
  takeList(at: Pointer): Uint32Array {
    if (!at) throw new CoreError("the page ran out of memory", "Open a smaller profile.");
    return this.takeWords(at, this.words(at, 1)[0]! + 1)!.subarray(1);
  }

  doubles(at: Pointer, n: number): Float64Array {
    return new Float64Array(this.x.memory.buffer, at, n);
  }

  words(at: Pointer, n: number): Uint32Array {
    return new Uint32Array(this.x.memory.buffer, at, n);
  }

  frame(at: Pointer): Frame {
    const w = this.words(at + 8, 7);
    return { function: this.text(w[0]!), file: this.text(w[1]!), line: this.doubles(at, 1)[0]!,
      module: this.text(w[2]!), address: this.text(w[3]!), inlined: w[4] !== 0,
      kind: FRAME_KINDS[w[5]!] ?? "user", missing: w[6]! };
  }

  event(at: Pointer): TimeEvent {
    const d = this.doubles(at, 6), w = this.words(at + 48, 6);
    return { time: d[0]!, duration: d[1]!, value: d[2]!, peak: d[3]!, allocatedBytes: d[4]!,
      allocatedBlocks: d[5]!, name: this.text(w[0]!), thread: this.text(w[1]!),
      about: this.text(w[2]!), isTrigger: w[3] === 1, isProcess: w[4] !== 0, tid: w[5]! };
  }
}

// A handle of the core's, given back with free() or when nobody can reach it any more.
const registry = new FinalizationRegistry<() => void>((free) => free());
abstract class Handle {
  constructor(readonly core: Core, readonly at: Pointer, freeName: string) {
    if (!at) core.fail();
    registry.register(this, () => core.call(freeName, at));
  }
}

export class CoreProfile extends Handle {
  constructor(core: Core, at: Pointer) {
    super(core, at, "mt_core_profiles_free");
  }

  static read(core: Core, bytes: Uint8Array, name: string): CoreProfile {
    const at = core.withText(name, (n) =>
      core.with(bytes, (b) => core.call("mt_core_profiles_read", b, bytes.length, n)));
    return new CoreProfile(core, at);
  }

  // What the page of a comparison knows of the lines of this side.
  addLines(block: Uint8Array, side: number): void {
    const added = this.core.with(block, (b) => this.core.call("mt_core_profiles_add_lines", this.at, b, block.length, side));
    if (!added) throw new CoreError("the page ran out of memory", "Open a smaller profile.");
  }

  // Both as one, for flame graphs; sides() tells whose a sample is (1: the new one's).
  static join(old: CoreProfile, next: CoreProfile): CoreProfile {
    return new CoreProfile(old.core, old.core.call("mt_core_profiles_join", old.at, next.at));
  }

  sides(): Uint8Array {
    const at = this.core.call("mt_core_profiles_sides", this.at);
    const out = this.core.bytes.slice(at, at + this.nSamples);
    this.core.call("mt_core_memory_free", at);
    return out;
  }

  get nSamples(): number {
    return this.core.call("mt_core_profiles_n_samples", this.at);
  }

  info(): Pairs {
    return this.core.pairs(this.core.call("mt_core_profiles_info", this.at));
  }

  rows(options: ViewOptions): CoreRows {
    return new CoreRows(this, this.core.withOptions(options, (o) =>
      this.core.call("mt_core_rows_new", this.at, o)));
  }

  diff(next: CoreProfile, options: ViewOptions): CoreDiff {
    return new CoreDiff(this.core, this.core.withOptions(options, (o) =>
      this.core.call("mt_core_diffs_new", this.at, next.at, o)));
  }

  trie(options: ViewOptions, flags: number): CoreTrie {
    return new CoreTrie(this, this.core.withOptions(options, (o) =>
      this.core.call("mt_core_tries_new", this.at, o, flags)));
  }

  // A value of each sample; of a range (from, to) the change of what is live.
  values(options: ViewOptions, value: ValueName): Float64Array {
    return this.core.takeDoubles(this.core.withOptions(options, (o) =>
      this.core.call("mt_core_tries_values", this.at, o, VALUES.indexOf(value))), this.nSamples);
  }

  ticks(of = this.at): Ticks {
    const n = this.core.call("mt_core_series_n_ticks", of), width = 9;
    const all = this.core.takeDoubles(this.core.call("mt_core_series_ticks", of), n * width);
    const column = (c: number): Float64Array => Float64Array.from({ length: n }, (_, i) => all[i * width + c]!);
    return { n, time: column(0), live: column(1), blocks: column(2), rss: column(3), pss: column(4),
      swap: column(5), anonymous: column(6), known: column(7), uss: column(8) };
  }

  // Of a tree that was watched: its processes.
  members(): { info: Pairs; ticks: Ticks }[] {
    const out = [];
    for (let at; (at = this.core.call("mt_core_profiles_member", this.at, out.length)); )
      out.push({ info: this.core.pairs(this.core.call("mt_core_profiles_info", at)), ticks: this.ticks(at) });
    return out;
  }

  ages(): Age[] {
    const n = this.core.call("mt_core_series_n_ages", this.at);
    const all = this.core.takeDoubles(this.core.call("mt_core_series_ages", this.at), n * 4);
    return Array.from({ length: n }, (_, i) => ({ from: all[4 * i]!, to: all[4 * i + 1]!, bytes: all[4 * i + 2]!, blocks: all[4 * i + 3]! }));
  }

  #events(what: string): TimeEvent[] {
    const n = this.core.call(`mt_core_series_n_${what}s`, this.at);
    return Array.from({ length: n }, (_, i) =>
      this.core.event(this.core.call(`mt_core_series_${what}`, this.at, i)));
  }
  marks(): TimeEvent[] { return this.#events("mark"); }
  counters(): TimeEvent[] { return this.#events("counter"); }
  scopeEvents(): TimeEvent[] { return this.#events("event"); }
  openScopes(): TimeEvent[] {
    const n = this.core.call("mt_core_series_n_open", this.at);
    return Array.from({ length: n }, (_, i) =>
      this.core.event(this.core.call("mt_core_series_open", this.at, i)));
  }

  scopes(sort = "peak"): { rows: ScopeRow[]; figures: Figures } {
    const core = this.core;
    const rows = core.withText(sort, (s) => core.call("mt_core_scopes_new", this.at, s));
    if (!rows) core.fail();
    const out: ScopeRow[] = [];
    const n = core.call("mt_core_scopes_count", rows), values = SCOPE_VALUES.length;
    for (let i = 0; i < n; i++) {
      const at = core.call("mt_core_scopes_at", rows, i);
      const d = core.doubles(at, values * 9 + 8).slice(), w = core.words(at + (values * 9 + 8) * 8, 8);
      const value = {} as ScopeRow["value"], text = (k: number) => core.text(w[k]!) || null;
      const [count, errors, recursive, misuses, line, before, after, unmeasured] = d.subarray(values * 9) as unknown as number[];
      SCOPE_VALUES.forEach((name, v) => {
        const margin = d[values * 8 + v]!, [sum, mean, p50, p95, max, own, min, stddev] = d.subarray(v * 8) as unknown as number[];
        value[name] = { sum: sum!, mean: mean!, p50: p50!, p95: p95!, max: max!, own: own!, min: w[6] ? min! : null,
          stddev: w[6] ? stddev! : null, margin: margin < 0 ? undefined : margin };
      });
      out.push({ name: core.text(w[0]!), process: w[1] !== 0, threads: w[2]!, count: count!, errors: errors!, value,
        more: { group: core.text(w[3]!), file: text(4), line: text(4) && line!, recursive: recursive!, misuses: misuses!, error: text(5),
          latest_before_bytes: w[7] ? before! : null, latest_after_bytes: w[7] ? after! : null, ...(unmeasured ? { unmeasured } : {}) } });
    }
    const figures: Figures = { counter: [], cache: [] };
    let row: Figure = {}, at = row;
    for (const [key, text] of core.pairs(core.call("mt_core_scopes_figures", rows))) {
      if (key === "counter" || key === "cache") figures[key].push(at = row = { name: text });
      else if (key.endsWith("_ns")) row[key] = at = {};
      else {
        if (key === "size_bytes") at = row; // behind the times
        at[key] = text ? Number(text) : null;
      }
    }
    core.call("mt_core_scopes_free", rows);
    return { rows: out, figures };
  }
}

export class CoreRows extends Handle {
  readonly n: number;
  constructor(readonly profile: CoreProfile, at: Pointer) {
    super(profile.core, at, "mt_core_rows_free");
    this.n = this.core.call("mt_core_rows_count", at);
  }

  totals(): Pairs {
    return this.core.pairs(this.core.call("mt_core_rows_totals", this.at));
  }

  get(i: number): Row {
    const core = this.core, at = core.call("mt_core_rows_at", this.at, i);
    const d = core.doubles(at, 2 * N_VALUES + 1).slice(), w = core.words(at + (2 * N_VALUES + 1) * 8, 8);
    return { key: core.text(w[0]!), function: core.text(w[1]!), file: core.text(w[2]!),
      line: d[2 * N_VALUES]!, module: core.text(w[3]!), value: d.subarray(0, N_VALUES),
      margin: w[6] ? d.subarray(N_VALUES, 2 * N_VALUES) : undefined, sites: w[4]!, sample: w[5]!,
      maxIsBound: w[7] !== 0 };
  }

  column(value: ValueName): Float64Array {
    return this.core.takeDoubles(
      this.core.call("mt_core_rows_column", this.at, VALUES.indexOf(value)), this.n);
  }

  stack(i: number): Frame[] {
    return this.#frames(this.core.call("mt_core_rows_stack", this.at, i));
  }

  // The call path of a sample.
  path(sample: number): Frame[] {
    return this.#frames(this.core.call("mt_core_rows_path", this.at, sample));
  }

  #frames(n: number): Frame[] {
    return Array.from({ length: n }, (_, k) =>
      this.core.frame(this.core.call("mt_core_rows_frame", this.at, k)));
  }

  inFile(file: string): Uint32Array {
    return this.core.takeList(this.core.withText(file, (f) => this.core.call("mt_core_rows_in_file", this.at, f)));
  }

  // The row of each sample, 0xffffffff: none. Not of cumulative rows.
  ofSamples(): Uint32Array | undefined {
    return this.core.takeWords(this.core.call("mt_core_rows_of_samples", this.at), this.profile.nSamples);
  }

  // Live bytes of rows over the ticks, one row after the other; of none: of all rows together.
  courses(indexes: readonly number[], nTicks: number): Float64Array {
    const words = new Uint8Array(Uint32Array.from(indexes).buffer);
    return this.core.takeDoubles(this.core.with(words, (p) =>
      this.core.call("mt_core_series_rows", this.at, p, indexes.length)), (indexes.length || 1) * nTicks);
  }

  // The most live bytes that each row had at any tick.
  mostEver(): Float64Array {
    return this.core.takeDoubles(this.core.call("mt_core_series_highest", this.at), this.n);
  }

  notes(): string[] {
    return this.core.pairs(this.core.call("mt_core_rows_notes", this.at)).map(([, text]) => text);
  }
}

export class CoreDiff extends Handle {
  readonly n: number;
  constructor(core: Core, at: Pointer) {
    super(core, at, "mt_core_diffs_free");
    this.n = core.call("mt_core_diffs_count", at);
  }

  info(): Pairs {
    return this.core.pairs(this.core.call("mt_core_diffs_info", this.at));
  }

  totals(side: 0 | 1): Pairs {
    return this.core.pairs(this.core.call("mt_core_diffs_totals", this.at, side));
  }

  get(i: number): DiffRow {
    const core = this.core, at = core.call("mt_core_diffs_at", this.at, i), n = N_VALUES;
    const d = core.doubles(at, 4 * n + 1).slice(), w = core.words(at + (4 * n + 1) * 8, 8);
    return { key: core.text(w[0]!), oldKey: core.text(w[1]!), function: core.text(w[2]!),
      file: core.text(w[3]!), line: d[4 * n]!, module: core.text(w[4]!), state: core.text(w[5]!),
      old: d.subarray(0, n), new: d.subarray(n, 2 * n), diff: d.subarray(2 * n, 3 * n),
      margin: w[6] ? d.subarray(3 * n, 4 * n) : undefined, moved: w[7] !== 0 };
  }

  // Changes of all rows.
  column(value: ValueName): Float64Array {
    return this.core.takeDoubles(
      this.core.call("mt_core_diffs_column", this.at, VALUES.indexOf(value)), this.n);
  }

  inFile(file: string): Uint32Array {
    return this.core.takeList(this.core.withText(file, (f) => this.core.call("mt_core_diffs_in_file", this.at, f)));
  }

  stack(i: number): Frame[] {
    const n = this.core.call("mt_core_diffs_stack", this.at, i);
    return Array.from({ length: n }, (_, k) =>
      this.core.frame(this.core.call("mt_core_diffs_frame", this.at, k)));
  }
}

export const BY_FUNCTION = 2; // of a trie: frames of one function are one, whatever their lines

const NOTHING = new Uint32Array(0);

// Empty until add() has been called often enough.
export class CoreTrie extends Handle {
  n = 0; // nodes; 0 is the root, a node comes after its parent
  nFrames = 0;
  parent = NOTHING;
  frame = NOTHING; // of each node: for frameAt
  leaf = NOTHING; // of each sample, 0: it has no frame
  functionOf = NOTHING; // of each frame: a number that frames of one function share
  #left: number; // samples
  readonly #frames: (Frame | undefined)[] = [];

  constructor(readonly profile: CoreProfile, at: Pointer) {
    super(profile.core, at, "mt_core_tries_free");
    this.#left = profile.nSamples + 1; // so that an empty profile is added, too
  }

  get isWhole(): boolean {
    return this.#left === 0;
  }

  get progress(): number {
    return 1 - this.#left / (this.profile.nSamples + 1);
  }

  // Adds up to n samples more.
  add(n: number): void {
    if (!this.#left) return;
    const left = this.core.call("mt_core_tries_add", this.at, n);
    if (left < 0) this.core.fail();
    this.#left = left;
    if (!left) this.#read();
  }

  // Copies: the core's memory moves when it grows.
  #read(): void {
    const a = this.core.words(this.core.call("mt_core_tries_arrays", this.at), 6).slice();
    this.n = a[0]!;
    this.nFrames = a[4]!;
    this.parent = this.core.words(a[1]!, this.n).slice();
    this.frame = this.core.words(a[2]!, this.n).slice();
    this.leaf = this.core.words(a[3]!, this.profile.nSamples).slice();
    this.functionOf = this.core.words(a[5]!, this.nFrames).slice();
  }

  frameAt(frame: number): Frame {
    return this.#frames[frame] ??= this.core.frame(this.core.call("mt_core_tries_frame", this.at, frame));
  }
}
