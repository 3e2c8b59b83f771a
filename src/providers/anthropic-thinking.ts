// Signed thinking, kept from one turn to the next: Anthropic wants its blocks back unchanged and in their place among
// text and tool calls, so the layout of the whole answer is kept with them. Another host, and another model, refuses the
// signatures.

import type {
  ContentBlockParam,
  RedactedThinkingBlockParam,
  TextBlockParam,
  ThinkingBlockParam,
  ToolUseBlockParam,
} from "@anthropic-ai/sdk/resources/messages";
import type { Continuation } from "../domain/message.ts";
import { type AssistantMessage, keep, keptLayout, type Origin } from "./history.ts";

/** A thinking block as it came, so many characters of the answer's text, or its next tool call. */
export type Place =
  | ThinkingBlockParam
  | RedactedThinkingBlockParam
  | { readonly type: "text"; chars: number }
  | { readonly type: "call" };

/** Undefined when nothing of the answer has to go back. */
export function toContinuation(origin: Origin, layout: readonly Place[]): Continuation | undefined {
  const signed = layout.some(({ type }) => type === "thinking" || type === "redacted_thinking");
  return signed ? keep(origin, layout) : undefined;
}

/** The answer's blocks as they came; undefined when it brought no layout or no longer fits it. */
export function restore(
  message: AssistantMessage,
  calls: readonly ToolUseBlockParam[],
  origin: Origin,
): ContentBlockParam[] | undefined {
  const layout = keptLayout<Place>(message, origin);
  if (layout === undefined) return undefined;
  const blocks: ContentBlockParam[] = [];
  let chars = 0;
  let taken = 0;
  for (const place of layout) {
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
