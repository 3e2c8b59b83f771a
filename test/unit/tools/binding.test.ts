// An approval of a command covers the act that was shown: the gate, asked again about the same call with anything else
// about it changed, finds that nobody approved that.

import {
  mkdirSync,
  mkdtempSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import { respondApproval } from "../../../src/journal/approvals.ts";
import type { EffectRef } from "../../../src/journal/effects.ts";
import { recordAudit } from "../../../src/policy/audit.ts";
import { createGuard } from "../../../src/policy/guard.ts";
import { parsePolicy } from "../../../src/policy/parse.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { parseArguments } from "../../../src/tools/arguments.ts";
import { exec } from "../../../src/tools/exec.ts";
import { decideCall, type Passed, passGate } from "../../../src/tools/gate.ts";
import type { Hands } from "../../../src/tools/perform.ts";
import { row } from "../../support/catalogue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";
import { handsOf } from "../../support/policy.ts";
import { toolContext, toolPorts } from "../../support/tool-context.ts";

const POLICY = "allow_paths: [{path: workspace, mode: rw}]\nrules: [{effect: ask, capability: tools.exec}]";
const EFFECT: EffectRef = {
  ...{ key: "effect-1", turn: 0, callIndex: 0, tool: "exec", effectClass: "once", digest: "d" },
};

let home: string;
let workspace: string;
let writer: InlineWriter;
let task: ClaimedTask;
let hands: Hands;
beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), "goclaw-binding-")));
  workspace = join(home, "workspace");
  mkdirSync(join(workspace, "sub/below"), { recursive: true, mode: 0o700 });
  writeFileSync(join(workspace, "build.sh"), "#!/bin/sh\necho built\n", { mode: 0o700 });
  writer = openInlineWriter();
  writer.call(enqueue, enqueueInput("t1"));
  [task] = writer.call(claim, claimInput()) as [ClaimedTask];
  const store = storeOf(writer);
  const parse = (text: string) =>
    parsePolicy(text, { file: "policy.yaml", base: home, capabilities: ["tools.exec"] });
  const guard = createGuard(
    parse(POLICY),
    { home, workspace },
    { record: (refusal) => store.run(recordAudit, refusal) },
  );
  hands = handsOf(store, guard, [exec], {
    ports: toolPorts(workspace),
    now: () => new Date(writer.clock.nowMs()),
  });
});
afterEach(() => {
  writer.close();
  rmSync(home, { recursive: true, force: true });
});

type Call = Readonly<Record<string, unknown>>;

function gate(args: Call, of = task): Promise<Passed> {
  const decided = decideCall(hands, of, exec, args);
  const context = toolContext(workspace, { grant: decided.grant });
  return passGate(hands, { task: of, tool: exec, args, effect: EFFECT, decided, context });
}

/** Has a person approve the call as it is now. */
async function approved(args: Call): Promise<string> {
  expect(await gate(args)).toMatchObject({ type: "wait", kind: "act" });
  const id = writer.reader.get<{ id: string }>("SELECT id FROM approvals WHERE status = 'PENDING'")?.id ?? "";
  writer.call(respondApproval, { id, decision: "approve", by: "token", note: null, answer: null });
  return id;
}

const statusOf = (id: string) =>
  writer.reader.get<{ status: string }>("SELECT status FROM approvals WHERE id = @id", { id })?.status;
const MISMATCH = {
  type: "refuse",
  code: "APPROVAL_MISMATCH",
  record: { decision: "deny", code: "APPROVAL_MISMATCH" },
};

const CALL: Call = { argv: ["ls", "caf\u00e9", "a"], env: { LANG: "C" }, stdin: "in" };

test("the call that was approved goes on, with the person in its record", async () => {
  const id = await approved(CALL);
  expect(await gate(CALL)).toMatchObject({ type: "go", approval: { id }, record: { decision: "allow" } });
});

test.each<[string, Call]>([
  ["a trailing space", { ...CALL, argv: ["ls", "caf\u00e9", "a "] }],
  ["another case", { ...CALL, argv: ["ls", "caf\u00e9", "A"] }],
  ["an empty argument", { ...CALL, argv: ["ls", "caf\u00e9", "a", ""] }],
  ["another unicode form", { ...CALL, argv: ["ls", "cafe\u0301", "a"] }],
  ["two words made one", { ...CALL, argv: ["ls", "caf\u00e9 a"] }],
  ["another standard input", { ...CALL, stdin: "in\n" }],
])(row("E-08", "approved, then %s: denied"), async (_what, other) => {
  const id = await approved(CALL);
  expect(await gate(other)).toMatchObject({ ...MISMATCH, record: { rule: `approval ${id}` } });
  expect(statusOf(id)).toBe("EXPIRED");
  expect(await gate(CALL)).toMatchObject({ type: "refuse", code: "APPROVAL_EXPIRED" });
});

test(row("E-08", "a word with NUL fits no call"), () => {
  expect(parseArguments(exec, JSON.stringify({ argv: ["ls", "a\0b"] }))).toMatchObject({ ok: false });
});

test.each<[string, Call]>([
  ["another value", { ...CALL, env: { LANG: "C.UTF-8" } }],
  ["one more variable", { ...CALL, env: { LANG: "C", GIT_EXTERNAL_DIFF: "touch p" } }],
  ["none", { argv: CALL.argv, stdin: "in" }],
])(row("E-09b", "approved, then %s in its environment: denied"), async (_what, other) => {
  await approved(CALL);
  expect(await gate(other)).toMatchObject(MISMATCH);
});

test(row("E-10", "approved, then another working directory or another agent: denied"), async () => {
  await approved(CALL);
  expect(await gate({ ...CALL, cwd: "sub" })).toMatchObject(MISMATCH);
  const others: Partial<ClaimedTask>[] = [{ agentId: "other" }];
  for (const other of others) {
    writer.db.exec("UPDATE approvals SET status = 'APPROVED'");
    expect(await gate(CALL, { ...task, ...other })).toMatchObject(MISMATCH);
  }
});

test.each<[string, () => void]>([
  [
    "is another directory of the same name",
    () => mkdirSync(join(workspace, "sub/below"), { recursive: true }),
  ],
  ["stands behind a link", () => symlinkSync(join(workspace, "moved"), join(workspace, "sub"))],
  ["stands behind a link that leads out", () => symlinkSync("/tmp", join(workspace, "sub"))],
  ["is gone", () => undefined],
])(row("E-11", "approved, then the working directory %s: denied"), async (_what, replace) => {
  const call = { ...CALL, cwd: "sub/below" };
  const id = await approved(call);
  renameSync(join(workspace, "sub"), join(workspace, "moved"));
  replace();
  expect(await gate(call)).toMatchObject(MISMATCH);
  expect(statusOf(id)).toBe("EXPIRED");
});

test.each([
  [["./build.sh"]],
  [["sh", "build.sh"]],
  [["sh", "./build.sh", "x"]],
  [["env", "--chdir=.", "./build.sh"]],
  [["sh", "-c", "true && ./build.sh"]],
])(row("E-12", "%j approved, then the file rewritten, replaced or taken away: denied"), async (argv) => {
  const file = join(workspace, "build.sh");
  for (const change of [
    () => writeFileSync(file, "#!/bin/sh\necho chilled\n"),
    () => {
      writeFileSync(join(workspace, "new"), "#!/bin/sh\nrm -rf .\n", { mode: 0o700 });
      renameSync(join(workspace, "new"), file);
    },
    () => rmSync(file),
  ]) {
    writer.db.exec("DELETE FROM approvals");
    await approved({ argv });
    change();
    expect(await gate({ argv })).toMatchObject(MISMATCH);
    writeFileSync(file, "#!/bin/sh\necho built\n", { mode: 0o700 });
  }
});
