// SPDX-License-Identifier: MIT
// What a view is given, and what it has to be.
import type { Given, PageData } from "./data";
import type { Model } from "./model";
import type { State } from "./state";

export interface Context {
  readonly model: Model;
  readonly state: State;
  readonly page: PageData;
  readonly given: readonly Given[];
  readonly sources: ReadonlyMap<string, string>;
  // Changes what is on the screen. replace: without an entry in the browser's history, as while
  // something is dragged.
  set(change: Partial<State>, replace?: boolean): void;
  // Says something to everybody, screen readers included.
  say(text: string): void;
}

export interface View {
  // Fills the host, which is empty; called once.
  mount(host: HTMLElement): void;
  // The state has changed, or the profile has (memtrack serve); the view compares what it needs.
  update(): void;
  // A key that is not the page's own, while nothing that takes text has the focus. Returns whether
  // it was the view's.
  key?(event: KeyboardEvent): boolean;
  unmount?(): void;
}

export interface ViewKind {
  readonly name: string; // in the address
  readonly label: string;
  readonly help: readonly (readonly [string, string])[]; // its keys, and what they do
  // Why there is nothing to show; "" when there is.
  missing(model: Model, context: Context): string;
  create(context: Context): View;
  // Begins what takes long, ahead of need; called whenever something is shown, so it returns at once.
  prepare?(context: Context): void;
}
