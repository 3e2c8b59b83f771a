// `npm run crash -- --tasks 5000 --kills 200 --seed 1 --lanes 4` runs a kill storm, `npm run crash -- --sweep` kills at
// every write syscall of one task's life. Prints what it found and exits 1 on any violation.

import { parseArgs } from "node:util";
import { runKillStorm } from "./kill-storm.ts";
import { runSyscallSweep } from "./syscall-sweep.ts";

const { values } = parseArgs({
  options: {
    tasks: { type: "string", default: "5000" },
    kills: { type: "string", default: "200" },
    seed: { type: "string", default: "1" },
    lanes: { type: "string", default: "4" },
    sweep: { type: "boolean", default: false },
    every: { type: "string", default: "1" },
    seconds: { type: "string", default: "36000" },
  },
});
const log = (line: string): void => console.error(line);
const report = values.sweep
  ? await runSyscallSweep({ every: Number(values.every), budgetMs: Number(values.seconds) * 1000, log })
  : await runKillStorm({
      tasks: Number(values.tasks),
      kills: Number(values.kills),
      seed: Number(values.seed),
      lanes: Number(values.lanes),
      log,
    });
console.log(JSON.stringify(report, null, 2));
process.exitCode = report.violations.length === 0 ? 0 : 1;
