// What the Gemini API's errors mean. Google says most of it with few statuses, so that the details decide: a wrong key
// is a 400, and a 429 is either a limit that passes within seconds or one of the whole day.

import { messageOf } from "../domain/error.ts";
import { type CallSite, classOfStatus, fault, quoted } from "./faults.ts";
import type { ErrorClass, ProviderFailure } from "./provider.ts";
import { durationMs } from "./retry-after.ts";
import type { Refusal, Verdict } from "./wire.ts";

interface ErrorBody {
  readonly error?: {
    readonly message?: unknown;
    readonly details?: unknown;
  };
}

/** google.rpc.ErrorInfo, RetryInfo and QuotaFailure: the parts of them that are used. */
interface Detail {
  readonly reason?: unknown;
  readonly retryDelay?: unknown;
  readonly violations?: readonly { readonly quotaId?: unknown }[];
}

export function judgeGoogle({ status, body }: Refusal): Verdict {
  // Some endpoints wrap their one error in a list.
  const { error } = ((Array.isArray(body) ? body[0] : body) ?? {}) as ErrorBody;
  const message = typeof error?.message === "string" ? error.message : undefined;
  const details = (Array.isArray(error?.details) ? error.details : []) as readonly Detail[];
  const errorClass = classOf(status, message ?? "", details);
  const afterMs = Math.max(0, ...details.map(({ retryDelay }) => durationMs(retryDelay)));
  return { afterMs, ...(errorClass && { errorClass }), ...(message !== undefined && { message }) };
}

function classOf(status: number, message: string, details: readonly Detail[]): ErrorClass | undefined {
  const reasons = details.map(({ reason }) => String(reason));
  if (reasons.some((reason) => reason.startsWith("API_KEY_")) || /api key (not valid|expired)/i.test(message))
    return "auth";
  if (/token count .* exceeds|exceeds the maximum number of tokens/i.test(message)) return "context_length";
  const quotas = details.flatMap(({ violations }) =>
    (violations ?? []).map(({ quotaId }) => String(quotaId)),
  );
  if (status === 429 && quotas.some((quota) => quota.includes("PerDay"))) return "quota";
  if (status === 429 && /billing account|prepayment credits|spending cap/i.test(message)) return "quota";
  return undefined;
}

/** Errors that the SDK throws while it reads a stream; those of the wire are with the clock already. */
export function explainGoogle(error: unknown, site: CallSite, secret: string | undefined): ProviderFailure {
  const { name, status } = error as { name?: unknown; status?: unknown };
  const text = messageOf(error);
  if (name === "ApiError" && typeof status === "number") {
    const body = bodyIn(text);
    const {
      errorClass = classOfStatus(status),
      message = text,
      afterMs = 0,
    } = judgeGoogle({ status, text, body });
    return fault(site, errorClass, `failed in mid-stream: ${quoted(message, secret)}`, afterMs);
  }
  if (error instanceof SyntaxError) return fault(site, "malformed", "sent an event that is not JSON");
  return fault(site, "malformed", `broke the protocol: ${quoted(text, secret)}`);
}

/** The SDK puts the body of an error event into the message, after the status. */
function bodyIn(text: string): unknown {
  try {
    return JSON.parse(text.slice(text.indexOf("{")));
  } catch {
    return undefined;
  }
}
