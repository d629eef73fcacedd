// SPDX-License-Identifier: MIT
// Pairs of controls and figures that share a part of the screen, and controls that are cut off at its
// side. What is scrolled out of sight does not count, nor what floats above the rest on purpose.
() => {
  const shown = (node) => node.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true });
  const around = function* (node) {
    for (let at = node; at; at = at.parentElement) yield [at, getComputedStyle(at)];
  };
  const clipped = (node) => {
    const { left, right, top, bottom } = node.getBoundingClientRect(), box = { left, right, top, bottom };
    for (const [at, style] of around(node.parentElement)) {
      if (!/auto|scroll|hidden|clip/.test(style.overflowX + style.overflowY)) continue;
      const window = at.getBoundingClientRect();
      box.left = Math.max(box.left, window.left);
      box.right = Math.min(box.right, window.right);
      box.top = Math.max(box.top, window.top);
      box.bottom = Math.min(box.bottom, window.bottom);
    }
    return box;
  };
  const floats = (node) => [...around(node)].some(([at, style]) =>
    ["absolute", "sticky", "fixed"].includes(style.position) && !at.matches(".body > .row"));
  const name = (node) => `${node.tagName.toLowerCase()}.${node.className} ` +
    `"${(node.textContent || node.getAttribute("aria-label") || "").trim().slice(0, 30)}"`;

  const wanted = "header > :not(.grow), nav a, button, select, input, h2, dt, dd, .num, canvas, td, th";
  const boxes = [...document.querySelectorAll(wanted)]
    .filter((node) => shown(node) && !node.closest("dialog, #static"))
    .map((node) => ({ node, box: clipped(node), floats: floats(node) }))
    .filter(({ box }) => box.right - box.left > 1 && box.bottom - box.top > 1);
  const found = [];
  for (const [i, a] of boxes.entries())
    for (const b of boxes.slice(i + 1)) {
      if (a.node.contains(b.node) || b.node.contains(a.node) || a.floats || b.floats) continue;
      const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
      const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
      if (wide > 2 && high > 2) found.push(`${name(a.node)} and ${name(b.node)}: ${wide.toFixed(0)}x${high.toFixed(0)}`);
    }
  const over = document.documentElement.scrollWidth - innerWidth;
  if (over > 0) found.push(`the page is ${over} pixels wider than its window`);
  for (const { node, box } of boxes)
    if (node.matches("header > *, nav a, .tools *") && (box.right > innerWidth + 1 || box.left < -1))
      found.push(`${name(node)} is cut off at ${box.left.toFixed(0)} to ${box.right.toFixed(0)}`);
  return found.slice(0, 10);
}
