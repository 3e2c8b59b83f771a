// `npm run sim -- SEED [STEPS]` replays one simulated life of the scheduler and prints its trace hash and what it found;
// `--all N` runs the seeds from SEED on, `--without a,b` leaves troubles out, `--tail` prints the end of the trace.

import { parseArgs } from "node:util";
import { simulate } from "../test/sim/simulate.ts";
import { TROUBLES } from "../test/sim/trouble.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: "string", default: "1" },
    without: { type: "string", default: "" },
    tail: { type: "boolean", default: false },
  },
});
const [seed = "1", steps] = positionals;
const without = values.without.split(",");
const troubles = TROUBLES.filter((trouble) => !without.includes(trouble));
for (let offset = 0; offset < Number(values.all); offset++) {
  const maxSteps = steps === undefined ? {} : { maxSteps: Number(steps) };
  const report = await simulate({ seed: Number(seed) + offset, troubles, ...maxSteps });
  const { hash, violations, states, virtualMs, diskFaults } = report;
  const life = `${report.steps} steps, ${Math.round(virtualMs / 1000)} s, ${diskFaults} disk faults`;
  console.log(`seed ${report.seed}: ${hash} (${life}) ${JSON.stringify(states)}`);
  if (values.tail) console.log(report.tail.join("\n"));
  for (const violation of violations) console.log(`  ${violation}`);
  if (violations.length > 0) process.exitCode = 1;
}
