// What Anthropic's error types mean, whether they come as the answer to a request or as an event in mid-stream.

import { messageOf } from "../domain/error.ts";
import { type CallSite, fault, quoted } from "./faults.ts";
import type { ErrorClass, ProviderFailure } from "./provider.ts";
import type { Refusal, Verdict } from "./wire.ts";

const CLASS_OF_TYPE: Readonly<Record<string, ErrorClass>> = {
  authentication_error: "auth",
  permission_error: "auth",
  billing_error: "quota",
  rate_limit_error: "rate_limit",
  overloaded_error: "overloaded",
  api_error: "overloaded",
  timeout_error: "timeout",
  request_too_large: "context_length",
  not_found_error: "unsupported",
  invalid_request_error: "bad_request",
};

interface ErrorBody {
  readonly error?: {
    readonly type?: unknown;
    readonly message?: unknown;
    readonly details?: { readonly error_code?: unknown } | null;
  };
}

export function judgeAnthropic({ body }: Refusal): Verdict {
  const { error } = (body ?? {}) as ErrorBody;
  const message = typeof error?.message === "string" ? error.message : undefined;
  const errorClass = classOf(error, message ?? "");
  return { ...(errorClass && { errorClass }), ...(message !== undefined && { message }) };
}

/** Errors that the SDK throws while it reads a stream; those of the wire are with the clock already. */
export function explainAnthropic(
  error: unknown,
  site: CallSite,
  secret: string | undefined,
): ProviderFailure {
  if (error instanceof SyntaxError) return fault(site, "malformed", "sent an event that is not JSON");
  const body = (error as { error?: unknown }).error;
  const { errorClass = "overloaded", message } = judgeAnthropic({ status: 0, text: "", body });
  if (typeof body === "object" && body !== null) {
    return fault(site, errorClass, `failed in mid-stream: ${quoted(message ?? "no reason given", secret)}`);
  }
  return fault(site, "malformed", `broke the protocol: ${quoted(messageOf(error), secret)}`);
}

function classOf(error: ErrorBody["error"], message: string): ErrorClass | undefined {
  if (/credit balance is too low|spend(ing)? limit/i.test(message)) return "quota";
  if (/spend_limit|billing/.test(String(error?.details?.error_code ?? ""))) return "quota";
  if (/prompt is too long|exceeds? the (maximum )?context|context window/i.test(message))
    return "context_length";
  return CLASS_OF_TYPE[String(error?.type ?? "")];
}
