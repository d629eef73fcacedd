// SPDX-License-Identifier: MIT
// What is on the screen, as one value: the address's fragment holds it, so that a link to a view is
// a link to a view, and scripts read and set it. A key that is as it is when the page opens is left
// out: a short link to a view shows it with what the command was asked for.
import { GROUPS, SORTS, type Group, type Sort, type ViewOptions } from "./core";

export interface State {
  view: string;
  by: Group;
  sort: Sort | ""; // the metric; "": the command's choice
  cumulative: boolean; // a row counts what the frames it called allocated
  at: string; // moment: "end", "peak" or a time such as "1.5s"; "": end
  from: string; // with to: a range, as moments
  to: string;
  include: string[];
  exclude: string[];
  allFrames: boolean;
  wrapper: string[];
  keepStd: boolean;
  keepWrappers: boolean;
  search: string; // names that are marked
  select: string; // the key of the row that is open, or the frame that is in focus
  shape: string; // of the flame graph: icicle, inverted or sandwich
  focus: string; // of the flame graph: what it is zoomed to
  collapse: boolean; // recursion
  system: boolean; // the system's frames are shown
  lines: boolean; // of the flame graph: lines of one function are apart
  color: string; // of the flame graph: module, file or change; "": change where there is one
  course: string; // of the timeline: lines or bands
  measure: string; // of scopes and ages: what is shown of them
  order: string; // of tables: column, "-" before it for largest first; "": by the metric
  source: string; // the file that is shown
}

export const DEFAULTS: State = {
  view: "summary", by: "line", sort: "", cumulative: false, at: "", from: "", to: "", include: [],
  exclude: [], allFrames: false, wrapper: [], keepStd: false, keepWrappers: false, search: "",
  select: "", shape: "icicle", focus: "", collapse: false, system: true, lines: false, color: "",
  course: "lines", measure: "", order: "", source: "",
};

const KEYS = Object.keys(DEFAULTS) as (keyof State)[];
let usual = DEFAULTS;

// What is on the screen of a page that was just opened; how: what the command was asked for.
export function begin(how: object): State {
  const words = new URLSearchParams();
  for (const key of KEYS)
    if (key in how && key !== "view") append(words, key, how[key as keyof typeof how]);
  usual = DEFAULTS;
  return usual = fromFragment(words.toString());
}

function append(words: URLSearchParams, key: string, value: unknown): void {
  for (const word of Array.isArray(value) ? (value.length ? value : [""]) : [value]) words.append(key, String(word));
}

export function toFragment(state: State): string {
  const words = new URLSearchParams();
  for (const key of KEYS)
    if (JSON.stringify(state[key]) !== JSON.stringify(usual[key])) append(words, key, state[key]);
  return words.toString();
}

// Nothing in the address is trusted: what is not a value of its key is left out.
function accept<K extends keyof State>(key: K, words: string[]): State[K] {
  const is = usual[key], word = words[words.length - 1]!;
  if (Array.isArray(is)) return words.filter(Boolean).slice(0, 64) as State[K];
  if (typeof is === "boolean") return (word === "true") as State[K];
  if (key === "by" && !GROUPS.includes(word as Group)) return is;
  if (key === "sort" && word && !(word in SORTS)) return is;
  return word as State[K];
}

export function fromFragment(fragment: string): State {
  const words = new URLSearchParams(fragment.replace(/^#/, ""));
  const state: State = { ...usual };
  const put = <K extends keyof State>(key: K): void => {
    if (words.has(key)) state[key] = accept(key, words.getAll(key));
  };
  for (const key of KEYS) put(key);
  return state;
}

// What the state asks of the core.
export function optionsOf(state: State): ViewOptions {
  return {
    by: state.by, sort: state.sort || undefined, cumulative: state.cumulative,
    at: state.at || undefined, from: state.from || undefined, to: state.to || undefined,
    include: state.include, exclude: state.exclude, wrapper: state.wrapper,
    allFrames: state.allFrames && state.include.length + state.exclude.length > 0,
    keepStd: state.keepStd, keepWrappers: state.keepWrappers,
  };
}
