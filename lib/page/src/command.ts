// SPDX-License-Identifier: MIT
// The command that prints what is on the screen.
import type { Context } from "./view";

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

const VERBS: Record<string, string> = { timeline: "timeline", scopes: "scopes", flame: "tree", source: "annotate" };

export function commandOf(context: Context): string {
  const { state, model, page, given } = context;
  const names = (i: number): string => quote(page.names?.[i] ?? given[i]?.name ?? "PROFILE");
  const isRange = state.from !== "" || state.to !== "";
  const isDiff = model.compares || isRange;
  const verb = isDiff ? "diff" : VERBS[state.view] ?? "report";
  const words = ["memtrack", verb];
  const put = (option: string, value: string): void => void words.push(option, quote(value));
  if (verb === "timeline" || verb === "scopes") return [...words, names(0)].join(" ");
  const by = { sizes: "size", threads: "thread", processes: "process", flame: state.lines ? "line" : "function" }[state.view] ?? state.by;
  const through = state.view === "flame" && state.shape === "sandwich" ? state.select : "";
  if (by !== "line" && verb !== "annotate") put("--by", by);
  if (state.sort) put("--sort", state.sort);
  if (state.cumulative && verb !== "tree") words.push("--cumulative");
  if (state.at && !isRange) put("--at", state.at);
  for (const pattern of state.include) put("--include", pattern);
  for (const pattern of state.exclude) put("--exclude", pattern);
  if (through) put("--include", through);
  if (through || (state.allFrames && state.include.length + state.exclude.length)) words.push("--all-frames");
  for (const pattern of state.wrapper) put("--wrapper", pattern);
  if (state.keepStd) words.push("--keep-std");
  if (state.keepWrappers) words.push("--keep-wrappers");
  if (verb === "tree" && state.shape === "inverted") words.push("--inverted");
  if (model.compares) words.push(names(0), names(1));
  else if (isRange) words.push(`${names(0)}@${state.from || "0s"}`, `${names(0)}@${state.to || "end"}`);
  else words.push(names(0));
  if (verb === "annotate" && state.source) words.push(quote(state.source));
  return words.join(" ");
}
