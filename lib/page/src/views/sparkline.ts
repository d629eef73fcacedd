// SPDX-License-Identifier: MIT
// A course over time, as small as a word.

const NS = "http://www.w3.org/2000/svg", WIDTH = 96, HEIGHT = 20;

export function sparkline(values: Float64Array, times: Float64Array): SVGElement {
  const svg = document.createElementNS(NS, "svg"), path = document.createElementNS(NS, "path");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  const n = values.length, begin = times[0] ?? 0, span = (times[n - 1] ?? 1) - begin || 1;
  const columns = new Float64Array(WIDTH).fill(NaN); // the highest in each
  let most = 1;
  for (let i = 0; i < n; i++) {
    const x = Math.min(WIDTH - 1, Math.floor(((times[i]! - begin) / span) * WIDTH)), value = values[i]!;
    if (!(columns[x]! >= value)) columns[x] = value;
    if (value > most) most = value;
  }
  let d = `M0 ${HEIGHT}`, last = 0;
  for (let x = 0; x < WIDTH; x++) {
    if (!Number.isNaN(columns[x]!)) last = columns[x]!;
    const y = (HEIGHT - 1 - (last / most) * (HEIGHT - 2)).toFixed(1);
    d += `L${x} ${y}L${x + 1} ${y}`;
  }
  path.setAttribute("d", `${d}L${WIDTH} ${HEIGHT}Z`);
  svg.append(path);
  return svg;
}
