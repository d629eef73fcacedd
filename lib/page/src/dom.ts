// SPDX-License-Identifier: MIT
// Elements. Text is only ever set as text: whatever a profile calls its functions, it is not run.

type Child = Node | string | null | undefined | false;
type Props<K extends keyof HTMLElementTagNameMap> = Partial<Omit<HTMLElementTagNameMap[K], "style" | "dataset" | "attributes">> & {
  class?: string;
  aria?: Record<string, string>; // role, aria-… and whatever is no property
};

export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K, props: Props<K> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const { class: names, aria, ...rest } = props;
  const node = document.createElement(tag);
  Object.assign(node, rest);
  if (names) node.className = names;
  for (const [name, value] of Object.entries(aria ?? {})) node.setAttribute(name, value);
  for (const child of children) if (child) node.append(child);
  return node;
}

// Keeps a bar's width out of the markup, where the page's policy forbids it.
export function width(node: HTMLElement, share: number): HTMLElement {
  node.style.width = `${Math.max(0, Math.min(1, share)) * 100}%`;
  return node;
}

export interface Choice {
  value: string;
  label: string;
  title?: string;
  disabled?: boolean;
}

// One of a few, as buttons beside each other.
export function choose(label: string, choices: readonly Choice[], value: string,
  chosen: (value: string) => void): HTMLElement {
  return el("div", { class: "choose", aria: { role: "group", "aria-label": label } },
    ...choices.map((c) => el("button", { type: "button", textContent: c.label, title: c.title ?? "",
      disabled: c.disabled ?? false, aria: { "aria-pressed": String(c.value === value) },
      onclick: () => chosen(c.value) })));
}

// One of many, as a list that opens.
export function pick(label: string, choices: readonly Choice[], value: string,
  chosen: (value: string) => void): HTMLElement {
  const list = el("select", { aria: { "aria-label": label } }, ...choices.map((c) =>
    el("option", { value: c.value, textContent: c.label, disabled: c.disabled ?? false, selected: c.value === value })));
  list.onchange = () => chosen(list.value);
  return el("label", { class: "pick" }, el("span", { textContent: label }), list);
}

export function toggle(label: string, on: boolean, changed: (on: boolean) => void, title = ""): HTMLElement {
  const box = el("input", { type: "checkbox", checked: on });
  box.onchange = () => changed(box.checked);
  return el("label", { class: "toggle", title }, box, label);
}
