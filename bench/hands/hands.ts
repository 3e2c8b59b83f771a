// What control over an agent's hands costs: one decision, one tool call around its act, one command in the sandbox, one
// call of an MCP server. GoClaw runs from its sources, put together as the daemon puts it together.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { createMind, type Mind } from "../../src/mind.ts";
import { loadPolicy } from "../../src/parts.ts";
import { decide } from "../../src/policy/decide.ts";
import { parsePolicy } from "../../src/policy/parse.ts";
import type { Job } from "../../src/sandbox/job.ts";
import { capabilityOf, TOOLS } from "../../src/tools/index.ts";
import { type Hands, perform } from "../../src/tools/perform.ts";
import type { Board } from "../board.ts";
import { makeHome } from "../kit/home.ts";
import { percentile } from "../kit/stats.ts";
import type { Options } from "../options.ts";
import { claimUpTo, enqueueOne, type Ours, openOurs } from "../queue/goclaw.ts";
import { OURS } from "../systems.ts";
import { openSession } from "./context.ts";
import { measureFirstTokens } from "./first-token.ts";
import { type Asked, EVERYTHING, openBare, openThroughHub } from "./mcp.ts";

const CALLS = 300;
const COMMANDS = 30;
const DECISIONS = 100_000;
const WARM_UP = 20;

export async function benchHands(board: Board, { rounds }: Options): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    board.add("decide", OURS, decideUs());
    const firsts = await measureFirstTokens(CALLS, WARM_UP);
    board.add("first", OURS, percentile(firsts, 50));
    board.add("first.p99", OURS, percentile(firsts, 99));
    const servers = [{ name: "everything", command: process.execPath, args: [EVERYTHING] }];
    const home = makeHome({ lanes: 1, more: { mcp: { servers } } });
    writeFileSync(join(home, "policy.yaml"), POLICY);
    const ours = await openOurs(home);
    const policy = await loadPolicy(ours.ground, ours.store);
    const mind = createMind(ours.ground, ours.store, policy, {
      isDraining: () => false,
      ownPort: () => undefined,
      status: () => ({}) as never,
    });
    await benchCalls(board, ours, mind.hands);
    await benchCommands(board, ours, mind);
    const context = await timed(CALLS, await openSession(ours, mind, 1_000));
    board.add("context", OURS, percentile(context, 50));
    board.add("context.p99", OURS, percentile(context, 99));
    for (const [system, asked] of [
      [OURS, await openThroughHub(mind.mcp)],
      ["mcp-client", await openBare()],
    ] as const satisfies readonly (readonly [string, Asked])[]) {
      board.add("mcp", system, percentile(await timed(CALLS, asked.call), 50));
      await asked.close();
    }
    await ours.ground.children.close();
    await ours.store.close();
  }
}

const POLICY = `
allow_capabilities: [acp.*, tools.*]
allow_paths: [{path: workspace, mode: rw}, /srv/docs]
allow_domains: [example.com, "*.example.org"]
rules:
${Array.from({ length: 30 }, (_, index) => `  - {effect: ${index % 2 ? "ask" : "deny"}, capability: tools.exec, command: program${index} *}`).join("\n")}
`;

/** Microseconds a decision about a call that touches a path and a command, under 30 rules. */
function decideUs(): number {
  const ground = {
    file: "policy.yaml",
    base: "/home/u/.goclaw",
    capabilities: TOOLS.map(({ name }) => capabilityOf(name)),
  };
  const policy = parsePolicy(POLICY.replace("acp.*, ", ""), ground);
  const place = { home: ground.base, workspace: `${ground.base}/workspace` };
  const request = {
    ...{ agentId: "coder", capability: "tools.exec", labels: [], isOutgoing: false },
    touches: [{ command: ["git", "log", "-p"] }, { path: { path: "notes/a/b", mode: "rw" as const } }],
  };
  for (let index = 0; index < DECISIONS / 10; index++) decide(policy, place, request);
  const startedMs = performance.now();
  for (let index = 0; index < DECISIONS; index++) decide(policy, place, request);
  return ((performance.now() - startedMs) * 1_000) / DECISIONS;
}

/** The tool `now` does nothing, so that what a call takes is schema, policy, journal, audit and redaction. */
async function benchCalls(board: Board, ours: Ours, hands: Hands): Promise<void> {
  await enqueueOne(ours);
  const [task] = await claimUpTo(ours, 1);
  if (task === undefined) throw new Error("nothing was claimed");
  const { signal } = new AbortController();
  const call = { id: "c", name: "now", argumentsText: "{}" };
  const times = await timed(CALLS, async (turn) => {
    const performed = await perform(hands, task, call, { turn, callIndex: 0 }, signal);
    if (performed.type !== "result" || !performed.text.startsWith("20"))
      throw new Error(JSON.stringify(performed));
  });
  board.add("call", OURS, percentile(times, 50));
  board.add("call.p99", OURS, percentile(times, 99));
}

/** `true` in the sandbox as the tool exec runs it, and in a bwrap with the same namespaces and nothing else. */
async function benchCommands(board: Board, { ground }: Ours, { sandbox }: Mind): Promise<void> {
  const { workspace } = ground.paths;
  const job: Job = {
    ...{ argv: ["true"], cwd: workspace, workspace, env: {}, stdin: "", timeoutMs: 10_000 },
    ...{ roots: [{ path: workspace, mode: "rw" }], allowUnsandboxed: false, barred: [] },
    signal: new AbortController().signal,
  };
  const run = async (): Promise<void> => {
    const { exit } = await sandbox.run(job);
    if (exit.code !== 0) throw new Error(`true ended with ${JSON.stringify(exit)}`);
  };
  board.add("command", OURS, percentile(await timed(COMMANDS, run), 50));
  board.add("command", "bwrap", percentile(await timed(COMMANDS, runBare), 50));
}

const BARE = ["--unshare-all", "--die-with-parent", "--new-session", "--ro-bind", "/usr", "/usr"];
const LINKS = ["bin", "lib", "lib64"].flatMap((name) => ["--symlink", `usr/${name}`, `/${name}`]);

async function runBare(): Promise<void> {
  await promisify(execFile)("bwrap", [...BARE, ...LINKS, "--proc", "/proc", "--dev", "/dev", "true"]);
}

async function timed(times: number, act: (index: number) => Promise<void>): Promise<number[]> {
  const took: number[] = [];
  for (let index = 0; index < times + WARM_UP; index++) {
    const startedMs = performance.now();
    await act(index);
    if (index >= WARM_UP) took.push(performance.now() - startedMs);
  }
  return took;
}
