// A conversation is named like a task: by its id or an unambiguous start of it, in every command that takes one.

import { afterAll, beforeAll, expect, test } from "vitest";
import { type CliResult, runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readTask, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;
let taskId: string;
let sessionId: string;

beforeAll(async () => {
  rig = await createRig();
  daemon = await rig.start();
  taskId = await submit(daemon.client, "task said");
  await ended(daemon.client, taskId);
  sessionId = (await readTask(daemon.client, taskId)).session_id;
});
afterAll(() => rig.close());

const goclaw = (...args: string[]): Promise<CliResult> => runCli(rig.home, args);

test("show and task list take a start of a session's id, and run goes on with it", async () => {
  const start = sessionId.slice(0, 20);
  const shown = await goclaw("session", "show", start);
  expect(shown.stdout).toContain(`session ${sessionId}`);
  expect((await goclaw("task", "list", "--session", start)).stdout).toContain(taskId);
  expect((await goclaw("run", "task more", "--session", start)).code).toBe(0);
  expect((await goclaw("session", "show", sessionId)).stdout).toContain("done more");
});

test("audit tail takes a start of a task's id", async () => {
  const of = async (id: string): Promise<{ task_id: string }[]> =>
    (await goclaw("audit", "tail", "--json", "--task", id)).lines<{ task_id: string }>();
  const noted = await submit(daemon.client, "task noted tools=now");
  await ended(daemon.client, noted);
  const whole = await of(noted);
  expect(whole.map((record) => record.task_id)).toEqual([noted]);
  expect(await of(noted.slice(0, 20))).toEqual(whole);
  expect(await of("%")).toEqual([]);
});

test.each([
  ["session", "show", "nope"],
  ["session", "compact", "nope"],
  ["run", "task x", "--session", "nope"],
  ["task", "list", "--session", "nope"],
  ["session", "show", "ffff"],
])("a session that is not there: goclaw %s %s %s", async (...args) => {
  const { code, stderr } = await goclaw(...args.filter((word) => word !== undefined));
  const word = args.find((one) => one === "nope" || one === "ffff");
  expect([code, stderr]).toEqual([
    1,
    `goclaw: there is no session "${word}"; goclaw session list shows them (SESSION_NOT_FOUND)\n`,
  ]);
});
