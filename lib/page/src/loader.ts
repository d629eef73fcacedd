// SPDX-License-Identifier: MIT
// Unpacks the script of the page and puts it in. As small as it can be: it is in the page as it is.
// Who waits for the page can do so before its script is there: window.memtrack.ready.
const page = { settle: [] as ((value: unknown) => void)[], ready: undefined as unknown };
const ready = new Promise((resolve) => page.settle.push(resolve));
page.ready = ready;
ready.catch(() => undefined); // what went wrong is on the page, and told to whoever waits
Object.assign(window, { memtrack: page });
void (async () => {
  const packed = atob(document.getElementById("memtrack-script")!.textContent!);
  const bytes = Uint8Array.from(packed, (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const script = document.createElement("script");
  script.textContent = await new Response(stream).text();
  document.body.append(script);
})();
