// A daemon with two agents, a priced model and API keys: what tests of keys share.

import { expect } from "vitest";
import { runCli } from "./cli.ts";
import type { Daemon } from "./daemon.ts";
import { ALLOW_ALL } from "./home.ts";
import { askColumn } from "./home-sql.ts";
import { type Client, createClient } from "./http.ts";
import { createRig, type Rig, type RigOptions } from "./rig.ts";

/** One token out costs $0.001; a call reserves at most ten of them. */
const MODEL = {
  ...{ id: "stub/m", context_window: 10_000, max_output_tokens: 10 },
  ...{ input_usd_per_mtok: 0, output_usd_per_mtok: 1_000 },
};

export interface KeyRig extends Rig {
  daemon: Daemon;
  /** Makes a key with the command line. */
  addKey(name: string, ...options: string[]): Promise<{ readonly secret: string; readonly client: Client }>;
  clientOf(secret: string): Client;
  /** The first column of what a statement finds in the home's database. */
  ask<T>(sql: string): T[];
}

export async function startKeyRig(more: Pick<RigOptions, "allow" | "policy"> = {}): Promise<KeyRig> {
  const rig = await createRig({
    allow: [...ALLOW_ALL, "admin.keys"],
    ...more,
    config: { models: [MODEL], agents: [{ agent_id: "a" }, { agent_id: "b" }], worker_count: 8 },
  });
  const clients: Client[] = [];
  const keyRig: KeyRig = {
    ...rig,
    daemon: await rig.start(),
    addKey: async (name, ...options) => {
      const added = await runCli(rig.home, ["key", "add", name, ...options]);
      expect([added.code, added.stderr]).toEqual([0, expect.stringContaining("not shown again")]);
      const secret = added.stdout.trim();
      expect(secret).toMatch(/^gck_[0-9a-f]{12}_[\w-]{43}$/);
      return { secret, client: keyRig.clientOf(secret) };
    },
    clientOf: (secret) => {
      const client = createClient(keyRig.daemon.client.url, secret);
      clients.push(client);
      return client;
    },
    ask: (sql) => askColumn(rig.home, sql),
    close: async () => {
      for (const client of clients) client.close();
      await rig.close();
    },
  };
  return keyRig;
}
