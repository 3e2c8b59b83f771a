// `goclaw run` whose task waits for a person, against a stand-in daemon: who sits there is shown the act and asked, who
// does not is told what to type.

import type { ServerResponse } from "node:http";
import { afterEach, expect, test } from "vitest";
import { runProgram } from "../../../src/cli/program.ts";
import { until } from "../../support/wait.ts";
import {
  type FakeContext,
  fakeContext,
  keep,
  openStandIn,
  type StandIn,
  sendEvents,
  sendJson,
  TASK_ID,
  TIME,
  wireEvent,
  wireTask,
} from "./stand-in.ts";

let daemon: StandIn;
afterEach(() => daemon.close());

const approval = {
  ...{
    id: "a-1",
    task_id: TASK_ID,
    agent_id: "coder",
    kind: "act",
    capability: "tools.exec",
    status: "PENDING",
  },
  ...{
    act: { tool: "exec", argv: ["rm", "-r", "\u001b[2Kx"] },
    reason: "it runs a program",
    expires_at: TIME,
  },
};
const question = {
  ...approval,
  kind: "question",
  capability: "tools.ask_user",
  act: { question: "Which colour?" },
};

const asks = (reason_code: string, payload: object = {}) =>
  wireEvent(2, { type: "task.retry_wait", state_to: "RETRY_WAIT", reason_code, payload: { ...payload } });
const waiting = asks("AWAITING_APPROVAL");
const resumed = wireEvent(3, { type: "task.requeued", state_to: "QUEUED", reason_code: "APPROVAL_ANSWERED" });

interface Play {
  /** Null when it was answered long since. */
  readonly pending?: object | null;
  readonly event?: ReturnType<typeof wireEvent>;
}

/** A daemon with one task that waits; what is answered ends it. */
async function open({ pending = approval, event = waiting }: Play = {}): Promise<{ answers: unknown[] }> {
  const answers: unknown[] = [];
  const streams: ServerResponse[] = [];
  daemon = await openStandIn((request, response, body) => {
    const path = request.url ?? "";
    if (path.startsWith(`/api/v1/task/stream?task_id=${TASK_ID}`)) {
      streams.push(response);
      sendEvents(response, [["status", event, 2]]);
    } else if (path.startsWith("/api/v1/task/stream")) {
      sendEvents(response, [["status", waiting, 2]]);
    } else if (path.startsWith("/api/v1/approvals?")) {
      sendJson(response, 200, {
        approvals: answers.length > 0 || pending === null ? [] : [pending],
        next_cursor: null,
      });
    } else if (path.startsWith("/api/v1/approvals/")) {
      answers.push(JSON.parse(body));
      sendJson(response, 200, { approval });
      for (const stream of streams)
        sendEvents(stream, [
          ["status", resumed, 3],
          ["done", { task: wireTask({ result: { text: "ok" } }) }],
        ]);
    } else if (path.includes("/events")) {
      sendJson(response, 200, { events: [], next_cursor: null });
    } else if (request.method === "POST") {
      sendJson(response, 202, { task_id: TASK_ID, session_id: "s", task: wireTask({ state: "QUEUED" }) });
    } else sendJson(response, 200, { task: wireTask({ state: "RETRY_WAIT" }) });
  });
  return { answers };
}

const run = (context: FakeContext, ...more: string[]): Promise<number> =>
  runProgram(["run", "hello", "--home", daemon.home, ...more], context);
const seated = (line: string | undefined): FakeContext =>
  fakeContext({ stderr: keep({ isTerminal: true }), readLine: async () => line });

test("without a terminal it says what to type, and leaves with 1", async () => {
  await open();
  const context = fakeContext();
  expect(await run(context)).toBe(1);
  for (const words of [
    "coder wants to use tools.exec",
    "it runs a program",
    "goclaw approvals approve a-1",
    TASK_ID,
  ])
    expect(context.stderr.text()).toContain(words);
  expect(context.stdout.text()).toBe("");
});

test("with --json it leaves too, and the task is the last line", async () => {
  await open();
  const context = fakeContext();
  expect(await run(context, "--json")).toBe(1);
  expect(JSON.parse(context.stdout.text().trim().split("\n").at(-1)!)).toMatchObject({
    task: { state: "RETRY_WAIT" },
  });
});

test("a budget that holds the task back is told, and waited for", async () => {
  await open({ event: asks("AWAITING_BUDGET", { message: "budgets.per_day_usd is used up" }) });
  const context = fakeContext();
  const ending = run(context);
  const says = `goclaw: a budget holds task ${TASK_ID} back: budgets.per_day_usd is used up; \`goclaw task why`;
  await until("it says so", () => context.stderr.text().includes(says));
  context.signal("SIGTERM");
  expect(await ending).toBe(1);
});

test("with --timeout it waits that long for somebody to answer elsewhere", async () => {
  await open();
  const context = fakeContext();
  const ending = run(context, "--timeout", "30");
  await until("it says what to type", () => context.stderr.text().includes("approvals approve a-1"));
  context.signal("SIGTERM");
  expect(await ending).toBe(1);
  expect(context.stderr.text()).toContain("interrupted by SIGTERM");
});

test.each([
  ["y", { decision: "approve" }],
  ["Yes ", { decision: "approve" }],
  ["", { decision: "deny" }],
  ["no", { decision: "deny" }],
  ["yikes", { decision: "deny" }],
])("on a terminal %j is sent as %j", async (line, sent) => {
  const { answers } = await open();
  const context = seated(line);
  expect(await run(context)).toBe(0);
  expect(answers).toEqual([sent]);
  const shown = context.stderr.text();
  expect(shown).toContain("coder wants to use tools.exec (it runs a program)");
  expect(shown).toMatch(/\n {2}│ .*"rm"/);
  expect(shown).not.toContain("\u001b[2K");
});

test("a question is shown and answered in place; nothing typed leaves it open", async () => {
  const { answers } = await open({ pending: question, event: asks("AWAITING_INPUT") });
  expect(await run(seated("blue\n"))).toBe(0);
  expect(answers).toEqual([{ answer: "blue" }]);
  await daemon.close();
  const later = await open({ pending: question, event: asks("AWAITING_INPUT") });
  const context = seated("");
  const ending = run(context, "--timeout", "30");
  await until("it says how to answer later", () => context.stderr.text().includes("approvals answer a-1"));
  context.signal("SIGTERM");
  expect([await ending, later.answers]).toEqual([1, []]);
});

test("an answer that came from elsewhere ends the question", async () => {
  const { answers } = await open();
  let ended = false;
  const readLine = (signal: AbortSignal): Promise<undefined> =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => {
        ended = true;
        resolve(undefined);
      });
      const elsewhere = { method: "POST", body: '{"decision":"approve"}' };
      void fetch(`http://${daemon.address}/api/v1/approvals/a-1`, elsewhere);
    });
  expect(await run(fakeContext({ stderr: keep({ isTerminal: true }), readLine }))).toBe(0);
  expect([ended, answers]).toEqual([true, [{ decision: "approve" }]]);
});

test("what a child waits for is asked as well", async () => {
  const child = "01a1f868-d9c7-71d3-9efb-d21f03562ad9";
  const { answers } = await open({ event: asks("AWAITING_CHILD", { child }) });
  expect(await run(seated("y"))).toBe(0);
  expect(answers).toEqual([{ decision: "approve" }]);
  expect(daemon.asked).toContainEqual(expect.stringContaining(`status=PENDING&limit=1&task=${child}`));
});

test("what the log tells of and was answered long since is not asked again", async () => {
  await open({ pending: null });
  const context = seated("y");
  const ending = run(context);
  await until("it has looked", () => daemon.asked.some((path) => path.includes("/approvals?")));
  context.signal("SIGTERM");
  expect(await ending).toBe(1);
  expect(context.stderr.text()).not.toContain("do it?");
});

test("an act whose outcome nobody knows is said, with the command that settles it", async () => {
  const message = "look, then say goclaw task resolve ID --happened, or --did-not to have it done";
  await open({ event: asks("EFFECT_UNKNOWN", { message }) });
  const context = fakeContext();
  expect(await run(context)).toBe(1);
  expect(context.stderr.text()).toContain(`goclaw task resolve ${TASK_ID} --happened`);
});
