// SPDX-License-Identifier: MIT
// Axes: round steps and short labels, as the command's charts have them (lib/view/timeline/scale.c):
// memory in powers of two, time in the steps of clocks. And moments, as text and as seconds.
import type { Info } from "../model";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const CLOCK = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400];

export function byteStep(most: number, n: number): number {
  let step = 1;
  while (most / step > n) step *= 2;
  return step;
}

export function byteLabel(bytes: number): string {
  let unit = 0;
  for (; bytes >= 1024 && unit + 1 < UNITS.length; unit++) bytes /= 1024;
  return bytes === 0 ? "0" : `${Number(bytes.toFixed(1))} ${UNITS[unit]}`;
}

export function timeStep(seconds: number, n: number): number {
  for (let power = -9; power < 0; power++)
    for (const digit of [1, 2, 5]) if (seconds / (digit * 10 ** power) <= n) return digit * 10 ** power;
  let step = CLOCK.find((s) => seconds / s <= n) ?? 86400;
  while (seconds / step > n) step *= 2;
  return step;
}

const clock = (high: number, low: number, name: string): string =>
  low ? `${high}:${String(low).padStart(2, "0")} ${name}` : `${high} ${name}`;

export function timeLabel(seconds: number): string {
  const short = (value: number): string => String(Number(value.toPrecision(5)));
  if (seconds === 0) return "0";
  if (seconds < 1e-3) return `${short(seconds * 1e6)} us`;
  if (seconds < 1) return `${short(seconds * 1e3)} ms`;
  if (seconds <= 90) return `${short(seconds)} s`;
  const s = Math.round(seconds), days = s / 86400;
  if (s < 5400) return clock(Math.floor(s / 60), s % 60, "min");
  return days >= 2 ? `${short(days)} d` : clock(Math.floor(s / 3600), Math.floor(s / 60) % 60, "h");
}

// A time in as few digits as name it: at or after it, and before the next one.
export function momentText(time: number, next: number): string {
  for (let digits = 0; digits < 9; digits++) {
    const unit = 10 ** digits, rounded = Math.ceil(Number((time * unit).toFixed(3))) / unit;
    if (rounded >= time && rounded < next && rounded - time < (next - time) / 2) return `${rounded.toFixed(digits)}s`;
  }
  return `${time.toFixed(9)}s`;
}

const FACTORS: Record<string, number> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600, "": 1 };

// In seconds; what is no moment is the end.
export function momentSeconds(text: string, info: Info, end: number): number {
  if (text === "peak") return info.peakTime ?? end;
  const amount = /^([\d.]+)\s*(ns|us|ms|s|m|h|)$/.exec(text);
  if (amount) return Number(amount[1]) * FACTORS[amount[2]!]!;
  const parts = text.split(":").map(Number);
  return parts.length > 1 && parts.every(Number.isFinite) ? parts.reduce((sum, part) => sum * 60 + part, 0) : end;
}
