// What the three health routes say while a daemon starts, runs, stops and cannot write.

import { afterEach, expect, test } from "vitest";
import { createHealth, type HealthPorts } from "../../src/health.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { submit } from "../support/tasks.ts";
import { verifies } from "../support/verifies.ts";
import { until } from "../support/wait.ts";

let rig: Rig;
afterEach(() => rig.close());

test(verifies("OBS-005", "running: alive, ready, and every component with its state"), async () => {
  rig = await createRig();
  const { client } = await rig.start();
  expect((await client.get("/livez", { auth: false })).status).toBe(200);
  expect((await client.get("/readyz")).json()).toMatchObject({ ready: true });
  expect((await client.get("/healthz")).json()).toMatchObject({
    queue: { queued: 0, running: 0, retry_wait: 0, dead_letter: 0 },
    lanes: { busy: 0 },
    database: { ok: true },
    audit: { mirrored: true },
    sandbox: { mode: expect.any(String), ok: expect.any(Boolean) },
    provider: { configured: true },
    approvals: { waiting: 0 },
  });
});

test(verifies("OBS-005", "starting: not ready until its recovery is done, with the reason"), () => {
  const ports = { config: { llm: {}, providers: [] }, stage: () => "starting", store: { fault: () => null } };
  expect(createHealth(ports as unknown as HealthPorts).notReady()).toMatchObject({ code: "STARTING" });
});

test(verifies("OBS-005", "stopping: alive and not ready, with the reason, while a task ends"), async () => {
  rig = await createRig();
  const daemon = await rig.start();
  await submit(daemon.client, "task slow gate=end");
  await rig.stub.reached("end");
  const stopped = daemon.stop();
  const reply = await until("/readyz to say so", async () => {
    const look = await daemon.client.get("/readyz");
    return look.status === 200 ? undefined : look;
  });
  expect([reply.status, reply.json()]).toMatchObject([503, { error: { code: "SHUTTING_DOWN" } }]);
  expect((await daemon.client.get("/livez")).status).toBe(200);
  rig.stub.open("end");
  await stopped;
});
