// The seam to every model. `stream` yields parts and never throws once it has started: the last part is exactly one
// `end` or one `error` with a closed class. Vendor types never leave a provider's file.

import type { Continuation, Message, StopReason, TokenUsage, ToolSpec } from "../domain/message.ts";
import type { Wish } from "../domain/passage.ts";
import type { Sampling } from "../domain/task.ts";

export interface ModelRequest {
  readonly model: string;
  readonly messages: readonly Message[];
  readonly tools: readonly ToolSpec[];
  readonly sampling: Sampling;
  /** The answer must be JSON of this schema; a provider whose vendor has no such mode ignores it. */
  readonly output?: OutputSchema;
  /** A client's own request, and what else it asks for: a provider that cannot honour all of it does not answer. */
  readonly wish?: Wish;
  /** Somebody else of the chain may do better: what it cannot do all of, a provider refuses instead of doing a part. */
  readonly mayDecline?: boolean;
  /** Links of a chain that must not be asked: their provider's budget is used up. */
  readonly passOver?: readonly { readonly provider: string; readonly model: string }[];
}

export interface OutputSchema {
  readonly name: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

/** How long each phase of a call may take, in ms: until connected, until the first byte, between bytes, in all. */
export interface PhaseTimeouts {
  readonly connectMs: number;
  readonly firstByteMs: number;
  readonly idleMs: number;
  readonly totalMs: number;
}

/** `index` tells parallel tool calls apart; `tool.delta` carries a piece of the arguments' JSON text. */
export type Part =
  | { readonly type: "text.delta"; readonly text: string }
  | { readonly type: "reasoning.delta"; readonly text: string }
  /** Only of a client's own request; for any other a refusal is a failure. */
  | { readonly type: "refusal"; readonly text: string }
  | { readonly type: "continuation"; readonly continuation: Continuation }
  | { readonly type: "tool.start"; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: "tool.delta"; readonly index: number; readonly text: string }
  | UsagePart
  | SeamPart
  /** `provider`: who answered, when that is not the provider that was asked. */
  | {
      readonly type: "end";
      readonly stopReason: StopReason;
      readonly model: string;
      readonly provider?: string;
    }
  | ProviderFailure;

/** The tokens of the try under way; a later one replaces it. A chain says whose they are. */
export interface UsagePart {
  readonly type: "usage";
  readonly usage: TokenUsage;
  /** Counted before the answer was made: the least that is billed if nothing else comes. */
  readonly partial?: boolean;
  readonly provider?: string;
  readonly model?: string;
}

/** Another provider, or the same one again, goes on with the answer at `offset` (UTF-16 units of its text). */
export interface SeamPart {
  readonly type: "seam";
  readonly fromProvider: string;
  readonly fromModel: string;
  readonly toProvider: string;
  readonly toModel: string;
  readonly errorClass: ErrorClass;
  readonly message: string;
  readonly offset: number;
}

export interface ProviderFailure {
  readonly type: "error";
  readonly errorClass: ErrorClass;
  readonly message: string;
  /** The wait the provider asked for, in ms; 0 when it asked for none. */
  readonly afterMs: number;
  /** Who failed last, when a chain was asked. */
  readonly from?: { readonly provider: string; readonly model: string };
  /** Of an answer that is a refusal: what the model said, and whether the vendor cut it off or the model declined. */
  readonly refusal?: { readonly text: string; readonly filtered: boolean };
}

export const ERROR_CLASSES = [
  "not_configured",
  "auth",
  "quota",
  /** A limit of our own: the provider was not asked. */
  "daily_limit",
  "rate_limit",
  "overloaded",
  "timeout",
  "network",
  "malformed",
  /** This provider has no such model or field; another one may. */
  "unsupported",
  "bad_request",
  "context_length",
  "refused",
  "cassette_miss",
  "cassette_broken",
  "aborted",
] as const;
export type ErrorClass = (typeof ERROR_CLASSES)[number];

/** Something of a request that a provider or its model cannot do; `param` is its place in a client's own request. */
export interface Lack {
  readonly param: string;
  readonly message: string;
}

export interface Provider {
  readonly id: string;
  /** What keeps the provider, or every link of a chain, from a request; undefined when nothing does. */
  readonly lackOf?: (request: ModelRequest) => Lack | undefined;
  /** Where else a call may end up; absent when nowhere. */
  readonly fallbacks?: readonly { readonly provider: string; readonly model: string }[];
  /** Of a chain: who may answer a request; empty when nobody can. */
  readonly linksFor?: (
    request: ModelRequest,
  ) => readonly { readonly provider: string; readonly model: string }[];
  /** It cannot be used as it is configured, and says so to every request. */
  readonly isMissing?: boolean;
  /** The tokens of a request by the vendor's own count, which is free; undefined when it cannot be had now. */
  readonly count?: (request: ModelRequest, signal: AbortSignal) => Promise<number | undefined>;
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<Part>;
}

export function failure(errorClass: ErrorClass, message: string, afterMs = 0): ProviderFailure {
  return { type: "error", errorClass, message, afterMs };
}
