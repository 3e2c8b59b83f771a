// Starting, and refusing to start: each refusal has its exit code, says what is wrong and where, and touches nothing.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { runDaemonToExit, startDaemon } from "../support/daemon.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { closeServer, listen } from "../support/stub-model.ts";
import { ended, submit } from "../support/tasks.ts";

let rig: Rig;
afterEach(() => rig.close());

const digest = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

/** A home that has run a task and was stopped cleanly. */
async function usedHome(): Promise<string> {
  rig = await createRig();
  const daemon = await rig.start();
  for (let index = 0; index < 30; index++) {
    await ended(daemon.client, await submit(daemon.client, `task u${index} tools=now`));
  }
  await daemon.stop();
  return rig.home;
}

test("[SCOPE-002] a second daemon on the home is refused, names the first, and leaves it alone", async () => {
  rig = await createRig();
  const first = await rig.start();
  const second = await runDaemonToExit({ home: rig.home, deadlineMs: 1_000 });
  expect(second.code).toBe(73);
  expect(second.stderr).toContain(String(first.run.pid));
  expect((await first.client.get("/readyz")).status).toBe(200);
  expect(JSON.parse(readFileSync(join(rig.home, "run/daemon.json"), "utf8"))).toEqual(first.run);
  await first.kill();
  expect((await rig.start()).run.pid).not.toBe(first.run.pid);
});

test("[SCOPE-002] of six daemons started at once on a new home exactly one lives", async () => {
  rig = await createRig();
  const attempts = Array.from({ length: 6 }, () =>
    rig.start().then(
      (daemon) => ({ daemon, code: undefined }),
      (error: { exit?: { code: number } }) => ({ daemon: undefined, code: error.exit?.code }),
    ),
  );
  const outcomes = await Promise.all(attempts);
  const living = outcomes.filter((outcome) => outcome.daemon !== undefined);
  expect(living).toHaveLength(1);
  expect(outcomes.map((outcome) => outcome.code).sort()).toEqual([73, 73, 73, 73, 73, undefined]);
  expect((await living[0]!.daemon!.client.get("/readyz")).status).toBe(200);
});

const BROKEN = [
  { name: "an unknown key", yaml: "log_level: info\nworker_cuont: 2\n", says: [":2", "worker_count"] },
  { name: "an unknown nested key", yaml: "retry:\n  bse_ms: 5\n", says: [":2", "base_ms"] },
  { name: "a wrong type", yaml: "\nworker_count: many\n", says: [":2", "worker_count"] },
  { name: "a value out of range", yaml: "max_attempts: 0\n", says: [":1", "max_attempts"] },
  { name: "a key given twice", yaml: "log_level: info\nlog_level: warn\n", says: [":2", "log_level"] },
  { name: "text that is not YAML", yaml: "log_level: info\nllm: [1, }\n", says: [":2"] },
] as const;

test.each(BROKEN)("a config.yaml with $name is refused with file and line", async ({ yaml, says }) => {
  rig = await createRig({ config: null });
  writeFileSync(join(rig.home, "config.yaml"), yaml);
  const { code, stderr } = await runDaemonToExit({ home: rig.home });
  expect(code).toBe(77);
  for (const words of ["config.yaml", ...says]) expect(stderr).toContain(words);
  expect(existsSync(join(rig.home, "goclaw.db")), "no database is made for a refused start").toBe(false);
});

test("a policy.yaml with an unknown capability or key is refused with file and line", async () => {
  rig = await createRig({ allow: null });
  for (const [yaml, says] of [
    ["allow_capabilities:\n  - acp.read\n  - tools.send_alrt\n", "tools.send_alert"],
    ["allow_capabilites: [acp.read]\n", "allow_capabilities"],
  ] as const) {
    writeFileSync(join(rig.home, "policy.yaml"), yaml);
    const { code, stderr } = await runDaemonToExit({ home: rig.home });
    expect(code).toBe(77);
    expect(stderr).toContain("policy.yaml");
    expect(stderr).toContain(says);
  }
});

test("an address that is not loopback is refused until the config allows it", async () => {
  rig = await createRig({ config: { bind_addr: "0.0.0.0:0" } });
  const { code, stderr } = await runDaemonToExit({ home: rig.home });
  expect(code).toBe(77);
  expect(stderr).toContain("gateway.allow_remote");
});

test("[PER-006] a damaged database is refused and left exactly as it is", async () => {
  const home = await usedHome();
  const file = join(home, "goclaw.db");
  const bytes = readFileSync(file);
  for (let page = 3; page * 4096 < bytes.length; page += 2) {
    for (let at = 0; at < 4096; at++) bytes[page * 4096 + at] = (at * 131 + page * 17) & 0xff;
  }
  writeFileSync(file, bytes);
  const before = digest(file);
  const { code, stderr } = await runDaemonToExit({ home });
  expect(code).toBe(74);
  expect(stderr).toContain("goclaw.db");
  expect(digest(file)).toBe(before);
});

test("[PER-006] a file that is no database is refused and left exactly as it is", async () => {
  rig = await createRig();
  const file = join(rig.home, "goclaw.db");
  writeFileSync(file, "these are somebody's notes, not a database. ".repeat(400));
  const before = digest(file);
  const { code, stderr } = await runDaemonToExit({ home: rig.home });
  expect(code).toBe(74);
  expect(stderr).toContain("goclaw.db");
  expect(digest(file)).toBe(before);
});

test("[DATA-002] a database of a newer goclaw is refused and left exactly as it is", async () => {
  const home = await usedHome();
  const file = join(home, "goclaw.db");
  const db = new Database(file);
  db.prepare(
    "INSERT INTO schema_migrations (version, name, sha256, applied_at) VALUES (9999, '9999_later.sql', 'x', 1)",
  ).run();
  db.pragma("wal_checkpoint(TRUNCATE)");
  db.close();
  const before = digest(file);
  const { code, stderr } = await runDaemonToExit({ home });
  expect(code).toBe(76);
  expect(stderr).toContain("9999");
  expect(digest(file)).toBe(before);
});

test("[DATA-001] a migration that was changed after it was applied is refused", async () => {
  const home = await usedHome();
  const db = new Database(join(home, "goclaw.db"));
  db.exec("UPDATE schema_migrations SET sha256 = 'tampered'");
  db.close();
  expect((await runDaemonToExit({ home })).code).toBe(74);
});

test("[RUN-005] a port in use is said plainly and leaves no run file", async () => {
  const other = createServer();
  await listen(other);
  const { port } = other.address() as AddressInfo;
  try {
    rig = await createRig({ config: { bind_addr: `127.0.0.1:${port}` } });
    const { code, stderr } = await runDaemonToExit({ home: rig.home });
    expect(code).toBe(1);
    expect(stderr).toContain(`127.0.0.1:${port}`);
    expect(existsSync(join(rig.home, "run/daemon.json"))).toBe(false);
  } finally {
    await closeServer(other);
  }
});

test("[CFG-004] the first start makes the home, with everything in it for the owner only", async () => {
  rig = await createRig();
  const home = join(rig.home, "new");
  const daemon = await startDaemon({ home, env: { GOCLAW_BIND_ADDR: "127.0.0.1:0" } });
  try {
    const mode = (name: string): string => (statSync(join(home, name)).mode & 0o777).toString(8);
    expect(mode(".")).toBe("700");
    for (const name of ["config.yaml", "policy.yaml", "auth.token", "goclaw.db", "run/daemon.json"]) {
      expect([name, mode(name)]).toEqual([name, "600"]);
    }
    expect(existsSync(join(home, "SOUL.md"))).toBe(true);
    expect((await daemon.client.get("/v1/models")).status).toBe(200);
  } finally {
    await daemon.kill();
  }
});
