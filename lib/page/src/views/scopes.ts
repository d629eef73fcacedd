// SPDX-License-Identifier: MIT
// Scopes: what the program measured of its own regions, as memtrack scopes prints it.
import { SCOPE_VALUES, type Figure, type Figures, type ScopeRow } from "../core";
import { el, pick } from "../dom";
import * as format from "../format";
import { Grid, type Column } from "../grid";
import type { Context, View, ViewKind } from "../view";
import { labelPattern } from "./threads";

type Value = (typeof SCOPE_VALUES)[number];
type Of = "sum" | "mean" | "stddev" | "min" | "p50" | "p95" | "max" | "own";

const LABELS: Record<Value, string> = { net_bytes: "net", peak_bytes: "peak", allocated_bytes: "allocated", allocated_blocks: "blocks",
  freed_bytes: "freed", duration_ns: "time", cpu_ns: "CPU time" };
const WORDS: Record<Of, string> = { sum: "sum", mean: "mean", stddev: "deviation", min: "min", p50: "median", p95: "p95", max: "max", own: "self" };
const HINTS: Record<Of, string> = { sum: "Of all scopes of the name", mean: "", stddev: "Standard deviation", min: "Of one scope", p50: "Half of the scopes are below it", p95: "19 of 20 scopes are below it",
  max: "Of one scope", own: "Sum without inner scopes" };
const OVERVIEW: readonly (readonly [Value, Of])[] = [["peak_bytes", "max"], ["net_bytes", "sum"], ["allocated_bytes", "sum"],
  ["allocated_bytes", "own"], ["duration_ns", "sum"], ["duration_ns", "p50"], ["duration_ns", "p95"], ["duration_ns", "max"]];

function show(value: Value, amount: number): string {
  if (value.endsWith("_ns")) return format.duration(amount / 1e9);
  return value.endsWith("_bytes") ? format.size(Math.round(amount)) : format.count(Math.round(amount));
}

function column(value: Value, of: Of, most: number): Column<ScopeRow> {
  const get = (row: ScopeRow): number => row.value[value][of] ?? 0; // an older recorder did not measure all
  const margin = (row: ScopeRow): string => {
    const m = of === "sum" ? row.value[value].margin : undefined;
    return m ? ` ±${show(value, m)}` : "";
  };
  return { key: `${value}.${of}`, label: `${LABELS[value]} ${WORDS[of]}`, title: HINTS[of], value: get,
    text: (row) => (row.value[value][of] === null ? "" : show(value, get(row)) + margin(row)), hint: (row) => `${format.count(get(row))}${value.endsWith("_ns") ? " ns" : value.endsWith("_bytes") ? " B" : ""}`,
    ...(most > 0 ? { share: (row: ScopeRow) => get(row) / most } : {}) };
}

// What JSON says at the end of a scope, where there is any.
function more(key: string, label: string, rows: readonly ScopeRow[], text: (value: string | number, row: ScopeRow) => string, title = ""): Column<ScopeRow>[] {
  const of = (row: ScopeRow): string | number => row.more[key] ?? "";
  return rows.some(of) ? [{ key, label, title, value: of, text: (row) => (of(row) || key.startsWith("latest") && of(row) === 0 ? text(of(row), row) : "") }] : [];
}
const place = (file: string | number, { more: { line } }: ScopeRow): string => `${format.baseName(String(file))}:${line}`;

// The program's own words for what has failed.
function failures(rows: readonly ScopeRow[]): Node | "" {
  const said = rows.filter(({ more: { error } }) => error);
  return said.length ? el("section", {}, el("h2", { textContent: "Latest errors" }), el("ul", { class: "notes" }, ...said.slice(0, 50).map(({ name, more: { error } }) =>
    el("li", {}, el("b", { textContent: name.slice(0, 200) }), `: ${String(error).slice(0, 1000)}`)))) : "";
}

// A table of caches or of counters, by their names.
function table(title: string, heads: readonly string[], rows: readonly string[][]): Node | "" {
  if (!rows.length) return "";
  const most = 500, cell = (text: string): HTMLElement => el("td", { class: "num", textContent: text });
  return el("section", {}, el("h2", { textContent: title }), el("table", { class: "grid sides" },
    el("thead", {}, el("tr", {}, el("td"), ...heads.map((text) => el("th", { class: "num", textContent: text })))),
    el("tbody", {}, ...rows.slice(0, most).map(([name, ...cells]) => el("tr", {}, el("th", { textContent: name!.slice(0, 200), aria: { scope: "row" } }), ...cells.map(cell))))),
  rows.length > most && el("p", { class: "dim", textContent: `${rows.length - most} more` }));
}

// As the command prints them.
function figures({ cache, counter }: Figures): (Node | "")[] {
  const count = (row: Figure, key: string): string => format.count(row[key] as number);
  return [table("Caches", ["Hits", "Misses", "Rate", "Size", "Hit p50", "Miss p50", "Hit p95", "Miss p95"], cache.map((row) => {
    const hits = row["hits"] as number, misses = row["misses"] as number, size = row["size_bytes"];
    const time = (of: "hit" | "miss", key: string): string =>
      (of === "hit" ? hits : misses) ? format.duration(((row[`${of}_ns`] as Figure)[key] as number) / 1e9) : "";
    return [row["name"] as string, format.count(hits), format.count(misses), hits + misses ? format.percent(hits, hits + misses) : "",
      size === null ? "" : format.size(size as number), time("hit", "p50"), time("miss", "p50"), time("hit", "p95"), time("miss", "p95")];
  })), table("Counters", ["Value", "Lowest", "Highest", "Changes"], counter.map((row) =>
    [row["name"] as string, ...["value", "lowest", "highest", "changes"].map((key) => count(row, key))]))];
}

class Scopes implements View {
  readonly #tools = el("div", { class: "tools" });
  readonly #open = el("section");
  readonly #figures = el("div");
  readonly #grid: Grid<ScopeRow>;
  constructor(private readonly context: Context) {
    this.#grid = new Grid<ScopeRow>(context, "Scopes", ({ name }) => this.context.set({ view: "table", by: "line", include: [labelPattern("scope", name)] }));
  }

  mount(host: HTMLElement): void {
    host.append(el("div", { class: "page" }, this.#tools, this.#grid.element, this.#figures, this.#open));
    this.update();
  }

  update(): void {
    const { model, state } = this.context, rows = model.current.scopes;
    const value = SCOPE_VALUES.find((name) => name === state.measure);
    const hasCpu = rows.some((row) => row.value.cpu_ns.sum !== 0);
    this.#tools.replaceChildren(
      pick("show", [{ value: "", label: "the most important" }, ...SCOPE_VALUES.filter((name) => name !== "cpu_ns" || hasCpu)
        .map((name) => ({ value: name, label: LABELS[name] }))], state.measure, (measure) => this.context.set({ measure, order: "" })),
      el("span", { class: "dim", textContent: `${format.plural(rows.reduce((sum, row) => sum + row.count, 0), "scope")} of ${format.plural(rows.length, "name")}, each with those inside it` }));
    const pairs = value ? (Object.keys(WORDS) as Of[]).filter((of) => of !== "own" || value !== "peak_bytes").map((of) => [value, of] as const) : OVERVIEW;
    this.#grid.update([
      { key: "name", label: "Scope", value: (row) => row.name, text: (row) => row.name + (row.process ? " (process)" : ""), hint: () => "What was allocated in it" },
      { key: "count", label: "count", value: (row) => row.count, text: (row) => format.count(row.count),
        hint: (row) => `In ${format.plural(row.threads, "thread")}` },
      { key: "errors", label: "errors", title: "The program says that they have failed", value: (row) => row.errors, text: (row) => (row.errors ? format.count(row.errors) : "") },
      ...more("misuses", "misuses", rows, (n) => format.count(Number(n)), "Ended by something else than their own end"),
      ...pairs.map(([v, of], i) => column(v, of, i === 0 ? rows.reduce((most, row) => Math.max(most, row.value[v][of] ?? 0), 0) : 0)),
      ...(value === "net_bytes" ? (["before", "after"] as const).flatMap((when) =>
        more(`latest_${when}_bytes`, when, rows, (n) => format.size(Number(n)), `Live in the process ${when} the latest of them`)) : []),
      ...more("group", "group", rows, String), ...more("file", "begins at", rows, place)], rows);
    this.#figures.replaceChildren(failures(rows), ...figures(model.current.figures));
    this.#renderOpen();
  }

  #renderOpen(): void {
    const { model } = this.context, { open } = model.current.events;
    this.#open.replaceChildren(...(open.length ? [
      el("h2", { textContent: model.current.info.exit === "running" ? "Open now" : "Open at the end" }),
      el("ul", { class: "notes" }, ...open.slice(0, 50).map((scope) => el("li", {}, el("b", { textContent: scope.name.slice(0, 200) }),
        ` since ${format.duration(scope.time)}${scope.thread ? `, thread ${scope.thread}` : ""}: net ${format.change(format.size(scope.value), scope.value)}, peak ${format.size(scope.peak)}, allocated ${format.size(scope.allocatedBytes)}`)),
      open.length > 50 ? el("li", { class: "dim", textContent: `${open.length - 50} more` }) : null)] : []));
  }
}

export const scopes: ViewKind = {
  name: "scopes", label: "Scopes", help: [["↑ ↓", "The scope above, below"]],
  missing: (model) => (model.current.scopes.length || model.current.events.open.length || model.current.figures.cache.length || model.current.figures.counter.length ? ""
    : "The program measured no scopes of its own. memtrack_begin and memtrack_end of memtrack.h do, in C and C++; there are packages for Python and Rust."),
  create: (context) => new Scopes(context),
};
