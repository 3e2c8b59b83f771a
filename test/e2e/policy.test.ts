// The gate in front of the tools: default deny, the model is told, and every decision is in the audit table before the
// act that it allows.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Daemon } from "../support/daemon.ts";
import type { Reply } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

/** What the model was told about the tool calls of the turn before. */
function toldAt(key: string, turn: number): string[] {
  const call = rig.stub.calls.find((each) => each.key === key && each.turn === turn);
  return (call?.body.messages ?? [])
    .filter((message) => message.role === "tool")
    .map((message) => String(message.content));
}

async function runTask(prompt: string): Promise<string> {
  daemon = await rig.start();
  const id = await submit(daemon.client, prompt);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  return id;
}

test("a tool that no rule allows is refused: the model is told, the audit says deny, nothing is done", async () => {
  rig = await createRig({ allow: ["acp.read", "acp.mutate", "tools.now"] });
  const id = await runTask("task p tools=send_alert,now");
  const [alert, now] = toldAt("task-p", 1);
  expect(alert).toContain("CAP_DENIED");
  expect(alert).toContain("tools.send_alert");
  expect(now).toMatch(/\d{4}-\d\d-\d\dT/);
  expect(rig.sink.calls).toEqual([]);
  const audit = rig.read((db) => db.audit(id).map((row) => [row.capability, row.decision]));
  expect(audit).toContainEqual(["tools.send_alert", "deny"]);
  expect(audit).toContainEqual(["tools.now", "allow"]);
  const refused = rig.read((db) => db.events(id).filter((event) => event.type === "tool.refused"));
  expect(refused).toHaveLength(1);
});

test("an empty policy allows nothing, not even a submission", async () => {
  rig = await createRig({ allow: [] });
  daemon = await rig.start();
  const reply = await daemon.client.post("/api/v1/tasks", { agent: "default", prompt: "task e" });
  expect(reply.status).toBe(403);
});

test("every alert has an earlier allow, and the audit rows form a chain of hashes", async () => {
  rig = await createRig();
  const id = await runTask("task a tools=send_alert,write_note;send_alert");
  const rows = rig.read((db) => db.audit(id));
  const allows = rows.filter((row) => row.capability === "tools.send_alert" && row.decision === "allow");
  expect(allows).toHaveLength(2);
  for (const [index, call] of rig.sink.calls.entries())
    expect(allows[index]!.at).toBeLessThanOrEqual(call.at);
  expect(allows.every((row) => row.rule)).toBe(true);
  const hashes = rig.read((db) => db.audit().map((row) => row.hash));
  expect(new Set(hashes).size).toBe(hashes.length);
});

test("[BRN-003] wrong arguments and unknown tools are results the model sees, and nothing is done", async () => {
  rig = await createRig();
  const calls = [
    { name: "send_alert", args: { severity: "loud", title: "t", body: "b" } },
    { name: "send_alert", args: '{"severity": "info"' },
    { name: "write_note", args: { name: "x", text: "y", extra: 1 } },
    { name: "launch_rocket", args: {} },
  ];
  rig.stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls: calls } : { text: "understood" }));
  await runTask("task wrong");
  const told = toldAt("task-wrong", 1);
  expect(told.slice(0, 3).every((text) => text.includes("TOOL_ARGUMENTS"))).toBe(true);
  expect(told[0]).toContain("severity");
  expect(told[3]).toContain("TOOL_UNKNOWN");
  expect(rig.sink.calls).toEqual([]);
});

test("a note cannot leave the workspace, whatever its name", async () => {
  rig = await createRig();
  const names = ["../escape", "../../escape", "/tmp/goclaw-escape", "a/../../b", "..", "", "x\u0000y"];
  const toolCalls = names.map((name) => ({ name: "write_note", args: { name, text: "out" } }));
  rig.stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls } : { text: "tried" }));
  await runTask("task notes");
  expect(existsSync("/tmp/goclaw-escape")).toBe(false);
  expect(existsSync("/tmp/goclaw-escape.md")).toBe(false);
  const outside = readdirSync(rig.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.startsWith(join(rig.home, "workspace")))
    .filter((entry) => /escape|^b\.md$/.test(entry.name));
  expect(outside).toEqual([]);
});

test("write_note writes the note that the model asked for", async () => {
  rig = await createRig();
  await runTask("task n tools=write_note");
  expect(readFileSync(join(rig.home, "workspace/notes/task-n.md"), "utf8")).toContain("noted task-n");
});

test("a webhook that refuses is a failed tool, not a failed task", async () => {
  rig = await createRig({ sink: { status: 500 } });
  await runTask("task w tools=send_alert");
  expect(rig.sink.callsOf("task-w")).toHaveLength(1);
  expect(toldAt("task-w", 1)[0]).toMatch(/TOOL_FAILED|500/);
});
