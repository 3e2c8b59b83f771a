// What differs between the search engines: how each is asked and how its answer reads. An answer of another shape throws
// in words.

import type { SearchEngineId } from "../domain/search.ts";
import type { EgressRequest, Fetched } from "../policy/egress-request.ts";
import { textOf } from "./answer-text.ts";
import type { PageJob, PageRead, SearchResult } from "./page.ts";

interface SearchEngine {
  readonly standardUrl: string;
  readonly needsKey: boolean;
  readonly timeoutMs: number;
  request(base: string, query: string, apiKey: string): Omit<EgressRequest, "reach" | "limits">;
  results(
    answer: Extract<Fetched, { type: "answered" }>,
    readPage: (job: PageJob) => Promise<PageRead>,
  ): Promise<readonly SearchResult[]>;
}

const COUNT = 5;

const brave: SearchEngine = {
  standardUrl: "https://api.search.brave.com",
  needsKey: true,
  timeoutMs: 10_000,
  request: (base, query, apiKey) => ({
    url: `${base}/res/v1/web/search?${new URLSearchParams({ q: query, count: String(COUNT) })}`,
    headers: { accept: "application/json", "x-subscription-token": apiKey },
  }),
  results: async (answer) => {
    const found = listAt(jsonOf(answer), "web", "results");
    return found.map((entry) => ({
      title: plain(entry.title),
      url: text(entry.url),
      snippet: plain(entry.description),
    }));
  },
};

const perplexity: SearchEngine = {
  standardUrl: "https://api.perplexity.ai",
  needsKey: true,
  timeoutMs: 15_000,
  request: (base, query, apiKey) => ({
    url: `${base}/chat/completions`,
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${apiKey}` },
    body: JSON.stringify({ model: "sonar", messages: [{ role: "user", content: query }] }),
  }),
  /** The answer itself is the snippet of the first source. */
  results: async (answer) => {
    const body = jsonOf(answer);
    const [choice] = listAt(body, "choices");
    const said = text((choice?.message as Entry | undefined)?.content);
    const named = listAt(body, "search_results").map(({ title, url }) => ({
      title: text(title),
      url: text(url),
    }));
    const citations = (Array.isArray(body.citations) ? body.citations : []).map((url) => ({
      title: text(url),
      url: text(url),
    }));
    const sources = named.length > 0 ? named : citations;
    return sources.map((source, index) => ({ ...source, snippet: index === 0 ? said : "" }));
  },
};

const duckduckgo: SearchEngine = {
  standardUrl: "https://html.duckduckgo.com",
  needsKey: false,
  timeoutMs: 10_000,
  request: (base, query) => {
    const place = new URL(base);
    if (place.pathname === "/") place.pathname = "/html/";
    place.searchParams.set("q", query);
    return { url: place.href, headers: { accept: "text/html" } };
  },
  results: async (answer, readPage) => {
    const html = textOf(answer);
    const read = await readPage({ kind: "results", html });
    if (read.type !== "results") throw new Error("the page of results cannot be read");
    if (read.results.length === 0 && html.includes("anomaly-modal")) {
      throw new Error("it asks whether a person is searching");
    }
    return read.results;
  },
};

export const ENGINES: Readonly<Record<SearchEngineId, SearchEngine>> = { brave, perplexity, duckduckgo };

type Entry = Readonly<Record<string, unknown>>;

function jsonOf(answer: Extract<Fetched, { type: "answered" }>): Entry {
  let value: unknown;
  try {
    value = JSON.parse(textOf(answer));
  } catch {
    throw new Error("the answer is not JSON");
  }
  if (!isEntry(value)) throw new Error("the answer is not a JSON object");
  return value;
}

/** The objects of the list at `path`; none when there is no such list. */
function listAt(value: Entry, ...path: readonly string[]): readonly Entry[] {
  const found = path.reduce<unknown>((inner, name) => (isEntry(inner) ? inner[name] : undefined), value);
  return Array.isArray(found) ? found.filter(isEntry) : [];
}

function isEntry(value: unknown): value is Entry {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  "#x27": "'",
  "#39": "'",
  nbsp: " ",
};

/** Brave marks what it matched with <strong> and escapes the rest as HTML. */
function plain(value: unknown): string {
  return text(value)
    .replace(/<\/?strong>/g, "")
    .replace(/&([a-z]{2,4}|#x27|#39);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
