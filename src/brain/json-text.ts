// Takes JSON out of what a model wrote around it: the whole text, else a code fence, else the objects and arrays in the
// prose, in that order. Looks at each character a bounded number of times, whatever the text is.

import { DEPTH_MAX, scanValue } from "./json-scan.ts";

export interface Candidate {
  /** The JSON as the model wrote it. */
  readonly text: string;
  readonly value: unknown;
}

/** How often, on average, the search may look at a character: text made to mislead it is given up on. */
const LOOKS_MAX = 16;
const CANDIDATES_MAX = 64;
const FENCES_MAX = 256;

/** What of `text` is JSON, the most likely first; just the text itself when all of it is JSON. */
export function findJson(text: string): Candidate[] {
  const whole = parse(text);
  if (whole !== undefined) return whole === "too deep" ? [] : [whole];
  const fences = fencesOf(text);
  const isMarked = ({ label }: Fence): boolean => label.toLowerCase().startsWith("json");
  const ordered = [...fences.filter(isMarked), ...fences.filter((fence) => !isMarked(fence))];
  const fenced = ordered.slice(0, FENCES_MAX).flatMap(({ body }) => candidates(body));
  return [...fenced, ...embedded(text)].slice(0, CANDIDATES_MAX);
}

function embedded(text: string): Candidate[] {
  const found: Candidate[] = [];
  let left = text.length * LOOKS_MAX;
  let at = nextBracket(text, 0);
  while (at >= 0 && left > 0 && found.length < CANDIDATES_MAX) {
    const { spans, next, looked } = scanValue(text, at);
    left -= looked;
    for (const { start, end } of spans) found.push(...candidates(text.slice(start, end)));
    at = nextBracket(text, next);
  }
  return found;
}

function nextBracket(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x7b || code === 0x5b) return at;
  }
  return -1;
}

interface Fence {
  readonly label: string;
  readonly body: string;
}

/** Blocks between lines of three backticks. No line of JSON begins with them, so none ends inside a value. */
function fencesOf(text: string): Fence[] {
  const fences: Fence[] = [];
  let open: { label: string; lines: string[] } | undefined;
  for (const line of text.split("\n")) {
    const bare = line.trim();
    if (!bare.startsWith("```")) open?.lines.push(line);
    else if (open === undefined) open = { label: bare.slice(3).trim(), lines: [] };
    else {
      fences.push({ label: open.label, body: open.lines.join("\n") });
      open = undefined;
    }
  }
  if (open !== undefined) fences.push({ label: open.label, body: open.lines.join("\n") });
  return fences;
}

function candidates(text: string): Candidate[] {
  const parsed = parse(text);
  return parsed === undefined || parsed === "too deep" ? [] : [parsed];
}

function parse(text: string): Candidate | "too deep" | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isTooDeep(value) ? "too deep" : { text: text.trim(), value };
  } catch {
    return undefined;
  }
}

/** Whether a value nests deeper than what walks it recursively can bear. */
export function isTooDeep(value: unknown): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEPTH_MAX) return true;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}
