// One model call: collects the parts of a stream into a whole answer and passes text on as it arrives. What a provider
// did not finish is not an answer.

import type { Answer, Continuation, TokenUsage, ToolCall } from "../domain/message.ts";
import {
  failure,
  type ModelRequest,
  type Provider,
  type ProviderFailure,
  type SeamPart,
} from "../providers/provider.ts";

export type Called =
  | { readonly ok: true; readonly answer: Answer }
  | { readonly ok: false; readonly failure: ProviderFailure };

interface PartialCall {
  readonly id: string;
  readonly name: string;
  argumentsText: string;
}

/** `offset` counts UTF-16 units from the start of this answer. */
export interface Hearing {
  onText(text: string, offset: number): void;
  onSeam(seam: SeamPart): void;
}

export async function callModel(
  provider: Provider,
  request: ModelRequest,
  signal: AbortSignal,
  { onText, onSeam }: Hearing,
): Promise<Called> {
  let text = "";
  let reasoning = "";
  let continuation: Continuation | undefined;
  let usage: TokenUsage | null = null;
  const calls = new Map<number, PartialCall>();
  for await (const part of provider.stream(request, signal)) {
    switch (part.type) {
      case "text.delta":
        onText(part.text, text.length);
        text += part.text;
        break;
      case "reasoning.delta":
        reasoning += part.text;
        break;
      case "continuation":
        continuation = part.continuation;
        break;
      case "tool.start":
        calls.set(part.index, { id: part.id, name: part.name, argumentsText: "" });
        break;
      case "tool.delta": {
        const call = calls.get(part.index);
        if (call !== undefined) call.argumentsText += part.text;
        break;
      }
      case "seam":
        onSeam(part);
        break;
      case "usage":
        usage = part.usage;
        break;
      case "error":
        return { ok: false, failure: part };
      case "end": {
        const toolCalls: ToolCall[] = [...calls.entries()].sort(([a], [b]) => a - b).map(([, call]) => call);
        const stopReason = toolCalls.length > 0 ? "tool_calls" : part.stopReason;
        const model = part.model || request.model;
        const extra = { ...(reasoning && { reasoning }), ...(continuation && { continuation }) };
        return {
          ok: true,
          answer: {
            text,
            toolCalls,
            stopReason,
            usage,
            ...extra,
            provider: part.provider ?? provider.id,
            model,
          },
        };
      }
    }
  }
  return { ok: false, failure: failure("malformed", `${provider.id} ended without saying so`) };
}
