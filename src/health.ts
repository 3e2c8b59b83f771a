// What /readyz and /healthz say: whether the daemon takes work now, and how its parts are.

import type { Config } from "./config/config.ts";
import { findProvider } from "./config/config.ts";
import type { Engine } from "./engine/engine.ts";
import type { Health } from "./gateway/ops.ts";
import { countWaiting } from "./journal/approval-list.ts";
import type { Sandbox } from "./sandbox/sandbox.ts";
import type { Store } from "./store/store.ts";
import { countTasks } from "./store/tasks.ts";

/** `starting` until recovery is done, `draining` from the first stop signal. */
export type Stage = "starting" | "running" | "draining";

export interface HealthPorts {
  readonly config: Config;
  readonly store: Store;
  readonly engine: Engine;
  readonly sandbox: Sandbox;
  readonly bootId: string;
  readonly version: string;
  readonly policyVersion: () => string;
  /** Why policy.yaml as it is now is not in force; null when it is. */
  readonly policyFailure: () => string | null;
  /** Why logs/audit.jsonl is behind the audit table; null when it is not. */
  readonly auditTrouble: () => string | null;
  readonly stage: () => Stage;
  readonly uptimeMs: () => number;
}

export function createHealth(ports: HealthPorts): Health {
  const { config, store, engine, sandbox } = ports;
  const provider = findProvider(config, config.llm.provider);
  return {
    notReady: () => notReady(ports.stage(), store.fault()),
    warnings: () => [
      ...(ports.policyFailure() === null ? [] : ["policy_reload_failed"]),
      ...(ports.auditTrouble() === null ? [] : ["audit_mirror_failed"]),
    ],
    components: () => {
      const { retryWait, deadLetter, ...counts } = countTasks(store.reader);
      const fault = store.fault();
      const trouble = sandbox.trouble();
      const auditTrouble = ports.auditTrouble();
      const reason = provider === undefined ? "not in config.yaml" : provider.missingReason;
      return {
        version: ports.version,
        boot_id: ports.bootId,
        pid: process.pid,
        uptime_seconds: Math.floor(ports.uptimeMs() / 1000),
        queue: { ...counts, retry_wait: retryWait, dead_letter: deadLetter },
        approvals: { waiting: countWaiting(store.reader) },
        lanes: { total: config.workerCount, busy: engine.busyLanes() },
        database: { ok: fault === null, ...(fault === null ? {} : { fault }) },
        audit: {
          mirrored: auditTrouble === null,
          ...(auditTrouble === null ? {} : { trouble: auditTrouble }),
        },
        policy_version: ports.policyVersion(),
        ...(ports.policyFailure() === null ? {} : { policy_reload_failed: ports.policyFailure() }),
        sandbox: {
          mode: sandbox.mode,
          ok: trouble === null,
          limits_memory: sandbox.limitsMemory(),
          ...(trouble === null ? {} : { trouble }),
        },
        config_fingerprint: config.fingerprint,
        provider: {
          id: config.llm.provider,
          model: config.llm.model,
          configured: reason === undefined,
          ...(reason === undefined ? {} : { reason }),
        },
      };
    },
  };
}

function notReady(stage: Stage, fault: ReturnType<Store["fault"]>): ReturnType<Health["notReady"]> {
  if (stage === "draining") return { code: "SHUTTING_DOWN", message: "the daemon is stopping" };
  if (stage === "starting") return { code: "STARTING", message: "the daemon has not finished its recovery" };
  if (fault === null) return null;
  return {
    code: fault,
    message: "the database refuses writes; the daemon goes on by itself when it can write again",
  };
}
