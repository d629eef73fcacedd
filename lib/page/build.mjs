// SPDX-License-Identifier: MIT
// Puts dist/viewer.html together: src/ bundled by esbuild, the style, and the core (made by
// core/build.sh). Pages are stored and mailed, so these three are packed in it, as one stream
// (src/packed.ts says how). The same sources and tools give the same bytes.
import { createHash } from "node:crypto";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const MOST_BYTES = 150_000; // of the viewer: what every page has, whatever is in it
const here = fileURLToPath(new URL(".", import.meta.url));
const out = process.argv[2] ?? `${here}dist/viewer.html`;
const built = process.argv[3] ?? `${here}build`; // where core/build.sh has put them
const core = readFileSync(`${built}/core.wasm`), decoder = readFileSync(`${built}/lzma.wasm`);
const bundle = (entry, more) => buildSync({ entryPoints: [`${here}src/${entry}`], bundle: true, minify: true, write: false,
  target: ["chrome100", "firefox110"], format: "iife", charset: "ascii", legalComments: "none", ...more }).outputFiles[0].text.trim();
const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
const fail = (what) => {
  console.error(`build.mjs: ${what}`);
  process.exit(1);
};
const { unpack, value } = await import(`data:text/javascript,${encodeURIComponent(bundle("packed.ts", { format: "esm" }))}`);

// 7 bits in a character of one byte, or 13 in one of two.
const single = [];
for (let c = 0; c < 128; c++) if (value(c) >= 0) single[value(c)] = String.fromCharCode(c);
function textOf(bytes) {
  let text = "", at = 0;
  const bits = (n) => { // the next ones; 0 behind the end
    let out = 0;
    for (; n--; at++) out = (out << 1) | (((bytes[at >> 3] ?? 0) >> (7 - (at & 7))) & 1);
    return out;
  };
  while (at < 8 * bytes.length) {
    const seven = bits(7);
    text += single[seven] ?? String.fromCharCode(((seven << 6) | bits(6)) - 64 * 96);
  }
  return text;
}

// Adler-32.
const sumOf = (bytes) => {
  let a = 1, b = 0;
  for (const byte of bytes) b = (b + (a = (a + byte) % 65521)) % 65521;
  return b * 65536 + a;
};

const style = bundle("style.css"), script = bundle("main.ts");
const whole = Buffer.concat([core, Buffer.from(script), Buffer.from(style)]);
const stream = execFileSync("xz", ["--format=raw", "--lzma1=preset=9e,lc=3,lp=0,pb=0,nice=64", "--stdout"], { input: whole });
const viewer = textOf(Buffer.concat([decoder, stream])), sum = sumOf(whole);
if (Buffer.compare(unpack(viewer, decoder.length, whole.length, sum), whole)) fail("what is packed does not unpack");

// The policy knows the script by its hash, whoever puts it there.
const loader = bundle("loader.ts", { define: { PARTS: `[${decoder.length},${core.length},${script.length},${style.length}]`, SUM: `${sum}` } });
const plain = bundle("static.css");
const parts = {
  // @CONNECT@ is 'none', or 'self' where the page is served
  POLICY: `default-src 'none'; script-src ${hash(loader)} ${hash(script)} 'wasm-unsafe-eval'; style-src ${hash(plain)}; connect-src @CONNECT@; base-uri 'none'; form-action 'none'`,
  STYLE: plain,
  VIEWER: viewer,
  LOADER: loader,
};
const page = readFileSync(`${here}src/page.html`, "utf8").replace(/@(POLICY|STYLE|VIEWER|LOADER)@/g, (_, name) => parts[name]);
for (const mark of ["@CONNECT@", "@TITLE@", "@STATIC@", "@DATA@"]) // viewer.c
  if (page.split(mark).length !== 2) fail(`${mark} is not there once`);
const bytes = Buffer.byteLength(page);
mkdirSync(dirname(out), { recursive: true });
writeFileSync(out, page);
console.log(`${out}: ${bytes} bytes, of which packed ${Buffer.byteLength(viewer)} (${stream.length} before they are text); ` +
  `unpacked: script ${script.length}, style ${style.length}, core ${core.length}; as they are: decoder ${decoder.length}, loader ${loader.length}, style ${plain.length}`);
if (bytes > MOST_BYTES) fail(`that is more than ${MOST_BYTES} bytes (README.md says what was tried to keep it small)`);
