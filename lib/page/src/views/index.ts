// SPDX-License-Identifier: MIT
// The views, in the order of their keys.
import type { ViewKind } from "../view";
import { flame } from "./flame";
import { summary } from "./summary";
import { table } from "./table";

export const KINDS: readonly ViewKind[] = [summary, flame, table];
