// `goclaw task …` and `goclaw status` against a stand-in daemon, and the sentences of `task why`.

import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { whyText } from "../../../src/cli/why-text.ts";
import { resolvePaths } from "../../../src/config/paths.ts";
import {
  type Answer,
  fakeContext,
  openStandIn,
  type StandIn,
  sendJson,
  TASK_ID,
  TIME,
  wireEvent,
  wireTask,
} from "./stand-in.ts";

let daemon: StandIn | undefined;
afterEach(async () => {
  await daemon?.close();
  daemon = undefined;
});

async function goclaw(answer: Answer, ...argv: string[]) {
  daemon = await openStandIn(answer);
  const context = fakeContext();
  const code = await runProgram([...argv, "--home", daemon.home], context);
  return { code, stdout: context.stdout.text(), stderr: context.stderr.text(), asked: daemon.asked };
}

const OTHER = TASK_ID.replace(/.$/, "9");

test("a unique start of an id is enough; several tasks are named", async () => {
  const one = await goclaw(
    (_, response) => sendJson(response, 200, { tasks: [wireTask()] }),
    "task",
    "show",
    TASK_ID.slice(0, 12).toUpperCase(),
  );
  expect([one.code, one.stdout.includes(TASK_ID)]).toEqual([0, true]);
  expect(one.asked).toEqual([
    `GET /api/v1/tasks?limit=2&cursor=${TASK_ID.slice(0, 12)}f-ffff-ffff-ffffffffffff`,
  ]);
  await daemon?.close();
  const two = await goclaw(
    (_, response) => sendJson(response, 200, { tasks: [wireTask(), wireTask({ id: OTHER })] }),
    "task",
    "show",
    "01a1",
  );
  expect([two.code, two.stdout]).toEqual([1, ""]);
  for (const id of [TASK_ID, OTHER]) expect(two.stderr).toContain(id);
});

test("a list is read page by page up to its limit", async () => {
  const { stdout, asked } = await goclaw(
    (request, response) => {
      const query = new URL(request.url ?? "", "http://x").searchParams;
      const count = Math.min(500, Number(query.get("limit")));
      sendJson(response, 200, { tasks: Array.from({ length: count }, () => wireTask()), next_cursor: OTHER });
    },
    "task",
    "list",
    "--limit",
    "700",
    "--state",
    "succeeded",
    "--json",
  );
  expect((JSON.parse(stdout) as { tasks: object[] }).tasks).toHaveLength(700);
  expect(asked).toEqual([
    "GET /api/v1/tasks?limit=500&state=SUCCEEDED",
    `GET /api/v1/tasks?limit=200&state=SUCCEEDED&cursor=${OTHER}`,
  ]);
});

test.each([
  ["whose process is gone", { pid: 2 ** 30 }],
  ["whose address nobody answers", { address: "127.0.0.1:1" }],
  ["that is not whole", { pid: "x" }],
])("a run file %s counts for nothing", async (_, wrong) => {
  daemon = await openStandIn((_request, response) => sendJson(response, 200, { status: "ok" }));
  const { daemonJson } = resolvePaths(daemon.home);
  const right = JSON.parse(readFileSync(daemonJson, "utf8")) as object;
  expect(await runProgram(["status", "--home", daemon.home], fakeContext())).toBe(0);
  writeFileSync(daemonJson, JSON.stringify({ ...right, ...wrong }));
  for (const words of [["status"], ["daemon", "status"], ["daemon", "stop"]]) {
    const context = fakeContext();
    expect(await runProgram([...words, "--home", daemon.home], context)).toBe(1);
    expect(context.stderr.text()).toContain("no daemon is running");
  }
  const json = fakeContext();
  expect(await runProgram(["status", "--home", daemon.home, "--json"], json)).toBe(1);
  expect(JSON.parse(json.stdout.text())).toMatchObject({ running: false });
});

test("the token goes with every request but the probe", async () => {
  const seen: (string | undefined)[] = [];
  await goclaw(
    (request, response) => {
      seen.push(request.headers.authorization);
      sendJson(response, 200, { task: wireTask() });
    },
    "task",
    "cancel",
    TASK_ID,
  );
  expect(seen).toEqual([`Bearer ${"t".repeat(32)}`, `Bearer ${"t".repeat(32)}`]);
});

const nowMs = Date.parse(TIME) + 10_000;
const moved = wireEvent(3, { state_from: "RUNNING", state_to: "RETRY_WAIT" });

test("why names reason, since when, until when and what to do", () => {
  const available_at = new Date(nowMs + 60_000).toISOString();
  const error = { code: "EFFECT_UNKNOWN", message: "nobody can tell whether send_alert took effect." };
  const asks = wireTask({ state: "RETRY_WAIT", reason_code: "EFFECT_UNKNOWN", error, available_at });
  const why = whyText(asks, [moved], nowMs, true);
  for (const words of [
    "EFFECT_UNKNOWN",
    "send_alert",
    "10 s ago",
    `goclaw task resolve ${TASK_ID} --happened`,
    "in 1 min",
  ]) {
    expect(why.sentence).toContain(words);
  }
  expect(why).toMatchObject({ since: TIME, until: available_at });
  const backs = { ...asks, reason_code: "RETRY_PROVIDER_OVERLOADED", error: { code: "x", message: "503" } };
  expect(whyText(backs, [moved], nowMs, true).sentence).toContain("attempt 2 of 3");
});

test("why names the approval, the question or the child that a task waits for, and the command that answers", () => {
  const waits = (reason_code: string, events: readonly ReturnType<typeof wireEvent>[]): string => {
    const available_at = new Date(nowMs + 60_000).toISOString();
    const error = { code: reason_code, message: "somebody has to look" };
    return whyText(wireTask({ state: "RETRY_WAIT", reason_code, error, available_at }), events, nowMs, true)
      .sentence;
  };
  const asked = (payload: object) => wireEvent(2, { type: "approval.required", payload: { ...payload } });
  const act = waits("AWAITING_APPROVAL", [
    asked({ approval: "old", kind: "act", capability: "tools.shell" }),
    asked({ approval: "a-1", kind: "act", capability: "tools.exec" }),
    moved,
  ]);
  for (const words of ["tools.exec", "approvals show a-1", "approvals approve a-1", "deny a-1", "in 1 min"])
    expect(act).toContain(words);
  const question = waits("AWAITING_INPUT", [asked({ approval: "q-1", kind: "question" }), moved]);
  expect(question).toContain('goclaw approvals answer q-1 "…"');
  const child = waits("AWAITING_CHILD", [
    wireEvent(3, { state_to: "RETRY_WAIT", reason_code: "AWAITING_CHILD", payload: { child: "c-1" } }),
  ]);
  expect(child).toContain("goclaw task why c-1");
  for (const sentence of [act, question, child]) expect(sentence).not.toContain("WAIT_EXPIRED");
});

test.each([
  ["QUEUED", undefined, "as soon as one is free"],
  ["CLAIMED", undefined, "about to run"],
  ["RUNNING", undefined, "waits for the model's answer"],
  ["SUCCEEDED", undefined, "it succeeded"],
  ["CANCELED", "ABORTED", "it was canceled"],
  ["FAILED", "PROVIDER_AUTH", "Check the key"],
  ["DEAD_LETTER", "CRASH_LOOP", `goclaw task retry ${TASK_ID}`],
] as const)("why says something for %s", (state, reason_code, words) => {
  const task = wireTask({ state, ...(reason_code && { reason_code }) });
  expect(whyText(task, [], nowMs, true).sentence).toContain(words);
  expect(whyText(task, [], nowMs, true).sentence).toMatch(/^Task .*\.$/);
});

test("why knows the tool a running task waits for, and that a queue without a daemon does not move", () => {
  const running = wireTask({ state: "RUNNING" });
  const acts = wireEvent(4, { type: "tool.start", payload: { tool: "write_note" } });
  expect(whyText(running, [acts], nowMs, true).sentence).toContain("the tool write_note");
  expect(whyText(wireTask({ state: "QUEUED" }), [], nowMs, false).sentence).toContain("goclaw daemon start");
});
