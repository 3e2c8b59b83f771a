// MCP servers as agents meet them: the published servers over every transport, approved by an operator, called by a
// model, refused once they are not what was approved, and gone with the daemon.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import type { Reply, StubToolCall } from "../support/directive.ts";
import {
  approve,
  EVERYTHING,
  FILESYSTEM,
  freePort,
  type HttpPeer,
  scripted,
  serverNow,
  startEverything,
} from "../support/mcp.ts";
import { isRunning } from "../support/processes.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
let peer: HttpPeer | undefined;
afterEach(async () => {
  await peer?.close();
  peer = undefined;
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

test.each([
  ["streamableHttp", "http"],
  ["sse", "sse"],
] as const)(
  "server-everything over %s is approved, called and capped like any other",
  async (mode, transport) => {
    const port = await freePort();
    peer = await startEverything(mode, port);
    await openRig([{ name: "every", transport, url: peer.url }]);
    daemon = await rig.start();
    await approve(rig.home, "every");
    const [sum, echo, image] = await told("http", [
      { name: "mcp__every__get-sum", args: { a: 20, b: 22 } },
      { name: "mcp__every__echo", args: { message: "over the wire" } },
      { name: "mcp__every__get-tiny-image", args: {} },
    ]);
    expect(sum).toContain("42");
    expect(echo).toContain("over the wire");
    expect(image).toMatch(/\[image image\/png, about \d+ bytes, not shown\]/);
  },
);

test("server-everything over stdio: arguments are held against its schema before anything is sent", async () => {
  await openRig([scripted("every", EVERYTHING, ["stdio"])]);
  daemon = await rig.start();
  await approve(rig.home, "every");
  const [sum, bad] = await told("stdio", [
    { name: "mcp__every__get-sum", args: { a: 20, b: 22 } },
    { name: "mcp__every__get-sum", args: { a: "twenty" } },
  ]);
  expect(sum).toContain("42");
  expect(bad).toMatch(/^TOOL_ARGUMENTS: .*\/a must be number/);
});

test("a server over http that goes away fails its call, and answers again once it is back", async () => {
  const port = await freePort();
  peer = await startEverything("streamableHttp", port);
  await openRig([{ name: "every", url: peer.url }]);
  daemon = await rig.start();
  await approve(rig.home, "every");
  const call = [{ name: "mcp__every__echo", args: { message: "hello" } }];
  expect((await told("up", call))[0]).toContain("hello");
  await peer.close();
  expect((await told("down", call))[0]).toMatch(/MCP_UNAVAILABLE/);
  peer = await startEverything("streamableHttp", port);
  const text = await until("the server answers again", async () => {
    const [now = ""] = await told(`again-${rig.stub.calls.length}`, call);
    return now.includes("hello") && now;
  });
  expect(text).toContain("hello");
});

test(
  row(["I-04", "I-08"], "what decides which code runs is refused in config.yaml, by name and place"),
  async () => {
    await openRig([
      { name: "a", command: "node", env: { NODE_OPTIONS: "--require ./x.js" } },
      { name: "b", command: "node", env: { LD_PRELOAD: "/x.so", PYTHONPATH: "/x", PATH: "/x" } },
    ]);
    const env = await runCli(rig.home, ["config", "validate"]);
    expect(env.code).toBe(77);
    expect(env.stderr).toContain("ENV_DENIED");
    for (const name of ["NODE_OPTIONS", "LD_PRELOAD", "PYTHONPATH", "PATH"])
      expect(env.stderr).toMatch(new RegExp(`config\\.yaml:\\d+:\\d+ mcp\\.servers\\.\\d\\.env\\.${name}`));
    await rig.close();
    await openRig([
      { name: "a", command: "npx", args: ["-y", "@modelcontextprotocol/server-filesystem", "/"] },
      { name: "c" },
      { name: "c", url: "file:///x" },
      { name: "d", url: "https://x/y", args: ["z"] },
    ]);
    const rest = await runCli(rig.home, ["config", "validate"]);
    expect(rest.code).toBe(77);
    expect(rest.stderr).toMatch(/servers\.0\.command: npx fetches a package/);
    expect(rest.stderr).toMatch(/servers\.1: url is missing/);
    expect(rest.stderr).toMatch(/servers\.2\.name: c is there twice/);
    expect(rest.stderr).toMatch(/servers\.2\.url: is not an http or https URL/);
    expect(rest.stderr).toMatch(/servers\.3\.args: an http or sse server has no args/);
  },
);

test("goclaw mcp list, tools and approve say what stands where, and name what does not exist", async () => {
  await openRig([scripted("fs", FILESYSTEM, ["."])]);
  daemon = await rig.start();
  expect((await runCli(rig.home, ["mcp", "list"])).stdout).toMatch(
    /fs +stdio +unapproved +stopped +0 approved/,
  );
  const shown = await runCli(rig.home, ["mcp", "approve", "fs"]);
  expect(shown.code).toBe(1);
  expect(shown.stdout).toMatch(/mcp__fs__write_file +new/);
  expect(shown.stderr).toMatch(/nothing was approved; .*--yes --digest [0-9a-f]{64}/);
  const digest = /--digest ([0-9a-f]{64})/.exec(shown.stderr)?.[1] ?? "";
  expect((await runCli(rig.home, ["mcp", "approve", "fs", "--yes", "--digest", digest])).code).toBe(0);
  expect((await runCli(rig.home, ["mcp", "tools", "fs"])).stdout).toMatch(/mcp__fs__write_file +approved/);
  const unknown = await runCli(rig.home, ["mcp", "tools", "nofs"]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toMatch(/MCP_SERVER_UNKNOWN/);
  expect(unknown.stderr).toContain("there are: fs");
});
