// What Ollama's errors mean. They are a status and one sentence, so that the sentence decides.

import { messageOf } from "../domain/error.ts";
import { type CallSite, fault, quoted } from "./faults.ts";
import type { ErrorClass, ProviderFailure } from "./provider.ts";
import type { Refusal, Verdict } from "./wire.ts";

const WINDOW = /context (length|window)|exceeds? .*context|prompt (is )?too long/i;
const BUSY = /server busy|maximum pending requests/i;
const WRONG = /does not support|not found|invalid/i;

export function judgeOllama({ status, body }: Refusal): Verdict {
  const { error } = (body ?? {}) as { error?: unknown };
  if (typeof error !== "string") return {};
  const errorClass = classOf(status, error);
  const missing = status === 404 ? " (get it with `ollama pull`)" : "";
  return { message: error + missing, ...(errorClass && { errorClass }) };
}

/** Status 0 is an error in mid-stream. */
function classOf(status: number, error: string): ErrorClass | undefined {
  if (WINDOW.test(error)) return "context_length";
  if (BUSY.test(error)) return "overloaded";
  return (status === 0 || status === 400) && WRONG.test(error) ? "bad_request" : undefined;
}

/** Errors that the SDK throws; those of the wire and of a line are with the clock already. */
export function explainOllama(error: unknown, site: CallSite, secret: string | undefined): ProviderFailure {
  if (error instanceof SyntaxError) return fault(site, "malformed", "sent an answer that is not JSON");
  return fault(site, "malformed", `broke the protocol: ${quoted(messageOf(error), secret)}`);
}
