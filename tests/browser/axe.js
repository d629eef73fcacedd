// SPDX-License-Identifier: MIT
// What axe-core, which is in the page by now, finds with these rules.
async (rules) => {
  const { violations } = await axe.run(document.querySelector("#app"), { runOnly: rules });
  return violations.flatMap((violation) => violation.nodes.slice(0, 4).map((node) => {
    const why = node.any[0] ?? node.all[0] ?? node.none[0];
    return `${violation.id}: ${node.html.slice(0, 120)} ${why?.message ?? ""}`;
  }));
}
