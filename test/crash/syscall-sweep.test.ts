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
  expect(report.killed).toBeGreaterThan(0);
});
