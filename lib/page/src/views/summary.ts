// SPDX-License-Identifier: MIT
// The first screen: which three lines hold the peak, in words; then what is known of the recording.
import { metricOf } from "../bar";
import { SORTS, VALUES, type Frame, type Row, type Sort } from "../core";
import { el, width } from "../dom";
import * as format from "../format";
import { optionsOf } from "../state";
import type { Info, Totals } from "../model";
import { watchedAt } from "../time/members";
import { courseOf } from "../time/series";
import type { Context, View, ViewKind } from "../view";

const isBytes = (sort: Sort): boolean => SORTS[sort].endsWith("_bytes");

const WORDS: Partial<Record<Sort, string>> = {
  peak: "of the peak", live: "of what was live", total: "of all that was allocated", blocks: "of all blocks",
  temporary: "of the temporary blocks", max: "of the highest figures", waste: "of what rounding up added",
};

// Behind "more", "less" and "fewer".
const CHANGES: Partial<Record<Sort, string>> = {
  peak: "at the peak", total: "allocated in total", temporary: "temporary blocks", waste: "by rounding up",
};

function place(row: { key: string; function: string; file: string; line: number }): HTMLElement {
  const name = row.file && row.line ? `${format.baseName(row.file)}:${row.line}` : row.key;
  return el("span", { class: "place", title: row.key }, el("b", { textContent: name }),
    row.function && !row.key.startsWith(row.function) ? el("span", { class: "dim", textContent: ` ${format.shortFunction(row.function, 60)}` }) : null);
}

function via(stack: readonly Frame[]): string {
  const names: string[] = [];
  for (const frame of stack.slice(1)) {
    const name = format.shortFunction(frame.function, 40);
    if (name && frame.kind === "user" && !names.includes(name)) names.push(name);
    if (names.length === 3) break;
  }
  return names.length ? `called by ${names.join(" ← ")}` : "";
}

function ran(info: Info): string {
  return [info.startTime?.toISOString().replace(/\.\d+Z/, " UTC").replace("T", " "), info.duration ? format.duration(info.duration) : "",
    info.exit, info.pid ? `pid ${info.pid}` : "", info.processes > 1 ? format.processes(info.processes) : ""].filter(Boolean).join(", ");
}

function nothing(sort: Sort, isFiltered: boolean): string {
  if (isFiltered) return "Nothing passes the filter.";
  return sort === "live" ? "Nothing was live." : sort === "temporary" ? "No block was temporary." : "Nothing was recorded.";
}

// When the peak was, and how exactly that is known.
function when(info: Info): string {
  if (info.processes > 1) return ": each process at its own peak, added up";
  return info.peakTime === undefined ? "" : `, at ${format.duration(info.peakTime)} ±${format.duration(info.peakTimeError)}`;
}

class Summary implements View {
  #host!: HTMLElement;
  constructor(private readonly context: Context) {}

  mount(host: HTMLElement): void {
    this.#host = host;
    this.update();
  }

  update(): void {
    const { model } = this.context;
    this.#host.replaceChildren(el("div", { class: "summary" },
      !model.compares && !model.current.info.columns.size ? this.#watched() : model.isDiff(optionsOf(this.context.state)) ? this.#changes() : this.#holders(),
      model.compares ? this.#sides() : this.#facts(), this.#coverage()));
  }

  #item(share: number, amount: string, row: Row | undefined, name: HTMLElement, about: string, key: string): HTMLElement {
    const isRow = key !== "", open = (): void => this.context.set(isRow ? { view: "table", by: "line", select: key } : { view: "timeline" });
    return el("li", {}, el("button", { type: "button", class: "holder", onclick: open, title: isRow ? "Its call paths" : "Over time" },
      el("span", { class: "amount", textContent: amount }),
      el("span", { class: "share", textContent: row || !isRow ? format.percent(share, 1) : "" }),
      el("span", { class: "meter" }, width(el("span", { class: "fill" }), share)), name,
      about ? el("span", { class: "dim", textContent: about }) : null));
  }

  #watched(): HTMLElement {
    const { title, sum, rows } = watchedAt(this.context.model.current, this.context.state);
    return el("section", { class: "answer" }, el("h2", { textContent: title }), el("ol", {}, ...rows.slice(0, 3).map(({ member, value, text }) =>
      this.#item(sum ? value / sum : 0, text, undefined, el("b", { textContent: member.name }), member.info.command.join(" "), ""))));
  }

  #holders(): HTMLElement {
    const { model, state } = this.context, sort = metricOf(this.context), v = VALUES.indexOf(SORTS[sort]);
    const { rows, info } = model.current.rows({ ...optionsOf(state), by: "line", sort, cumulative: false });
    let n = 0;
    const whole = info.whole[v]!;
    while (n < 3 && n < rows.n && (rows.get(n).value[v]! > 0 || !n)) n++; // more than nothing
    let sum = 0;
    const items = Array.from({ length: n }, (_, i) => {
      const row = rows.get(i), value = row.value[v]!;
      sum += value;
      return this.#item(whole ? value / whole : 0, format.amount(value, isBytes(sort)), row, place(row),
        via(model.current.paths({ ...optionsOf(state), by: "line", sort, cumulative: false }, i, SORTS[sort], 1).paths[0]?.stack ?? []), row.key);
    });
    const what = state.at && state.at !== "end" && sort === "live" ? `of what was live at ${state.at}` : WORDS[sort] ?? "";
    const head = n === 0 || sum === 0 ? nothing(sort, state.include.length + state.exclude.length > 0)
      : `${n === 1 ? "One line holds" : `${["", "One", "Two", "Three"][n]} lines hold`} ${format.percent(sum, whole)} ${what}`;
    return el("section", { class: "answer" }, el("h2", { textContent: head }), el("ol", {}, ...(sum ? items : [])),
      rows.n > n ? el("p", {}, el("a", { href: "#view=table", textContent: `${format.count(rows.n - n)} more lines` })) : null);
  }

  #changes(): HTMLElement {
    const { model, state } = this.context;
    const { diff, info } = model.diff({ ...optionsOf(state), by: "line", cumulative: false });
    const v = VALUES.indexOf(SORTS[info.sort]), bytes = isBytes(info.sort), total = info.passed[v]!;
    const most = Math.abs(diff.n ? diff.get(0).diff[v]! : 0);
    const items = Array.from({ length: Math.min(3, diff.n) }, (_, i) => {
      const row = diff.get(i), value = row.diff[v]!;
      const mark = row.state === "new" ? "new" : row.state === "vanished" ? "gone" : "";
      return value === 0 ? null : this.#item(most ? Math.abs(value) / most : 0,
        format.change(format.amount(value, bytes), value), undefined, place(row), mark, row.key);
    });
    const less = bytes ? "less" : "fewer", of = CHANGES[info.sort] ?? info.sort;
    const head = total ? `${format.amount(Math.abs(total), bytes)} ${total > 0 ? "more" : less} ${of}${items.length ? ": the lines that changed most" : ""}`
      : `No more and no ${less} ${of}${items.some((item) => item) ? ", but other lines" : ""}`;
    return el("section", { class: "answer" }, el("h2", { textContent: head }), el("ol", {}, ...items),
      ...info.notes.map((note) => el("p", { class: "dim", textContent: note })));
  }

  // Both recordings, by the figures of the command's own table.
  #sides(): HTMLElement {
    const { model, state } = this.context, { columns } = model.current.info, had = model.old!.info.columns;
    const { old, new: now, diff } = model.totals({ ...optionsOf(state), by: "line", cumulative: false }) as Record<"old" | "new" | "diff", Totals>;
    const names = (["live_bytes", "live_blocks", "peak_bytes", "peak_blocks", "total_bytes", "total_blocks"] as const).filter((name) => columns.has(name) && had.has(name));
    const cell = (text: string): HTMLElement => el("td", { class: "num", textContent: text });
    return el("section", {}, el("h2", { textContent: "The recordings" }),
      el("dl", { class: "facts" }, ...[["old", model.old!] as const, ["new", model.current] as const].flatMap(([label, side]) =>
        [el("dt", { textContent: label }), el("dd", { textContent: `${side.name}: ${[side.info.command.join(" ") || side.info.exe || side.info.tool, ran(side.info)].filter(Boolean).join(", ")}` })])),
      el("table", { class: "grid sides" }, el("thead", {}, el("tr", {}, el("td"), ...["Old", "New", "Change", ""].map((text) => el("th", { class: "num", textContent: text })))),
        el("tbody", {}, ...names.map((name) => {
          const bytes = name.endsWith("_bytes");
          return el("tr", {}, el("th", { textContent: name.replace("_bytes", "").replace("_", " "), aria: { scope: "row" } }),
            cell(format.amount(old[name], bytes)), cell(format.amount(now[name], bytes)), cell(format.change(format.amount(diff[name], bytes), diff[name])),
            cell(old[name] && diff[name] ? format.change(format.percent(diff[name], old[name]), diff[name]) : ""));
        }))));
  }

  #facts(): HTMLElement {
    const { model, page, state } = this.context, { info } = model.current, t = model.current.totals(optionsOf(state));
    const facts: [string, string][] = [];
    const put = (name: string, text: string): void => { if (text) facts.push([name, text]); };
    const has = (name: "peak_bytes" | "live_bytes" | "total_bytes"): boolean => info.columns.has(name);
    put("program", info.command.join(" ") || info.exe || info.tool);
    put("metadata", info.metadata.map((pair) => pair.join("=")).join(", "));
    put("ran", ran(info));
    put("peak", has("peak_bytes") ? `${format.size(t.peak_bytes)} in ${format.plural(t.peak_blocks, "block")}${when(info)}` : "");
    put(state.at && state.at !== "end" ? `live at ${state.at}` : info.exit === "running" ? "live now" : "live at exit",
      has("live_bytes") ? `${format.size(t.live_bytes)} in ${format.plural(t.live_blocks, "block")}` : "");
    put("total", has("total_bytes") ? `${format.size(t.total_bytes)} in ${format.plural(t.total_blocks, "block")}` : "");
    put("temporary", info.columns.has("temporary_blocks") && t.total_blocks ? `${format.plural(t.temporary_blocks, "block")} (${format.percent(t.temporary_blocks, t.total_blocks)})` : "");
    if (!info.columns.size) {
      put("at most", courseOf(model.current).lines.map(({ label, most }) => `${label} ${format.size(most)}`).join(", "));
      const { members } = model.current, most = members.reduce((a, b) => (b.peak > a.peak ? b : a));
      put("peak RSS", `${format.size(most.peak)}${members.length > 1 ? ` in process ${most.info.pid}, ${most.name.replace(/ \d+$/, "")}` : ""}`);
    }
    put("tracker", info.ledgerBytes ? `${format.size(info.ledgerBytes)} of ledger` : "");
    for (const line of page.live ? [] : page.head ?? []) if (["peak", "tracker", "memory"].includes(line.label)) put(line.label, line.text);
    const unique = new Map(facts);
    return el("section", {}, el("h2", { textContent: "The recording" }),
      el("dl", { class: "facts" }, ...[...unique].flatMap(([name, text]) => [el("dt", { textContent: name }), el("dd", { textContent: text })])));
  }

  #coverage(): HTMLElement {
    const { model, page } = this.context, { info } = model.current, c = info.coverage;
    const missing: string[] = [];
    const put = (n: number, text: string): void => { if (n) missing.push(text); };
    put(c.droppedEvents, `${format.plural(c.droppedEvents, "event")} could not be recorded`);
    put(c.unknownFrees, `${format.plural(c.unknownFrees, "free")} of blocks whose allocation was not seen`);
    put(c.lossyBlocks, `${format.plural(c.lossyBlocks, "block")} without a call path`);
    put(c.truncatedStacks, `${format.plural(c.truncatedStacks, "block")} whose call path lacks its outer end`);
    if (info.sampleBytes) missing.push(`sampled, one block in ${format.size(info.sampleBytes)}: figures are estimates`);
    const said = page.live ? [] : (page.head ?? []).filter((line) => line.label === "coverage" || line.warning).map((line) => line.text);
    const notes = said.length ? [] : model.current.rows({ by: "domain" }).rows.notes();
    const lines = [...new Set([...missing, ...said, ...notes])];
    if (!lines.length) lines.push(info.isMemtrack ? "Every allocation was seen, nothing was dropped." : `Read from a file of ${info.tool || "another tool"}: what it did not see, it does not say.`);
    return el("section", {}, el("h2", { textContent: "Coverage" }), el("ul", { class: "notes" }, ...lines.map((text) => el("li", { textContent: text }))));
  }
}

export const summary: ViewKind = {
  name: "summary", label: "Summary", help: [], missing: () => "", create: (context) => new Summary(context),
};
