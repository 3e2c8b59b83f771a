// MCP servers as agents meet them: the published servers over every transport, approved by an operator, called by a
// model, refused once they are not what was approved, and gone with the daemon.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import type { Reply, StubToolCall } from "../support/directive.ts";
import { approve, EVERYTHING, FILESYSTEM, scripted, serverNow } from "../support/mcp.ts";
import { isRunning } from "../support/processes.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(async () => {
  await rig.close();
});

const ALLOW = ["acp.read", "acp.mutate", "mcp.*"];

async function openRig(servers: readonly object[], allow: readonly string[] = ALLOW, more: object = {}) {
  rig = await createRig({ allow, config: { mcp: { servers, ...more } } });
  mkdirSync(join(rig.home, "workspace"), { recursive: true, mode: 0o700 });
}

/** Has the model make these calls in its first answer, and returns what it was told. */
async function told(key: string, toolCalls: readonly StubToolCall[]): Promise<string[]> {
  rig.stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls } : { text: "understood" }));
  const id = await submit(daemon.client, `task ${key}`);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const second = rig.stub.calls.find((call) => call.key === `task-${key}` && call.turn === 1);
  return (second?.body.messages ?? [])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => String(content));
}

function offered(key: string): string[] {
  const first = rig.stub.calls.find((call) => call.key === `task-${key}` && call.turn === 0);
  return (first?.body.tools ?? []).map((tool) => tool.function.name);
}

test("a file server's tools are offered once they are approved, and the model reads a file with one", async () => {
  await openRig([scripted("fs", FILESYSTEM, ["."])]);
  writeFileSync(join(rig.home, "workspace/a.txt"), "the quick brown fox");
  daemon = await rig.start();
  await told("before", []);
  expect(offered("before")).not.toContain("mcp__fs__read_text_file");
  await approve(rig.home, "fs");
  const [text] = await told("after", [
    { name: "mcp__fs__read_text_file", args: { path: join(rig.home, "workspace/a.txt") } },
  ]);
  expect(offered("after")).toContain("mcp__fs__read_text_file");
  expect(text).toContain("the quick brown fox");

  const { pid } = await serverNow(daemon.client, "fs");
  expect(isRunning(pid ?? 0)).toBe(true);
  await daemon.stop();
  expect(isRunning(pid ?? 0)).toBe(false);
});
