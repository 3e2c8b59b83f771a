// Keeps the circuit breakers of the providers in the database, so that a restart does not forget who failed.

import type { BreakerState } from "../providers/breaker.ts";
import type { Reader } from "../store/reader.ts";
import { defineVerb } from "../store/verb.ts";

const SAVE_SQL = `
  INSERT INTO provider_health (provider, failures, opened_at, updated_at)
  VALUES (@provider, @failures, @openedAt, @now)
  ON CONFLICT (provider) DO UPDATE SET failures = @failures, opened_at = @openedAt, updated_at = @now`;

export const saveBreaker = defineVerb("engine.save_breaker", (tx, state: BreakerState): void => {
  const { provider, failures, openedAt } = state;
  tx.run(SAVE_SQL, { provider, failures, openedAt, now: tx.nowMs });
});

const LOAD_SQL = "SELECT provider, failures, opened_at AS openedAt FROM provider_health";

export function loadBreakers(reader: Reader): BreakerState[] {
  return reader.all<BreakerState>(LOAD_SQL);
}
