// SPDX-License-Identifier: MIT
// What a flame graph is made of: the trie of call paths with the children of each node, what its
// frames are called and grouped under, and the weights of its nodes. Building takes a second for the
// 1.8 million nodes of a compiler, so it is done a few milliseconds at a time, ahead of need.
//
// A weight has channels. What never falls below nothing has one. A change has three: the sum of the
// changes of its call paths, each without its sign, which is how wide it is, so that nothing has
// width where nothing changed and a box is as wide as what it holds; the old and the new value.
import { BY_FUNCTION, type CoreTrie, type Frame, type ValueName, type ViewOptions } from "../core";
import type { Model } from "../model";
import { baseName } from "../format";

export interface Weights {
  readonly signed: boolean;
  readonly own: readonly Float64Array[]; // of each channel and node: what ends there
  readonly sum: readonly Float64Array[]; // and what is in it or below it
}

// What drawing asks of a function (or of a line, where those are apart).
export interface Group {
  readonly frame: Frame;
  readonly name: string; // of hostile length no more
  readonly isSystem: boolean;
  readonly text: string; // to be searched
}

export const NO_PATH = -1, REST = -2, ALL = -3; // groups that are no functions
const MOST_NAME = 2000;

// The trie downwards; the same for all groupings of it.
class Links {
  readonly first: Uint32Array; // of each node: where its children begin in child; one more at the end
  readonly child: Uint32Array;
  readonly mark: Uint32Array; // scratch of whoever groups nodes; see layout.ts
  marked = 1;

  constructor(trie: CoreTrie) {
    const { n, parent } = trie, first = this.first = new Uint32Array(n + 2), child = this.child = new Uint32Array(n);
    for (let i = 1; i < n; i++) first[parent[i]! + 2]!++;
    for (let i = 2; i < n + 2; i++) first[i]! += first[i - 1]!;
    for (let i = 1; i < n; i++) child[first[parent[i]! + 1]!++] = i;
    this.mark = new Uint32Array(n);
  }
}

export class Graph {
  readonly #groups: (Group | undefined)[] = [];
  readonly #sample: Int32Array; // of each group: a frame in it
  readonly nGroups: number;
  readonly groupOf: Uint32Array; // of each node; the root's is nobody's

  constructor(readonly trie: CoreTrie, readonly byLine: boolean, readonly links: Links) {
    const { n, frame, nFrames, functionOf } = trie;
    this.groupOf = frame;
    if (!byLine) {
      this.groupOf = new Uint32Array(n);
      for (let i = 1; i < n; i++) this.groupOf[i] = functionOf[frame[i]!]!;
    }
    this.nGroups = byLine ? nFrames : functionOf.reduce((most, g) => Math.max(most, g + 1), 0);
    this.#sample = new Int32Array(this.nGroups).fill(-1);
    for (let f = 0; f < nFrames; f++) {
      const g = byLine ? f : functionOf[f]!;
      if (this.#sample[g]! < 0) this.#sample[g] = f;
    }
  }

  group(g: number): Group {
    return this.#groups[g] ??= this.#describe(this.trie.frameAt(this.#sample[g]!));
  }

  #describe(frame: Frame): Group {
    const place = frame.file && frame.line && this.byLine ? `${baseName(frame.file)}:${frame.line}` : "";
    const name = frame.function || (frame.module ? `${frame.address} (${baseName(frame.module)})` : frame.address);
    return { frame, name: (place ? `${name} ${place}` : name).slice(0, MOST_NAME),
      isSystem: !["user", "interpreter"].includes(frame.kind),
      text: `${frame.function.slice(0, MOST_NAME)}\n${frame.file.slice(0, MOST_NAME)}\n${frame.module}`.toLowerCase() };
  }

  // Which groups have a word in their names, and what share of the weight has one on its path: once,
  // however often it does.
  matches(word: string, weights: Weights): { hit: Uint8Array; share: number; groups: number } {
    const hit = new Uint8Array(this.nGroups), wanted = word.toLowerCase();
    let groups = 0, part = 0;
    for (let g = 0; g < this.nGroups; g++)
      if (this.group(g).text.includes(wanted)) groups += hit[g] = 1;
    const { groupOf } = this, { n, parent } = this.trie, below = new Uint8Array(n), own = weights.own[0]!, whole = weights.sum[0]![0]!;
    for (let i = 1; i < n; i++) {
      below[i] = below[parent[i]!]! | hit[groupOf[i]!]!;
      if (below[i]) part += own[i]!;
    }
    return { hit, groups, share: whole ? part / whole : 0 };
  }

  // The nodes of a group that are not below another of them.
  outermost(g: number): Uint32Array {
    const { groupOf } = this, { n, parent } = this.trie, below = new Uint8Array(n), out: number[] = [];
    for (let i = 1; i < n; i++) {
      const is = groupOf[i] === g, inside = below[parent[i]!]!;
      if (is && !inside) out.push(i);
      if (is || inside) below[i] = 1;
    }
    return Uint32Array.from(out);
  }

  // The groups of charged frames, those that weigh most first; then all others.
  charged(weights: Weights): Uint32Array {
    if (this.#order?.of === weights) return this.#order.groups;
    const sum = new Float64Array(this.nGroups), { groupOf } = this, { n } = this.trie, own = weights.own[0]!;
    for (let i = 1; i < n; i++) sum[groupOf[i]!]! += own[i]!;
    const groups = Uint32Array.from(sum.keys()).sort((a, b) => sum[b]! - sum[a]! || a - b);
    this.#order = { of: weights, groups };
    return groups;
  }
  #order: { of: Weights; groups: Uint32Array } | undefined;

  find(name: string): number {
    for (let g = 0; g < this.nGroups; g++) if (this.group(g).name === name || this.group(g).frame.function === name) return g;
    return -1;
  }
}

// ---- being built ------------------------------------------------------------------------------------

function flagsOf(model: Model, byLine: boolean): number {
  return model.compares && !byLine ? BY_FUNCTION : 0; // lines move between builds, functions stay
}

const graphs = new WeakMap<CoreTrie, { links: Links; by: (Graph | undefined)[] }>();

function graphOf(trie: CoreTrie, byLine: boolean): Graph {
  let kept = graphs.get(trie);
  if (!kept) graphs.set(trie, kept = { links: new Links(trie), by: [] });
  return kept.by[Number(byLine)] ??= new Graph(trie, byLine, kept.links);
}

function growing(model: Model, options: ViewOptions, byLine: boolean): CoreTrie {
  const side = model.compares ? model.joined.side : model.current;
  return side.growingTrie(options, flagsOf(model, byLine));
}

// Returns the graph when it is there; else works on it for about so long, and returns its progress.
export function grow(model: Model, options: ViewOptions, byLine: boolean, ms: number): Graph | number {
  const trie = growing(model, options, byLine), end = performance.now() + ms;
  while (!trie.isWhole && performance.now() < end) trie.add(512);
  return trie.isWhole ? graphOf(trie, byLine) : trie.progress;
}

// ---- what is weighed --------------------------------------------------------------------------------

// Of each node: the sum of its samples' values.
function ownOf(trie: CoreTrie, values: Float64Array): Float64Array {
  const out = new Float64Array(trie.n), { leaf } = trie;
  for (let s = 0; s < leaf.length; s++) out[leaf[s]!]! += values[s]!;
  return out;
}

function sumOf(trie: CoreTrie, own: Float64Array): Float64Array {
  const out = own.slice(), { parent } = trie;
  for (let i = trie.n - 1; i > 0; i--) if (out[i]) out[parent[i]!]! += out[i]!;
  return out;
}

function changes(trie: CoreTrie, before: Float64Array, after: Float64Array): Weights {
  const old = ownOf(trie, before), next = ownOf(trie, after), width = new Float64Array(trie.n);
  for (let i = 0; i < width.length; i++) width[i] = Math.abs(next[i]! - old[i]!);
  const own = [width, old, next];
  return { signed: true, own, sum: own.map((o) => sumOf(trie, o)) };
}

function plain(trie: CoreTrie, values: Float64Array): Weights {
  for (let s = 0; s < values.length; s++) if (values[s]! < 0) return changes(trie, new Float64Array(values.length), values);
  const own = ownOf(trie, values);
  return { signed: false, own: [own], sum: [sumOf(trie, own)] };
}

function weigh(trie: CoreTrie, model: Model, options: ViewOptions, value: ValueName): Weights {
  const { from, to, at, ...rest } = options, { current } = model;
  if (model.compares) {
    const { side, isNew } = model.joined, values = side.values(rest, value);
    return changes(trie, values.map((v, s) => (isNew[s] ? 0 : v)), values.map((v, s) => (isNew[s] ? v : 0)));
  }
  if (from !== undefined || to !== undefined)
    return changes(trie, current.values({ ...rest, at: from ?? "0s" }, value), current.values({ ...rest, at: to ?? "end" }, value));
  return plain(trie, current.values({ ...rest, at }, value));
}

const weighed = new WeakMap<CoreTrie, Map<string, Weights>>();

// Keeps the latest few: one is 30 MB of a compiler's graph, three times that of a change.
export function weightsOf({ trie }: Graph, model: Model, options: ViewOptions, value: ValueName): Weights {
  let mine = weighed.get(trie);
  if (!mine) weighed.set(trie, mine = new Map());
  const { by, sort, cumulative, ...rest } = options, key = JSON.stringify([rest, value]);
  let found = mine.get(key);
  if (!found) {
    if (mine.size > 3) mine.delete(mine.keys().next().value!);
    mine.set(key, found = weigh(trie, model, rest, value));
  }
  return found;
}
