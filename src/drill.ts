// The failover drill: each fault once through a chain of two providers, over real connections and the code that real
// calls take, held against what the fault's class demands.

import { setTimeout as delay } from "node:timers/promises";
import { callModel } from "./brain/call.ts";
import type { DrillRow } from "./cli/context.ts";
import { createBreaker } from "./providers/breaker.ts";
import {
  DRILL_FAULTS,
  type DrillFault,
  type DrillUpstream,
  startDrillUpstream,
} from "./providers/drill-upstream.ts";
import { createFailover } from "./providers/failover.ts";
import { openProvider } from "./providers/index.ts";
import type { ErrorClass, Part, Provider } from "./providers/provider.ts";
import { systemClock } from "./system.ts";

const TIMEOUT_MS = 400;
const NEVER_OPENS = 100;

interface Expected {
  readonly errorClass: ErrorClass;
  readonly verdict: DrillRow["verdict"];
}

const EXPECTED: Readonly<Record<DrillFault, Expected>> = {
  "401": { errorClass: "auth", verdict: "next" },
  "402": { errorClass: "quota", verdict: "next" },
  "404": { errorClass: "unsupported", verdict: "next" },
  "429": { errorClass: "rate_limit", verdict: "again, then next" },
  "500": { errorClass: "overloaded", verdict: "again, then next" },
  "529": { errorClass: "overloaded", verdict: "again, then next" },
  "400": { errorClass: "bad_request", verdict: "stop" },
  "too long": { errorClass: "context_length", verdict: "stop" },
  refused: { errorClass: "refused", verdict: "stop" },
  hang: { errorClass: "timeout", verdict: "next" },
  "hang-up": { errorClass: "network", verdict: "again, then next" },
  "reset mid-stream": { errorClass: "network", verdict: "again, then next" },
  "malformed SSE": { errorClass: "malformed", verdict: "next" },
  HTML: { errorClass: "malformed", verdict: "next" },
  "no finish reason": { errorClass: "malformed", verdict: "next" },
};

export async function drillModels(): Promise<DrillRow[]> {
  const primary = await startDrillUpstream();
  const backup = await startDrillUpstream();
  try {
    const rows: DrillRow[] = [];
    for (const fault of DRILL_FAULTS) rows.push(await drill(fault, primary, backup));
    return rows;
  } finally {
    await Promise.all([primary.close(), backup.close()]);
  }
}

async function drill(fault: DrillFault, primary: DrillUpstream, backup: DrillUpstream): Promise<DrillRow> {
  const breaker = createBreaker({
    ...{ threshold: NEVER_OPENS, cooldownMs: 1, nowMs: systemClock.nowMs, restored: [], save: () => {} },
  });
  const classes: ErrorClass[] = [];
  const note = (part: Part): void => {
    if (part.type === "error") classes.push(part.errorClass);
  };
  const links = [
    { provider: watched(open("primary", primary.baseUrl), note), model: fault },
    { provider: open("backup", backup.baseUrl), model: "sound" },
  ] as const;
  const wait = (ms: number, signal: AbortSignal): Promise<void> => delay(ms, undefined, { signal });
  const chain = createFailover([...links], { breaker, wait });
  const request = {
    model: fault,
    messages: [{ role: "user", text: "drill" } as const],
    tools: [],
    sampling: {},
  };
  const startedMs = systemClock.monoMs();
  const silent = { onText: () => {}, onSeam: () => {} };
  const called = await callModel(chain, request, new AbortController().signal, silent);
  const ms = Math.round(systemClock.monoMs() - startedMs);
  const [first, second] = [primary.take(), backup.take()];
  const counted = breaker.states().find(({ provider }) => provider === "primary")?.failures ?? 0;
  const row = {
    fault,
    errorClass: classes[0] ?? "none",
    verdict: verdictOf(first.calls, second.calls),
    answeredBy: called.ok ? (called.answer.provider as "primary" | "backup") : null,
    calls: { primary: first.calls, backup: second.calls },
    billedTokens: { primary: first.billedTokens, backup: second.billedTokens },
    counted,
    ms,
  };
  return { ...row, ok: isRight(row, EXPECTED[fault]) };
}

function isRight(row: Omit<DrillRow, "ok">, { errorClass, verdict }: Expected): boolean {
  const stops = verdict === "stop";
  return (
    row.errorClass === errorClass &&
    row.verdict === verdict &&
    row.answeredBy === (stops ? null : "backup") &&
    // What is wrong with the request, or with the choice of a model, is not held against the provider; the rest is.
    row.counted === (stops || errorClass === "unsupported" ? 0 : row.calls.primary)
  );
}

function verdictOf(primaryCalls: number, backupCalls: number): DrillRow["verdict"] {
  if (backupCalls === 0) return "stop";
  return primaryCalls > 1 ? "again, then next" : "next";
}

function open(id: string, baseUrl: string): Provider {
  const settings = { id, type: "openai_compatible", apiKey: "drill", missingReason: undefined } as const;
  return openProvider({ ...settings, baseUrl, timeoutMs: TIMEOUT_MS }, { loadCassette: () => undefined });
}

/** The provider, with somebody looking on. */
function watched(provider: Provider, note: (part: Part) => void): Provider {
  return {
    id: provider.id,
    stream: async function* (request, signal) {
      for await (const part of provider.stream(request, signal)) {
        note(part);
        yield part;
      }
    },
  };
}
