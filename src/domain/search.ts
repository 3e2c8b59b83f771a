// The web search engines and what is configured of each, in the order to ask them.

export const SEARCH_ENGINES = ["brave", "perplexity", "duckduckgo"] as const;

export type SearchEngineId = (typeof SEARCH_ENGINES)[number];

export interface SearchEngineSettings {
  readonly id: SearchEngineId;
  /** Undefined: the engine is not asked, unless it needs none. */
  readonly apiKey: string | undefined;
  /** Where the operator says it is; undefined: the vendor's own address. */
  readonly baseUrl: string | undefined;
}

export type SearchSettings = readonly SearchEngineSettings[];
