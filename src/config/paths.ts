// The layout of a home directory: every file and directory of GoClaw has its name here and nowhere else.

import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { type Env, readVariable } from "./env.ts";

export interface Paths {
  readonly home: string;
  readonly config: string;
  readonly policy: string;
  readonly token: string;
  readonly soul: string;
  readonly agentsMd: string;
  readonly dotEnv: string;
  readonly db: string;
  readonly runDir: string;
  readonly daemonJson: string;
  /** Records of the programs that a daemon started. */
  readonly childrenDir: string;
  readonly lockDb: string;
  readonly lockPid: string;
  readonly logsDir: string;
  readonly systemLog: string;
  readonly auditLog: string;
  readonly auditCheckpoints: string;
  readonly auditKey: string;
  readonly skills: string;
  readonly installed: string;
  readonly workspace: string;
  readonly backups: string;
  readonly cassettes: string;
}

/** The home directory: the `--home` flag, else GOCLAW_HOME, else ~/.goclaw; absolute. */
export function resolveHome(env: Env, flag?: string): string {
  return resolve(flag || readVariable(env, "GOCLAW_HOME") || join(homedir(), ".goclaw"));
}

export function resolvePaths(home: string): Paths {
  const root = resolve(home);
  const at = (...names: string[]): string => join(root, ...names);
  return {
    home: root,
    config: at("config.yaml"),
    policy: at("policy.yaml"),
    token: at("auth.token"),
    soul: at("SOUL.md"),
    agentsMd: at("AGENTS.md"),
    dotEnv: at(".env"),
    db: at("goclaw.db"),
    runDir: at("run"),
    daemonJson: at("run", "daemon.json"),
    childrenDir: at("run", "children"),
    lockDb: at("run", "lock.db"),
    lockPid: at("run", "lock.pid"),
    logsDir: at("logs"),
    systemLog: at("logs", "system.jsonl"),
    auditLog: at("logs", "audit.jsonl"),
    auditCheckpoints: at("logs", "audit.checkpoints"),
    auditKey: at("audit.key"),
    skills: at("skills"),
    installed: at("installed"),
    workspace: at("workspace"),
    backups: at("backups"),
    cassettes: at("cassettes"),
  };
}
