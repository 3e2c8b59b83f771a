// Decides what each provider is: its type, key, address, models, and, when it cannot be used, the reason in words.
// A key belongs to exactly one provider; nothing here ever hands it to another.

import { type Budget, toBudget, type WireBudget } from "../domain/budget.ts";
import type { KeyPath, Problem } from "./problem.ts";
import type { Settings } from "./schema.ts";
import type { ReadSettings } from "./settings.ts";

export type ProviderType = "openai_compatible" | "anthropic" | "google" | "ollama" | "replay";

type ReasoningSummary = "auto" | "concise" | "detailed";

export interface ProviderConfig {
  readonly id: string;
  readonly type: ProviderType;
  readonly apiKey: string | undefined;
  /** Undefined: the default of the vendor's SDK. */
  readonly baseUrl: string | undefined;
  /** The first is the default; empty only when nothing names a model for it. */
  readonly models: readonly string[];
  readonly timeoutMs: number;
  /** Limits of single phases, where the configuration sets them. */
  readonly timeouts: { readonly connectMs?: number; readonly firstByteMs?: number; readonly idleMs?: number };
  readonly maxTokens: number | undefined;
  readonly thinkingTokens: number | undefined;
  readonly numCtx: number | undefined;
  /** Which of OpenAI's APIs it is asked by; `either` where the server is known to speak both. */
  readonly api: "chat" | "responses" | "either";
  readonly reasoningSummary: ReasoningSummary | undefined;
  /** Limits of its own, beside the global ones. */
  readonly budget: Budget;
  /** Why the provider cannot be used, naming what was looked for; undefined when it can. */
  readonly missingReason: string | undefined;
  /** The variables and config keys that could hold its key; empty when it needs none. */
  readonly keyPlaces: readonly string[];
}

interface BuiltIn {
  readonly type: ProviderType;
  readonly keyVariable?: string;
  readonly baseUrl?: string;
  readonly models: readonly string[];
}

/** The first model is the provider's default. */
const BUILT_IN: Readonly<Record<string, BuiltIn>> = {
  anthropic: {
    type: "anthropic",
    keyVariable: "ANTHROPIC_API_KEY",
    models: ["claude-sonnet-5-5", "claude-opus-5-5", "claude-haiku-5-5"],
  },
  google: {
    type: "google",
    keyVariable: "GEMINI_API_KEY",
    models: ["gemini-3.8-flash", "gemini-4-argon", "gemini-3.5-flash-lite"],
  },
  openai: {
    type: "openai_compatible",
    keyVariable: "OPENAI_API_KEY",
    models: ["gpt-6-luna", "gpt-6.2-sol", "gpt-6.1-terra"],
  },
  openrouter: {
    type: "openai_compatible",
    keyVariable: "OPENROUTER_API_KEY",
    baseUrl: "https://openrouter.ai/api/v1",
    models: ["openai/gpt-6-luna"],
  },
  ollama: { type: "ollama", models: ["qwen3:8b"] },
  replay: { type: "replay", models: ["demo"] },
};

/** Tried in this order when llm.provider is not set: providers that a key makes usable. */
export const CHOICES = ["anthropic", "google", "openai", "openrouter"] as const;

const KEYLESS: readonly ProviderType[] = ["replay", "ollama"];

/** What any provider may have been given; some ids allow fewer keys. */
interface ProviderSettings {
  readonly type?: ProviderType;
  readonly api_key?: string;
  readonly base_url?: string;
  readonly models?: readonly string[];
  readonly timeout_seconds: number;
  readonly timeouts?: {
    readonly connect_seconds?: number;
    readonly first_byte_seconds?: number;
    readonly idle_seconds?: number;
  };
  readonly max_tokens?: number;
  readonly thinking_tokens?: number;
  readonly num_ctx?: number;
  readonly api?: "chat" | "responses";
  readonly reasoning_summary?: ReasoningSummary;
  readonly budgets?: WireBudget;
}

export function resolveProviders(settings: Settings, read: ReadSettings): ProviderConfig[] {
  return Object.entries<ProviderSettings>(settings.providers).map(([id, given]) => {
    const builtIn = Object.hasOwn(BUILT_IN, id) ? BUILT_IN[id] : undefined;
    const type = given.type ?? builtIn?.type ?? "openai_compatible";
    const keyless = KEYLESS.includes(type);
    const keyPlaces = keyless ? [] : placesOf(id, builtIn, read);
    return {
      id,
      type,
      apiKey: given.api_key || undefined,
      baseUrl: given.base_url || builtIn?.baseUrl,
      models: given.models?.length ? given.models : (builtIn?.models ?? []),
      timeoutMs: Math.round(given.timeout_seconds * 1000),
      timeouts: phasesOf(given),
      maxTokens: given.max_tokens,
      thinkingTokens: given.thinking_tokens,
      numCtx: given.num_ctx,
      api: given.api ?? (id === "openai" && isOpenAi(given.base_url) ? "either" : "chat"),
      reasoningSummary: given.reasoning_summary,
      budget: toBudget(given.budgets ?? {}),
      missingReason: keyless ? undefined : missingReason(id, given, read, keyPlaces),
      keyPlaces,
    };
  });
}

/** A server that stands in for OpenAI seldom has all that OpenAI has. */
function isOpenAi(baseUrl: string | undefined): boolean {
  return !baseUrl || (URL.canParse(baseUrl) && new URL(baseUrl).hostname === "api.openai.com");
}

function phasesOf({ timeouts = {} }: ProviderSettings): ProviderConfig["timeouts"] {
  const { connect_seconds: connect, first_byte_seconds: firstByte, idle_seconds: idle } = timeouts;
  return {
    ...(connect === undefined ? {} : { connectMs: Math.round(connect * 1000) }),
    ...(firstByte === undefined ? {} : { firstByteMs: Math.round(firstByte * 1000) }),
    ...(idle === undefined ? {} : { idleMs: Math.round(idle * 1000) }),
  };
}

function placesOf(id: string, builtIn: BuiltIn | undefined, read: ReadSettings): string[] {
  const key = `providers.${id}.api_key`;
  const named = read.unsetVariables(["providers", id, "api_key"]);
  return [...new Set([...(builtIn?.keyVariable ? [builtIn.keyVariable] : []), ...named, key])];
}

function missingReason(
  id: string,
  given: ProviderSettings,
  read: ReadSettings,
  keyPlaces: readonly string[],
): string | undefined {
  const unsetUrl = read.unsetVariables(["providers", id, "base_url"]);
  if (!given.base_url && unsetUrl.length > 0) {
    return `provider ${id} is not configured: providers.${id}.base_url names ${unsetUrl.join(", ")}, which is not set`;
  }
  if (given.api_key) return undefined;
  // A server of one's own may want no key; a key that was asked for and came out empty is something else.
  const keyAskedFor = given.api_key === "" || read.unsetVariables(["providers", id, "api_key"]).length > 0;
  if (given.base_url && !keyAskedFor) return undefined;
  return `provider ${id} is not configured: no key was found (looked for ${keyPlaces.join(", ")})`;
}

/** What the schema cannot say about providers. */
export function checkProviders(settings: Settings, read: ReadSettings): Problem[] {
  const problems: Problem[] = [];
  for (const [id, given] of Object.entries<ProviderSettings>(settings.providers)) {
    const path = ["providers", id];
    const unsetUrl = read.unsetVariables([...path, "base_url"]);
    if (given.base_url) {
      problems.push(...checkUrl(given.base_url, [...path, "base_url"]));
    } else if (!Object.hasOwn(BUILT_IN, id) && given.type !== "replay" && unsetUrl.length === 0) {
      const fix = `add \`base_url: http://…/v1\`, or use a built-in id (${Object.keys(BUILT_IN).join(", ")})`;
      problems.push({ path, at: "key", what: "a provider that is not built in needs a base_url", fix });
    }
  }
  return problems;
}

/** Refuses everything but plain http and https URLs. The value may be a secret and is not repeated. */
export function checkUrl(text: string, path: KeyPath): Problem[] {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    return [
      { path, what: "is not an http or https URL", fix: "write it in full, for example https://host/path" },
    ];
  }
  if (url.username !== "" || url.password !== "") {
    return [{ path, what: "contains a user name or password", fix: "remove them from the URL" }];
  }
  return [];
}

/** The provider for agents that name none: as configured, else the first built-in one that has a key. */
export function chooseProvider(settings: Settings, providers: readonly ProviderConfig[]): string {
  const usable = (id: string): boolean =>
    providers.some((provider) => provider.id === id && provider.missingReason === undefined);
  return settings.llm.provider ?? CHOICES.find(usable) ?? "openai";
}
