// Marks what a model call is shown, segment by segment, and says which segment is the first that is not as the call
// before had it. A conversation that only grew has not changed: a vendor's prompt cache still hits.

import { createHash, type Hash, hash } from "node:crypto";
import type { Message, ToolSpec } from "../domain/message.ts";
import type { PromptMark, Segment } from "../domain/prompt.ts";
import type { EarlierMark } from "../journal/shown.ts";

/** The parts of one request, as the model reads them. */
export interface Shown {
  readonly tools: readonly ToolSpec[];
  readonly soul: string;
  readonly summary: string;
  readonly history: readonly Message[];
  readonly prompt: Message;
  readonly turns: readonly Message[];
}

const DIGITS = 12;
const short = (text: string): string => hash("sha1", text).slice(0, DIGITS);

export function markSegments(
  { tools, soul, summary, history, prompt, turns }: Shown,
  before: EarlierMark | undefined,
): Pick<PromptMark, "segments" | "ends" | "changed"> {
  const conversation = [...history, prompt, ...turns];
  const ends = [history.length, history.length + 1, conversation.length] as const;
  const hashAt = hashPrefixes(conversation, [...ends, ...(before?.ends ?? [])]);
  const segments: Record<Segment, string> = {
    tools: short(JSON.stringify(tools)),
    soul: short(soul),
    summary: short(summary),
    history: hashAt(ends[0]),
    prompt: hashAt(ends[1]),
    turns: hashAt(ends[2]),
  };
  return { segments, ends, changed: before === undefined ? "first" : firstChange(before, segments, hashAt) };
}

function firstChange(
  before: EarlierMark,
  now: PromptMark["segments"],
  hashAt: (end: number) => string,
): Segment | null {
  const [history, prompt, turns] = before.ends;
  const kept: readonly (readonly [Segment, string])[] = [
    ["tools", now.tools],
    ["soul", now.soul],
    ["summary", now.summary],
    ["history", hashAt(history)],
    ["prompt", hashAt(prompt)],
    ["turns", hashAt(turns)],
  ];
  return kept.find(([segment, value]) => value !== before.segments[segment])?.[0] ?? null;
}

/** Hashes of the first n messages, for each n of `ends`; a conversation that has fewer hashes to nothing. */
function hashPrefixes(messages: readonly Message[], ends: readonly number[]): (end: number) => string {
  const wanted = new Set(ends);
  const found = new Map<number, string>();
  const running = createHash("sha1");
  const keep = (end: number): void => {
    if (wanted.has(end)) found.set(end, running.copy().digest("hex").slice(0, DIGITS));
  };
  keep(0);
  for (const [index, message] of messages.entries()) {
    addMessage(running, message);
    keep(index + 1);
  }
  return (end) => found.get(end) ?? "";
}

function addMessage(running: Hash, message: Message): void {
  const calls = message.role === "assistant" ? JSON.stringify(message.toolCalls) : "";
  running.update(`${message.role}\n${message.text.length}\n${message.text}\n${calls}\n`);
}
