// API keys: credentials for clients, narrower than the home's token. Only a key's hash is kept, so a key that is lost can
// be revoked and never shown again; what is revoked or over is refused from the next request on.

import { createHash, timingSafeEqual } from "node:crypto";
import { type Budget, toBudget, type WireBudget } from "../domain/budget.ts";
import { GoclawError } from "../domain/error.ts";
import type { ApiKey, ExaminedKey } from "../domain/key.ts";
import type { Reader } from "../store/reader.ts";
import { defineVerb } from "../store/verb.ts";

const ID_BYTES = 6;
const SECRET_BYTES = 32;
const KEY_FORM = /^gck_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

/** A new key: its public id and the whole text, which is shown once. */
export function newKey(randomBytes: (count: number) => Uint8Array): {
  readonly id: string;
  readonly text: string;
} {
  const id = Buffer.from(randomBytes(ID_BYTES)).toString("hex");
  return { id, text: `gck_${id}_${Buffer.from(randomBytes(SECRET_BYTES)).toString("base64url")}` };
}

export function hashKey(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

export interface AddKeyInput extends Omit<ApiKey, "createdAt" | "revokedAt"> {
  readonly hash: string;
}

const TAKEN_SQL = "SELECT 1 FROM api_keys WHERE name = @name AND revoked_at IS NULL";

const ADD_SQL = `
  INSERT INTO api_keys (id, name, hash, agents, scopes, rpm, budgets, created_at, expires_at)
  VALUES (@id, @name, @hash, @agents, @scopes, @rpm, @budgets, @now, @expiresAt)`;

export const addKey = defineVerb("policy.add_key", (tx, input: AddKeyInput): void => {
  const { id, name, hash, rpm, expiresAt } = input;
  if (tx.get(TAKEN_SQL, { name }) !== undefined) {
    const advice = `revoke it first (goclaw key revoke ${name}) or choose another name`;
    throw new GoclawError("STATE_CONFLICT", `there is an API key called ${name} already; ${advice}`);
  }
  const lists = {
    agents: JSON.stringify(input.agents),
    scopes: JSON.stringify(input.scopes),
    budgets: JSON.stringify(input.budgets),
  };
  tx.run(ADD_SQL, { id, name, hash, rpm, expiresAt, ...lists, now: tx.nowMs });
});

export interface UpdateKeyInput {
  /** Id or name of a key that is in use. */
  readonly key: string;
  readonly rpm: number | null;
  /** Laid over the limits it has. */
  readonly budgets: WireBudget;
}

const IN_USE_SQL = "SELECT id, budgets FROM api_keys WHERE (id = @key OR name = @key) AND revoked_at IS NULL";

const UPDATE_SQL = "UPDATE api_keys SET rpm = coalesce(@rpm, rpm), budgets = @budgets WHERE id = @id";

/** Other limits for a key that stays the same; returns its id. */
export const updateKey = defineVerb(
  "policy.update_key",
  (tx, { key, rpm, budgets }: UpdateKeyInput): string => {
    const found = tx.get<{ id: string; budgets: string }>(IN_USE_SQL, { key });
    if (found === undefined) throw keyNotFound(key);
    const limits = { ...(JSON.parse(found.budgets) as WireBudget), ...budgets };
    tx.run(UPDATE_SQL, { id: found.id, rpm, budgets: JSON.stringify(limits) });
    return found.id;
  },
);

function keyNotFound(key: string): GoclawError {
  return new GoclawError(
    "KEY_NOT_FOUND",
    `there is no API key ${JSON.stringify(key)} in use; goclaw key list shows them`,
  );
}

const REVOKE_SQL = `
  UPDATE api_keys SET revoked_at = @now WHERE (id = @key OR name = @key) AND revoked_at IS NULL RETURNING id`;

/** `key` is an id or a name; returns the id. */
export const revokeKey = defineVerb("policy.revoke_key", (tx, { key }: { readonly key: string }): string => {
  const revoked = tx.get<{ id: string }>(REVOKE_SQL, { key, now: tx.nowMs });
  if (revoked === undefined) throw keyNotFound(key);
  return revoked.id;
});

const COLUMNS = `
  id, name, hash, agents, scopes, rpm, budgets, created_at AS createdAt, expires_at AS expiresAt,
  revoked_at AS revokedAt`;

const FIND_SQL = `SELECT ${COLUMNS} FROM api_keys WHERE id = @id`;
const LIST_SQL = `SELECT ${COLUMNS} FROM api_keys ORDER BY created_at, id`;

type Row = Omit<ApiKey, "agents" | "scopes" | "budgets"> &
  Readonly<Record<"hash" | "agents" | "scopes" | "budgets", string>>;

function toKey({ hash: _hash, agents, scopes, budgets, ...rest }: Row): ApiKey {
  return {
    ...rest,
    agents: JSON.parse(agents) as string[],
    scopes: JSON.parse(scopes) as string[],
    budgets: JSON.parse(budgets) as WireBudget,
  };
}

/** Every key there ever was, the oldest first. */
export function listKeys(reader: Reader): ApiKey[] {
  return reader.all<Row>(LIST_SQL).map(toKey);
}

/** The name and the budget of a key, also of one that was revoked: its tasks go on. */
export function findKeyBudget(reader: Reader, id: string): { name: string; budget: Budget } | undefined {
  const row = reader.get<Row>(FIND_SQL, { id });
  return row && { name: row.name, budget: toBudget(toKey(row).budgets) };
}

/** The name of a key and the agents it is for, also of one that was revoked: its tasks go on. */
export function findKeyScope(reader: Reader, id: string): Pick<ApiKey, "name" | "agents"> | undefined {
  const row = reader.get<Row>(FIND_SQL, { id });
  return row && toKey(row);
}

const NO_HASH = "0".repeat(64);

export function examineKey(reader: Reader, text: string, nowMs: number): ExaminedKey {
  const id = KEY_FORM.exec(text)?.[1];
  if (id === undefined) return undefined;
  const row = reader.get<Row>(FIND_SQL, { id });
  // Hashes have one length, and an id that does not exist takes as long as one that does.
  const same = timingSafeEqual(Buffer.from(hashKey(text)), Buffer.from(row?.hash ?? NO_HASH));
  if (row === undefined || !same) return "wrong";
  const { name, agents, scopes, rpm, revokedAt, expiresAt } = toKey(row);
  if (revokedAt !== null || (expiresAt !== null && expiresAt <= nowMs)) return "over";
  return { id, name, agents, scopes, rpm };
}
