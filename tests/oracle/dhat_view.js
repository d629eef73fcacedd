// SPDX-License-Identifier: MIT
// node dhat_view.js dh_view.js FILE: has valgrind's viewer build its tree of a DHAT file, without a
// browser around it, and prints what its root adds up to.
"use strict";

const fs = require("fs");
const vm = require("vm");

const [viewer, file] = process.argv.slice(2);
const asked = `
gData = JSON.parse(text);
gSelect = { childNodes: gSelectData.map(() => ({})), selectedIndex: 0 };
buildTree();
print(JSON.stringify({
  total_bytes: gRoot._totalBytes, total_blocks: gRoot._totalBlocks,
  peak_bytes: gRoot._atTGmaxBytes, peak_blocks: gRoot._atTGmaxBlocks,
  live_bytes: gRoot._atTEndBytes, live_blocks: gRoot._atTEndBlocks,
  lifetimes: gRoot._totalLifetimes,
}));`;
const elements = new Proxy(function () {}, { get: () => elements, apply: () => elements });
vm.runInNewContext(fs.readFileSync(viewer, "utf8") + asked, {
  text: fs.readFileSync(file, "utf8"),
  document: elements,
  window: elements,
  console,
  print: (line) => process.stdout.write(line + "\n"),
});
