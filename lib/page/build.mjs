// SPDX-License-Identifier: MIT
// Puts dist/viewer.html together: src/ bundled by esbuild, the style, and build/core.wasm (made by
// core/build.sh), packed. The same sources and tools give the same bytes.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? `${here}dist/viewer.html`;
const corePacked = process.argv[3] ?? `${here}build/core.wasm.gz`;
const bundle = (entry, loader) => buildSync({ entryPoints: [`${here}src/${entry}`], bundle: true, minify: true, write: false,
  target: ["chrome100", "firefox110"], format: "iife", charset: "ascii", legalComments: "none", loader }).outputFiles[0].text.trim();
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

const script = bundle("main.ts", {}).replaceAll("</script", "<\\/script").replaceAll("<!--", "<\\!--");
const style = bundle("style.css", { ".css": "css" });
// Pages are stored and mailed: what is large is packed in them. The policy knows the script by its
// hash, whoever puts it there.
const loader = bundle("loader.ts", {});
const packed = (text) => {
  const file = join(mkdtempSync(join(tmpdir(), "page-")), "script");
  writeFileSync(file, text);
  execFileSync("zopfli", [file]);
  const bytes = readFileSync(`${file}.gz`);
  rmSync(dirname(file), { recursive: true });
  return bytes.toString("base64");
};
const parts = {
  // @CONNECT@ is 'none', or 'self' where the page is served
  POLICY: `default-src 'none'; script-src ${hash(loader)} ${hash(script)} 'wasm-unsafe-eval'; style-src ${hash(style)}; connect-src @CONNECT@; base-uri 'none'; form-action 'none'`,
  STYLE: style,
  CORE: readFileSync(corePacked).toString("base64"),
  SCRIPT: packed(script),
  LOADER: loader,
};
const page = readFileSync(`${here}src/page.html`, "utf8").replace(/@(POLICY|STYLE|CORE|SCRIPT|LOADER)@/g, (_, name) => parts[name]);
mkdirSync(`${here}dist`, { recursive: true });
writeFileSync(out, page);
console.log(`${out}: ${page.length} bytes (script ${script.length}, packed ${parts.SCRIPT.length}; style ${style.length}; core packed ${parts.CORE.length})`);
