// The events of OpenAI's Responses as parts. An answer is complete when the response says how it ended. What a server
// sends only with an item's end (arguments, text) is taken from there, so that sparse streams and whole answers read alike.

import type {
  Response,
  ResponseOutputItem,
  ResponseStreamEvent,
  ResponseUsage,
} from "openai/resources/responses/responses";
import type { TokenUsage } from "../domain/message.ts";
import { type CallSite, fault, refusal as refused } from "./faults.ts";
import type { Origin } from "./history.ts";
import { explainOpenAi } from "./openai-errors.ts";
import { type Phase, type Place, toContinuation } from "./openai-responses-layout.ts";
import type { Part } from "./provider.ts";

export interface Reading {
  readonly site: CallSite;
  readonly secret: string;
  readonly origin: Origin;
  readonly nextId: (given: string | undefined) => string;
}

/** What is known of one item of the output, by the vendor's index of it. */
interface Item {
  /** Of a call: its index among the calls. */
  readonly call: number;
  /** Characters of text, reasoning or arguments that were passed on. */
  chars: number;
  place: Place | undefined;
}

interface Answer {
  readonly reading: Reading;
  readonly items: Map<number, Item>;
  calls: number;
  refusal: string;
  /** The item that the last text was of. */
  speaking: number | undefined;
}

export async function* fromEvents(
  events: AsyncIterable<ResponseStreamEvent>,
  reading: Reading,
): AsyncGenerator<Part> {
  const answer = begin(reading);
  for await (const event of events) {
    switch (event.type) {
      case "response.output_item.added":
        yield* open(answer, event.output_index, event.item);
        break;
      case "response.output_text.delta":
        yield* text(answer, event.output_index, event.delta);
        break;
      case "response.refusal.delta":
        answer.refusal += event.delta;
        break;
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        yield* reasoning(answer, event.output_index, event.delta);
        break;
      case "response.reasoning_summary_part.added":
        if (event.summary_index > 0) yield* reasoning(answer, event.output_index, "\n\n");
        break;
      case "response.function_call_arguments.delta":
        yield* argument(answer, event.output_index, event.delta);
        break;
      case "response.output_item.done":
        yield* close(answer, event.output_index, event.item);
        break;
      case "response.completed":
      case "response.incomplete":
      case "response.failed":
        yield* finish(answer, event.response);
        return;
      case "error":
        yield explainOpenAi({ error: event }, reading.site, reading.secret);
        return;
      default: // Lifecycle, and what tools of the vendor's own do, which are never asked for.
    }
  }
  yield fault(reading.site, "malformed", "ended its stream without the end of its response");
}

/** Some servers ignore `stream: true` and answer with one JSON document. */
export function* fromResponse(response: Response, reading: Reading): Generator<Part> {
  const answer = begin(reading);
  if (Array.isArray(response.output)) {
    for (const [index, item] of response.output.entries()) yield* close(answer, index, item);
  }
  yield* finish(answer, response);
}

function begin(reading: Reading): Answer {
  return { reading, items: new Map(), calls: 0, refusal: "", speaking: undefined };
}

function itemAt(answer: Answer, index: number): Item {
  const item = answer.items.get(index) ?? { call: -1, chars: 0, place: undefined };
  answer.items.set(index, item);
  return item;
}

function* open(answer: Answer, index: number, item: ResponseOutputItem): Generator<Part> {
  if (item.type !== "function_call" || answer.items.has(index)) return;
  const call = answer.calls++;
  answer.items.set(index, { call, chars: 0, place: undefined });
  yield { type: "tool.start", index: call, id: answer.reading.nextId(item.call_id), name: item.name ?? "" };
}

function* text(answer: Answer, index: number, delta: string): Generator<Part> {
  if (!delta) return;
  // A comment and the final answer are messages of their own.
  const said = (answer.speaking ?? index) === index ? delta : `\n\n${delta}`;
  answer.speaking = index;
  itemAt(answer, index).chars += said.length;
  yield { type: "text.delta", text: said };
}

function* reasoning(answer: Answer, index: number, delta: string): Generator<Part> {
  if (!delta) return;
  itemAt(answer, index).chars += delta.length;
  yield { type: "reasoning.delta", text: delta };
}

function* argument(answer: Answer, index: number, delta: string): Generator<Part> {
  const item = answer.items.get(index);
  if (!delta || item === undefined || item.call < 0) return;
  item.chars += delta.length;
  yield { type: "tool.delta", index: item.call, text: delta };
}

function* close(answer: Answer, index: number, given: ResponseOutputItem): Generator<Part> {
  switch (given.type) {
    case "function_call": {
      yield* open(answer, index, given);
      if (itemAt(answer, index).chars === 0) yield* argument(answer, index, given.arguments);
      itemAt(answer, index).place = { type: "call", ...(given.id && { id: given.id }) };
      return;
    }
    case "message": {
      const said = given.content ?? [];
      const item = itemAt(answer, index);
      if (item.chars === 0)
        for (const part of said) if (part.type === "output_text") yield* text(answer, index, part.text);
      if (answer.refusal === "")
        for (const part of said) if (part.type === "refusal") answer.refusal += part.refusal;
      const phase = given.phase ? { phase: given.phase satisfies Phase } : {};
      item.place = { type: "message", id: given.id, chars: item.chars, ...phase };
      return;
    }
    case "reasoning": {
      const { id, summary = [], content = [], encrypted_content: encrypted } = given;
      const told = [...summary, ...content].map((part) => part.text).join("\n\n");
      if (itemAt(answer, index).chars === 0) yield* reasoning(answer, index, told);
      // Without its content the vendor would look the item up, and it stores none.
      if (encrypted)
        itemAt(answer, index).place = { type: "reasoning", id, summary, encrypted_content: encrypted };
      return;
    }
    default:
  }
}

const NO_REASON = { message: "no reason given" };

function* finish(answer: Answer, response: Response): Generator<Part> {
  const { reading, refusal, calls } = answer;
  const { site, secret, origin } = reading;
  const { status, error, incomplete_details: details, usage, model = "" } = response;
  if (usage) yield { type: "usage", usage: toUsage(usage) };
  const reason = status === "incomplete" ? (details?.reason ?? "none given") : status;
  if (status === "failed" || error) yield explainOpenAi({ error: error ?? NO_REASON }, site, secret);
  else if (refusal !== "") yield refused(site, `refused to answer: ${refusal}`, refusal, false);
  else if (reason === "content_filter") yield refused(site, "filtered the answer's content", "", true);
  else if (reason !== "completed" && reason !== "max_output_tokens") {
    yield fault(site, "malformed", `stopped for the unknown reason ${JSON.stringify(reason ?? null)}`);
  } else {
    const ordered = [...answer.items].sort(([a], [b]) => a - b);
    const continuation = toContinuation(
      origin,
      ordered.flatMap(([, { place }]) => place ?? []),
    );
    if (continuation !== undefined) yield { type: "continuation", continuation };
    const stopReason = reason === "completed" ? "stop" : "length";
    yield { type: "end", stopReason: calls > 0 && stopReason === "stop" ? "tool_calls" : stopReason, model };
  }
}

function toUsage(usage: ResponseUsage): TokenUsage {
  const { input_tokens_details: input, output_tokens_details: output } = usage;
  return {
    inputTokens: usage.input_tokens ?? 0,
    outputTokens: usage.output_tokens ?? 0,
    cachedTokens: input?.cached_tokens ?? 0,
    ...(input?.cache_write_tokens !== undefined && { cacheWriteTokens: input.cache_write_tokens }),
    ...(output?.reasoning_tokens !== undefined && { reasoningTokens: output.reasoning_tokens }),
  };
}
