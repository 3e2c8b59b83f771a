// OpenAI and everything that speaks one of its two APIs: OpenRouter, LM Studio, vLLM and others. Which one a call takes
// follows from the settings and from what the request needs.

import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { Response, ResponseStreamEvent } from "openai/resources/responses/responses";
import { type CallSite, lacking } from "./faults.ts";
import { createCallIds, originOf } from "./history.ts";
import { type OpenAiSettings, openClient, readAnswer } from "./openai-client.ts";
import { explainOpenAi } from "./openai-errors.ts";
import { toBody } from "./openai-request.ts";
import { toBody as toResponsesBody } from "./openai-responses-request.ts";
import { fromEvents, fromResponse } from "./openai-responses-stream.ts";
import { RESPONSES_HONOURS } from "./openai-responses-wishes.ts";
import { fromChunks, fromCompletion } from "./openai-stream.ts";
import { CHAT_HONOURS } from "./openai-wishes.ts";
import type { ModelRequest, Part, Provider } from "./provider.ts";
import type { CallClock } from "./timeouts.ts";
import { createVendor } from "./vendor.ts";

export function createOpenAi(settings: OpenAiSettings): Provider {
  return createVendor(settings, {
    honours: settings.api === "responses" ? RESPONSES_HONOURS : CHAT_HONOURS,
    call: (site, request, clock) => {
      const { api = "chat" } = settings;
      const lack = lacking(site, request.sampling, CHAT_ONLY);
      // A client that speaks chat completions is passed on in them where there is a choice.
      const chat = api === "chat" || (api === "either" && (lack !== undefined || request.wish !== undefined));
      if (chat) return callChat(settings, site, request, clock);
      return lack === undefined ? callResponses(settings, site, request, clock) : only(lack);
    },
    explain: explainOpenAi,
  });
}

/** Sampling that Responses has no fields for. */
const CHAT_ONLY = ["stop", "seed", "presencePenalty", "frequencyPenalty"] as const;

async function* only(part: Part): AsyncGenerator<Part> {
  yield part;
}

async function* callChat(
  settings: OpenAiSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): AsyncGenerator<Part> {
  const client = await openClient(settings, site, clock);
  // Servers that share a protocol do not read each other's reasoning: what goes back goes to the same host.
  const vendor = originOf("openai_compatible", settings.baseUrl, request.model).type;
  const reading = { site, vendor, nextId: createCallIds(request.messages) };
  const asked = client.chat.completions.create(toBody(request, vendor));
  const answer = await readAnswer<ChatCompletionChunk, ChatCompletion>(client, asked);
  yield* "whole" in answer ? fromCompletion(answer.whole, reading) : fromChunks(answer.events, reading);
}

async function* callResponses(
  settings: OpenAiSettings,
  site: CallSite,
  request: ModelRequest,
  clock: CallClock,
): AsyncGenerator<Part> {
  const client = await openClient(settings, site, clock);
  const { apiKey: secret, reasoningSummary, baseUrl } = settings;
  const origin = originOf("openai_responses", baseUrl, request.model);
  const reading = { site, secret, origin, nextId: createCallIds(request.messages) };
  const asked = client.responses.create(toResponsesBody(request, origin, reasoningSummary));
  const answer = await readAnswer<ResponseStreamEvent, Response>(client, asked);
  yield* "whole" in answer ? fromResponse(answer.whole, reading) : fromEvents(answer.events, reading);
}
