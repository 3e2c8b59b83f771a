// The policy as an operator uses it: explain, test, diff and check on the command line, a reload while the daemon runs.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

const BASICS = ["acp.read", "acp.mutate", "admin.*", "tools.now", "tools.write_note"];

let rig: Rig;
let daemon: Daemon;
beforeEach(async () => {
  rig = await createRig({ allow: BASICS });
  daemon = await rig.start();
});
afterEach(() => rig.close());

const at = (...names: string[]): string => join(rig.home, ...names);
const writePolicy = (text: string): void => writeFileSync(at("policy.yaml"), text);
const health = async (): Promise<Record<string, unknown>> => (await daemon.client.get("/healthz")).json();
const inForce = (version: string): Promise<unknown> =>
  until(`policy ${version}`, async () => ((await health()).policy_version === version ? true : undefined));

interface Explained {
  readonly decision: string;
  readonly rule: string;
  readonly policy_version: string;
}

async function explain(...args: string[]): Promise<Explained> {
  return (await runCli(rig.home, ["policy", "explain", "--json", ...args])).json<Explained>();
}

describe("policy.yaml", () => {
  test("a change is in force from the next call on, and the change itself is audited", async () => {
    writePolicy(stringify({ allow_capabilities: [...BASICS, "tools.send_alert"] }));
    await inForce((await explain("--capability", "tools.send_alert")).policy_version);
    const id = await submit(daemon.client, "task w tools=send_alert");
    expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
    expect(rig.sink.callsOf("task-w")).toHaveLength(1);
    const reload = rig.read((db) => db.audit()).filter(({ capability }) => capability === "admin.policy");
    expect(reload.map(({ decision }) => decision)).toEqual(["allow"]);
  });

  test(
    verifies(
      "CFG-006",
      "every policy that decided anything is kept with its text, from before its first decision",
    ),
    async () => {
      await ended(daemon.client, await submit(daemon.client, "task v1 tools=now"));
      writePolicy(stringify({ allow_capabilities: [...BASICS, "tools.send_alert"] }));
      await inForce((await explain("--capability", "tools.now")).policy_version);
      await ended(daemon.client, await submit(daemon.client, "task v2 tools=now"));
      const db = new Database(at("goclaw.db"), { readonly: true });
      const early = `SELECT count(*) FROM audit WHERE policy_version NOT IN (
      SELECT version FROM policy_versions WHERE text <> '' AND loaded_at <= audit.at)`;
      const versions = db.prepare("SELECT count(*) FROM policy_versions").pluck().get();
      const unkept = db.prepare(early).pluck().get();
      db.close();
      expect([versions, unkept]).toEqual([2, 0]);
    },
  );

  test(
    verifies(
      "SEC-003",
      row("D-09", "a rule tightened in the middle of an attempt holds from its next tool call"),
    ),
    async () => {
      const id = await submit(daemon.client, "task t tools=now;write_note gate=t");
      await rig.stub.reached("t");
      writePolicy(stringify({ allow_capabilities: BASICS.slice(0, -1) }));
      await inForce((await explain("--capability", "tools.now")).policy_version);
      rig.stub.openAll();
      await ended(daemon.client, id);
      const decided = rig
        .read((db) => db.audit(id))
        .map(({ capability, decision }) => `${capability} ${decision}`);
      expect(decided).toContain("tools.write_note deny");
    },
  );

  test(
    verifies("SEC-003", row("D-09", "a rule loosened in the middle of an attempt does not hold for it")),
    async () => {
      const id = await submit(daemon.client, "task l tools=now;send_alert gate=l");
      await rig.stub.reached("l");
      writePolicy(stringify({ allow_capabilities: [...BASICS, "tools.*"] }));
      await inForce((await explain("--capability", "tools.now")).policy_version);
      rig.stub.openAll();
      await ended(daemon.client, id);
      const decided = rig
        .read((db) => db.audit(id))
        .map(({ capability, decision }) => `${capability} ${decision}`);
      expect(decided).toContain("tools.send_alert deny");
      expect(rig.sink.calls).toEqual([]);
    },
  );

  test.each([
    ["a syntax error", "allow_capabilities: [acp.read"],
    ["an unknown key", "allow_capabilites: [acp.read]"],
    ["a key twice", "allow_capabilities: []\nallow_capabilities: ['*']"],
    ["an unknown capability", "allow_capabilities: [tools.Now]"],
    ["half a file", "allow_capabilities:\n  - acp.read\nrules:\n  - {effect: al"],
  ])(
    verifies("SEC-007", row("D-05", "%s changes nothing but what is said about it")),
    async (_name, text) => {
      const before = await health();
      writePolicy(text);
      const failed = await until("the failure shows", async () =>
        (await daemon.client.get("/readyz"))
          .json<{ warnings?: string[] }>()
          .warnings?.includes("policy_reload_failed"),
      );
      expect(failed).toBe(true);
      expect((await health()).policy_version).toBe(before.policy_version);
      const id = await submit(daemon.client, "task still tools=now");
      expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
      const audit = rig.read((db) => db.audit()).filter(({ capability }) => capability === "admin.policy");
      expect(audit.at(-1)).toMatchObject({ decision: "deny", rule: "policy_reload_failed" });
      writePolicy(stringify({ allow_capabilities: BASICS }));
      await until("it is well again", async () =>
        (await daemon.client.get("/readyz")).json<{ warnings?: string[] }>().warnings === undefined
          ? true
          : undefined,
      );
    },
  );

  test("a policy that is gone leaves the one before in force", async () => {
    rmSync(at("policy.yaml"));
    await until("the failure shows", async () =>
      (await health()).policy_reload_failed === undefined ? undefined : true,
    );
    const id = await submit(daemon.client, "task gone tools=now");
    expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  });
});

describe("on the command line", () => {
  const POLICY = {
    allow_capabilities: [...BASICS],
    allow_paths: [{ path: "workspace", mode: "rw" }],
    allow_domains: ["example.com"],
    rules: [
      { effect: "ask", capability: "tools.send_alert", agents: ["coder"], reason: "alerts wake people" },
      { effect: "deny", capability: "tools.write_note", agents: ["writer"] },
    ],
  };

  test(
    row("D-11", "explain says decision, rule, reason and what came near, and --batch answers line by line"),
    async () => {
      writePolicy(stringify(POLICY));
      expect(await explain("--capability", "tools.now")).toMatchObject({
        decision: "allow",
        rule: "allow_capabilities: tools.now",
      });
      const near = await explain("--capability", "tools.send_alert");
      expect(near).toMatchObject({ decision: "deny", near: [{ why: expect.stringContaining("for coder") }] });
      expect(await explain("--capability", "tools.send_alert", "--agent", "coder")).toMatchObject({
        decision: "ask",
        reason: "alerts wake people",
      });
      expect((await explain("--capability", "tools.write_note", "--agent", "writer")).decision).toBe("deny");
      const text = (await runCli(rig.home, ["policy", "explain", "--capability", "tools.now"])).stdout;
      expect(text).toMatch(/decision +allow/);
      const batch = at("batch.jsonl");
      writeFileSync(
        batch,
        `{"capability":"tools.now"}\n\n{"capability":"tools.send_alert","agent":"coder"}\n`,
      );
      const lines = (await runCli(rig.home, ["policy", "explain", "--batch", batch])).lines<Explained>();
      expect(lines.map(({ decision }) => decision)).toEqual(["allow", "ask"]);
    },
  );

  test("what cannot be explained is said, with its place", async () => {
    const unknown = await runCli(rig.home, ["policy", "explain", "--capability", "tools.nwo"]);
    expect([unknown.code, unknown.stderr]).toEqual([1, expect.stringContaining("tools.now")]);
    expect((await runCli(rig.home, ["policy", "explain"])).code).toBe(2);
    writeFileSync(at("bad.jsonl"), '{"capability":"tools.now"}\nnonsense\n');
    const bad = await runCli(rig.home, ["policy", "explain", "--batch", at("bad.jsonl")]);
    expect([bad.code, bad.stderr]).toEqual([1, expect.stringContaining("bad.jsonl:2")]);
  });

  test("test runs the cases of a file and fails with the first that does not hold", async () => {
    writePolicy(stringify(POLICY));
    const cases = [
      { name: "time is free", capability: "tools.now", expect: "allow" },
      {
        name: "coders ask",
        agent: "coder",
        capability: "tools.send_alert",
        expect: "ask",
        rule: "tools.send_alert",
      },
    ];
    writeFileSync(at("cases.yaml"), stringify(cases));
    const good = await runCli(rig.home, ["policy", "test", at("cases.yaml")]);
    expect([good.code, good.stdout]).toEqual([0, expect.stringContaining("2 passed, 0 failed")]);
    writeFileSync(
      at("cases.yaml"),
      stringify([...cases, { capability: "tools.send_alert", expect: "allow" }]),
    );
    const bad = await runCli(rig.home, ["policy", "test", at("cases.yaml"), "--json"]);
    expect([bad.code, bad.json()]).toMatchObject([1, { passed: 2, failed: 1 }]);
    writeFileSync(at("cases.yaml"), "- {capability: tools.now, expect: maybe}\n");
    const wrong = await runCli(rig.home, ["policy", "test", at("cases.yaml")]);
    expect([wrong.code, wrong.stderr]).toEqual([77, expect.stringContaining("cases.yaml:1:")]);
  });

  test("diff asks another policy about what was really decided", async () => {
    await ended(daemon.client, await submit(daemon.client, "task d tools=now,send_alert"));
    writeFileSync(at("other.yaml"), stringify({ allow_capabilities: ["tools.send_alert"] }));
    const diff = (await runCli(rig.home, ["policy", "diff", "--with", at("other.yaml"), "--json"])).json<{
      decisions: number;
      changed: { capability: string; was: string; would_be: string }[];
    }>();
    expect(diff.decisions).toBe(2);
    expect(diff.changed.map(({ capability, was, would_be }) => `${capability} ${was} ${would_be}`)).toEqual([
      "tools.now allow deny",
      "tools.send_alert deny allow",
    ]);
    const bad = await runCli(rig.home, ["policy", "diff", "--with", at("other.yaml"), "--since", "a week"]);
    expect(bad.code).toBe(2);
  });

  test("check says what a policy is and warns of what is wide open", async () => {
    writeFileSync(at("wide.yaml"), "allow_capabilities: ['*']\nallow_paths: [/]\n");
    const wide = await runCli(rig.home, ["policy", "check", at("wide.yaml")]);
    expect([wide.code, wide.stderr]).toEqual([
      0,
      expect.stringMatching(/every tool[\s\S]*whole file system/),
    ]);
    const bad = await runCli(rig.home, ["policy", "check", at("auth.token")]);
    expect(bad.code).toBe(77);
  });
});
