// The chunks of OpenAI's chat completions as parts, with what other servers add to them: reasoning under two names, and
// calls without ids or with one index for all. An answer is complete when its finish reason has come.

import type OpenAI from "openai";
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions";
import type { StopReason, TokenUsage } from "../domain/message.ts";
import { type CallSite, fault, refusal as refused } from "./faults.ts";
import { createReasoning, type VendorReasoning } from "./openai-reasoning.ts";
import type { Part } from "./provider.ts";

export interface Reading {
  readonly site: CallSite;
  /** The type of the continuation this server's reasoning becomes. */
  readonly vendor: string;
  readonly nextId: (given: string | undefined) => string;
}

type Delta = ChatCompletionChunk.Choice.Delta & VendorReasoning;

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  stop: "stop",
  eos: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  tool_calls: "tool_calls",
  tool_use: "tool_calls",
  function_call: "tool_calls",
  length: "length",
  max_tokens: "length",
  model_length: "length",
};

export async function* fromChunks(
  chunks: AsyncIterable<ChatCompletionChunk>,
  reading: Reading,
): AsyncGenerator<Part> {
  const reasoning = createReasoning(reading.vendor);
  const calls = createCalls(reading.nextId);
  let reason: string | undefined;
  let counted = false;
  let model = "";
  let refusal = "";
  for await (const chunk of chunks) {
    model ||= chunk.model ?? "";
    if (chunk.usage) yield { type: "usage", usage: toUsage(chunk.usage) };
    counted ||= Boolean(chunk.usage);
    const choice = chunk.choices?.[0];
    const delta: Delta = choice?.delta ?? {};
    const thought = reasoning.add(delta);
    if (thought !== "") yield { type: "reasoning.delta", text: thought };
    if (delta.content) yield { type: "text.delta", text: delta.content };
    refusal += delta.refusal ?? "";
    for (const call of delta.tool_calls ?? []) yield* calls.add(call);
    reason = choice?.finish_reason || reason;
    // Nothing comes after both; some servers then leave the connection open.
    if (reason !== undefined && counted) break;
  }
  yield* finish(
    { reason, refusal, model, calls: calls.count() },
    reading,
    reasoning.continuation(calls.count() > 0),
  );
}

/** Some servers ignore `stream: true` and answer with one JSON document. */
export function* fromCompletion(completion: ChatCompletion, reading: Reading): Generator<Part> {
  const { site, vendor, nextId } = reading;
  const choice = completion.choices?.[0];
  if (choice?.message === undefined) {
    yield fault(site, "malformed", "answered JSON without choices");
    return;
  }
  const message: ChatCompletion.Choice["message"] & VendorReasoning = choice.message;
  const reasoning = createReasoning(vendor);
  const thought = reasoning.add(message);
  if (thought !== "") yield { type: "reasoning.delta", text: thought };
  if (message.content) yield { type: "text.delta", text: message.content };
  const calls = (message.tool_calls ?? []).filter((call) => call.type === "function");
  for (const [index, { id, function: called }] of calls.entries()) {
    yield { type: "tool.start", index, id: nextId(id), name: called.name };
    yield { type: "tool.delta", index, text: called.arguments };
  }
  if (completion.usage) yield { type: "usage", usage: toUsage(completion.usage) };
  const reason = choice.finish_reason as string | null | undefined;
  const end = { reason: reason ?? undefined, refusal: message.refusal ?? "", model: completion.model ?? "" };
  yield* finish({ ...end, calls: calls.length }, reading, reasoning.continuation(calls.length > 0));
}

interface End {
  readonly reason: string | undefined;
  readonly refusal: string;
  readonly model: string;
  readonly calls: number;
}

function* finish(
  { reason, refusal, model, calls }: End,
  { site }: Reading,
  continuation: Part | undefined,
): Generator<Part> {
  const stopReason = STOP_REASONS[(reason ?? "").toLowerCase()];
  if (refusal !== "") yield refused(site, `refused to answer: ${refusal}`, refusal, false);
  else if (reason === undefined) yield fault(site, "malformed", "ended its stream without a finish reason");
  else if (reason === "content_filter") yield refused(site, "filtered the answer's content", "", true);
  else if (stopReason === undefined) {
    yield fault(site, "malformed", `stopped for the unknown reason ${JSON.stringify(reason)}`);
  } else {
    if (continuation !== undefined) yield continuation;
    yield { type: "end", stopReason: calls > 0 && stopReason === "stop" ? "tool_calls" : stopReason, model };
  }
}

type CallDelta = ChatCompletionChunk.Choice.Delta.ToolCall;

/** A new id under a known index is a new call: some servers give all parallel calls index 0. */
function createCalls(nextId: (given: string | undefined) => string) {
  const open = new Map<number, { readonly index: number; readonly id: string | undefined }>();
  let count = 0;
  return {
    count: () => count,
    add: function* ({ index: place = 0, id, function: called }: CallDelta): Generator<Part> {
      let call = open.get(place);
      if (call === undefined || (id && call.id && id !== call.id && called?.name)) {
        call = { index: count++, id };
        open.set(place, call);
        yield { type: "tool.start", index: call.index, id: nextId(id), name: called?.name ?? "" };
      }
      if (called?.arguments) yield { type: "tool.delta", index: call.index, text: called.arguments };
    },
  };
}

function toUsage(usage: OpenAI.CompletionUsage): TokenUsage {
  const { prompt_tokens_details: prompt, completion_tokens_details: completion } = usage;
  return {
    inputTokens: usage.prompt_tokens ?? 0,
    outputTokens: usage.completion_tokens ?? 0,
    cachedTokens: prompt?.cached_tokens ?? 0,
    ...(prompt?.cache_write_tokens !== undefined && { cacheWriteTokens: prompt.cache_write_tokens }),
    ...(completion?.reasoning_tokens !== undefined && { reasoningTokens: completion.reasoning_tokens }),
  };
}
