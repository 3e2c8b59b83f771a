// What a scripted answer is, whatever vendor gives it, and what each vendor's wire format has to offer to the suite
// that runs over all of them.

import type { PhaseTimeouts, Provider } from "../../../src/providers/provider.ts";
import type { SeenRequest } from "./server.ts";

/** One scripted answer. */
export interface Said {
  readonly text?: readonly string[];
  readonly reasoning?: readonly string[];
  readonly calls?: readonly SaidCall[];
  /** `none` leaves the finish out; anything unknown goes out as it is. */
  readonly stop?: "stop" | "length" | "tool_calls" | "filter" | "none" | (string & {});
  readonly usage?: SaidUsage;
}

export interface SaidCall {
  /** Null: the vendor gives none. Absent: one of the vendor's kind. */
  readonly id?: string | null;
  readonly name: string;
  /** The arguments' JSON text. */
  readonly args: string;
}

export interface SaidUsage {
  /** All input tokens, with those read from the cache and written to it. */
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly cacheWrite: number;
  readonly reasoning: number;
}

export const USAGE: SaidUsage = { input: 120, output: 34, cached: 100, cacheWrite: 15, reasoning: 12 };

export const REFUSALS = [
  "wrong_key",
  "unknown_model",
  "bad_request",
  "context_length",
  "quota",
  "rate_limit",
  "server_error",
  "overloaded",
] as const;
export type Refusal = (typeof REFUSALS)[number];

export interface WireRefusal {
  readonly status: number;
  readonly body: unknown;
}

export interface Dialect {
  readonly type: "openai" | "responses" | "anthropic" | "google" | "ollama";
  readonly contentType: string;
  /** Whether the vendor streams arguments as text, so that they can be invalid, and gives calls ids. */
  readonly streamsArguments: boolean;
  /** Which of the usage counts the vendor has. */
  readonly counts: readonly (keyof SaidUsage)[];
  readonly hasReasoning: boolean;
  readonly key: string;
  open(origin: string, timeoutMs: number, timeouts?: Partial<PhaseTimeouts>): Provider;
  /** The answer as whole events of the wire, in order. */
  events(said: Said): readonly string[];
  /** How the vendor says no before it answers. */
  refusal(kind: Refusal): WireRefusal;
  /** An event that says that the vendor is overloaded, after an answer has begun. */
  readonly brokenEvent: string;
  /** An event that is not what it should be. */
  readonly garbledEvent: string;
  /** The vendor's other endpoints. */
  aside?(request: SeenRequest): unknown;
}

/** Server-sent event without a name. */
export function sse(data: unknown): string {
  return `data: ${typeof data === "string" ? data : JSON.stringify(data)}\n\n`;
}
