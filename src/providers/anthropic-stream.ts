// The events of Anthropic's Messages API as parts. An answer is complete when its stop reason has come.

import type {
  RawContentBlockDeltaEvent,
  RawContentBlockStartEvent,
  RawMessageStreamEvent,
} from "@anthropic-ai/sdk/resources/messages";
import type { StopReason, TokenUsage } from "../domain/message.ts";
import { type Place, toContinuation } from "./anthropic-thinking.ts";
import { type CallSite, fault, refusal } from "./faults.ts";
import type { Origin } from "./history.ts";
import type { Part } from "./provider.ts";

interface Answer {
  model: string;
  stopReason: string | undefined;
  explanation: string | undefined;
  readonly tokens: Tokens;
  /** By the vendor's index of the block. */
  readonly blocks: Map<
    number,
    { readonly place: Place; readonly call: number; started: string; wrote: boolean }
  >;
  calls: number;
}

/** The vendor's own counts: input_tokens is what was neither read from the cache nor written to it. */
interface Tokens {
  input_tokens?: number | null;
  cache_read_input_tokens?: number | null;
  cache_creation_input_tokens?: number | null;
  output_tokens?: number | null;
  output_tokens_details?: { readonly thinking_tokens?: number } | null;
}

export async function* toParts(
  events: AsyncIterable<RawMessageStreamEvent>,
  site: CallSite,
  nextId: (given: string) => string,
  origin: Origin,
): AsyncGenerator<Part> {
  const answer: Answer = {
    ...{ model: "", stopReason: undefined, explanation: undefined },
    ...{ tokens: {}, blocks: new Map(), calls: 0 },
  };
  for await (const event of events) {
    switch (event.type) {
      case "message_start":
        answer.model = event.message?.model ?? "";
        count(answer.tokens, event.message?.usage);
        // The input is billed even if the answer breaks off.
        yield { type: "usage", usage: toUsage(answer.tokens), partial: true };
        break;
      case "content_block_start":
        yield* startBlock(answer, event, nextId);
        break;
      case "content_block_delta":
        yield* addToBlock(answer, event);
        break;
      case "content_block_stop":
        yield* endBlock(answer, event.index);
        break;
      case "message_delta":
        answer.stopReason = event.delta?.stop_reason ?? undefined;
        answer.explanation = event.delta?.stop_details?.explanation ?? undefined;
        count(answer.tokens, event.usage);
        break;
    }
    if (event.type === "message_stop") break;
  }
  yield* finish(answer, site, origin);
}

function* startBlock(
  answer: Answer,
  { index, content_block: block }: RawContentBlockStartEvent,
  nextId: (given: string) => string,
): Generator<Part> {
  const call = answer.calls;
  const add = (place: Place, started = ""): void => {
    answer.blocks.set(index, { place, call, started, wrote: false });
  };
  switch (block.type) {
    case "text":
      add({ type: "text", chars: block.text?.length ?? 0 });
      if (block.text) yield { type: "text.delta", text: block.text };
      return;
    case "thinking":
      add({ type: "thinking", thinking: block.thinking ?? "", signature: block.signature ?? "" });
      if (block.thinking) yield { type: "reasoning.delta", text: block.thinking };
      return;
    case "redacted_thinking":
      add({ type: "redacted_thinking", data: block.data });
      return;
    case "tool_use":
      // Some servers send the arguments whole, here, and no deltas.
      add({ type: "call" }, JSON.stringify(block.input ?? {}));
      answer.calls++;
      yield { type: "tool.start", index: call, id: nextId(block.id), name: block.name };
  }
}

function* addToBlock(answer: Answer, { index, delta }: RawContentBlockDeltaEvent): Generator<Part> {
  const block = answer.blocks.get(index);
  if (block === undefined) return;
  const { place } = block;
  if (delta.type === "text_delta" && place.type === "text") {
    place.chars += delta.text.length;
    yield { type: "text.delta", text: delta.text };
  } else if (delta.type === "thinking_delta" && place.type === "thinking") {
    place.thinking += delta.thinking;
    yield { type: "reasoning.delta", text: delta.thinking };
  } else if (delta.type === "signature_delta" && place.type === "thinking") {
    place.signature += delta.signature;
  } else if (delta.type === "input_json_delta" && place.type === "call" && delta.partial_json !== "") {
    block.wrote = true;
    yield { type: "tool.delta", index: block.call, text: delta.partial_json };
  }
}

function* endBlock(answer: Answer, index: number): Generator<Part> {
  const block = answer.blocks.get(index);
  if (block?.place.type === "call" && !block.wrote) {
    yield { type: "tool.delta", index: block.call, text: block.started };
  }
}

const STOP_REASONS: Readonly<Record<string, StopReason>> = {
  end_turn: "stop",
  stop_sequence: "stop",
  tool_use: "tool_calls",
  max_tokens: "length",
  model_context_window_exceeded: "length",
};

function* finish(answer: Answer, site: CallSite, origin: Origin): Generator<Part> {
  const { stopReason: reason, tokens, model } = answer;
  if (reason === undefined) {
    yield fault(site, "malformed", "ended its stream without a stop reason");
    return;
  }
  yield { type: "usage", usage: toUsage(tokens) };
  const stopReason = STOP_REASONS[reason];
  if (reason === "refusal") {
    const said = answer.explanation ?? "";
    yield refusal(site, `refused to answer${said && `: ${said}`}`, said, true);
  } else if (stopReason === undefined) {
    yield fault(site, "malformed", `stopped for the unknown reason ${JSON.stringify(reason)}`);
  } else {
    const layout = [...answer.blocks.values()].map(({ place }) => place);
    const continuation = toContinuation(origin, layout);
    if (continuation !== undefined) yield { type: "continuation", continuation };
    yield { type: "end", stopReason, model };
  }
}

/** Counts are cumulative; a later event overrules an earlier one in what it names. */
function count(tokens: Tokens, reported: Tokens | null | undefined): void {
  for (const [name, value] of Object.entries(reported ?? {})) {
    if (value !== null && value !== undefined) Object.assign(tokens, { [name]: value });
  }
}

function toUsage(tokens: Tokens): TokenUsage {
  const cachedTokens = tokens.cache_read_input_tokens ?? 0;
  const cacheWriteTokens = tokens.cache_creation_input_tokens ?? 0;
  const thinking = tokens.output_tokens_details?.thinking_tokens;
  return {
    inputTokens: (tokens.input_tokens ?? 0) + cachedTokens + cacheWriteTokens,
    outputTokens: tokens.output_tokens ?? 0,
    cachedTokens,
    cacheWriteTokens,
    ...(thinking !== undefined && { reasoningTokens: thinking }),
  };
}
