// `goclaw task …`: the operator's view of the queue, in words and as JSON.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit, taskWhere, type WireEvent, type WireTask } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;

beforeAll(async () => {
  rig = await createRig({ config: { worker_count: 2 } });
  daemon = await rig.start();
});
afterAll(() => rig.close());

const goclaw = (...args: string[]): Promise<CliResult> => runCli(rig.home, ["task", ...args]);

async function ran(prompt: string): Promise<string> {
  const id = await submit(daemon.client, prompt);
  await ended(daemon.client, id);
  return id;
}

test("list, by state, as words and as JSON", async () => {
  const good = await ran("task good");
  const bad = await ran("task bad fault=400");
  const words = await goclaw("list");
  expect(words.code).toBe(0);
  for (const piece of [good, bad, "SUCCEEDED", "FAILED"]) expect(words.stdout).toContain(piece);
  const failed = (await goclaw("list", "--state", "FAILED", "--json")).json<{ tasks: WireTask[] }>();
  expect(failed.tasks.map((task) => task.id)).toEqual([bad]);
  const one = (await goclaw("list", "--limit", "1", "--json")).json<{ tasks: WireTask[] }>();
  expect(one.tasks).toHaveLength(1);
});

test("show and events", async () => {
  const id = await ran("task shown tools=now");
  const shown = await goclaw("show", id);
  expect(shown.code).toBe(0);
  for (const piece of [id, "SUCCEEDED", "done shown"]) expect(shown.stdout).toContain(piece);
  expect((await goclaw("show", id, "--json")).json<{ task: WireTask }>().task).toEqual(
    await readTask(daemon.client, id),
  );
  const events = await goclaw("events", id);
  for (const piece of ["task.enqueued", "tool.end", "task.succeeded"]) expect(events.stdout).toContain(piece);
  const json = await goclaw("events", id, "--json");
  const first = json.stdout.trimStart();
  const types = first.startsWith('{"events"')
    ? json.json<{ events: WireEvent[] }>().events.map((event) => event.type)
    : json.lines<WireEvent>().map((event) => event.type);
  expect(types).toContain("task.succeeded");
});

test("tail follows a task to its end", async () => {
  const id = await submit(daemon.client, "task tailed gate=tail");
  await rig.stub.reached("tail");
  const tail = goclaw("tail", id);
  rig.stub.open("tail");
  const { code, stdout } = await tail;
  expect(code).toBe(0);
  expect(stdout).toMatch(/done tailed|task\.succeeded/);
});

test("cancel", async () => {
  const id = await submit(daemon.client, "task canceled gate=never");
  await rig.stub.reached("never");
  expect((await goclaw("cancel", id)).code).toBe(0);
  expect((await readTask(daemon.client, id)).state).toBe("CANCELED");
  const again = await goclaw("cancel", await ran("task over"));
  expect(again.code).toBe(1);
  expect(again.stderr).toContain("SUCCEEDED");
});

test("retry brings a dead letter back, and only that", async () => {
  const id = await ran("task dead fault=500:3");
  expect((await readTask(daemon.client, id)).state).toBe("DEAD_LETTER");
  expect((await goclaw("retry", id)).code).toBe(0);
  await taskWhere(daemon.client, id, "succeeded", (task) => task.state === "SUCCEEDED");
  expect((await goclaw("retry", id)).code).toBe(1);
});

test("why says what a task waits for, and resolve answers", async () => {
  rig.sink.hold();
  const id = await submit(daemon.client, "task asks tools=send_alert");
  await rig.sink.arrived("task-asks");
  const running = await goclaw("why", id);
  expect([running.code, running.stdout]).toEqual([0, expect.stringMatching(/running|send_alert/i)]);
  await daemon.kill();
  rig.sink.resume();
  daemon = await rig.start();
  await taskWhere(daemon.client, id, "asks", (task) => task.reason_code === "EFFECT_UNKNOWN");
  const why = await goclaw("why", id);
  expect(why.code).toBe(0);
  for (const piece of ["send_alert", "goclaw task resolve"]) expect(why.stdout).toContain(piece);
  expect((await goclaw("resolve", id)).code).toBe(2);
  expect((await goclaw("resolve", id, "--happened", "--did-not")).code).toBe(2);
  expect((await goclaw("resolve", id, "--happened")).code).toBe(0);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  expect(rig.sink.callsOf("task-asks")).toHaveLength(1);
});

test("an unknown task is exit 1 with its id, and no stack", async () => {
  for (const word of ["show", "events", "cancel", "retry", "why", "tail"]) {
    const { code, stdout, stderr } = await goclaw(word, "no-such-task");
    expect([word, code, stdout]).toEqual([word, 1, ""]);
    expect(stderr).toContain("no-such-task");
    expect(stderr).not.toMatch(/^\s+at /m);
  }
});
