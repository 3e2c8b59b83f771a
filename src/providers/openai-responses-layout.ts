// Encrypted reasoning, kept from one turn to the next: nothing is stored at the vendor, so the items of an answer go
// back as they came, with their ids and in their order among text and calls. They are worth something only to the host
// and the model that made them; all others get the bare answer.

import type {
  ResponseFunctionToolCall,
  ResponseInputItem,
  ResponseOutputMessage,
  ResponseReasoningItem,
} from "openai/resources/responses/responses";
import type { Continuation } from "../domain/message.ts";
import { type AssistantMessage, keep, keptLayout, type Origin } from "./history.ts";

export type Phase = NonNullable<ResponseOutputMessage["phase"]>;

/** A reasoning item as it came, so many characters of the answer's text, or its next call. */
export type Place =
  | Pick<ResponseReasoningItem, "type" | "id" | "summary" | "encrypted_content">
  | { readonly type: "message"; readonly id: string; readonly phase?: Phase; readonly chars: number }
  | { readonly type: "call"; readonly id?: string };

/** Undefined when nothing of the answer has to go back. */
export function toContinuation(origin: Origin, places: readonly Place[]): Continuation | undefined {
  // The vendor refuses reasoning without the item it led to, and an answer may break off before that.
  const layout = places.slice(0, places.findLastIndex((place) => place.type !== "reasoning") + 1);
  const worthIt = layout.some((place) => place.type === "reasoning" || "phase" in place);
  return worthIt ? keep(origin, layout) : undefined;
}

/** The answer's items as they came, or bare when they are another's or no longer fit. */
export function restore(
  message: AssistantMessage,
  calls: readonly ResponseFunctionToolCall[],
  origin: Origin,
): ResponseInputItem[] {
  const layout = keptLayout<Place>(message, origin);
  return (layout && fitted(layout, message, calls)) || bare(message, calls);
}

function fitted(
  layout: readonly Place[],
  { text }: AssistantMessage,
  calls: readonly ResponseFunctionToolCall[],
): ResponseInputItem[] | undefined {
  const items: ResponseInputItem[] = [];
  let chars = 0;
  let taken = 0;
  for (const place of layout) {
    if (place.type === "reasoning") items.push(place);
    else if (place.type === "call") {
      const call = calls[taken++];
      if (call !== undefined) items.push(place.id === undefined ? call : { ...call, id: place.id });
    } else {
      const { id, phase } = place;
      const said = text.slice(chars, chars + place.chars);
      chars += place.chars;
      const content = [{ type: "output_text" as const, text: said, annotations: [] }];
      const state = { role: "assistant", status: "completed", ...(phase && { phase }) } as const;
      items.push({ type: "message", id, content, ...state });
    }
  }
  return chars === text.length && taken === calls.length ? items : undefined;
}

function bare({ text }: AssistantMessage, calls: readonly ResponseFunctionToolCall[]): ResponseInputItem[] {
  if (text === "" && calls.length > 0) return [...calls];
  return [{ role: "assistant", content: text }, ...calls];
}
