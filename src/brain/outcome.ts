// What a provider's failure means for the task: a table from the closed error classes to reason codes. A class without
// a retry reason ends the task, because trying the same thing again cannot help.

import type { Code } from "../domain/error.ts";
import type { Outcome } from "../domain/task.ts";
import type { ErrorClass, ProviderFailure } from "../providers/provider.ts";

interface Meaning {
  readonly code: Code;
  readonly retry: boolean;
}

const MEANING: Record<Exclude<ErrorClass, "aborted" | "daily_limit">, Meaning> = {
  not_configured: { code: "PROVIDER_NOT_CONFIGURED", retry: false },
  auth: { code: "PROVIDER_AUTH", retry: false },
  quota: { code: "PROVIDER_QUOTA", retry: false },
  unsupported: { code: "PROVIDER_BAD_REQUEST", retry: false },
  bad_request: { code: "PROVIDER_BAD_REQUEST", retry: false },
  context_length: { code: "PROVIDER_CONTEXT_LENGTH", retry: false },
  refused: { code: "PROVIDER_REFUSED", retry: false },
  cassette_miss: { code: "CASSETTE_MISS", retry: false },
  cassette_broken: { code: "CASSETTE_BROKEN", retry: false },
  rate_limit: { code: "RETRY_PROVIDER_RATE_LIMIT", retry: true },
  overloaded: { code: "RETRY_PROVIDER_OVERLOADED", retry: true },
  timeout: { code: "RETRY_PROVIDER_TIMEOUT", retry: true },
  network: { code: "RETRY_PROVIDER_NETWORK", retry: true },
  malformed: { code: "RETRY_PROVIDER_MALFORMED", retry: true },
};

/** What a used-up limit asks for, and the time it is looked at. */
export interface AtLimit {
  readonly nowMs: number;
  readonly onLimit: "suspend" | "fail";
}

export function outcomeOf(failure: ProviderFailure, atLimit: AtLimit): Outcome {
  const { errorClass, message, afterMs } = failure;
  if (errorClass === "aborted") return { type: "lost" };
  if (errorClass === "daily_limit") return outOfRequests(failure, atLimit);
  const { code, retry } = MEANING[errorClass];
  return retry ? { type: "retry", reason: code, code, message, afterMs } : { type: "failed", code, message };
}

const SECOND_MS = 1_000;

/** Nobody else could answer: a budget like any other, which ends with the day. */
function outOfRequests({ message, afterMs }: ProviderFailure, { nowMs, onLimit }: AtLimit): Outcome {
  if (onLimit === "fail")
    return { type: "failed", code: "BUDGET_EXCEEDED", message: `${message}; raise it to go on`, afterMs };
  // The limit was looked at a moment ago: what has passed since does not move the day's end.
  const deadlineAt = Math.floor((nowMs + afterMs) / SECOND_MS) * SECOND_MS;
  const advice = `it goes on at ${new Date(deadlineAt).toISOString()}`;
  const wait = { reason: "AWAITING_BUDGET", deadlineAt, wakes: true } as const;
  return { type: "suspended", ...wait, message: `${message}; ${advice}` };
}
