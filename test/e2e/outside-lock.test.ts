// Somebody else locks goclaw.db, as a careless script or another program's backup would: longer than busy_timeout, with
// work under way. Nothing is half-written, nothing is lost, and the daemon says what is wrong and goes on by itself.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, test } from "vitest";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, readEvents, submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
let outside: Database.Database | undefined;
afterEach(async () => {
  outside?.close();
  outside = undefined;
  await rig.close();
});

test(
  verifies("PER-002", "a lock held for longer than busy_timeout is said, refuses work, and costs nothing"),
  async () => {
    // A lease that is shorter than the lock lasts.
    rig = await createRig({ config: { lease_seconds: 2 } });
    const daemon = await rig.start();
    const held = await submit(daemon.client, "task held tools=send_alert gate=h@1");
    await rig.stub.reached("h");
    outside = new Database(join(rig.home, "goclaw.db"));
    outside.exec("BEGIN IMMEDIATE");
    const body = { agent: "default", prompt: "task refused" };
    const refused = await daemon.client.post("/api/v1/tasks", body, { "idempotency-key": "once" });
    expect([refused.status, refused.json<{ error: object }>().error]).toEqual([
      503,
      expect.objectContaining({
        code: "IO_ERROR",
        message: expect.stringMatching(/another program.*locked/),
      }),
    ]);
    const ready = await daemon.client.get("/readyz");
    expect([ready.status, ready.text]).toEqual([503, expect.stringContaining("IO_ERROR")]);
    // Reading goes on.
    expect((await daemon.client.get(`/api/v1/tasks/${held}`)).status).toBe(200);
    rig.stub.open("h");
    outside.exec("ROLLBACK");
    await until(
      "the daemon to be ready again",
      async () => (await daemon.client.get("/readyz")).status === 200,
    );
    expect(await ended(daemon.client, held)).toMatchObject({ state: "SUCCEEDED", attempt: 1 });
    expect((await readEvents(daemon.client, held)).map(({ reason_code }) => reason_code)).not.toContain(
      "LEASE_EXPIRED",
    );
    expect(rig.sink.callsOf("task-held")).toHaveLength(1);
    const again = await submit(daemon.client, "task refused", {}, "once");
    await ended(daemon.client, again);
    const left = rig.read((db) => ({ tasks: db.tasks().map(({ id }) => id), damage: db.damage() }));
    expect(left).toEqual({ tasks: [held, again], damage: [] });
    const log = readFileSync(join(rig.home, "logs/system.jsonl"), "utf8");
    expect(log).toMatch(
      /storage fault IO_ERROR: another program keeps the database locked[\s\S]*storage works again/,
    );
    await daemon.stop();
  },
);

test(verifies("PER-002", "a lock that is over in time delays work and refuses none"), async () => {
  rig = await createRig();
  const daemon = await rig.start();
  outside = new Database(join(rig.home, "goclaw.db"));
  outside.exec("BEGIN IMMEDIATE");
  const reply = daemon.client.post("/api/v1/tasks", { agent: "default", prompt: "task delayed" });
  // The daemon has the request: another one, sent after it, is answered.
  await daemon.client.get("/livez");
  outside.exec("ROLLBACK");
  const accepted = await reply;
  expect(accepted.status).toBe(202);
  const { task_id } = accepted.json<{ task_id: string }>();
  expect((await ended(daemon.client, task_id)).state).toBe("SUCCEEDED");
});
