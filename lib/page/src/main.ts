// SPDX-License-Identifier: MIT
// Begins: takes the profiles of the page, or waits for some to be dropped on it; and gives scripts
// their handle (window.memtrack).
import { App, problem } from "./app";
import { Core, CoreProfile, type ViewOptions } from "./core";
import * as data from "./data";
import { el } from "./dom";
import { follow } from "./live";
import { Model, Side } from "./model";
import { optionsOf, type State } from "./state";

const page = data.pageData();
const root = document.getElementById("app")!;
let core: Promise<Core> | undefined; // one for all profiles: they share its memory
let app: App | undefined;
let sources: ReadonlyMap<string, string> = new Map();

async function side(given: data.Given): Promise<Side> {
  core ??= Core.load(data.core);
  const bytes = await data.unpack(given.bytes, given.name);
  const profile = CoreProfile.read(await core, bytes, given.name);
  if (given.lines) profile.addLines(await data.unpack(given.lines.block, "what the page knows of lines"), given.lines.side);
  return new Side(profile, given.name);
}

// The old one first.
async function open(given: readonly data.Given[]): Promise<void> {
  const sides = await Promise.all(given.slice(0, 2).map(side));
  const model = new Model(sides[sides.length - 1]!, sides.length > 1 ? sides[0] : undefined);
  document.documentElement.classList.add("open");
  if (app) app.renew(model, given);
  else app = new App(root, model, page, given, sources);
  performance.mark("memtrack-shown");
}

function welcome(error?: unknown): void {
  const choose = el("input", { type: "file", multiple: true, aria: { "aria-label": "Profiles" } });
  choose.onchange = () => void dropped(choose.files);
  root.replaceChildren(el("main", { class: "welcome" },
    el("h1", { textContent: "memtrack" }),
    el("p", { textContent: "Drop a heap profile here: of memtrack, or of any tool in pprof's format, of jemalloc or gperftools as text. Drop two to compare them." }),
    choose, error === undefined ? null : problem(error),
    el("p", { class: "dim", textContent: "Nothing leaves this page: it makes no request." })));
}

async function dropped(files: FileList | null | undefined): Promise<void> {
  if (!files?.length) return;
  try {
    const given = await Promise.all([...files].slice(0, 2).map(async (file) =>
      ({ name: file.name, bytes: new Uint8Array(await file.arrayBuffer()), age: file.lastModified })));
    given.sort((a, b) => a.age - b.age);
    await open(given.flatMap(data.inside));
  } catch (error) {
    if (app) app.say(error instanceof Error ? error.message : String(error));
    else welcome(error);
  }
}

addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => {
  event.preventDefault();
  void dropped(event.dataTransfer?.files);
});

async function begin(): Promise<void> {
  const given = data.embedded();
  sources = await data.sources();
  if (page.live) await follow(open, () => app);
  else if (given.length) await open(given);
  else welcome();
}

const ready = begin().catch((error: unknown) => {
  document.documentElement.classList.add("open");
  root.replaceChildren(problem(error));
  throw error;
});
ready.catch(() => undefined); // it is on the page; whoever waits for it gets it as well

function shown(): App {
  if (!app) throw new Error("no profile is open");
  return app;
}

for (const settle of (window as unknown as { memtrack?: { settle?: ((ready: Promise<void>) => void)[] } }).memtrack?.settle ?? [])
  settle(ready); // whoever has asked before (loader.ts)

// Patterns of the project and its environment are the page's: the command has them without being told.
const charged = (options: ViewOptions = {}): ViewOptions => page.wrapper?.length
  ? { ...options, wrapper: [...new Set([...page.wrapper, ...options.wrapper ?? []])] } : options;

Object.assign(window, {
  memtrack: {
    ready,
    totals: (options?: ViewOptions) => shown().model.totals(charged(options)),
    rows: (options?: ViewOptions) => shown().model.rows(charged(options)),
    scopes: () => shown().model.scopes(),
    figures: () => shown().model.figures(),
    state: (): State => ({ ...shown().state }),
    set: (change: Partial<State>) => shown().set(change),
    options: (): ViewOptions => optionsOf(shown().state),
  },
});
