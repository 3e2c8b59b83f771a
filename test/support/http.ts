// A small HTTP client for the daemon under test: keep-alive, the bearer token of the home, no retries, nothing hidden.
// A lost connection is an error here, because losing one is often what the test is about.

import { Agent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { createSignal, within } from "./wait.ts";

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON; throws with the text when it is not. */
  json<T = Record<string, unknown>>(): T;
}

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** A string is sent as it is, anything else as JSON. */
  readonly body?: unknown;
  /** False sends no Authorization header. */
  readonly auth?: boolean;
}

export interface EventStream {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Everything received so far. */
  readonly events: readonly EventSourceMessage[];
  /** The first event, past or future, that passes the test. */
  first(
    what: string,
    test: (event: EventSourceMessage) => boolean,
    deadlineMs?: number,
  ): Promise<EventSourceMessage>;
  /** All events, once the server has ended the stream. */
  all(deadlineMs?: number): Promise<readonly EventSourceMessage[]>;
  /** Hangs up. */
  close(): void;
}

export interface Client {
  readonly url: string;
  readonly token: string;
  send(method: string, path: string, options?: SendOptions): Promise<Reply>;
  get(path: string, options?: SendOptions): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  stream(method: string, path: string, options?: SendOptions): Promise<EventStream>;
  close(): void;
}

export function createClient(url: string, token: string): Client {
  const agent = new Agent({ keepAlive: true });
  const open = (method: string, path: string, options: SendOptions): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const { body } = options;
      const text = body === undefined || typeof body === "string" ? body : JSON.stringify(body);
      const headers: Record<string, string> = {
        ...(options.auth === false ? {} : { authorization: `Bearer ${token}` }),
        ...(text === undefined
          ? {}
          : { "content-type": "application/json", "content-length": String(Buffer.byteLength(text)) }),
        ...options.headers,
      };
      const sent = httpRequest(new URL(path, url), { method, headers, agent }, resolve);
      sent.on("error", reject);
      sent.end(text);
    });
  const send = async (method: string, path: string, options: SendOptions = {}): Promise<Reply> =>
    wholeReply(await open(method, path, options));
  return {
    url,
    token,
    send,
    get: (path, options) => send("GET", path, options),
    post: (path, body, headers) => send("POST", path, { body, ...(headers ? { headers } : {}) }),
    stream: async (method, path, options = {}) => readEvents(await open(method, path, options)),
    close: () => agent.destroy(),
  };
}

async function wholeReply(message: IncomingMessage): Promise<Reply> {
  const parts: Buffer[] = [];
  for await (const part of message) parts.push(part as Buffer);
  const text = Buffer.concat(parts).toString("utf8");
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    text,
    json: <T>() => {
      try {
        return JSON.parse(text) as T;
      } catch {
        throw new Error(`not JSON (status ${message.statusCode}): ${text.slice(0, 500)}`);
      }
    },
  };
}

interface Watcher {
  readonly test: (event: EventSourceMessage) => boolean;
  readonly give: (event: EventSourceMessage) => void;
}

function readEvents(message: IncomingMessage): EventStream {
  const events: EventSourceMessage[] = [];
  const watchers = new Set<Watcher>();
  const ended = createSignal<readonly EventSourceMessage[]>();
  const parser = createParser({
    onEvent: (event) => {
      events.push(event);
      for (const watcher of watchers) {
        if (!watcher.test(event)) continue;
        watchers.delete(watcher);
        watcher.give(event);
      }
    },
  });
  message.setEncoding("utf8");
  message.on("data", (text: string) => parser.feed(text));
  message.on("close", () => ended.give(events));
  message.on("error", () => ended.give(events));
  return {
    status: message.statusCode ?? 0,
    headers: message.headers,
    events,
    first: (what, test, deadlineMs) => {
      const past = events.find(test);
      if (past) return Promise.resolve(past);
      const found = createSignal<EventSourceMessage>();
      watchers.add({ test, give: found.give });
      return within(what, found.promise, deadlineMs);
    },
    all: (deadlineMs) => within("the end of the event stream", ended.promise, deadlineMs),
    close: () => message.destroy(),
  };
}
