// What one model call was shown, as a mark: how long it was and a hash of each segment, in the order in which the model
// reads them. Two marks tell which segment changed first, which is where a vendor's prompt cache stops to hit.

export const SEGMENTS = ["tools", "soul", "summary", "history", "prompt", "turns"] as const;
export type Segment = (typeof SEGMENTS)[number];

/** Hashes are 12 hex digits; `history`, `prompt` and `turns` hash everything of the conversation up to their end. */
export interface PromptMark {
  /** Tokens of the request as they were counted before it was sent, and how. */
  readonly tokens: number;
  readonly countedBy: string;
  readonly window: number;
  readonly segments: Readonly<Record<Segment, string>>;
  /** How many messages of the conversation there are at the end of `history`, `prompt` and `turns`. */
  readonly ends: readonly [history: number, prompt: number, turns: number];
  /** The first segment that is not what the session's call before was shown; null when that call was only added to. */
  readonly changed: Segment | "first" | null;
}
