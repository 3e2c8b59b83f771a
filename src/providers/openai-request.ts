// A request in the words of OpenAI's chat completions.

import type OpenAI from "openai";
import type {
  ChatCompletionContentPart,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { Message } from "../domain/message.ts";
import { type AssistantMessage, continuationOf, withLegalIds } from "./history.ts";
import { partsOf } from "./needs.ts";
import { isStrict } from "./openai-strict.ts";
import { toWishes } from "./openai-wishes.ts";
import type { ModelRequest, OutputSchema } from "./provider.ts";

const LEGAL_ID = /^[a-zA-Z0-9_-]{1,40}$/;

/** `vendor` is the type of continuation that this server may read. */
export function toBody(
  { model, messages, tools, sampling, output, wish }: ModelRequest,
  vendor: string,
): OpenAI.ChatCompletionCreateParamsStreaming {
  const { temperature, topP, maxTokens, stop, seed, presencePenalty, frequencyPenalty } = sampling;
  const functions = tools.map(({ name, description, params, strict }) => ({
    type: "function" as const,
    function: {
      ...{ name, parameters: params as Record<string, unknown> },
      ...(description !== "" && { description }),
      ...(strict !== undefined && { strict }),
    },
  }));
  // The client may have called the limit by its older name, which is the only one that some servers know.
  const limit = wish?.fields.max_tokens === undefined ? maxTokens : undefined;
  return {
    model,
    messages: withLegalIds(messages, LEGAL_ID).map((message) => toWire(message, vendor)),
    stream: true,
    stream_options: { include_usage: true },
    ...(functions.length > 0 && { tools: functions }),
    ...(output !== undefined && { response_format: toFormat(output) }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(limit !== undefined && { max_completion_tokens: limit }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
    ...(wish !== undefined && toWishes(wish)),
  };
}

function toFormat({ name, schema }: OutputSchema): OpenAI.ResponseFormatJSONSchema {
  return { type: "json_schema", json_schema: { name, schema: { ...schema }, strict: isStrict(schema) } };
}

function toWire(message: Message, vendor: string): ChatCompletionMessageParam {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.text, ...nameOf(message) };
    case "user":
      return { role: "user", content: toContent(message), ...nameOf(message) };
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.text };
    case "assistant":
      return toAssistant(message, vendor);
  }
}

function toContent(message: Extract<Message, { role: "user" }>) {
  const parts = partsOf(message);
  if (parts.every((part) => part.type === "text")) return message.text;
  return parts.map((part): ChatCompletionContentPart => {
    if (part.type === "text") return { type: "text", text: part.text };
    const url = part.type === "image_url" ? part.url : `data:${part.mediaType};base64,${part.base64}`;
    return { type: "image_url", image_url: { url, ...(part.detail && { detail: part.detail }) } };
  });
}

function toAssistant(message: AssistantMessage, vendor: string): ChatCompletionMessageParam {
  const calls = message.toolCalls.map(({ id, name, argumentsText }) => ({
    id,
    type: "function" as const,
    function: { name, arguments: argumentsText },
  }));
  const content = message.text === "" && calls.length > 0 ? null : message.text;
  // Fields of OpenRouter and others, kept as they came.
  const reasoning = continuationOf(message, vendor) as object | undefined;
  const called = calls.length > 0 && { tool_calls: calls };
  return { role: "assistant", content, ...called, ...nameOf(message), ...reasoning };
}

function nameOf({ speaker }: { readonly speaker?: string }) {
  return speaker === undefined ? {} : { name: speaker };
}
