// SPDX-License-Identifier: MIT
// The flame graph: from the root, turned over, or around one function; of every column, moment,
// range and comparison. ../flame has what it is made of. The canvas is as large as what is seen of
// it, and is drawn again when something moves. What is chosen is in words below it, which is what a
// screen reader gets.
import { metricOf } from "../bar";
import { SORTS, type ValueName } from "../core";
import { choose, el, pick, toggle } from "../dom";
import { Colors, theme, type By } from "../flame/colors";
import { ALL, grow, weightsOf, type Graph, type Weights } from "../flame/graph";
import { Layout, rootBox, weightOf, type Box, type Shape } from "../flame/layout";
import { Painter, ROW, Scene, svgOf, type Look } from "../flame/paint";
import { crumbs, describe, Words } from "../flame/words";
import * as format from "../format";
import { optionsOf } from "../state";
import type { Context, View, ViewKind } from "../view";

const BUILD_MS = 30, FIRST_MS = 40, SLICE_MS = 12; // of work before the screen is given back

// A path in the address: a short hash of each name, which another recording shares.
function hashOf(name: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(36);
}

// What is counted: over a range, what is live.
function valueOf(context: Context): ValueName {
  const { state } = context, name = SORTS[metricOf(context)];
  return (state.from || state.to) && name !== "live_blocks" ? "live_bytes" : name;
}

// The nodes that something is charged to, changed or not.
function charged(own: readonly Float64Array[]): Uint32Array {
  const all = own[0]!.length, last = own[own.length - 1]!, before = own[1] ?? last, out = new Uint32Array(all);
  let n = 0;
  for (let i = 0; i < all; i++) if (last[i] || before[i]) out[n++] = i;
  return out.slice(0, n);
}

function pickOf(values: Float64Array, nodes: Uint32Array): Float64Array {
  const out = new Float64Array(nodes.length);
  for (let i = 0; i < nodes.length; i++) out[i] = values[nodes[i]!]!;
  return out;
}

class Flame implements View {
  readonly #tools = el("div", { class: "tools" });
  readonly #path = el("nav", { class: "crumbs", aria: { "aria-label": "Zoomed to" } });
  readonly #canvas = el("canvas", { aria: { role: "img", "aria-label": "Flame graph" } });
  readonly #spacer = el("div");
  readonly #scroll = el("div", { class: "graph", tabIndex: 0, aria: { role: "group", "aria-label": "Flame graph: arrows choose a box, Enter zooms" } }, this.#canvas, this.#spacer);
  readonly #detail = el("section", { class: "flame-detail", aria: { "aria-live": "polite", "aria-label": "Chosen box" } });
  readonly #tip = el("div", { class: "tip", hidden: true, aria: { "aria-hidden": "true" } });
  readonly #found = el("span", { class: "dim", aria: { role: "status" } });
  #painter!: Painter;
  #graph: Graph | undefined;
  #weights: Weights | undefined;
  #scene: Scene | undefined;
  #look: Look | undefined;
  #colors: Colors | undefined;
  #words!: Words;
  #layoutKey = "";
  #shape: Shape | undefined;
  #searched: { key: Weights; word: string; hit: Uint8Array; share: number; groups: number } | undefined;
  #chosen: Box | undefined;
  #under: Box | undefined;
  #timer = 0;
  #frame = 0;

  constructor(private readonly context: Context) {
    for (const [node, role] of [[this.#detail, "flame-detail"], [this.#canvas, "flame"], [this.#tip, "flame-tip"],
      [this.#path, "flame-path"], [this.#found, "flame-found"]] as const) node.dataset["role"] = role;
  }

  mount(host: HTMLElement): void {
    host.append(el("div", { class: "flame" }, this.#tools, this.#path, this.#scroll, this.#detail, this.#tip));
    this.#painter = new Painter(this.#canvas, `12px ${getComputedStyle(document.body).fontFamily}`);
    this.#scroll.onscroll = () => this.#repaint();
    this.#canvas.onmousemove = (event) => this.#hover(event);
    this.#canvas.onmouseleave = () => this.#hover(undefined);
    this.#canvas.onclick = (event) => this.#click(this.#boxAt(event));
    this.#sizes.observe(this.#scroll);
    for (const query of this.#queries) query.addEventListener("change", this.#themed);
    this.update();
  }

  unmount(): void {
    this.#sizes.disconnect();
    for (const query of this.#queries) query.removeEventListener("change", this.#themed);
    clearTimeout(this.#timer);
    cancelAnimationFrame(this.#frame);
  }

  readonly #queries = [matchMedia("(prefers-color-scheme: dark)"), matchMedia("print")];
  readonly #themed = (): void => { if (this.#look) { this.#look.theme = theme(); this.#renderTools(); this.#repaint(); } };
  readonly #sizes = new ResizeObserver(() => this.#layOut());

  // ---- from the state to boxes

  update(): void {
    clearTimeout(this.#timer);
    const { model, state } = this.context, graph = grow(model, optionsOf(state), state.lines, BUILD_MS);
    if (typeof graph === "number") {
      this.#waiting(graph);
      this.#timer = window.setTimeout(() => this.update(), 0);
      return;
    }
    if (graph !== this.#graph) this.#colors = this.#shape = undefined;
    this.#graph = graph;
    const weights = weightsOf(graph, model, optionsOf(state), valueOf(this.context));
    if (weights !== this.#weights) this.#layoutKey = "";
    this.#weights = weights;
    this.#words = new Words(this.context, graph, weights, valueOf(this.context));
    this.#search();
    this.#dress();
    this.#layOut();
    this.#renderTools();
  }

  #waiting(progress: number): void {
    this.#scene = undefined;
    this.#path.replaceChildren();
    this.#detail.replaceChildren();
    this.#found.textContent = `Putting the call paths together: ${Math.round(progress * 100)}%`;
    this.#tools.replaceChildren(this.#found);
  }

  #search(): void {
    const word = this.context.state.search, searched = this.#searched;
    if (!word) this.#searched = undefined;
    else if (searched?.key !== this.#weights || searched?.word !== word)
      this.#searched = { key: this.#weights!, word, ...this.#graph!.matches(word, this.#weights!) };
  }

  #dress(): void {
    const { color } = this.context.state, { signed } = this.#weights!;
    const by: By = color === "file" || color === "module" ? color : signed ? "change" : "module";
    if (this.#colors?.by !== by) this.#colors = new Colors(this.#graph!, by);
    this.#look = { graph: this.#graph!, colors: this.#colors, theme: theme(), hit: this.#searched?.hit, title: this.#words.title };
  }

  #hides(): Uint8Array {
    const out = new Uint8Array(this.#graph!.nGroups);
    if (!this.context.state.system) for (let g = 0; g < out.length; g++) out[g] = Number(this.#graph!.group(g).isSystem);
    return out;
  }

  // The function that the sandwich is of: the one that was chosen, else the one charged with most.
  #center(): number {
    const { select } = this.context.state, chosen = select ? this.#graph!.find(select) : -1;
    return chosen >= 0 ? chosen : this.#graph!.charged(this.#weights!)[0] ?? -1;
  }

  #layOut(): void {
    const { state } = this.context, width = this.#scroll.clientWidth;
    if (!this.#graph || !width) return;
    const key = JSON.stringify([state.shape, state.focus, state.collapse, state.system, state.lines, state.shape === "sandwich" && state.select, width]);
    if (key !== this.#layoutKey || !this.#scene) {
      const was = this.#chosen && this.#pathOf(this.#chosen);
      this.#layoutKey = key;
      this.#shape = { graph: this.#graph, weights: this.#weights!, hides: this.#hides(), collapse: state.collapse };
      this.#scene = state.shape === "sandwich" ? this.#sandwich(width) : this.#icicle(width, state.shape === "inverted");
      this.#under = undefined;
      this.#fill(FIRST_MS, 2);
      this.#chosen = was && this.#refind(was);
      this.#scroll.scrollTop = this.#scene.isUpsideDown ? this.#scene.above * ROW - this.#scroll.clientHeight / 2 : 0;
      this.#renderPath();
      this.#renderDetail();
    }
    this.#repaint();
  }

  #rootValue(): number[] {
    return this.#weights!.sum.map((sum) => sum[0]!);
  }

  #icicle(width: number, upwards: boolean): Scene {
    const { own } = this.#weights!;
    const nodes = upwards ? charged(own) : Uint32Array.of(0);
    const items = upwards ? own.map((o) => pickOf(o, nodes)) : undefined;
    const root = rootBox(ALL, nodes, this.#rootValue(), items), shape = this.#shape!;
    const focus = new Layout(shape, root, upwards, 0).follow(this.#focusPath());
    focus.x = 0;
    const layout = new Layout(shape, focus, upwards, weightOf(focus) / width);
    return upwards ? new Scene(undefined, layout) : new Scene(layout, undefined);
  }

  #sandwich(width: number): Scene {
    const { sum } = this.#weights!, g = this.#center(), nodes = g < 0 ? new Uint32Array(0) : this.#graph!.outermost(g);
    const items = sum.map((s) => pickOf(s, nodes));
    const value = items.map((item) => item.reduce((a, b) => a + b, 0)), least = value[0]! / width;
    const shape = { ...this.#shape!, hides: this.#shape!.hides.slice() };
    if (g >= 0) shape.hides[g] = 0;
    return new Scene(new Layout(shape, rootBox(g, nodes, value), false, least), new Layout(shape, rootBox(g, nodes, value, items), true, least));
  }

  // Goes on where there was no time, a little at a time.
  #fill(ms: number, rows = 0): void {
    clearTimeout(this.#timer);
    const scene = this.#scene!, above = scene.above;
    const isDone = scene.step(ms, rows);
    this.#spacer.style.height = `${Math.max(scene.nRows * ROW, 1)}px`;
    if (scene.above !== above && rows === 0) this.#scroll.scrollTop += (scene.above - above) * ROW;
    if (isDone) return;
    this.#timer = window.setTimeout(() => {
      if (this.#scene !== scene) return;
      this.#fill(SLICE_MS);
      this.#repaint();
    }, 0);
  }

  // ---- paths

  #nameOf(group: number): string {
    const { name, frame } = this.#graph!.group(group);
    return hashOf(`${name}\n${frame.file.slice(-200)}`);
  }

  #pathOf(box: Box): string[] {
    const out: string[] = [];
    for (let b: Box | undefined = box; b && b.group >= 0; b = b.parent) out.unshift(this.#nameOf(b.group));
    return out;
  }

  #focusPath(): ((group: number) => boolean)[] {
    return this.context.state.focus.split(".").filter(Boolean).slice(0, 2000).map((hash) => (group: number) => this.#nameOf(group) === hash);
  }

  #refind(path: readonly string[]): Box | undefined {
    let box: Box | undefined = this.#scene!.root;
    for (const hash of path.slice(this.#pathOf(box).length)) box = box?.children?.find((b) => b.group >= 0 && this.#nameOf(b.group) === hash);
    return box;
  }

  // ---- what is around the graph

  #renderTools(): void {
    const { state } = this.context, set = (change: Parameters<Context["set"]>[0]): void => this.context.set(change);
    this.#found.textContent = this.#searched ? `${format.plural(this.#searched.groups, state.lines ? "line" : "function")} found, on ${format.percent(this.#searched.share, 1)} of ${this.#words.whole}` : "";
    const colors = [["module", "module"], ["file", "file"], ...(this.#weights!.signed ? [["change", "change"]] : [])] as const;
    const legend = this.#colors!.by === "change" ? [] : this.#colors!.legend(theme(), 4);
    this.#tools.replaceChildren(
      choose("Shape", [{ value: "icicle", label: "From the root", title: "Callers above what they call" },
        { value: "inverted", label: "Inverted", title: "What allocates on top, its callers below (i)" },
        { value: "sandwich", label: "Sandwich", title: "The callers and the callees of one function (w)" }], state.shape,
      (shape) => set({ shape, focus: "" })),
      ...(state.shape === "sandwich" ? [this.#functionField()] : []),
      toggle("system", state.system, (system) => set({ system }), "Frames of the system, of libraries and of run-times (s)"),
      toggle("fold recursion", state.collapse, (collapse) => set({ collapse }), "A function is on a path once (r)"),
      toggle("lines", state.lines, (lines) => set({ lines, focus: "" }), "Lines of a function are apart (l)"),
      pick("colour", colors.map(([value, label]) => ({ value, label })), this.#colors!.by, (color) => set({ color })),
      el("span", { class: "legend", aria: { "aria-hidden": "true" } }, ...legend.map(({ name, color }) => {
        const swatch = el("i");
        swatch.style.background = color;
        return el("span", {}, swatch, format.shortPath(name, 18));
      }), ...(this.#colors!.by === "change" ? [el("span", { class: "more", textContent: "■ grew" }), el("span", { class: "less", textContent: "■ shrank" })] : [])),
      el("span", { class: "grow" }), this.#found,
      el("button", { type: "button", textContent: "Save SVG", title: "The graph as a picture", onclick: () => this.#save() }));
  }

  #functionField(): HTMLElement {
    const graph = this.#graph!, g = this.#center();
    const names = [...new Set([...graph.charged(this.#weights!).subarray(0, 500)].map((i) => graph.group(i).frame.function))];
    const field = el("input", { type: "search", size: 30, value: g < 0 ? "" : graph.group(g).name, aria: { list: "functions", "aria-label": "Function" } });
    field.dataset["role"] = "function";
    field.onchange = () => this.context.set({ select: field.value });
    return el("span", {}, field, el("datalist", { id: "functions" }, ...names.filter(Boolean).map((value) => el("option", { value }))));
  }

  #renderPath(): void {
    const { focus, shape } = this.context.state;
    this.#path.replaceChildren(...(focus && shape !== "sandwich" ? crumbs(this.#scene!.root, this.#look!, (box) => this.#zoom(box)) : []));
  }

  #renderDetail(): void {
    const box = this.#chosen;
    this.#canvas.setAttribute("aria-label", `Flame graph of ${this.#words.whole}`);
    if (!box) {
      const help = weightOf(this.#scene!.root) ? "Click a box to zoom in; arrows choose one, Enter zooms, Backspace goes back." : `Nothing of ${this.#words.whole} to show.`;
      this.#detail.replaceChildren(el("p", { class: "dim", textContent: help }));
    } else this.#detail.replaceChildren(...describe(box, this.#words, this.#look!, this.#scene!));
  }

  #save(): void {
    const blob = new Blob([svgOf(this.#scene!, this.#look!, 1200, (box) => this.#words.lines(box, this.#look!).join("\n"))], { type: "image/svg+xml" });
    const link = el("a", { href: URL.createObjectURL(blob), download: "memtrack-flame.svg" });
    link.click();
    URL.revokeObjectURL(link.href);
  }

  // ---- what a person does

  #repaint(): void {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const scene = this.#scene, look = this.#look, { clientWidth, clientHeight, scrollTop } = this.#scroll;
      if (!scene || !look) return;
      this.#painter.resize(clientWidth, clientHeight);
      this.#painter.draw(scene, look, scrollTop, clientWidth, clientHeight, this.#chosen, this.#under);
    });
  }

  #boxAt(event: MouseEvent): Box | undefined {
    const area = this.#canvas.getBoundingClientRect(), scene = this.#scene;
    if (!scene) return undefined;
    const row = Math.floor((event.clientY - area.top + this.#scroll.scrollTop) / ROW);
    return scene.at(row, ((event.clientX - area.left) / area.width) * weightOf(scene.root));
  }

  #hover(event: MouseEvent | undefined): void {
    const box = event && this.#boxAt(event);
    this.#tip.hidden = !box;
    if (box !== this.#under) {
      this.#under = box;
      this.#repaint();
      if (box) this.#tip.replaceChildren(...this.#words.lines(box, this.#look!).map((text, i) => el("p", { textContent: text, class: i ? "" : "name" })));
    }
    if (!box) return;
    const { width, height } = this.#tip.getBoundingClientRect();
    const x = event!.clientX + 14, y = event!.clientY + 18;
    this.#tip.style.left = `${Math.max(4, Math.min(x, innerWidth - width - 8))}px`;
    this.#tip.style.top = `${Math.max(4, y + height + 8 > innerHeight ? event!.clientY - height - 10 : y)}px`;
  }

  #click(box: Box | undefined): void {
    if (!box) return;
    this.#choose(box);
    this.#zoom(box);
  }

  #choose(box: Box): void {
    this.#chosen = box;
    const row = this.#scene!.find(box) * ROW, { scrollTop, clientHeight } = this.#scroll;
    if (row < scrollTop) this.#scroll.scrollTop = row;
    else if (row + ROW > scrollTop + clientHeight) this.#scroll.scrollTop = row + ROW - clientHeight;
    this.#renderDetail();
    this.#repaint();
  }

  // What stands for many zooms to what holds them.
  #zoom(box: Box): void {
    const to = box.group < 0 && box.parent ? box.parent : box;
    if (this.context.state.shape !== "sandwich") this.context.set({ focus: this.#pathOf(to).join(".") });
    else if (to.group >= 0) this.context.set({ select: this.#graph!.group(to.group).frame.function });
  }

  #move(key: string): Box | undefined {
    const scene = this.#scene!, box = this.#chosen;
    if (!box || key === "Home") return scene.root;
    const row = scene.find(box), boxes = scene.row(row), i = boxes.indexOf(box);
    if (key === "ArrowLeft") return boxes[i - 1];
    if (key === "ArrowRight") return boxes[i + 1];
    const next = scene.row(row + (key === "ArrowDown" ? 1 : -1));
    return next.find((b) => b.parent === box) ?? next.find((b) => b === box.parent) ?? (row === scene.above + 1 || row === scene.above - 1 ? next[0] : undefined);
  }

  key(event: KeyboardEvent): boolean {
    const { state } = this.context, set = (change: Parameters<Context["set"]>[0]): true => (this.context.set(change), true);
    const isControl = ["BUTTON", "A"].includes((event.target as HTMLElement).tagName);
    if (!this.#scene) return false;
    switch (event.key) {
      case "ArrowUp": case "ArrowDown": case "ArrowLeft": case "ArrowRight": case "Home": {
        const box = this.#move(event.key);
        if (box) this.#choose(box);
        this.#scroll.scrollIntoView({ block: "nearest" });
        return true;
      }
      case "Enter":
        if (isControl || !this.#chosen) return false;
        this.#zoom(this.#chosen);
        return true;
      case "Backspace": return set({ focus: state.focus.split(".").slice(0, -1).join(".") });
      case "i": return set({ shape: state.shape === "inverted" ? "icicle" : "inverted", focus: "" });
      case "w": return set({ shape: "sandwich", focus: "", select: this.#chosen && this.#chosen.group >= 0 ? this.#graph!.group(this.#chosen.group).frame.function : state.select });
      case "r": return set({ collapse: !state.collapse });
      case "s": return set({ system: !state.system });
      case "l": return set({ lines: !state.lines, focus: "" });
      default: return false;
    }
  }
}

// Puts the call paths together while nobody asks for anything, so that the view opens at once.
let prepared: unknown;
function prepare(context: Context): void {
  const { model } = context;
  if (prepared === model) return;
  prepared = model;
  const idle = (work: () => void): void => {
    if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 1000 });
    else setTimeout(work, 20);
  };
  const work = (): void => {
    const { state } = context;
    if (context.model !== model || state.view === "flame") return;
    const graph = grow(model, optionsOf(state), state.lines, 8);
    if (typeof graph === "number") idle(work);
    else weightsOf(graph, model, optionsOf(state), valueOf(context));
  };
  idle(work);
}

export const flame: ViewKind = {
  name: "flame", label: "Flame graph",
  help: [["← ↑ ↓ →", "Choose a box"], ["Enter", "Zoom to it"], ["Backspace", "Zoom out by one"], ["i", "Turn over"], ["w", "Callers and callees of the box"],
    ["r", "Fold recursion"], ["s", "The system's frames"], ["l", "Lines apart"]],
  missing: (model) => (model.current.profile.nSamples || model.old?.profile.nSamples ? "" : "Nothing was recorded: there are no call paths."),
  create: (context) => new Flame(context),
  prepare,
};
