// Plays a cassette: recorded model answers in a JSON file, found by prompt and turn. No model is called; a request
// that the cassette does not have fails and names the nearest entry.

import { distance } from "fastest-levenshtein";
import type { Cassette, CassetteEntry } from "../domain/cassette.ts";
import { GoclawError, messageOf } from "../domain/error.ts";
import type { Message } from "../domain/message.ts";
import { fault } from "./faults.ts";
import { failure, type ModelRequest, type Part, type Provider } from "./provider.ts";

const ENTRY_KEYS = ["prompt", "turn", "text", "tool_calls", "usage"];

/** Throws CONFIG_INVALID that names the file and the entry. */
export function parseCassette(text: string, file: string): Cassette {
  const bad = (what: string): never => {
    throw new GoclawError("CONFIG_INVALID", `cassette ${file}: ${what}`);
  };
  let parsed: Cassette;
  try {
    parsed = JSON.parse(text) as Cassette;
  } catch (error) {
    return bad(`not JSON: ${messageOf(error)}`);
  }
  if (parsed?.cassette !== 1) return bad('the file must start with "cassette": 1');
  if (!Array.isArray(parsed.entries)) return bad('"entries" must be a list');
  for (const [index, entry] of parsed.entries.entries()) {
    if (typeof entry !== "object" || entry === null) return bad(`entry ${index} must be an object`);
    const unknown = Object.keys(entry).find((key) => !ENTRY_KEYS.includes(key));
    if (unknown !== undefined) return bad(`entry ${index} has the unknown key ${JSON.stringify(unknown)}`);
    if (!Number.isInteger(entry.turn) || entry.turn < 0)
      return bad(`entry ${index}: "turn" must be 0 or more`);
    const wrong = wrongField(entry);
    if (wrong !== undefined) return bad(`entry ${index}: ${wrong}`);
  }
  return parsed;
}

function wrongField({ prompt, text, tool_calls: calls, usage }: CassetteEntry): string | undefined {
  const isCall = (call: unknown): boolean => typeof (call as { name?: unknown } | null)?.name === "string";
  if (prompt !== undefined && typeof prompt !== "string") return '"prompt" must be text';
  if (text !== undefined && typeof text !== "string") return '"text" must be text';
  if (calls !== undefined && !(Array.isArray(calls) && calls.every(isCall)))
    return '"tool_calls" must be a list of {name, arguments}';
  const counts = [usage?.input_tokens, usage?.output_tokens];
  if (usage !== undefined && !counts.every((count) => Number.isInteger(count)))
    return '"usage" must have input_tokens and output_tokens';
  return undefined;
}

/** `load` finds a cassette by the request's model name; undefined when there is none. */
export function createReplay(id: string, load: (name: string) => Cassette | undefined): Provider {
  return {
    id,
    stream: async function* (request, signal) {
      let cassette: Cassette | undefined;
      try {
        cassette = load(request.model);
      } catch (error) {
        const site = { provider: id, model: request.model };
        yield fault(site, "cassette_broken", `cannot be played: ${messageOf(error)}`);
        return;
      }
      if (cassette === undefined) {
        yield failure(
          "cassette_miss",
          `there is no cassette named ${JSON.stringify(request.model)}; put one into cassettes/`,
        );
        return;
      }
      yield* play(cassette, request, signal);
    },
  };
}

function* play(cassette: Cassette, request: ModelRequest, signal: AbortSignal): Generator<Part> {
  const { prompt, turn } = position(request.messages);
  const entry = cassette.entries.find(
    (candidate) => candidate.turn === turn && (candidate.prompt === undefined || candidate.prompt === prompt),
  );
  if (entry === undefined) {
    yield failure("cassette_miss", missText(cassette, request.model, prompt, turn));
    return;
  }
  // Word by word, so that a replayed stream looks like one.
  for (const piece of (entry.text ?? "").match(/\s*\S+\s*|\s+/g) ?? []) {
    if (signal.aborted) {
      yield failure("aborted", "the call was aborted");
      return;
    }
    yield { type: "text.delta", text: piece };
  }
  const calls = entry.tool_calls ?? [];
  for (const [index, call] of calls.entries()) {
    yield { type: "tool.start", index, id: `call_${turn}_${index}`, name: call.name };
    yield { type: "tool.delta", index, text: JSON.stringify(call.arguments) };
  }
  if (entry.usage !== undefined) {
    const { input_tokens: inputTokens, output_tokens: outputTokens } = entry.usage;
    yield { type: "usage", usage: { inputTokens, outputTokens, cachedTokens: 0 } };
  }
  yield { type: "end", stopReason: calls.length > 0 ? "tool_calls" : "stop", model: request.model };
}

/** The user's last words, and how many answers came after them. Being asked again is about an answer, not a prompt. */
function position(messages: readonly Message[]): { prompt: string; turn: number } {
  const last = messages.findLastIndex((message) => message.role === "user" && message.isReask !== true);
  const prompt = messages[last];
  const later = messages.slice(last + 1);
  // An empty answer leaves no message behind, only that it was asked for again.
  const isAnswer = ({ role }: Message, index: number): boolean =>
    role === "assistant" || (role === "user" && later[index - 1]?.role !== "assistant");
  return { prompt: prompt?.role === "user" ? prompt.text : "", turn: later.filter(isAnswer).length };
}

const SHOWN_CHARS = 120;

function missText(cassette: Cassette, name: string, prompt: string, turn: number): string {
  const wanted = prompt.slice(0, SHOWN_CHARS);
  const score = (entry: CassetteEntry): number =>
    distance(wanted, (entry.prompt ?? "").slice(0, SHOWN_CHARS)) + 10 * Math.abs(entry.turn - turn);
  const nearest = [...cassette.entries].sort((a, b) => score(a) - score(b))[0];
  const asked = `turn ${turn} of prompt ${JSON.stringify(wanted)}`;
  if (nearest === undefined) return `cassette ${name} is empty; asked for ${asked}`;
  const { prompt: had = prompt } = nearest;
  const entry = `turn ${nearest.turn} of prompt ${JSON.stringify((nearest.prompt ?? "any").slice(0, SHOWN_CHARS))}`;
  const differs = had === prompt ? "" : `; ${difference(prompt, had)}`;
  return `cassette ${name} has no answer for ${asked}; the nearest entry is ${entry}${differs}`;
}

const AROUND_CHARS = 30;

/** Long prompts often begin alike. */
function difference(asked: string, had: string): string {
  let at = 0;
  while (at < asked.length && asked[at] === had[at]) at++;
  const part = (text: string): string => JSON.stringify(text.slice(Math.max(0, at - 10), at + AROUND_CHARS));
  return `they differ from character ${at} on: asked ${part(asked)}, recorded ${part(had)}`;
}
