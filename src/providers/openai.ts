// OpenAI and everything that speaks its chat completions: OpenRouter, LM Studio, vLLM and others. Uses the official
// SDK, which is loaded at the first call and never retries by itself: retries belong to the queue.

import type OpenAI from "openai";
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionMessageParam,
} from "openai/resources/chat/completions";
import type { Message, StopReason, TokenUsage } from "../domain/message.ts";
import { classify } from "./openai-errors.ts";
import { failure, type ModelRequest, type Part, type Provider } from "./provider.ts";

export interface OpenAiSettings {
  readonly id: string;
  readonly apiKey: string;
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
}

export function createOpenAi(settings: OpenAiSettings): Provider {
  let client: Promise<OpenAI> | undefined;
  return {
    id: settings.id,
    stream: async function* (request, signal) {
      try {
        client ??= openClient(settings);
        yield* call(await client, settings, request, signal);
      } catch (error) {
        yield await classify(error, settings.id, request.model, signal);
      }
    },
  };
}

async function openClient({ apiKey, baseUrl, timeoutMs }: OpenAiSettings): Promise<OpenAI> {
  const { OpenAI } = await import("openai");
  const base = baseUrl === undefined ? {} : { baseURL: baseUrl };
  return new OpenAI({ apiKey, ...base, timeout: timeoutMs, maxRetries: 0 });
}

async function* call(
  client: OpenAI,
  settings: OpenAiSettings,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncGenerator<Part> {
  const whole = AbortSignal.any([signal, AbortSignal.timeout(settings.timeoutMs)]);
  const response = await client.chat.completions.create(toBody(request), { signal: whole }).asResponse();
  const contentType = response.headers.get("content-type") ?? "";
  if (contentType.includes("application/json")) {
    yield* fromCompletion((await response.json()) as ChatCompletion, settings.id);
    return;
  }
  if (!contentType.includes("text/event-stream")) {
    void response.body?.cancel();
    yield failure(
      "malformed",
      `${settings.id} answered ${contentType || "no content type"}, not an event stream; check base_url`,
    );
    return;
  }
  const { Stream } = await import("openai/core/streaming");
  const controller = new AbortController();
  const chunks = Stream.fromSSEResponse<ChatCompletionChunk>(response, controller);
  try {
    yield* fromChunks(chunks, settings.id);
  } finally {
    controller.abort();
  }
}

function toBody({
  model,
  messages,
  tools,
  sampling,
}: ModelRequest): OpenAI.ChatCompletionCreateParamsStreaming {
  const functions = tools.map(({ name, description, params }) => ({
    type: "function" as const,
    function: { name, description, parameters: params as Record<string, unknown> },
  }));
  return {
    model,
    messages: messages.map(toWire),
    stream: true,
    stream_options: { include_usage: true },
    ...(functions.length === 0 ? {} : { tools: functions }),
    ...optional("temperature", sampling.temperature),
    ...optional("top_p", sampling.topP),
    ...optional("max_completion_tokens", sampling.maxTokens),
    ...optional("stop", sampling.stop === undefined ? undefined : [...sampling.stop]),
    ...optional("seed", sampling.seed),
    ...optional("presence_penalty", sampling.presencePenalty),
    ...optional("frequency_penalty", sampling.frequencyPenalty),
  };
}

function optional<Key extends string, Value>(key: Key, value: Value | undefined): { [K in Key]?: Value } {
  return value === undefined ? {} : ({ [key]: value } as { [K in Key]: Value });
}

function toWire(message: Message): ChatCompletionMessageParam {
  switch (message.role) {
    case "system":
    case "user":
      return { role: message.role, content: message.text };
    case "tool":
      return { role: "tool", tool_call_id: message.callId, content: message.text };
    case "assistant": {
      const calls = message.toolCalls.map(({ id, name, argumentsText }) => ({
        id,
        type: "function" as const,
        function: { name, arguments: argumentsText },
      }));
      const content = message.text === "" && calls.length > 0 ? null : message.text;
      return { role: "assistant", content, ...(calls.length === 0 ? {} : { tool_calls: calls }) };
    }
  }
}

async function* fromChunks(chunks: AsyncIterable<ChatCompletionChunk>, id: string): AsyncGenerator<Part> {
  let stopReason: StopReason | undefined;
  let model = "";
  const started = new Set<number>();
  for await (const chunk of chunks) {
    model ||= chunk.model ?? "";
    if (chunk.usage) yield { type: "usage", usage: toUsage(chunk.usage) };
    const choice = chunk.choices?.[0];
    if (choice === undefined) continue;
    if (choice.delta?.content) yield { type: "text.delta", text: choice.delta.content };
    for (const call of choice.delta?.tool_calls ?? []) {
      if (!started.has(call.index)) {
        started.add(call.index);
        const callId = call.id ?? `call_${call.index}`;
        yield { type: "tool.start", index: call.index, id: callId, name: call.function?.name ?? "" };
      }
      if (call.function?.arguments)
        yield { type: "tool.delta", index: call.index, text: call.function.arguments };
    }
    if (choice.finish_reason) stopReason = toStopReason(choice.finish_reason);
  }
  if (stopReason === undefined) yield failure("malformed", `${id} ended its stream without a finish reason`);
  else yield { type: "end", stopReason, model };
}

/** Some servers ignore `stream: true` and answer with one JSON document. */
function* fromCompletion(completion: ChatCompletion, id: string): Generator<Part> {
  const choice = completion.choices?.[0];
  if (choice?.message === undefined) {
    yield failure("malformed", `${id} answered JSON without choices; check base_url`);
    return;
  }
  if (choice.message.content) yield { type: "text.delta", text: choice.message.content };
  for (const [index, call] of (choice.message.tool_calls ?? []).entries()) {
    if (call.type !== "function") continue;
    yield { type: "tool.start", index, id: call.id, name: call.function.name };
    yield { type: "tool.delta", index, text: call.function.arguments };
  }
  if (completion.usage) yield { type: "usage", usage: toUsage(completion.usage) };
  yield { type: "end", stopReason: toStopReason(choice.finish_reason), model: completion.model ?? "" };
}

function toUsage(usage: OpenAI.CompletionUsage): TokenUsage {
  return {
    inputTokens: usage.prompt_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
  };
}

function toStopReason(reason: string): StopReason {
  if (reason === "tool_calls" || reason === "function_call") return "tool_calls";
  if (reason === "length") return "length";
  if (reason === "content_filter") return "content_filter";
  return "stop";
}
