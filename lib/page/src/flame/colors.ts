// SPDX-License-Identifier: MIT
// Colours of boxes. Text on any of them has a contrast of 5 or more: hues vary, the lightness is that
// of the theme, and so is the ink.
import { baseName } from "../format";
import { ALL, NO_PATH, REST, type Graph } from "./graph";
import type { Box } from "./layout";

export interface Theme {
  ink: string;
  paper: string;
  plain: string; // boxes that are of no module, and those that a search leaves out
  dim: string; // ink of the latter
  hit: string;
  edge: string; // around the box that is chosen
  more: readonly [number, number, number];
  less: readonly [number, number, number];
  none: readonly [number, number, number];
  saturation: number;
  lightness: number;
}

const LIGHT: Theme = { ink: "#1f2328", paper: "#ffffff", plain: "#eceff2", dim: "#59636e", hit: "#ffd33d", edge: "#0b3d75",
  more: [229, 130, 103], less: [127, 178, 221], none: [236, 239, 242], saturation: 62, lightness: 85 };
const DARK: Theme = { ink: "#e6edf3", paper: "#0d1117", plain: "#262c34", dim: "#9aa3ad", hit: "#765900", edge: "#cfe6ff",
  more: [158, 47, 42], less: [31, 92, 151], none: [43, 49, 56], saturation: 36, lightness: 30 };

export function theme(): Theme {
  return matchMedia("(prefers-color-scheme: dark)").matches && !matchMedia("print").matches ? DARK : LIGHT;
}

export type By = "module" | "file" | "change";

const MOST_READ = 2000; // functions, to find out of which modules most are

export class Colors {
  readonly #rank = new Map<string, number>();

  constructor(private readonly graph: Graph, readonly by: By) {
    const sizes = new Map<string, number>();
    if (by === "change") return;
    for (let g = 0; g < Math.min(graph.nGroups, MOST_READ); g++) {
      const name = this.#nameOf(g);
      sizes.set(name, (sizes.get(name) ?? 0) + 1);
    }
    [...sizes].filter(([name]) => name !== "").sort((a, b) => b[1] - a[1]).forEach(([name], i) => this.#rank.set(name, i));
  }

  #nameOf(g: number): string {
    const { frame } = this.graph.group(g);
    return baseName(this.by === "file" ? frame.file : frame.module);
  }

  #rankOf(name: string): number {
    let rank = this.#rank.get(name);
    if (rank === undefined) this.#rank.set(name, rank = this.#rank.size);
    return rank;
  }

  // Red comes late, which is the colour of what grew. Neighbours of one colour are told apart by a
  // little lightness.
  #hue(rank: number, t: Theme, group = 0): string {
    return `hsl(${(212 + rank * 298) % 360}, ${t.saturation}%, ${t.lightness - (Math.imul(group, 0x9e3779b1) >>> 29)}%)`;
  }

  // What most functions are of, for a legend.
  legend(t: Theme, most: number): { name: string; color: string }[] {
    return [...this.#rank].slice(0, most).map(([name, rank]) => ({ name, color: this.#hue(rank, t) }));
  }

  #changed(box: Box, t: Theme): string {
    const [width, old, next] = box.value, change = next! - old!, share = width ? Math.abs(change) / width! : 0;
    const to = change > 0 ? t.more : t.less;
    return `rgb(${t.none.map((c, i) => Math.round(c + (to[i]! - c) * share)).join(", ")})`;
  }

  of(box: Box, t: Theme): string {
    if (this.by === "change" && box.value.length > 1) return this.#changed(box, t);
    if (box.group === ALL || box.group === NO_PATH || box.group === REST) return t.plain;
    const name = this.#nameOf(box.group);
    return this.#hue(name === "" ? box.group : this.#rankOf(name), t, box.group); // by function, where no more is known
  }
}
