// Signed thinking, kept from one turn to the next: Anthropic wants its blocks back unchanged and in their place among
// text and tool calls, so the layout of the whole answer is kept with them.

import type {
  ContentBlockParam,
  RedactedThinkingBlockParam,
  TextBlockParam,
  ThinkingBlockParam,
  ToolUseBlockParam,
} from "@anthropic-ai/sdk/resources/messages";
import type { Continuation } from "../domain/message.ts";
import { type AssistantMessage, continuationOf } from "./history.ts";

const TYPE = "anthropic";

/** A thinking block as it came, so many characters of the answer's text, or its next tool call. */
export type Place =
  | ThinkingBlockParam
  | RedactedThinkingBlockParam
  | { readonly type: "text"; chars: number }
  | { readonly type: "call" };

/** Undefined when nothing of the answer has to go back. */
export function toContinuation(layout: readonly Place[]): Continuation | undefined {
  const signed = layout.some(({ type }) => type === "thinking" || type === "redacted_thinking");
  return signed ? { type: TYPE, data: JSON.stringify(layout) } : undefined;
}

/** The answer's blocks as they came; undefined when it brought no layout or no longer fits it. */
export function restore(
  message: AssistantMessage,
  calls: readonly ToolUseBlockParam[],
): ContentBlockParam[] | undefined {
  const layout = continuationOf(message, TYPE);
  if (!Array.isArray(layout)) return undefined;
  const blocks: ContentBlockParam[] = [];
  let chars = 0;
  let taken = 0;
  for (const place of layout as Place[]) {
    if (place.type === "text") {
      blocks.push(...textBlocks(message.text.slice(chars, chars + place.chars)));
      chars += place.chars;
    } else if (place.type === "call") {
      blocks.push(...calls.slice(taken, taken + 1));
      taken++;
    } else blocks.push(place);
  }
  return chars === message.text.length && taken === calls.length ? blocks : undefined;
}

/** The vendor refuses blocks of nothing but white space. */
export function textBlocks(text: string): TextBlockParam[] {
  return text.trim() === "" ? [] : [{ type: "text", text }];
}
