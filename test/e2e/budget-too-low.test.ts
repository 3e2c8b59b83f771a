// A limit that is lower than what one call may need: no day brings room for it, and the task says so.

import { afterEach, expect, test } from "vitest";
import { runCli } from "../support/cli.ts";
import { createRig, type Rig } from "../support/rig.ts";
import { ended, submit, taskWhere } from "../support/tasks.ts";

/** One token out costs $0.001; a call reserves at most ten of them. */
const MODEL = {
  ...{ id: "stub/m", context_window: 10_000, max_output_tokens: 10 },
  ...{ input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 },
};

let rig: Rig;
afterEach(() => rig.close());

test("a call that no day can pay does not wait for the next one: a higher limit lets it go on", async () => {
  rig = await createRig({ config: { models: [MODEL], budgets: { per_day_usd: 0.005 } } });
  const first = await rig.start();
  const id = await submit(first.client, "task dear");
  const waits = await taskWhere(first.client, id, "waits", (task) => task.state === "RETRY_WAIT");
  expect(waits).toMatchObject({ reason_code: "AWAITING_BUDGET" });
  expect(waits.error?.message).toContain("which is more than the whole limit; raise it and restart");
  const why = await runCli(rig.home, ["task", "why", id]);
  for (const piece of ["WAIT_EXPIRED", "A higher limit lets it go on at once: config.yaml, and a restart"])
    expect(why.stdout).toContain(piece);
  await first.stop();
  await runCli(rig.home, ["config", "set", "budgets.per_day_usd", "0.02"]);
  expect((await ended((await rig.start()).client, id)).state).toBe("SUCCEEDED");
});

test("a run that nobody sees at a terminal says that a budget holds it back", async () => {
  rig = await createRig({ config: { models: [MODEL], budgets: { per_day_usd: 0.005 } } });
  const { code, stderr } = await runCli(rig.home, ["run", "task dear", "--timeout", "1"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^goclaw: a budget holds task \S+ back: .*budgets\.per_day_usd/);
});
