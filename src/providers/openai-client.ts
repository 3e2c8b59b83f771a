// What both of OpenAI's APIs share: one client of the official SDK, which is loaded at the first call and never retries
// by itself (retries belong to the queue), and the reading of an answer that is a stream or one JSON document.

import type OpenAI from "openai";
import type { APIPromise } from "openai/core/api-promise";
import type { CallSite } from "./faults.ts";
import { judgeOpenAi } from "./openai-errors.ts";
import { withPlainEvents } from "./plain-events.ts";
import type { PhaseTimeouts } from "./provider.ts";
import type { CallClock } from "./timeouts.ts";
import { wireFetch } from "./wire.ts";

export interface OpenAiSettings {
  readonly id: string;
  readonly apiKey: string;
  /** Up to and including the version segment; undefined is OpenAI itself. */
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
  /** `either`: Responses, and chat completions for what Responses lacks. */
  readonly api?: "chat" | "responses" | "either" | undefined;
  /** How reasoning is told in words (Responses); unset asks for none. */
  readonly reasoningSummary?: "auto" | "concise" | "detailed" | undefined;
}

export async function openClient(
  { apiKey, baseUrl, timeoutMs }: OpenAiSettings,
  site: CallSite,
  clock: CallClock,
): Promise<OpenAI> {
  const { OpenAI } = await import("openai");
  const accepts = ["text/event-stream", "application/json"];
  return new OpenAI({
    apiKey,
    // Another server than OpenAI's is not told who the user is there.
    ...(baseUrl !== undefined && { baseURL: baseUrl, organization: null, project: null }),
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: "off",
    fetch: withPlainEvents(wireFetch({ site, clock, secret: apiKey, accepts, judge: judgeOpenAi })),
  });
}

/** Some servers ignore `stream: true` and answer with one JSON document: `Whole`. */
export async function readAnswer<Event, Whole>(
  client: OpenAI,
  request: APIPromise<unknown>,
): Promise<{ readonly events: AsyncIterable<Event> } | { readonly whole: Whole }> {
  const { Stream } = await import("openai/core/streaming");
  const response = await request.asResponse();
  if (response.headers.get("content-type")?.includes("application/json")) {
    return { whole: (await response.json()) as Whole };
  }
  return { events: Stream.fromSSEResponse<Event>(response, new AbortController(), client) };
}
