// SPDX-License-Identifier: MIT
// Sizes of blocks, and ages of those that are live, as histograms. A size is of a class: a power of
// two and what lies below the next. An age is known of blocks that the recorder itself saw, for it
// keeps with each when it was allocated; a site's course alone does not tell which of its blocks
// went, so nothing is derived from that.
import { metricOf } from "../bar";
import { SORTS, VALUES, type Age } from "../core";
import { choose, el } from "../dom";
import * as format from "../format";
import { optionsOf } from "../state";
import type { Context, View, ViewKind } from "../view";

interface Step {
  label: string;
  value: number;
  text: string;
  title: string;
  open?: () => void;
}

const UNITS: Record<string, number> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40, PiB: 2 ** 50, EiB: 2 ** 60 };

// Where a class begins: "512 KiB-1 MiB"; -1: no class.
export function beginOf(key: string): number {
  const m = /^(\d+)(?: (\w+))?(?:-\d+ (\w+))?$/.exec(key);
  return m ? Number(m[1]) * (UNITS[m[2] ?? m[3] ?? "B"] ?? 1) : -1;
}

function nameOf(power: number): string {
  const low = 2 ** power, unit = Object.keys(UNITS).filter((name) => UNITS[name]! <= low).pop()!;
  return `${low / UNITS[unit]!} ${unit}`;
}

function histogram(label: string, steps: readonly Step[]): HTMLElement {
  const most = steps.reduce((a, s) => Math.max(a, Math.abs(s.value)), 0) || 1;
  const bars = steps.map((step) => {
    const bar = el("span", { class: step.value < 0 ? "column less" : "column" });
    bar.style.height = `${(Math.abs(step.value) / most) * 100}%`;
    const parts = [el("span", { class: "figure", textContent: step.value ? step.text : "" }), el("span", { class: "room" }, bar), el("span", { class: "dim", textContent: step.label })];
    return step.open ? el("button", { type: "button", title: step.title, aria: { "aria-label": `${step.label}: ${step.text}` }, onclick: step.open }, ...parts)
      : el("div", { title: step.title }, ...parts);
  });
  return el("div", { class: "histogram", aria: { role: "group", "aria-label": label } }, ...bars);
}

class Sizes implements View {
  readonly #page = el("div", { class: "page" });
  constructor(private readonly context: Context) {}

  mount(host: HTMLElement): void {
    host.append(this.#page);
    this.update();
  }

  update(): void {
    this.#page.replaceChildren(this.#sizes(), this.#ages());
  }

  #sizes(): HTMLElement {
    const { model, state } = this.context, options = { ...optionsOf(state), by: "size" as const, cumulative: false };
    const isDiff = model.isDiff(options), found: { key: string; value: number }[] = [];
    let sort = metricOf(this.context);
    if (isDiff) {
      const { diff, info } = model.diff(options);
      sort = info.sort;
      for (let i = 0; i < diff.n; i++) found.push({ key: diff.get(i).key, value: diff.get(i).diff[VALUES.indexOf(SORTS[sort])]! });
    } else {
      const { rows } = model.current.rows({ ...options, sort });
      for (let i = 0; i < rows.n; i++) found.push({ key: rows.get(i).key, value: rows.get(i).value[VALUES.indexOf(SORTS[sort])]! });
    }
    const bytes = SORTS[sort].endsWith("_bytes"), of = bytes ? "bytes" : "blocks";
    return el("section", {}, el("h2", { textContent: `Sizes of blocks, by ${sort} ${sort === of ? "" : of}${isDiff ? ": what changed" : ""}` }),
      histogram("Sizes of blocks", this.#steps(found, bytes, isDiff)),
      el("p", { class: "dim", textContent: "A step ends where the next begins. The buttons above choose what is counted; a step opens its row." }));
  }

  #steps(found: readonly { key: string; value: number }[], bytes: boolean, isDiff: boolean): Step[] {
    const byBegin = new Map(found.map((item) => [beginOf(item.key), item])), out: Step[] = [];
    const put = (label: string, item: { key: string; value: number }): void => {
      const text = isDiff ? format.change(format.amount(item.value, bytes), item.value) : format.amount(item.value, bytes);
      out.push({ label, value: item.value, text, title: `${item.key}: ${format.count(item.value)}`,
        open: () => this.context.set({ view: "table", by: "size", select: item.key }) });
    };
    if (byBegin.has(0)) put("0 B", byBegin.get(0)!);
    const powers = [...byBegin.keys()].filter((begin) => begin > 0).map((begin) => Math.round(Math.log2(begin)));
    for (let power = Math.min(...powers); power <= Math.max(...powers); power++) {
      const item = byBegin.get(2 ** power);
      if (item) put(nameOf(power), item);
      else out.push({ label: nameOf(power), value: 0, text: "0", title: "none" });
    }
    for (const item of found) if (beginOf(item.key) < 0) put(item.key || "not known", item);
    return out;
  }

  #ages(): HTMLElement {
    const { model, state } = this.context, { ages, info } = model.current, end = info.duration;
    const head = el("h2", { textContent: info.exit === "running" ? "Ages of live blocks" : "Ages of blocks that were live at exit" });
    if (!ages.length) return el("section", {}, head, el("p", { class: "dim", textContent: this.#reason() }));
    const isBytes = state.measure !== "blocks";
    return el("section", {}, head,
      choose("Ages by", [{ value: "", label: "Bytes" }, { value: "blocks", label: "Blocks" }], isBytes ? "" : "blocks", (measure) => this.context.set({ measure })),
      histogram("Ages of live blocks", ageSteps(ages, end, isBytes)),
      el("p", { class: "dim", textContent: `Of all ${format.plural(ages.reduce((sum, age) => sum + age.blocks, 0), "live block")} of the process, whatever the filter. ` +
        "When a block was allocated is known within 10 ms, and within 0.4% of the recording." }));
  }

  #reason(): string {
    const { info } = this.context.model.current;
    if (!info.isMemtrack) return "Another tool wrote this profile: when a block was allocated is not in it.";
    return this.context.model.current.totals({}).live_blocks ? "When its live blocks were allocated is not in this profile: it was made without the recorder's table of blocks, or by an older memtrack."
      : "Nothing was live.";
  }
}

const AGES: readonly (readonly [number, string])[] = [[0.1, "<100 ms"], [0.3, "<300 ms"], [1, "<1 s"], [3, "<3 s"], [10, "<10 s"], [30, "<30 s"], [60, "<1 min"],
  [300, "<5 min"], [900, "<15 min"], [3600, "<1 h"], [4 * 3600, "<4 h"], [86400, "<1 d"], [7 * 86400, "<7 d"], [Infinity, "older"]];

// An age is that of the middle of the time in which its blocks were allocated.
function ageSteps(ages: readonly Age[], end: number, isBytes: boolean): Step[] {
  const sums = AGES.map(() => ({ bytes: 0, blocks: 0 }));
  for (const age of ages) {
    const middle = end - (age.from + Math.min(age.to, end)) / 2, step = sums[AGES.findIndex(([limit]) => middle < limit)] ?? sums[sums.length - 1]!;
    step.bytes += age.bytes;
    step.blocks += age.blocks;
  }
  const last = AGES.findIndex(([limit]) => end < limit);
  return sums.slice(0, last + 1).map((sum, i) => ({ label: AGES[i]![1], value: isBytes ? sum.bytes : sum.blocks,
    text: format.amount(isBytes ? sum.bytes : sum.blocks, isBytes), title: `${format.size(sum.bytes)} in ${format.plural(sum.blocks, "block")}` }));
}

export const sizes: ViewKind = {
  name: "sizes", label: "Sizes", help: [],
  missing: (model) => (model.current.info.hasSizes ? "" : "This profile does not tell the sizes of blocks."),
  create: (context) => new Sizes(context),
};
