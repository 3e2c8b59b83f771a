// A CI-sized kill storm; `npm run crash` runs a longer one. STORM_* variables repeat or resize it.

import { expect, test } from "vitest";
import { runKillStorm } from "./kill-storm.ts";

const number = (name: string, otherwise: number): number => Number(process.env[name] ?? otherwise);

test("[REL-001][REL-002][REL-003][STM-002][QUE-001][PER-006] nothing acknowledged is lost and nothing happens twice under random kills", {
  timeout: 240_000,
}, async () => {
  const report = await runKillStorm({
    tasks: number("STORM_TASKS", 400),
    kills: number("STORM_KILLS", 20),
    seed: number("STORM_SEED", Date.now() % 100_000),
    lanes: number("STORM_LANES", 4),
  });
  console.log(JSON.stringify(report, null, 1));
  expect(report.violations).toEqual([]);
  expect(report.killedInFlight, "kills that landed inside an attempt").toBeGreaterThan(0);
});
