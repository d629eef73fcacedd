// SPDX-License-Identifier: MIT
// What all views share: the column that is counted, grouping, filter words, the moment or range.
import { SORTS, type Sort } from "./core";
import { choose, el, pick, type Choice } from "./dom";
import { duration } from "./format";
import type { Context } from "./view";

const METRICS: readonly (readonly [Sort, string, string])[] = [
  ["peak", "Peak", "What was live when the process had most"],
  ["live", "Live", "What was not freed at the moment that is shown"],
  ["total", "Total", "Everything allocated, freed or not"],
  ["blocks", "Blocks", "How many were allocated"],
  ["temporary", "Temporary", "Blocks freed by the next allocator call of their thread"],
  ["max", "Max", "A row's own highest live bytes"],
  ["waste", "Waste", "What rounding up added"],
];

// The column that is in force: the one that was asked for, else the command's choice.
export function metricOf(context: Context): Sort {
  const { model, state } = context;
  if (state.sort) return state.sort;
  if (model.compares) return model.sortOf(state.at);
  if (state.from || state.to) return "live";
  if (state.at && state.at !== "end") return "live";
  return model.current.rows({ by: "domain" }).info.sort;
}

function moment(context: Context): HTMLElement | null {
  const { state } = context;
  const text = state.from || state.to ? `${state.from || "start"} to ${state.to || "end"}`
    : state.at ? `at ${state.at}` : "";
  if (!text) return null;
  return el("button", { type: "button", class: "chip", textContent: `${text} ✕`, title: "Back to the whole recording",
    onclick: () => context.set({ at: "", from: "", to: "" }) });
}

function metric(context: Context): HTMLElement {
  const { model, state } = context, current = metricOf(context);
  const recorded = new Set(model.current.info.columns);
  const choices: Choice[] = METRICS.filter(([sort]) => recorded.has(SORTS[sort])).map(([sort, label, title]) =>
    ({ value: sort, label, title, disabled: sort !== "live" && (state.from !== "" || state.to !== "") }));
  return choose("Column", choices, current, (sort) => context.set({ sort: sort as Sort, order: "" }));
}

function filter(context: Context): HTMLElement {
  const { state } = context;
  const words = [...state.include, ...state.exclude.map((word) => `-${word}`)].join(" ");
  const field = el("input", { type: "search", value: words, placeholder: "filter: parse* -*.so", size: 22,
    title: "Words that a file, function or module has to match (shell wildcards); -word leaves out what matches. " +
      "FILE:LINE, scope:, thread:, domain:, process: too" });
  field.dataset["role"] = "filter";
  field.setAttribute("aria-label", "Filter");
  field.onchange = () => {
    const all = field.value.split(/\s+/).filter(Boolean);
    context.set({ include: all.filter((w) => !w.startsWith("-")),
      exclude: all.filter((w) => w.length > 1 && w.startsWith("-")).map((w) => w.slice(1)) });
  };
  return field;
}

function search(context: Context): HTMLElement {
  const field = el("input", { type: "search", value: context.state.search, placeholder: "search", size: 14 });
  field.dataset["role"] = "search";
  field.setAttribute("aria-label", "Search");
  field.oninput = () => context.set({ search: field.value }, true);
  return field;
}

// Fields keep what is being typed: they are made again only when they do not have the focus.
const kept = new Map<string, HTMLElement>();
function keep(role: string, make: () => HTMLElement): HTMLElement {
  const old = kept.get(role), node = old && document.activeElement === old ? old : make();
  kept.set(role, node);
  return node;
}

// A field that is being typed into stays where it is: moved, it would lose the focus.
export function showBar(host: HTMLElement, context: Context): void {
  const parts = bar(context), typed = parts.findIndex((part) => part === document.activeElement);
  if (typed < 0) return host.replaceChildren(...parts);
  for (const child of [...host.children]) if (child !== parts[typed]) child.remove();
  host.prepend(...parts.slice(0, typed));
  host.append(...parts.slice(typed + 1));
}

function bar(context: Context): HTMLElement[] {
  const { model, state } = context, { info } = model.current;
  const moments = info.columns.has("peak_bytes") && !model.compares && !state.from && !state.to;
  const parts: (HTMLElement | null)[] = [
    metric(context),
    moments && !state.at ? null : moment(context),
    info.columns.size ? keep("filter", () => filter(context)) : null,
    state.include.length + state.exclude.length ? pick("in", [{ value: "", label: "the charged frame" }, { value: "1", label: "any frame" }],
      state.allFrames ? "1" : "", (v) => context.set({ allFrames: v !== "" })) : null,
    info.columns.size ? keep("search", () => search(context)) : null,
    el("span", { class: "dim grow", textContent: info.sampleBytes ? "sampled: figures are estimates" : "" }),
    el("span", { class: "dim", textContent: info.duration ? duration(info.duration) : "" }),
  ];
  return parts.filter((part): part is HTMLElement => part !== null);
}
