// The registry of provider types: one line each. Opens a provider from its settings; one without a key still opens and
// answers every call with what is missing.

import { createOpenAi } from "./openai.ts";
import { failure, type Provider } from "./provider.ts";
import { type Cassette, createReplay } from "./replay.ts";

export interface ProviderSettings {
  readonly id: string;
  readonly type: "openai_compatible" | "replay";
  readonly apiKey: string | undefined;
  /** Set when the provider cannot be used, in words for the user. */
  readonly missingReason: string | undefined;
  readonly baseUrl: string | undefined;
  readonly timeoutMs: number;
}

export interface ProviderPorts {
  readonly loadCassette: (name: string) => Cassette | undefined;
}

const PROVIDER_TYPES = {
  openai_compatible: (settings: ProviderSettings) =>
    createOpenAi({ ...settings, apiKey: settings.apiKey ?? "none", baseUrl: settings.baseUrl }),
  replay: (settings: ProviderSettings, ports: ProviderPorts) => createReplay(settings.id, ports.loadCassette),
} as const satisfies Record<
  ProviderSettings["type"],
  (settings: ProviderSettings, ports: ProviderPorts) => Provider
>;

export function openProvider(settings: ProviderSettings, ports: ProviderPorts): Provider {
  const { id, missingReason } = settings;
  if (missingReason === undefined) return PROVIDER_TYPES[settings.type](settings, ports);
  return {
    id,
    stream: async function* () {
      yield failure("not_configured", missingReason);
    },
  };
}
