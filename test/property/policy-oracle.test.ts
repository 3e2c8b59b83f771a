// A million random decisions, each made twice: by the policy engine, and by a decider that was written apart from it.

import { expect, test } from "vitest";
import type { Touch } from "../../src/domain/act.ts";
import { decide } from "../../src/policy/decide.ts";
import { PLACE, policyOf } from "../support/policy.ts";
import { verifies } from "../support/verifies.ts";
import {
  type OraclePolicy,
  type OracleRequest,
  type OracleRule,
  type OracleTouch,
  oracle,
} from "./policy-oracle.ts";

const PAIRS = 1_000_000;
const PER_POLICY = 500;

/** A small generator of its own: what fails is named by its seed and number. */
function createDice(seed: number) {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const pick = <T>(from: readonly T[]): T => from[Math.floor(next() * from.length)] as T;
  const some = <T>(from: readonly T[], chance: number): T[] => from.filter(() => next() < chance);
  return { next, pick, some };
}
type Dice = ReturnType<typeof createDice>;

const TOOLS = ["tools.a", "tools.b", "tools.c"];
const CAPABILITIES = [...TOOLS, "mcp.s.t", "mcp.s.u", "mcp.v.t"];
const PATTERNS = [...CAPABILITIES, "tools.*", "mcp.*", "mcp.s.*", "*"];
const AGENTS = ["x", "y"];
const PLACES = ["/a", "/a/b", "/a/bc", "/c", PLACE.home, PLACE.workspace, `${PLACE.workspace}/n`, "/"];
const PATHS = [
  ...PLACES,
  "/a/b/../c",
  "/a/./b/d",
  "/ab",
  `${PLACE.home}/policy.yaml`,
  `${PLACE.home}x`,
  "/a/b/c/d",
];
const DOMAINS = ["e.com", "*.e.com", "f.org", "*.f.org", "*"];
const HOSTS = ["e.com", "a.e.com", "a.b.e.com", "be.com", "e.com.f.org", "f.org"];
const COMMANDS = [
  "git status",
  "git *",
  "git log *",
  "ls",
  "*",
  "ls -l",
  "ls *",
  "env *",
  "env A=1 *",
  "sort *",
  "/bin/ls",
  "/usr/bin/git *",
];
const ARGVS = [
  ["git", "status"],
  ["git"],
  ["git", "log", "-p"],
  ["ls"],
  ["ls", "-l"],
  ["git", "status", "-s"],
  ["LS"],
  ["env", "A=1", "sh"],
  ["sort", "a"],
  ["sort", "-"],
  ["sort", "a", "--compress-program=sh"],
  ["git", "log", "a"],
  ["/usr/bin/git", "status"],
  ["./ls"],
  ["/usr/local/bin/git", "log", "a"],
];
const SERVERS = ["s", "v"];
const MCP_TOOLS = ["t", "u"];
const EFFECTS = ["deny", "ask", "allow"] as const;

function randomRule({ next, pick, some }: Dice): OracleRule {
  const effect = pick(EFFECTS);
  const capability = pick(effect === "ask" ? PATTERNS.filter((pattern) => pattern !== "*") : PATTERNS);
  const agents = next() < 0.4 ? { agents: [...some(AGENTS, 0.5), ...some(["*"], 0.1)] } : {};
  const selectors = [
    {},
    {},
    { path: pick(PLACES) },
    { domain: pick(DOMAINS) },
    { command: pick(COMMANDS) },
    { mcp: pick(["s/t", "s/*", "*", "v/u"]) },
  ];
  return { effect, capability, ...agents, ...pick(selectors) };
}

function randomPolicy(dice: Dice): OraclePolicy {
  const { next, pick, some } = dice;
  return {
    allow_capabilities: some(PATTERNS, 0.15),
    allow_domains: some(DOMAINS.slice(0, -1), 0.3),
    allow_paths: some(PLACES, 0.25).map((path) => ({ path, mode: pick(["ro", "rw"] as const) })),
    mcp: {
      default: pick(EFFECTS),
      rules: Array.from({ length: Math.floor(next() * 3) }, () => ({
        agent: pick([...AGENTS, "*"]),
        server: pick([...SERVERS, "*"]),
        tools: some([...MCP_TOOLS, "*"], 0.4),
      })),
    },
    rules: Array.from({ length: Math.floor(next() * 6) }, () => randomRule(dice)),
  };
}

function randomTouch({ next, pick }: Dice): OracleTouch {
  switch (pick(["none", "path", "url", "command", "mcp"] as const)) {
    case "none":
      return { kind: "none" };
    case "path":
      return { kind: "path", path: pick(PATHS), mode: pick(["ro", "rw"] as const) };
    case "url":
      return { kind: "url", host: pick(HOSTS) };
    case "command":
      return next() < 0.5
        ? { kind: "command", words: pick(ARGVS) }
        : { kind: "command", words: pick(ARGVS), place: { kind: "path", path: pick(PATHS), mode: "rw" } };
    case "mcp":
      return { kind: "mcp", server: pick(SERVERS), tool: pick(MCP_TOOLS) };
  }
}

function randomRequest(dice: Dice): OracleRequest {
  const { next, pick } = dice;
  const touches = Array.from({ length: pick([0, 1, 1, 1, 2, 3]) }, () => randomTouch(dice));
  return { agent: pick([...AGENTS, null]), capability: pick(CAPABILITIES), touches, leaks: next() < 0.1 };
}

function toTouch(touch: OracleTouch): Touch {
  switch (touch.kind) {
    case "none":
      return {};
    case "path":
      return { path: { path: touch.path, mode: touch.mode } };
    case "url":
      return { url: `https://${touch.host}/p?q` };
    case "command":
      return { command: touch.words, ...(touch.place === undefined ? {} : toTouch(touch.place)) };
    case "mcp":
      return { mcp: { server: touch.server, tool: touch.tool } };
  }
}

test(verifies(
  ["SEC-001", "SEC-002"],
  "a million random decisions agree with a decider that was written apart",
), { timeout: 300_000 }, () => {
  const dice = createDice(20_261_120);
  const counts = { deny: 0, ask: 0, allow: 0 };
  for (let pair = 0; pair < PAIRS; ) {
    const written = randomPolicy(dice);
    const policy = policyOf(JSON.stringify(written), CAPABILITIES);
    for (let each = 0; each < PER_POLICY; each++, pair++) {
      const request = randomRequest(dice);
      const wanted = oracle(written, request, PLACE.home);
      const { effect } = decide(policy, PLACE, {
        agentId: request.agent,
        capability: request.capability,
        touches: request.touches.map(toTouch),
        labels: request.leaks ? ["untrusted", "private"] : [],
        isOutgoing: request.leaks,
      });
      counts[effect]++;
      if (effect !== wanted)
        expect({ pair, written, request, effect }).toEqual({ pair, written, request, effect: wanted });
    }
  }
  for (const count of Object.values(counts)) expect(count).toBeGreaterThan(PAIRS / 50);
});
