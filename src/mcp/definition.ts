// What a server says about one of its tools: reduced to the fields that are pinned, hashed in canonical form, and judged
// for what a person could not see. Nothing a server says here ever lowers a bar.

import { createHash } from "node:crypto";
import { offeredName } from "../domain/mcp.ts";

export interface Definition {
  readonly name: string;
  readonly description: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  /** The pinned fields as canonical JSON: order and white space of the server's answer do not matter. */
  readonly json: string;
  readonly hash: string;
  /** Why it can be neither approved nor called; null when it can. */
  readonly refusal: string | null;
  /** What somebody who approves it should notice. */
  readonly notes: readonly string[];
}

const PINNED = ["name", "title", "description", "inputSchema", "outputSchema", "annotations"] as const;

/** Longest description that a model is given; more is cut there, and shown in full at the approval. */
export const DESCRIPTION_CHARS = 4_096;
const DEFINITION_CHARS = 65_536;
const DEPTH_MAX = 32;
const OFFERED_NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Not seen, or read in another order than they stand; joiners of emoji and scripts, newline and tab are not meant. */
const UNSEEN =
  /\u034f|(?![\n\r\t])[\p{Cc}\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\u{e0000}-\u{e0fff}]/u;

export function readDefinition(server: string, raw: Readonly<Record<string, unknown>>): Definition {
  const pinned = Object.fromEntries(
    PINNED.flatMap((key) => (raw[key] === undefined ? [] : [[key, raw[key]]])),
  );
  const { name, description = "", inputSchema } = pinned;
  const isDeep = depthOf(pinned, 0) > DEPTH_MAX;
  const json = isDeep ? JSON.stringify({ name: String(name) }) : canonical(pinned);
  const schema = isRecord(inputSchema) ? inputSchema : {};
  return {
    name: String(name),
    description: String(description),
    inputSchema: schema,
    json,
    hash: createHash("sha256").update(json).digest("hex"),
    refusal: isDeep
      ? `its definition is nested deeper than ${DEPTH_MAX}`
      : refusalOf(server, String(name), json, schema),
    notes: notesOf(pinned, String(description)),
  };
}

function refusalOf(
  server: string,
  name: string,
  json: string,
  schema: Readonly<Record<string, unknown>>,
): string | null {
  if (!OFFERED_NAME.test(offeredName(server, name)))
    return "its name cannot be offered (letters, digits, `_`, `-`, `.`; at most 64 with the prefix)";
  if (json.length > DEFINITION_CHARS)
    return `its definition has ${json.length} characters (at most ${DEFINITION_CHARS})`;
  if (schema.type !== "object") return "its inputSchema does not describe an object";
  // JSON writes control characters as \u escapes, so they are looked for in the texts themselves.
  if (anyText(JSON.parse(json), (text) => UNSEEN.test(text)))
    return "its definition holds characters that are not seen or reorder the text";
  return null;
}

function notesOf(pinned: Readonly<Record<string, unknown>>, description: string): string[] {
  const notes: string[] = [];
  if (description.length > DESCRIPTION_CHARS) {
    notes.push(`the model gets the first ${DESCRIPTION_CHARS} of ${description.length} characters`);
  }
  const isForeign = (text: string): boolean => /[^\p{ASCII}]/u.test(text);
  if (isForeign(description)) notes.push("the description has letters beyond ASCII");
  const annotations = isRecord(pinned.annotations) ? pinned.annotations : {};
  if (annotations.destructiveHint === true) notes.push("the server calls it destructive");
  if (annotations.readOnlyHint === true) {
    notes.push("the server calls it read-only; that is its word and changes nothing here");
  }
  return notes;
}

function anyText(value: unknown, test: (text: string) => boolean): boolean {
  if (typeof value === "string") return test(value);
  if (Array.isArray(value)) return value.some((entry) => anyText(entry, test));
  if (!isRecord(value)) return false;
  return Object.entries(value).some(([key, entry]) => test(key) || anyText(entry, test));
}

/** JSON with the keys of every object sorted. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) =>
    isRecord(entry)
      ? Object.fromEntries(Object.entries(entry).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      : entry,
  );
}

function depthOf(value: unknown, at: number): number {
  if (at > DEPTH_MAX || typeof value !== "object" || value === null) return at;
  let deepest = at;
  for (const entry of Object.values(value)) deepest = Math.max(deepest, depthOf(entry, at + 1));
  return deepest;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
