// Reads the words of agents from the home: SOUL.md, soul files and the house rules of AGENTS.md. Nothing outside the
// home is ever read, also not through a symbolic link.

import { realpathSync } from "node:fs";
import { isAbsolute, relative, resolve } from "node:path";
import { messageOf } from "../domain/error.ts";
import { readText, readTextIfPresent } from "./files.ts";
import type { KeyPath, Problem } from "./problem.ts";

const SOUL_BYTES_MAX = 262_144;

/** The text of `soul_file: file`; undefined after reporting a problem. */
export function readSoulFile(
  file: string,
  path: KeyPath,
  home: string,
  problems: Problem[],
): string | undefined {
  const full = resolve(home, file);
  try {
    // Both ends are resolved, so that a symbolic link cannot lead out of the home.
    const inside = isInside(full, home) && isInside(realpathSync(full), realpathSync(home));
    if (inside) return readText(full, SOUL_BYTES_MAX);
    problems.push({ path, what: `${file} is outside the home ${home}`, fix: "move the file into the home" });
  } catch (error) {
    const fix = "correct the name or create the file";
    problems.push({ path, what: `${full} cannot be read (${messageOf(error)})`, fix });
  }
  return undefined;
}

function isInside(file: string, directory: string): boolean {
  const way = relative(directory, file);
  return way !== "" && way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

/** The text of a Markdown file without HTML comments; undefined when it is absent or says nothing. */
export function readMarkdown(file: string, problems: Problem[]): string | undefined {
  try {
    return (
      readTextIfPresent(file, SOUL_BYTES_MAX)
        ?.replace(/<!--[\s\S]*?-->/g, "")
        .trim() || undefined
    );
  } catch (error) {
    const what = `the file cannot be read (${messageOf(error)})`;
    problems.push({ path: [], where: file, what, fix: "mend or remove it" });
    return undefined;
  }
}
