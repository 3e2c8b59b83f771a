// Provider-neutral conversation. Providers map it to their wire format and back; nothing here is vendor-specific.

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** The arguments exactly as the model wrote them: JSON text, possibly invalid. */
  readonly argumentsText: string;
}

/** An image handed to a model that can see: base64 without a data: prefix. */
export interface Image {
  readonly mediaType: string;
  readonly base64: string;
}

/**
 * What a vendor wants back unchanged with the next turn, such as signed reasoning. Only the provider type that made it
 * reads it; another one leaves it out.
 */
export interface Continuation {
  readonly type: string;
  readonly data: string;
}

/** A piece of a user's message, in its place. An image is here itself, or at an address that the vendor fetches. */
export type ContentPart =
  | { readonly type: "text"; readonly text: string }
  | ({ readonly type: "image"; readonly detail?: ImageDetail } & Image)
  | { readonly type: "image_url"; readonly detail?: ImageDetail; readonly url: string };

export type ImageDetail = "auto" | "low" | "high";

export type Message =
  | { readonly role: "system"; readonly text: string; readonly speaker?: string }
  | {
      readonly role: "user";
      readonly text: string;
      readonly images?: readonly Image[];
      /** The same text, and images in their places among it; stands in place of `text` and `images`. */
      readonly parts?: readonly ContentPart[];
      /** Tells several participants of one role apart. */
      readonly speaker?: string;
      /** No user's words: the program asks again, because of what the answer before it lacks. */
      readonly isReask?: true;
    }
  | {
      readonly role: "assistant";
      readonly text: string;
      readonly toolCalls: readonly ToolCall[];
      readonly continuation?: Continuation;
      readonly speaker?: string;
    }
  | { readonly role: "tool"; readonly callId: string; readonly name: string; readonly text: string };

/** What a tool looks like to a model. `params` is a JSON Schema object. */
export interface ToolSpec {
  readonly name: string;
  readonly description: string;
  readonly params: Readonly<Record<string, unknown>>;
  /** The vendor must keep the arguments to the schema. */
  readonly strict?: boolean;
}

export type StopReason = "stop" | "tool_calls" | "length" | "content_filter";

/** Token counts as the provider reported them; null when it reported none. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The part of inputTokens that was read from the vendor's prompt cache. */
  readonly cachedTokens: number;
  /** The part of inputTokens that was written to the vendor's prompt cache. */
  readonly cacheWriteTokens?: number;
  /** The part of outputTokens that was reasoning. */
  readonly reasoningTokens?: number;
}

/** One whole model answer, as journaled. */
export interface Answer {
  readonly text: string;
  readonly toolCalls: readonly ToolCall[];
  readonly stopReason: StopReason;
  readonly usage: TokenUsage | null;
  readonly reasoning?: string;
  /** Why the model would not answer, in its own words; only a client's own conversation keeps it. */
  readonly refusal?: string;
  readonly continuation?: Continuation;
  readonly provider: string;
  readonly model: string;
}

/** Stands between the texts of a task's turns in its result, streamed or not. */
export const TURN_SEPARATOR = "\n\n";
