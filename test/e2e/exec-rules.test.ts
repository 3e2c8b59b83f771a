// Rules for commands in the real daemon: what an allowed command does not cover is asked or denied, whatever the model
// makes of its words, and what a person allows for ever is exactly the words that were shown.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { approvalOf, decide } from "../support/approvals.ts";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { ended, submit } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

const BASICS = ["acp.read", "acp.mutate", "admin.*"];

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

const inWorkspace = (name: string): string => join(rig.home, "workspace", name);
const allow = (capability: string, command: string) => ({ effect: "allow", capability, command });

async function open(rules: readonly object[]): Promise<void> {
  rig = await createRig({ allow: BASICS, policy: { rules } });
  // The words of a prompt are the call: `exec ["ls"]`, or `shell "ls"`.
  rig.stub.use((body, place) => {
    const [, name = "", said = ""] = /^(exec|shell) (.*)$/s.exec(String(body.messages.at(-1)?.content)) ?? [];
    if (place.turn > 0) return { text: "done" };
    const args = name === "exec" ? { argv: JSON.parse(said) } : { command: JSON.parse(said) };
    return { toolCalls: [{ name, args }] };
  });
  daemon = await rig.start();
}

const ask = (name: "exec" | "shell", call: unknown) =>
  submit(daemon.client, `${name} ${JSON.stringify(call)}`);

/** What the model was told of the one call of a task. */
async function told(id: string): Promise<string> {
  const { state, prompt } = await ended(daemon.client, id);
  expect(state).toBe("SUCCEEDED");
  const call = rig.stub.calls.findLast(
    (each) => each.turn === 1 && each.body.messages.some(({ content }) => content === prompt),
  );
  return String(call?.body.messages.find(({ role }) => role === "tool")?.content);
}

const auditOf = (id: string) =>
  rig.read((db) => db.audit(id)).filter(({ capability }) => capability.startsWith("tools."));

describe.skipIf(!hasBwrap())("with bubblewrap", () => {
  const RULES = ["ls *", "find *", "env *", "sort *", "git grep *", "awk *", "tar *", "timeout *"];

  test.each([
    ["F-07", ["env", "-S", 'sh -c "touch p"']],
    ["F-07", ["find", ".", "-exec", "touch", "p", ";"]],
    ["F-07", ["awk", 'BEGIN{system("touch p")}']],
    ["F-07", ["timeout", "5", "touch", "p"]],
    ["F-07", ["tar", "cf", "/dev/null", ".", "--checkpoint=1", "--checkpoint-action=exec=touch p"]],
    ["F-08", ["sort", "--compress-prog=sh", "a"]],
    ["F-10", ["git", "grep", "-Otouch", "x"]],
  ])(row(["F-07", "F-08", "F-10"], "%s: %j is asked, once, and does nothing before"), async (_id, argv) => {
    await open(RULES.map((command) => allow("tools.exec", command)));
    const id = await ask("exec", argv);
    const approval = await approvalOf(daemon, id);
    expect(approval.act).toMatchObject({ tool: "exec", argv });
    expect(existsSync(inWorkspace("p"))).toBe(false);
    await decide(daemon, approval.id, "deny");
    expect(await told(id)).toMatch(/^APPROVAL_DENIED: /);
    expect(existsSync(inWorkspace("p"))).toBe(false);
    expect(auditOf(id)).toMatchObject([
      { decision: "ask", code: "EXEC_NOT_ALLOWED", rule: expect.stringContaining("rule: allow tools.exec") },
      { decision: "deny", code: "APPROVAL_DENIED" },
    ]);
  });

  test(
    row(["F-07", "F-10"], "where only ls is allowed every other program is denied, and ls runs"),
    async () => {
      await open([allow("tools.exec", "ls *")]);
      writeFileSync(inWorkspace("seen"), "");
      for (const argv of [
        ["env", "ls"],
        ["touch", "p"],
        ["rg", "--pre", "sh", "x"],
        ["fd", "-x", "sh"],
        ["busybox", "ls"],
      ]) {
        const id = await ask("exec", argv);
        expect(await told(id)).toMatch(/^CAP_DENIED: /);
        expect(auditOf(id)).toMatchObject([{ decision: "deny", code: "CAP_DENIED", rule: "default" }]);
      }
      const id = await ask("exec", ["ls", "-1"]);
      expect(await told(id)).toMatch(/\nseen\n/);
      expect(auditOf(id)).toMatchObject([{ decision: "allow", rule: "rule: allow tools.exec command ls *" }]);
      expect(existsSync(inWorkspace("p"))).toBe(false);
    },
  );

  test(
    row("F-09", "a here-document is a line of the shell: asked whole, whatever it begins with"),
    async () => {
      await open([allow("tools.exec", "cat *"), { effect: "ask", capability: "tools.shell" }]);
      const line = "cat <<E\n$(touch p)\nE";
      const id = await ask("shell", line);
      const approval = await approvalOf(daemon, id);
      expect(approval.act).toMatchObject({ argv: ["sh", "-c", line] });
      await decide(daemon, approval.id, "deny");
      expect(await told(id)).toMatch(/^APPROVAL_DENIED: /);
      // As words of a program it is no document at all: a file of that name is not there.
      expect(await told(await ask("exec", ["cat", "<<E\n$(touch p)\nE"]))).toMatch(/No such file/);
      expect(existsSync(inWorkspace("p"))).toBe(false);
    },
  );

  test(
    row("F-09", "a rule for a program says nothing about a line of the shell that begins with it"),
    async () => {
      await open([allow("tools.exec", "cat *"), allow("tools.shell", "cat *")]);
      expect(await told(await ask("shell", "cat <<E\n$(touch p)\nE"))).toMatch(/^CAP_DENIED: /);
      expect(existsSync(inWorkspace("p"))).toBe(false);
    },
  );

  test(row(["E-06", "E-07"], "allowed for ever are the words that were shown, and no others"), async () => {
    const asks = { effect: "ask", capability: "tools.exec" };
    await open([asks]);
    const first = await approvalOf(daemon, await ask("exec", ["git", "status"]));
    const always = await runCli(rig.home, ["approvals", "approve", first.id, "--always"]);
    expect(always.code).toBe(0);
    const [proposed] = parse(/^ +(- \{.*\})$/m.exec(always.stderr)?.[1] ?? "[]") as object[];
    expect(proposed).toMatchObject({ effect: "allow", capability: "tools.exec", command: ["git", "status"] });
    const broad = await approvalOf(daemon, await ask("exec", ["env", "ls"]));
    const refused = await runCli(rig.home, ["approvals", "approve", broad.id, "--always"]);
    expect(refused.stderr).toMatch(/APPROVAL_TOO_BROAD|would allow too much/);
    const policy = {
      allow_capabilities: BASICS,
      allow_paths: [{ path: "workspace", mode: "rw" }],
      rules: [proposed],
    };
    writeFileSync(join(rig.home, "policy.yaml"), stringify(policy));
    await until("the policy is in force", async () => {
      const { policy_version } = (await daemon.client.get("/healthz")).json<{ policy_version: string }>();
      return policy_version === first.policy_version ? undefined : true;
    });
    expect(await told(await ask("exec", ["git", "status"]))).toMatch(/^exit code 128 /);
    for (const argv of [
      ["git", "-c", "core.pager=touch p", "status"],
      ["git", "", "status"],
      ["git  status"],
    ])
      expect(await told(await ask("exec", argv))).toMatch(/^CAP_DENIED: /);
  });
});

test("a program that is not there is a result, and nobody is asked", async () => {
  await open([{ effect: "ask", capability: "tools.exec" }]);
  const id = await ask("exec", ["no-such-program"]);
  expect(await told(id)).toMatch(/^EXEC_FAILED: there is no program "no-such-program"/);
  expect(rig.read((db) => db.approvals(id))).toEqual([]);
  expect(auditOf(id)).toMatchObject([{ decision: "deny", code: "EXEC_FAILED" }]);
});
