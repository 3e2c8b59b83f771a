// A model's answer in the words of chat completions: whole, or as what a stream has still to say of it. A stream that
// repeats itself after a retry says nothing twice; one that contradicts what was said is a contradiction.

import type { AnswerDelta, DurableEvent } from "../domain/event.ts";
import type { Answer } from "../domain/message.ts";

type Piece = AnswerDelta["piece"];

/** What is added to the message of a choice. */
export type ChoiceDelta = Readonly<Record<string, unknown>>;

export function toMessage({ text, refusal, reasoning, toolCalls }: Answer): object {
  const calls = toolCalls.map(({ id, name, argumentsText }) => ({
    ...{ id, type: "function" },
    function: { name, arguments: argumentsText },
  }));
  return {
    role: "assistant",
    content: text === "" && (calls.length > 0 || refusal !== undefined) ? null : text,
    refusal: refusal ?? null,
    ...(reasoning !== undefined && { reasoning_content: reasoning }),
    ...(calls.length > 0 && { tool_calls: calls }),
  };
}

/** Real numbers of a `model.end`, or nothing where the vendor told none. */
export function toUsage({ payload }: DurableEvent): object | undefined {
  const {
    input_tokens: input,
    output_tokens: output,
    cached_tokens: cached,
    reasoning_tokens: thought,
  } = payload;
  if (typeof input !== "number" || typeof output !== "number") return undefined;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: cached ?? 0 },
    ...(thought !== undefined && { completion_tokens_details: { reasoning_tokens: thought } }),
  };
}

/** Of reasoning and calls; the text has a reader of its own. */
export interface Said {
  /** What a piece adds; undefined when it contradicts what was said. */
  accept(piece: Piece): readonly ChoiceDelta[] | undefined;
  /** What the whole answer has beyond what was said; undefined when it contradicts that. */
  finish(answer: Answer): readonly ChoiceDelta[] | undefined;
}

export function createSaid(): Said {
  let reasoning = "";
  const calls: { readonly id: string; args: string }[] = [];

  const think = (offset: number, text: string): readonly ChoiceDelta[] | undefined => {
    const added = growth(reasoning, offset, text);
    if (added === undefined) return undefined;
    reasoning += added;
    return added === "" ? [] : [{ reasoning_content: added }];
  };
  const call = ({ index, id, name, offset, text }: Extract<Piece, { type: "call" }>) => {
    // A call before this one was missed: the whole answer will fill it in.
    if (index > calls.length) return [];
    const deltas: ChoiceDelta[] = [];
    let known = calls[index];
    if (known === undefined) {
      known = { id, args: "" };
      calls.push(known);
      deltas.push(toolDelta(index, { id, type: "function", function: { name, arguments: "" } }));
    }
    const added = known.id === id ? growth(known.args, offset, text) : undefined;
    if (added === undefined) return undefined;
    known.args += added;
    if (added !== "") deltas.push(toolDelta(index, { function: { arguments: added } }));
    return deltas;
  };
  return {
    accept: (piece) => (piece.type === "reasoning" ? think(piece.offset, piece.text) : call(piece)),
    finish: (answer) => {
      if (calls.length > answer.toolCalls.length) return undefined;
      const all: ChoiceDelta[] = [];
      for (const [index, { id, name, argumentsText: text }] of answer.toolCalls.entries()) {
        const deltas = call({ type: "call", index, id, name, offset: 0, text });
        if (deltas === undefined) return undefined;
        all.push(...deltas);
      }
      if (answer.refusal !== undefined) all.push({ refusal: answer.refusal });
      return all;
    },
  };
}

function toolDelta(index: number, rest: object): ChoiceDelta {
  return { tool_calls: [{ index, ...rest }] };
}

/** What `text` at `offset` adds to `known`; undefined when it says something else. */
function growth(known: string, offset: number, text: string): string | undefined {
  if (offset > known.length) return ""; // a gap: the whole answer will fill it
  const again = known.slice(offset);
  if (text.startsWith(again)) return text.slice(again.length);
  return again.startsWith(text) ? "" : undefined;
}
