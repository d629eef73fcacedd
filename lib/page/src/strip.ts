// SPDX-License-Identifier: MIT
// The time axis, slim, above the views that have none of their own.
import { el } from "./dom";
import { Chart } from "./time/chart";
import type { Context } from "./view";

export class Strip {
  readonly host = el("div", { class: "strip", hidden: true });
  #chart: Chart | undefined;
  constructor(private readonly context: Context) {}

  update(view: string): void {
    this.host.hidden = view === "timeline" || view === "processes" || !this.context.model.current.ticks.n;
    if (this.host.hidden) return;
    if (!this.#chart) this.host.append((this.#chart = new Chart(this.context, false)).element);
    this.#chart.update();
  }
}
