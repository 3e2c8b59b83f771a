// `goclaw db check`: whether goclaw.db is sound. It is read only, and never while the check itself would disturb a
// daemon that runs beside it.

import { EXIT } from "../domain/error.ts";
import type { DatabaseReport } from "../domain/report.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { homePaths } from "./home.ts";
import { safeLine } from "./safe-text.ts";
import { writePairs } from "./table.ts";

interface CheckOptions extends GlobalOptions {
  readonly quick?: boolean;
  readonly json?: boolean;
}

export async function dbCheck(
  context: Context,
  _args: readonly string[],
  options: CheckOptions,
): Promise<number> {
  const { stdout } = context;
  const { db } = homePaths(context, options);
  const report = await context.checkDatabase(db, { quick: options.quick === true });
  const { walBytes, ...others } = report;
  if (options.json === true) writeJson(stdout, { ...others, wal_bytes: walBytes });
  else if (report.exists) show(context, report);
  else stdout.write(`there is no database at ${safeLine(db)} yet; the first start makes it\n`);
  return EXIT.ok;
}

/** What was written last stands in the WAL until a checkpoint brings it into the file. */
function sizeText({ bytes, walBytes }: DatabaseReport): string {
  const mib = (count: number): string => `${(count / 1_048_576).toFixed(1)} MiB`;
  return walBytes === 0 ? mib(bytes) : `${mib(bytes + walBytes)}, of which ${mib(walBytes)} in the WAL`;
}

function show({ stdout }: Context, report: DatabaseReport): void {
  const pending = report.migrations.filter((migration) => !migration.applied);
  const applied = report.migrations.length - pending.length;
  writePairs(stdout, [
    ["database", safeLine(report.file)],
    ["size", sizeText(report)],
    ["sqlite", report.sqlite],
    [report.check, "ok"],
    ["foreign keys", "ok"],
    [
      "migrations",
      pending.length === 0 ? `${applied} applied` : `${applied} applied, ${pending.length} to come`,
    ],
    ["contents", `${report.tasks} tasks, ${report.events} events`],
  ]);
}
