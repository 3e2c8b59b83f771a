// The command line of `npm run bench`.

import { parseArgs } from "node:util";
import type { Group } from "./rows.ts";

export interface Options {
  readonly groups: readonly Group[];
  readonly rounds: number;
  readonly seconds: number;
  readonly quick: boolean;
  readonly jsonFile: string | undefined;
}

export const USAGE = `usage: npm run bench -- queue|start|turn|hands|all [--rounds N] [--seconds S] [--quick] [--json FILE]
  --rounds N    rounds, interleaved over all systems; medians are shown (3)
  --seconds S   how long one rate is measured (1.2)
  --quick       100 k instead of 1 M queued tasks where depth is measured
  --json FILE   also write every sample to FILE`;

const GROUPS: readonly Group[] = ["queue", "start", "turn", "hands"];

/** Throws with what is wrong; the caller prints USAGE. */
export function readOptions(argv: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "1.2" },
      quick: { type: "boolean", default: false },
      json: { type: "string" },
    },
  });
  const [name, ...more] = positionals;
  const groups = name === "all" ? GROUPS : GROUPS.filter((group) => group === name);
  if (groups.length === 0 || more.length > 0) throw new Error("name one of queue, start, turn, hands, all");
  const rounds = Number(values.rounds);
  const seconds = Number(values.seconds);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds wants a whole number from 1 on");
  if (!(seconds > 0 && seconds <= 60)) throw new Error("--seconds wants a number above 0, at most 60");
  return { groups, rounds, seconds, quick: values.quick, jsonFile: values.json };
}
