// Submits the storm's tasks as a careful client would: with an Idempotency-Key, again after a refusal or a lost
// connection. The ledger is what the daemon has acknowledged and therefore owes.

import type { Client } from "../support/http.ts";
import type { Item } from "./storm-plan.ts";

export interface Ledger {
  /** Task id → key, for every 2xx that reached the client. */
  readonly acknowledged: Map<string, string>;
  readonly idOf: Map<string, string>;
  readonly faults: string[];
  refused: number;
  broken: number;
}

export function createLedger(): Ledger {
  return { acknowledged: new Map(), idOf: new Map(), faults: [], refused: 0, broken: 0 };
}

const CLIENTS = 12;
/** One in this many submissions is followed by the same submission again, which must name the same task. */
const REPEAT_EVERY = 8;

/** Feeds until nothing is pending or the daemon is gone; what was not acknowledged is pending again. */
export async function feed(client: Client, pending: Item[], ledger: Ledger): Promise<void> {
  const one = async (): Promise<void> => {
    for (let item = pending.shift(); item; item = pending.shift()) {
      const accepted = await submitOnce(client, item, ledger);
      if (!accepted) {
        pending.unshift(item);
        return;
      }
      if (ledger.idOf.size % REPEAT_EVERY === 0) await submitOnce(client, item, ledger);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, one));
}

async function submitOnce(client: Client, item: Item, ledger: Ledger): Promise<boolean> {
  const body = { agent: "default", prompt: item.prompt };
  const reply = await client
    .post("/api/v1/tasks", body, { "idempotency-key": item.key })
    .catch(() => undefined);
  if (!reply) {
    ledger.broken++;
    return false;
  }
  if (reply.status === 429 || reply.status === 503) {
    ledger.refused++;
    return false;
  }
  if (reply.status < 200 || reply.status > 299) {
    ledger.faults.push(`${item.key} was answered ${reply.status}: ${reply.text}`);
    return false;
  }
  const { task_id: id } = reply.json<{ task_id: string }>();
  const before = ledger.idOf.get(item.key);
  if (before !== undefined && before !== id) ledger.faults.push(`${item.key} is ${before} and also ${id}`);
  ledger.idOf.set(item.key, id);
  ledger.acknowledged.set(id, item.key);
  return true;
}
