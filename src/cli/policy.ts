// `goclaw policy check|explain`: what policy.yaml says, and what it decides about a request. Works without a daemon.

import { readFileSync } from "node:fs";
import type { ExplainAsk, Explained } from "../domain/control.ts";
import { EXIT, GoclawError } from "../domain/error.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { safeLine } from "./safe-text.ts";
import { writePairs } from "./table.ts";
import { UsageError } from "./usage-error.ts";

const BATCH_BYTES = 16_777_216;

interface CheckOptions extends GlobalOptions {
  readonly json?: boolean;
}

export async function policyCheck(
  context: Context,
  [file]: readonly string[],
  options: CheckOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const summary = (await context.control()).checkPolicy(openHome(context, options), file);
  if (options.json === true) {
    writeJson(stdout, summary);
    return EXIT.ok;
  }
  writePairs(stdout, [
    ["policy", safeLine(summary.file)],
    ["version", summary.version],
    ["allows", `${summary.capabilities} capabilities, ${summary.domains} domains, ${summary.paths} paths`],
    ["rules", String(summary.rules)],
  ]);
  for (const warning of summary.warnings) stderr.write(`goclaw: ${safeLine(warning)}\n`);
  return EXIT.ok;
}

interface ExplainOptions extends GlobalOptions {
  readonly agent?: string;
  readonly capability?: string;
  readonly path?: string;
  readonly write?: boolean;
  readonly domain?: string;
  readonly command?: string;
  readonly mcp?: string;
  readonly taint?: string;
  readonly outgoing?: boolean;
  readonly policy?: string;
  readonly batch?: string;
  readonly json?: boolean;
}

export async function policyExplain(
  context: Context,
  _args: readonly string[],
  options: ExplainOptions,
): Promise<number> {
  const { stdout } = context;
  const control = await context.control();
  const paths = openHome(context, options);
  if (options.batch !== undefined) {
    const asks = await readBatch(context, options.batch);
    for (const answer of control.explainAll(paths, asks, options.policy)) writeJson(stdout, answer);
    return EXIT.ok;
  }
  if (options.capability === undefined)
    throw new UsageError("say which --capability, or give --batch FILE", ["policy", "explain"]);
  const [explained] = control.explainAll(paths, [toAsk(options)], options.policy);
  if (explained === undefined) return EXIT.failed;
  if (options.json === true) writeJson(stdout, explained);
  else show(context, explained);
  return EXIT.ok;
}

function toAsk(options: ExplainOptions): ExplainAsk {
  const { home: _home, bind: _bind, policy: _policy, batch: _batch, json: _json, taint, ...ask } = options;
  return { ...ask, ...(taint === undefined ? {} : { taint: taint.split(",").map((word) => word.trim()) }) };
}

function show({ stdout }: Context, { decision, code, rule, reason, near, policy_version }: Explained): void {
  writePairs(stdout, [
    ["decision", code === null ? decision : `${decision} (${code})`],
    ["rule", safeLine(rule)],
    ["because", safeLine(reason)],
    ...near.map((each) => ["not", `${safeLine(each.rule)}: ${safeLine(each.why)}`] as const),
    ["policy", policy_version],
  ]);
}

async function readBatch(context: Context, file: string): Promise<ExplainAsk[]> {
  const bytes = file === "-" ? await context.readStdin(BATCH_BYTES) : readFileSync(file);
  const lines = new TextDecoder().decode(bytes).split("\n");
  return lines.flatMap((line, index): ExplainAsk[] => {
    if (line.trim() === "") return [];
    try {
      const ask = JSON.parse(line) as unknown;
      if (typeof ask === "object" && ask !== null && !Array.isArray(ask)) return [ask as ExplainAsk];
    } catch {
      // said below, with its place
    }
    throw new GoclawError("BAD_REQUEST", `${file}:${index + 1}: not a JSON object`);
  });
}
