// Many simulated lives, one seed each. SIM_SEEDS and SIM_BASE choose how many and from where; a life that went wrong is
// repeated with `npm run sim -- SEED`.

import { expect, test } from "vitest";
import { verifies } from "../support/verifies.ts";
import { type SimReport, simulate } from "./simulate.ts";
import { TROUBLES, type Trouble } from "./trouble.ts";

const BASE = Number(process.env.SIM_BASE ?? 1);
const SEEDS = Number(process.env.SIM_SEEDS ?? 160);
const PATIENCE = { timeout: 600_000 };

async function lives(count: number, troubles: readonly Trouble[]): Promise<readonly SimReport[]> {
  const reports: SimReport[] = [];
  for (let seed = BASE; seed < BASE + count; seed++) reports.push(await simulate({ seed, troubles }));
  return reports;
}

/** What went wrong, by the seed that repeats it. */
function wrongs(reports: readonly SimReport[]): Record<string, readonly string[]> {
  const wrong = reports.filter(({ violations }) => violations.length > 0);
  return Object.fromEntries(wrong.map(({ seed, violations }) => [`seed ${seed}`, violations]));
}

const usual = TROUBLES.filter((trouble) => trouble !== "clock" && trouble !== "forgetful");

test(
  verifies(
    [
      "RUN-002",
      "RUN-003",
      "STM-003",
      "STM-005",
      "BRN-002",
      "QUE-006",
      "REL-001",
      "REL-002",
      "REL-003",
      "SEC-006",
    ],
    "through crashes, stops, freezes and sick disks every promise is kept and everything ends",
  ),
  PATIENCE,
  async () => {
    const reports = await lives(SEEDS, usual);
    expect(wrongs(reports)).toEqual({});
    const ended = new Set(reports.flatMap(({ states }) => Object.keys(states)));
    expect([...ended].sort()).toEqual(["CANCELED", "DEAD_LETTER", "FAILED", "SUCCEEDED"]);
    const met = new Set(reports.flatMap(({ counts }) => [...counts.keys()]));
    const meant = [...usual, "resolved happened", "resolved did_not", "notes"];
    expect(
      meant.filter((name) => !met.has(name)),
      "things that no life met",
    ).toEqual([]);
    expect(reports.reduce((sum, { diskFaults }) => sum + diskFaults, 0)).toBeGreaterThan(SEEDS);
  },
);

test(verifies("QUE-002", "a wall clock that is set back and forth delays nothing"), PATIENCE, async () => {
  expect(wrongs(await lives(Math.ceil(SEEDS / 3), ["clock", "clock", "crash", "freeze"]))).toEqual({});
});

test(
  verifies("PER-006", "a commit that was made and reported as failed loses and doubles nothing"),
  PATIENCE,
  async () => {
    expect(wrongs(await lives(Math.ceil(SEEDS / 3), ["forgetful", "forgetful", "crash"]))).toEqual({});
  },
);

test("the same seed is the same life", PATIENCE, async () => {
  for (const seed of [BASE, BASE + 1, BASE + 2]) {
    const [first, second] = [await simulate({ seed }), await simulate({ seed })];
    expect(second.hash).toBe(first.hash);
    expect(second.steps).toBe(first.steps);
  }
  expect((await simulate({ seed: BASE })).hash).not.toBe((await simulate({ seed: BASE + 1 })).hash);
});
