// Whether one condition of a routing rule fits a request, and in words why not. Keywords are whole words of the last user
// message by Unicode's letters and digits; text in scripts that write no spaces is searched as it is.

import type { RouteCondition, RouteRequest } from "../domain/route.ts";

/** `fits` with what was seen, or what is missing. */
export interface Match {
  readonly fits: boolean;
  readonly reason: string;
}

/** Facts of a request that several rules ask for. */
export interface Reading {
  readonly request: RouteRequest;
  readonly prompt: string;
  /** All user messages, estimated. */
  readonly tokens: number;
}

/** A prompt may be a whole file: the question stands at its beginning or at its end. */
const READ_UNITS = 16_384;

export function readRequest(request: RouteRequest, countText: (text: string) => number): Reading {
  const tokens = request.userMessages.reduce((sum, text) => sum + countText(text), 0);
  return { request, tokens, prompt: excerptOf(request.userMessages.at(-1) ?? "") };
}

function excerptOf(text: string): string {
  const both = `${text.slice(0, READ_UNITS)}\n${text.slice(Math.max(READ_UNITS, text.length - READ_UNITS))}`;
  return both.normalize("NFC");
}

/** Everything that a condition names must fit; of `any`, one. */
export function matchCondition(when: RouteCondition, reading: Reading): Match {
  const { request, tokens } = reading;
  const { model, agent, hasTools, headers = {}, keywords, minMatches = 1, tokensAbove, tokensBelow } = when;
  const tests: Match[] = [];
  if (model !== undefined) tests.push(matchGlob("the model", model, request.model));
  if (agent !== undefined) tests.push(matchGlob("the agent", agent, request.agentId));
  if (hasTools !== undefined) {
    const reason = request.hasTools ? "tools are offered" : "no tools are offered";
    tests.push({ fits: hasTools === request.hasTools, reason });
  }
  for (const [name, pattern] of Object.entries(headers)) {
    tests.push(matchGlob(`the header ${name}`, pattern, request.headers[name]));
  }
  if (keywords !== undefined) tests.push(matchKeywords(keywords, minMatches, reading.prompt));
  const size = `the user wrote about ${tokens} tokens`;
  if (tokensAbove !== undefined)
    tests.push({ fits: tokens > tokensAbove, reason: `${size}, above ${tokensAbove} wanted` });
  if (tokensBelow !== undefined)
    tests.push({ fits: tokens < tokensBelow, reason: `${size}, below ${tokensBelow} wanted` });
  if (when.any !== undefined) tests.push(matchAny(when.any, reading));
  const missing = tests.find(({ fits }) => !fits);
  return missing ?? { fits: tests.length > 0, reason: tests.map(({ reason }) => reason).join("; ") };
}

function matchAny(conditions: readonly RouteCondition[], reading: Reading): Match {
  const tests = conditions.map((condition) => matchCondition(condition, reading));
  const fitting = tests.find(({ fits }) => fits);
  return fitting ?? { fits: false, reason: `none of these: ${tests.map(({ reason }) => reason).join("; ")}` };
}

function matchGlob(what: string, pattern: string, value: string | undefined): Match {
  if (value === undefined) return { fits: false, reason: `${what} is not there` };
  return { fits: globFits(pattern, value), reason: `${what} is ${value}, ${pattern} wanted` };
}

/** `*` stands for any characters, `?` for one; whole and caseless. Takes pattern × text steps at most. */
export function globFits(pattern: string, text: string): boolean {
  const [glob, chars] = [[...pattern.toLowerCase()], [...text.toLowerCase()]];
  let [at, place, star, resume] = [0, 0, -1, 0];
  while (at < chars.length) {
    if (glob[place] === "*") {
      star = place++;
      resume = at;
    } else if (place < glob.length && (glob[place] === "?" || glob[place] === chars[at])) {
      place++;
      at++;
    } else if (star >= 0) {
      place = star + 1;
      at = ++resume;
    } else return false;
  }
  while (glob[place] === "*") place++;
  return place === glob.length;
}

function matchKeywords(keywords: readonly string[], wanted: number, prompt: string): Match {
  const found: string[] = [];
  for (const keyword of keywords) {
    if (found.length >= wanted) break;
    if (hasWord(prompt, keyword)) found.push(keyword);
  }
  const listed = found.length === 0 ? "" : ` (${found.join(", ")})`;
  return { fits: found.length >= wanted, reason: `${found.length} of ${wanted} wanted keywords${listed}` };
}

const WORD = "[\\p{L}\\p{N}\\p{M}_]";
/** These write no spaces between words, so a word has no edge to look at. */
const UNSPACED =
  /^[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]$/u;

const patterns = new Map<string, RegExp>();

/** Whether `text` (NFC) has the keyword as a whole word or phrase, in any case. */
export function hasWord(text: string, keyword: string): boolean {
  let pattern = patterns.get(keyword);
  if (pattern === undefined) {
    pattern = patternOf(keyword.normalize("NFC").trim());
    patterns.set(keyword, pattern);
  }
  return pattern.test(text);
}

function patternOf(keyword: string): RegExp {
  if (keyword === "") return /(?!)/;
  const characters = [...keyword];
  const [first = "", last = ""] = [characters[0], characters.at(-1)];
  const words = keyword.split(/\s+/u).map((word) => word.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const before = UNSPACED.test(first) ? "" : `(?<!${WORD})`;
  const after = UNSPACED.test(last) ? "" : `(?!${WORD})`;
  return new RegExp(`${before}${words.join("\\s+")}${after}`, "iu");
}
