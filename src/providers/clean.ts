// A provider around a provider that takes known secrets out of what the model says and asks for, before anybody hears it,
// stores it or acts on it.

import type { Part, Provider } from "./provider.ts";

/** Redacts one text that arrives in pieces. */
export interface Cleaner {
  push(piece: string): string;
  flush(): string;
}

export function cleaned(provider: Provider, createCleaner: () => Cleaner): Provider {
  return { ...provider, stream: (request, signal) => pass(provider.stream(request, signal), createCleaner) };
}

async function* pass(parts: AsyncIterable<Part>, createCleaner: () => Cleaner): AsyncGenerator<Part> {
  const prose = createCleaner();
  const thought = createCleaner();
  const calls = new Map<number, Cleaner>();
  for await (const part of parts) {
    if (part.type === "text.delta") {
      const unthought = thought.flush();
      if (unthought !== "") yield { type: "reasoning.delta", text: unthought };
      const text = prose.push(part.text);
      if (text !== "") yield { type: "text.delta", text };
      continue;
    }
    if (part.type === "reasoning.delta") {
      const text = thought.push(part.text);
      if (text !== "") yield { type: "reasoning.delta", text };
      continue;
    }
    const unthought = thought.flush();
    if (unthought !== "") yield { type: "reasoning.delta", text: unthought };
    const rest = prose.flush();
    if (rest !== "") yield { type: "text.delta", text: rest };
    if (part.type === "tool.start") calls.set(part.index, createCleaner());
    const call = part.type === "tool.delta" ? calls.get(part.index) : undefined;
    if (part.type === "tool.delta" && call !== undefined) {
      const text = call.push(part.text);
      if (text !== "") yield { ...part, text };
      continue;
    }
    if (part.type === "end")
      for (const [index, { flush }] of calls) yield { type: "tool.delta", index, text: flush() };
    yield part.type === "refusal" ? { ...part, text: whole(createCleaner(), part.text) } : part;
  }
}

function whole(cleaner: Cleaner, text: string): string {
  return cleaner.push(text) + cleaner.flush();
}
