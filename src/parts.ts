// Builds what everything in a daemon stands on: the configuration, secrets and how they are hidden, the log, the store,
// the policy as it is on disk, the mirror of the audit. daemon.ts puts it between its phases; mind.ts builds upon it.

import { existsSync } from "node:fs";
import { schemaFault } from "./brain/structured.ts";
import { createBus } from "./bus/bus.ts";
import { checkSchemas } from "./config/agent-output.ts";
import type { Config } from "./config/config.ts";
import { createFile } from "./config/files.ts";
import { type LoadInput, loadConfig } from "./config/load.ts";
import { secretsOf as mcpSecretsOf } from "./config/mcp.ts";
import type { Paths } from "./config/paths.ts";
import { secretPartsOf } from "./config/secret-parts.ts";
import { readToken } from "./config/token.ts";
import { auditFiles, readPolicy } from "./control.ts";
import { GoclawError, messageOf } from "./domain/error.ts";
import { releaseOrphans } from "./journal/budget.ts";
import type { WriterThread } from "./native.ts";
import { savePolicyVersion } from "./policy/audit.ts";
import { type AuditMirror, createAuditMirror } from "./policy/audit-mirror.ts";
import { createPolicy, NOTHING, type Policy } from "./policy/policy.ts";
import { type Recovered, recoverOrphans } from "./queue/recover.ts";
import { wakeForBudget } from "./queue/wake.ts";
import { type Children, openChildren } from "./sandbox/children.ts";
import type { SqliteBinding } from "./store/database.ts";
import { openStore, type Store } from "./store/store.ts";
import { systemClock } from "./system.ts";
import { createLog, type Log, type LogFields } from "./telemetry/log.ts";
import { type Redact, redactData } from "./telemetry/redact.ts";
import type { StreamRedactor } from "./telemetry/redact-stream.ts";
import { createSecrets } from "./telemetry/secrets.ts";
import { TOOLS } from "./tools/index.ts";
import type { WriterData } from "./writer.ts";

export type Bus = ReturnType<typeof createBus>;

/** What all parts share: where the home is, what it says, and where to report. */
export interface Ground {
  readonly paths: Paths;
  readonly config: Config;
  readonly log: Log;
  readonly redact: Redact;
  /** Redacts what a model says while it says it. */
  readonly createCleaner: () => StreamRedactor;
  /** Hides one more secret from now on. */
  readonly addSecret: (secret: string) => void;
  /** Takes the keys in use, and nothing that only looks like one, out of plain data. */
  readonly clean: <Data>(data: Data) => Data;
  readonly bus: Bus;
  /** Every program that is started on behalf of a tool or an MCP server. */
  readonly children: Children;
  readonly bootId: string;
  readonly newId: () => string;
  /** `about`: the ids of what it happened to. */
  readonly reportDefect: (component: string, error: unknown, about?: LogFields) => void;
}

/** Every secret the daemon knows when it starts. */
function secretsOf(paths: Paths, config: Config): string[] {
  const { webhookUrl } = config.tools.sendAlert;
  const keys = [...config.providers, ...config.search].flatMap(({ apiKey }) => apiKey ?? []);
  return [
    readToken(paths),
    ...keys,
    ...mcpSecretsOf(config.mcp),
    ...(webhookUrl === undefined ? [] : [webhookUrl, ...secretPartsOf(webhookUrl)]),
  ];
}

export async function readConfig({ paths, env, flags }: LoadInput): Promise<Config> {
  const toolNames = TOOLS.map((tool) => tool.name);
  const config = loadConfig({ paths, env, ...(flags && { flags }), toolNames });
  await checkSchemas(config.agents, paths.config, schemaFault);
  return config;
}

export function layGround(
  paths: Paths,
  config: Config,
  bootId: string,
  newId: () => string,
  logToStderr: boolean,
): Ground {
  const { redact, hide, createCleaner, add } = createSecrets(secretsOf(paths, config));
  const log = createLog({
    file: paths.systemLog,
    level: config.logLevel,
    toStderr: logToStderr,
    redact,
    nowMs: systemClock.nowMs,
  });
  const reportDefect: Ground["reportDefect"] = (component, error, about = {}) =>
    log.error(component, messageOf(error), {
      ...about,
      stack: error instanceof Error ? error.stack : undefined,
    });
  const bus = createBus((error) => reportDefect("bus", error));
  return {
    paths,
    config,
    log,
    redact,
    clean: (data) => redactData(data, hide),
    createCleaner,
    addSecret: add,
    bus,
    children: openChildren(paths.childrenDir),
    bootId,
    newId,
    reportDefect,
  };
}

/** Lets the writer thread open the database. */
export function startStore(
  { paths, config, log, bus, bootId, clean }: Ground,
  binding: SqliteBinding,
  writer: WriterThread,
  onCommit: () => void,
): Promise<Store> {
  const data: WriterData = { file: paths.db, backups: paths.backups, bootId, leaseMs: config.leaseMs };
  writer.postMessage(data);
  return openStore({
    file: paths.db,
    binding,
    worker: writer,
    onEvents: (events) => events.forEach(bus.publish),
    onCommit,
    clean,
    onDefect: (verb, message, stack) => log.error("store", message, { verb, stack }),
    onFault: (fault, why) => {
      if (fault === null) log.warn("store", "storage works again");
      else log.error("store", `storage fault ${fault}: ${why}`, { code: fault });
    },
    onLost: () => {
      throw new GoclawError("INTERNAL", "the writer thread ended; see the log for why");
    },
  });
}

/** What earlier boots left: their tasks go back, their reservations are free, and waits for budget look again. */
export async function recover(store: Store, bootId: string): Promise<Recovered> {
  const [recovered] = await Promise.all([
    store.run(recoverOrphans, { owner: bootId }),
    store.run(releaseOrphans, { owner: bootId }),
    store.run(wakeForBudget, null),
  ]);
  return recovered;
}

/** Reads policy.yaml and keeps its text under its version before it is in force. Without the file nothing is allowed. */
export async function loadPolicy({ paths, log }: Ground, store: Store): Promise<Policy> {
  const isThere = existsSync(paths.policy);
  if (!isThere) log.warn("policy", `${paths.policy} is not there: everything is denied`);
  const policy = isThere ? readPolicy(paths) : createPolicy(NOTHING, "");
  await store.run(savePolicyVersion, { version: policy.version, text: policy.text });
  return policy;
}

/** logs/audit.jsonl beside the table. */
export function mirrorAudit({ paths, log }: Ground, { reader }: Store): AuditMirror {
  return createAuditMirror({
    reader,
    files: auditFiles(paths),
    nowMs: systemClock.nowMs,
    createFile: (file, text) => void createFile(file, () => text),
    onTrouble: (trouble) => {
      const file = paths.auditLog;
      if (trouble === null) log.info("audit", `${file} is written again and caught up with the audit table`);
      else log.error("audit", `${file} cannot be written; the audit goes on in the database: ${trouble}`);
    },
  });
}
