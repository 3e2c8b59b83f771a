// Scripted providers and a chain of two of them.

import { createBreaker } from "../../../src/providers/breaker.ts";
import { createFailover } from "../../../src/providers/failover.ts";
import {
  type ErrorClass,
  failure,
  type ModelRequest,
  type Part,
  type Provider,
} from "../../../src/providers/provider.ts";

type Script = readonly Part[];
export const END: Part = { type: "end", stopReason: "stop", model: "m" };
export const text = (words: string): Part => ({ type: "text.delta", text: words });
export const broken = (errorClass: ErrorClass, afterMs = 0): Part =>
  failure(errorClass, `it is ${errorClass}`, afterMs);
export const REQUEST: ModelRequest = {
  model: "asked",
  messages: [{ role: "user", text: "hi" }],
  tools: [],
  sampling: {},
};

/** A provider that plays one script a call, the last one for ever. */
export function scripted(id: string, ...scripts: readonly Script[]) {
  const requests: ModelRequest[] = [];
  const provider: Provider = {
    id,
    stream: async function* (request) {
      requests.push(request);
      yield* scripts[Math.min(requests.length, scripts.length) - 1] ?? [];
    },
  };
  return { provider, requests };
}

export function rig(first: ReturnType<typeof scripted>, second: ReturnType<typeof scripted>, threshold = 3) {
  const waits: number[] = [];
  let nowMs = 0;
  const breaker = createBreaker({
    ...{ threshold, cooldownMs: 1_000, nowMs: () => nowMs, restored: [], save: () => {} },
  });
  const wait = async (ms: number): Promise<void> => void waits.push(ms);
  const links = [
    { provider: first.provider, model: "one" },
    { provider: second.provider, model: "two" },
  ] as const;
  const chain = createFailover([...links], { breaker, wait });
  const run = async (
    signal = new AbortController().signal,
    more: Partial<ModelRequest> = {},
  ): Promise<Part[]> => {
    const parts: Part[] = [];
    for await (const part of chain.stream({ ...REQUEST, ...more }, signal)) parts.push(part);
    return parts;
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { chain, breaker, waits, run, pass };
}
