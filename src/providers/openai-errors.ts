// What the errors of OpenAI and of the servers that speak its protocol mean. OpenRouter reports another vendor's error
// inside of its own, by number; others have only a sentence.

import { messageOf } from "../domain/error.ts";
import { type CallSite, classOfStatus, fault, quoted } from "./faults.ts";
import type { ErrorClass, ProviderFailure } from "./provider.ts";
import type { Refusal, Verdict } from "./wire.ts";

interface VendorError {
  readonly message?: unknown;
  readonly code?: unknown;
  readonly type?: unknown;
  readonly metadata?: { readonly raw?: unknown } | null;
}

const CLASS_OF_CODE: Readonly<Record<string, ErrorClass>> = {
  insufficient_quota: "quota",
  billing_hard_limit_reached: "quota",
  context_length_exceeded: "context_length",
  content_filter: "refused",
  content_policy_violation: "refused",
  image_content_policy_violation: "refused",
  misalignment_policy_violation: "refused",
  bio_policy: "refused",
  invalid_prompt: "refused",
  invalid_api_key: "auth",
  model_not_found: "unsupported",
  rate_limit_exceeded: "rate_limit",
};

export function judgeOpenAi({ status, body }: Refusal): Verdict {
  const error = (body as { error?: unknown } | undefined)?.error;
  return verdictOf(status, error ?? body);
}

/** Errors that the SDK throws while it reads a stream; those of the wire are with the clock already. */
export function explainOpenAi(error: unknown, site: CallSite, secret: string | undefined): ProviderFailure {
  if (error instanceof SyntaxError) return fault(site, "malformed", "sent JSON that does not parse");
  const said = (error as { error?: unknown }).error;
  if (said !== undefined) {
    const { errorClass = "overloaded", message = messageOf(error) } = verdictOf(0, said);
    return fault(site, errorClass, `failed in mid-stream: ${quoted(message, secret)}`);
  }
  return fault(site, "malformed", `broke the protocol: ${quoted(messageOf(error), secret)}`);
}

/** Status 0 is an error in mid-stream, where a number as its code is the status it would have had. */
function verdictOf(status: number, said: unknown): Verdict {
  if (typeof said === "string") return { message: said, ...classIf(classOfText(status, said)) };
  const { message, code, type, metadata } = (said ?? {}) as VendorError;
  const raw = typeof metadata?.raw === "string" ? ` (${metadata.raw})` : "";
  const text = typeof message === "string" ? message + raw : "";
  const byCode = CLASS_OF_CODE[String(code ?? "")] ?? CLASS_OF_CODE[String(type ?? "")];
  const byNumber = status === 0 && typeof code === "number" ? classOfStatus(code) : undefined;
  return {
    ...(text !== "" && { message: text }),
    ...classIf(status >= 500 ? undefined : (byCode ?? classOfText(status, text) ?? byNumber)),
  };
}

function classIf(errorClass: ErrorClass | undefined): { readonly errorClass?: ErrorClass } {
  return errorClass === undefined ? {} : { errorClass };
}

function classOfText(status: number, text: string): ErrorClass | undefined {
  if (/(maximum|exceeds? the( available| model'?s)?) context|context length|prompt is too long/i.test(text))
    return status >= 500 || status === 401 ? undefined : "context_length";
  return undefined;
}
