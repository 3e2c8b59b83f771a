// Puts policy.yaml in force again whenever it changes. A file that is not valid, or not there, changes nothing but what is
// said about it: the policy before stays in force, and the failure is in the log, in the audit and in /readyz.

import { readPolicy } from "./control.ts";
import { type Code, codeOf, GoclawError, messageOf } from "./domain/error.ts";
import type { Ground } from "./parts.ts";
import { type AuditRecord, recordAudit, savePolicyVersion } from "./policy/audit.ts";
import type { Guard } from "./policy/guard.ts";
import type { Store } from "./store/store.ts";
import { watchFile } from "./watch-file.ts";

export interface PolicyWatch {
  /** Why the file as it is now is not in force; null when it is. */
  failed(): string | null;
  stop(): Promise<void>;
}

export function watchPolicy({ paths, log, newId }: Ground, store: Store, guard: Guard): PolicyWatch {
  let failure: string | null = null;
  let reloading: Promise<void> = Promise.resolve();

  const record = (decision: "allow" | "deny", rule: string, code: Code | null): AuditRecord => ({
    traceId: newId(),
    taskId: null,
    agentId: null,
    principal: "file",
    capability: "admin.policy",
    resource: "policy.yaml",
    decision,
    rule,
    policyVersion: guard.policy().version,
    code,
    request: null,
  });

  const reload = async (): Promise<void> => {
    try {
      const policy = readPolicy(paths);
      if (policy.version === guard.policy().version && failure === null) return;
      await store.run(savePolicyVersion, { version: policy.version, text: policy.text });
      await store.run(recordAudit, record("allow", `policy ${policy.version}`, null));
      guard.adopt(policy);
      failure = null;
      log.info("policy", `policy.yaml is in force again, version ${policy.version}`);
    } catch (error) {
      failure = messageOf(error);
      log.error("policy", `policy.yaml was not reloaded, the policy before stays in force: ${failure}`);
      const code = error instanceof GoclawError ? codeOf(error) : "POLICY_INVALID";
      await store.run(recordAudit, record("deny", "policy_reload_failed", code));
    }
  };
  // What happened to the file during the start is looked at once.
  const unwatch = watchFile(paths.policy, () => {
    reloading = reloading.then(reload).catch((error: unknown) => log.error("policy", messageOf(error)));
  });
  return {
    failed: () => failure,
    stop: async () => {
      unwatch();
      await reloading;
    },
  };
}
