// The client of the daemon's HTTP interface: bare node:http, because fetch alone would cost a third of what `goclaw
// status` may take. One connection a request; an error of the daemon comes back as the GoclawError it was.

import { request as httpRequest, type IncomingMessage } from "node:http";
import { CODES, type Code, GoclawError, messageOf } from "../domain/error.ts";

export interface Api {
  /** HOST:PORT. */
  readonly address: string;
  get<T>(path: string): Promise<T>;
  /** `body` is sent as JSON; without one the request has none. */
  post<T>(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<T>;
  remove<T>(path: string): Promise<T>;
  /** A response whose body is read as it comes. Rejects as get does when the status is not 200. */
  open(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage>;
}

/** The daemon cannot be reached, or broke off: trying again, perhaps with another daemon, can help. */
export class LostDaemon extends Error {
  constructor(message: string, options?: { readonly cause: unknown }) {
    super(message, options);
    this.name = "LostDaemon";
  }
}

interface Sending {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

const ANSWER_TIMEOUT_MS = 30_000;

/** `readToken` is asked at each request, so that a rotation in the meantime does not matter. */
export function createApi(address: string, readToken: () => string): Api {
  const send = (sending: Sending): Promise<IncomingMessage> =>
    sendRequest(address, {
      ...sending,
      headers: { authorization: `Bearer ${readToken()}`, ...sending.headers },
    });
  const call = async <T>(sending: Sending): Promise<T> =>
    readJson<T>(await send({ timeoutMs: ANSWER_TIMEOUT_MS, ...sending }));
  return {
    address,
    get: (path) => call({ method: "GET", path }),
    post: (path, body, headers = {}) => call({ method: "POST", path, body, headers }),
    remove: (path) => call({ method: "DELETE", path }),
    open: async (path, headers, signal) => {
      const response = await send({ method: "GET", path, headers, signal });
      if (response.statusCode === 200) return response;
      await readJson(response);
      throw new LostDaemon(`the daemon answered ${response.statusCode}`);
    },
  };
}

/** Asks a route that needs no token; undefined when nobody answers in time. Never sends the token. */
export async function probe(
  address: string,
  path: "/livez" | "/healthz",
  timeoutMs: number,
): Promise<{ readonly status: number; readonly body: unknown } | undefined> {
  try {
    const response = await sendRequest(address, { method: "GET", path, timeoutMs });
    return { status: response.statusCode ?? 0, body: JSON.parse(await readText(response)) as unknown };
  } catch {
    return undefined;
  }
}

function sendRequest(address: string, { method, path, body, headers, signal, timeoutMs }: Sending) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise<IncomingMessage>((resolve, reject) => {
    const sent = httpRequest(new URL(path, `http://${address}`), {
      method,
      agent: false,
      ...(signal && { signal }),
      ...(timeoutMs && { timeout: timeoutMs }),
      headers: {
        ...headers,
        ...(text !== undefined && {
          "content-type": "application/json",
          "content-length": Buffer.byteLength(text),
        }),
      },
    });
    sent.on("response", resolve);
    sent.on("timeout", () => sent.destroy(new Error(`no answer within ${timeoutMs} ms`)));
    sent.on("error", (error) => reject(lost(address, error)));
    sent.end(text);
  });
}

function lost(address: string, error: unknown): LostDaemon {
  return new LostDaemon(`the daemon at ${address} cannot be reached (${messageOf(error)})`, { cause: error });
}

async function readText(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return Buffer.concat(parts).toString("utf8");
}

async function readJson<T>(response: IncomingMessage): Promise<T> {
  const status = response.statusCode ?? 0;
  let body: unknown;
  try {
    body = JSON.parse(await readText(response)) as unknown;
  } catch (error) {
    throw new LostDaemon(`the daemon's answer (status ${status}) is not whole or not JSON`, { cause: error });
  }
  if (status < 400) return body as T;
  throw refusal(status, body);
}

/** What the daemon said, as the error it was there. */
function refusal(status: number, body: unknown): GoclawError {
  const { error } = (body ?? {}) as { error?: { readonly message?: unknown; readonly code?: unknown } };
  const message = typeof error?.message === "string" ? error.message : `the daemon answered ${status}`;
  const code = typeof error?.code === "string" ? error.code : "";
  if (Object.hasOwn(CODES, code)) return new GoclawError(code as Code, message);
  const fallback: Code = status >= 500 ? "IO_ERROR" : "BAD_REQUEST";
  return new GoclawError(fallback, `${message} (the daemon calls it ${code || status})`);
}
