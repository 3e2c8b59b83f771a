// `goclaw run --record`: a task's answers as a cassette in a file of the user's. The file is tried before the task is
// bought, and one that is there is replaced only by a cassette that has answers.

import { accessSync, constants, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Cassette } from "../domain/cassette.ts";
import { GoclawError, messageOf } from "../domain/error.ts";
import type { Context } from "./context.ts";
import type { Link } from "./link.ts";
import { UsageError } from "./usage-error.ts";

/** Throws when the file cannot be written. */
export function checkRecord(file: string): void {
  const refuse = (why: string): never => {
    throw new UsageError(`--record ${file}: ${why}; name a file to write the cassette into`, ["run"]);
  };
  const there = statSync(file, { throwIfNoEntry: false });
  const folder = dirname(file);
  if (there?.isDirectory()) refuse("this is a directory");
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
    refuse(`there is no directory ${folder}`);
  try {
    accessSync(there === undefined ? folder : file, constants.W_OK);
  } catch (error) {
    refuse(messageOf(error));
  }
}

/** Also of a task that failed, since that is what a test may need. */
export async function record({ stderr }: Context, link: Link, taskId: string, file: string): Promise<void> {
  const path = `/api/v1/tasks/${encodeURIComponent(taskId)}/cassette`;
  const { cassette } = await link.api.get<{ cassette: Cassette }>(path);
  if (cassette.entries.length === 0) {
    stderr.write(`goclaw: --record ${file}: the model answered nothing, so that nothing is written\n`);
    return;
  }
  try {
    writeFileSync(file, `${JSON.stringify(cassette, null, 2)}\n`, { mode: 0o600 });
  } catch (error) {
    throw new GoclawError(
      "IO_ERROR",
      `--record ${file}: ${messageOf(error)}; task ${taskId} itself has ended`,
    );
  }
}
