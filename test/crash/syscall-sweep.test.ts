// A sample of the syscall sweep that fits CI; `npm run crash -- --sweep` tries every point.

import { expect, test } from "vitest";
import { runSyscallSweep } from "./syscall-sweep.ts";

const every = Number(process.env.SWEEP_EVERY ?? 9);
const budgetMs = Number(process.env.SWEEP_SECONDS ?? 75) * 1000;

test("[REL-003][PER-004][PER-006] a kill at any write syscall of a task's life leaves a home that finishes the task", {
  timeout: budgetMs + 60_000,
}, async (context) => {
  const report = await runSyscallSweep({ every, budgetMs });
  if (report.skipped) {
    console.log(`the syscall sweep did not run: ${report.skipped}`);
    return context.skip(report.skipped);
  }
  console.log(JSON.stringify(report, null, 1));
  expect(report.violations).toEqual([]);
  // Threads differ a little from run to run, so a few of the last points of a life may not be reached.
  expect(report.killed).toBeGreaterThanOrEqual(Math.ceil(report.tried * 0.8));
});
