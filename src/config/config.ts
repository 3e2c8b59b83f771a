// The configuration as the program sees it: complete, frozen, camelCase, units in the names. It is plain data, so it can
// be handed to a worker thread.

import type { Agent } from "../domain/agent.ts";
import type { Budget } from "../domain/budget.ts";
import type { RouteLink, RoutePlan } from "../domain/route.ts";
import type { ScheduleOrder } from "../domain/schedule.ts";
import type { SearchSettings } from "../domain/search.ts";
import type { BindAddress } from "./bind.ts";
import type { ConfiguredModel } from "./budgets.ts";
import type { McpConfig } from "./mcp.ts";
import type { ProviderConfig } from "./providers.ts";
import type { Settings } from "./schema.ts";

/** A model of a provider. */
export type ModelRef = RouteLink;

export interface Config {
  readonly workerCount: number;
  readonly taskTimeoutMs: number;
  readonly maxAttempts: number;
  readonly leaseMs: number;
  readonly retry: { readonly baseMs: number; readonly maxMs: number };
  /** Waiting tasks in all; 0 is unlimited. */
  readonly maxQueueDepth: number;
  readonly drainTimeoutMs: number;
  readonly bindAddr: string;
  readonly bind: BindAddress;
  readonly logLevel: Settings["log_level"];
  readonly llm: {
    readonly provider: string;
    readonly model: string;
    /** `auto` or `tier:NAME` when the model is chosen; provider and model then stand for what it leads to. */
    readonly routed?: string;
    /** False when the provider was chosen because it is the first that is configured. */
    readonly explicit: boolean;
    readonly fallbacks: readonly ModelRef[];
    readonly failoverThreshold: number;
    readonly failoverCooldownMs: number;
    /** Requests a day by provider id; a provider that is not named has no limit. */
    readonly dailyLimits: Readonly<Record<string, number>>;
    /** Null when no tier is configured. */
    readonly routes: RoutePlan | null;
  };
  /** Every known provider, configured or not, built-in ones first. Ids are unique. */
  readonly providers: readonly ProviderConfig[];
  /** `default` first. Ids are unique, also without regard to case. */
  readonly agents: readonly Agent[];
  /** Names are unique. */
  readonly schedules: readonly ScheduleOrder[];
  readonly budget: Budget;
  /** Rows for the model catalogue. */
  readonly models: readonly ConfiguredModel[];
  readonly tools: {
    readonly sendAlert: { readonly webhookUrl: string | undefined };
    readonly shell: ShellConfig;
  };
  readonly approvals: { readonly timeoutMs: number };
  /** Every search engine, in the order to ask them. */
  readonly search: SearchSettings;
  readonly mcp: McpConfig;
  readonly gateway: {
    readonly maxRequestBytes: number;
    readonly allowRemote: boolean;
    readonly origins: readonly string[];
  };
  /** SHA-256 (hex) of all of the above without secrets: equal fingerprints behave alike. */
  readonly fingerprint: string;
}

/** How commands run; the units of the sandbox. */
export interface ShellConfig {
  readonly mode: "bwrap" | "docker" | "host";
  readonly bwrapPath: string | undefined;
  readonly dockerImage: string | undefined;
  readonly envNames: readonly string[];
  readonly memoryBytes: number;
}

export function findProvider(config: Config, id: string): ProviderConfig | undefined {
  return config.providers.find((provider) => provider.id === id);
}
