// SPDX-License-Identifier: MIT
// Memory over time, and below it what holds it at the moment, or has changed over the range.
import { metricOf } from "../bar";
import { SORTS, VALUES, type DiffRow, type Row } from "../core";
import { choose, el, pick, width } from "../dom";
import * as format from "../format";
import type { Member } from "../model";
import { optionsOf, type State } from "../state";
import { bandsOf } from "../time/bands";
import { Chart, KEYS } from "../time/chart";
import { LINE_COLOR } from "../time/paint";
import { watchedAt } from "../time/members";
import { courseOf, type Line } from "../time/series";
import { theme } from "../time/theme";
import type { Context, View, ViewKind } from "../view";

const HOLDERS = 5, MOST_PROCESSES = 10, GROUPS = ["line", "function", "file", "module", "thread", "scope", "size", "domain"] as const;

function swatch(color: string): HTMLElement {
  const node = el("span", { class: "swatch" });
  node.style.background = color;
  return node;
}

class Timeline implements View {
  readonly #tools = el("div", { class: "tools" });
  readonly #legend = el("div", { class: "legend" });
  readonly #stage = el("div", { class: "stage" });
  readonly #holders = el("section", { class: "moment", aria: { "aria-label": "What holds it" } });
  readonly #chart: Chart;
  constructor(private readonly context: Context) {
    this.#chart = new Chart(context, true);
  }

  mount(host: HTMLElement): void {
    this.#stage.append(this.#chart.element);
    host.append(el("div", { class: "timeline" }, this.#tools, this.#legend, this.#stage, this.#holders));
    this.update();
  }

  unmount(): void {
    this.#chart.free();
  }

  update(): void {
    this.#renderTools();
    this.#renderLegend();
    this.#renderHolders();
    this.#chart.update();
  }

  key(event: KeyboardEvent): boolean {
    return this.#chart.key(event);
  }

  get #isWatched(): boolean {
    return !this.context.model.current.info.columns.size;
  }

  get #isBands(): boolean {
    return this.context.state.course === "bands" && !this.#chart.refusal && !this.context.model.compares;
  }

  #renderTools(): void {
    const { state, model } = this.context, cannot = this.#chart.refusal || (model.compares ? "Of one profile only" : this.#isWatched && model.current.members.length < 2 ? "It was one process" : "");
    this.#tools.replaceChildren(
      choose("Show", [{ value: "lines", label: "Lines", title: "The heap, and what the system says" },
        { value: "bands", label: "Bands", title: cannot || (this.#isWatched ? "The RSS of each process" : "What the heap was made of"), disabled: cannot !== "" }],
      this.#isBands ? "bands" : "lines", (course) => this.context.set({ course })),
      this.#isBands && !this.#isWatched ? pick("by", GROUPS.map((by) => ({ value: by, label: by })), state.by, (by) =>
        this.context.set({ by: by as State["by"], select: "" })) : "",
      el("span", { class: "dim grow", textContent: this.#hint() }));
  }

  #hint(): string {
    if (this.#chart.refusal) return this.#chart.refusal;
    if (this.context.model.compares) return "A click chooses the moment of both sides";
    const generation = courseOf(this.context.model.current).generations.length ? ", a click on a flag's name its generation" : "";
    return this.#isBands && !this.#isWatched ? "A click opens the row; dragging chooses a range" : `A click chooses a moment, dragging a range${generation}`;
  }

  #renderLegend(): void {
    const { model, state } = this.context, t = theme(), course = courseOf(model.current);
    if (this.#isBands) {
      const { layers } = bandsOf(model.current, optionsOf(state));
      this.#legend.replaceChildren(...layers.map((layer) => {
        const color = swatch(layer.color < 0 ? t.other : t.palette[layer.color]!);
        if (layer.color < 0 || this.#isWatched) return el("span", {}, color, layer.key || "everything else");
        return el("button", { type: "button", title: layer.key.slice(0, 1000), onclick: () => this.context.set({ view: "table", select: layer.key }) },
          color, format.shortPath(layer.key.slice(-200), 44));
      }));
      return;
    }
    this.#legend.replaceChildren(...course.lines.map((line) => el("span", {}, swatch(t.palette[LINE_COLOR[line.key]]!),
      `${line.label}, ${extent(line)}`)),
    model.old ? el("span", {}, swatch(t.dim), model.old.ticks.n ? `heap of the old one (dashed), which ran ${format.duration(model.old.info.duration)}` : "the old one has no time axis") : "");
  }

  #renderHolders(): void {
    const { model, state } = this.context, options = optionsOf(state);
    const isDiff = model.isDiff(options), { title, rows, most } = this.#isWatched && !model.compares ? this.#processes() : isDiff ? this.#changes() : this.#live();
    this.#holders.replaceChildren(el("h2", { textContent: title }), el("ol", {}, ...rows.map(({ row, member, value, text }) =>
      el("li", {}, el("button", { type: "button", class: "holder slim", title: (member?.info.command.join(" ") ?? row!.key).slice(0, 1000), onclick: () =>
        this.context.set(member ? { at: "", from: `${member.from.toFixed(3)}s`, to: `${member.to.toFixed(3)}s` } : { view: "table", select: row!.key }) },
      el("span", { class: "amount", textContent: text }),
      el("span", { class: `meter${value < 0 ? " less" : ""}` }, width(el("span", { class: "fill" }), most ? Math.abs(value) / most : 0)),
      member ? el("b", { textContent: member.name }) : nameOf(row!, state.by))))));
  }

  #processes(): Holders {
    const { model, state } = this.context, { title, sum, rows } = watchedAt(model.current, state), isRange = state.from || state.to;
    const most = isRange ? Math.abs(rows[0]?.value ?? 0) : sum;
    return { title, most, rows: rows.slice(0, MOST_PROCESSES).map((row) => ({ ...row, text: isRange ? row.text : `${row.text} · ${format.percent(row.value, sum)}` })) };
  }

  #live(): Holders {
    const { model, state } = this.context, sort = metricOf(this.context), v = VALUES.indexOf(SORTS[sort]);
    const { rows, info } = model.current.rows({ ...optionsOf(state), sort, cumulative: false });
    const bytes = SORTS[sort].endsWith("_bytes"), whole = info.whole[v]!;
    const found = Array.from({ length: Math.min(HOLDERS, rows.n) }, (_, i) => rows.get(i)).filter((row) => row.value[v]! > 0);
    const when = sort === "peak" ? "at the peak" : sort === "live" ? (state.at && state.at !== "end" ? `at ${state.at}` : "at the end") : sort;
    return { title: `${format.amount(info.passed[v]!, bytes)} ${when}`, most: whole, rows: found.map((row) => {
      const value = row.value[v]!;
      return { row, value, text: `${format.amount(value, bytes)} · ${format.percent(value, whole)}` };
    }) };
  }

  #changes(): Holders {
    const { model, state } = this.context, { diff, info } = model.diff({ ...optionsOf(state), cumulative: false });
    const v = VALUES.indexOf(SORTS[info.sort]), bytes = SORTS[info.sort].endsWith("_bytes"), total = info.passed[v]!;
    const found = Array.from({ length: Math.min(HOLDERS, diff.n) }, (_, i) => diff.get(i)).filter((row) => row.diff[v] !== 0);
    const over = model.compares ? info.sort : `from ${state.from || "start"} to ${state.to || "end"}`;
    return { title: `${format.change(format.amount(total, bytes), total)} ${over}`, most: Math.abs(found[0]?.diff[v] ?? 0),
      rows: found.map((row) => ({ row, value: row.diff[v]!, text: format.change(format.amount(row.diff[v]!, bytes), row.diff[v]!) })) };
  }
}

// What was read once says nothing of the most.
function extent(line: Line): string {
  const read = line.value.filter((value) => value >= 0).length;
  return `${read > 1 ? "at most" : "read once:"} ${format.size(line.most)}`;
}

interface Holders {
  title: string;
  most: number;
  rows: { row?: Row | DiffRow; member?: Member; value: number; text: string }[];
}

function nameOf(row: Row | DiffRow, by: string): HTMLElement {
  const isLine = by === "line" && row.file !== "" && row.line > 0;
  return el("span", { class: "place" }, el("b", { textContent: isLine ? `${format.baseName(row.file)}:${row.line}` : row.key.slice(0, 300) || "(none)" }),
    isLine ? el("span", { class: "dim", textContent: ` ${format.shortFunction(row.function.slice(0, 1000), 80)}` }) : null);
}

export const timeline: ViewKind = {
  name: "timeline", label: "Timeline", help: KEYS,
  missing: (model) => (model.current.ticks.n ? "" : `This profile has no time axis. ${model.current.info.axisHint}`),
  create: (context) => new Timeline(context),
};
