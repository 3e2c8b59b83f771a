// What a schedule may do: the rights of whoever made it as they are when it fires, and what it was made from.

import { afterEach, expect, test } from "vitest";
import { row } from "../support/catalogue.ts";
import { ask, change } from "../support/home-sql.ts";
import { type KeyRig, startKeyRig } from "../support/keys.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { addSchedule, makeDue, runsOf, taskOf } from "../support/schedules.ts";
import { ended } from "../support/tasks.ts";
import { until } from "../support/wait.ts";

let rig: Rig | KeyRig | undefined;
afterEach(() => rig?.close());

test(
  row("M-03", "a schedule has its maker's rights as they are when it fires: a revoked key's does not"),
  async () => {
    const keyRig = await startKeyRig();
    rig = keyRig;
    const { client } = await keyRig.addKey("client", "--agents", "a");
    await addSchedule(client, "kept", { agent: "a" });
    await keyRig
      .addKey("other", "--agents", "a")
      .then(({ client: other }) => addSchedule(other, "lost", { agent: "a" }));
    await keyRig.daemon.stop();
    makeDue(keyRig.home, 1);
    change(keyRig.home, "UPDATE api_keys SET revoked_at = 1 WHERE name = 'other'");
    keyRig.daemon = await keyRig.start();
    await until("both to be decided", () => runsOf(keyRig.home).length === 2);
    expect(await ended(keyRig.daemon.client, taskOf(keyRig.home, "kept"))).toMatchObject({
      state: "SUCCEEDED",
    });
    const keys = ask(
      keyRig.home,
      "SELECT api_keys.name FROM tasks JOIN api_keys ON api_keys.id = tasks.key_id",
    );
    expect(keys).toEqual([{ name: "client" }]);
    expect(runsOf(keyRig.home, "lost")).toMatchObject([
      {
        outcome: "skipped",
        reason_code: "KEY_DENIED",
        reason: expect.stringContaining("(other) was revoked"),
      },
    ]);
    expect(keyRig.stub.count("task-lost")).toBe(0);
  },
);

test("a key adds for its agents, and changes only what it made", async () => {
  const keyRig = await startKeyRig();
  rig = keyRig;
  const { client } = await keyRig.addKey("client", "--agents", "a");
  await addSchedule(keyRig.daemon.client, "owners", { agent: "a" });
  await addSchedule(keyRig.daemon.client, "hidden", { agent: "b" });
  await addSchedule(client, "own", { agent: "a" });
  const denied = async (method: string, path: string, body?: object): Promise<unknown> =>
    (await client.send(method, path, body === undefined ? {} : { body })).json<{
      error: { code: string };
    }>().error?.code;
  const body = { name: "x", cron_expr: "@daily", prompt: "task x" };
  expect(await denied("POST", "/api/v1/schedules", { ...body, agent: "b" })).toBe("KEY_DENIED");
  expect(await denied("DELETE", "/api/v1/schedules/owners")).toBe("KEY_DENIED");
  expect(await denied("POST", "/api/v1/schedules/owners/disable")).toBe("KEY_DENIED");
  expect(await denied("POST", "/api/v1/schedules/owners", { prompt: "task mine" })).toBe("KEY_DENIED");
  expect(await denied("POST", "/api/v1/schedules/hidden/enable")).toBe("KEY_DENIED");
  expect(await denied("GET", "/api/v1/schedules/hidden/runs")).toBe("KEY_DENIED");
  expect((await client.get("/api/v1/schedules/owners/runs")).status).toBe(200);
  const names = (await client.get("/api/v1/schedules")).json<{ schedules: { name: string }[] }>().schedules;
  expect(names.map(({ name }) => name)).toEqual(["own", "owners"]);
  expect((await client.post("/api/v1/schedules/own/disable")).status).toBe(200);
  expect((await client.send("DELETE", "/api/v1/schedules/own")).status).toBe(200);
  const { home } = keyRig;
  const audited = ask<{ resource: string }>(
    home,
    "SELECT resource FROM audit WHERE resource LIKE 'cron.%' AND decision = 'allow'",
  );
  expect(audited.map(({ resource }) => resource)).toContain("cron.add own");
});

test(row("M-03", "what the session held in which a schedule was made, its tasks begin with"), async () => {
  rig = await createRig();
  const first = await rig.start();
  await addSchedule(first.client, "tainted", { prompt: "task tainted" });
  await addSchedule(first.client, "clean", { prompt: "task clean" });
  await first.stop();
  makeDue(rig.home, 1);
  change(rig.home, "UPDATE schedules SET labels = 'outside untrusted' WHERE name = 'tainted'");
  rig.stub.use((_body, { turn, key }) =>
    turn === 0 ? { toolCalls: [{ name: "exec", args: { argv: ["true"] } }] } : { text: `done ${key}` },
  );
  const { home } = rig;
  await rig.start();
  await until(
    "both to be judged",
    () => ask(home, "SELECT 1 FROM audit WHERE capability = 'tools.exec'").length >= 2,
  );
  const audited = ask<{ name: string; decision: string; code: string | null; taint: string }>(
    home,
    `SELECT schedules.name, v_audit.decision, v_audit.code, v_audit.taint
     FROM v_audit JOIN tasks ON tasks.id = v_audit.task_id JOIN schedules ON schedules.id = tasks.schedule_id
     WHERE capability = 'tools.exec' ORDER BY schedules.name`,
  );
  expect(audited).toMatchObject([
    { name: "clean", decision: "allow", taint: "" },
    { name: "tainted", decision: "ask", code: "TAINT_EXEC", taint: "outside untrusted" },
  ]);
});
