// The registry of provider types: one line each. Opens a provider from its settings; one without a key still opens and
// answers every call with what is missing.

import type { Cassette } from "../domain/cassette.ts";
import { type AbilitiesOf, heldToAbilities } from "./able.ts";
import { createAnthropic } from "./anthropic.ts";
import type { Catalog } from "./catalog.ts";
import { createGoogle } from "./google.ts";
import { createOllama } from "./ollama.ts";
import { createOpenAi } from "./openai.ts";
import type { OpenAiSettings } from "./openai-client.ts";
import { failure, type PhaseTimeouts, type Provider } from "./provider.ts";
import { createReplay } from "./replay.ts";

export interface ProviderSettings {
  readonly id: string;
  readonly type: "openai_compatible" | "anthropic" | "google" | "ollama" | "replay";
  readonly apiKey: string | undefined;
  /** Set when the provider cannot be used, in words for the user. */
  readonly missingReason: string | undefined;
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
  readonly timeouts?: Partial<PhaseTimeouts>;
  readonly maxTokens?: number | undefined;
  readonly thinkingTokens?: number | undefined;
  readonly numCtx?: number | undefined;
  /** Which of OpenAI's APIs the server is asked by; chat when unset. */
  readonly api?: OpenAiSettings["api"];
  readonly reasoningSummary?: OpenAiSettings["reasoningSummary"];
}

export interface ProviderPorts {
  readonly loadCassette: (name: string) => Cassette | undefined;
  /** What is known about models: a vendor that wants a number is not asked for a longer answer than there can be. */
  readonly catalog?: Catalog;
}

type Open = (settings: ProviderSettings, ports: ProviderPorts) => Provider;

const PROVIDER_TYPES = {
  openai_compatible: (settings) => createOpenAi({ ...settings, apiKey: settings.apiKey ?? "none" }),
  anthropic: ({ maxTokens, thinkingTokens, ...settings }, { catalog }) =>
    createAnthropic({
      ...settings,
      longestAnswer: (model) => catalog?.find(settings.id, model)?.maxOutputTokens,
      ...(maxTokens && { maxTokens }),
      ...(thinkingTokens && { thinkingTokens }),
    }),
  google: (settings) => createGoogle(settings),
  ollama: ({ numCtx, ...settings }, ports) =>
    createOllama({ ...settings, abilitiesOf: knownBy(ports, settings.id), ...(numCtx && { numCtx }) }),
  replay: (settings, ports) => createReplay(settings.id, ports.loadCassette),
} as const satisfies Record<ProviderSettings["type"], Open>;

export function openProvider(settings: ProviderSettings, ports: ProviderPorts): Provider {
  const { id, missingReason } = settings;
  if (missingReason === undefined)
    return heldToAbilities(PROVIDER_TYPES[settings.type](settings, ports), knownBy(ports, id));
  return {
    id,
    isMissing: true,
    stream: async function* () {
      yield failure("not_configured", missingReason);
    },
  };
}

function knownBy({ catalog }: ProviderPorts, id: string): AbilitiesOf {
  return (model) => catalog?.find(id, model)?.abilities;
}
