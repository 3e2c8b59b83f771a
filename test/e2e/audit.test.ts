// The audit as an operator checks it: a chain that shows what was done to it, its mirror, and its signed heads.

import { appendFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import type { Daemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";

let rig: Rig;
let daemon: Daemon;
afterEach(() => rig.close());

const at = (...names: string[]): string => join(rig.home, ...names);

const verify = () => runCli(rig.home, ["audit", "verify", "--json"]);
interface Report {
  readonly ok: boolean;
  readonly records: number;
  readonly checkpoints: number;
  readonly mirrored: number;
  readonly first_bad: number | null;
  readonly why: string | null;
}

beforeEach(async () => {
  rig = await createRig({ allow: ["acp.read", "acp.mutate", "tools.now"] });
  daemon = await rig.start();
  for (let index = 0; index < 4; index++)
    await ended(daemon.client, await submit(daemon.client, `task a${index} tools=now,send_alert`));
  await daemon.stop();
});

const change = (sql: string): void => {
  const db = new Database(at("goclaw.db"));
  db.exec(sql);
  db.close();
};

test(
  verifies(["SEC-006", "OBS-003"], "a chain nobody touched verifies, is mirrored whole, and is signed"),
  async () => {
    const { code, json } = await verify();
    const report = json<Report>();
    expect([code, report]).toMatchObject([0, { ok: true, first_bad: null, why: null }]);
    expect(report.mirrored).toBe(report.records);
    expect(report.records).toBeGreaterThanOrEqual(12);
    expect(report.checkpoints).toBeGreaterThanOrEqual(1);
    const tail = await runCli(rig.home, ["audit", "tail", "--json", "--limit", "3"]);
    expect(tail.lines<{ seq: number }>().map(({ seq }) => seq)).toEqual(
      [-2, -1, 0].map((back) => report.records + back),
    );
  },
);

test.each([
  ["a changed record", "UPDATE audit SET rule = 'forged' WHERE seq = 5", 5],
  ["a removed record", "DELETE FROM audit WHERE seq = 4", 4],
  ["a chain cut off at its end", "DELETE FROM audit WHERE seq > 6", 7],
])("%s is named", async (_name, sql, seq) => {
  change(sql);
  const { code, json } = await verify();
  expect([code, json<Report>().first_bad]).toEqual([1, seq]);
});

test("a chain that was rewritten whole does not reach the signed head", async () => {
  change("DELETE FROM audit");
  rmSync(at("logs", "audit.jsonl"));
  daemon = await rig.start();
  await ended(daemon.client, await submit(daemon.client, "task anew tools=now"));
  await daemon.stop();
  const { code, json } = await verify();
  expect([code, json<Report>().why]).toEqual([1, expect.stringMatching(/cut off|rewritten/)]);
});

test("a changed line of audit.jsonl is named, and a torn last one is mended by the next start", async () => {
  const file = at("logs", "audit.jsonl");
  const lines = readFileSync(file, "utf8").split("\n");
  appendFileSync(file, '{"seq": 99, "at"');
  daemon = await rig.start();
  await daemon.stop();
  expect((await verify()).code).toBe(0);
  writeFileSync(
    file,
    lines.map((line, index) => (index === 2 ? line.replace(/"hash":"../, '"hash":"00') : line)).join("\n"),
  );
  const { code, json } = await verify();
  expect([code, json<Report>().first_bad]).toEqual([1, 3]);
});
