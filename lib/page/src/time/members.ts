// SPDX-License-Identifier: MIT
// What was only watched, at a moment or over a range: which process had how much RSS. A process is
// looked at together with its tree; behind its last look it had none.
import type { Member, Side } from "../model";
import type { State } from "../state";
import { change, duration, processes, size } from "../format";
import { momentSeconds } from "./axis";
import { courseOf, indexAt } from "./series";

const SLACK = 1e-6; // seconds: the clocks of two profiles are doubles

export function rssAt({ time, rss }: Member, at: number): number {
  return at > time[time.length - 1]! + SLACK ? 0 : rss[indexAt(time, at + SLACK)] ?? 0;
}

export interface Watched {
  title: string;
  sum: number;
  rows: { member: Member; value: number; text: string }[]; // largest first
}

export function watchedAt(side: Side, { at, from, to }: Pick<State, "at" | "from" | "to">): Watched {
  const { info, members } = side, { span } = courseOf(side), isRange = from !== "" || to !== "";
  const end = momentSeconds(isRange ? to : at || "peak", info, span), begin = momentSeconds(from || "0s", info, span);
  const rows = members.map((member) => ({ member, value: rssAt(member, end) - (isRange ? rssAt(member, begin) : 0) }))
    .filter(({ value }) => value).sort((a, b) => Math.abs(b.value) - Math.abs(a.value))
    .map((row) => ({ ...row, text: isRange ? change(size(row.value), row.value) : size(row.value) }));
  const sum = rows.reduce((all, { value }) => all + value, 0);
  return { sum, rows, title: isRange ? `${change(size(sum), sum)} of RSS from ${from || "start"} to ${to || "end"}`
    : `${at && at !== "peak" ? "" : "At most "}${size(sum)} of RSS, at ${duration(end)}${members.length > 1 ? `, in ${processes(rows.length)}` : ""}` };
}
