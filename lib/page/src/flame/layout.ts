// SPDX-License-Identifier: MIT
// Where boxes are. A box stands for a set of nodes of the trie that look alike from where the graph
// begins; what is below it on the screen (callees, or callers where the graph is turned over) is its
// nodes' children or parents, grouped. Recursion that is collapsed and frames that are hidden are
// passed through, so that what is behind them belongs to the box before. A box is opened only while
// it is wider than a pixel: the work is that of what can be seen, whatever the profile's size; the
// others of one parent are one box together. Rows are laid out one after the other, and whoever has
// to answer can stop between two boxes.
//
//        callees: a node's weight is that of all below it       callers: a node stands for a part of
//        all ─► main ─► parse ─► alloc                          what it called: its items have weights
import { ALL, NO_PATH, REST, type Graph, type Weights } from "./graph";

export interface Box {
  readonly group: number; // or ALL, NO_PATH, REST
  readonly level: number; // 0: where the graph begins; below 0: callers above it
  readonly parent: Box | undefined;
  readonly nodes: Uint32Array;
  readonly items: readonly Float64Array[] | undefined; // weights of nodes by channel, where they are callers
  readonly value: readonly number[]; // by channel
  readonly count: number; // of REST: how many there are
  x: number; // as a weight, from the left edge
  children: Box[] | undefined;
}

export interface Shape {
  readonly graph: Graph;
  readonly weights: Weights;
  readonly hides: Uint8Array; // of each group
  readonly collapse: boolean;
}

const MOST_LEVELS = 2000; // of a path that somebody made up
const MOST_MARKS = 2 ** 32 - 2 ** 26;

export const weightOf = (box: Box): number => box.value[0]!;

export function rootBox(group: number, nodes: Uint32Array, value: readonly number[], items?: readonly Float64Array[]): Box {
  return { group, level: 0, parent: undefined, nodes, items, value, count: 0, x: 0, children: undefined };
}

// What is found below a box: nodes, the group of each, their weights where they are callers; and the
// sums of each group, of which those that were touched are listed. A group that is none has the last
// place.
class Found {
  nodes = new Uint32Array(1024);
  groups = new Uint32Array(1024);
  items: Float64Array[];
  n = 0;
  readonly touched: Uint32Array;
  nTouched = 0;
  readonly count: Uint32Array;
  readonly sums: Float64Array[];
  readonly place: Int32Array; // among the boxes that are made; -1: it is too small

  constructor(channels: number, nGroups: number) {
    const doubles = (n: number): Float64Array[] => Array.from({ length: channels }, () => new Float64Array(n));
    this.items = doubles(1024);
    this.sums = doubles(nGroups + 1);
    this.touched = new Uint32Array(nGroups + 1);
    this.count = new Uint32Array(nGroups + 1);
    this.place = new Int32Array(nGroups + 1);
  }

  clear(): void {
    for (let i = 0; i < this.nTouched; i++) {
      const g = this.touched[i]!;
      this.count[g] = 0;
      for (const sum of this.sums) sum[g] = 0;
    }
    this.n = this.nTouched = 0;
  }

  reserve(n: number): void {
    if (n <= this.nodes.length) return;
    const longer = <T extends Uint32Array | Float64Array>(old: T): T => {
      const out = new (old.constructor as new (n: number) => T)(Math.max(n, old.length * 2));
      out.set(old);
      return out;
    };
    this.nodes = longer(this.nodes);
    this.groups = longer(this.groups);
    this.items = this.items.map(longer);
  }

  // There must be room.
  push(node: number, group: number): void {
    if (this.count[group]!++ === 0) this.touched[this.nTouched++] = group;
    this.nodes[this.n] = node;
    this.groups[this.n++] = group;
  }
}

export class Layout {
  readonly rows: Box[][] = []; // by level, from left to right
  readonly #queue: Box[] = [];
  #at = 0; // in the queue
  readonly #found: Found;
  readonly #onPath: Uint8Array;
  readonly #channels: number;

  constructor(readonly shape: Shape, readonly root: Box, readonly upwards: boolean, readonly least: number) {
    const { graph, weights } = shape;
    this.#channels = weights.sum.length;
    this.#found = new Found(this.#channels, graph.nGroups);
    this.#onPath = new Uint8Array(graph.nGroups);
    this.rows.push([root]);
    this.#queue.push(root);
  }

  get isDone(): boolean {
    return this.#at >= this.#queue.length;
  }

  // Lays out until the time is up, but what is needed for so many rows at the least. Returns whether
  // all is done.
  step(ms: number, rows = 0): boolean {
    const end = performance.now() + ms;
    while (!this.isDone && (performance.now() < end || this.#queue[this.#at]!.level + 1 < rows)) {
      const box = this.#queue[this.#at++]!;
      this.#place(box);
    }
    return this.isDone;
  }

  #place(box: Box): void {
    const level = box.level + 1 - this.root.level;
    if (level >= MOST_LEVELS) return;
    const children = this.open(box, this.least);
    if (!children.length) return;
    const row = this.rows[level] ??= [];
    let x = box.x;
    for (const child of children) {
      child.x = x;
      x += weightOf(child);
      row.push(child);
      if (child.group >= 0) this.#queue.push(child);
    }
  }

  // The children that weigh at least so much; the rest as one behind them.
  open(box: Box, least: number): Box[] {
    this.#found.clear();
    this.#markPath(box, 1);
    if (this.upwards) this.#findCallers(box);
    else this.#findCallees(box);
    this.#markPath(box, 0);
    return box.children = this.#makeBoxes(box, least);
  }

  // The box at the end of a path of groups, opening what is on the way; where the path leaves the
  // graph, it ends.
  follow(path: readonly ((group: number) => boolean)[]): Box {
    let box = this.root;
    for (const is of path) {
      const next = this.open(box, 0).find((child) => child.group >= 0 && is(child.group));
      if (!next) break;
      box = next;
    }
    return box;
  }

  #markPath(box: Box, value: number): void {
    if (!this.shape.collapse) return;
    for (let b: Box | undefined = box; b; b = b.parent) if (b.group >= 0) this.#onPath[b.group] = value;
  }

  #passes(group: number): boolean {
    return this.shape.hides[group] !== 0 || this.#onPath[group] !== 0;
  }

  #findCallees(box: Box): void {
    const { graph, weights } = this.shape, { first, child } = graph.links, { groupOf } = graph, found = this.#found, channels = this.#channels, { sums } = found;
    const width = weights.sum[0]!, stack = Array.from(box.nodes);
    if (box.group === ALL && weights.own[0]![0]) this.#callee(0, graph.nGroups, weights.own);
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const end = first[node + 1]!;
      found.reserve(found.n + end - first[node]!);
      for (let k = first[node]!; k < end; k++) {
        const c = child[k]!;
        if (!width[c]) continue;
        const group = groupOf[c]!;
        if (this.#passes(group)) {
          stack.push(c);
          continue;
        }
        found.push(c, group);
        sums[0]![group]! += width[c]!;
        for (let i = 1; i < channels; i++) sums[i]![group]! += weights.sum[i]![c]!;
      }
    }
  }

  #callee(node: number, group: number, of: readonly Float64Array[]): void {
    this.#found.push(node, group);
    this.#found.sums.forEach((sum, c) => (sum[group]! += of[c]![node]!));
  }

  // Items that go on through the same node are one from there.
  #findCallers(box: Box): void {
    const { graph } = this.shape, { groupOf, nGroups } = graph, { mark } = graph.links, { parent } = graph.trie, found = this.#found, channels = this.#channels, { sums } = found;
    const { nodes } = box, items = box.items!, weight = items[0]!, isFirst = box.group === ALL, base = this.#marks();
    found.reserve(nodes.length);
    for (let i = 0; i < nodes.length; i++) {
      const from = nodes[i]!;
      let node = isFirst ? from : parent[from]!, group = node ? groupOf[node]! : nGroups;
      while (node && this.#passes(group)) {
        node = parent[node]!;
        group = node ? groupOf[node]! : nGroups;
      }
      if (!node && (from || !isFirst)) continue;
      let k = mark[node]! - base;
      if (k < 0) {
        k = found.n;
        found.push(node, group);
        mark[node] = base + k;
        for (let c = 0; c < channels; c++) found.items[c]![k] = 0;
      }
      found.items[0]![k]! += weight[i]!;
      sums[0]![group]! += weight[i]!;
      for (let c = 1; c < channels; c++) {
        found.items[c]![k]! += items[c]![i]!;
        sums[c]![group]! += items[c]![i]!;
      }
    }
    graph.links.marked = base + found.n;
  }

  // A mark of this number or above it was made since.
  #marks(): number {
    const { links } = this.shape.graph;
    if (links.marked > MOST_MARKS) {
      links.mark.fill(0);
      links.marked = 1;
    }
    return links.marked;
  }

  #makeBoxes(box: Box, least: number): Box[] {
    const found = this.#found, { nGroups } = this.shape.graph, out: Box[] = [], rest = new Array<number>(this.#channels).fill(0);
    let nRest = 0;
    for (let i = 0; i < found.nTouched; i++) {
      const g = found.touched[i]!, value = found.sums.map((sum) => sum[g]!);
      found.place[g] = value[0]! >= least && value[0]! > 0 ? out.length : -1;
      if (found.place[g]! >= 0) {
        out.push(this.#boxOf(box, g === nGroups ? NO_PATH : g, value, found.count[g]!));
        continue;
      }
      value.forEach((v, c) => (rest[c]! += v));
      nRest++;
    }
    if (out.length) this.#distribute(out);
    out.sort((a, b) => weightOf(b) - weightOf(a) || a.group - b.group);
    if (nRest && rest[0]) out.push({ ...this.#boxOf(box, REST, rest, 0), count: nRest });
    return out;
  }

  #distribute(boxes: readonly Box[]): void {
    const found = this.#found, channels = this.#channels, fill = new Uint32Array(boxes.length);
    for (let i = 0; i < found.n; i++) {
      const at = found.place[found.groups[i]!]!;
      if (at < 0) continue;
      const box = boxes[at]!, k = fill[at]!++;
      box.nodes[k] = found.nodes[i]!;
      if (box.items) for (let c = 0; c < channels; c++) box.items[c]![k] = found.items[c]![i]!;
    }
  }

  #boxOf(parent: Box, group: number, value: readonly number[], n: number): Box {
    const items = this.upwards ? Array.from({ length: this.#channels }, () => new Float64Array(n)) : undefined;
    return { group, level: parent.level + 1, parent, nodes: new Uint32Array(n), items, value, count: 0, x: 0, children: undefined };
  }
}
