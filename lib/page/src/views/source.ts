// SPDX-License-Identifier: MIT
// Source text with what its lines hold: the files that hold most, and the lines of one of them. Only
// lines on the screen exist as elements. Of a file whose text the page has not, the lines that have
// figures.
import { metricOf } from "../bar";
import { SORTS, VALUES, type CoreDiff, type CoreRows, type DiffRow, type Row, type ValueName } from "../core";
import { el, toggle, width } from "../dom";
import * as format from "../format";
import { optionsOf } from "../state";
import type { Context, View, ViewKind } from "../view";

const LINE_PX = 20, SPARE = 20, MOST_FILES = 300, MOST_TEXT = 2000;
const COLUMNS: readonly (readonly [ValueName, string])[] = [["live_bytes", "Live"], ["peak_bytes", "Peak"], ["total_bytes", "Total"], ["total_blocks", "Blocks"]];

interface Figures {
  row: Row | DiffRow;
  values: Float64Array;
}

interface Listed {
  has: boolean[];
  isDiff: boolean;
  rows: CoreRows | CoreDiff;
  get(i: number): Figures;
}

// Rows, or changes, by line or by file.
function list(context: Context, by: "line" | "file"): Listed {
  const { model, state } = context, options = { ...optionsOf(state), by };
  if (model.isDiff(options)) {
    const { diff, info } = model.diff(options);
    return { rows: diff, has: info.has, isDiff: true, get: (i) => { const row = diff.get(i); return { row, values: row.diff }; } };
  }
  const { rows, info } = model.current.rows({ ...options, sort: metricOf(context) });
  return { rows, has: info.has, isDiff: false, get: (i) => { const row = rows.get(i); return { row, values: row.value }; } };
}

const isBytes = (name: ValueName): boolean => name.endsWith("_bytes");

class Source implements View {
  readonly #files = el("section", { class: "files", aria: { "aria-label": "Files" } });
  readonly #head = el("div", { class: "line head" });
  readonly #body = el("div", { class: "body" });
  readonly #scroll = el("div", { class: "rows", tabIndex: 0, aria: { role: "group", "aria-label": "Lines" } }, this.#head, this.#body);
  readonly #tools = el("div", { class: "tools" });
  readonly #detail = el("section", { class: "flame-detail", aria: { "aria-live": "polite", "aria-label": "Chosen line" } });
  #listed!: Listed;
  #columns: readonly (readonly [ValueName, string])[] = [];
  #metric: ValueName = "peak_bytes";
  #file = "";
  #text: readonly string[] | undefined;
  #lines: Uint32Array = new Uint32Array(0); // their numbers, where there is no text
  #figures = new Map<number, Figures>(); // by line
  #hot: number[] = []; // lines, those that hold most first
  #most = 0;
  #key_ = "";

  constructor(private readonly context: Context) {
    this.#files.dataset["role"] = "files";
    this.#scroll.dataset["role"] = "lines";
    this.#detail.dataset["role"] = "source-detail";
  }

  mount(host: HTMLElement): void {
    this.#scroll.onscroll = () => this.#draw();
    host.append(el("div", { class: "source" }, this.#files, el("div", { class: "listing" }, this.#tools, this.#scroll, this.#detail)));
    this.#sizes.observe(this.#scroll);
    this.update();
  }

  unmount(): void {
    this.#sizes.disconnect();
  }

  readonly #sizes = new ResizeObserver(() => this.#draw());

  update(): void {
    const { state, model } = this.context;
    this.#metric = state.from || state.to ? "live_bytes" : SORTS[metricOf(this.context)];
    this.#readFiles();
    this.#listed = list(this.context, "line");
    this.#columns = COLUMNS.filter(([name]) => this.#listed.has[VALUES.indexOf(name)] && (!this.#listed.isDiff || model.compares || name === "live_bytes"));
    if (!this.#columns.some(([name]) => name === this.#metric)) this.#columns = [[this.#metric, metricOf(this.context)], ...this.#columns];
    this.#readLines();
    this.#renderTools();
    this.#renderHead();
    const key = JSON.stringify([this.#file, state.select, this.#metric]);
    if (key !== this.#key_) this.#reveal(this.#chosen() ?? this.#hot[0] ?? 1);
    this.#key_ = key;
    this.#draw();
    this.#renderDetail();
  }

  // ---- what there is

  #value(figures: Figures): number {
    return figures.values[VALUES.indexOf(this.#metric)]!;
  }

  #readFiles(): void {
    const listed = list(this.context, "file"), n = Math.min(listed.rows.n, MOST_FILES), nodes: HTMLElement[] = [];
    const { sources, state } = this.context;
    let most = 0, first = "", hasText = "";
    const all = Array.from({ length: n }, (_, i) => listed.get(i)).filter(({ row }) => row.file);
    for (const figures of all) {
      most = Math.max(most, Math.abs(this.#value(figures)));
      first ||= figures.row.file;
      if (sources.has(figures.row.file)) hasText ||= figures.row.file;
    }
    this.#file = state.source || hasText || first;
    if (state.source && !all.some(({ row }) => row.file === state.source)) nodes.push(this.#fileElement(state.source, 0, 0, false));
    for (const figures of all) nodes.push(this.#fileElement(figures.row.file, this.#value(figures), most, listed.isDiff));
    const rest = listed.rows.n - n;
    this.#files.replaceChildren(...nodes, rest > 0 ? el("p", { class: "dim", textContent: format.plural(rest, "more file") }) : "");
  }

  #fileElement(file: string, value: number, most: number, isDiff: boolean): HTMLElement {
    const text = format.amount(value, isBytes(this.#metric)), isOpen = file === this.#file;
    const node = el("button", { type: "button", class: "file", title: file, aria: { "aria-current": String(isOpen) },
      onclick: () => this.context.set({ source: file, select: "" }) },
    el("span", { class: this.context.sources.has(file) ? "" : "dim", textContent: format.shortPath(format.baseName(file), 60) }),
    el("span", { class: "amount", textContent: isDiff ? format.change(text, value) : text }),
    el("span", { class: `bar${value < 0 ? " less" : ""}` }, width(el("span", { class: "fill" }), most ? Math.abs(value) / most : 0)));
    if (isOpen) queueMicrotask(() => node.scrollIntoView({ block: "nearest" }));
    return node;
  }

  #readLines(): void {
    const { rows } = this.#listed, text = this.context.sources.get(this.#file);
    this.#figures = new Map();
    for (const i of this.#file ? rows.inFile(this.#file) : []) {
      const figures = this.#listed.get(i);
      if (figures.row.line > 0) this.#figures.set(figures.row.line, figures);
    }
    this.#hot = [...this.#figures].filter(([, f]) => this.#value(f)).sort((a, b) => Math.abs(this.#value(b[1])) - Math.abs(this.#value(a[1]))).map(([line]) => line);
    this.#most = this.#hot.length ? Math.abs(this.#value(this.#figures.get(this.#hot[0]!)!)) : 0;
    this.#text = text === undefined ? undefined : text.replace(/\n$/, "").split("\n");
    const beyond = [...this.#figures.keys()].filter((line) => line > (this.#text?.length ?? 0)).sort((a, b) => a - b);
    this.#lines = Uint32Array.from(beyond);
  }

  get #nRows(): number {
    return (this.#text?.length ?? 0) + this.#lines.length;
  }

  #lineAt(row: number): number {
    const n = this.#text?.length ?? 0;
    return row < n ? row + 1 : this.#lines[row - n]!;
  }

  #rowOf(line: number): number {
    const n = this.#text?.length ?? 0;
    return line <= n ? line - 1 : n + this.#lines.indexOf(line);
  }

  // The line whose row is chosen.
  #chosen(): number | undefined {
    const { select } = this.context.state;
    if (!select.startsWith(`${this.#file}:`)) return undefined;
    const line = Number(select.slice(this.#file.length + 1));
    return Number.isInteger(line) && this.#rowOf(line) >= 0 && this.#rowOf(line) < this.#nRows ? line : undefined;
  }

  #choose(line: number): void {
    this.context.set({ source: this.#file, select: `${this.#file}:${line}` }, true);
  }

  #reveal(line: number): void {
    const top = this.#rowOf(line) * LINE_PX, { scrollTop, clientHeight } = this.#scroll, head = LINE_PX * 1.5;
    if (top < scrollTop || top + LINE_PX + head > scrollTop + clientHeight) {
      this.#body.style.height = `${this.#nRows * LINE_PX}px`;
      this.#scroll.scrollTop = Math.max(0, top - clientHeight / 3);
    }
  }

  // ---- what is shown

  #renderTools(): void {
    const { state } = this.context;
    this.#tools.replaceChildren(el("b", { class: "mono", textContent: format.shortPath(this.#file, 90), title: this.#file }),
      toggle("with what it called", state.cumulative, (cumulative) => this.context.set({ cumulative, by: "line" }), "A line has what the functions that it called allocated, too (--cumulative)"),
      el("span", { class: "grow" }),
      el("button", { type: "button", textContent: "Hottest line", title: "n: the next one, p: the one before", disabled: !this.#hot.length, onclick: () => this.#choose(this.#hot[0]!) }),
      ...(this.#text || !this.#file ? [] : [el("p", { class: "dim full", textContent: this.context.sources.size
        ? "The text of this file is not in the page." : "The page has no source text: memtrack report --html OUT --source FILE takes it along." })]));
  }

  #renderHead(): void {
    this.#head.replaceChildren(el("span", { class: "no", textContent: "Line" }),
      ...this.#columns.map(([name, label]) => el("span", { class: name === this.#metric ? "num main" : "num", textContent: label + (this.#listed.isDiff ? " ±" : "") })),
      el("span", { class: "bar" }));
  }

  #draw(): void {
    const first = Math.max(0, Math.floor(this.#scroll.scrollTop / LINE_PX) - SPARE), chosen = this.#chosen();
    const last = Math.min(this.#nRows, first + Math.ceil(this.#scroll.clientHeight / LINE_PX) + 2 * SPARE), nodes: HTMLElement[] = [];
    this.#body.style.height = `${this.#nRows * LINE_PX}px`;
    for (let row = first; row < last; row++) nodes.push(this.#lineElement(row, chosen));
    this.#body.replaceChildren(...nodes);
  }

  #lineElement(row: number, chosen: number | undefined): HTMLElement {
    const line = this.#lineAt(row), figures = this.#figures.get(line), share = figures && this.#most ? Math.abs(this.#value(figures)) / this.#most : 0;
    const text = this.#text?.[row] ?? (figures ? figures.row.function : ""), { search } = this.context.state;
    const isHit = search !== "" && text.toLowerCase().includes(search.toLowerCase());
    const node = el("div", { class: `line${line === chosen ? " chosen" : ""}${isHit ? " hit" : ""}` },
      el("span", { class: "no", textContent: String(line) }),
      ...this.#columns.map(([name]) => this.#cell(name, figures)),
      el("span", { class: `bar${figures && this.#value(figures) < 0 ? " less" : ""}${figures ? "" : " none"}` }, width(el("span", { class: "fill" }), share)),
      el("code", { textContent: text.slice(0, MOST_TEXT) }));
    if (share) node.style.setProperty("--heat", `${Math.round(8 + 52 * share)}%`);
    node.style.top = `${row * LINE_PX}px`;
    node.onclick = () => this.#choose(line);
    return node;
  }

  #cell(name: ValueName, figures: Figures | undefined): HTMLElement {
    const value = figures?.values[VALUES.indexOf(name)] ?? 0, text = value ? format.amount(value, isBytes(name)) : "";
    return el("span", { class: name === this.#metric ? "num main" : "num", textContent: value && this.#listed.isDiff ? format.change(text, value) : text });
  }

  #renderDetail(): void {
    const line = this.#chosen(), figures = line === undefined ? undefined : this.#figures.get(line);
    if (!figures) {
      const help = !this.#file ? "" : line !== undefined ? `Line ${line} allocates nothing.` : "↑ ↓ choose a line, n and p go from one that holds much to the next.";
      this.#detail.replaceChildren(el("p", { class: "dim", textContent: help }));
      return;
    }
    const { row } = figures, sums = this.#columns.map(([name, label]) => `${label.toLowerCase()} ${format.amount(figures.values[VALUES.indexOf(name)]!, isBytes(name))}`);
    this.#detail.replaceChildren(el("div", { class: "words" },
      el("p", {}, el("b", { textContent: `${format.baseName(this.#file)}:${row.line}` }), el("span", { class: "dim", textContent: ` ${format.shortFunction(row.function, 120)}` })),
      el("p", { textContent: [sums.join(", "), this.#scopes(row)].filter(Boolean).join("; ") })), this.#actions(row));
  }

  // In which scopes it allocated.
  #scopes(row: Row | DiffRow): string {
    const { model, state } = this.context;
    if (this.#listed.isDiff || state.cumulative || !model.current.scopes.length) return "";
    const sort = metricOf(this.context), v = VALUES.indexOf(this.#metric);
    const { rows } = model.current.rows({ ...optionsOf(state), by: "scope", sort, cumulative: false, allFrames: false, include: [`${row.file}:${row.line}`] });
    const names = Array.from({ length: Math.min(rows.n, 4) }, (_, i) => rows.get(i)).filter((r) => r.value[v])
      .map((r) => `${r.key.slice(0, 60)} ${format.amount(r.value[v]!, isBytes(this.#metric))}`);
    return names.length ? `in scope ${names.join(", ")}${rows.n > 4 ? ", …" : ""}` : "";
  }

  #actions(row: Row | DiffRow): HTMLElement {
    const button = (textContent: string, title: string, onclick: () => void): HTMLElement => el("button", { type: "button", textContent, title, onclick });
    return el("div", { class: "actions" },
      button("Call paths", "Where it was called from (Enter)", () => this.#open(row)),
      row.function ? button("Callers and callees", "In the flame graph", () => this.context.set({ view: "flame", shape: "sandwich", select: row.function, focus: "" })) : null);
  }

  #open(row: Row | DiffRow): void {
    this.context.set({ view: "table", by: "line", select: row.key, order: "" });
  }

  key(event: KeyboardEvent): boolean {
    const step = { ArrowDown: 1, ArrowUp: -1, PageDown: 20, PageUp: -20, j: 1, k: -1 }[event.key], chosen = this.#chosen();
    const isControl = ["BUTTON", "A"].includes((event.target as HTMLElement).tagName);
    if (event.key === "n" || event.key === "p") {
      const i = this.#hot.indexOf(chosen ?? -1), next = this.#hot[event.key === "n" ? i + 1 : i - 1];
      if (next !== undefined) this.#choose(next);
      return true;
    }
    if (event.key === "Enter" && !isControl && chosen !== undefined) {
      const figures = this.#figures.get(chosen);
      if (figures) this.#open(figures.row);
      return true;
    }
    if (step === undefined || !this.#nRows) return false;
    const row = chosen === undefined ? this.#rowOf(this.#hot[0] ?? this.#lineAt(0)) : this.#rowOf(chosen) + step;
    this.#choose(this.#lineAt(Math.max(0, Math.min(this.#nRows - 1, row))));
    return true;
  }
}

export const source: ViewKind = {
  name: "source", label: "Source",
  help: [["↑ ↓", "The line above, below"], ["n p", "The line that holds most, next and before"], ["Enter", "Its call paths"]],
  missing: (model, context) => {
    if (context.sources.size) return "";
    const { rows } = model.current.rows({ by: "file" });
    for (let i = 0; i < Math.min(rows.n, 100); i++) if (rows.get(i).file) return "";
    return "The profile names no source files: build the program with -g, and record it again.";
  },
  create: (context) => new Source(context),
};
