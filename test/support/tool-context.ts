// What a tool is handed in a test: nothing configured, nothing opened, unless the test says otherwise.

import { startPageReader } from "../../src/native.ts";
import { createEgress } from "../../src/policy/egress.ts";
import { createPageReader } from "../../src/tools/page.ts";
import type { Hands } from "../../src/tools/perform.ts";
import type { ToolContext } from "../../src/tools/tool.ts";

export const CLOSED_GRANT: ToolContext["grant"] = {
  roots: [],
  domains: [],
  allowLoopback: false,
  allowUnsandboxedExec: false,
};

export function toolPorts(more: Partial<Hands["ports"]> = {}): Hands["ports"] {
  return {
    workspace: "",
    grant: CLOSED_GRANT,
    webhookUrl: undefined,
    egress: createEgress({ ownPort: () => undefined }),
    search: [],
    readPage: createPageReader(startPageReader),
    now: () => new Date(0),
    ...more,
  };
}

export function toolContext(more: Partial<ToolContext> = {}): ToolContext {
  const { signal } = new AbortController();
  return { ...toolPorts(), effectKey: "k1", taskId: "t1", agentId: "default", signal, ...more };
}
