// `goclaw audit verify|tail`: whether the audit chain is as it was written, and its newest records. Works beside a running
// daemon and without one.

import { EXIT } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { homePaths } from "./home.ts";
import { safeLine } from "./safe-text.ts";
import { writePairs, writeTable } from "./table.ts";
import { localTime } from "./time-text.ts";

interface VerifyOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function auditVerify(
  context: Context,
  _args: readonly string[],
  options: VerifyOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const report = await (await context.control()).verifyHomeAudit(homePaths(context, options));
  if (options.json === true) writeJson(stdout, report);
  else {
    writePairs(stdout, [
      ["records", String(report.records)],
      ["checkpoints", `${report.checkpoints} signed`],
      ["audit.jsonl", `${report.mirrored} lines compared`],
      ["chain", report.ok ? "whole" : `broken at record ${report.first_bad}`],
    ]);
    if (report.why !== null) stderr.write(`goclaw: ${safeLine(report.why)}\n`);
  }
  return report.ok ? EXIT.ok : EXIT.failed;
}

interface TailOptions extends GlobalOptions {
  readonly limit?: number;
  readonly task?: string;
  readonly json?: boolean;
}

export async function auditTail(
  context: Context,
  _args: readonly string[],
  options: TailOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const { limit = 20, task = null } = options;
  const rows = (await context.control()).tailAudit(homePaths(context, options), task, limit);
  if (options.json === true) for (const row of rows) writeJson(stdout, row);
  else if (rows.length === 0) stderr.write("there are no records\n");
  else {
    const cells = rows.map(({ seq, at, decision, principal, capability, resource, rule }) =>
      [String(seq), localTime(at), decision, principal, capability, resource ?? "", rule].map((text) => ({
        text: safeLine(text),
      })),
    );
    writeTable(stdout, ["SEQ", "AT", "DECISION", "WHO", "CAPABILITY", "RESOURCE", "RULE"], cells, [
      "SEQ",
      "WHO",
      "RULE",
    ]);
  }
  return EXIT.ok;
}
