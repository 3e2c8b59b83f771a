// Every field of OpenAI's chat completions and what becomes of it at each vendor: the piece of the vendor's request that
// shows it, or nothing, which means that it is refused by its name. A field that the official types gain does not
// type-check here until somebody has decided about it.

import type { ChatCompletionCreateParamsBase } from "openai/resources/chat/completions/completions";
import { bothAs, type Case, chatOnly, nobody } from "./passage-case.ts";
import { MESSAGES } from "./passage-message-fields.ts";
import { RESPONSE_FORMAT, TOOL, TOOL_CHOICE, TOOLS } from "./passage-tool-fields.ts";

const effort = (reasoning_effort: string, wire: Case["wire"]): Case => ({
  given: { reasoning_effort },
  wire: { openai: { reasoning_effort }, responses: { reasoning: { effort: reasoning_effort } }, ...wire },
});
const level = (thinkingLevel: string) => ({
  google: { generationConfig: { thinkingConfig: { thinkingLevel } } },
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
  messages: MESSAGES,
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
  response_format: RESPONSE_FORMAT,
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
  tool_choice: TOOL_CHOICE,
  tools: TOOLS,
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
