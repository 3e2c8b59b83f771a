// Requests a day of each provider that has a limit, counted in the database before each request is made: a crash can
// count one too many, and a restart forgets none. The day is UTC, by the writer's clock.

import { resetsAt } from "../domain/budget.ts";
import type { Reader } from "../store/reader.ts";
import { defineVerb } from "../store/verb.ts";

export interface CountInput {
  readonly provider: string;
  readonly limit: number;
}

export interface Counted {
  /** False when the limit is reached; then the request was not counted and must not be made. */
  readonly ok: boolean;
  readonly used: number;
  /** How long until 00:00 UTC, in ms. */
  readonly resetsInMs: number;
}

const USED_SQL = "SELECT requests FROM provider_requests WHERE provider = @provider AND day = @day";

const COUNT_SQL = `
  INSERT INTO provider_requests (provider, day, requests) VALUES (@provider, @day, 1)
  ON CONFLICT (provider, day) DO UPDATE SET requests = requests + 1`;

export const countRequest = defineVerb(
  "engine.count_request",
  (tx, { provider, limit }: CountInput): Counted => {
    const day = dayOf(tx.nowMs);
    const used = tx.get<{ requests: number }>(USED_SQL, { provider, day })?.requests ?? 0;
    const resetsInMs = (resetsAt("day", tx.nowMs) ?? tx.nowMs) - tx.nowMs;
    if (used >= limit) return { ok: false, used, resetsInMs };
    tx.run(COUNT_SQL, { provider, day });
    return { ok: true, used: used + 1, resetsInMs };
  },
);

export function requestsToday(reader: Reader, provider: string, nowMs: number): number {
  const row = reader.get<{ requests: number }>(USED_SQL, { provider, day: dayOf(nowMs) });
  return row?.requests ?? 0;
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
