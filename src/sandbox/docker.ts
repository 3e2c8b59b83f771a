// The arguments of `docker run` for one command: a container of its own without network, capabilities or a writable
// system, removed when it ends. For machines where bubblewrap cannot be used and an operator chose Docker in words.

import type { FileRoot } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import { isWithin } from "./bwrap.ts";
import type { Cover } from "./cover.ts";
import { LIMITS } from "./limits.ts";

export interface Container {
  /** Unique on this machine: it is how the container is removed when its client is killed. */
  readonly name: string;
  readonly image: string;
  readonly argv: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly roots: readonly FileRoot[];
  readonly covers: readonly Cover[];
  /** An empty file of this machine, shown in place of files that are not. */
  readonly emptyFile: string;
  /** GoClaw's own: not seen, whatever root holds it. */
  readonly home: string;
  readonly memoryBytes: number;
  readonly uid: number;
  readonly gid: number;
}

export function dockerRun(container: Container): readonly string[] {
  const { name, image, argv, cwd, env, roots, covers, emptyFile, home, memoryBytes, uid, gid } = container;
  const { processes, openFiles, fileBytes, cpuSeconds, tmpBytes } = LIMITS;
  return [
    ...["run", "--rm", "--interactive", "--init", "--name", name, "--pull", "never"],
    ...["--network", "none", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"],
    ...["--user", `${uid}:${gid}`, "--tmpfs", `/tmp:rw,size=${tmpBytes}`, "--workdir", cwd],
    ...[
      "--memory",
      String(memoryBytes),
      "--memory-swap",
      String(memoryBytes),
      "--pids-limit",
      String(processes),
    ],
    ...["--ulimit", `nofile=${openFiles}`, "--ulimit", `fsize=${fileBytes}`, "--ulimit", `cpu=${cpuSeconds}`],
    ...["--ulimit", "core=0"],
    ...Object.entries(env).flatMap(([variable, value]) => ["--env", `${variable}=${value}`]),
    ...mountRoots(roots, home),
    ...covers.flatMap((cover) => coverOf(cover, emptyFile)),
    ...["--entrypoint", argv[0] ?? "", image, ...argv.slice(1)],
  ];
}

/** From the outside in; of GoClaw's home, where one of them holds it, only what is a root itself. */
function mountRoots(roots: readonly FileRoot[], home: string): string[] {
  const around = roots.filter(({ path }) => isWithin(home, path));
  const others = roots.filter((root) => !around.includes(root));
  const bound = ({ path, mode }: FileRoot): string[] => mountOf(path, path, mode === "ro");
  const hidden = around.length === 0 ? [] : emptyAt(home);
  return [...around.flatMap(bound), ...hidden, ...others.flatMap(bound)];
}

function emptyAt(path: string): string[] {
  return ["--mount", `type=tmpfs,destination=${fieldOf(path)},tmpfs-mode=0555`];
}

function coverOf({ path, as }: Cover, emptyFile: string): string[] {
  switch (as) {
    case "pinned":
      return mountOf(path, path, false);
    case "read":
      return mountOf(path, path, true);
    case "empty_file":
      return mountOf(emptyFile, path, true);
    case "empty_directory":
      return emptyAt(path);
  }
}

function mountOf(source: string, destination: string, isReadOnly: boolean): string[] {
  const fields = ["type=bind", `source=${fieldOf(source)}`, `destination=${fieldOf(destination)}`];
  return ["--mount", [...fields, ...(isReadOnly ? ["readonly"] : [])].join(",")];
}

/** Docker reads --mount as a line of CSV, and has no way to write these. */
function fieldOf(path: string): string {
  if (!/[",\r\n]/.test(path)) return path;
  throw new GoclawError(
    "SANDBOX_UNAVAILABLE",
    `docker cannot mount ${JSON.stringify(path)}, because of a comma, quote or line break in its name; rename it`,
  );
}
