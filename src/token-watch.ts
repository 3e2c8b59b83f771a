// The token of the home while it may be rotated: a new one is hidden like the old one, whoever still listens with the old
// one is cut off, and the rotation is in the log and in the audit. The file is watched, so this needs no request.

import { messageOf } from "./domain/error.ts";
import { createTokenReader } from "./gateway/token.ts";
import type { Ground } from "./parts.ts";
import { type AuditRecord, recordAudit } from "./policy/audit.ts";
import type { Guard } from "./policy/guard.ts";
import type { Store } from "./store/store.ts";
import { watchFile } from "./watch-file.ts";

export interface TokenWatch {
  /** The token now. */
  readonly read: () => string;
  /** Whom to tell that the token before is worth nothing any more. */
  readonly onRotated: (listener: () => void) => void;
  stop(): void;
}

export function watchToken(
  { paths, log, newId, addSecret, reportDefect }: Ground,
  store: Store,
  guard: Guard,
): TokenWatch {
  const listeners: (() => void)[] = [];
  let isStill = false;
  const onRotated = (token: string): void => {
    addSecret(token);
    for (const listener of listeners) listener();
    log.warn("auth", "auth.token was rotated; the token before is refused", { code: "TOKEN_ROTATED" });
    const record: AuditRecord = {
      ...{ traceId: newId(), taskId: null, agentId: null, principal: "file" },
      ...{ capability: "admin.token", resource: "auth.token", decision: "allow", rule: "rotated" },
      ...{ policyVersion: guard.policy().version, code: "TOKEN_ROTATED", request: null },
    };
    store.run(recordAudit, record).catch((error: unknown) => reportDefect("audit", error));
  };
  const read = createTokenReader(paths, onRotated, () => isStill);
  read();
  const doubt = (): void => {
    isStill = false;
  };
  const look = (isWatched: boolean): void => {
    doubt();
    try {
      read();
      isStill = isWatched;
    } catch (error) {
      log.error("auth", messageOf(error));
    }
  };
  return {
    read,
    onRotated: (listener) => void listeners.push(listener),
    stop: watchFile(paths.token, look, doubt),
  };
}
