// Which file a command's first word means: what the sandbox's PATH would find, so that an approval can name it and a
// word that means nothing is an answer at once.

import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { GoclawError } from "../domain/error.ts";

const PLACES = ["/usr/local/bin", "/usr/bin", "/bin"];

/** The real path of the program; throws EXEC_FAILED when there is none. */
export function findExecutable(word: string, cwd: string): string {
  const candidates = word.includes("/") ? [resolve(cwd, word)] : PLACES.map((place) => join(place, word));
  const found = word === "" ? undefined : candidates.find(isProgram);
  if (found !== undefined) return realpathSync(found);
  const places = word.includes("/") ? `at ${candidates[0]}` : `in ${PLACES.join(", ")}`;
  throw new GoclawError(
    "EXEC_FAILED",
    `there is no program ${JSON.stringify(word)} ${places}; a shell's own words, such as cd, need the tool shell`,
  );
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
