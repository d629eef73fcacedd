// SPDX-License-Identifier: MIT
// The bytes that the page is given: in itself, dropped on it, or served.
import { CoreError } from "./core";

export interface Given {
  name: string;
  bytes: Uint8Array; // as in its file
  lines?: Lines | undefined;
}

// What the page of a comparison knows of the lines of its sides, packed, and which one this is.
interface Lines {
  block: Uint8Array;
  side: number;
}

// What the command knows beside the profile; it is in the page as JSON.
export interface PageData {
  version?: string;
  live?: boolean; // memtrack serve: profiles are fetched from where the page came from
  names?: string[]; // what the profiles are called on the command line
  at?: string; // options that the page was made with
  by?: string;
  sort?: string;
  include?: string[];
  exclude?: string[];
  wrapper?: string[];
  keepStd?: boolean;
  keepWrappers?: boolean;
  cumulative?: boolean;
  allFrames?: boolean;
  head?: { label: string; text: string; warning: boolean }[]; // the summary, in the command's words
  index?: unknown; // of the processes of a run: memtrack-index/1
}

const MOST_UNPACKED = 2 ** 31 - 2 ** 20; // what the core can address, and room for the profile

export function ofBase64(text: string): Uint8Array {
  try {
    return decode(text);
  } catch {
    throw new CoreError("the page is damaged: what it holds is not whole", "Make or copy it again.");
  }
}

function decode(text: string): Uint8Array {
  const native = (Uint8Array as unknown as { fromBase64?: (text: string) => Uint8Array }).fromBase64;
  if (native) return native(text);
  const binary = atob(text.replace(/\s+/g, "")), out = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) out[i] = binary.charCodeAt(i);
  return out;
}

// Unpacks gzip, of several members too, and passes on what is not packed.
export async function unpack(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new DecompressionStream("gzip"));
  const parts: Uint8Array[] = [];
  let total = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read().catch((error: Error) => {
      throw new CoreError(`${name} is damaged: ${error.message}`, "Record or copy it again: the writer may have been interrupted.");
    });
    if (done) break;
    total += value.length;
    if (total > MOST_UNPACKED || total > 2 ** 24 + bytes.length * 256)
      throw new CoreError(`${name} unpacks to more than 256 times its size`, "Unpack it with gunzip first, if you trust it.");
    parts.push(value);
  }
  const out = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

// What is in a page of memtrack's, the old side first; of any other file, the file.
export function inside(given: Given): Given[] {
  const head = new TextDecoder().decode(given.bytes.subarray(0, 200));
  if (!/^\s*<!doctype html/i.test(head)) return [given];
  const page = new TextDecoder("latin1").decode(given.bytes), out: Given[] = [];
  for (const [, name, text] of page.matchAll(/<script id="memtrack-profile(?:-2)?"[^>]*data-name="([^"]*)"[^>]*>([^<]*)</g))
    out.push({ name: name!, bytes: ofBase64(text!) });
  if (!out.length) throw new Error(`${given.name}: a page without a profile in it`);
  return withLines(out, /<script id="memtrack-lines"[^>]*>([^<]*)</.exec(page)?.[1]);
}

const block = (id: string): HTMLElement | null => document.getElementById(id);

function withLines(given: Given[], text: string | null | undefined): Given[] {
  return text && given.length > 1 ? given.map((one, side) => ({ ...one, lines: { block: ofBase64(text), side } })) : given;
}

export function embedded(): Given[] {
  return withLines(["memtrack-profile", "memtrack-profile-2"].flatMap((id) => {
    const node = block(id);
    return node ? [{ name: node.dataset["name"] ?? "profile.pb.gz", bytes: ofBase64(node.textContent ?? "") }] : [];
  }), block("memtrack-lines")?.textContent);
}

export function pageData(): PageData {
  const text = block("memtrack-page")?.textContent, index = block("memtrack-index")?.textContent;
  const page = text ? (JSON.parse(text) as PageData) : {};
  if (index) page.index = JSON.parse(index);
  return page;
}

// Text of source files by path; only with --source.
export async function sources(): Promise<Map<string, string>> {
  const node = block("memtrack-sources");
  if (!node) return new Map();
  const text = new TextDecoder().decode(await unpack(ofBase64(node.textContent ?? ""), "the text of the sources"));
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>));
}

// WebAssembly, which the loader has unpacked.
export const core = (window as unknown as { memtrack: { core: Uint8Array } }).memtrack.core;

export function download(given: Given): void {
  const url = URL.createObjectURL(new Blob([given.bytes as BlobPart], { type: "application/gzip" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = given.name;
  link.click();
  URL.revokeObjectURL(url);
}
