// SPDX-License-Identifier: MIT
// Threads: what each of them allocated.
import { metricOf } from "../bar";
import { SORTS, VALUES, type ValueName } from "../core";
import { el } from "../dom";
import * as format from "../format";
import { Grid, type Column } from "../grid";
import { optionsOf } from "../state";
import type { Context, View, ViewKind } from "../view";

interface Item {
  key: string;
  values: Float64Array;
  margin: Float64Array | undefined;
}

const LABELS: Partial<Record<ValueName, string>> = { peak_bytes: "Peak", live_bytes: "Live", live_blocks: "Blocks live", total_bytes: "Total",
  total_blocks: "Blocks", temporary_blocks: "Temporary" };

// A pattern that matches this label; blanks would part it in the field of the filter.
export function labelPattern(by: string, key: string): string {
  return `${by}:${key.slice(0, 200).replace(/[\\*?[]/g, "\\$&").replace(/\s/g, "?")}${key.length > 200 ? "*" : ""}`;
}

class Threads implements View {
  readonly #title = el("h2");
  readonly #grid: Grid<Item>;
  constructor(private readonly context: Context) {
    this.#grid = new Grid<Item>(context, "Threads", ({ key }) => this.context.set({ view: "table", by: "line", include: [labelPattern("thread", key)] }));
  }

  mount(host: HTMLElement): void {
    host.append(el("div", { class: "page" }, this.#title, this.#grid.element));
    this.update();
  }

  update(): void {
    const { model, state } = this.context, options = { ...optionsOf(state), by: "thread" as const, cumulative: false };
    const isDiff = model.isDiff(options), sort = metricOf(this.context);
    let items: Item[], has: boolean[], whole: Float64Array;
    if (isDiff) {
      const { diff, info } = model.diff(options);
      items = Array.from({ length: Math.min(diff.n, 5000) }, (_, i) => diff.get(i)).map((row) => ({ key: row.key, values: row.diff, margin: row.margin }));
      has = info.has;
      whole = info.passed.map((_, v) => Math.abs(items[0]?.values[v] ?? 0));
    } else {
      const { rows, info } = model.current.rows({ ...options, sort });
      items = Array.from({ length: Math.min(rows.n, 5000) }, (_, i) => rows.get(i)).map((row) => ({ key: row.key, values: row.value, margin: row.margin }));
      has = info.has;
      whole = info.whole;
    }
    const names = (Object.keys(LABELS) as ValueName[]).filter((name) => has[VALUES.indexOf(name)]);
    this.#title.textContent = `${format.plural(items.length, "thread")}${isDiff ? ": what changed" : ""}`;
    this.#grid.update([{ key: "key", label: "Thread", value: (i) => i.key, text: (i) => i.key, hint: () => "Only this thread" },
      ...names.map((name) => column(name, isDiff, name === SORTS[sort] ? whole : undefined))], items);
  }
}

function column(name: ValueName, isDiff: boolean, whole: Float64Array | undefined): Column<Item> {
  const v = VALUES.indexOf(name), bytes = name.endsWith("_bytes");
  const text = (value: number): string => (isDiff ? format.change(format.amount(value, bytes), value) : format.amount(value, bytes));
  const share = whole && whole[v] ? { share: (i: Item) => Math.abs(i.values[v]!) / whole[v]! } : {};
  return { key: name, label: LABELS[name]! + (isDiff ? " ±" : ""), value: (i) => i.values[v]!, text: (i) => text(i.values[v]!),
    hint: (i) => `${format.count(i.values[v]!)}${i.margin?.[v] ? ` ±${format.count(i.margin[v]!)}` : ""}`, ...share };
}

export const threads: ViewKind = {
  name: "threads", label: "Threads", help: [["↑ ↓", "The thread above, below"]],
  missing: (model) => (model.current.info.hasThreads ? "" : "This profile does not tell threads apart."),
  create: (context) => new Threads(context),
};
