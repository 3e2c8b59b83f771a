// What a tool asks of the sandbox and what it gets back, and the ways of running a command that the sandbox chooses
// among.

import type { FileRoot } from "../domain/act.ts";
import type { Clock } from "../domain/time.ts";
import type { Pen } from "./cgroup.ts";
import type { Children } from "./children.ts";
import type { Followed } from "./follow.ts";
import type { Shields } from "./shield.ts";

export type SandboxMode = "bwrap" | "docker" | "host";

export interface SandboxSettings {
  readonly mode: SandboxMode;
  /** Where bubblewrap is; the first of the usual places when undefined. */
  readonly bwrapPath: string | undefined;
  readonly dockerImage: string | undefined;
  /** Names of variables that a call may set beside the usual ones. */
  readonly envNames: readonly string[];
  readonly memoryBytes: number;
}

export interface Job {
  readonly argv: readonly string[];
  /** Real path, inside one of the roots. */
  readonly cwd: string;
  readonly stdin: string;
  /** Variables that the call declares. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly workspace: string;
  readonly roots: readonly FileRoot[];
  /** Paths in or around the roots that a rule speaks against: neither seen nor written. */
  readonly barred: readonly string[];
  readonly allowUnsandboxed: boolean;
  readonly signal: AbortSignal;
}

export interface Ran extends Omit<Followed, "report"> {
  /** Limits that it ran into, in words. */
  readonly limits: readonly string[];
  /** Control files that it made, and that were taken away again. */
  readonly undone: readonly string[];
}

export interface SandboxPorts {
  readonly settings: SandboxSettings;
  readonly children: Children;
  readonly clock: Clock;
  /** GoClaw's home: no command sees it, but for the workspace. */
  readonly home: string;
}

/** A job with everything decided but the way it runs. */
export interface Order extends Job {
  /** Its whole environment. */
  readonly fullEnv: Readonly<Record<string, string>>;
  /** Real paths that exist, none of them inside the home but the workspace, nor inside what is barred. */
  readonly roots: readonly FileRoot[];
  /** Real paths that exist. */
  readonly barred: readonly string[];
}

export interface Bench extends SandboxPorts {
  /** Shown in place of files that no command may read. */
  readonly emptyFile: string;
  readonly shields: Shields;
  /** Undefined where this machine lets us limit memory for nobody. */
  readonly openPen: () => Pen | undefined;
}

export type Runner = (bench: Bench, order: Order) => Promise<Ran>;
