// Pure arithmetic of retries: how long to wait, and when two failures are the same failure.

import { createHash } from "node:crypto";

export interface RetryLimits {
  readonly baseMs: number;
  readonly maxMs: number;
}

/** Exponential backoff with full jitter: uniform in [0, min(max, base · 2^(attempt-1))], at least `leastMs`. */
export function backoffMs(attempt: number, limits: RetryLimits, random: number, leastMs = 0): number {
  const ceiling = Math.min(limits.maxMs, limits.baseMs * 2 ** Math.max(0, attempt - 1));
  return Math.max(leastMs, Math.round(random * ceiling));
}

const FINGERPRINT_CHARS = 512;

/** Same code and same words, numbers and ids aside, is the same failure. */
export function fingerprintOf(code: string, message: string): string {
  const words = message
    .slice(0, FINGERPRINT_CHARS)
    .toLowerCase()
    .replace(/[0-9a-f-]{8,}|\d+/g, "#")
    .trim();
  return createHash("sha256").update(`${code}\n${words}`).digest("hex").slice(0, 16);
}

/** How many times in a row the same failure may come back before the task is set aside as a poison pill. */
export const POISON_LIMIT = 3;

/** Failures of the world around the task, which say nothing about the task itself. */
const CIRCUMSTANCES: readonly string[] = [
  "RETRY_PROVIDER_RATE_LIMIT",
  "RETRY_PROVIDER_OVERLOADED",
  "RETRY_PROVIDER_TIMEOUT",
  "RETRY_PROVIDER_NETWORK",
];

export function canPoison(reason: string): boolean {
  return !CIRCUMSTANCES.includes(reason);
}
