// What a task's children spend is the task's spending and its session's: a limit is no limit when a model gets around it
// by having others do the work.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { replyByDirective } from "../support/directive.ts";
import { ask as askHome } from "../support/home-sql.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit, taskWhere } from "../support/tasks.ts";

/** One token out costs $0.001; a call reserves sixty of them. */
const MODEL = {
  ...{ id: "stub/m", context_window: 100_000, max_output_tokens: 60 },
  ...{ input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 },
};
const CAP = 0.15;
const RESERVED = 0.06;

let rig: Rig;
afterEach(() => rig.close());

/** A task that makes ten children, of which each makes one more; without a limit that is $0.21. */
async function start(more: object) {
  rig = await createRig({ config: { models: [MODEL], worker_count: 2, ...more } });
  const order = (prompt: string) => ({ name: "spawn_task", args: { prompt, agent: "writer" } });
  rig.stub.use((body, place) => {
    if (place.turn > 0 || !/^task-[pc]/.test(place.key)) return replyByDirective(body, place);
    const name = place.key.slice("task-".length);
    if (name === "p") return { toolCalls: Array.from({ length: 10 }, (_, n) => order(`task c${n} words=3`)) };
    return { toolCalls: [order(`task d${name} words=3`)] };
  });
  return rig.start();
}

const ask = <T>(sql: string): T[] => askHome<T>(rig.home, sql);

const total = (): number => ask<{ usd: number }>("SELECT sum(cost_usd) AS usd FROM purchases")[0]?.usd ?? 0;

async function settle(client: Parameters<typeof ended>[0], id: string): Promise<void> {
  await ended(client, id);
  for (let seen = -1; ; ) {
    const ids = ask<{ id: string }>("SELECT id FROM tasks").map((row) => row.id);
    if (ids.length === seen) return;
    seen = ids.length;
    for (const one of ids) await ended(client, one, 20_000);
  }
}

test.each(["per_task_usd", "per_session_usd"])("%s holds for the whole family of a task", async (key) => {
  const { client } = await start({ budgets: { [key]: CAP, on_limit: "fail" } });
  const id = await submit(client, "task p");
  await settle(client, id);
  expect(total()).toBeLessThanOrEqual(CAP + 1e-9);
  expect(total()).toBeGreaterThan(CAP - RESERVED - 0.01);
  const failed = ask<{ error_message: string }>("SELECT error_message FROM tasks WHERE state = 'FAILED'");
  expect(failed.length).toBeGreaterThan(3);
  expect(
    failed.some(({ error_message: text }) =>
      text.includes(`budgets.${key} of task ${id}, above this one, is`),
    ),
  ).toBe(true);
});

test("an agent's limit holds for what other agents do for it, and a raised one lets them go on", async () => {
  const agents = (usd: number) => [
    { agent_id: "boss", budgets: { per_task_usd: usd } },
    { agent_id: "writer" },
  ];
  const first = await start({ agents: agents(CAP) });
  const id = await submit(first.client, "task p", { agent: "boss" });
  const waiting = () => ask<{ id: string }>("SELECT id FROM tasks WHERE reason_code = 'AWAITING_BUDGET'");
  await taskWhere(first.client, id, "has spent its limit", () => waiting().length >= 5, 20_000);
  expect(total()).toBeLessThanOrEqual(CAP + 1e-9);
  await first.stop();
  const raised = await runCli(rig.home, ["config", "set", "agents.0.budgets.per_task_usd", "5"]);
  expect(raised.stderr).toBe("");
  const second = await rig.start();
  await settle(second.client, id);
  expect(ask("SELECT DISTINCT state FROM tasks")).toEqual([{ state: "SUCCEEDED" }]);
});
