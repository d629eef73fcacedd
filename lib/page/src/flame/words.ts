// SPDX-License-Identifier: MIT
// What a box is, in words: for the tooltip, the row below the graph, and pictures.
import type { ValueName } from "../core";
import { el } from "../dom";
import * as format from "../format";
import type { Context } from "../view";
import { ALL, NO_PATH, REST, type Graph, type Weights } from "./graph";
import { weightOf, type Box } from "./layout";
import { labels, type Look, type Scene } from "./paint";

const NAMES: Partial<Record<ValueName, string>> = {
  peak_bytes: "the peak", live_bytes: "what is live", total_bytes: "the total", total_blocks: "all blocks",
  temporary_blocks: "the temporary blocks", max_bytes: "the sum of maxima", waste_bytes: "what rounding up added",
  live_blocks: "the live blocks", peak_blocks: "the blocks at the peak",
};

const TITLES: Partial<Record<ValueName, string>> = {
  peak_bytes: "at the peak", live_bytes: "live", total_bytes: "allocated in total", total_blocks: "blocks allocated",
  temporary_blocks: "temporary blocks", max_bytes: "as the sum of maxima", waste_bytes: "added by rounding up",
  live_blocks: "blocks live", peak_blocks: "blocks at the peak",
};

export class Words {
  readonly whole: string;
  readonly title: string;
  readonly #bytes: boolean;

  constructor(readonly context: Context, readonly graph: Graph, readonly weights: Weights, value: ValueName) {
    const { state } = context;
    this.#bytes = value.endsWith("_bytes");
    const what = NAMES[value] ?? "";
    this.whole = this.weights.signed ? `the changes of ${what.replace("what is live", "live bytes")}`
      : state.at && value.startsWith("live") ? `${what} at ${state.at}` : what;
    const when = state.at && value.startsWith("live") ? ` at ${state.at}` : "";
    this.title = `${this.amount(rootOf(weights))} ${TITLES[value] ?? ""}${when}`;
  }

  // Of a change: what became of it.
  amount(value: readonly number[]): string {
    if (value.length === 1) return format.amount(value[0]!, this.#bytes);
    const [, old, next] = value, change = next! - old!;
    const text = format.change(format.amount(change, this.#bytes), change);
    return `${text} (${format.amount(old!, this.#bytes)} → ${format.amount(next!, this.#bytes)})`;
  }

  place(box: Box): string {
    if (box.group < 0) return "";
    const { frame } = this.graph.group(box.group);
    const line = this.graph.byLine && frame.line ? `:${frame.line}` : "";
    return [frame.file ? format.shortPath(frame.file, 120) + line : "", format.shortPath(format.baseName(frame.module), 60), frame.kind === "user" ? "" : frame.kind]
      .filter(Boolean).join(" · ");
  }

  // How much it is: of all, and of the box that it lies at.
  shares(box: Box): string {
    const whole = rootOf(this.weights)[0]!, mine = weightOf(box), of = this.weights.signed ? "of all change" : "of all";
    const out = [`${format.percent(mine, whole)} ${of}`];
    if (box.parent && box.parent.group >= 0) out.push(`${format.percent(mine, weightOf(box.parent))} of ${format.shortFunction(this.graph.group(box.parent.group).name, 50)}`);
    const own = box.children && box.group >= 0 ? mine - box.children.reduce((sum, child) => sum + weightOf(child), 0) : 0;
    if (own > 0 && box.items === undefined && box.children!.length) out.push(`${format.percent(own, whole)} in itself`);
    return out.join(", ");
  }

  lines(box: Box, look: Look): string[] {
    return [labels(box, look)[0]!, this.place(box), this.amount(box.value), this.shares(box)].filter(Boolean);
  }
}

function rootOf(weights: Weights): number[] {
  return weights.sum.map((sum) => sum[0]!);
}

const MOST_WORD = 4000; // what an address can hold

// The words of a filter are wildcards, which brackets in a name are not.
const pattern = (name: string): string => name.replace(/[[\]\\]/g, "?");

export function describe(box: Box, words: Words, look: Look, scene: Scene): HTMLElement[] {
  const name = labels(box, look)[0]!;
  const about = el("p", {}, el("b", { textContent: name.slice(0, 300) }), el("span", { class: "dim", textContent: ` ${words.place(box)}` }));
  const figures = el("p", { textContent: `${words.amount(box.value)}, ${words.shares(box)}` });
  return [el("div", { class: "words" }, about, figures), el("div", { class: "actions" }, ...actions(box, words, scene))];
}

function actions(box: Box, words: Words, scene: Scene): HTMLElement[] {
  if (box.group === ALL || box.group === REST || box.group === NO_PATH) return [];
  const { context, graph } = words, { state, sources } = context, { frame } = graph.group(box.group);
  const button = (label: string, title: string, role: string, onclick: () => void): HTMLElement => {
    const node = el("button", { type: "button", textContent: label, title, onclick });
    node.dataset["role"] = role;
    return node;
  };
  const out: HTMLElement[] = [];
  if (frame.function && frame.function.length <= MOST_WORD) {
    const word = pattern(frame.function);
    out.push(button("Only this", "Only call paths that have it", "only", () => context.set({ include: [word], allFrames: true, focus: "" })),
      button("Without this", "Without call paths that have it", "without", () => context.set({ exclude: [...state.exclude, word], allFrames: true, focus: "" })));
    if (!scene.isUpsideDown || box.group !== scene.root.group)
      out.push(button("Callers and callees", "The sandwich of this function (w)", "sandwich", () => context.set({ shape: "sandwich", select: frame.function, focus: "" })));
  }
  if (frame.file) out.push(button("Source", sources.has(frame.file) ? "Its lines" : "Its lines and figures; the text was not embedded", "source",
    () => context.set({ view: "source", source: frame.file, select: graph.byLine && frame.line ? `${frame.file}:${frame.line}` : "" })));
  return out;
}

// The path to what is zoomed to; of a long one, its ends.
export function crumbs(focus: Box, look: Look, zoom: (box: Box) => void): (HTMLElement | string)[] {
  const all: Box[] = [];
  for (let b: Box | undefined = focus; b; b = b.parent) all.unshift(b);
  const shown = all.length > 7 ? [...all.slice(0, 2), undefined, ...all.slice(-4)] : all;
  return shown.flatMap((box, i) => {
    if (!box) return [" › …"];
    const name = box.group === ALL ? "all" : labels(box, look)[1]!;
    const node = el("button", { type: "button", textContent: format.shortFunction(name, 40), title: name.slice(0, 300), onclick: () => zoom(box) });
    if (box === focus) node.setAttribute("aria-current", "true");
    return i ? [" › ", node] : [node];
  });
}
