// Tampering with the audit, column by column and file by file, while nobody looks: `audit verify` names the first record
// that is not as it was written, whatever was put in its place, and never breaks over it.

import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
let saved: ReadonlyMap<string, Buffer>;
const FILES = ["goclaw.db", "logs/audit.jsonl", "logs/audit.checkpoints"];
const at = (name: string): string => join(rig.home, name);

beforeAll(async () => {
  rig = await createRig({ allow: ["acp.read", "acp.mutate", "tools.now"] });
  const daemon = await rig.start();
  for (let index = 0; index < 4; index++)
    await ended(daemon.client, await submit(daemon.client, `task a${index} tools=now,send_alert`));
  await daemon.stop();
  saved = new Map(FILES.map((name) => [name, readFileSync(at(name))]));
  expect(await verify()).toMatchObject({ code: 0, ok: true });
});
afterEach(() => {
  for (const [name, bytes] of saved) writeFileSync(at(name), bytes);
});
afterAll(() => rig.close());

async function verify(): Promise<{ code: number | null; ok: boolean; first_bad: number | null }> {
  const { code, json } = await runCli(rig.home, ["audit", "verify", "--json"]);
  return { code, ...json<{ ok: boolean; first_bad: number | null }>() };
}

function change(sql: string): void {
  const db = new Database(at("goclaw.db"));
  db.exec(sql);
  db.close();
}

const COLUMNS = [
  ...["seq = 500", "at = at + 1", "at = -1", "trace_id = 'x'", "task_id = NULL", "agent_id = 'x'"],
  ...["principal = 'x'", "capability = 'x'", "resource = 'x'", "decision = 'deny'", "rule = 'x'"],
  ...["policy_version = 'x'", "code = 'x'", "code = ''", "request = '{}'", "hash = 'x'"],
];

test.each(COLUMNS)(row("N-07", "record 5 with %s is named"), async (assignment) => {
  change(`UPDATE audit SET ${assignment} WHERE seq = 5`);
  expect(await verify()).toMatchObject({ code: 1, first_bad: 5 });
});

test.each([-1, 0])(row("N-07", "a record forged under the number %i is named"), async (seq) => {
  change(`INSERT INTO audit (seq, at, trace_id, principal, capability, decision, rule, policy_version, hash)
    VALUES (${seq}, -1, 't', 'token', 'tools.exec', 'allow', 'r', 'v', 'h')`);
  expect(await verify()).toMatchObject({ code: 1, first_bad: seq });
});

test.each(["null", "42", '"text"', "[]", "{}", ""])(
  row("N-07", "a line of audit.jsonl that is %j is named"),
  async (line) => {
    const lines = readFileSync(at("logs/audit.jsonl"), "utf8").split("\n");
    writeFileSync(at("logs/audit.jsonl"), lines.with(2, line).join("\n"));
    expect(await verify()).toMatchObject({ code: 1, first_bad: 3 });
  },
);

test.each(["null", "42", "[]", "{}", '{"seq":12,"signature":5}', "garbage"])(
  row("N-07", "a checkpoint that is %s is no checkpoint"),
  async (line) => {
    writeFileSync(at("logs/audit.checkpoints"), `${line}\n`);
    expect(await verify()).toMatchObject({ code: 1, ok: false });
  },
);

test(row("N-07", "a chain cut off together with its checkpoints is found"), async () => {
  change("DELETE FROM audit WHERE seq > 6");
  const lines = readFileSync(at("logs/audit.jsonl"), "utf8").split("\n");
  writeFileSync(at("logs/audit.jsonl"), `${lines.slice(0, 6).join("\n")}\n`);
  rmSync(at("logs/audit.checkpoints"));
  expect(await verify()).toMatchObject({ code: 1, ok: false });
});

test(row("N-07", "a database that is gone from beside its audit is found"), async () => {
  rmSync(at("goclaw.db"));
  expect(await verify()).toMatchObject({ code: 1, ok: false, first_bad: 1 });
});

test.each([
  ["garbage", "garbage"],
  ["nothing", ""],
  ["half of itself", null],
])(
  row("N-07", "of a database that holds %s it is said that it is damaged, and not that goclaw is"),
  async (_, text) => {
    const whole = saved.get("goclaw.db")!;
    writeFileSync(at("goclaw.db"), text ?? whole.subarray(0, whole.length / 2));
    for (const words of [["verify"], ["tail"]]) {
      const { code, stderr } = await runCli(rig.home, ["audit", ...words]);
      expect([code, stderr]).toEqual([74, expect.stringMatching(/goclaw\.db.*\(DB_DAMAGED\)\n$/s)]);
      expect(stderr).not.toMatch(/defect/);
    }
  },
);
