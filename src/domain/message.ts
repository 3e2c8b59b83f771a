// Provider-neutral conversation. Providers map it to their wire format and back; nothing here is vendor-specific.

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** The arguments exactly as the model wrote them: JSON text, possibly invalid. */
  readonly argumentsText: string;
}

export type Message =
  | { readonly role: "system"; readonly text: string }
  | { readonly role: "user"; readonly text: string }
  | { readonly role: "assistant"; readonly text: string; readonly toolCalls: readonly ToolCall[] }
  | { readonly role: "tool"; readonly callId: string; readonly name: string; readonly text: string };

/** What a tool looks like to a model. `params` is a JSON Schema object. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export type StopReason = "stop" | "tool_calls" | "length" | "content_filter";

/** Token counts as the provider reported them; null when it reported none. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
}

/** One whole model answer, as journaled. */
export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly stopReason: StopReason;
  readonly usage: TokenUsage | null;
  readonly provider: string;
  readonly model: string;
}

/** Stands between the texts of a task's turns in its result, streamed or not. */
export const TURN_SEPARATOR = "\n\n";
