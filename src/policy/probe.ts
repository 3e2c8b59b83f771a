// Whether the paths of a call are open as the disk is now, asked before the act so that the audit says "deny" for what
// the path guard will not open. It holds nothing: the act itself asks again, and that answer counts.

import type { FileRoot, Touch } from "../domain/act.ts";
import { type Code, GoclawError } from "../domain/error.ts";
import { openBeneath } from "./paths.ts";

export interface Closed {
  readonly code: Code;
  readonly why: string;
}

/** The first path that is closed, and why; null when none is. What is missing is not closed: the tool says so. */
export function probePaths(roots: readonly FileRoot[], touches: readonly Touch[]): Closed | null {
  for (const { path } of touches) {
    if (path === undefined) continue;
    try {
      openBeneath(roots, path.path, path.mode).close();
    } catch (error) {
      if (!(error instanceof GoclawError)) throw error;
      if (error.code !== "TOOL_FAILED") return { code: error.code, why: error.message };
    }
  }
  return null;
}
