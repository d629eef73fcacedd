// SPDX-License-Identifier: MIT
// The views, in the order of their keys.
import type { ViewKind } from "../view";
import { summary } from "./summary";
import { table } from "./table";

export const KINDS: readonly ViewKind[] = [summary, table];
