// Looks through directories level by level, so that what is near the top is found first, and through no more of them than
// there is time for before every command. One that cannot be read is empty.

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";

/** How many levels below the root, and how many directories in all. */
export interface Reach {
  readonly depth: number;
  readonly directories: number;
}

/** `look` returns the directories to look into next. A link is no directory. */
export async function walk(
  root: string,
  { depth, directories }: Reach,
  look: (directory: string, entries: readonly Dirent[]) => readonly string[],
): Promise<void> {
  let level = [root];
  for (let at = 0, left = directories; at <= depth && level.length > 0; at++) {
    const looked = level.slice(0, left);
    left -= looked.length;
    const inner = looked.map(async (directory) => look(directory, await entriesOf(directory)));
    level = (await Promise.all(inner)).flat();
  }
}

function entriesOf(directory: string): Promise<Dirent[]> {
  return readdir(directory, { withFileTypes: true }).catch(() => []);
}
