// SPDX-License-Identifier: MIT
// Draws boxes that have been laid out: on a canvas as large as what is seen of them, or all of them
// as the text of an SVG.
import { bareFunction, count } from "../format";
import type { Colors, Theme } from "./colors";
import { ALL, NO_PATH, REST, type Graph } from "./graph";
import { weightOf, type Box, type Layout } from "./layout";

export const ROW = 20;
const PAD = 4, LEAST_LABEL = 22, LEAST_CHARACTER = 3; // pixels

// Rows from the top: callers, the outermost first, above what they call.
export class Scene {
  constructor(readonly down: Layout | undefined, readonly up: Layout | undefined) {}

  get isUpsideDown(): boolean {
    return this.down !== undefined && this.up !== undefined;
  }
  get above(): number {
    return this.isUpsideDown ? this.up!.rows.length - 1 : 0;
  }
  get nRows(): number {
    return this.isUpsideDown ? this.above + this.down!.rows.length : this.#only.rows.length;
  }
  get #only(): Layout {
    return (this.down ?? this.up)!;
  }
  get root(): Box {
    return this.#only.root;
  }
  row(i: number): Box[] {
    if (!this.isUpsideDown) return this.#only.rows[i] ?? [];
    return (i < this.above ? this.up!.rows[this.above - i] : this.down!.rows[i - this.above]) ?? [];
  }
  find(box: Box): number {
    const level = box.level - this.root.level;
    return [this.above + level, this.above - level].find((i) => this.row(i).includes(box)) ?? -1;
  }
  at(row: number, x: number): Box | undefined {
    const boxes = this.row(row);
    let from = 0, to = boxes.length;
    while (from < to) {
      const middle = (from + to) >> 1, box = boxes[middle]!;
      if (x < box.x) to = middle;
      else if (x >= box.x + weightOf(box)) from = middle + 1;
      else return box;
    }
    return undefined;
  }
  step(ms: number, rows: number): boolean {
    const layouts = [this.down, this.up].filter((l): l is Layout => l !== undefined);
    return layouts.map((l) => l.step(ms / layouts.length, rows)).every(Boolean);
  }
}

export interface Look {
  graph: Graph;
  colors: Colors;
  theme: Theme;
  hit: Uint8Array | undefined; // of each group, while something is searched
  title: string; // of the root
}

const bare = new WeakMap<Graph, (string | undefined)[]>();

// A name, without its arguments, and the last part of it: what fits is shown.
export function labels(box: Box, look: Look): readonly string[] {
  if (box.group === ALL) return [look.title];
  if (box.group === NO_PATH) return ["(no call path)", "(none)"];
  if (box.group === REST) return [`… ${count(box.count)} smaller`, "…"];
  let mine = bare.get(look.graph);
  if (!mine) bare.set(look.graph, mine = []);
  const { name } = look.graph.group(box.group);
  const short = mine[box.group] ??= bareFunction(name);
  const last = short.lastIndexOf("::", short.length - 3);
  return last < 0 ? [name, short] : [name, short, short.slice(last + 2)];
}

const isFaint = (box: Box, look: Look): boolean => look.hit !== undefined && box.group !== ALL && !look.hit[box.group];
const fillOf = (box: Box, look: Look): string =>
  look.hit === undefined ? look.colors.of(box, look.theme) : isFaint(box, look) ? look.theme.plain : box.group >= 0 ? look.theme.hit : look.theme.plain;

// As much of a text as has room.
function fit(measure: (text: string) => number, text: string, room: number): string {
  let shown = text.slice(0, Math.ceil(room / LEAST_CHARACTER));
  let width = measure(shown);
  if (width <= room && shown.length === text.length) return text;
  for (let n = Math.min(shown.length - 1, Math.floor((shown.length * room) / width)); n > 1; n--) {
    shown = `${text.slice(0, n)}…`;
    width = measure(shown);
    if (width <= room) return shown;
  }
  return "";
}

function labelOf(box: Box, look: Look, room: number, measure: (text: string) => number): string {
  const all = labels(box, look);
  return all.find((text) => text.length * LEAST_CHARACTER <= room && measure(text) <= room) ?? fit(measure, all[all.length - 1]!, room);
}

export class Painter {
  readonly #ink: CanvasRenderingContext2D;
  readonly #widths = new Map<string, number>();
  constructor(readonly canvas: HTMLCanvasElement, private readonly font: string) {
    this.#ink = canvas.getContext("2d")!;
  }

  readonly #measure = (text: string): number => {
    let width = this.#widths.get(text);
    if (width === undefined) {
      if (this.#widths.size > 20000) this.#widths.clear();
      this.#widths.set(text, width = this.#ink.measureText(text).width);
    }
    return width;
  };

  resize(width: number, height: number): void {
    const { canvas } = this, scale = devicePixelRatio || 1;
    const w = Math.max(1, Math.round(width * scale)), h = Math.max(1, Math.round(height * scale));
    if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    this.#ink.setTransform(scale, 0, 0, scale, 0, 0);
    this.#ink.font = this.font;
    this.#ink.textBaseline = "middle";
  }

  draw(scene: Scene, look: Look, top: number, width: number, height: number, chosen: Box | undefined, under: Box | undefined): void {
    const ink = this.#ink, unit = width / (weightOf(scene.root) || 1), last = Math.min(scene.nRows - 1, Math.floor((top + height) / ROW));
    ink.fillStyle = look.theme.paper;
    ink.fillRect(0, 0, width, height);
    for (let row = Math.floor(top / ROW); row <= last; row++)
      for (const box of scene.row(row)) this.#box(box, look, row * ROW - top, unit);
    for (const [box, line] of [[scene.isUpsideDown ? scene.root : undefined, 1], [under, 1], [chosen, 2]] as const) {
      const row = box ? scene.find(box) : -1;
      if (row < 0) continue;
      ink.strokeStyle = look.theme.edge;
      ink.lineWidth = line;
      ink.strokeRect(box!.x * unit + line / 2, row * ROW - top + line / 2, Math.max(2, weightOf(box!) * unit - line), ROW - line);
    }
  }

  #box(box: Box, look: Look, y: number, unit: number): void {
    const ink = this.#ink, x = box.x * unit, width = weightOf(box) * unit, inner = width > 2 ? width - 1 : width;
    ink.fillStyle = fillOf(box, look);
    if (box.group === REST) this.#hatch(x, y, inner, look);
    else ink.fillRect(x, y, inner, ROW - 1);
    if (width < LEAST_LABEL) return;
    const text = labelOf(box, look, width - 2 * PAD, this.#measure);
    if (!text) return;
    ink.fillStyle = isFaint(box, look) || box.group === REST ? look.theme.dim : look.theme.ink;
    ink.fillText(text, x + PAD, y + ROW / 2);
  }

  // What is too small to be seen, as one.
  #hatch(x: number, y: number, width: number, look: Look): void {
    const ink = this.#ink;
    ink.fillStyle = look.theme.plain;
    ink.fillRect(x, y, width, ROW - 1);
    ink.fillStyle = look.theme.dim;
    ink.fillRect(x, y + ROW - 3, width, 2);
  }
}

// ---- as a file --------------------------------------------------------------------------------------

const escape = (text: string): string =>
  // eslint-disable-next-line no-control-regex
  text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "\ufffd").replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

export function svgOf(scene: Scene, look: Look, width: number, about: (box: Box) => string): string {
  const unit = width / (weightOf(scene.root) || 1), height = scene.nRows * ROW, out: string[] = [];
  for (let row = 0; row < scene.nRows; row++)
    for (const box of scene.row(row)) {
      const x = (box.x * unit).toFixed(1), w = weightOf(box) * unit, y = row * ROW;
      const text = w < LEAST_LABEL ? "" : labelOf(box, look, w - 2 * PAD, (t) => t.length * 6.7);
      out.push(`<g><title>${escape(about(box))}</title><rect x="${x}" y="${y}" width="${Math.max(0.5, w - 1).toFixed(1)}" height="${ROW - 1}" fill="${fillOf(box, look)}"/>` +
        (text ? `<text x="${(box.x * unit + PAD).toFixed(1)}" y="${y + 14}">${escape(text)}</text>` : "") + "</g>");
    }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="DejaVu Sans Mono, monospace" font-size="11" fill="${look.theme.ink}">` +
    `<rect width="100%" height="100%" fill="${look.theme.paper}"/>${out.join("\n")}</svg>\n`;
}
