// The file tools in the real daemon, asked for by a scripted model: they work inside the workspace, and a path out of it
// is refused in words, however it is written, with nothing read or changed outside.

import {
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { Daemon } from "../support/daemon.ts";
import type { Reply, StubToolCall } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";
import { CANARY } from "../support/workspace.ts";

let rig: Rig;
let daemon: Daemon;
let outside = "";
beforeEach(async () => {
  rig = await createRig();
  outside = mkdtempSync(join(tmpdir(), "goclaw-outside-"));
  writeFileSync(join(outside, "secret.txt"), CANARY);
});
afterEach(async () => {
  await rig.close();
  rmSync(outside, { recursive: true, force: true });
});

const inWorkspace = (path: string): string => join(rig.home, "workspace", path);
const read = (path: string): string => readFileSync(inWorkspace(path), "utf8");

/** What the model was told about the tool calls of the turn before. */
function toldAt(key: string, turn: number): string[] {
  const call = rig.stub.calls.find((each) => each.key === key && each.turn === turn);
  return (call?.body.messages ?? [])
    .filter((message) => message.role === "tool")
    .map((message) => String(message.content));
}

/** What the audit says of a capability, in order: one record a call. */
/** The codes of what was denied. */
function refusals(capability: string): (string | null)[] {
  const rows = rig.read((db) => db.audit()).filter((row) => row.capability === capability);
  return rows.filter(({ decision }) => decision === "deny").map(({ code }) => code);
}

function decisions(capability: string): string[] {
  const rows = rig.read((db) => db.audit().filter((each) => each.capability === capability));
  return rows.map(({ decision, rule }) => `${decision} by ${rule}`);
}

async function runTask(prompt: string): Promise<string> {
  daemon = await rig.start();
  const id = await submit(daemon.client, prompt);
  expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
  return id;
}

/** Has the model make these calls in one turn, and returns what it was told about each. */
async function ask(toolCalls: readonly StubToolCall[]): Promise<string[]> {
  rig.stub.use((_, place): Reply => (place.turn === 0 ? { toolCalls } : { text: "tried" }));
  await runTask("task x");
  return toldAt("task-x", 1);
}

test("a task writes, reads, lists, searches, edits and patches in its workspace", async () => {
  await runTask(
    "task f tools=write_file;read_file,list_directory,search_files;edit_file,apply_patch;read_file",
  );
  expect(read("task-f.txt")).toBe("edited by task-f\npatched by task-f\n");
  expect(read("task-f.md")).toBe("patched\n");
  const told = toldAt("task-f", 4);
  expect(told).toEqual([
    "wrote task-f.txt (29 bytes)",
    "first line\nwritten by task-f\n",
    "the workspace: 1 entry\ntask-f.txt  29 bytes",
    "task-f.txt:2: written by task-f\n[1 matching line in 1 file]",
    "edited task-f.txt (line 1)",
    "applied the patch:\nupdated task-f.txt\nadded task-f.md",
    "edited by task-f\npatched by task-f\n",
  ]);
});

test(
  row(["G-01", "G-09", "D-08"], "a path out of the workspace is refused, and the model is told why"),
  async () => {
    const cases: [string, string][] = [
      ["../../etc/passwd", "PATH_OUTSIDE"],
      ["/etc/passwd", "PATH_OUTSIDE"],
      ["~/x", "PATH_OUTSIDE"],
      ["a/../../x", "PATH_OUTSIDE"],
      ["file:///etc/passwd", "PATH_OUTSIDE"],
      ["C:\\x", "PATH_OUTSIDE"],
      ["a\0b", "PATH_OUTSIDE"],
      ["x".repeat(5_000), "PATH_OUTSIDE"],
      ["/proc/self/root/etc/passwd", "PATH_OUTSIDE"],
      [join(outside, "secret.txt"), "PATH_OUTSIDE"],
      ["../auth.token", "PATH_PROTECTED"],
      [join(rig.home, "config.yaml"), "PATH_PROTECTED"],
      [join(rig.home, "goclaw.db"), "PATH_PROTECTED"],
      [join(rig.home, "policy.yaml"), "PATH_PROTECTED"],
    ];
    const policy = readFileSync(join(rig.home, "policy.yaml"), "utf8");
    const told = await ask(
      cases.flatMap(([path]) => [
        { name: "read_file", args: { path } },
        { name: "write_file", args: { path, content: "owned" } },
      ]),
    );
    for (const [index, [path, code]] of cases.entries()) {
      expect(told[2 * index], path).toMatch(new RegExp(`^${code}: .+`));
      expect(told[2 * index + 1], path).toMatch(new RegExp(`^${code}: .+`));
    }
    expect(refusals("tools.write_file")).toEqual(cases.map(([, code]) => code));
    expect(readFileSync(join(rig.home, "policy.yaml"), "utf8")).toBe(policy);
    expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe(CANARY);
  },
);

test(row(["G-03", "G-04"], "links and second names lead nowhere, for every file tool"), async () => {
  mkdirSync(inWorkspace(""), { recursive: true });
  symlinkSync(outside, inWorkspace("out"));
  symlinkSync(join(outside, "secret.txt"), inWorkspace("link.txt"));
  linkSync(join(outside, "secret.txt"), inWorkspace("twin.txt"));
  const calls = (path: string): StubToolCall[] => [
    { name: "read_file", args: { path } },
    { name: "write_file", args: { path, content: "owned" } },
    { name: "edit_file", args: { path, old_text: "canary", new_text: "owned" } },
    { name: "search_files", args: { path, pattern: "can" } },
    { name: "apply_patch", args: { patch: `*** Begin Patch\n*** Delete File: ${path}\n*** End Patch` } },
  ];
  const told = await ask([
    ...calls("out/secret.txt"),
    ...calls("link.txt"),
    { name: "list_directory", args: { path: "out" } },
    ...calls("twin.txt"),
    { name: "search_files", args: { pattern: "canary" } },
  ]);
  for (const text of told.slice(0, 11)) expect(text).toMatch(/^PATH_SYMLINK: .*tools follow none/);
  for (const text of told.slice(11, 16)) expect(text).toMatch(/^PATH_HARDLINK: /);
  expect(told[16]).toMatch(/^\[nothing found in 0 files; 3 links or closed files were passed over\]$/);
  expect(decisions("tools.edit_file")).toEqual([
    "deny by path guard: PATH_SYMLINK",
    "deny by path guard: PATH_SYMLINK",
    "deny by path guard: PATH_HARDLINK",
  ]);
  expect(JSON.stringify(rig.stub.calls.map(({ body }) => body))).not.toContain(CANARY);
  expect(readdirSync(outside)).toEqual(["secret.txt"]);
  expect(readFileSync(join(outside, "secret.txt"), "utf8")).toBe(CANARY);
});

test(row("G-13", "control files are not written, ordinary ones beside them are"), async () => {
  const paths = [
    ".git/hooks/pre-commit",
    ".mcp.json",
    ".vscode/tasks.json",
    "AGENTS.md",
    "skills/SKILL.md",
    ".bashrc",
  ];
  const told = await ask(
    [...paths, "src/git/hooks.md"].map((path) => ({ name: "write_file", args: { path, content: "x" } })),
  );
  for (const text of told.slice(0, -1)) expect(text).toMatch(/^PATH_PROTECTED: .*ask the user/);
  expect(told.at(-1)).toBe("wrote src/git/hooks.md (1 byte)");
  expect(readdirSync(inWorkspace(""))).toEqual([".goclaw", "src"]);
});

test(
  verifies("QUE-006", "an edit is applied once, though the daemon is killed as soon as it is seen"),
  async () => {
    mkdirSync(inWorkspace(""), { recursive: true });
    writeFileSync(inWorkspace("list.txt"), "list:\n");
    const args = { path: "list.txt", old_text: "list:\n", new_text: "list:\n- item\n" };
    rig.stub.use(
      (_, place): Reply =>
        place.turn === 0 ? { toolCalls: [{ name: "edit_file", args }] } : { text: "done" },
    );
    daemon = await rig.start();
    const id = await submit(daemon.client, "task once");
    await until("the edit", () => read("list.txt") !== "list:\n");
    await daemon.kill();
    daemon = await rig.start();
    expect((await ended(daemon.client, id)).state).toBe("SUCCEEDED");
    expect(read("list.txt")).toBe("list:\n- item\n");
    expect(toldAt("task-once", 1)[0]).toMatch(/^edited list\.txt/);
  },
);
