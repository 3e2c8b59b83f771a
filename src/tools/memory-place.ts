// Where the memory is: text files below workspace/memory, shared by all agents. Paths of the memory tools stand below it
// and go through the same path guard as those of the file tools.

import type { PathMode, Touch } from "../domain/act.ts";
import type { Args } from "./tool.ts";

export const MEMORY = "memory";

/** The largest memory file. */
export const MEMORY_BYTES = 1_048_576;

/** `memory/x.md` as search shows it and `x.md` name the same file. */
export function memoryPath({ path }: Args): string {
  const given = String(path ?? "");
  return given.startsWith(`${MEMORY}/`) ? given : `${MEMORY}/${given}`;
}

export const touchMemory =
  (mode: PathMode) =>
  (args: Args): readonly Touch[] => [{ path: { path: memoryPath(args), mode } }];

export const MEMORY_PATH_PARAM = {
  type: "string",
  minLength: 1,
  maxLength: 500,
  pattern: "^[^/~]",
  description: "File below memory/, such as user.md or projects/goclaw.md. No `..`.",
} as const;
