// Makes a history that another vendor began legal for this one: ids of tool calls, arguments that are no object. Every
// rewrite is a function of the messages alone, so that the same history always reads the same (and hits prompt caches).

import type { Continuation, Message, ToolCall } from "../domain/message.ts";

/**
 * The same messages with ids of tool calls that match `legal` and occur once. A result follows the latest call of its
 * id, so that a vendor's counter that starts anew each turn stays unambiguous.
 */
export function withLegalIds(messages: readonly Message[], legal: RegExp): readonly Message[] {
  const taken = new Set<string>();
  const latest = new Map<string, string>();
  const rename = (id: string): string => {
    const stem = legal.test(id) && !taken.has(id) ? id : `call_${taken.size}`;
    const name = untaken(stem, taken);
    taken.add(name);
    latest.set(id, name);
    return name;
  };
  return messages.map((message) => {
    if (message.role === "tool") return { ...message, callId: latest.get(message.callId) ?? message.callId };
    if (message.role !== "assistant" || message.toolCalls.length === 0) return message;
    return { ...message, toolCalls: message.toolCalls.map((call) => ({ ...call, id: rename(call.id) })) };
  });
}

/** Gives each call of one answer an id of its own; a vendor that sends none gets one the history does not have. */
export function createCallIds(messages: readonly Message[]): (given: string | null | undefined) => string {
  const taken = new Set<string>();
  const known = new Set<string>();
  for (const message of messages) {
    if (message.role === "assistant") for (const call of message.toolCalls) known.add(call.id);
  }
  return (given) => {
    const id = given ? untaken(given, taken) : untaken(`call_${known.size}`, known);
    taken.add(id);
    known.add(id);
    return id;
  };
}

function untaken(stem: string, taken: ReadonlySet<string>): string {
  if (!taken.has(stem)) return stem;
  for (let number = 2; ; number++) if (!taken.has(`${stem}_${number}`)) return `${stem}_${number}`;
}

/** Arguments for a vendor that takes only an object; what the model wrote instead of one is kept as it is. */
export function argumentsObject({ argumentsText }: ToolCall): Record<string, unknown> {
  if (argumentsText.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(argumentsText);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Kept below.
  }
  return { invalid_arguments: argumentsText };
}

/** All system messages in order, as one text; undefined when there is none. */
export function systemText(messages: readonly Message[]): string | undefined {
  const texts = messages.flatMap((message) =>
    message.role === "system" && message.text ? [message.text] : [],
  );
  return texts.length === 0 ? undefined : texts.join("\n\n");
}

export type AssistantMessage = Extract<Message, { role: "assistant" }>;

/** Whose reasoning it is: API and host, and the model as it was asked for. It is worth something to nobody else. */
export interface Origin {
  readonly type: string;
  readonly model: string;
}

/** `api` is the kind of API; an undefined address is its vendor's own. */
export function originOf(api: string, baseUrl: string | undefined, model: string): Origin {
  const host = baseUrl !== undefined && URL.canParse(baseUrl) ? new URL(baseUrl).host : api;
  return { type: `${api}@${host}`, model };
}

/** What an answer brought to go back, as a whole: the model, and the answer's parts in their order. */
export interface Kept<Place> {
  readonly model: string;
  readonly layout: readonly Place[];
}

export function keep<Place>({ type, model }: Origin, layout: readonly Place[]): Continuation {
  return { type, data: JSON.stringify({ model, layout } satisfies Kept<Place>) };
}

/** Undefined when it is another's. */
export function keptLayout<Place>(
  message: AssistantMessage,
  { type, model }: Origin,
): readonly Place[] | undefined {
  const kept = continuationOf(message, type) as Partial<Kept<Place>> | undefined;
  return kept?.model === model && Array.isArray(kept.layout) ? kept.layout : undefined;
}

/** The data of a continuation, if this type of provider made it; nonsense counts as none. */
export function continuationOf(message: AssistantMessage, type: string): unknown {
  if (message.continuation?.type !== type) return undefined;
  try {
    return JSON.parse(message.continuation.data);
  } catch {
    return undefined;
  }
}
