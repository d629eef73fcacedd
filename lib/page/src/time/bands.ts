// SPDX-License-Identifier: MIT
// What the heap was made of over time: the rows of a grouping that ever had most, and the rest.
import type { CoreRows, Ticks, ViewOptions } from "../core";
import type { Side } from "../model";
import { rssAt } from "./members";

const MOST = 10;

export interface Layer {
  key: string; // of its row; "": of the rest
  color: number; // in the palette; -1: of the rest
  value: Float64Array; // by moment
}

export interface Bands {
  time: Float64Array; // moments of which the composition is known
  layers: Layer[]; // largest first, the rest last
  most: number;
}

// The rows that had most at any tick, largest first.
function chosen(most: Float64Array): number[] {
  const out: number[] = [];
  for (let i = 0; i < most.length; i++) {
    if (most[i]! <= 0 || (out.length === MOST && most[i]! <= most[out[MOST - 1]!]!)) continue;
    let at = out.length;
    while (at > 0 && most[out[at - 1]!]! < most[i]!) at--;
    out.splice(at, 0, i);
    out.length = Math.min(out.length, MOST);
  }
  return out;
}

// Ticks of which the composition is known: where something has changed, and as long after it as
// the heap has stayed the same.
function moments({ n, known, live }: Ticks): number[] {
  const out: number[] = [];
  let same = false;
  for (let i = 0; i < n; i++) {
    same = known[i] === 1 || (same && live[i] === live[i - 1]);
    if (same) out.push(i);
  }
  return out;
}

// The rest is what all together had and the layers had not.
function stacked(time: Float64Array, layers: Layer[], whole: Float64Array): Bands {
  const rest = whole.map((v, i) => Math.max(0, v - layers.reduce((sum, layer) => sum + layer.value[i]!, 0)));
  layers.push({ key: "", color: -1, value: rest });
  return { time, layers, most: whole.reduce((a, b) => Math.max(a, b), 1) };
}

// Of what was only watched: its processes.
function watched({ members, ticks: { time, rss } }: Side): Bands {
  const layers = chosen(Float64Array.from(members, ({ peak }) => peak)).map((i, color) =>
    ({ key: members[i]!.name, color, value: time.map((t) => rssAt(members[i]!, t)) }));
  return stacked(time, layers, rss);
}

function make(side: Side, options: ViewOptions): Bands {
  const { ticks } = side, { rows } = side.rows({ ...options, sort: "peak" });
  const known = moments(ticks);
  const courses = (of: CoreRows, indexes: readonly number[]): Float64Array[] => {
    const all = of.courses(indexes, ticks.n);
    return indexes.map((_, k) => Float64Array.from(known, (i) => all[k * ticks.n + i]!));
  };
  const indexes = chosen(rows.mostEver());
  const layers: Layer[] = courses(rows, indexes).map((value, k) => ({ key: rows.get(indexes[k]!).key, color: k, value }));
  const all = rows.courses([], ticks.n), whole = Float64Array.from(known, (i) => all[i]!);
  return stacked(Float64Array.from(known, (i) => ticks.time[i]!), layers, whole);
}

const made = new WeakMap<Side, { key: string; bands: Bands }>();
export function bandsOf(side: Side, options: ViewOptions): Bands {
  const { at: _at, from: _from, to: _to, sort: _sort, ...rest } = options, question = { ...rest, cumulative: false };
  const key = JSON.stringify(question);
  let last = made.get(side);
  if (last?.key !== key) made.set(side, last = { key, bands: side.info.columns.size ? make(side, question) : watched(side) });
  return last.bands;
}
