// policy.yaml as the daemon and the command line take it: nothing is open that it does not open, nothing widens by a
// spelling, and nothing beside it counts.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { TOOLS } from "../../src/tools/index.ts";
import { SAMPLES } from "../contract/tool-samples.ts";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { StartFailure } from "../support/daemon.ts";
import { approve } from "../support/mcp.ts";
import { openOdd, tool } from "../support/odd-rig.ts";
import { createRig, type Rig, type RigOptions } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

const BASICS = ["acp.read", "acp.mutate"];
const everyTool = TOOLS.map(({ name }) => ({ name, args: SAMPLES[name]?.good[0] ?? {} }));

/** What the model was told of these calls, and what the audit has of them. */
async function told(toolCalls: typeof everyTool, options: RigOptions) {
  rig = await createRig(options);
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls } : { text: "done" }));
  const daemon = await rig.start();
  const id = await submit(daemon.client, "task evil");
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  const messages = rig.stub.calls.find(({ turn }) => turn === 1)?.body.messages ?? [];
  const audit = rig.read((db) => db.audit(id)).filter(({ capability }) => capability.startsWith("tools."));
  return {
    texts: messages.filter(({ role }) => role === "tool").map(({ content }) => String(content)),
    audit,
  };
}

test(
  row("D-01", "where the policy opens no tool every one is denied, once each, and none is offered"),
  async () => {
    const { texts, audit } = await told(everyTool, { allow: BASICS });
    expect(texts).toHaveLength(TOOLS.length);
    for (const [index, text] of texts.entries()) expect(text, TOOLS[index]?.name).toMatch(/^CAP_DENIED: /);
    expect(audit.map(({ capability }) => capability)).toEqual(TOOLS.map(({ name }) => `tools.${name}`));
    for (const record of audit)
      expect(record).toMatchObject({ decision: "deny", code: "CAP_DENIED", rule: "default" });
    const [first] = rig.stub.calls;
    expect(first?.body.tools ?? []).toEqual([]);
    expect(rig.sink.calls).toEqual([]);
  },
);

test.each(["an empty list", "no file"])(row("D-01", "with %s nobody may do anything"), async (what) => {
  rig = await createRig({ allow: [] });
  if (what === "no file") {
    await (await rig.start()).stop();
    rmSync(join(rig.home, "policy.yaml"));
  }
  const daemon = await rig.start();
  await runCli(rig.home, ["config", "validate"]);
  for (const reply of [
    await daemon.client.post("/api/v1/tasks", { agent: "default", prompt: "task x" }),
    await daemon.client.get("/api/v1/tasks"),
    await daemon.client.get("/api/v1/keys"),
  ])
    expect([reply.status, reply.json<{ error: { code: string } }>().error.code]).toEqual([403, "CAP_DENIED"]);
  const audit = rig.read((db) => db.audit()).slice(-3);
  expect(audit.map(({ capability, decision }) => `${capability} ${decision}`)).toEqual([
    "acp.mutate deny",
    "acp.read deny",
    "admin.keys deny",
  ]);
  expect(existsSync(join(rig.home, "policy.yaml"))).toBe(what !== "no file");
});

const REFUSED: readonly [string, Readonly<Record<string, unknown>>][] = [
  ...[
    "tools.Exec",
    "tools.exec ",
    " tools.exec",
    "tools.exec*",
    "tools.**",
    "*.exec",
    "TOOLS.*",
    "tools",
    "tools.*.x",
  ].map((name): [string, Readonly<Record<string, unknown>>] => [name, { allow_capabilities: [name] }]),
  ["tools.Exec in a rule", { rules: [{ effect: "deny", capability: "tools.Exec" }] }],
  ["an unknown field of a rule", { rules: [{ effect: "allow", capability: "tools.exec", paths: ["/"] }] }],
  ["an unknown key", { allow_capability: [] }],
];

test.each(REFUSED)(
  row(["D-02", "D-06"], "%j is refused at the start, with its place"),
  async (_what, policy) => {
    rig = await createRig({ allow: BASICS });
    writeFileSync(join(rig.home, "policy.yaml"), stringify(policy));
    const check = await runCli(rig.home, ["policy", "check"]);
    expect([check.code, check.stderr]).toEqual([77, expect.stringMatching(/policy\.yaml:\d+:\d+.*unknown/s)]);
    const failure = await rig.start().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartFailure);
    expect((failure as StartFailure).exit.code).toBe(77);
  },
);

test.each([
  ["the denial first", [0, 1]],
  ["the denial last", [1, 0]],
])(row("D-04", "deny and allow of the same, %s: denied, by the rule that denies"), async (_what, order) => {
  const both = [
    { effect: "deny", capability: "tools.now", reason: "no time here" },
    { effect: "allow", capability: "tools.now" },
  ];
  const policy = { rules: order.map((index) => both[index]) };
  const { texts, audit } = await told([{ name: "now", args: {} }], { allow: [...BASICS, "tools.*"], policy });
  expect(texts).toEqual(["CAP_DENIED: no time here"]);
  expect(audit).toMatchObject([{ decision: "deny", code: "CAP_DENIED", rule: "rule: deny tools.now" }]);
});

test(
  row("D-06", "an unknown method or route does nothing, and a tool that comes while it runs needs its entry"),
  async () => {
    const odd = await openOdd(["listed"], { allow: ["acp.*", "admin.*", "mcp.odd.listed"] });
    rig = odd.rig;
    odd.list(tool("listed"), tool("later"));
    await approve(odd.home, "odd");
    expect(odd.offeredLast()).toEqual([]);
    expect(await odd.told("listed", "later")).toEqual([
      expect.stringContaining("did listed"),
      expect.stringMatching(/^CAP_DENIED: .*mcp\.odd\.later/),
    ]);
    expect(odd.offeredLast().map(({ name }) => name)).toEqual(["mcp__odd__listed"]);
    for (const path of ["/api/v1/agent.become_root", "/api/v1/policy/allow", "/rpc"]) {
      const reply = await odd.daemon.client.post(path, {});
      expect([reply.status, reply.json<{ error: { code: string } }>().error.code]).toEqual([
        404,
        "METHOD_UNKNOWN",
      ]);
    }
  },
);

test(
  row("D-10", "the version follows what the policy says, and neither its comments nor its order"),
  async () => {
    rig = await createRig({ allow: BASICS });
    const version = async (text: string): Promise<string> => {
      writeFileSync(join(rig.home, "policy.yaml"), text);
      return (await runCli(rig.home, ["policy", "check", "--json"])).json<{ version: string }>().version;
    };
    const plain = "allow_capabilities: [acp.read, tools.now]\nallow_paths: [workspace]\n";
    const first = await version(plain);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    for (const same of [
      `# who wrote this\n${plain}# and when\n`,
      "allow_paths:\n  - {path: workspace, mode: ro}\nallow_capabilities: [tools.now, acp.read, acp.read]\n",
      `${plain}mcp: {default: deny, rules: []}\nallow_loopback: false\n`,
    ])
      expect(await version(same), same).toBe(first);
    const others = [
      `${plain}mcp: {default: ask}\n`,
      `${plain}mcp: {rules: [{server: fs, tools: [read]}]}\n`,
      `${plain}allow_loopback: true\n`,
      plain.replace("[workspace]", "[{path: workspace, mode: rw}]"),
      `${plain}rules: [{effect: deny, capability: tools.now}]\n`,
      `${plain}rules: [{effect: deny, capability: tools.now, reason: x}]\n`,
    ];
    const versions = [first];
    for (const other of others) versions.push(await version(other));
    expect(new Set(versions).size).toBe(versions.length);
  },
);

test(row("D-14", "what lies in the current directory is neither read nor obeyed"), async () => {
  rig = await createRig({ allow: [...BASICS, "tools.now"] });
  const trap = mkdtempSync(join(tmpdir(), "goclaw-trap-"));
  try {
    mkdirSync(join(trap, ".goclaw"));
    // Pipes nobody writes to: whoever opens one of them to read hangs.
    const names = [
      ".env",
      "policy.yaml",
      "config.yaml",
      "AGENTS.md",
      "SOUL.md",
      "SKILL.md",
      ".mcp.json",
      "package.json",
    ];
    const traps = [
      ...names,
      ".goclaw/config.yaml",
      ".goclaw/policy.yaml",
      ".goclaw/.env",
      ".npmrc",
      "auth.token",
    ];
    execFileSync(
      "mkfifo",
      traps.map((name) => join(trap, name)),
    );
    const daemon = await rig.start({ under: ["env", "-C", trap] });
    const away = await runCli(rig.home, ["policy", "check", "--json"]);
    for (const cwd of [trap, join(trap, ".goclaw")]) {
      expect((await runCli(rig.home, ["policy", "check", "--json"], { cwd })).stdout).toBe(away.stdout);
      expect((await runCli(rig.home, ["config", "validate"], { cwd })).code).toBe(0);
      expect((await runCli(rig.home, ["run", "task here tools=now"], { cwd })).stdout).toContain("done here");
    }
    const { policy_version } = (await daemon.client.get("/healthz")).json<{ policy_version: string }>();
    expect(policy_version).toBe(away.json<{ version: string }>().version);
  } finally {
    rmSync(trap, { recursive: true, force: true });
  }
});
