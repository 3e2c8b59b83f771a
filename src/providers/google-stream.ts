// The answers of streamGenerateContent as parts. Function calls come whole; an answer is complete when its finish
// reason has come. A prompt or an answer that Google blocks is a refusal, whatever text came before.

import type {
  Part as GeminiPart,
  GenerateContentResponse,
  GenerateContentResponseUsageMetadata,
} from "@google/genai/web";
import type { StopReason, TokenUsage } from "../domain/message.ts";
import { type CallSite, fault, refusal } from "./faults.ts";
import { type Place, toContinuation } from "./google-thoughts.ts";
import type { Origin } from "./history.ts";
import type { ErrorClass, Part } from "./provider.ts";

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  STOP: "stop",
  MAX_TOKENS: "length",
  CONTINUATION: "length",
};

const FAILURES: Readonly<Record<string, ErrorClass>> = {
  SAFETY: "refused",
  RECITATION: "refused",
  LANGUAGE: "refused",
  BLOCKLIST: "refused",
  PROHIBITED_CONTENT: "refused",
  SPII: "refused",
  IMAGE_SAFETY: "refused",
  IMAGE_PROHIBITED_CONTENT: "refused",
  IMAGE_RECITATION: "refused",
};

interface Answer {
  readonly layout: Place[];
  model: string;
  usage: TokenUsage | undefined;
}

export async function* toParts(
  answers: AsyncIterable<GenerateContentResponse>,
  site: CallSite,
  nextId: (given: string | undefined) => string,
  origin: Origin,
): AsyncGenerator<Part> {
  const answer: Answer = { layout: [], model: "", usage: undefined };
  let reason: string | undefined;
  let details: string | undefined;
  for await (const { candidates, usageMetadata, modelVersion, promptFeedback } of answers) {
    answer.model = modelVersion ?? answer.model;
    if (usageMetadata !== undefined) {
      const isFirst = answer.usage === undefined;
      answer.usage = toUsage(usageMetadata);
      // The input is billed even if the answer breaks off.
      if (isFirst) yield { type: "usage", usage: answer.usage, partial: true };
    }
    if (promptFeedback?.blockReason !== undefined) {
      yield refusal(site, `blocked the prompt (${promptFeedback.blockReason})`, "", true);
      return;
    }
    const candidate = candidates?.[0];
    for (const part of candidate?.content?.parts ?? []) yield* addPart(answer, part, nextId);
    reason = candidate?.finishReason ?? reason;
    details = candidate?.finishMessage ?? details;
    if (reason !== undefined && answer.usage !== undefined) break;
  }
  if (answer.usage !== undefined) yield { type: "usage", usage: answer.usage };
  yield* finish(answer, reason, details, site, origin);
}

function* addPart(
  { layout }: Answer,
  part: GeminiPart,
  nextId: (given: string | undefined) => string,
): Generator<Part> {
  const { text, thought, functionCall, thoughtSignature } = part;
  const signed = thoughtSignature === undefined ? {} : { signature: thoughtSignature };
  if (functionCall !== undefined) {
    const { id, name = "", args = {} } = functionCall;
    const index = layout.filter(({ type }) => type === "call").length;
    layout.push({ type: "call", ...(id !== undefined && { id }), ...signed });
    yield { type: "tool.start", index, id: nextId(id), name };
    yield { type: "tool.delta", index, text: JSON.stringify(args) };
  } else if (thought) {
    if (text) yield { type: "reasoning.delta", text };
  } else if (text || thoughtSignature !== undefined) {
    const last = layout.at(-1);
    const chars = text?.length ?? 0;
    // Parts may be joined, except around a signature.
    if (last?.type === "text" && last.signature === undefined && thoughtSignature === undefined)
      last.chars += chars;
    else layout.push({ type: "text", chars, ...signed });
    if (text) yield { type: "text.delta", text };
  }
}

function* finish(
  { layout, model }: Answer,
  reason: string | undefined,
  details: string | undefined,
  site: CallSite,
  origin: Origin,
): Generator<Part> {
  const stopReason = STOP_REASONS[reason ?? ""];
  if (stopReason !== undefined) {
    const continuation = toContinuation(origin, layout);
    if (continuation !== undefined) yield { type: "continuation", continuation };
    const called = layout.some(({ type }) => type === "call");
    yield { type: "end", stopReason: called && stopReason === "stop" ? "tool_calls" : stopReason, model };
    return;
  }
  const what =
    reason === undefined
      ? "ended its stream without a finish reason"
      : `stopped with ${reason}${details ? `: ${details}` : ""}`;
  const errorClass = FAILURES[reason ?? ""] ?? "malformed";
  yield errorClass === "refused" ? refusal(site, what, "", true) : fault(site, errorClass, what);
}

/** The vendor counts thoughts apart from the answer. */
function toUsage(usage: GenerateContentResponseUsageMetadata): TokenUsage {
  const { promptTokenCount = 0, toolUsePromptTokenCount = 0, cachedContentTokenCount = 0 } = usage;
  const { candidatesTokenCount = 0, thoughtsTokenCount = 0 } = usage;
  return {
    inputTokens: promptTokenCount + toolUsePromptTokenCount,
    outputTokens: candidatesTokenCount + thoughtsTokenCount,
    cachedTokens: cachedContentTokenCount,
    reasoningTokens: thoughtsTokenCount,
  };
}
