// A scripted vendor on loopback, down to the bytes: a test says what the next answer is, in which pieces it leaves, and
// how it breaks off. It remembers every request it was asked.

import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { closeServer, listen, readBody } from "../stub-model.ts";

export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

/** What a test does with one request. */
export type Answerer = (out: Out, request: SeenRequest) => void | Promise<void>;

export interface Out {
  /** Status and headers go out at once, before any body. */
  head(contentType: string, status?: number, headers?: Record<string, string>): void;
  /** Writes and waits until the bytes have left. */
  write(bytes: string | Uint8Array): Promise<void>;
  /** Writes the whole text in pieces of `size` bytes, whatever they cut through. */
  cut(text: string, size: number): Promise<void>;
  end(): void;
  /** Ends the connection with a TCP reset. */
  reset(): void;
  /** Bytes past the HTTP library: the answerer owns the whole response. */
  raw(bytes: string): void;
  /** Ends the connection in good order, after `raw`. */
  finish(): void;
  /** Resolves when the client has closed the connection. */
  readonly gone: Promise<void>;
}

export interface VendorServer {
  readonly origin: string;
  readonly requests: readonly SeenRequest[];
  /** How many connections were opened. */
  connections(): number;
  /** Answers all requests to come. */
  use(answerer: Answerer): void;
  close(): Promise<void>;
}

/** `aside` answers requests that are no model calls, with JSON; undefined passes on. */
export async function startVendor(aside?: (request: SeenRequest) => unknown): Promise<VendorServer> {
  const requests: SeenRequest[] = [];
  let connections = 0;
  let current: Answerer = (out) => out.end();
  const server = createServer((request, response) => {
    void readBody(request).then(async (text) => {
      const seen = toSeen(request, text);
      const answer = aside?.(seen);
      if (answer !== undefined) {
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
        return;
      }
      requests.push(seen);
      await current(createOut(response), seen);
    });
  });
  server.on("connection", () => connections++);
  await listen(server);
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    use: (answerer) => {
      current = answerer;
    },
    close: () => closeServer(server),
  };
}

function toSeen({ method = "", url = "", headers }: IncomingMessage, text: string): SeenRequest {
  return { method, path: url, headers, body: text === "" ? {} : JSON.parse(text) };
}

function createOut(response: ServerResponse): Out {
  const { socket } = response;
  socket?.setNoDelay(true);
  const write = (bytes: string | Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      if (response.destroyed) resolve();
      else response.write(bytes, () => setImmediate(resolve));
    });
  return {
    head: (contentType, status = 200, headers = {}) => {
      response.writeHead(status, { "content-type": contentType, ...headers });
      response.flushHeaders();
    },
    write,
    cut: async (text, size) => {
      const bytes = Buffer.from(text);
      for (let from = 0; from < bytes.length; from += size) await write(bytes.subarray(from, from + size));
    },
    end: () => void response.end(),
    reset: () => void socket?.resetAndDestroy(),
    raw: (bytes) => void socket?.write(bytes),
    finish: () => void socket?.end(),
    gone: new Promise((resolve) => void response.on("close", resolve)),
  };
}
