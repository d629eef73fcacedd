// SPDX-License-Identifier: MIT
// The controls that a keyboard has to reach: for each whether it has the focus, whether one sees that,
// and its name.
() => [...document.querySelectorAll("button, select, input, a[href]")]
  .filter((node) => node.checkVisibility() && !node.disabled && node.tabIndex >= 0 && !node.closest("dialog"))
  .map((node) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(node);
    return { focused: node === document.activeElement,
      seen: outlineStyle !== "none" && parseFloat(outlineWidth) > 0,
      name: `${node.tagName.toLowerCase()} ${(node.ariaLabel || node.textContent || "").trim().slice(0, 40)}` };
  })
