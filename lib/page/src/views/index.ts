// SPDX-License-Identifier: MIT
// The views, in the order of their keys.
import type { ViewKind } from "../view";
import { flame } from "./flame";
import { processes } from "./processes";
import { scopes } from "./scopes";
import { sizes } from "./sizes";
import { source } from "./source";
import { summary } from "./summary";
import { table } from "./table";
import { threads } from "./threads";
import { timeline } from "./timeline";

export const KINDS: readonly ViewKind[] = [summary, timeline, flame, table, source, sizes, threads, scopes, processes];
