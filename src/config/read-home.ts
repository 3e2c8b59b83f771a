// Reads the two text files of a home that the settings come from: config.yaml and .env. A file that is absent is empty;
// one that cannot be read is a problem.

import { messageOf } from "../domain/error.ts";
import { mergeEnv, parseDotEnv } from "./dotenv.ts";
import type { Env } from "./env.ts";
import { readTextIfPresent } from "./files.ts";
import type { Paths } from "./paths.ts";
import type { Problem } from "./problem.ts";

const TEXT_BYTES_MAX = 4_194_304;

export interface HomeFiles {
  /** The text of config.yaml; undefined when there is none. */
  readonly text: string | undefined;
  /** The environment with `.env` behind it. */
  readonly env: Env;
  readonly problems: readonly Problem[];
}

export function readHome(paths: Paths, env: Env): HomeFiles {
  const problems: Problem[] = [];
  const text = readFile(paths.config, problems);
  const dotEnv = parseDotEnv(readFile(paths.dotEnv, problems) ?? "", paths.dotEnv);
  return { text, env: mergeEnv(env, dotEnv.variables), problems: [...problems, ...dotEnv.problems] };
}

function readFile(file: string, problems: Problem[]): string | undefined {
  try {
    return readTextIfPresent(file, TEXT_BYTES_MAX);
  } catch (error) {
    const what = `the file cannot be read (${messageOf(error)})`;
    problems.push({ path: [], where: file, what, fix: "mend its owner, mode or contents" });
    return undefined;
  }
}
