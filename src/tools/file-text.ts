// What the file tools have in common: limits, the touches of a path, text out of bytes, and the quota of a task.

import type { PathMode, Touch } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import type { Args } from "./tool.ts";

/** The largest file a tool writes, or reads whole in order to change it. */
export const FILE_BYTES = 10 * 1_048_576;

export const touchPath =
  (mode: PathMode) =>
  (args: Args): readonly Touch[] => [{ path: { path: pathOf(args), mode } }];

/** The path of a call; the workspace itself when it is left out. */
export function pathOf(args: Args): string {
  return typeof args.path === "string" ? args.path : ".";
}

export const PATH_PARAM = {
  type: "string",
  description: "Relative to the workspace, such as notes/plan.md, or absolute. No `..`, no `~`.",
} as const;

/** The text of a file, or undefined when it is not UTF-8 text. */
export function textOf(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en-US")} ${noun}${number === 1 ? "" : "s"}`;
}

const TASK_FILES = 5_000;
const TASK_BYTES = 1_073_741_824;
const TASKS_KEPT = 1_000;

const written = new Map<string, { files: number; bytes: number }>();

/** Counts what a task writes since the daemon started; throws LIMIT_SIZE before the write that would be too much. */
export function spendQuota(taskId: string, shown: string, bytes: number): void {
  if (bytes > FILE_BYTES)
    throw new GoclawError(
      "LIMIT_SIZE",
      `${shown}: ${bytes} bytes are more than the ${FILE_BYTES} that a file may have`,
    );
  const spent = written.get(taskId) ?? { files: 0, bytes: 0 };
  if (spent.files + 1 > TASK_FILES || spent.bytes + bytes > TASK_BYTES)
    throw new GoclawError(
      "LIMIT_SIZE",
      `${shown}: this task has written ${spent.files} files and ${spent.bytes} bytes; the limits are ${TASK_FILES} and ${TASK_BYTES}`,
    );
  written.delete(taskId); // the task that wrote last is the last to be forgotten
  written.set(taskId, { files: spent.files + 1, bytes: spent.bytes + bytes });
  for (const oldest of written.keys()) {
    if (written.size <= TASKS_KEPT) break;
    written.delete(oldest);
  }
}
