// How much a model can be shown: its window, less the room its answer needs. Sizes are tokens.

import type { ModelFacts } from "../domain/model.ts";
import type { Sampling } from "../domain/task.ts";
import type { Catalog } from "../providers/catalog.ts";

/** A provider and the model it is asked for. */
export interface Link {
  readonly provider: string;
  readonly model: string;
}

export interface Room {
  readonly window: number;
  /** False when the window is a guess: then a request that seems too long is left to the provider to judge. */
  readonly isKnown: boolean;
  /** What a request may have: soul, tools, summary, history, prompt and the task's own turns. */
  readonly inputTokens: number;
}

/** For models the catalogue does not know. Their current models all have more; anybody else's may not. */
const VENDOR_WINDOW = 128_000;
const OTHER_WINDOW = 32_768;
const VENDORS = ["openai", "anthropic", "google", "openrouter"];

const DEFAULT_ANSWER_TOKENS = 4_096;
const LONGEST_DEFAULT_ANSWER_TOKENS = 16_384;
/** Of the window, when the caller does not say how long the answer may be. */
const ANSWER_SHARE = 0.25;

/** The longest answer that is expected. */
export function answerTokensOf(facts: ModelFacts | undefined, maxTokens: number | undefined): number {
  return (
    maxTokens ?? Math.min(facts?.maxOutputTokens ?? DEFAULT_ANSWER_TOKENS, LONGEST_DEFAULT_ANSWER_TOKENS)
  );
}

/** The room in a chain of providers is that of its smallest window: any link may be the one that answers. */
export function roomFor(
  catalog: Catalog,
  links: readonly Link[],
  contextLimit: number | null,
  sampling: Sampling,
): Room {
  const rooms = links.map((link): Room => {
    const facts = catalog.find(link.provider, link.model);
    const known = catalog.windowOf(link.provider, link.model) ?? contextLimit;
    const guess = VENDORS.includes(link.provider) ? VENDOR_WINDOW : OTHER_WINDOW;
    const window = Math.min(known ?? guess, contextLimit ?? Number.POSITIVE_INFINITY);
    const answer = answerTokensOf(facts, sampling.maxTokens);
    // Of a guess, half at least is left for the request: the caller may know better how long an answer can be.
    const most = known === null ? window / 2 : window;
    const kept = Math.min(answer, sampling.maxTokens === undefined ? window * ANSWER_SHARE : most);
    return { window, isKnown: known !== null, inputTokens: Math.floor(window - kept) };
  });
  return rooms.reduce((least, room) => (room.inputTokens < least.inputTokens ? room : least));
}
