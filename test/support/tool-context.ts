// What a tool is handed when a test calls it without a daemon: one workspace, and nothing of the network, unless the test
// says otherwise.

import type { FileRoot, Grant } from "../../src/domain/act.ts";
import { startPageReader } from "../../src/native.ts";
import { createEgress } from "../../src/policy/egress.ts";
import { createPageReader } from "../../src/tools/page.ts";
import type { Hands } from "../../src/tools/perform.ts";
import type { ToolContext } from "../../src/tools/tool.ts";
import { noSandbox } from "./sandbox.ts";

export const CLOSED_GRANT: Grant = {
  roots: [],
  domains: [],
  barredDomains: [],
  allowLoopback: false,
  allowUnsandboxedExec: false,
};

export function grantFor(workspace: string, more: readonly FileRoot[] = []): Grant {
  return { ...CLOSED_GRANT, roots: [{ path: workspace, mode: "rw" as const }, ...more] };
}

const NO_CHILDREN: Hands["ports"]["childTasks"] = {
  find: () => undefined,
  make: () => Promise.reject(new Error("this test has no queue for child tasks")),
};

export function toolPorts(workspace = ""): Hands["ports"] {
  return {
    workspace,
    webhookUrl: undefined,
    egress: createEgress({ ownPort: () => undefined }),
    sandbox: noSandbox,
    search: [],
    readPage: createPageReader(startPageReader),
    childTasks: NO_CHILDREN,
    labelsOf: () => [],
  };
}

let calls = 0;

/** Every context is another act, unless a test gives the key. */
export function toolContext(workspace: string, more: Partial<ToolContext> = {}): ToolContext {
  return {
    ...toolPorts(workspace),
    effectKey: `act-${++calls}`,
    taskId: `task-${calls}`,
    agentId: "default",
    answer: null,
    redact: (text) => text,
    grant: grantFor(workspace),
    now: () => new Date("2026-02-03T04:05:06.789Z"),
    signal: new AbortController().signal,
    ...more,
  };
}
