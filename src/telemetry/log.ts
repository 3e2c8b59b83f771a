// JSON lines into logs/system.jsonl and, in the foreground, to stderr: timestamp, level, component, msg, trace_id,
// task_id. Every line is redacted as a whole before it leaves the process.

import pino from "pino";
import { openLogFile } from "./log-file.ts";
import { createRedactor } from "./redact.ts";

export interface LogFields {
  readonly trace_id?: string;
  readonly task_id?: string;
  readonly [field: string]: unknown;
}

export interface Log {
  debug(component: string, msg: string, fields?: LogFields): void;
  info(component: string, msg: string, fields?: LogFields): void;
  warn(component: string, msg: string, fields?: LogFields): void;
  error(component: string, msg: string, fields?: LogFields): void;
}

const FILE_BYTES = 32 * 1_048_576;
const FILES_KEPT = 3;

export interface LogOptions {
  readonly file: string;
  readonly level: "debug" | "info" | "warn" | "error";
  readonly toStderr: boolean;
  readonly redact: (text: string) => string;
  readonly nowMs: () => number;
}

export function createLog({ file, level, toStderr, redact, nowMs }: LogOptions): Log {
  // Synchronous: a line on its way to the thread pool is lost when the process ends, and those are the last words.
  const target = openLogFile({ file, bytesMax: FILE_BYTES, kept: FILES_KEPT });
  return createLines(level, nowMs, (line) => {
    const clean = redact(line);
    target.write(clean);
    if (toStderr) process.stderr.write(clean);
  });
}

/** For as long as there is no home to log into, and no secret is known. */
export function createStderrLog(nowMs: () => number): Log {
  const redact = createRedactor([]);
  return createLines("debug", nowMs, (line) => void process.stderr.write(redact(line)));
}

function createLines(
  level: LogOptions["level"],
  nowMs: LogOptions["nowMs"],
  write: (line: string) => void,
): Log {
  const logger = pino(
    {
      level,
      base: null,
      messageKey: "msg",
      timestamp: () => `,"timestamp":"${new Date(nowMs()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
  const at =
    (severity: "debug" | "info" | "warn" | "error") =>
    (component: string, msg: string, fields: LogFields = {}): void =>
      logger[severity]({ component, ...fields }, msg);
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
  };
}
