// The files below a place, one after the other, each held while it is looked at: in order of names, never through a
// link, and never more than the limits. What the path guard refuses is passed over and counted.

import type { FileRoot } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import type { Held } from "../policy/held.ts";
import { openChild } from "../policy/paths.ts";

export interface WalkTally {
  files: number;
  passedOver: number;
  /** What ended the walk early, in words; null when it saw everything. */
  limit: string | null;
}

const FILES_MAX = 20_000;
const DEPTH_MAX = 32;
const NAMES_MAX = 20_000;
/** Of no interest to a search unless it starts inside. */
const PASSED = new Set([".git", "node_modules", ".goclaw"]);

/** `look` returns false to end the walk. */
export async function walkFiles(
  roots: readonly FileRoot[],
  start: Held,
  signal: AbortSignal,
  look: (file: Held, path: string) => Promise<boolean>,
): Promise<WalkTally> {
  const tally: WalkTally = { files: 0, passedOver: 0, limit: null };
  const descend = async (directory: Held, prefix: string, depth: number): Promise<boolean> => {
    for (const name of await namesIn(directory, tally)) {
      signal.throwIfAborted();
      if (PASSED.has(name)) continue;
      if (tally.files >= FILES_MAX) {
        tally.limit = `only the first ${FILES_MAX} files were searched`;
        return false;
      }
      const child = tryOpen(roots, directory, name, tally);
      if (child === undefined) continue;
      try {
        let goesOn = true;
        if (child.kind === "file") {
          tally.files++;
          goesOn = await look(child, prefix + name);
        } else if (depth < DEPTH_MAX) goesOn = await descend(child, `${prefix + name}/`, depth + 1);
        if (!goesOn) return false;
      } finally {
        child.close();
      }
    }
    return true;
  };
  if (start.kind === "file") {
    tally.files = 1;
    await look(start, "");
  } else await descend(start, "", 0);
  return tally;
}

async function namesIn(directory: Held, tally: WalkTally): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of await directory.openNames()) {
    if (names.length === NAMES_MAX) {
      tally.limit = `a directory has more than ${NAMES_MAX} entries, and the rest of it was not searched`;
      break;
    }
    names.push(name);
  }
  return names.sort();
}

function tryOpen(
  roots: readonly FileRoot[],
  directory: Held,
  name: string,
  tally: WalkTally,
): Held | undefined {
  try {
    return openChild(roots, directory, name);
  } catch (error) {
    if (!(error instanceof GoclawError)) throw error;
    tally.passedOver++;
    return undefined;
  }
}
