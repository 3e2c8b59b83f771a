// One model call: collects the parts of a stream into a whole answer and passes text on as it arrives. What a provider
// did not finish is not an answer.

import type { AnswerDelta } from "../domain/event.ts";
import type { Answer, Continuation, StopReason, TokenUsage, ToolCall } from "../domain/message.ts";
import {
  type ErrorClass,
  failure,
  type ModelRequest,
  type Provider,
  type ProviderFailure,
  type SeamPart,
  type UsagePart,
} from "../providers/provider.ts";
import type { Link } from "./window.ts";

/** `billed`: what providers have, or may have, counted for tries that came to nothing. */
export type Called =
  | { readonly ok: true; readonly answer: Answer; readonly billed: readonly Billed[] }
  | { readonly ok: false; readonly failure: ProviderFailure; readonly billed: readonly Billed[] };

export interface Billed {
  readonly provider: string;
  readonly model: string;
  /** Null when the provider said nothing before it broke off. */
  readonly usage: TokenUsage | null;
  /** The last count was not of the whole answer. */
  readonly partial: boolean;
  /** Bytes of the answer that came after its last count: they were made, and nobody said what they cost. */
  readonly uncountedBytes: number;
  readonly errorClass: ErrorClass;
}

interface PartialCall {
  readonly id: string;
  readonly name: string;
  argumentsText: string;
}

/** `offset` counts UTF-16 units from the start of this answer. */
export interface Hearing {
  onText(text: string, offset: number): void;
  onPiece?(piece: AnswerDelta["piece"]): void;
  onSeam(seam: SeamPart): void;
}

export async function callModel(
  provider: Provider,
  request: ModelRequest,
  signal: AbortSignal,
  { onText, onPiece, onSeam }: Hearing,
): Promise<Called> {
  let text = "";
  let reasoning = "";
  let refusal = "";
  let continuation: Continuation | undefined;
  const meter = createMeter(provider.id, request.model);
  const calls = new Map<number, PartialCall>();
  for await (const part of provider.stream(request, signal)) {
    switch (part.type) {
      case "text.delta":
        onText(part.text, text.length);
        text += part.text;
        meter.hear(part.text);
        break;
      case "reasoning.delta":
        onPiece?.({ type: "reasoning", offset: reasoning.length, text: part.text });
        reasoning += part.text;
        meter.hear(part.text);
        break;
      case "refusal":
        refusal += part.text;
        break;
      case "continuation":
        continuation = part.continuation;
        break;
      case "tool.start":
        calls.set(part.index, { id: part.id, name: part.name, argumentsText: "" });
        break;
      case "tool.delta": {
        const call = calls.get(part.index);
        meter.hear(part.text);
        if (call === undefined) break;
        const { id, name, argumentsText } = call;
        const { index, text: piece } = part;
        onPiece?.({ type: "call", index, id, name, offset: argumentsText.length, text: piece });
        call.argumentsText += piece;
        break;
      }
      case "seam":
        meter.failed(part.errorClass, { provider: part.fromProvider, model: part.fromModel });
        onSeam(part);
        break;
      case "usage":
        meter.count(part);
        break;
      case "error":
        meter.failed(part.errorClass, part.from);
        return { ok: false, failure: part, billed: meter.billed };
      case "end": {
        const toolCalls: ToolCall[] = [...calls.entries()].sort(([a], [b]) => a - b).map(([, call]) => call);
        const stopReason = whyStopped(part.stopReason, toolCalls.length > 0, request);
        const model = part.model || request.model;
        const extra = {
          ...(reasoning && { reasoning }),
          ...(refusal && { refusal }),
          ...(continuation && { continuation }),
        };
        return {
          ok: true,
          billed: meter.billed,
          answer: {
            text,
            toolCalls,
            stopReason,
            usage: meter.usage(),
            ...extra,
            provider: part.provider ?? provider.id,
            model,
          },
        };
      }
    }
  }
  meter.failed("malformed");
  const cut = failure("malformed", `${provider.id} ended without saying so`);
  return { ok: false, failure: cut, billed: meter.billed };
}

/** Vendors differ in what they say beside calls. A client that performs its calls itself must know that one was cut off. */
function whyStopped(said: StopReason, hasCalls: boolean, { wish }: ModelRequest): StopReason {
  if (!hasCalls) return said === "tool_calls" ? "stop" : said;
  return wish === undefined || said === "stop" ? "tool_calls" : said;
}

/** Tells what the try under way was counted for from what earlier ones were: a seam or an error ends a try. */
function createMeter(provider: string, model: string) {
  const billed: Billed[] = [];
  let current: (Link & Pick<UsagePart, "usage" | "partial">) | undefined;
  let uncountedBytes = 0;
  return {
    billed,
    usage: (): TokenUsage | null => current?.usage ?? null,
    hear: (text: string): void => {
      uncountedBytes += Buffer.byteLength(text);
    },
    count: (part: UsagePart): void => {
      const { usage, partial = false } = part;
      current = { provider: part.provider ?? provider, model: part.model ?? model, usage, partial };
      uncountedBytes = 0;
    },
    failed: (errorClass: ErrorClass, from: Link = { provider, model }): void => {
      const usage = current !== undefined && isCounted(current.usage) ? current.usage : null;
      const { provider: by, model: as } = current ?? from;
      const partial = usage !== null && (uncountedBytes > 0 || current?.partial === true);
      if (usage !== null || uncountedBytes > 0)
        billed.push({ provider: by, model: as, usage, partial, uncountedBytes, errorClass });
      current = undefined;
      uncountedBytes = 0;
    },
  };
}

function isCounted({ inputTokens, outputTokens }: TokenUsage): boolean {
  return inputTokens + outputTokens > 0;
}
