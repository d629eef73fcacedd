// SPDX-License-Identifier: MIT
// Colours of what is painted: those of the style, and the palette of the charts that the command
// writes (lib/export/svg_style.c), which keeps its contrast and stays apart for the colour-blind.

const LIGHT = ["#2166ac", "#d95f02", "#1b9e77", "#a63696", "#b8860b", "#66a61e", "#e7298a", "#5e4fa2",
  "#8c510a", "#35978f", "#d6604d", "#4393c3"];
const DARK = ["#79b8ff", "#ffa657", "#56d4a5", "#e0a3e8", "#e3c14f", "#a5d65a", "#ff8ac5", "#b3a7ff",
  "#d9a066", "#7fe0d6", "#ff9e8a", "#a8d5ff"];

export interface Theme {
  dark: boolean;
  paper: string;
  raised: string;
  ink: string;
  dim: string;
  line: string;
  accent: string;
  warn: string;
  more: string;
  other: string; // of what has no colour of its own
  palette: readonly string[];
}

export const darkness = matchMedia("(prefers-color-scheme: dark)");

export function theme(): Theme {
  const style = getComputedStyle(document.documentElement), dark = darkness.matches;
  const color = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return { dark, paper: color("paper"), raised: color("raised"), ink: color("ink"), dim: color("dim"),
    line: color("line"), accent: color("accent"), warn: color("warn"), more: color("more"),
    other: dark ? "#6e7681" : "#9aa3ad", palette: dark ? DARK : LIGHT };
}
