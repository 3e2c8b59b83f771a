// Signed thoughts, kept from one turn to the next: Gemini wants each signature back on the part it came with, and
// refuses a function call of its newer models without one. The layout of an answer is kept for that, for the host and the
// model that signed it.

import type { Part } from "@google/genai/web";
import type { Continuation } from "../domain/message.ts";
import { type AssistantMessage, keep, keptLayout, type Origin } from "./history.ts";

/** What the vendor documents for calls that another model made. */
const FOREIGN_SIGNATURE = "skip_thought_signature_validator";
const SIGNS_CALLS = /gemini-([3-9]|\d{2})/;

export interface VendorCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** So many characters of the answer's text, or its next call with the id the vendor gave it. */
export type Place =
  | { readonly type: "text"; chars: number; readonly signature?: string }
  | { readonly type: "call"; readonly id?: string; readonly signature?: string };

/** Undefined when nothing of the answer has to go back. */
export function toContinuation(origin: Origin, layout: readonly Place[]): Continuation | undefined {
  const worthIt = layout.some((place) => place.signature !== undefined || "id" in place);
  return worthIt ? keep(origin, layout) : undefined;
}

interface Restored {
  readonly parts: Part[];
  /** For each call the vendor's id, where it gave one. */
  readonly ids: readonly (string | undefined)[];
}

/** The answer's parts with their signatures; without them when they are another's or it no longer fits. */
export function restore(message: AssistantMessage, calls: readonly VendorCall[], origin: Origin): Restored {
  const kept = keptLayout<Place>(message, origin);
  const known = (kept && signedParts(kept, message, calls)) || plain(message, calls);
  const firstCall = known.parts.find((part) => part.functionCall !== undefined);
  if (firstCall !== undefined && firstCall.thoughtSignature === undefined && SIGNS_CALLS.test(origin.model)) {
    firstCall.thoughtSignature = FOREIGN_SIGNATURE;
  }
  return known;
}

function signedParts(
  layout: readonly Place[],
  { text }: AssistantMessage,
  calls: readonly VendorCall[],
): Restored | undefined {
  const parts: Part[] = [];
  const ids: (string | undefined)[] = [];
  let chars = 0;
  for (const place of layout) {
    const signed = place.signature === undefined ? {} : { thoughtSignature: place.signature };
    if (place.type === "text") {
      parts.push({ text: text.slice(chars, chars + place.chars), ...signed });
      chars += place.chars;
      continue;
    }
    const call = calls[ids.length];
    if (call === undefined) return undefined;
    ids.push(place.id);
    parts.push({ functionCall: { ...(place.id !== undefined && { id: place.id }), ...call }, ...signed });
  }
  return chars === text.length && ids.length === calls.length ? { parts, ids } : undefined;
}

function plain({ text }: AssistantMessage, calls: readonly VendorCall[]): Restored {
  const functionCalls = calls.map((call) => ({ functionCall: { ...call } }));
  return { parts: text === "" ? functionCalls : [{ text }, ...functionCalls], ids: [] };
}
