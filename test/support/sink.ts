// The webhook that `send_alert` posts to. It counts from outside what the daemon did to the world: one line a call,
// appended and on its way to disk before the answer, whatever happens to the daemon afterwards.

import { appendFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { closeServer, listen, readBody, wallMs } from "./stub-model.ts";
import { createSeeded, createSignal, type Signal, within } from "./wait.ts";

export interface SinkCall {
  /** The title of the alert: the task's own key. */
  readonly key: string;
  readonly idempotencyKey: string | undefined;
  readonly body: string;
  /** Epoch milliseconds at which the whole request had arrived. */
  readonly at: number;
}

export interface Sink {
  readonly url: string;
  readonly calls: readonly SinkCall[];
  callsOf(key: string): readonly SinkCall[];
  /** Answers nobody any more until `resume`; calls are still counted. */
  hold(): void;
  resume(): void;
  /** Resolves with the first call whose key is `key`. */
  arrived(key: string, deadlineMs?: number): Promise<SinkCall>;
  close(): Promise<void>;
}

export interface SinkOptions {
  /** Where to append `idempotency-key TAB body key TAB monotonic ms`. */
  readonly file?: string;
  /** Answers come after a seeded delay below this, so that kills land before, inside and after a call. */
  readonly maxDelayMs?: number;
  readonly seed?: number;
  /** Status of every answer; 200 unless a test wants a webhook that refuses. */
  readonly status?: number;
}

export async function startSink(options: SinkOptions = {}): Promise<Sink> {
  const calls: SinkCall[] = [];
  const byKey = new Map<string, SinkCall[]>();
  const arrivals = new Map<string, Signal<SinkCall>>();
  const random = createSeeded(options.seed ?? 1);
  let held: Signal | undefined;

  const arrivalOf = (key: string): Signal<SinkCall> => {
    const known = arrivals.get(key) ?? createSignal<SinkCall>();
    arrivals.set(key, known);
    return known;
  };
  const take = (body: string, idempotencyKey: string | undefined): void => {
    const call = { key: titleOf(body), idempotencyKey, body, at: wallMs() };
    if (options.file) {
      appendFileSync(options.file, `${idempotencyKey ?? ""}\t${call.key}\t${performance.now()}\n`, {
        flag: "a",
      });
    }
    calls.push(call);
    byKey.set(call.key, [...(byKey.get(call.key) ?? []), call]);
    arrivalOf(call.key).give(call);
  };
  const server = createServer(async (request, response) => {
    const body = await readBody(request).catch(() => undefined);
    if (body === undefined) return;
    take(body, header(request.headers["idempotency-key"]));
    if (options.maxDelayMs) await pause(random() * options.maxDelayMs);
    await held?.promise;
    if (response.destroyed) return;
    response.writeHead(options.status ?? 200, { "content-type": "application/json" });
    response.end('{"ok":true}');
  });
  await listen(server);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    callsOf: (key) => byKey.get(key) ?? [],
    hold: () => {
      held ??= createSignal();
    },
    resume: () => {
      held?.give();
      held = undefined;
    },
    arrived: (key, deadlineMs) => within(`an alert ${key} at the sink`, arrivalOf(key).promise, deadlineMs),
    close: () => closeServer(server),
  };
}

function titleOf(body: string): string {
  try {
    return String((JSON.parse(body) as { title?: unknown }).title);
  } catch {
    return "(not JSON)";
  }
}

function header(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}
