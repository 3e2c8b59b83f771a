// What an error of the OpenAI SDK means: its class decides whether the queue tries again, and its message tells the
// user which provider and model failed and what to do.

import { messageOf } from "../domain/error.ts";
import { type ErrorClass, failure, type ProviderFailure } from "./provider.ts";

export async function classify(
  error: unknown,
  provider: string,
  model: string,
  signal: AbortSignal,
): Promise<ProviderFailure> {
  if (signal.aborted) return failure("aborted", "the call was aborted");
  const sdk = await import("openai");
  const where = `${provider} (${model})`;
  if (isTimeout(error) || error instanceof sdk.APIConnectionTimeoutError) {
    return failure(
      "timeout",
      `${where} did not answer in time; raise providers.${provider}.timeout_seconds if it is slow`,
    );
  }
  if (error instanceof sdk.APIConnectionError) {
    return failure(
      "network",
      `${where} cannot be reached: ${rootCause(error)}; check providers.${provider}.base_url`,
    );
  }
  if (error instanceof sdk.APIError && error.status !== undefined) {
    const errorClass = classOfStatus(error.status, String(error.code ?? ""), error.message);
    const advice = ADVICE[errorClass] ?? "";
    return failure(errorClass, `${where} answered ${error.message}${advice}`, retryAfterMs(error.headers));
  }
  if (error instanceof sdk.APIError)
    return failure("overloaded", `${where} failed in mid-stream: ${error.message}`);
  if (error instanceof SyntaxError) return failure("malformed", `${where} sent JSON that does not parse`);
  return failure("network", `${where} broke off: ${rootCause(error)}`);
}

const ADVICE: Partial<Record<ErrorClass, string>> = {
  auth: "; check the provider's key",
  quota: "; the account has no credit left",
  context_length: "; the conversation is longer than the model's window",
};

function classOfStatus(status: number, code: string, message: string): ErrorClass {
  if (status === 401 || status === 403) return "auth";
  if (status === 402 || code === "insufficient_quota") return "quota";
  if (status === 429) return "rate_limit";
  if (status === 408) return "timeout";
  if (status >= 500) return "overloaded";
  if (code === "context_length_exceeded" || /maximum context length/i.test(message)) return "context_length";
  if (code === "content_filter" || code === "content_policy_violation") return "refused";
  return "bad_request";
}

const MAX_RETRY_AFTER_MS = 3_600_000;

/** Retry-After as seconds or a date (RFC 9110 section 10.2.3); nonsense counts as no wish. */
export function retryAfterMs(headers: Headers | undefined): number {
  const value = headers?.get("retry-after");
  if (value === null || value === undefined) return 0;
  const seconds = Number(value);
  if (!Number.isFinite(seconds) || seconds < 0) return 0;
  return Math.min(MAX_RETRY_AFTER_MS, seconds * 1000);
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error && (error.name === "TimeoutError" || rootCause(error).includes("TimeoutError"))
  );
}

function rootCause(error: unknown): string {
  let current: unknown = error;
  while (current instanceof Error && current.cause !== undefined) current = current.cause;
  const code = (current as { code?: string }).code;
  return code === undefined ? messageOf(current) : `${code} ${messageOf(current)}`;
}
