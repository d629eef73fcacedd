// SPDX-License-Identifier: MIT
// Chromium for tests/support/browser.py: a line of JSON {id, what, …} on the standard input is done,
// and a line {id, value} or {id, error} comes back. What a page does unasked is kept for "seen":
// errors, dialogs, requests and what its policy refused.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";

const [modules, executablePath] = process.argv.slice(2);
const require = createRequire(`${modules}/`);
const { chromium } = require("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu", "--enable-precise-memory-info"] });
const tabs = new Map();
let last = 0;

function watch(page, seen) {
  page.on("console", (message) => {
    if (message.type() === "error") seen.errors.push(message.text());
  });
  page.on("pageerror", (error) => seen.errors.push(String(error)));
  page.on("dialog", (dialog) => {
    seen.dialogs.push(dialog.message());
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!/^(data|blob):/.test(request.url())) seen.requests.push(request.url());
  });
}

const actions = {
  async open({ url, width = 1280, height = 720, dark = false, scale = 1, script = true, offline = true, wait = 30000 }) {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, javaScriptEnabled: script,
      colorScheme: dark ? "dark" : "light", reducedMotion: "reduce", acceptDownloads: true, offline });
    const page = await context.newPage(), seen = { errors: [], dialogs: [], requests: [] };
    page.setDefaultTimeout(wait);
    watch(page, seen);
    await page.goto(url, { waitUntil: "load", timeout: wait });
    tabs.set(++last, { context, page, seen });
    return last;
  },
  evaluate: ({ page }, { text, argument }) => page.evaluate(`(${text})(${JSON.stringify(argument ?? null)})`),
  press: async ({ page }, { keys }) => {
    for (const key of keys) await page.keyboard.press(key);
  },
  type: ({ page }, { text }) => page.keyboard.type(text),
  click: ({ page }, { selector }) => page.click(selector),
  move: ({ page }, { x, y }) => page.mouse.move(x, y),
  clickAt: ({ page }, { x, y }) => page.mouse.click(x, y),
  async drag({ page }, { x, y, toX, toY }) {
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(toX, toY, { steps: 8 });
    await page.mouse.up();
  },
  size: ({ page }, { width, height }) => page.setViewportSize({ width, height }),
  media: ({ page }, { media, dark }) => page.emulateMedia({ media: media ?? null, colorScheme: dark ? "dark" : "light" }),
  screenshot: async ({ page }, { path }) => void (await page.screenshot({ path, animations: "disabled" })),
  pdf: async ({ page }, { path }) => void (await page.pdf({ path, format: "A4" })),
  files: ({ page }, { selector, paths }) => page.setInputFiles(selector, paths),
  async save({ page }, { selector, path }) {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
    await download.saveAs(path);
    return download.suggestedFilename();
  },
  script: async ({ page, context }, { path }) => {
    // past the page's policy, as a debugger does it
    const session = await context.newCDPSession(page);
    await session.send("Runtime.evaluate", { expression: readFileSync(path, "utf8") });
    await session.detach();
  },
  // In bytes: what the script holds, and what the machine gave to all processes of the page.
  async memory({ page, context }) {
    const session = await context.newCDPSession(page);
    await session.send("Performance.enable");
    const { metrics } = await session.send("Performance.getMetrics");
    const whole = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
    await session.detach();
    return { heap: metrics.find((m) => m.name === "JSHeapUsedSize").value, processes: whole.processInfo };
  },
  seen: ({ seen }) => seen,
  close: ({ context }, { tab }) => {
    tabs.delete(tab);
    return context.close();
  },
};

async function act(request) {
  if (request.what === "open") return actions.open(request);
  const tab = tabs.get(request.tab);
  if (!tab) throw new Error(`there is no page ${request.tab}`);
  return actions[request.what](tab, request);
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let answer;
  try {
    answer = { id: request.id, value: (await act(request)) ?? null };
  } catch (error) {
    answer = { id: request.id, error: String(error?.message ?? error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
await browser.close();
