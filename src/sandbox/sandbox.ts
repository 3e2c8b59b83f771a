// Runs one command for a tool, in the one way that config.yaml names: inside bubblewrap, inside Docker, or, where the
// policy allows that in words too, as a plain program of this machine. When that way is not to be had, the command is
// refused; it never runs in a weaker one.

import { closeSync, existsSync, openSync, readdirSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FileRoot } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import { isWithin } from "./bwrap.ts";
import { findPens } from "./cgroup.ts";
import { environmentOf } from "./environment.ts";
import { findBwrap } from "./find-bwrap.ts";
import type { Bench, Job, Ran, Runner, SandboxMode, SandboxPorts } from "./job.ts";
import { LIMITS } from "./limits.ts";
import { isSecretPlace } from "./secrets.ts";
import { createShields } from "./shield.ts";

export interface Sandbox {
  readonly mode: SandboxMode;
  /** Throws SANDBOX_UNAVAILABLE, SANDBOX_DENIED, ENV_DENIED or EXEC_FAILED; then nothing has run. */
  run(job: Job): Promise<Ran>;
  /** What is known to keep commands from running; null when nothing is. */
  trouble(): string | null;
  /** Whether the memory of a command can be limited here; null before the first command. */
  limitsMemory(): boolean | null;
}

/** Loaded at the first command. */
const RUNNERS: Readonly<Record<SandboxMode, () => Promise<Runner>>> = {
  bwrap: async () => (await import("./run-bwrap.ts")).runWrapped,
  docker: async () => (await import("./run-docker.ts")).runContained,
  host: async () => (await import("./run-host.ts")).runPlain,
};

export function createSandbox(ports: SandboxPorts): Sandbox {
  const { settings } = ports;
  const emptyFile = join(ports.home, "run", "empty");
  const pens = lazyPens(settings.memoryBytes);
  const bench: Bench = { ...ports, emptyFile, openPen: pens.open, shields: createShields() };
  let trouble: string | null | undefined;
  return {
    mode: settings.mode,
    trouble: () => (trouble === undefined ? firstTrouble(ports) : trouble),
    limitsMemory: pens.areMade,
    run: async (job) => {
      const { workspace: home, env: declared } = job;
      const fullEnv = environmentOf({ home, declared, extraNames: settings.envNames });
      try {
        if (!existsSync(emptyFile)) closeSync(openSync(emptyFile, "w", 0o400));
        const runner = await RUNNERS[settings.mode]();
        const barred = job.barred.flatMap((path) => realpathIfAny(path) ?? []);
        const roots = realRoots(job, ports.home).filter(
          ({ path }) => !barred.some((closed) => isWithin(path, closed)),
        );
        const ran = await runner(
          { ...bench, home: realpathSync(ports.home) },
          { ...job, fullEnv, roots, barred },
        );
        trouble = null;
        return ran;
      } catch (error) {
        if (error instanceof GoclawError && error.code === "SANDBOX_UNAVAILABLE") trouble = error.message;
        throw error;
      }
    },
  };
}

/** Before the first command only what costs nothing is looked at. */
function firstTrouble({ settings: { mode, bwrapPath } }: SandboxPorts): string | null {
  if (mode !== "bwrap" || findBwrap(bwrapPath) !== undefined) return null;
  return `${bwrapPath ?? "bubblewrap"} is not installed`;
}

function lazyPens(memoryBytes: number): { open: Bench["openPen"]; areMade: () => boolean | null } {
  let make: ReturnType<typeof findPens> | null = null;
  return {
    open: () => {
      if (make === null) make = findPens();
      return make?.({ memoryBytes, processes: LIMITS.processes });
    },
    areMade: () => (make === null ? null : make !== undefined),
  };
}

/**
 * The roots as they really are. Of the home only the workspace is one, whatever the policy lists; and a root inside
 * another that can be written is one only where no link leads out of that: a command may have put the link there.
 */
function realRoots({ workspace, roots }: Job, home: string): FileRoot[] {
  const [realHome, realWorkspace] = [realpathSync(home), realpathSync(workspace)];
  const writable = roots.filter(({ mode }) => mode === "rw").map(({ path }) => resolve(path));
  const modes = new Map<string, FileRoot["mode"]>();
  for (const { path, mode } of roots.flatMap(withoutSystem)) {
    const real = realpathIfAny(path);
    if (real === undefined || (isSecretPlace(real) && !isWithin(real, realWorkspace))) continue;
    if (isWithin(real, realHome) && !isWithin(real, realWorkspace)) continue;
    const around = writable.filter((root) => isWithin(resolve(path), root));
    if (around.some((root) => !isWithin(real, realpathIfAny(root) ?? root))) continue;
    if (modes.get(real) !== "rw") modes.set(real, mode);
  }
  return [...modes].map(([path, mode]) => ({ path, mode }));
}

/** The sandbox has system directories of its own: of `/` the others are opened. */
const SYSTEM_DIRECTORIES = /^(s?bin|lib(x?32|64)?|usr|etc|proc|dev|sys|run|tmp|lost\+found)$/;

function withoutSystem(root: FileRoot): FileRoot[] {
  if (resolve(root.path) !== "/") return [root];
  const entries = readdirSync("/", { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !SYSTEM_DIRECTORIES.test(entry.name))
    .map(({ name }) => ({ ...root, path: `/${name}` }));
}

function realpathIfAny(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}
