// An API key: a credential for clients that is narrower than the home's token.

import type { WireBudget } from "./budget.ts";

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  /** The agents it may talk to; `*` is every agent. */
  readonly agents: readonly string[];
  /** The capabilities it has, as far as the policy allows them. */
  readonly scopes: readonly string[];
  /** Requests a minute; null for no limit. */
  readonly rpm: number | null;
  readonly budgets: WireBudget;
  /** Times are epoch ms. */
  readonly createdAt: number;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** What a request that came with a key may do. */
export type KeyGrant = Pick<ApiKey, "id" | "name" | "agents" | "scopes" | "rpm">;

/** What a text is that was sent as a key: one in use, one that is not valid, one that was; or no key at all. */
export type ExaminedKey = KeyGrant | "wrong" | "over" | undefined;

/** Capabilities a key may have. Administration is not among them, whatever the policy says. */
export const KEY_SCOPES = ["acp.read", "acp.mutate", "llm.passthrough"] as const;

export function coversAgent({ agents }: Pick<KeyGrant, "agents">, agentId: string): boolean {
  return agents.includes("*") || agents.includes(agentId);
}
