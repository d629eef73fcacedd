// SPDX-License-Identifier: MIT
// A small table: every column sorts, a row's name opens it. For what has hundreds of rows; views/
// table.ts is for hundreds of thousands.
import { el, width } from "./dom";
import type { Context } from "./view";

const MOST = 500;

export interface Column<T> {
  key: string; // in the state's order
  label: string;
  title?: string;
  value(row: T): number | string; // to sort by; text is aligned to the left
  text(row: T): string;
  hint?(row: T): string;
  share?(row: T): number; // a bar beside it
}

export class Grid<T> {
  readonly #head = el("thead");
  readonly #body = el("tbody");
  readonly #more = el("p", { class: "dim" });
  readonly element: HTMLElement;

  // The first column is the name; rows come in their usual order.
  constructor(private readonly context: Context, label: string, private readonly open: (row: T) => void) {
    const table = el("table", { class: "grid", aria: { "aria-label": label } }, this.#head, this.#body);
    this.element = el("div", { class: "scroll" }, table, this.#more);
    this.#body.onkeydown = (event) => this.#key(event);
  }

  update(columns: readonly Column<T>[], rows: readonly T[]): void {
    const { order } = this.context.state;
    const by = columns.find((c) => c.key === order.replace(/^-/, ""));
    const sorted = by ? [...rows].sort((a, b) => compare(by.value(a), by.value(b))) : [...rows];
    if (by && order.startsWith("-")) sorted.reverse();
    if (sorted.length) for (const c of columns) this.#texts.set(c.key, typeof c.value(sorted[0]!) === "string");
    this.#head.replaceChildren(el("tr", {}, ...columns.map((c) => this.#headCell(c, by?.key === c.key ? order : ""))));
    this.#body.replaceChildren(...sorted.slice(0, MOST).map((row) => el("tr", {}, ...columns.map((c, i) => this.#cell(c, row, i === 0)))));
    this.#more.textContent = sorted.length > MOST ? `${sorted.length - MOST} more` : "";
  }

  #headCell(c: Column<T>, order: string): HTMLElement {
    const direction = order === "" ? "none" : order.startsWith("-") ? "descending" : "ascending";
    const isText = this.#isText(c);
    const next = direction === "none" ? (isText ? c.key : `-${c.key}`) : direction === "descending" ? c.key : `-${c.key}`;
    return el("th", { class: isText ? "" : "num", aria: { scope: "col", "aria-sort": direction } },
      el("button", { type: "button", textContent: c.label, title: c.title ?? "", onclick: () => this.context.set({ order: next }) }));
  }

  readonly #texts = new Map<string, boolean>();
  #isText(c: Column<T>): boolean {
    return this.#texts.get(c.key) ?? false;
  }

  #cell(c: Column<T>, row: T, isName: boolean): HTMLElement {
    const text = c.text(row).slice(0, 300), isText = this.#isText(c);
    const title = c.hint?.(row).slice(0, 1000) ?? "";
    if (isName) {
      const button = el("button", { type: "button", textContent: text || "(none)", title, onclick: () => this.open(row) });
      return el("th", { aria: { scope: "row" } }, button);
    }
    const bar = c.share ? el("span", { class: "bar" }, width(el("span", { class: "fill" }), c.share(row))) : null;
    return el("td", { class: isText ? "" : "num", title }, text, bar);
  }

  #key(event: KeyboardEvent): void {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key], names = [...this.#body.querySelectorAll<HTMLElement>("button")];
    if (step === undefined) return;
    event.preventDefault();
    names[names.indexOf(document.activeElement as HTMLElement) + step]?.focus();
  }
}

const compare = (a: number | string, b: number | string): number => (a < b ? -1 : a > b ? 1 : 0);
