// Keeps the leases of this boot alive while its main loop is, and takes back those that ran out. It is a chore of the
// writer thread, so a busy main loop does not lose leases, and a stopped one does.

import type { Chore } from "../store/thread.ts";
import type { Tx } from "../store/tx.ts";
import { recoverExpired } from "./recover.ts";
import { LEASED_COUNT } from "./transition.ts";

const RENEW_SQL = `
  UPDATE tasks SET lease_until = @until
  WHERE lease_owner = @owner AND lease_until > @notBefore`;

export function createHeartbeat(owner: string, leaseMs: number): Chore {
  return {
    intervalMs: Math.max(20, leaseMs / 4),
    isNeeded: (tx: Tx) => tx.count(LEASED_COUNT) > 0,
    run: (tx: Tx, pulseAgeMs: number, outageMs: number) => {
      const notBefore = tx.monoMs - outageMs;
      if (pulseAgeMs < leaseMs) tx.run(RENEW_SQL, { owner, notBefore, until: tx.monoMs + leaseMs });
      recoverExpired(tx, owner);
    },
  };
}
