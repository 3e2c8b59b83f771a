// `key.add|list|update|revoke`: API keys for clients. The key itself is in the answer that makes it and nowhere else.

import type { WireBudget } from "../../domain/budget.ts";
import { GoclawError } from "../../domain/error.ts";
import { type ApiKey, KEY_SCOPES } from "../../domain/key.ts";
import { addKey, hashKey, listKeys, newKey, revokeKey, updateKey } from "../../policy/api-keys.ts";
import { wakeForBudget } from "../../queue/wake.ts";
import { KEY_BUDGETS } from "../budget-params.ts";
import { defineMethod, paramsOf, type RpcPorts } from "../method.ts";
import { findAgent } from "./submit.ts";

export interface AddKeyParams {
  readonly name: string;
  /** Ids of agents; `*` is every agent, also later ones. */
  readonly agents: readonly string[];
  readonly scopes?: readonly string[];
  readonly rpm?: number;
  readonly budgets?: WireBudget;
  /** RFC 3339. */
  readonly expires_at?: string;
}

export type WireKey = ReturnType<typeof toWireKey>;

const rpm = { type: "integer", minimum: 1, maximum: 100_000 };
const keyRef = { type: "string", minLength: 1, maxLength: 64 };

export const addKeyMethod = defineMethod<AddKeyParams, { readonly secret: string; readonly key: WireKey }>({
  name: "key.add",
  capability: "admin.keys",
  params: paramsOf(
    {
      name: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$" },
      agents: { type: "array", items: { type: "string" }, minItems: 1, maxItems: 100 },
      scopes: { type: "array", items: { enum: KEY_SCOPES }, minItems: 1 },
      rpm,
      budgets: KEY_BUDGETS,
      expires_at: { type: "string", maxLength: 40 },
    },
    ["name", "agents"],
  ),
  subject: ({ name }) => name,
  run: async (ports, params) => {
    for (const id of params.agents) if (id !== "*") findAgent(ports, id);
    const { id, text } = newKey(ports.randomBytes);
    await ports.store.run(addKey, {
      ...{ id, name: params.name, hash: hashKey(text) },
      agents: [...new Set(params.agents)],
      scopes: [...new Set(params.scopes ?? KEY_SCOPES)],
      rpm: params.rpm ?? null,
      budgets: params.budgets ?? {},
      expiresAt: expiryOf(ports, params.expires_at),
    });
    return { secret: text, key: oneKey(ports, id) };
  },
});

function expiryOf({ nowMs }: RpcPorts, text: string | undefined): number | null {
  if (text === undefined) return null;
  const at = /^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/.test(text) ? Date.parse(text) : Number.NaN;
  if (at > nowMs()) return at;
  const why = Number.isNaN(at) ? "is no time such as 2026-01-31T00:00:00Z" : "is over";
  throw new GoclawError("BAD_REQUEST", `key.add: expires_at ${JSON.stringify(text)} ${why}`);
}

function oneKey({ store, nowMs }: RpcPorts, id: string): WireKey {
  const key = listKeys(store.reader).find((candidate) => candidate.id === id);
  if (key === undefined) throw new Error(`API key ${id} was written and is not there`);
  return toWireKey(key, nowMs());
}

export const listKeysMethod = defineMethod<Record<never, never>, { readonly keys: WireKey[] }>({
  name: "key.list",
  capability: "admin.keys",
  params: paramsOf({}),
  run: async ({ store, nowMs }) => ({ keys: listKeys(store.reader).map((key) => toWireKey(key, nowMs())) }),
});

export interface UpdateKeyParams {
  readonly key: string;
  readonly rpm?: number;
  readonly budgets?: WireBudget;
}

/** Tasks that wait for the key's budget look again at once. */
export const updateKeyMethod = defineMethod<UpdateKeyParams, { readonly key: WireKey }>({
  name: "key.update",
  capability: "admin.keys",
  params: paramsOf({ key: keyRef, rpm, budgets: KEY_BUDGETS }, ["key"]),
  subject: ({ key }) => key,
  run: async (ports, { key, rpm: given = null, budgets = {} }) => {
    const updated = ports.store.run(updateKey, { key, rpm: given, budgets });
    const woken = updated.then(() => ports.store.run(wakeForBudget, null));
    const [id] = await Promise.all([updated, woken]);
    return { key: oneKey(ports, id) };
  },
});

export const revokeKeyMethod = defineMethod<{ readonly key: string }, { readonly key: WireKey }>({
  name: "key.revoke",
  capability: "admin.keys",
  params: paramsOf({ key: keyRef }, ["key"]),
  subject: ({ key }) => key,
  run: async (ports, { key }) => {
    const id = await ports.store.run(revokeKey, { key });
    return { key: oneKey(ports, id) };
  },
});

function toWireKey(key: ApiKey, nowMs: number) {
  const time = (ms: number): string => new Date(ms).toISOString();
  const isOver = key.expiresAt !== null && key.expiresAt <= nowMs;
  return {
    id: key.id,
    name: key.name,
    status:
      key.revokedAt !== null ? ("revoked" as const) : isOver ? ("expired" as const) : ("active" as const),
    agents: key.agents,
    scopes: key.scopes,
    rpm: key.rpm,
    budgets: key.budgets,
    created_at: time(key.createdAt),
    ...(key.expiresAt === null ? {} : { expires_at: time(key.expiresAt) }),
    ...(key.revokedAt === null ? {} : { revoked_at: time(key.revokedAt) }),
  };
}
