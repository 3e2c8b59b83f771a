// The first task in a fresh home, under the policy that the home was made with: work in the workspace needs no question,
// a command does, and the way out is closed.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { StubToolCall } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { taskWhere } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

const call = (name: string, args: object): StubToolCall => ({ name, args: { ...args } });

async function begin(toolCalls: readonly StubToolCall[]): Promise<void> {
  rig = await createRig({ allow: null });
  rig.stub.use((_, place) => (place.turn === 0 ? { toolCalls } : { text: "all done" }));
}

const told = (): string[] =>
  (rig.stub.calls.findLast(({ turn }) => turn === 1)?.body.messages ?? [])
    .filter(({ role }) => role === "tool")
    .map(({ content }) => String(content));

test("the starters read, write, search and remember in the workspace without a question", async () => {
  await begin([
    call("write_file", { path: "plan.md", content: "first step\n" }),
    call("edit_file", { path: "plan.md", old_text: "first", new_text: "second" }),
    call("read_file", { path: "plan.md" }),
    call("search_files", { pattern: "step$" }),
    call("list_directory", {}),
    call("memory_write", { path: "user.md", content: "Likes short answers." }),
    call("memory_search", { query: "SHORT" }),
    call("memory_read", { path: "user.md" }),
    call("read_file", { path: "../config.yaml" }),
    call("write_file", { path: "/tmp/goclaw-first-run", content: "x" }),
  ]);
  const run = await runCli(rig.home, ["run", "begin", "--agent", "coder"]);
  expect([run.code, run.stdout, run.stderr]).toEqual([0, "all done\n", ""]);
  expect(readFileSync(join(rig.home, "workspace/plan.md"), "utf8")).toBe("second step\n");
  expect(told().slice(2, 4)).toEqual([
    "second step\n",
    "plan.md:1: second step\n[1 matching line in 1 file]",
  ]);
  expect(told()[6]).toContain("memory/user.md:1: Likes short answers.");
  expect(told()[7]).toBe("Likes short answers.\n");
  expect(told()[8]).toMatch(/^PATH_PROTECTED: /);
  expect(told()[9]).toMatch(/^PATH_OUTSIDE: .*allow_paths/);
  expect(existsSync("/tmp/goclaw-first-run")).toBe(false);
  expect(rig.read((db) => db.approvals())).toEqual([]);
});

test("every tool is offered, and a command is asked for; denied, the model is told and goes on", async () => {
  await begin([call("exec", { argv: ["touch", "made"] })]);
  const daemon = await rig.start();
  const run = await runCli(rig.home, ["run", "make it"]);
  expect([run.code, run.stdout]).toEqual([1, ""]);
  expect(run.stderr).toContain("agent default wants to use tools.exec (it runs a program)");
  const offered = rig.stub.calls[0]?.body.tools?.map((tool) => tool.function.name) ?? [];
  for (const name of [
    "exec",
    "shell",
    "read_url",
    "http_request",
    "spawn_task",
    "memory_write",
    "web_search",
  ])
    expect(offered).toContain(name);
  const id = /goclaw approvals approve (\S+)/.exec(run.stderr)?.[1] ?? "";
  expect((await runCli(rig.home, ["approvals", "deny", id, "--note", "not today"])).code).toBe(0);
  const [task] = rig.read((db) => db.tasks());
  await taskWhere(daemon.client, task!.id, "succeeded", ({ state }) => state === "SUCCEEDED");
  expect(told()[0]).toMatch(/^APPROVAL_DENIED: .*not today/);
  expect(existsSync(join(rig.home, "workspace/made"))).toBe(false);
});

test("a task that waits for an answer keeps it when its own daemon ends, and goes on when one runs again", async () => {
  await begin([call("ask_user", { question: "Which colour?" })]);
  const run = await runCli(rig.home, ["run", "ask me"]);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain("agent default asks you something");
  const id = /goclaw approvals answer (\S+)/.exec(run.stderr)?.[1] ?? "";
  const answer = await runCli(rig.home, ["approvals", "answer", id, "blue"]);
  expect([answer.code, answer.stderr]).toEqual([0, expect.stringContaining("goclaw daemon start")]);
  const daemon = await rig.start();
  const [task] = rig.read((db) => db.tasks());
  await taskWhere(daemon.client, task!.id, "succeeded", ({ state }) => state === "SUCCEEDED");
  expect(told()).toEqual(["blue"]);
});
