// SPDX-License-Identifier: MIT
// Rows: one for each line, function, file, …; of a comparison or a range their changes. Only those
// that are on the screen exist as elements.
import { metricOf } from "../bar";
import { COLUMNS, GROUPS, MISSING_ROUNDED, SORTS, VALUES, type DiffRow, type Frame, type Row, type ValueName } from "../core";
import { el, pick, toggle, width } from "../dom";
import * as format from "../format";
import { optionsOf } from "../state";
import type { Context, View, ViewKind } from "../view";
import { sparkline } from "./sparkline";

const ROW_PX = 28, SPARE = 12;
const LABELS: Record<ValueName, string> = {
  live_bytes: "Live", live_blocks: "Blocks live", peak_bytes: "Peak", peak_blocks: "Blocks at peak",
  total_bytes: "Total", total_blocks: "Blocks", temporary_blocks: "Temporary", max_bytes: "Max", waste_bytes: "Waste",
};
const SHOWN: readonly ValueName[] = ["peak_bytes", "live_bytes", "total_bytes", "total_blocks", "temporary_blocks", "max_bytes", "waste_bytes"];
const isBytes = (name: ValueName): boolean => name.endsWith("_bytes");

interface Entry {
  key: string;
  row: Row | DiffRow;
  values: Float64Array;
  stack(): Frame[];
}

class Table implements View {
  readonly #scroll = el("div", { class: "rows", tabIndex: 0, aria: { role: "grid", "aria-label": "Rows" } });
  readonly #head = el("div", { class: "row head", aria: { role: "row" } });
  readonly #body = el("div", { class: "body" });
  readonly #detail = el("section", { class: "detail", aria: { "aria-label": "Call paths" } });
  readonly #options = el("div", { class: "tools" });
  #order: Uint32Array = new Uint32Array(0);
  #entry!: (i: number) => Entry;
  #columns: ValueName[] = [];
  #whole!: Float64Array;
  #metric: ValueName = "peak_bytes";
  #courses = new Map<number, Float64Array>();
  #chosen = -1;
  #latest = 0; // that was chosen here: a name is looked for in all rows only when it comes from elsewhere
  #isDiff = false;

  constructor(private readonly context: Context) {}

  mount(host: HTMLElement): void {
    this.#scroll.append(this.#head, this.#body);
    this.#scroll.onscroll = () => this.#draw();
    host.append(el("div", { class: "table" }, this.#options, this.#scroll, this.#detail));
    addEventListener("resize", this.#resized);
    this.update();
  }

  unmount(): void {
    removeEventListener("resize", this.#resized);
  }

  readonly #resized = (): void => this.#draw();

  update(): void {
    const { model, state } = this.context, options = optionsOf(state);
    this.#isDiff = model.isDiff(options);
    this.#courses.clear();
    if (this.#isDiff) this.#readDiff();
    else this.#readRows();
    this.#sort();
    this.#renderOptions();
    this.#renderHead();
    this.#body.style.height = `${this.#order.length * ROW_PX}px`;
    this.#chosen = state.select ? this.#find(state.select) : -1;
    if (this.#chosen >= 0) this.#reveal(this.#chosen);
    this.#draw();
    this.#renderDetail();
    this.context.say("");
  }

  #readRows(): void {
    const { model, state } = this.context, sort = metricOf(this.context);
    const { rows, info } = model.current.rows({ ...optionsOf(state), sort });
    this.#metric = SORTS[sort];
    this.#whole = info.whole;
    this.#columns = SHOWN.filter((name) => info.has[VALUES.indexOf(name)]);
    this.#order = Uint32Array.from({ length: rows.n }, (_, i) => i);
    this.#column = (name) => rows.column(name);
    this.#entry = (i) => {
      const row = rows.get(i);
      return { key: row.key, row, values: row.value, stack: () => rows.stack(i) };
    };
  }

  #readDiff(): void {
    const { model, state } = this.context, { diff, info } = model.diff(optionsOf(state));
    this.#metric = SORTS[info.sort];
    this.#whole = info.passed;
    this.#columns = SHOWN.filter((name) => info.has[VALUES.indexOf(name)] && (model.compares || name === "live_bytes"));
    if (!this.#columns.includes(this.#metric)) this.#columns.unshift(this.#metric);
    this.#order = Uint32Array.from({ length: diff.n }, (_, i) => i);
    this.#column = (name) => diff.column(name).map(Math.abs);
    this.#entry = (i) => {
      const row = diff.get(i);
      return { key: row.key, row, values: row.diff, stack: () => diff.stack(i) };
    };
  }

  #column: (name: ValueName) => Float64Array = () => new Float64Array(0);

  // The core has put them in the order of the metric; others are put in order here.
  #sort(): void {
    const { order } = this.context.state, name = order.replace(/^-/, "") as ValueName | "key";
    if (!order) return;
    if (name === "key") {
      const keys = Array.from(this.#order, (i) => this.#entry(i).key);
      this.#order.sort((a, b) => (keys[a]! < keys[b]! ? -1 : keys[a]! > keys[b]! ? 1 : a - b));
    } else if (VALUES.includes(name)) {
      const values = this.#column(name);
      this.#order.sort((a, b) => values[b]! - values[a]! || a - b);
    }
    if (!order.startsWith("-") && name !== "key") this.#order.reverse();
    if (order.startsWith("-") && name === "key") this.#order.reverse();
  }

  #find(key: string): number {
    const is = (i: number): boolean => this.#entry(this.#order[i]!).key === key;
    if (this.#latest < this.#order.length && is(this.#latest)) return this.#latest;
    for (let i = 0; i < this.#order.length; i++) if (is(i)) return i;
    return -1;
  }

  #reveal(i: number): void {
    const top = i * ROW_PX, { scrollTop, clientHeight } = this.#scroll;
    if (top < scrollTop) this.#scroll.scrollTop = top;
    else if (top + 2 * ROW_PX > scrollTop + clientHeight) this.#scroll.scrollTop = top + 3 * ROW_PX - clientHeight;
  }

  #renderOptions(): void {
    const { state, model } = this.context;
    const groups = GROUPS.filter((by) => by !== "stack" && (by !== "process" || model.current.info.processes > 1));
    const frames = ["line", "function", "file", "module"].includes(state.by);
    this.#options.replaceChildren(
      pick("by", groups.map((by) => ({ value: by, label: by })), state.by, (by) =>
        this.context.set({ by: by as (typeof GROUPS)[number], select: "", order: "" })),
      frames ? toggle("with what it called", state.cumulative, (cumulative) => this.context.set({ cumulative }),
        "Charge every frame of a call path, not only the innermost (--cumulative)") : "",
      el("span", { class: "dim grow", textContent: format.plural(this.#order.length, "row") }));
  }

  #renderHead(): void {
    const cell = (name: ValueName | "key", label: string, names: string): HTMLElement => {
      const { order } = this.context.state, current = order || `-${this.#metric}`;
      const direction = current === name ? "ascending" : current === `-${name}` ? "descending" : "none";
      const button = el("button", { type: "button", textContent: label });
      button.onclick = () => this.context.set({ order: direction === "descending" ? name : direction === "ascending" ? `-${name}` : name === "key" ? "key" : `-${name}` });
      return el("span", { class: names, aria: { role: "columnheader", "aria-sort": direction } }, button);
    };
    this.#head.replaceChildren(
      ...this.#columns.map((name) => cell(name, LABELS[name] + (this.#isDiff ? " ±" : ""), name === this.#metric ? "num main" : "num")),
      el("span", { class: "bar", textContent: "" }),
      this.#hasCourses() ? el("span", { class: "spark", textContent: "Over time" }) : "",
      cell("key", this.context.state.by, "key"));
  }

  #hasCourses(): boolean {
    const { model, state } = this.context;
    return !this.#isDiff && model.current.info.hasComposition && !state.cumulative;
  }

  // The courses of the rows on the screen, asked for together.
  #fetchCourses(rows: readonly number[]): void {
    const { model, state } = this.context, missing = rows.filter((i) => !this.#courses.has(i)), { ticks } = model.current;
    if (!missing.length) return;
    const all = model.current.rows({ ...optionsOf(state), sort: metricOf(this.context) }).rows.courses(missing, ticks.n);
    missing.forEach((i, k) => this.#courses.set(i, all.subarray(k * ticks.n, (k + 1) * ticks.n)));
  }

  #draw(): void {
    const first = Math.max(0, Math.floor(this.#scroll.scrollTop / ROW_PX) - SPARE);
    const last = Math.min(this.#order.length, first + Math.ceil(this.#scroll.clientHeight / ROW_PX) + 2 * SPARE);
    const shown = Array.from(this.#order.subarray(first, last));
    if (this.#hasCourses()) this.#fetchCourses(shown);
    this.#body.replaceChildren(...shown.map((i, k) => this.#rowElement(i, first + k)));
  }

  #cell(name: ValueName, entry: Entry): HTMLElement {
    const v = VALUES.indexOf(name), value = entry.values[v]!, margin = entry.row.margin?.[v];
    const text = format.amount(value, isBytes(name));
    return el("span", { class: name === this.#metric ? "num main" : "num", aria: { role: "gridcell" },
      textContent: this.#isDiff ? format.change(text, value) : text,
      title: `${format.count(value)}${margin ? ` ±${format.count(margin)}` : ""}` });
  }

  #rowElement(i: number, at: number): HTMLElement {
    const entry = this.#entry(i), v = VALUES.indexOf(this.#metric), value = entry.values[v]!, whole = this.#whole[v]!;
    const { search } = this.context.state, isHit = search !== "" && matches(entry.row, search);
    const most = this.#isDiff ? Math.abs(this.#order.length ? this.#entry(0).values[v]! : 0) : whole;
    const node = el("div", { class: `row${at === this.#chosen ? " chosen" : ""}${isHit ? " hit" : ""}`, aria: { role: "row", "aria-selected": String(at === this.#chosen) } },
      ...this.#columns.map((name) => this.#cell(name, entry)),
      el("span", { class: `bar${value < 0 ? " less" : ""}`, title: this.#isDiff ? "" : format.percent(value, whole) },
        width(el("span", { class: "fill" }), most ? Math.abs(value) / Math.abs(most) : 0)),
      this.#hasCourses() ? el("span", { class: "spark" }, sparkline(this.#courses.get(i)!, this.context.model.current.ticks.time)) : "",
      this.#label(entry));
    node.style.top = `${at * ROW_PX}px`;
    node.onclick = () => {
      this.#latest = at;
      this.context.set({ select: at === this.#chosen ? "" : entry.key });
    };
    return node;
  }

  #label(entry: Entry): HTMLElement {
    const { row } = entry, state = "state" in row ? row.state : "both";
    const mark = state === "new" ? "new" : state === "vanished" ? "gone" : "";
    const byLine = this.context.state.by === "line" && row.file !== "" && row.line > 0;
    return el("span", { class: "key", title: row.key, aria: { role: "rowheader" } },
      mark ? el("span", { class: `mark ${mark}`, textContent: mark }) : null,
      byLine ? el("b", { textContent: `${format.baseName(row.file)}:${row.line}` }) : el("b", { textContent: row.key || "(none)" }),
      byLine ? el("span", { textContent: ` ${format.shortFunction(row.function, 80)}` }) : null,
      this.context.state.by === "function" && row.file ? el("span", { class: "dim", textContent: ` ${format.baseName(row.file)}` }) : null,
      byLine ? el("span", { class: "dim", textContent: ` ${format.shortPath(row.file, 60)}` }) : null);
  }

  // The call paths of the row that is open: those of its group that hold most.
  #renderDetail(): void {
    if (this.#chosen < 0) {
      this.#detail.replaceChildren();
      return;
    }
    const entry = this.#entry(this.#order[this.#chosen]!), { row } = entry;
    const source = this.context.sources.get(row.file);
    const actions = el("div", { class: "actions" },
      el("button", { type: "button", textContent: "Only this", title: "Filter by it", onclick: () => this.context.set({ include: [this.#pattern(row)], select: "" }) }),
      el("button", { type: "button", textContent: "Without this", onclick: () => this.context.set({ exclude: [...this.context.state.exclude, this.#pattern(row)], select: "" }) }),
      row.function ? el("button", { type: "button", textContent: "Callers and callees", onclick: () => this.context.set({ view: "flame", shape: "sandwich", select: row.function }) }) : null,
      source ? el("button", { type: "button", textContent: "Source", onclick: () => this.context.set({ view: "source", source: row.file }) }) : null);
    this.#detail.replaceChildren(el("h2", { textContent: row.key || "(none)" }), actions, this.#figures(entry), this.#paths());
  }

  #pattern(row: Row | DiffRow): string {
    const { by } = this.context.state;
    if (by === "line" && row.file && row.line) return `${row.file}:${row.line}`;
    if (["thread", "scope", "domain", "process"].includes(by)) return `${by}:${row.key}`;
    return row.function || row.file || row.module || row.key;
  }

  #figures(entry: Entry): HTMLElement {
    const rows = COLUMNS.filter((name) => this.#columns.includes(name) || entry.values[VALUES.indexOf(name)] !== 0);
    return el("dl", { class: "facts" }, ...rows.flatMap((name) => {
      const value = entry.values[VALUES.indexOf(name)]!, margin = entry.row.margin?.[VALUES.indexOf(name)];
      return [el("dt", { textContent: LABELS[name].toLowerCase() }), el("dd", { textContent:
        `${format.amount(value, isBytes(name))}${isBytes(name) && Math.abs(value) >= 1024 ? ` (${format.count(value)})` : ""}${margin ? ` ±${format.amount(margin, isBytes(name))}` : ""}` })];
    }));
  }

  #paths(): HTMLElement {
    const { model, state } = this.context;
    if (this.#isDiff || !["line", "function", "file", "module"].includes(state.by)) {
      const stack = this.#entry(this.#order[this.#chosen]!).stack();
      return el("div", {}, stack.length ? pathElement(stack, "") : null);
    }
    const options = { ...optionsOf(state), sort: metricOf(this.context) };
    const { paths, rest, more } = model.current.paths(options, this.#order[this.#chosen]!, this.#metric, 5), bytes = isBytes(this.#metric);
    return el("div", { class: "paths" }, ...paths.map(({ stack, value }) => pathElement(stack, format.amount(value, bytes))),
      more > 0 ? el("p", { class: "dim", textContent: `${format.plural(more, "more call path")}, ${format.amount(rest, bytes)}` }) : null);
  }

  key(event: KeyboardEvent): boolean {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, j: 1, k: -1 }[event.key];
    if (step === undefined || !this.#order.length) return false;
    const next = Math.max(0, Math.min(this.#order.length - 1, this.#chosen < 0 ? 0 : this.#chosen + step));
    this.#latest = next;
    this.context.set({ select: this.#entry(this.#order[next]!).key }, true);
    return true;
  }
}

function matches(row: Row | DiffRow, search: string): boolean {
  const word = search.toLowerCase();
  return [row.key, row.function, row.file, row.module].some((text) => text.toLowerCase().includes(word));
}

// As the command says it.
const missing = ({ missing: n }: Frame): string => (n ? ` … ${n < MISSING_ROUNDED ? "" : "at least "}${n} more frame${n === 1 ? "" : "s"}` : "");

function pathElement(stack: readonly Frame[], amount: string): HTMLElement {
  return el("ol", { class: "path" }, amount ? el("li", { class: "amount", textContent: amount }) : null, ...stack.map((frame) =>
    el("li", { class: frame.kind === "user" ? "" : "dim", title: `${frame.function} ${frame.file}${frame.line ? `:${frame.line}` : ""} ${frame.module}` },
      el("span", { textContent: (format.shortFunction(frame.function, 100) || frame.address) + missing(frame) }),
      el("span", { class: "dim", textContent: frame.file ? ` ${format.baseName(frame.file)}${frame.line ? `:${frame.line}` : ""}` : ` ${format.baseName(frame.module)}` }),
      frame.inlined ? el("span", { class: "dim", textContent: " inlined" }) : null)));
}

export const table: ViewKind = {
  name: "table", label: "Table", help: [["↑ ↓", "The row above, below"]],
  missing: ({ current }) => (current.info.columns.size ? "" : "Only memory over time was recorded."), create: (context) => new Table(context),
};
