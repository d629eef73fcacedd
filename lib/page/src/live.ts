// SPDX-License-Identifier: MIT
// memtrack serve: the page of a running process, renewed without a reload.
import type { App } from "./app";
import type { Given } from "./data";
import { el } from "./dom";

const PERIOD_MS = 2000;

interface ServerState {
  state: string; // "running" or "ended"
}

async function get(path: string, etag?: string): Promise<Response> {
  const response = await fetch(path, etag ? { headers: { "If-None-Match": etag } } : {});
  if (!response.ok && response.status !== 304) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

export async function follow(open: (given: readonly Given[]) => Promise<void>, app: () => App | undefined): Promise<void> {
  let etag: string | undefined, ended = false, busy = false, paused = false;
  const renew = async (): Promise<void> => {
    const response = await get("profile.pb.gz", etag);
    if (response.status === 304) return;
    etag = response.headers.get("ETag") ?? undefined;
    await open([{ name: "profile.pb.gz", bytes: new Uint8Array(await response.arrayBuffer()) }]);
  };
  const controls = (): void => {
    const header = document.querySelector("header");
    if (!header || header.querySelector(".live")) return;
    const mark = el("button", { type: "button", textContent: "Mark", title: "Set a mark: what is allocated from here on is a new generation" });
    mark.onclick = () => void fetch("mark", { method: "POST", body: new Date().toLocaleTimeString("en-GB") }).then(renew);
    const pause = el("button", { type: "button", textContent: paused ? "Go on" : "Pause" });
    pause.onclick = () => {
      paused = !paused;
      pause.textContent = paused ? "Go on" : "Pause";
    };
    header.prepend(el("span", { class: "live", textContent: ended ? "ended" : "live" }));
    if (!ended) header.append(mark, pause);
  };
  const tick = async (): Promise<void> => {
    if (busy || paused) return;
    busy = true;
    try {
      const state = (await (await get("state")).json()) as ServerState;
      await renew();
      ended = state.state === "ended";
      controls();
    } catch (error) {
      app()?.say(error instanceof Error ? error.message : String(error));
    } finally {
      busy = false;
    }
    if (ended) clearInterval(timer);
  };
  const timer = setInterval(() => void tick(), PERIOD_MS);
  await renew();
  await tick();
}
