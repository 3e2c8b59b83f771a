// Follows one started command to its end: keeps what it prints within bounds, and ends it with everything it
// started when its time is up or nobody wants it any more.

import type { Clock } from "../domain/time.ts";
import { type Captured, captureStream } from "./capture.ts";
import type { FedChild } from "./children.ts";
import { LIMITS } from "./limits.ts";
import type { Exit } from "./spawn.ts";

export interface Following {
  readonly child: FedChild;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Asks the command politely; what it said in its report so far is handed in. */
  readonly ask: (report: string) => void;
}

export interface Followed {
  readonly exit: Exit;
  /** `timeout` and `canceled`: it did not end by itself. */
  readonly end: "exited" | "timeout" | "canceled";
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly report: string;
  readonly durationMs: number;
}

const REPORT_BYTES = 4_096;

export async function follow({ child, timeoutMs, signal, clock, ask }: Following): Promise<Followed> {
  const startedMs = clock.monoMs();
  const stdout = captureStream(child.stdout, LIMITS.outputBytes);
  const stderr = captureStream(child.stderr, LIMITS.outputBytes);
  let report = "";
  child.report?.setEncoding("latin1").on("data", (text: string) => {
    if (report.length < REPORT_BYTES) report += text;
  });
  const reported = new Promise<void>((resolve) => {
    if (child.report === undefined) resolve();
    else child.report.once("close", resolve);
  });
  const end = await firstOf(child.exited, timeoutMs, signal);
  const durationMs = clock.monoMs() - startedMs;
  if (end !== "exited") {
    ask(report);
    await within(child.exited, LIMITS.graceMs);
    await child.stop(0);
  }
  // Whoever still holds the pipes has had its time.
  await within(Promise.all([stdout.ended, stderr.ended, reported]), LIMITS.pipeMs);
  const exit = await child.exited;
  return { exit, end, stdout: stdout.take(), stderr: stderr.take(), report, durationMs };
}

async function firstOf(
  exited: Promise<Exit>,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Followed["end"]> {
  if (signal.aborted) return "canceled";
  let timer: NodeJS.Timeout | undefined;
  let cancel = (): void => {};
  const late = new Promise<"timeout">((resolve) => {
    timer = setTimeout(() => resolve("timeout"), timeoutMs);
  });
  const canceled = new Promise<"canceled">((resolve) => {
    cancel = () => resolve("canceled");
    signal.addEventListener("abort", cancel, { once: true });
  });
  try {
    return await Promise.race([exited.then(() => "exited" as const), late, canceled]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", cancel);
  }
}

/** Waits for `promise`, but not longer. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
