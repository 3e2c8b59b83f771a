// What went wrong with a call, in words: every message names the provider, the model, what happened and what to do.
// The class alone decides the advice, so that it reads the same for every vendor.

import { LEAST_SECRET_CHARS } from "../domain/secret.ts";
import type { Sampling } from "../domain/task.ts";
import { type ErrorClass, failure, type ProviderFailure } from "./provider.ts";

/** The call as messages name it. */
export interface CallSite {
  readonly provider: string;
  readonly model: string;
  /** The key of the provider's configuration that a timeout ran into. */
  readonly limit?: string;
}

const ADVICE: Readonly<Record<ErrorClass, (site: CallSite) => string>> = {
  not_configured: ({ provider }) => `configure providers.${provider}`,
  auth: ({ provider }) => `check the provider's key (providers.${provider}.api_key) and what it may use`,
  quota: () => "the account has no credit left or is at its limit: add credit, or use another provider",
  daily_limit: () => "the requests of today are used up",
  rate_limit: () => "send less at once, or use another provider",
  overloaded: () => "the trouble is on its side: try again later, or use another provider",
  timeout: ({ provider, limit = "timeout_seconds" }) => `raise providers.${provider}.${limit} if it is slow`,
  network: ({ provider }) => `check providers.${provider}.base_url and the network`,
  malformed: ({ provider }) => `check that providers.${provider}.base_url is an API of this type`,
  unsupported: ({ provider }) =>
    `check the model name in providers.${provider}.models, or ask another provider for this`,
  bad_request: ({ provider }) => `check the request, and the model name in providers.${provider}.models`,
  context_length: () =>
    "the conversation is longer than the model's window: shorten it, or use a larger model",
  refused: () => "reword the request, or use another model",
  cassette_miss: () => "record the cassette anew",
  cassette_broken: () => "mend the file, or record it anew with goclaw run --record",
  aborted: () => "nothing to do",
};

/** `what` follows the name of the provider and model: "cannot be reached: …". */
export function fault(site: CallSite, errorClass: ErrorClass, what: string, afterMs = 0): ProviderFailure {
  const text = `${site.provider} (${site.model}) ${what}; ${ADVICE[errorClass](site)}`;
  return failure(errorClass, text, afterMs);
}

/** An answer that came and is a refusal. `said`: in the model's or the vendor's own words, where there are any. */
export function refusal(site: CallSite, what: string, said: string, filtered: boolean): ProviderFailure {
  return { ...fault(site, "refused", what), refusal: { text: said, filtered } };
}

export function aborted(): ProviderFailure {
  return failure("aborted", "the call was aborted");
}

const SHOWN_CHARS = 500;

/** A vendor's own words on one line, bounded, without the key that some vendors repeat. A very short one is no secret. */
export function quoted(text: string, secret: string | undefined): string {
  const isSecret = secret !== undefined && secret.length >= LEAST_SECRET_CHARS;
  const bare = isSecret ? text.replaceAll(secret, "[key]") : text;
  const line = bare.replace(/\s+/g, " ").trim();
  return line.length > SHOWN_CHARS ? `${line.slice(0, SHOWN_CHARS)}…` : line;
}

/** What a status means when the vendor's own error code says nothing more precise. */
export function classOfStatus(status: number): ErrorClass {
  if (status < 400) return "malformed";
  if (status === 401 || status === 403) return "auth";
  if (status === 402) return "quota";
  if (status === 404) return "unsupported";
  if (status === 408) return "timeout";
  if (status === 413) return "context_length";
  if (status === 429) return "rate_limit";
  return status >= 500 ? "overloaded" : "bad_request";
}

const WIRE_NAMES = {
  stop: "stop",
  seed: "seed",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
} as const;

/** The failure for the first of `fields` that the caller set although the vendor has no such thing. */
export function lacking(
  site: CallSite,
  sampling: Sampling,
  fields: readonly (keyof typeof WIRE_NAMES)[],
): ProviderFailure | undefined {
  const field = fields.find((name) => sampling[name] !== undefined);
  if (field === undefined) return undefined;
  return fault(site, "unsupported", `has no ${WIRE_NAMES[field]}: leave the field out`);
}
