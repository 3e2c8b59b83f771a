// Approved commands in the real daemon and the real sandbox: what was approved is what runs, or nothing does; and a kill
// in the middle never turns into a refusal, which would say that nothing had happened.

import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { approvalOf, decide, type WireApproval } from "../support/approvals.ts";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { ended, submit, taskWhere } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

const at = (...names: string[]): string => join(rig.home, "workspace", ...names);

/** A call of exec that waits for its approval. */
async function asked(args: Readonly<Record<string, unknown>>, prepare = () => {}): Promise<WireApproval> {
  rig = await createRig({
    allow: ["acp.read", "acp.mutate", "admin.*"],
    policy: { rules: [{ effect: "ask", capability: "tools.exec" }] },
  });
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls: [{ name: "exec", args }] } : { text: "done" }));
  daemon = await rig.start();
  prepare();
  return approvalOf(daemon, await submit(daemon.client, "task bind"));
}

const build = (text: string) => (): void => {
  writeFileSync(at("build.sh"), text);
  chmodSync(at("build.sh"), 0o700);
};

async function outcome(taskId: string): Promise<{ told: string; audit: readonly (string | null)[] }> {
  await ended(daemon.client, taskId);
  const call = rig.stub.calls.findLast(({ turn }) => turn === 1);
  const told = String(call?.body.messages.find(({ role }) => role === "tool")?.content);
  const audit = rig.read((db) => db.audit(taskId)).filter(({ capability }) => capability === "tools.exec");
  return {
    told,
    audit: audit.map(({ decision, code }) => (code === null ? decision : `${decision} ${code}`)),
  };
}

describe.skipIf(!hasBwrap())("with bubblewrap", () => {
  test(row("E-12", "an approved script that nobody touched runs as it was shown"), async () => {
    const { id, task_id, act } = await asked(
      { argv: ["./build.sh"] },
      build("#!/bin/sh\necho built > out\n"),
    );
    expect(act).toMatchObject({
      executable: { path: at("build.sh"), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
    await decide(daemon, id, "approve");
    expect((await outcome(task_id)).audit).toEqual(["ask APPROVAL_REQUIRED", "allow"]);
    expect(readFileSync(at("out"), "utf8")).toBe("built\n");
  });

  test.each([[["./build.sh"]], [["sh", "build.sh"]]])(
    row("E-12", "%j approved and rewritten before it runs: nothing runs"),
    async (argv) => {
      const second = await asked({ argv }, build("#!/bin/sh\necho built > out\n"));
      build("#!/bin/sh\necho evil > out\n")();
      await decide(daemon, second.id, "approve");
      const { told, audit } = await outcome(second.task_id);
      expect(told).toMatch(/^APPROVAL_MISMATCH: what was approved is not what would be done now/);
      expect(audit).toEqual(["ask APPROVAL_REQUIRED", "deny APPROVAL_MISMATCH"]);
      expect(existsSync(at("out"))).toBe(false);
      expect(rig.read((db) => db.approvals(second.task_id))[0]?.status).toBe("EXPIRED");
    },
  );

  test.each<[string, () => void]>([
    ["a link to another directory", () => symlinkSync(at("evil"), at("up"))],
    ["a link that leads out", () => symlinkSync("/tmp", at("up"))],
    ["another directory", () => mkdirSync(at("up/cwd"), { recursive: true })],
  ])(
    row("E-11", "approved, then %s in the place of the directory above: nothing runs"),
    async (_what, replace) => {
      const args = { argv: ["touch", "p"], cwd: "up/cwd" };
      const { id, task_id } = await asked(args, () => {
        mkdirSync(at("up/cwd"), { recursive: true });
        mkdirSync(at("evil/cwd"), { recursive: true });
      });
      renameSync(at("up"), at("old"));
      replace();
      await decide(daemon, id, "approve");
      const { told, audit } = await outcome(task_id);
      expect(told).toMatch(/^APPROVAL_MISMATCH: /);
      expect(audit).toEqual(["ask APPROVAL_REQUIRED", "deny APPROVAL_MISMATCH"]);
      for (const place of ["evil", "old", "up"]) expect(existsSync(at(place, "cwd/p"))).toBe(false);
    },
  );

  test(
    row("E-16", "killed while an approved script rewrites itself: the outcome is unknown, not refused"),
    async () => {
      const script = "#!/bin/sh\necho '# changed' >> build.sh\ntouch started\nsleep 1000\n";
      const { id, task_id } = await asked({ argv: ["./build.sh"] }, build(script));
      await decide(daemon, id, "approve");
      await until("the script's start", () => existsSync(at("started")) || undefined);
      await daemon.kill();
      daemon = await rig.start();
      await taskWhere(daemon.client, task_id, "asks", ({ reason_code }) => reason_code === "EFFECT_UNKNOWN");
      expect(rig.read((db) => db.effects(task_id)).map(({ status }) => status)).toEqual(["UNKNOWN"]);
      expect((await runCli(rig.home, ["task", "resolve", task_id, "--happened"])).code).toBe(0);
      expect((await ended(daemon.client, task_id)).state).toBe("SUCCEEDED");
    },
  );
});
