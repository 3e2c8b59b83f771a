// A session with a given conversation in the real database, and a model that notes what it is asked, so that a test can
// look at the request the brain would send.

import type { ContextPorts } from "../../src/brain/context.ts";
import { createCounting } from "../../src/brain/counting.ts";
import type { Agent } from "../../src/domain/agent.ts";
import type { Message } from "../../src/domain/message.ts";
import { createCatalog } from "../../src/providers/catalog.ts";
import type { ModelRequest, Part, Provider } from "../../src/providers/provider.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import { type InlineWriter, storeOf } from "./inline-writer.ts";
import { claimInput, enqueueInput, UNLIMITED } from "./inputs.ts";

export interface Said {
  readonly role: "user" | "assistant";
  readonly text: string;
}

export interface Asked {
  readonly ports: ContextPorts;
  /** Requests for summaries, in order. */
  readonly requests: readonly ModelRequest[];
}

const AGENT: Agent = {
  ...{ id: "default", displayName: "GoClaw", provider: "scripted", model: "m", soul: "You are brief." },
  ...{
    tools: null,
    workerCount: null,
    maxQueueDepth: 0,
    taskTimeoutMs: 60_000,
    maxTurns: 8,
    contextLimit: null,
  },
  budget: { onLimit: "suspend" },
};

export interface AskOptions {
  readonly id?: string;
  readonly sessionId?: string;
  readonly model?: string;
  readonly contextLimit?: number | null;
  /** What the model answers to a request for a summary. */
  readonly summarise?: (request: ModelRequest) => string;
}

/** Enqueues and claims a task whose session has the conversation before its prompt. */
export function askIn(
  writer: InlineWriter,
  history: readonly Said[],
  prompt: string,
  options: AskOptions = {},
): Asked {
  const { id = "task", sessionId = "session", model = "m", contextLimit = null } = options;
  writer.call(enqueue, enqueueInput(id, { sessionId, prompt, history }));
  writer.clock.pass(1);
  const task = writer.call(claim, claimInput()).find((claimed) => claimed.id === id)!;
  const requests: ModelRequest[] = [];
  const store = storeOf(writer);
  const provider: Provider = {
    id: "scripted",
    stream: (request) => {
      requests.push(request);
      return answer(options.summarise?.(request) ?? "what was said", model);
    },
  };
  const purse = {
    ...{ store, catalog: createCatalog([], () => 0), owner: "boot-1" },
    ...UNLIMITED,
    nowMs: () => writer.clock.nowMs(),
  };
  const { signal } = new AbortController();
  const ports: ContextPorts = {
    ...{ task, provider, store, purse, tools: [], signal, counting: createCounting(provider, signal) },
    agent: { ...AGENT, contextLimit },
    links: [{ provider: "scripted", model }],
  };
  return { ports, requests };
}

async function* answer(text: string, model: string): AsyncGenerator<Part> {
  yield { type: "text.delta", text };
  yield { type: "usage", usage: { inputTokens: 10, outputTokens: 2, cachedTokens: 0 } };
  yield { type: "end", stopReason: "stop", model };
}

/** A turn with tool calls and their results. */
export function turnOf(results: readonly string[], nth = 0): Message[] {
  const toolCalls = results.map((_, index) => ({ id: `c${nth}.${index}`, name: "now", argumentsText: "{}" }));
  return [
    { role: "assistant", text: "", toolCalls },
    ...results.map(
      (text, index): Message => ({ role: "tool", callId: `c${nth}.${index}`, name: "now", text }),
    ),
  ];
}
