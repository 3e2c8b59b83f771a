// `goclaw run` and `goclaw demo`: the first thing a newcomer types, with a daemon and without, with a key and without.

import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { runInTerminal } from "../support/terminal.ts";

let rig: Rig;
afterEach(() => rig.close());

interface RunLine {
  readonly type?: string;
  readonly state_to?: string | null;
  readonly task?: { readonly state: string; readonly result?: { readonly text: string } | null };
}

test("run prints the answer and only the answer, through the daemon that is there", async () => {
  rig = await createRig();
  const daemon = await rig.start();
  const { code, stdout } = await runCli(rig.home, ["run", "task r words=30"]);
  expect(code).toBe(0);
  expect(stdout.trim()).toMatch(/^w0 w1 .* done r$/);
  expect(rig.stub.count("task-r")).toBe(1);
  expect((await daemon.client.get("/readyz")).status).toBe(200);
});

test("run without a daemon runs one for the call, and leaves none behind", async () => {
  rig = await createRig();
  const { code, stdout } = await runCli(rig.home, ["run", "task alone tools=now"]);
  expect([code, stdout.trim()]).toEqual([0, "done alone"]);
  expect(existsSync(join(rig.home, "run/daemon.json"))).toBe(false);
  expect(rig.read((db) => db.tasks()[0]?.state)).toBe("SUCCEEDED");
});

test("run --json prints the events as JSON lines and the result last, nothing else", async () => {
  rig = await createRig();
  await rig.start();
  const result = await runCli(rig.home, ["run", "task j tools=now", "--json"]);
  expect(result.code).toBe(0);
  const lines = result.lines<RunLine>();
  expect(lines.map((line) => line.type)).toEqual(expect.arrayContaining(["task.enqueued", "tool.end"]));
  expect(lines.at(-1)?.task).toMatchObject({ state: "SUCCEEDED", result: { text: "done j" } });
});

test("run exits 1 when the task does not succeed, and says why on stderr", async () => {
  rig = await createRig();
  await rig.start();
  const { code, stdout, stderr } = await runCli(rig.home, ["run", "task bad fault=400"]);
  expect([code, stdout.trim()]).toEqual([1, ""]);
  expect(stderr).toContain("PROVIDER_BAD_REQUEST");
});

test("run --detach prints the task id at once; --idempotency-key names one task", async () => {
  rig = await createRig();
  await rig.start();
  const detach = ["run", "task d gate=later", "--detach", "--idempotency-key", "k1"];
  const first = await runCli(rig.home, detach);
  const second = await runCli(rig.home, detach);
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(second.stdout).toBe(first.stdout);
  const ids = rig.read((db) => db.tasks().map((task) => task.id));
  expect(ids).toHaveLength(1);
  expect(first.stdout).toContain(ids[0]);
});

test("run --timeout gives up waiting with exit 1, and the task goes on", async () => {
  rig = await createRig();
  await rig.start();
  const { code, stderr } = await runCli(rig.home, ["run", "task t gate=slow", "--timeout", "0.5"]);
  expect(code).toBe(1);
  const id = rig.read((db) => db.tasks()[0]!.id);
  expect(stderr).toContain(id);
  expect(rig.read((db) => db.task(id)?.state)).toBe("RUNNING");
});

test("run names an unknown agent, and an empty prompt", async () => {
  rig = await createRig();
  await rig.start();
  const unknown = await runCli(rig.home, ["run", "hello", "--agent", "nobody"]);
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("nobody");
  const empty = await runCli(rig.home, ["run", ""]);
  expect([1, 2]).toContain(empty.code);
  expect((await runCli(rig.home, ["run"])).code).toBe(2);
});

test("run without any key says which keys it looked for and offers the demo", async () => {
  rig = await createRig({ config: null, allow: null });
  const { code, stdout, stderr } = await runCli(rig.home, ["run", "hello"]);
  expect([code, stdout]).toEqual([1, ""]);
  for (const words of ["OPENAI_API_KEY", "OPENROUTER_API_KEY", "goclaw demo"])
    expect(stderr).toContain(words);
});

test("run --session goes on with a conversation", async () => {
  rig = await createRig();
  await rig.start();
  const session = "0190b6e0-0000-7000-8000-000000000001";
  expect((await runCli(rig.home, ["run", "task one", "--session", session])).code).toBe(0);
  expect((await runCli(rig.home, ["run", "task two", "--session", session])).code).toBe(0);
  const body = rig.stub.calls.find((call) => call.key === "task-two")!.body;
  const said = body.messages.map((message) => `${message.role}: ${message.content}`);
  expect(said.slice(-3)).toEqual(["user: task one", "assistant: done one", "user: task two"]);
});

test("demo shows the whole pipeline with no key, no network and an empty PATH", async () => {
  rig = await createRig({ config: null, allow: null });
  const { code, stdout, stderr } = await runCli(rig.home, ["demo"], { env: { PATH: "" } });
  expect([code, stderr.includes("Error")], stdout + stderr).toEqual([0, false]);
  for (const words of ["QUEUED", "RUNNING", "SUCCEEDED"]) expect(stdout.toUpperCase()).toContain(words);
  for (const words of [
    "read_file: refused",
    "PATH_PROTECTED",
    "asks you about tools.send_alert",
    "APPROVAL_DENIED",
  ])
    expect(stdout).toContain(words);
  expect(stdout).toMatch(/no model (is|was) (being )?called/i);
  expect(rig.stub.calls).toEqual([]);
});

test("demo works on a home whose config is broken or busy, and changes nothing in it", async () => {
  rig = await createRig({ config: null, allow: null });
  const config = join(rig.home, "config.yaml");
  writeFileSync(config, "worker_count: [\n");
  const { code, stdout } = await runCli(rig.home, ["demo"]);
  expect(code, stdout).toBe(0);
  expect(existsSync(join(rig.home, "goclaw.db"))).toBe(false);
});

test("a terminal is told what a silent task waits for", async () => {
  rig = await createRig();
  await rig.start();
  const { code, text } = await runInTerminal(rig.home, ["run", "task slow delay=5400"]);
  expect(code).toBe(0);
  expect(text).toContain("still waits for the model's answer, 5 s");
});
