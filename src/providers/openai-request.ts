// A request in the words of OpenAI's chat completions.

import type OpenAI from "openai";
import type {
  ChatCompletionContentPart,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { Message } from "../domain/message.ts";
import { type AssistantMessage, continuationOf, withLegalIds } from "./history.ts";
import { isStrict } from "./openai-strict.ts";
import type { ModelRequest, OutputSchema } from "./provider.ts";

const LEGAL_ID = /^[a-zA-Z0-9_-]{1,40}$/;

/** `vendor` is the type of continuation that this server may read. */
export function toBody(
  { model, messages, tools, sampling, output }: ModelRequest,
  vendor: string,
): OpenAI.ChatCompletionCreateParamsStreaming {
  const { temperature, topP, maxTokens, stop, seed, presencePenalty, frequencyPenalty } = sampling;
  const functions = tools.map(({ name, description, params }) => ({
    type: "function" as const,
    function: { name, description, parameters: params as Record<string, unknown> },
  }));
  return {
    model,
    messages: withLegalIds(messages, LEGAL_ID).map((message) => toWire(message, vendor)),
    stream: true,
    stream_options: { include_usage: true },
    ...(functions.length > 0 && { tools: functions }),
    ...(output !== undefined && { response_format: toFormat(output) }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { max_completion_tokens: maxTokens }),
    ...(stop !== undefined && { stop: [...stop] }),
    ...(seed !== undefined && { seed }),
    ...(presencePenalty !== undefined && { presence_penalty: presencePenalty }),
    ...(frequencyPenalty !== undefined && { frequency_penalty: frequencyPenalty }),
  };
}

function toFormat({ name, schema }: OutputSchema): OpenAI.ResponseFormatJSONSchema {
  return { type: "json_schema", json_schema: { name, schema: { ...schema }, strict: isStrict(schema) } };
}

function toWire(message: Message, vendor: string): ChatCompletionMessageParam {
  switch (message.role) {
    case "system":
      return { role: "system", content: message.text };
    case "user":
      return { role: "user", content: toContent(message) };
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.text };
    case "assistant":
      return toAssistant(message, vendor);
  }
}

function toContent({ text, images = [] }: Extract<Message, { role: "user" }>) {
  if (images.length === 0) return text;
  const shown = images.map(
    ({ mediaType, base64 }): ChatCompletionContentPart => ({
      type: "image_url",
      image_url: { url: `data:${mediaType};base64,${base64}` },
    }),
  );
  return text === "" ? shown : [...shown, { type: "text" as const, text }];
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
  return { role: "assistant", content, ...(calls.length > 0 && { tool_calls: calls }), ...reasoning };
}
