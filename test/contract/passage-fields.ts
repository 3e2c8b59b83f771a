// Every field of OpenAI's chat completions and what becomes of it at each vendor: the piece of the vendor's request that
// shows it, or nothing, which means that it is refused by its name. A field that the official types gain does not
// type-check here until somebody has decided about it.

import type { ChatCompletionCreateParamsBase } from "openai/resources/chat/completions/completions";
import { expect } from "vitest";
import type { Dialect } from "../support/vendors/dialect.ts";

export interface Case {
  /** Laid over a plain request. */
  readonly given: Readonly<Record<string, unknown>>;
  /** The place that a refusal names, when that is not the field. */
  readonly param?: string;
  readonly wire: Partial<Record<Dialect["type"], object>>;
}

export const TOOL = {
  type: "function",
  function: { name: "now", description: "the time", parameters: { type: "object", properties: {} } },
};
const OTHER = {
  type: "function",
  function: { name: "later", parameters: { type: "object", properties: {} } },
};
const SCHEMA = {
  type: "object",
  properties: { a: { type: "string" } },
  required: ["a"],
  additionalProperties: false,
};
/** A tool that must not be called is not offered where there is no other way to say so. */
const NO_TOOLS = expect.not.objectContaining({ tools: expect.anything() }) as object;
const PIXEL = "iVBORw0KGgo=";

/** The same field in the two APIs of OpenAI's, as it came. */
const bothAs = (given: object): Case["wire"] => ({ openai: given, responses: given });
const chatOnly = (given: Readonly<Record<string, unknown>>): Case => ({ given, wire: { openai: given } });
const nobody = (given: Readonly<Record<string, unknown>>, param?: string): Case => ({
  ...{ given, wire: {} },
  ...(param !== undefined && { param }),
});
const user = (...content: readonly object[]) => ({ messages: [{ role: "user", content }] });
const effort = (reasoning_effort: string, wire: Case["wire"]): Case => ({
  given: { reasoning_effort },
  wire: { openai: { reasoning_effort }, responses: { reasoning: { effort: reasoning_effort } }, ...wire },
});
const level = (thinkingLevel: string) => ({
  google: { generationConfig: { thinkingConfig: { thinkingLevel } } },
});
const googleMode = (mode: string, more = {}) => ({
  toolConfig: { functionCallingConfig: { mode, ...more } },
});

export const FIELDS: Readonly<Record<keyof ChatCompletionCreateParamsBase, readonly Case[]>> = {
  model: [
    {
      given: {},
      wire: {
        ...bothAs({ model: "gemini-3.8-flash" }),
        anthropic: { model: "gemini-3.8-flash" },
        google: { contents: [{ role: "user" }] },
        ollama: { model: "gemini-3.8-flash" },
      },
    },
  ],
  messages: [
    {
      given: user(
        { type: "text", text: "before" },
        { type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}` } },
        { type: "text", text: "after" },
      ),
      wire: {
        openai: { messages: [{ content: [{ text: "before" }, { type: "image_url" }, { text: "after" }] }] },
        responses: { input: [{ content: [{ text: "before" }, { type: "input_image" }, { text: "after" }] }] },
        anthropic: {
          messages: [{ content: [{ text: "before" }, { source: { data: PIXEL } }, { text: "after" }] }],
        },
        google: {
          contents: [{ parts: [{ text: "before" }, { inlineData: { data: PIXEL } }, { text: "after" }] }],
        },
        ollama: { messages: [{ content: "beforeafter", images: [PIXEL] }] },
      },
    },
    {
      given: user({ type: "image_url", image_url: { url: "https://example.com/cat.png" } }),
      param: "messages.0.content.0.image_url.url",
      wire: {
        openai: { messages: [{ content: [{ image_url: { url: "https://example.com/cat.png" } }] }] },
        responses: { input: [{ content: [{ image_url: "https://example.com/cat.png" }] }] },
        anthropic: {
          messages: [{ content: [{ source: { type: "url", url: "https://example.com/cat.png" } }] }],
        },
      },
    },
    {
      given: user({ type: "image_url", image_url: { url: `data:image/png;base64,${PIXEL}`, detail: "low" } }),
      param: "messages.0.content.0.image_url.detail",
      wire: {
        openai: { messages: [{ content: [{ image_url: { detail: "low" } }] }] },
        responses: { input: [{ content: [{ detail: "low" }] }] },
      },
    },
    {
      given: { messages: [{ role: "user", content: "hi", name: "ann" }] },
      param: "messages.0.name",
      wire: { openai: { messages: [{ content: "hi", name: "ann" }] } },
    },
    {
      given: {
        messages: [
          { role: "developer", content: "be brief" },
          { role: "user", content: "hi" },
        ],
      },
      wire: {
        openai: { messages: [{ role: "system", content: "be brief" }, { role: "user" }] },
        responses: { input: [{ role: "system", content: "be brief" }, { role: "user" }] },
        anthropic: { system: [{ text: "be brief" }] },
        google: { systemInstruction: { parts: [{ text: "be brief" }] } },
        ollama: { messages: [{ role: "system", content: "be brief" }, { role: "user" }] },
      },
    },
    nobody(
      user({ type: "input_audio", input_audio: { data: "aa", format: "wav" } }),
      "messages.0.content.0.type",
    ),
    nobody(user({ type: "file", file: { file_id: "f" } }), "messages.0.content.0.type"),
    nobody({ messages: [{ role: "function", name: "f", content: "x" }] }, "messages.0.role"),
  ],
  audio: [nobody({ audio: { voice: "ash", format: "mp3" } })],
  frequency_penalty: [
    {
      given: { frequency_penalty: 0.5 },
      wire: {
        openai: { frequency_penalty: 0.5 },
        google: { generationConfig: { frequencyPenalty: 0.5 } },
        ollama: { options: { frequency_penalty: 0.5 } },
      },
    },
  ],
  function_call: [nobody({ function_call: "auto" })],
  functions: [nobody({ functions: [{ name: "f" }] })],
  logit_bias: [chatOnly({ logit_bias: { "50256": -100 } })],
  logprobs: [nobody({ logprobs: true })],
  max_completion_tokens: [
    {
      given: { max_completion_tokens: 99 },
      wire: {
        openai: { max_completion_tokens: 99 },
        responses: { max_output_tokens: 99 },
        anthropic: { max_tokens: 99 },
        google: { generationConfig: { maxOutputTokens: 99 } },
        ollama: { options: { num_predict: 99 } },
      },
    },
  ],
  max_tokens: [
    {
      given: { max_tokens: 98 },
      wire: {
        openai: { max_tokens: 98 },
        responses: { max_output_tokens: 98 },
        anthropic: { max_tokens: 98 },
        google: { generationConfig: { maxOutputTokens: 98 } },
        ollama: { options: { num_predict: 98 } },
      },
    },
  ],
  metadata: [{ given: { metadata: { job: "7" } }, wire: bothAs({ metadata: { job: "7" } }) }],
  modalities: [
    nobody({ modalities: ["text", "audio"] }, "modalities"),
    nobody({ modalities: ["audio"] }, "modalities.0"),
  ],
  moderation: [nobody({ moderation: { model: "omni-moderation-latest" } })],
  n: [nobody({ n: 2 })],
  parallel_tool_calls: [
    {
      given: { parallel_tool_calls: false, tools: [TOOL] },
      wire: {
        ...bothAs({ parallel_tool_calls: false }),
        anthropic: { tool_choice: { type: "auto", disable_parallel_tool_use: true } },
      },
    },
  ],
  prediction: [chatOnly({ prediction: { type: "content", content: "as before" } })],
  presence_penalty: [
    {
      given: { presence_penalty: -0.5 },
      wire: {
        openai: { presence_penalty: -0.5 },
        google: { generationConfig: { presencePenalty: -0.5 } },
        ollama: { options: { presence_penalty: -0.5 } },
      },
    },
  ],
  prompt_cache_key: [{ given: { prompt_cache_key: "k" }, wire: bothAs({ prompt_cache_key: "k" }) }],
  prompt_cache_options: [
    {
      given: { prompt_cache_options: { mode: "explicit" } },
      wire: bothAs({ prompt_cache_options: { mode: "explicit" } }),
    },
  ],
  prompt_cache_retention: [
    { given: { prompt_cache_retention: "24h" }, wire: bothAs({ prompt_cache_retention: "24h" }) },
  ],
  reasoning_effort: [
    effort("none", { anthropic: { thinking: { type: "disabled" } }, ollama: { think: false } }),
    effort("minimal", level("MINIMAL")),
    effort("low", {
      anthropic: { output_config: { effort: "low" } },
      ...level("LOW"),
      ollama: { think: "low" },
    }),
    effort("medium", {
      ...{ anthropic: { output_config: { effort: "medium" } }, ...level("MEDIUM") },
      ollama: { think: "medium" },
    }),
    effort("high", {
      anthropic: { output_config: { effort: "high" } },
      ...level("HIGH"),
      ollama: { think: "high" },
    }),
    effort("xhigh", { anthropic: { output_config: { effort: "xhigh" } } }),
  ],
  response_format: [
    {
      given: { response_format: { type: "json_object" } },
      wire: {
        openai: { response_format: { type: "json_object" } },
        responses: { text: { format: { type: "json_object" } } },
        google: { generationConfig: { responseMimeType: "application/json" } },
        ollama: { format: "json" },
      },
    },
    {
      given: {
        response_format: { type: "json_schema", json_schema: { name: "s", schema: SCHEMA, strict: true } },
      },
      wire: {
        openai: {
          response_format: { type: "json_schema", json_schema: { name: "s", schema: SCHEMA, strict: true } },
        },
        responses: { text: { format: { type: "json_schema", name: "s", schema: SCHEMA, strict: true } } },
        anthropic: { output_config: { format: { type: "json_schema", schema: { properties: { a: {} } } } } },
        google: { generationConfig: { responseMimeType: "application/json", responseJsonSchema: SCHEMA } },
        ollama: { format: SCHEMA },
      },
    },
  ],
  safety_identifier: [{ given: { safety_identifier: "u" }, wire: bothAs({ safety_identifier: "u" }) }],
  seed: [
    {
      given: { seed: 7 },
      wire: {
        openai: { seed: 7 },
        google: { generationConfig: { seed: 7 } },
        ollama: { options: { seed: 7 } },
      },
    },
  ],
  service_tier: [{ given: { service_tier: "priority" }, wire: bothAs({ service_tier: "priority" }) }],
  stop: [
    {
      given: { stop: ["END"] },
      wire: {
        openai: { stop: ["END"] },
        anthropic: { stop_sequences: ["END"] },
        google: { generationConfig: { stopSequences: ["END"] } },
        ollama: { options: { stop: ["END"] } },
      },
    },
  ],
  store: [{ given: { store: true }, wire: bothAs({ store: true }) }],
  // How the gateway answers its client; models are always asked for a stream that counts.
  stream: [
    {
      given: { stream: true },
      wire: {
        ...bothAs({ stream: true }),
        anthropic: { stream: true },
        google: {},
        ollama: { stream: true },
      },
    },
  ],
  stream_options: [
    nobody(
      { stream: true, stream_options: { include_obfuscation: true } },
      "stream_options.include_obfuscation",
    ),
  ],
  temperature: [
    {
      given: { temperature: 0.3 },
      wire: {
        ...bothAs({ temperature: 0.3 }),
        anthropic: { temperature: 0.3 },
        google: { generationConfig: { temperature: 0.3 } },
        ollama: { options: { temperature: 0.3 } },
      },
    },
    {
      given: { temperature: 1.7 },
      wire: {
        ...bothAs({ temperature: 1.7 }),
        google: { generationConfig: { temperature: 1.7 } },
        ollama: { options: { temperature: 1.7 } },
      },
    },
  ],
  tool_choice: [
    {
      given: { tools: [TOOL], tool_choice: "none" },
      wire: {
        ...bothAs({ tool_choice: "none" }),
        ...{ anthropic: { tool_choice: { type: "none" } }, google: googleMode("NONE"), ollama: NO_TOOLS },
      },
    },
    {
      given: { tools: [TOOL], tool_choice: "auto" },
      wire: {
        ...bothAs({ tool_choice: "auto" }),
        ...{
          anthropic: { tool_choice: { type: "auto" } },
          google: googleMode("AUTO"),
          ollama: { tools: [TOOL] },
        },
      },
    },
    {
      given: { tools: [TOOL], tool_choice: "required" },
      wire: {
        ...bothAs({ tool_choice: "required" }),
        ...{ anthropic: { tool_choice: { type: "any" } }, google: googleMode("ANY") },
      },
    },
    {
      given: { tools: [TOOL, OTHER], tool_choice: { type: "function", function: { name: "now" } } },
      wire: {
        openai: { tool_choice: { type: "function", function: { name: "now" } } },
        responses: { tool_choice: { type: "function", name: "now" } },
        anthropic: { tool_choice: { type: "tool", name: "now" } },
        google: googleMode("ANY", { allowedFunctionNames: ["now"] }),
      },
    },
    {
      given: {
        tools: [TOOL, OTHER],
        tool_choice: {
          type: "allowed_tools",
          allowed_tools: { mode: "auto", tools: [{ type: "function", function: { name: "now" } }] },
        },
      },
      wire: {
        openai: { tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto" } }, tools: [{}, {}] },
        responses: {
          tool_choice: { type: "allowed_tools", mode: "auto", tools: [{ name: "now" }] },
          tools: [{}, {}],
        },
        anthropic: { tool_choice: { type: "auto" }, tools: [{ name: "now" }] },
        google: { ...googleMode("AUTO"), tools: [{ functionDeclarations: [{ name: "now" }] }] },
        ollama: { tools: [{ function: { name: "now" } }] },
      },
    },
    nobody({ tools: [TOOL], tool_choice: { type: "custom", custom: { name: "now" } } }, "tool_choice.type"),
  ],
  tools: [
    {
      given: { tools: [TOOL] },
      wire: {
        openai: { tools: [TOOL] },
        responses: {
          tools: [{ type: "function", name: "now", parameters: TOOL.function.parameters, strict: false }],
        },
        anthropic: { tools: [{ name: "now", input_schema: TOOL.function.parameters }] },
        google: { tools: [{ functionDeclarations: [{ name: "now", description: "the time" }] }] },
        ollama: { tools: [TOOL] },
      },
    },
    {
      given: { tools: [{ type: "function", function: { ...OTHER.function, strict: true } }] },
      param: "tools.0.function.strict",
      wire: {
        openai: { tools: [{ function: { name: "later", strict: true } }] },
        responses: { tools: [{ name: "later", strict: true }] },
        anthropic: { tools: [{ name: "later", strict: true }] },
      },
    },
    nobody({ tools: [{ type: "custom", custom: { name: "free" } }] }, "tools.0.type"),
  ],
  top_logprobs: [nobody({ top_logprobs: 3 })],
  top_p: [
    {
      given: { top_p: 0.9 },
      wire: {
        ...bothAs({ top_p: 0.9 }),
        anthropic: { top_p: 0.9 },
        google: { generationConfig: { topP: 0.9 } },
        ollama: { options: { top_p: 0.9 } },
      },
    },
  ],
  user: [
    {
      given: { user: "u1" },
      wire: { ...bothAs({ user: "u1" }), anthropic: { metadata: { user_id: "u1" } } },
    },
  ],
  verbosity: [
    {
      given: { verbosity: "low" },
      wire: { openai: { verbosity: "low" }, responses: { text: { verbosity: "low" } } },
    },
  ],
  web_search_options: [nobody({ web_search_options: {} })],
};
