// SPDX-License-Identifier: MIT
// Unpacks the style, the script and the core of the page, and puts them in. As small as it can be:
// it is in the page as it is. Who waits for the page can do so before its script is there:
// window.memtrack.ready.
import { unpack } from "./packed";

// What build.mjs has packed: the bytes of the decoder, core, script and style, and the sum of the last three.
declare const PARTS: readonly [number, number, number, number];
declare const SUM: number;

const page = { settle: [] as ((value: unknown) => void)[], ready: undefined as unknown, core: undefined as unknown };
const ready = new Promise((resolve) => page.settle.push(resolve));
page.ready = ready;
ready.catch(() => undefined); // what went wrong is on the page, and told to whoever waits
Object.assign(window, { memtrack: page });

try {
  const [decoder, core, script, style] = PARTS, end = core + script;
  const whole = unpack(document.getElementById("memtrack-viewer")!.textContent!, decoder, end + style, SUM);
  const text = (begin: number, to?: number): string => new TextDecoder().decode(whole.subarray(begin, to));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(text(end));
  document.adoptedStyleSheets = [sheet];
  page.core = whole.subarray(0, core);
  const node = document.createElement("script");
  node.textContent = text(core, end);
  document.body.append(node);
} catch (error) {
  const app = document.getElementById("app")!;
  app.className = "problem";
  app.textContent = `The page cannot be shown: ${(error as Error).message}. If it is damaged, make or copy it again.`;
  page.settle[0]!(Promise.reject(error));
}
