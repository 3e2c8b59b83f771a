// `goclaw status` and `goclaw daemon status`: whether a daemon answers for the home, and how its parts are.

import { EXIT } from "../domain/error.ts";
import { probe } from "./api.ts";
import { type Context, type GlobalOptions, type Output, writeJson } from "./context.ts";
import { homePaths } from "./home.ts";
import { paintFor } from "./paint.ts";
import { findDaemon, type RunFile, readRunFile } from "./running.ts";
import { safeLine } from "./safe-text.ts";
import { writePairs } from "./table.ts";
import { durationText } from "./time-text.ts";

interface StatusOptions extends GlobalOptions {
  readonly json?: boolean;
}

/** The body of GET /healthz, as far as it is shown; a newer daemon may say more. */
export interface Health {
  readonly status: string;
  readonly reason?: string;
  readonly version?: string;
  readonly pid?: number;
  readonly uptime_seconds?: number;
  readonly queue?: Readonly<Record<string, number>>;
  readonly approvals?: { readonly waiting: number };
  readonly lanes?: { readonly total: number; readonly busy: number };
  readonly database?: { readonly ok: boolean; readonly fault?: string };
  readonly sandbox?: { readonly mode: string; readonly ok: boolean; readonly trouble?: string };
  readonly provider?: {
    readonly id: string;
    readonly model: string;
    readonly configured: boolean;
    readonly reason?: string;
  };
}

const HEALTH_TIMEOUT_MS = 5_000;

export async function status(
  context: Context,
  _args: readonly string[],
  options: StatusOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const paths = homePaths(context, options);
  const run = await findDaemon(paths);
  const answer = run && (await probe(run.address, "/healthz", HEALTH_TIMEOUT_MS));
  if (run === undefined || answer === undefined) {
    if (options.json === true) writeJson(stdout, { status: "stopped", running: false, home: paths.home });
    else stderr.write(stoppedText(paths.home, readRunFile(paths)));
    return EXIT.failed;
  }
  const health = answer.body as Health;
  if (options.json === true) {
    writeJson(stdout, { ...health, running: true, home: paths.home, address: run.address });
  } else {
    writeHealth(stdout, run, health, paths.home);
  }
  return answer.status === 200 ? EXIT.ok : EXIT.failed;
}

function upText(seconds: number | undefined): string {
  if (seconds === undefined) return "";
  return seconds < 1 ? ", just started" : `, up ${durationText(seconds * 1_000)}`;
}

function stoppedText(home: string, left: RunFile | undefined): string {
  const stale =
    left === undefined
      ? ""
      : ` (run/daemon.json names pid ${left.pid} at ${left.address}, which does not answer)`;
  return `goclaw: no daemon is running for ${safeLine(home)}${stale}; \`goclaw daemon start\` starts one\n`;
}

export function writeHealth(output: Output, run: RunFile, health: Health, home: string): void {
  const paint = paintFor(output);
  const { queue = {}, approvals, lanes, database, sandbox, provider } = health;
  const ok = health.status === "ok";
  const up = upText(health.uptime_seconds);
  const counts = Object.entries(queue).map(
    ([name, count]) => `${count} ${safeLine(name).replaceAll("_", " ")}`,
  );
  const pairs: [string, string | { text: string; paint: (text: string) => string }][] = [
    [
      "daemon",
      {
        text: ok ? `running${up}` : `${safeLine(health.status)} (${safeLine(health.reason ?? "")})${up}`,
        paint: ok ? paint.good : paint.bad,
      },
    ],
    ["address", `http://${safeLine(run.address)}`],
    ["pid", String(run.pid)],
    ["version", safeLine(run.version)],
    ["home", safeLine(home)],
  ];
  if (counts.length > 0) pairs.push(["tasks", counts.join(", ")]);
  if (approvals !== undefined && approvals.waiting > 0) {
    const text = `${approvals.waiting} ${approvals.waiting === 1 ? "waits" : "wait"} for you: goclaw approvals list`;
    pairs.push(["approvals", { text, paint: paint.wait }]);
  }
  if (lanes !== undefined) pairs.push(["lanes", `${lanes.busy} of ${lanes.total} busy`]);
  if (database !== undefined)
    pairs.push(["database", database.ok ? "ok" : safeLine(database.fault ?? "faulty")]);
  if (sandbox !== undefined)
    pairs.push([
      "commands",
      sandbox.ok ? `in ${safeLine(sandbox.mode)}` : safeLine(sandbox.trouble ?? "refused"),
    ]);
  if (provider !== undefined) {
    const model = `${safeLine(provider.id)}/${safeLine(provider.model)}`;
    pairs.push([
      "model",
      provider.configured ? model : `${model}: ${safeLine(provider.reason ?? "not configured")}`,
    ]);
  }
  writePairs(output, pairs);
}
