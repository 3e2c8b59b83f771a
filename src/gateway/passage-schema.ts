// The shape of a client's own request, field by field as OpenAI's chat completions have it. A field that is not here is
// refused by name; what no answer of this gateway could carry is refused with the reason.

import { MAX_MESSAGES, responseFormat, SAMPLING_FIELDS, STREAM_FIELDS, textPart } from "./openai-fields.ts";

const closed = (properties: object, required: readonly string[]) => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

const TOOL_NAME = "^[a-zA-Z0-9_-]{1,64}$";
const name = { type: "string", pattern: TOOL_NAME };
const speaker = { type: "string", minLength: 1, maxLength: 64 };
const callId = { type: "string", minLength: 1, maxLength: 256 };

const imagePart = closed(
  {
    type: { const: "image_url" },
    image_url: closed({ url: { type: "string", minLength: 1 }, detail: { enum: ["auto", "low", "high"] } }, [
      "url",
    ]),
  },
  ["type", "image_url"],
);
const refusalPart = closed({ type: { const: "refusal" }, refusal: { type: "string" } }, ["type", "refusal"]);

const anyOfType = (...parts: readonly object[]) => ({
  type: "object",
  discriminator: { propertyName: "type" },
  required: ["type"],
  oneOf: parts,
});

const contentOf = (part: object) => ({
  if: { type: "array" },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: { type: "array", items: part, minItems: 1 },
  else: { type: "string" },
});
const words = contentOf(anyOfType(textPart));

const toolCall = closed(
  {
    id: callId,
    type: { const: "function" },
    function: closed({ name, arguments: { type: "string" } }, ["name", "arguments"]),
  },
  ["id", "type", "function"],
);

const message = {
  type: "object",
  discriminator: { propertyName: "role" },
  required: ["role"],
  oneOf: [
    closed({ role: { enum: ["system", "developer"] }, content: words, name: speaker }, ["role", "content"]),
    closed({ role: { const: "user" }, content: contentOf(anyOfType(textPart, imagePart)), name: speaker }, [
      "role",
      "content",
    ]),
    closed(
      {
        role: { const: "assistant" },
        content: { anyOf: [{ type: "null" }, contentOf(anyOfType(textPart, refusalPart))] },
        refusal: { type: "string", nullable: true },
        name: speaker,
        tool_calls: { type: "array", items: toolCall, maxItems: 128, nullable: true },
        // What clients send back of our own answers; only null says anything that can be honoured.
        function_call: { type: "null" },
        audio: { type: "null" },
        annotations: { type: "array", maxItems: 0, nullable: true },
        reasoning_content: { type: "string", nullable: true },
        parsed: {},
      },
      ["role"],
    ),
    closed({ role: { const: "tool" }, content: words, tool_call_id: callId }, [
      "role",
      "content",
      "tool_call_id",
    ]),
  ],
};

const tool = closed(
  {
    type: { const: "function" },
    function: closed(
      {
        name,
        description: { type: "string", nullable: true },
        parameters: { type: "object", nullable: true },
        strict: { type: "boolean", nullable: true },
      },
      ["name"],
    ),
  },
  ["type", "function"],
);

const namedTool = closed({ type: { const: "function" }, function: closed({ name }, ["name"]) }, [
  "type",
  "function",
]);

const toolChoice = {
  if: { type: "object" },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's own word
  then: anyOfType(
    namedTool,
    closed(
      {
        type: { const: "allowed_tools" },
        allowed_tools: closed(
          { mode: { enum: ["auto", "required"] }, tools: { type: "array", items: namedTool, minItems: 1 } },
          ["mode", "tools"],
        ),
      },
      ["type", "allowed_tools"],
    ),
  ),
  else: { enum: ["none", "auto", "required", null] },
};

const text = (maxLength: number) => ({ type: "string", nullable: true, maxLength });

/** Handed on by their own names; null is absent. */
export const PASSED_FIELDS = {
  logit_bias: {
    type: "object",
    nullable: true,
    additionalProperties: { type: "number", minimum: -100, maximum: 100 },
  },
  metadata: { type: "object", nullable: true, maxProperties: 16, additionalProperties: { type: "string" } },
  modalities: { type: "array", nullable: true, items: { enum: ["text"] }, maxItems: 1 },
  n: { enum: [1, null] },
  parallel_tool_calls: { type: "boolean", nullable: true },
  prediction: {
    ...closed({ type: { const: "content" }, content: words }, ["type", "content"]),
    nullable: true,
  },
  prompt_cache_key: text(1_000),
  prompt_cache_options: { type: "object", nullable: true },
  prompt_cache_retention: { enum: ["in_memory", "in-memory", "24h", null] },
  reasoning_effort: { enum: ["none", "minimal", "low", "medium", "high", "xhigh", "max", null] },
  safety_identifier: text(1_000),
  service_tier: { enum: ["auto", "default", "flex", "scale", "priority", "fast", null] },
  store: { type: "boolean", nullable: true },
  user: text(255),
  verbosity: { enum: ["low", "medium", "high", null] },
} as const;

/** Fields of OpenAI's that no answer from here could honour, and what to do instead. */
export const REFUSED_FIELDS: Readonly<Record<string, string>> = {
  audio: "spoken answers are not passed on; ask for text",
  functions: "was replaced by tools, which pass",
  function_call: "was replaced by tool_choice, which passes",
  moderation: "verdicts of a moderation are not passed on",
  web_search_options: "citations of a search are not passed on",
};

/** The one value of each that asks for nothing more than there is, and why there is no more. */
export const ONLY_VALUES: Readonly<Record<string, readonly [value: unknown, why: string]>> = {
  n: [1, "one answer is given; ask again for another"],
  logprobs: [false, "log probabilities are not passed on"],
  top_logprobs: [null, "log probabilities are not passed on"],
};

export const BODY_SCHEMA = {
  type: "object",
  properties: {
    model: { type: "string", minLength: 1, maxLength: 200 },
    messages: { type: "array", minItems: 1, maxItems: MAX_MESSAGES, items: message },
    ...STREAM_FIELDS,
    ...SAMPLING_FIELDS,
    ...PASSED_FIELDS,
    logprobs: { enum: [false, null] },
    top_logprobs: { type: "null" },
    response_format: responseFormat,
    tools: { type: "array", nullable: true, items: anyOfType(tool), maxItems: 128 },
    tool_choice: toolChoice,
  },
  required: ["model", "messages"],
  additionalProperties: false,
};
