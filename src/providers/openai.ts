// OpenAI and everything that speaks its chat completions: OpenRouter, LM Studio, vLLM and others. Uses the official
// SDK, which is loaded at the first call and never retries by itself: retries belong to the queue.

import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { CallSite } from "./faults.ts";
import { createCallIds } from "./history.ts";
import { explainOpenAi, judgeOpenAi } from "./openai-errors.ts";
import { toBody } from "./openai-request.ts";
import { fromChunks, fromCompletion, type Reading } from "./openai-stream.ts";
import { withPlainEvents } from "./plain-events.ts";
import type { ModelRequest, Part, PhaseTimeouts, Provider } from "./provider.ts";
import type { CallClock } from "./timeouts.ts";
import { createVendor } from "./vendor.ts";
import { wireFetch } from "./wire.ts";

export interface OpenAiSettings {
  readonly id: string;
  readonly apiKey: string;
  /** Up to and including the version segment; undefined is OpenAI itself. */
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
}

export function createOpenAi(settings: OpenAiSettings): Provider {
  return createVendor(settings, {
    call: (site, request, clock) => call(settings, site, request, clock),
    explain: explainOpenAi,
  });
}

async function* call(
  { apiKey, baseUrl, timeoutMs }: OpenAiSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): AsyncGenerator<Part> {
  const { OpenAI } = await import("openai");
  const { Stream } = await import("openai/core/streaming");
  const accepts = ["text/event-stream", "application/json"];
  const client = new OpenAI({
    apiKey,
    // Another server than OpenAI's is not told who the user is there.
    ...(baseUrl !== undefined && { baseURL: baseUrl, organization: null, project: null }),
    timeout: timeoutMs,
    maxRetries: 0,
    logLevel: "off",
    fetch: withPlainEvents(wireFetch({ site, clock, secret: apiKey, accepts, judge: judgeOpenAi })),
  });
  const vendor = continuationType(baseUrl);
  const reading: Reading = { site, vendor, nextId: createCallIds(request.messages) };
  const response = await client.chat.completions.create(toBody(request, vendor)).asResponse();
  if (response.headers.get("content-type")?.includes("application/json")) {
    yield* fromCompletion((await response.json()) as ChatCompletion, reading);
    return;
  }
  const chunks = Stream.fromSSEResponse<ChatCompletionChunk>(response, new AbortController(), client);
  yield* fromChunks(chunks, reading);
}

/** Servers that share this protocol do not read each other's reasoning: what goes back goes to the same host. */
function continuationType(baseUrl: string | undefined): string {
  const host = baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).host : "openai";
  return `openai_compatible@${host}`;
}
