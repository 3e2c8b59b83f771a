// The exact act of a command, as an approval shows and binds it: which file is the program, where it runs, and what the
// files that its arguments name hold at this moment.

import { createHash } from "node:crypto";
import { createReadStream, realpathSync, type Stats, statSync } from "node:fs";
import { resolve } from "node:path";
import { openRoots } from "../domain/act.ts";
import { isWithin } from "../sandbox/bwrap.ts";
import { LIMITS } from "../sandbox/limits.ts";
import { readAsked } from "./command.ts";
import { findExecutable } from "./executable.ts";
import type { Args, ToolContext } from "./tool.ts";

const OPERANDS_MAX = 100;
/** As much is read to bind an act, of all its files together; a larger one is bound by what the kernel says of it. */
const HASHED_BYTES = 67_108_864;

/** Throws as the command itself would: PATH_OUTSIDE, EXEC_FAILED. */
export async function describeCommand(
  tool: string,
  argv: readonly string[],
  args: Args,
  context: ToolContext,
): Promise<Readonly<Record<string, unknown>>> {
  const { cwd, stdin, env, timeoutMs } = readAsked(args, context);
  const { dev, ino } = statSync(cwd);
  const roots = openRoots(context.grant.roots).map(({ path }) => path);
  const isContained = context.sandbox.mode === "docker"; // its programs are those of the image
  const program = isContained ? null : findExecutable(argv[0] ?? "", cwd);
  return {
    tool,
    argv,
    executable: program === null ? null : { path: program, sha256: await hashFile(program, context.signal) },
    cwd: { path: cwd, dev, ino },
    env,
    ...(stdin === "" ? {} : { stdin }),
    stdin_sha256: createHash("sha256").update(stdin).digest("hex"),
    files: await statesOf(operandsOf(argv, cwd, roots), context.signal),
    sandbox: context.sandbox.mode,
    limits: { timeout_ms: timeoutMs, processes: LIMITS.processes, file_bytes: LIMITS.fileBytes },
  };
}

/** Regular files in the roots that an argument names: as a word, behind a `=`, or anywhere in a shell line. */
function operandsOf(argv: readonly string[], cwd: string, roots: readonly string[]): string[] {
  const words = argv.slice(1).flatMap((word) => [word, ...word.split(/[\s;|&<>()'"`=]+/)]);
  const real = roots.flatMap((root) => fileAt(root)?.path ?? []);
  const found = new Set<string>();
  for (const word of new Set(words)) {
    const file = word === "" ? undefined : fileAt(resolve(cwd, word));
    if (file?.stat.isFile() && real.some((root) => isWithin(file.path, root))) found.add(file.path);
    if (found.size === OPERANDS_MAX) break;
  }
  return [...found].sort();
}

function fileAt(path: string): { readonly path: string; readonly stat: Stats } | undefined {
  try {
    const real = realpathSync(path);
    return { path: real, stat: statSync(real) };
  } catch {
    return undefined;
  }
}

/**
 * What the files hold. Of one too large to read for a question: its size, its inode and when it last changed, which
 * nobody can set back.
 */
async function statesOf(paths: readonly string[], signal: AbortSignal): Promise<object[]> {
  const states: object[] = [];
  let left = HASHED_BYTES;
  for (const path of paths) {
    const { size, dev, ino, ctimeNs } = statSync(path, { bigint: true });
    const isRead = size <= left;
    if (isRead) left -= Number(size);
    states.push(
      isRead
        ? { path, sha256: await hashFile(path, signal) }
        : {
            path,
            sha256: null,
            bytes: Number(size),
            dev: Number(dev),
            ino: Number(ino),
            changed: String(ctimeNs),
          },
    );
  }
  return states;
}

async function hashFile(file: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(file, { signal })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
