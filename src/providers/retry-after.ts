// How long a provider asked to be left alone, whichever way it said so. Nonsense counts as no wish, and no wish is
// longer than an hour.

const MAX_RETRY_AFTER_MS = 3_600_000;
const NUMBER = /^\d+(\.\d+)?$/;

/**
 * `retry-after-ms`, else Retry-After in seconds or as a date (RFC 9110 section 10.2.3). A date counts from the answer's
 * own Date header, so that a wrong clock on either side does not matter; without one it counts as no wish.
 */
export function retryAfterMs(headers: Headers | undefined): number {
  const exact = headers?.get("retry-after-ms")?.trim() ?? "";
  if (NUMBER.test(exact)) return bounded(Number(exact));
  const value = headers?.get("retry-after")?.trim() ?? "";
  if (NUMBER.test(value)) return bounded(Number(value) * 1000);
  const wait = Date.parse(value) - Date.parse(headers?.get("date") ?? "");
  return Number.isFinite(wait) ? bounded(wait) : 0;
}

/** A protobuf duration such as `34.5s`, as Google's RetryInfo has it. */
export function durationMs(text: unknown): number {
  const seconds = typeof text === "string" ? /^(\d+(?:\.\d+)?)s$/.exec(text)?.[1] : undefined;
  return seconds === undefined ? 0 : bounded(Number(seconds) * 1000);
}

function bounded(ms: number): number {
  return Math.max(0, Math.min(MAX_RETRY_AFTER_MS, Math.ceil(ms)));
}
