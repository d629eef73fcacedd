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
import { NO_PATH, REST, type Graph, type Weights } from "./graph";

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

const NONE = new Uint32Array(0);
const MOST_LEVELS = 2000; // of a path that somebody made up
const MOST_MARKS = 2 ** 32 - 2 ** 26;

export const weightOf = (box: Box): number => box.value[0]!;

export function rootBox(group: number, nodes: Uint32Array, value: readonly number[], items?: readonly Float64Array[]): Box {
  return { group, level: 0, parent: undefined, nodes, items, value, count: 0, x: 0, children: undefined };
}

// What is found below a box, before it is grouped.
class Found {
  nodes = new Uint32Array(1024);
  slots = new Uint32Array(1024);
  items: Float64Array[];
  n = 0;
  constructor(channels: number) {
    this.items = Array.from({ length: channels }, () => new Float64Array(1024));
  }
  push(node: number, slot: number): number {
    if (this.n === this.nodes.length) this.grow();
    this.nodes[this.n] = node;
    this.slots[this.n] = slot;
    return this.n++;
  }
  private grow(): void {
    const twice = <T extends Uint32Array | Float64Array>(old: T): T => {
      const out = new (old.constructor as new (n: number) => T)(old.length * 2);
      out.set(old);
      return out;
    };
    this.nodes = twice(this.nodes);
    this.slots = twice(this.slots);
    this.items = this.items.map(twice);
  }
}

interface Slot {
  group: number;
  count: number;
  value: number[];
}

export class Layout {
  readonly rows: Box[][] = []; // by level, from left to right
  private readonly queue: Box[] = [];
  private at = 0; // in the queue
  private readonly found: Found;
  private readonly slotOf: Int32Array; // of each group: in slots, while a box is opened
  private slots: Slot[] = [];
  private readonly onPath: Uint8Array;
  private readonly channels: number;

  constructor(readonly shape: Shape, readonly root: Box, readonly upwards: boolean, readonly least: number) {
    const { graph, weights } = shape;
    this.channels = weights.sum.length;
    this.found = new Found(this.channels);
    this.slotOf = new Int32Array(graph.nGroups + 1).fill(-1);
    this.onPath = new Uint8Array(graph.nGroups);
    this.rows.push([root]);
    this.queue.push(root);
  }

  get isDone(): boolean {
    return this.at >= this.queue.length;
  }

  // Lays out until the time is up, but what is needed for so many rows at the least. Returns whether
  // all is done.
  step(ms: number, rows = 0): boolean {
    const end = performance.now() + ms;
    while (!this.isDone && (performance.now() < end || this.queue[this.at]!.level + 1 < rows)) {
      const box = this.queue[this.at++]!;
      this.place(box);
    }
    return this.isDone;
  }

  private place(box: Box): void {
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
      if (child.group >= 0) this.queue.push(child);
    }
  }

  // The children that weigh at least so much; the rest as one behind them.
  open(box: Box, least: number): Box[] {
    this.found.n = 0;
    this.slots = [];
    this.markPath(box, 1);
    if (this.upwards) this.findCallers(box);
    else this.findCallees(box);
    this.markPath(box, 0);
    for (const slot of this.slots) this.slotOf[slot.group < 0 ? this.shape.graph.nGroups : slot.group] = -1;
    return box.children = this.makeBoxes(box, least);
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

  private markPath(box: Box, value: number): void {
    if (!this.shape.collapse) return;
    for (let b: Box | undefined = box; b; b = b.parent) if (b.group >= 0) this.onPath[b.group] = value;
  }

  private passes(group: number): boolean {
    return this.shape.hides[group] !== 0 || this.onPath[group] !== 0;
  }

  private slot(group: number): number {
    const index = group < 0 ? this.shape.graph.nGroups : group;
    let slot = this.slotOf[index]!;
    if (slot < 0) {
      slot = this.slotOf[index] = this.slots.length;
      this.slots.push({ group, count: 0, value: new Array<number>(this.channels).fill(0) });
    }
    return slot;
  }

  private add(node: number, group: number, of: readonly Float64Array[], i: number): void {
    const at = this.slot(group), slot = this.slots[at]!;
    this.found.push(node, at);
    slot.count++;
    for (let c = 0; c < this.channels; c++) slot.value[c]! += of[c]![i]!;
  }

  private findCallees(box: Box): void {
    const { graph, weights } = this.shape, { first, child } = graph, width = weights.sum[0]!;
    const stack = Array.from(box.nodes);
    if (box.nodes[0] === 0 && weights.own[0]![0]) this.add(0, NO_PATH, weights.own, 0);
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (let k = first[node]!; k < first[node + 1]!; k++) {
        const c = child[k]!;
        if (!width[c]) continue;
        const group = graph.groupAt(c);
        if (this.passes(group)) stack.push(c);
        else this.add(c, group, weights.sum, c);
      }
    }
  }

  // Items that go on through the same node are one from there.
  private findCallers(box: Box): void {
    const { graph } = this.shape, { parent } = graph.trie, { mark } = graph, base = this.marks();
    const items = box.items!, isFirst = box.level === this.root.level && box.group < 0;
    for (let i = 0; i < box.nodes.length; i++) {
      let node = isFirst ? box.nodes[i]! : parent[box.nodes[i]!]!;
      while (node && this.passes(graph.groupAt(node))) node = parent[node]!;
      if (!node && !(isFirst && box.nodes[i] === 0)) continue;
      const k = mark[node]! - base;
      if (k >= 0) this.merge(k, items, i);
      else this.caller(node, base, items, i);
    }
  }

  private merge(k: number, items: readonly Float64Array[], i: number): void {
    const value = this.slots[this.found.slots[k]!]!.value;
    for (let c = 0; c < this.channels; c++) {
      this.found.items[c]![k]! += items[c]![i]!;
      value[c]! += items[c]![i]!;
    }
  }

  private caller(node: number, base: number, items: readonly Float64Array[], i: number): void {
    const { graph } = this.shape, k = this.found.n;
    this.add(node, node ? graph.groupAt(node) : NO_PATH, items, i);
    for (let c = 0; c < this.channels; c++) this.found.items[c]![k] = items[c]![i]!;
    graph.mark[node] = base + k;
    graph.marked = base + k + 1;
  }

  // A mark of this number or above it was made since.
  private marks(): number {
    const { graph } = this.shape;
    if (!graph.marked) graph.marked = 1;
    if (graph.marked > MOST_MARKS) {
      graph.mark.fill(0);
      graph.marked = 1;
    }
    return graph.marked;
  }

  private makeBoxes(box: Box, least: number): Box[] {
    const kept: { box: Box; fill: number }[] = [], bySlot = new Array<{ box: Box; fill: number } | undefined>(this.slots.length);
    const rest = new Array<number>(this.channels).fill(0);
    let nRest = 0;
    this.slots.forEach((slot, s) => {
      if (slot.value[0]! < least || !slot.value[0]) {
        slot.value.forEach((v, c) => (rest[c]! += v));
        nRest++;
      } else kept.push(bySlot[s] = { fill: 0, box: this.boxOf(box, slot) });
    });
    for (let i = 0; i < this.found.n; i++) {
      const to = bySlot[this.found.slots[i]!];
      if (!to) continue;
      (to.box.nodes as Uint32Array)[to.fill] = this.found.nodes[i]!;
      to.box.items?.forEach((item, c) => (item[to.fill] = this.found.items[c]![i]!));
      to.fill++;
    }
    const out = kept.map((k) => k.box).sort((a, b) => weightOf(b) - weightOf(a) || a.group - b.group);
    if (nRest && rest[0]) out.push({ ...this.boxOf(box, { group: REST, count: 0, value: rest }), count: nRest, nodes: NONE });
    return out;
  }

  private boxOf(parent: Box, slot: Slot): Box {
    const items = this.upwards ? Array.from({ length: this.channels }, () => new Float64Array(slot.count)) : undefined;
    return { group: slot.group, level: parent.level + 1, parent, nodes: new Uint32Array(slot.count), items,
      value: slot.value, count: 0, x: 0, children: undefined };
  }
}
