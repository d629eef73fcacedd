// SPDX-License-Identifier: MIT
// The frame around the views: what is open, the bar of filters and moments, the keyboard, the
// address.
import { commandOf } from "./command";
import { CoreError } from "./core";
import { download, type Given, type PageData } from "./data";
import { el } from "./dom";
import { baseName } from "./format";
import type { Model } from "./model";
import { begin, fromFragment, toFragment, type State } from "./state";
import type { Context, View, ViewKind } from "./view";
import { KINDS } from "./views";
import { showBar } from "./bar";
import { Strip } from "./strip";

export class App implements Context {
  #current: { kind: ViewKind; view: View } | undefined;
  readonly #header = el("header");
  readonly #tabs = el("nav", { aria: { "aria-label": "Views" } });
  readonly #tools = el("div", { class: "tools" });
  readonly #main = el("main", { tabIndex: -1 });
  readonly #status = el("p", { class: "status", aria: { role: "status", "aria-live": "polite" } });
  readonly #help = el("dialog", { class: "help" });
  readonly #strip = new Strip(this);
  #live: { badge: HTMLElement; controls: readonly HTMLElement[] } | undefined;
  state: State;

  constructor(readonly root: HTMLElement, public model: Model, readonly page: PageData,
    public given: readonly Given[], readonly sources: ReadonlyMap<string, string>) {
    begin(page);
    this.state = fromFragment(location.hash);
    root.replaceChildren(this.#header, this.#tabs, this.#tools, this.#strip.host, this.#main, this.#status, this.#help);
    addEventListener("hashchange", () => this.#read());
    addEventListener("keydown", (event) => this.#key(event));
    this.#render();
  }

  set(change: Partial<State>, replace = false): void {
    const next = { ...this.state, ...change };
    if (next.view !== this.state.view) { // its columns are others
      next.order = change.order ?? "";
      next.measure = change.measure ?? "";
    }
    if (next.cumulative && !["line", "function", "file", "module"].includes(next.by)) next.cumulative = false;
    const was = toFragment(this.state), is = toFragment(next);
    this.state = next;
    if (was === is) return;
    history[replace ? "replaceState" : "pushState"](null, "", `#${is}`);
    this.#render();
  }

  // The process has gone on: the same view of another profile.
  renew(model: Model, given: readonly Given[]): void {
    this.model = model;
    this.given = given;
    this.#render();
  }

  say(text: string): void {
    this.#status.textContent = text;
  }

  #read(): void {
    const next = fromFragment(location.hash);
    if (toFragment(next) === toFragment(this.state)) return;
    this.state = next;
    this.#render();
  }

  #kind(): ViewKind {
    return KINDS.find((k) => k.name === this.state.view) ?? KINDS[0]!;
  }

  #render(): void {
    performance.mark("memtrack-render");
    const kind = this.#kind(), focus = this.#focus();
    this.#renderHeader();
    this.#renderTabs(kind);
    showBar(this.#tools, this);
    this.#strip.update(kind.name);
    try {
      this.#show(kind);
      this.say("");
      for (const { prepare } of KINDS) prepare?.(this); // of what can be shown: a moment may be none
    } catch (error) {
      this.#current = undefined;
      this.#main.replaceChildren(problem(error));
    }
    focus();
    performance.measure("memtrack-update", "memtrack-render");
  }

  // What has the focus may be made again: then its successor at the same place gets it.
  #focus(): () => void {
    const nodes = (host: HTMLElement): HTMLElement[] => [...host.querySelectorAll<HTMLElement>("button, a, select, input")];
    const active = document.activeElement as HTMLElement | null;
    const host = [this.#header, this.#tabs, this.#tools, this.#main].find((part) => part.contains(active) && part !== active);
    const at = host && active ? nodes(host).indexOf(active) : -1;
    return () => {
      if (host && at >= 0 && !active?.isConnected) nodes(host)[at]?.focus({ preventScroll: true });
    };
  }

  // Of memtrack serve: they stay in the header.
  keep(badge: HTMLElement, controls: readonly HTMLElement[]): void {
    this.#live = { badge, controls };
    this.#renderHeader();
  }

  #show(kind: ViewKind): void {
    const missing = kind.missing(this.model, this);
    if (missing) {
      this.#current?.view.unmount?.();
      this.#current = undefined;
      this.#main.replaceChildren(el("p", { class: "empty", textContent: missing }));
      return;
    }
    if (this.#current?.kind === kind) {
      this.#current.view.update();
      return;
    }
    this.#current?.view.unmount?.();
    this.#main.replaceChildren();
    const view = kind.create(this);
    this.#current = { kind, view };
    view.mount(this.#main);
  }

  #renderHeader(): void {
    const { info } = this.model.current, old = this.model.old;
    const name = info.command.join(" ") || baseName(info.exe) || this.given[0]?.name || "";
    const title = old ? `${this.given[0]?.name ?? "old"} → ${this.given[1]?.name ?? "new"}` : name;
    const command = el("button", { type: "button", textContent: "Copy as command", title: commandOf(this) });
    command.onclick = () => void this.copy(commandOf(this));
    this.#header.replaceChildren(...(this.#live ? [this.#live.badge] : []),
      el("span", { class: "brand", textContent: "memtrack" }),
      el("h1", { textContent: title, title: name }),
      el("span", { class: "grow" }),
      ...(this.#live?.controls ?? []),
      command,
      ...this.given.map((given) => el("button", { type: "button", title: `Save ${given.name}, the profile that this page shows`,
        textContent: this.given.length > 1 ? `Save ${given.name}` : "Save profile", onclick: () => download(given) })),
      el("button", { type: "button", textContent: "?", title: "Keys", aria: { "aria-label": "Keys" },
        onclick: () => this.#showHelp() }));
    document.title = `${title} · memtrack`;
  }

  #renderTabs(current: ViewKind): void {
    this.#tabs.replaceChildren(...KINDS.map((kind, i) => {
      const missing = kind.missing(this.model, this);
      const link = el("a", { href: `#${toFragment({ ...this.state, view: kind.name })}`, textContent: kind.label,
        title: missing || `${kind.label} (${i + 1})` });
      if (kind === current) link.setAttribute("aria-current", "page");
      if (missing) link.className = "missing";
      link.onclick = (event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        this.set({ view: kind.name });
      };
      return link;
    }));
  }

  async copy(text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // a page from a file may not use the clipboard
      const field = el("textarea", { value: text, class: "offscreen" });
      this.root.append(field);
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    this.say(`Copied: ${text}`);
  }

  #showHelp(): void {
    const keys: (readonly [string, string])[] = [
      ...KINDS.map((kind, i) => [String(i + 1), kind.label] as const),
      ["/", "Search"], ["f", "Filter"], ["Esc", "Leave the search, the selection, the moment"], ["c", "Copy as command"],
      ["?", "These keys"], ...this.#kind().help];
    this.#help.replaceChildren(el("h2", { textContent: "Keys" }), el("dl", {}, ...keys.flatMap(([key, what]) =>
      [el("dt", {}, el("kbd", { textContent: key })), el("dd", { textContent: what })])),
      el("form", { method: "dialog" }, el("button", { textContent: "Close" })));
    this.#help.showModal();
  }

  #key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || this.#help.open) return;
    if (event.key === "Escape") return this.#escape(target);
    if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName)) return;
    if (this.#current?.view.key?.(event)) return event.preventDefault();
    const kind = KINDS[Number(event.key) - 1];
    if (kind) this.set({ view: kind.name });
    else if (event.key === "/" || event.key === "f") {
      (this.#tools.querySelector(event.key === "/" ? "[data-role=search]" : "[data-role=filter]") as HTMLElement | null)?.focus();
    } else if (event.key === "?") this.#showHelp();
    else if (event.key === "c") void this.copy(commandOf(this));
    else return;
    event.preventDefault();
  }

  // One step back each time.
  #escape(target: HTMLElement): void {
    const s = this.state;
    if (target.tagName === "INPUT") target.blur();
    else if (s.search) this.set({ search: "" });
    else if (s.focus || s.select) this.set({ focus: "", select: "" });
    else if (s.at || s.from || s.to) this.set({ at: "", from: "", to: "" });
  }
}

export function problem(error: unknown): HTMLElement {
  const hint = error instanceof CoreError ? error.hint : "";
  const message = error instanceof Error ? error.message : String(error);
  return el("div", { class: "problem", aria: { role: "alert" } }, el("p", { textContent: message }),
    hint ? el("p", { class: "dim", textContent: hint }) : null);
}
