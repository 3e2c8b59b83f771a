// `goclaw run` against a stand-in daemon: streams that break, errors, timeouts and signals.

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
  wireEvent,
  wireTask,
} from "./stand-in.ts";

let daemon: StandIn;
afterEach(() => daemon.close());

interface Play {
  /** Called for the first, second, … stream request with its Last-Event-ID. */
  readonly stream: (response: ServerResponse, nth: number, lastEventId: string | undefined) => void;
  readonly onCancel?: () => void;
  readonly submit?: (response: ServerResponse) => void;
  /** The task as it is when it is asked for. */
  readonly state?: "RUNNING" | "SUCCEEDED";
}

async function open({ stream, onCancel, submit, state = "RUNNING" }: Play): Promise<void> {
  let streams = 0;
  daemon = await openStandIn((request, response) => {
    const path = request.url ?? "";
    if (path.startsWith("/api/v1/task/stream")) {
      stream(response, ++streams, request.headers["last-event-id"] as string | undefined);
    } else if (path.endsWith("/cancel")) {
      onCancel?.();
      sendJson(response, 200, { task: wireTask({ state: "CANCELED" }) });
    } else if (path.includes("/events")) {
      const after = Number(new URL(path, "http://x").searchParams.get("after"));
      sendJson(response, 200, {
        events: [1, 2].filter((seq) => seq > after).map((seq) => wireEvent(seq)),
        next_cursor: null,
      });
    } else if (request.method === "POST") {
      if (submit) submit(response);
      else
        sendJson(response, 202, { task_id: TASK_ID, session_id: "s", task: wireTask({ state: "QUEUED" }) });
    } else sendJson(response, 200, { task: wireTask({ state, result: { text: "just in time" } }) });
  });
}

const done = (text: string) => ["done", { task: wireTask({ result: { text } }) }] as const;
const token = (offset: number, text: string, id?: number) =>
  ["token", { turn: 0, offset, text }, ...(id === undefined ? [] : [id])] as [string, unknown, number?];

async function run(context: FakeContext, ...more: string[]): Promise<number> {
  return await runProgram(["run", "hello", "--home", daemon.home, ...more], context);
}

test("the answer is streamed once, also when the stream breaks in the middle", async () => {
  const resumed: (string | undefined)[] = [];
  await open({
    stream: (response, nth, lastEventId) => {
      resumed.push(lastEventId);
      if (nth === 1) {
        sendEvents(response, [["status", wireEvent(5), 5], token(0, "Hel"), token(3, "lo")]);
        setImmediate(() => response.destroy());
      } else {
        sendEvents(response, [["status", wireEvent(5), 5], token(0, "Hello you", 6), done("Hello you!")]);
        response.end();
      }
    },
  });
  const context = fakeContext();
  expect(await run(context)).toBe(0);
  expect(context.stdout.text()).toBe("Hello you!\n");
  expect(context.stderr.text()).toBe("");
  expect(resumed).toEqual([undefined, "5"]);
});

test("a terminal gets the answer made safe, and what happens beside it", async () => {
  await open({
    stream: (response) => {
      sendEvents(response, [["status", wireEvent(1), 1], token(0, "red \u001b[31m"), done("red \u001b[31m")]);
      response.end();
    },
  });
  const context = fakeContext({
    stdout: keep({ isTerminal: true, columns: 80 }),
    stderr: keep({ isTerminal: true, columns: 80 }),
  });
  expect(await run(context)).toBe(0);
  expect(context.stdout.text()).toBe("red ␛[31m\n");
  expect(context.stderr.text()).toContain("running");
});

test("--json prints the events of the log and the task last", async () => {
  await open({
    stream: (response) => {
      sendEvents(response, [["status", wireEvent(1), 1], token(0, "Hi", 2), done("Hi")]);
      response.end();
    },
  });
  const context = fakeContext();
  expect(await run(context, "--json")).toBe(0);
  const lines = context.stdout
    .text()
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { seq?: number; task?: { id: string } });
  expect(lines.map((line) => line.seq ?? line.task?.id)).toEqual([1, 2, TASK_ID]);
});

test("a failure says its code and what to do", async () => {
  const error = { code: "PROVIDER_AUTH", message: "401 bad \u001bkey" };
  await open({
    stream: (response) => {
      sendEvents(response, [
        ["error", { error, task: wireTask({ state: "FAILED", error, reason_code: error.code }) }],
      ]);
      response.end();
    },
  });
  const context = fakeContext();
  expect(await run(context)).toBe(1);
  expect(context.stdout.text()).toBe("");
  expect(context.stderr.text()).toContain("401 bad ␛key (PROVIDER_AUTH)");
  expect(context.stderr.text()).toContain("Check the key");
});

test("a refused submission ends with the daemon's words and the code's exit code", async () => {
  const refusal = (code: string) => ({ error: { message: `no: ${code}`, type: "x", code, param: null } });
  for (const [code, exit] of [
    ["QUEUE_FULL", 1],
    ["CAP_DENIED", 77],
    ["AGENT_NOT_FOUND", 1],
    ["FROM_THE_FUTURE", 1],
  ] as const) {
    await open({ stream: () => {}, submit: (response) => sendJson(response, 429, refusal(code)) });
    const context = fakeContext();
    expect([code, await run(context)]).toEqual([code, exit]);
    expect(context.stderr.text()).toContain(`no: ${code}`);
    await daemon.close();
  }
  await open({ stream: () => {} });
});

test("an answer that is lost is asked for again under the same key", async () => {
  const keys: (string | undefined)[] = [];
  let tries = 0;
  await open({
    stream: (response) => {
      sendEvents(response, [done("Hi")]);
      response.end();
    },
    submit: (response) => {
      keys.push(response.req.headers["idempotency-key"] as string | undefined);
      if (++tries === 1) response.destroy();
      else sendJson(response, 202, { task_id: TASK_ID, session_id: "s", task: wireTask() });
    },
  });
  const context = fakeContext();
  expect(await run(context)).toBe(0);
  expect(keys).toHaveLength(2);
  expect(keys[0]).toMatch(/^run-[0-9a-f]{32}$/);
  expect(keys[1]).toBe(keys[0]);
});

test("Ctrl-C cancels the task and waits for its end; a second one leaves", async () => {
  let canceled = 0;
  const streams: ServerResponse[] = [];
  await open({ stream: (response) => void streams.push(response), onCancel: () => void canceled++ });
  const first = fakeContext();
  const ending = run(first);
  await until("a stream", () => streams.length === 1);
  first.signal("SIGINT");
  await until("a cancel", () => canceled === 1);
  const error = { code: "ABORTED", message: "aborted" };
  sendEvents(streams[0]!, [["error", { error, task: wireTask({ state: "CANCELED", error }) }]]);
  expect(await ending).toBe(1);

  const second = fakeContext();
  const leaving = run(second);
  await until("a stream", () => streams.length === 2);
  second.signal("SIGINT");
  second.signal("SIGINT");
  expect(await leaving).toBe(1);
  expect(second.stderr.text()).toContain(`goclaw task tail ${TASK_ID}`);
});

test("--timeout and SIGTERM stop the waiting, not the task; a reader that left ends it quietly", async () => {
  let streams = 0;
  await open({ stream: () => void streams++ });
  const late = fakeContext();
  expect(await run(late, "--timeout", "0.05")).toBe(1);
  expect(late.stderr.text()).toContain("within 0.05 s");
  for (const signal of ["SIGTERM", "EPIPE"] as const) {
    const context = fakeContext();
    const seen = streams;
    const ending = run(context);
    await until("a stream", () => streams > seen);
    context.signal(signal);
    expect(await ending).toBe(1);
    expect(context.stderr.text().includes("goes on")).toBe(signal === "SIGTERM");
  }
  expect(daemon.asked.filter((line) => line.endsWith("/cancel"))).toEqual([]);
});

test("a task that ended while the waiting did is not said to go on", async () => {
  await open({ stream: () => {}, state: "SUCCEEDED" });
  const context = fakeContext();
  expect(await run(context, "--timeout", "0.05")).toBe(0);
  expect([context.stdout.text(), context.stderr.text()]).toEqual([
    "just in time\n",
    expect.not.stringContaining("goes on"),
  ]);
});

test("--detach prints the id and asks for no stream", async () => {
  await open({ stream: () => {} });
  const context = fakeContext();
  expect(await run(context, "--detach", "--idempotency-key", "k")).toBe(0);
  expect(context.stdout.text()).toBe(`${TASK_ID}\n`);
  expect(daemon.asked).toEqual(["POST /api/v1/tasks"]);
});
