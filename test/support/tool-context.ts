// What a tool is handed when a test calls it without a daemon: one workspace, open for reading and writing.

import type { FileRoot, Grant } from "../../src/domain/act.ts";
import type { ToolContext } from "../../src/tools/tool.ts";

export function grantFor(workspace: string, more: readonly FileRoot[] = []): Grant {
  const roots = [{ path: workspace, mode: "rw" as const }, ...more];
  return { roots, domains: [], allowLoopback: false, allowUnsandboxedExec: false };
}

let calls = 0;

/** Every context is another act, unless a test gives the key. */
export function toolContext(workspace: string, more: Partial<ToolContext> = {}): ToolContext {
  return {
    effectKey: `act-${++calls}`,
    taskId: `task-${calls}`,
    agentId: "default",
    answer: null,
    grant: grantFor(workspace),
    workspace,
    webhookUrl: undefined,
    now: () => new Date("2026-02-03T04:05:06.789Z"),
    signal: new AbortController().signal,
    ...more,
  };
}
