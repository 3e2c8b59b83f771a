// A JSON-RPC client over the daemon's WebSocket, as a user would write one: it numbers its requests, keeps every
// notification, and hides nothing that the server does.

import type { IncomingMessage } from "node:http";
import { type ClientOptions, WebSocket } from "ws";
import type { Client } from "./http.ts";
import { createSignal, within } from "./wait.ts";

export interface Answer<T = Record<string, unknown>> {
  readonly id: string | number | null;
  readonly result?: T;
  readonly error?: {
    readonly code: number;
    readonly message: string;
    readonly data: { readonly code: string };
  };
}

export interface Note {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface WsClient {
  readonly socket: WebSocket;
  /** Every notification so far, in order. */
  readonly notes: readonly Note[];
  /** Every frame so far that was no notification. */
  readonly frames: readonly (Answer | readonly Answer[])[];
  ask<T = Record<string, unknown>>(method: string, params?: object): Promise<Answer<T>>;
  /** The result; an error throws. */
  call<T = Record<string, unknown>>(method: string, params?: object): Promise<T>;
  /** Sends a text as it is, and returns the next frame that is no notification. */
  raw(text: string): Promise<Answer | readonly Answer[]>;
  first(what: string, test: (note: Note) => boolean, deadlineMs?: number): Promise<Note>;
  /** How it ended; waits for that. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  close(): Promise<void>;
}

export const noted = (client: WsClient, method: string): Note["params"][] =>
  client.notes.filter((note) => note.method === method).map(({ params }) => params);

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The HTTP answer to an upgrade that was refused. */
export async function refusal(client: Client, options: ClientOptions, path = "/ws") {
  const socket = new WebSocket(new URL(path, client.url), options);
  const reply = Promise.withResolvers<{ status: number; code: string }>();
  socket.on("open", () => reply.reject(new Error("the upgrade was not refused")));
  socket.on("error", reply.reject);
  socket.on("unexpected-response", (_request, message: IncomingMessage) => {
    let text = "";
    message.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    message.on("end", () => {
      const { error } = JSON.parse(text) as { error: { code: string } };
      reply.resolve({ status: message.statusCode ?? 0, code: error.code });
    });
  });
  return await within("the refusal of an upgrade", reply.promise).finally(() => socket.terminate());
}

/** Connects with the client's credential; says hello unless told not to. */
export async function connectWs(client: Client, { hello = true } = {}): Promise<WsClient> {
  const socket = new WebSocket(new URL("/ws", client.url), { headers: bearer(client.token) });
  const notes: Note[] = [];
  const frames: (Answer | readonly Answer[])[] = [];
  const waiting = new Map<number, (answer: Answer) => void>();
  const watchers = new Set<{ test: (note: Note) => boolean; give: (note: Note) => void }>();
  let rawWaiter: ((answer: Answer | readonly Answer[]) => void) | undefined;
  const closed = createSignal<{ code: number; reason: string }>();
  const opened = Promise.withResolvers<void>();
  socket.on("open", opened.resolve);
  socket.on("error", opened.reject);
  socket.on("close", (code, reason) => closed.give({ code, reason: reason.toString() }));
  socket.on("message", (data) => {
    const message = JSON.parse(String(data)) as Answer | Note | readonly Answer[];
    if (Array.isArray(message) || !("method" in message)) {
      const answer = message as Answer | readonly Answer[];
      frames.push(answer);
      const waiter = "id" in answer ? waiting.get(Number(answer.id)) : undefined;
      if (waiter !== undefined) waiter(answer as Answer);
      else rawWaiter?.(answer);
      return;
    }
    notes.push(message);
    for (const watcher of watchers) {
      if (!watcher.test(message)) continue;
      watchers.delete(watcher);
      watcher.give(message);
    }
  });
  await within("the WebSocket to open", opened.promise);
  let lastId = 1_000;
  const ask = <T>(method: string, params: object = {}): Promise<Answer<T>> => {
    const id = ++lastId;
    const answered = createSignal<Answer>();
    waiting.set(id, answered.give);
    socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return within(`the answer to ${method}`, answered.promise, 20_000) as Promise<Answer<T>>;
  };
  const wsClient: WsClient = {
    ...{ socket, notes, frames, ask },
    get closed() {
      return within("the end of the WebSocket", closed.promise);
    },
    call: async <T>(method: string, params?: object) => {
      const { result, error } = await ask<T>(method, params);
      if (error !== undefined) throw new Error(`${method}: ${error.data.code}: ${error.message}`);
      return result as T;
    },
    raw: (text) => {
      const next = createSignal<Answer | readonly Answer[]>();
      rawWaiter = next.give;
      socket.send(text);
      return within("an answer to a raw frame", next.promise);
    },
    first: (what, test, deadlineMs) => {
      const past = notes.find(test);
      if (past !== undefined) return Promise.resolve(past);
      const found = createSignal<Note>();
      watchers.add({ test, give: found.give });
      return within(what, found.promise, deadlineMs);
    },
    close: async () => {
      socket.terminate();
      await closed.promise;
    },
  };
  if (hello) await wsClient.call("system.hello", { client: "test", version: "1.0" });
  return wsClient;
}
