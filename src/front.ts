// What a daemon shows the outside: its health, the gateway over RPC, and run/daemon.json, by which clients find it.

import { rmSync } from "node:fs";
import { replaceFile } from "./config/files.ts";
import { createHealth, type HealthPorts } from "./health.ts";
import type { Mind } from "./mind.ts";
import { version } from "./native.ts";
import type { Ground } from "./parts.ts";
import { examineKey } from "./policy/api-keys.ts";
import { createFollower } from "./rpc/follow.ts";
import type { Store } from "./store/store.ts";
import { systemClock } from "./system.ts";
import type { TokenWatch } from "./token-watch.ts";

type Gateway = typeof import("./gateway/server.ts");

/** The gateway's code takes as long to load as the writer takes to open the database: both at once. */
export function loadGateway(): Promise<Gateway> {
  const loading = import("./gateway/server.ts");
  // A start that fails before anybody waits for it has said why.
  loading.catch(() => {});
  return loading;
}

export interface Front {
  readonly health: ReturnType<typeof createHealth>;
  /** HOST:PORT that was bound. */
  listen(): Promise<string>;
  close(): Promise<void>;
}

type Facts = Pick<HealthPorts, "stage" | "uptimeMs" | "policyFailure" | "auditTrouble">;

export function openFront(
  { createGateway, listen }: Gateway,
  base: Ground,
  store: Store,
  { engine, guard, rpc, sandbox }: Mind,
  token: TokenWatch,
  facts: Facts,
): Front {
  const { config, bus, bootId } = base;
  const { bind, gateway } = config;
  const policyVersion = (): string => guard.policy().version;
  const health = createHealth({
    ...{ config, store, engine, sandbox, bootId, policyVersion, version: version() },
    ...facts,
  });
  const app = createGateway({
    ...{ rpc, bus, health, follower: createFollower(store.reader, bus) },
    auth: {
      readToken: token.read,
      examineKey: (text) => examineKey(store.reader, text, systemClock.nowMs()),
      hostNames: gateway.allowRemote ? [bind.host] : [],
      origins: gateway.origins,
    },
    onTokenRotated: token.onRotated,
    maxRequestBytes: gateway.maxRequestBytes,
    ...{ nowMs: systemClock.nowMs, monoMs: systemClock.monoMs },
    reportDefect: (error, where, traceId) =>
      base.reportDefect(`gateway ${where}`, error, traceId === undefined ? {} : { trace_id: traceId }),
  });
  return { health, listen: () => listen(app, bind.host, bind.port), close: () => app.close() };
}

/** Writes run/daemon.json; returns how to take it back. */
export function announce({ paths, bootId }: Ground, address: string): () => void {
  const started_at = new Date(systemClock.nowMs()).toISOString();
  const run = { pid: process.pid, address, version: version(), boot_id: bootId, started_at };
  // Of this boot only: after a power cut it is worth nothing, so it need not survive one.
  replaceFile(paths.daemonJson, `${JSON.stringify(run)}\n`, { durable: false });
  return () => rmSync(paths.daemonJson, { force: true });
}
