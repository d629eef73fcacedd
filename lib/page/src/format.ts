// SPDX-License-Identifier: MIT
// Numbers and names for people, in the words of the command.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

// Like C, a tie goes to the even digit: 1.25 is 1.2.
export function fixed(value: number, digits: number): string {
  const scaled = Math.abs(value) * 10 ** digits, isTie = scaled % 1 === 0.5 && (value * 2 ** 20) % 1 === 0;
  if (!isTie || Math.floor(scaled) % 2) return value.toFixed(digits);
  return ((Math.sign(value) * Math.floor(scaled)) / 10 ** digits).toFixed(digits);
}

export function size(bytes: number): string {
  let value = Math.abs(bytes), unit = 0;
  while (value >= 1023.95 && unit + 1 < UNITS.length) {
    value /= 1024;
    unit++;
  }
  const digits = unit ? fixed(value, 1) : String(value);
  return `${bytes < 0 ? "-" : ""}${digits} ${UNITS[unit]}`;
}

export function count(n: number): string {
  return n.toLocaleString("en-US");
}

export function change(text: string, value: number): string {
  return value > 0 ? `+${text}` : text;
}

export function amount(value: number, isBytes: boolean): string {
  return isBytes ? size(value) : count(value);
}

export function percent(part: number, whole: number): string {
  if (!whole) return "-";
  const share = (100 * part) / whole;
  return part && Math.abs(share) < 0.1 ? (share < 0 ? ">-0.1%" : "<0.1%") : `${fixed(share, 1)}%`;
}

export function duration(seconds: number): string {
  if (seconds < 1e-6) return `${Math.round(seconds * 1e9)} ns`;
  if (seconds < 1e-3) return `${Number((seconds * 1e6).toPrecision(3))} us`;
  if (seconds < 1) return `${Number((seconds * 1e3).toPrecision(3))} ms`;
  if (seconds < 60) return `${Number(seconds.toPrecision(3))} s`;
  const whole = Math.floor(seconds), hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours} h ${minutes} min` : `${minutes} min ${whole % 60} s`;
}

export const plural = (n: number, noun: string): string => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

export const processes = (n: number): string => `${count(n)} process${n === 1 ? "" : "es"}`;

export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

// A path keeps its end.
export function shortPath(path: string, most: number): string {
  return path.length <= most ? path : `…${path.slice(path.length - most + 1)}`;
}

// C++ and Rust names without parameters and the arguments of templates.
export function bareFunction(name: string): string {
  let out = "", depth = 0;
  for (let i = 0; i < name.length; i++) {
    const c = name[i]!, opens = c === "<" || c === "(";
    if (opens && !/operator[<>\-=]*$/.test(out.slice(-12)) && !(c === "(" && name.startsWith("(anonymous", i))) {
      if (depth++ === 0 && c === "<") out += "<…>";
      if (depth === 1 && c === "(" && i > 0) break;
    } else if ((c === ">" || c === ")") && depth > 0) depth--;
    else if (depth === 0) out += c;
  }
  return out;
}

const MOST_NAME = 4096; // of what is looked at: names of a million characters are made up

export function shortFunction(name: string, most: number): string {
  if (name.length <= most) return name;
  const out = bareFunction(name.slice(0, MOST_NAME));
  return out.length <= most ? out : `${out.slice(0, most - 1)}…`;
}
