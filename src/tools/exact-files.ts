// What an approval of a change of files binds: the arguments, and each file as it is when the question is asked, so that
// a yes to one content is no yes to another.

import type { FileRoot } from "../domain/act.ts";
import { codeOf } from "../domain/error.ts";
import { judgePath } from "../policy/path-rules.ts";
import { openBeneath } from "../policy/paths.ts";
import { digestOf } from "./act-record.ts";
import { FILE_BYTES } from "./file-text.ts";
import type { Args, Tool } from "./tool.ts";

/** An `exactAct` over the paths that the arguments name. Throws what the act itself would, PATH_* before all. */
export function exactFiles(
  name: string,
  pathsOf: (args: Args) => readonly string[],
): NonNullable<Tool["exactAct"]> {
  return async (args, { grant }) => {
    const files = [];
    for (const path of pathsOf(args)) files.push(await fileNow(grant.roots, path));
    return { tool: name, arguments: args, files };
  };
}

async function fileNow(
  roots: readonly FileRoot[],
  path: string,
): Promise<{ readonly path: string; readonly sha256: string | null }> {
  const judged = judgePath(roots, path, "rw");
  const real = judged.ok ? judged.real : path;
  try {
    const held = openBeneath(roots, path, "rw");
    try {
      return {
        path: real,
        sha256: held.kind === "absent" ? null : digestOf(await held.readWhole(FILE_BYTES)),
      };
    } finally {
      held.close();
    }
  } catch (error) {
    // A directory on the way that does not exist yet: the act will make it.
    if (codeOf(error) === "TOOL_FAILED") return { path: real, sha256: null };
    throw error;
  }
}
