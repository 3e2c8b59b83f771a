// Reads a provider's stream to its end and says what it was, checking on the way what holds for every stream: exactly
// one last part, calls that start before they go on, nothing thrown.

import type { Continuation, TokenUsage, ToolCall } from "../../../src/domain/message.ts";
import type { ModelRequest, Part, Provider, ProviderFailure } from "../../../src/providers/provider.ts";
import { within } from "../wait.ts";

export interface Collected {
  readonly text: string;
  readonly reasoning: string;
  readonly calls: readonly ToolCall[];
  readonly usage: TokenUsage | undefined;
  readonly continuation: Continuation | undefined;
  readonly end: Extract<Part, { type: "end" }> | undefined;
  readonly error: ProviderFailure | undefined;
  readonly parts: readonly Part[];
}

export const NEVER = new AbortController().signal;

export function ask(more: Partial<ModelRequest> = {}): ModelRequest {
  return { model: "m", messages: [{ role: "user", text: "hello" }], tools: [], sampling: {}, ...more };
}

export async function collect(
  provider: Provider,
  request: ModelRequest = ask(),
  signal: AbortSignal = NEVER,
  onPart: (part: Part) => void = () => {},
): Promise<Collected> {
  const parts: Part[] = [];
  const reading = (async () => {
    for await (const part of provider.stream(request, signal)) {
      parts.push(part);
      onPart(part);
    }
  })();
  await within(`${provider.id} ends its stream`, reading, 15_000);
  return toCollected(parts);
}

function toCollected(parts: readonly Part[]): Collected {
  const last = parts.at(-1);
  const lasts = parts.filter(({ type }) => type === "end" || type === "error");
  if (lasts.length !== 1 || lasts[0] !== last) throw new Error(`not one last part: ${JSON.stringify(parts)}`);
  const calls = new Map<number, { id: string; name: string; argumentsText: string }>();
  for (const part of parts) {
    if (part.type === "tool.start")
      calls.set(part.index, { id: part.id, name: part.name, argumentsText: "" });
    if (part.type !== "tool.delta") continue;
    const call = calls.get(part.index);
    if (call === undefined) throw new Error("a call went on before it started");
    call.argumentsText += part.text;
  }
  const of = <T extends Part["type"]>(type: T) =>
    parts.filter((part): part is Extract<Part, { type: T }> => part.type === type);
  return {
    text: of("text.delta")
      .map(({ text }) => text)
      .join(""),
    reasoning: of("reasoning.delta")
      .map(({ text }) => text)
      .join(""),
    calls: [...calls.values()],
    usage: of("usage").at(-1)?.usage,
    continuation: of("continuation").at(-1)?.continuation,
    end: of("end")[0],
    error: of("error")[0],
    parts,
  };
}
