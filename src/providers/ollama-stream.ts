// The lines of /api/chat as parts. Tool calls come whole and without ids; an answer is complete when a line says done.

import type { ChatResponse } from "ollama/browser";
import type { StopReason } from "../domain/message.ts";
import { type CallSite, fault } from "./faults.ts";
import type { Part } from "./provider.ts";

const STOP_REASONS: Readonly<Record<string, StopReason>> = { stop: "stop", length: "length" };

/** Newer servers name their calls. */
interface NamedCall {
  readonly id?: unknown;
}

export async function* toParts(
  answers: AsyncIterable<ChatResponse>,
  site: CallSite,
  nextId: (given: string | undefined) => string,
): AsyncGenerator<Part> {
  let calls = 0;
  for await (const { message, done, done_reason: reason, model, ...counts } of answers) {
    if (message?.thinking) yield { type: "reasoning.delta", text: message.thinking };
    if (message?.content) yield { type: "text.delta", text: message.content };
    for (const call of message?.tool_calls ?? []) {
      const { id } = call as NamedCall;
      const index = calls++;
      const name = call.function?.name ?? "";
      yield { type: "tool.start", index, id: nextId(typeof id === "string" ? id : undefined), name };
      yield { type: "tool.delta", index, text: JSON.stringify(call.function?.arguments ?? {}) };
    }
    if (!done) continue;
    // A prompt that was wholly in the server's cache is not counted.
    const { prompt_eval_count: inputTokens = 0, eval_count: outputTokens = 0 } = counts;
    yield { type: "usage", usage: { inputTokens, outputTokens, cachedTokens: 0 } };
    const stopReason = STOP_REASONS[reason ?? "stop"];
    if (stopReason === undefined) yield fault(site, "malformed", `stopped for the unknown reason ${reason}`);
    else
      yield {
        type: "end",
        stopReason: calls > 0 && stopReason === "stop" ? "tool_calls" : stopReason,
        model: model ?? "",
      };
    return;
  }
  yield fault(site, "malformed", "ended its stream without saying that it is done");
}
