// A request in the words of OpenAI's Responses. Nothing is stored at the vendor: every request carries its whole
// history, and reasoning travels encrypted.

import type OpenAI from "openai";
import type {
  FunctionTool,
  ResponseCreateParamsStreaming,
  ResponseInputContent,
  ResponseInputItem,
} from "openai/resources/responses/responses";
import type { Message, ToolSpec } from "../domain/message.ts";
import { type Origin, withLegalIds } from "./history.ts";
import { partsOf } from "./needs.ts";
import type { OpenAiSettings } from "./openai-client.ts";
import { restore } from "./openai-responses-layout.ts";
import { toWishes } from "./openai-responses-wishes.ts";
import { isStrict } from "./openai-strict.ts";
import type { ModelRequest, OutputSchema } from "./provider.ts";

const LEGAL_ID = /^[a-zA-Z0-9_-]{1,64}$/;

/** OpenAI's models that reason; it refuses questions about reasoning to any other. */
const REASONS = /^(o\d|gpt-([5-9]|\d\d)|codex)(?!.*-chat)/;

export function toBody(
  { model, messages, tools, sampling, output, wish }: ModelRequest,
  origin: Origin,
  summary: OpenAiSettings["reasoningSummary"],
): ResponseCreateParamsStreaming {
  const { temperature, topP, maxTokens } = sampling;
  const reasons = REASONS.test(model.slice(model.lastIndexOf("/") + 1));
  return {
    model,
    input: withLegalIds(messages, LEGAL_ID).flatMap((message) => toItems(message, origin)),
    stream: true,
    store: false,
    ...(reasons && { include: ["reasoning.encrypted_content"] as const }),
    ...(summary !== undefined && reasons && { reasoning: { summary } }),
    ...(tools.length > 0 && { tools: tools.map(toTool) }),
    ...(output !== undefined && { text: { format: toFormat(output) } }),
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { top_p: topP }),
    ...(maxTokens !== undefined && { max_output_tokens: maxTokens }),
    ...(wish !== undefined && toWishes(wish, reasons ? summary : undefined)),
  } as ResponseCreateParamsStreaming;
}

/** Unless it is told otherwise, this API rewrites schemas until they are strict. */
function toTool({ name, description, params, strict = false }: ToolSpec): FunctionTool {
  const told = description === "" ? {} : { description };
  return { type: "function", name, ...told, parameters: { ...params }, strict };
}

function toFormat({ name, schema }: OutputSchema): OpenAI.Responses.ResponseFormatTextJSONSchemaConfig {
  return { type: "json_schema", name, schema: { ...schema }, strict: isStrict(schema) };
}

function toItems(message: Message, origin: Origin): ResponseInputItem[] {
  switch (message.role) {
    case "system":
      return [{ role: "system", content: message.text }];
    case "user":
      return [{ role: "user", content: toContent(message) }];
    case "tool":
      return [{ type: "function_call_output", call_id: message.callId, output: message.text }];
    case "assistant": {
      const calls = message.toolCalls.map(({ id, name, argumentsText }) => ({
        type: "function_call" as const,
        call_id: id,
        name,
        arguments: argumentsText,
      }));
      return restore(message, calls, origin);
    }
  }
}

function toContent(message: Extract<Message, { role: "user" }>) {
  const parts = partsOf(message);
  if (parts.every((part) => part.type === "text")) return message.text;
  return parts.map((part): ResponseInputContent => {
    if (part.type === "text") return { type: "input_text", text: part.text };
    const url = part.type === "image_url" ? part.url : `data:${part.mediaType};base64,${part.base64}`;
    return { type: "input_image", image_url: url, detail: part.detail ?? "auto" };
  });
}
