// SPDX-License-Identifier: MIT
// memtrack serve: the page of a running process, renewed without a reload.
import type { App } from "./app";
import type { Given } from "./data";
import { el } from "./dom";

const PERIOD_MS = 2000;

interface ServerState {
  state: string;
}

async function get(path: string, etag?: string): Promise<Response> {
  const response = await fetch(path, etag ? { headers: { "If-None-Match": etag } } : {});
  if (!response.ok && response.status !== 304) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}

async function setMark(): Promise<void> {
  const response = await fetch("mark", { method: "POST", body: new Date().toLocaleTimeString("en-GB") });
  if (!response.ok) throw new Error(`No mark was set: ${response.status} ${await response.text()}`);
}

export async function follow(open: (given: readonly Given[]) => Promise<void>, app: () => App | undefined): Promise<void> {
  let etag: string | undefined, ended = false, busy = false, paused = false;
  const renew = async (): Promise<void> => {
    const response = await get("profile.pb.gz", etag);
    if (response.status === 304) return;
    etag = response.headers.get("ETag") ?? undefined;
    await open([{ name: "profile.pb.gz", bytes: new Uint8Array(await response.arrayBuffer()) }]);
  };
  const badge = el("span", { class: "live", textContent: "live" });
  const mark = el("button", { type: "button", textContent: "Mark", title: "Set a mark: what is allocated from here on is a new generation" });
  mark.onclick = () => void setMark().then(renew).catch(say);
  const pause = el("button", { type: "button", textContent: "Pause", aria: { "aria-pressed": "false" } });
  pause.onclick = () => {
    paused = !paused;
    pause.textContent = paused ? "Go on" : "Pause";
    pause.setAttribute("aria-pressed", String(paused));
    badge.textContent = paused ? "paused" : "live";
  };
  const say = (error: unknown): void => app()?.say(error instanceof Error ? error.message : String(error));
  const end = (how: string): void => {
    ended = true;
    badge.textContent = how;
    mark.disabled = pause.disabled = true;
    clearInterval(timer);
  };
  const tick = async (): Promise<void> => {
    if (busy || paused || ended) return;
    busy = true;
    try {
      const state = (await (await get("state")).json()) as ServerState;
      await renew();
      if (state.state === "ended" || state.state === "replaced") end(state.state);
    } catch (error) {
      say(error);
    } finally {
      busy = false;
    }
  };
  const timer = setInterval(() => void tick(), PERIOD_MS);
  await renew();
  app()?.keep(badge, [mark, pause]);
  await tick();
}
