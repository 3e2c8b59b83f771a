// A guard that asks too often is switched off: fifty ordinary jobs, of a user's words and the workspace's files, with
// every tool allowed, are asked about at most twice each.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import type { StubToolCall } from "../support/directive.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { hasBwrap } from "../support/sandbox.ts";
import { submit, taskWhere } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

const call = (name: string, args: Readonly<Record<string, unknown>>): StubToolCall => ({ name, args });
const exec = (...argv: string[]): StubToolCall => call("exec", { argv });

/** The calls of five kinds of work, turn by turn; `n` keeps the jobs apart. */
const JOBS: readonly ((n: number) => StubToolCall[][])[] = [
  (n) => [
    [call("list_directory", {}), call("search_files", { pattern: "teal" })],
    [call("read_file", { path: "src.txt" })],
    [
      call("write_file", { path: `out-${n}.txt`, content: "x" }),
      call("edit_file", { path: `out-${n}.txt`, old_text: "x", new_text: "y" }),
    ],
  ],
  (n) => [
    [exec("wc", "-l", "src.txt")],
    [call("shell", { command: `sort src.txt > sorted-${n}.txt` })],
    [exec("cat", `sorted-${n}.txt`)],
  ],
  (n) => [
    [call("now", {})],
    [call("read_file", { path: "src.txt" })],
    [call("send_alert", { severity: "info", title: `job ${n}`, body: "done" })],
  ],
  (n) => [
    [call("write_note", { name: `note-${n}`, text: "text" })],
    [call("search_files", { pattern: "line" })],
  ],
  (n) => [
    [exec("git", "init", "-q", `repo-${n}`)],
    [exec("git", "-C", `repo-${n}`, "status", "--short")],
    [call("now", {})],
  ],
];

describe.skipIf(!hasBwrap())("with bubblewrap", () => {
  test(
    row("P-08", "fifty clean jobs are asked about at most twice each, and most of them not at all"),
    async () => {
      rig = await createRig({ allow: ["acp.*", "admin.*", "tools.*"], config: { worker_count: 4 } });
      mkdirSync(join(rig.home, "workspace"), { recursive: true, mode: 0o700 });
      writeFileSync(join(rig.home, "workspace/src.txt"), "line two\nline one teal\n");
      rig.stub.use((_, { key, turn }) => {
        const n = Number(key.replace("task-", ""));
        const toolCalls = JOBS[n % JOBS.length]?.(n)[turn];
        return toolCalls === undefined ? { text: "done" } : { toolCalls };
      });
      const daemon = await rig.start();
      const ids: string[] = [];
      for (let n = 0; n < 50; n++) ids.push(await submit(daemon.client, `task ${n}`));
      for (const id of ids)
        await taskWhere(
          daemon.client,
          id,
          "is done or asks",
          ({ state, reason_code }) => state === "SUCCEEDED" || reason_code === "AWAITING_APPROVAL",
        );
      const prompts = ids.map((id) => rig.read((db) => db.approvals(id)).length);
      expect(Math.max(...prompts)).toBeLessThanOrEqual(2);
      expect(prompts.filter((count) => count > 0)).toEqual([]);
      const effects = rig.read((db) => db.effects());
      expect(effects.filter(({ status }) => status !== "DONE")).toEqual([]);
      expect(effects.length).toBeGreaterThan(100);
    },
  );
});
