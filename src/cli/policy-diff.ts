// `goclaw policy diff --with FILE`: which decisions of the past another policy would have made otherwise.

import { EXIT } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { safeLine } from "./safe-text.ts";
import { writeTable } from "./table.ts";
import { localTime } from "./time-text.ts";
import { UsageError } from "./usage-error.ts";

interface DiffOptions extends GlobalOptions {
  readonly with?: string;
  readonly since?: string;
  readonly json?: boolean;
}

export async function policyDiff(
  context: Context,
  _args: readonly string[],
  options: DiffOptions,
): Promise<number> {
  const { stdout, clock } = context;
  if (options.with === undefined) throw new UsageError("say which policy: --with FILE", ["policy", "diff"]);
  const since = clock.nowMs() - spanMs(options.since ?? "7d");
  const diff = (await context.control()).diffPolicy(openHome(context, options), options.with, since);
  if (options.json === true) {
    writeJson(stdout, diff);
    return EXIT.ok;
  }
  const rows = diff.changed.map(({ at, agent_id, capability, resource, was, would_be, rule }) =>
    [localTime(at), agent_id ?? "", `${was} → ${would_be}`, capability, resource ?? "", rule].map((text) => ({
      text: safeLine(text),
    })),
  );
  if (rows.length > 0)
    writeTable(stdout, ["AT", "AGENT", "WAS → IS", "CAPABILITY", "RESOURCE", "RULE"], rows, [
      "RULE",
      "AGENT",
    ]);
  stdout.write(
    `${diff.decisions} decisions since ${localTime(diff.since)}, ${diff.changed.length} would change\n`,
  );
  return EXIT.ok;
}

const UNIT_MS: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000 };

function spanMs(text: string): number {
  const match = /^(\d{1,6})([dhms])$/.exec(text);
  if (match === null)
    throw new UsageError(`--since ${text}: write for example 7d, 12h or 30m`, ["policy", "diff"]);
  return Number(match[1]) * (UNIT_MS[match[2] ?? ""] ?? 0);
}
