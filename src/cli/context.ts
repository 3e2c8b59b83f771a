// What a command is given of the outside world: streams, signals, clock, environment, and the parts of the program that
// are loaded on demand. A command reaches for none of it by itself, so that a test owns it.

import type { Env } from "../config/env.ts";
import type { Paths } from "../config/paths.ts";
import type { Daemon, DaemonOptions } from "../daemon.ts";
import type { Control } from "../domain/control.ts";
import type { AuditRow, DatabaseReport } from "../domain/report.ts";
import type { Clock, Random } from "../domain/time.ts";

/** One of the two output streams. A write after the reader has gone is dropped. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Columns of the terminal; undefined when it is none, and then nothing is cut. */
  readonly columns: number | undefined;
  readonly colors: boolean;
}

export type Signal = "SIGINT" | "SIGTERM" | "SIGHUP" | "EPIPE";

export interface Context {
  readonly env: Env;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Everything on standard input, as bytes; rejects past `bytesMax`. */
  readonly readStdin: (bytesMax: number) => Promise<Uint8Array>;
  /** One line that somebody types; undefined when the signal or the end of the input comes first. Absent where nobody can. */
  readonly readLine: ((signal: AbortSignal) => Promise<string | undefined>) | undefined;
  /** While somebody listens, a signal does not end the process. Returns how to stop listening. */
  readonly onSignal: (listener: (signal: Signal) => void) => () => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly version: () => string;
  /** How to start this program again: executable and leading arguments. */
  readonly program: readonly string[];
  readonly startDaemon: (options: DaemonOptions) => Promise<Daemon>;
  readonly checkDatabase: (file: string, options: { readonly quick: boolean }) => Promise<DatabaseReport>;
  /** Policy and audit of a home. */
  readonly control: () => Promise<Control<Paths>>;
  readonly readAudit: (file: string, taskId: string) => Promise<readonly AuditRow[]>;
  /** One small real call to a model, in this process. */
  readonly testModel: (asked: ModelTestInput) => Promise<ModelTest>;
  /** Plays every fault of a provider through a chain of two, on loopback. */
  readonly drillModels: () => Promise<readonly DrillRow[]>;
  /** Names of all tools, to check agents against. */
  readonly toolNames: () => Promise<readonly string[]>;
  /** Why a JSON Schema cannot be used; undefined when it can. */
  readonly schemaFault: (schema: Readonly<Record<string, unknown>>) => Promise<string | undefined>;
}

export interface ModelTestInput {
  readonly paths: Paths;
  readonly env: Env;
  /** `PROVIDER/MODEL` or `PROVIDER`; undefined is the configured default. */
  readonly ref: string | undefined;
  /** The call ends when it aborts. */
  readonly signal: AbortSignal;
}

export interface ModelTest {
  /** As it was asked for. */
  readonly id: string;
  readonly ok: boolean;
  /** What the vendor says answered; it may be a dated version of what was asked. */
  readonly answeredBy: string | null;
  readonly text: string;
  /** Until the first part of the answer, in ms; null when none came. */
  readonly firstMs: number | null;
  readonly totalMs: number;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  readonly costUsd: number | null;
  /** The class and the words of the failure, with what to do. */
  readonly errorClass: string | null;
  readonly message: string | null;
}

export interface DrillRow {
  readonly fault: string;
  readonly errorClass: string;
  readonly verdict: "again, then next" | "next" | "stop";
  readonly answeredBy: "primary" | "backup" | null;
  readonly calls: { readonly primary: number; readonly backup: number };
  readonly billedTokens: { readonly primary: number; readonly backup: number };
  /** How many failures the primary's circuit breaker counted. */
  readonly counted: number;
  readonly ms: number;
  /** True when it went as the class of the fault demands. */
  readonly ok: boolean;
}

/** Options of every command. */
export interface GlobalOptions {
  readonly home?: string;
  readonly bind?: string;
}

/** A command: takes its arguments and options, returns the exit code. */
export type Command = (context: Context, args: readonly string[], options: never) => Promise<number>;

/** One JSON document or line, safe for a terminal too. */
export function writeJson(output: Output, value: unknown): void {
  const text = JSON.stringify(value).replace(HIDDEN, escapeUnit);
  output.write(`${text}\n`);
}

/** Characters that JSON.stringify leaves as they are and that a terminal or a reader may act on. */
const HIDDEN = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

function escapeUnit(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
