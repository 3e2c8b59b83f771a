// A small internet for the egress guard: names lead to public addresses, and a socket to one of them ends at a server on
// loopback. Whatever connects to an address that nobody serves ends at the canary, and is counted.

import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { createEgress } from "../../src/policy/egress.ts";
import type { Egress, EgressRequest, Fetched, NetworkPorts } from "../../src/policy/egress-request.ts";
import { closeServer, listen } from "./stub-model.ts";

export interface WebRequest {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export interface TestWeb {
  readonly network: NetworkPorts;
  readonly egress: Egress;
  /** Every request that any of its servers got. */
  readonly requests: readonly WebRequest[];
  /** Addresses, with their ports, that something connected to and that nobody serves. */
  readonly canary: readonly string[];
  /** Names that were looked up, once each time. */
  readonly lookups: readonly string[];
  /** Serves `name`, at a public address of its own unless another is given. */
  serve(name: string, handler: RequestListener, options?: ServeOptions): Promise<void>;
  /** Serves bytes and not HTTP. */
  serveRaw(name: string, handler: (socket: Socket) => void): Promise<void>;
  /** What a name leads to; a function is asked at every look-up. */
  point(name: string, addresses: readonly string[] | (() => readonly string[])): void;
  /** Lies about whom a socket to `address` is connected to. */
  divert(address: string, peer: string): void;
  fetch(url: string, more?: Partial<EgressRequest>, signal?: AbortSignal): Promise<Fetched>;
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly address?: string;
  readonly port?: number;
  readonly tls?: ServerOptions;
}

export async function createWeb(ca?: string): Promise<TestWeb> {
  const names = new Map<string, readonly string[] | (() => readonly string[])>();
  const places = new Map<string, number>();
  const diverted = new Map<string, string>();
  const requests: WebRequest[] = [];
  const canary: string[] = [];
  const lookups: string[] = [];
  const closers: (() => Promise<void>)[] = [];
  let served = 0;

  const place = (name: string, port: number, local: number, address: string): void => {
    if (!names.has(name)) names.set(name, [address]);
    places.set(`${address}:${port}`, local);
  };
  const network: NetworkPorts = {
    ...(ca === undefined ? {} : { ca }),
    resolve: async (name) => {
      lookups.push(name);
      const found = names.get(name) ?? [];
      return typeof found === "function" ? found() : found;
    },
    dial: (address, port, signal) => {
      const local = places.get(`${address}:${port}`);
      if (local === undefined) {
        canary.push(`${address}:${port}`);
        return Promise.reject(new Error("nobody is there"));
      }
      return new Promise((resolve, reject) => {
        const socket = connect({ host: "127.0.0.1", port: local, signal });
        socket.on("error", reject);
        socket.once("connect", () => resolve({ socket, peer: diverted.get(address) ?? address }));
      });
    },
  };
  const egress = createEgress({ network, ownPort: () => undefined });
  const nextAddress = (): string => `93.184.215.${++served}`;
  return {
    network,
    egress,
    requests,
    canary,
    lookups,
    serve: async (name, handler, { address = nextAddress(), tls, port = tls ? 443 : 80 } = {}) => {
      const listener: RequestListener = (request, response) => {
        const { method = "", url = "", headers } = request;
        requests.push({ host: name, method, path: url, headers });
        handler(request, response);
      };
      const server: Server = tls ? createTlsServer(tls, listener) : createServer(listener);
      await listen(server);
      closers.push(() => closeServer(server));
      place(name, port, (server.address() as AddressInfo).port, address);
    },
    serveRaw: async (name, handler) => {
      const sockets = new Set<Socket>();
      const server = createTcpServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => {});
        handler(socket);
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      closers.push(async () => {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => server.close(resolve));
      });
      place(name, 80, (server.address() as AddressInfo).port, nextAddress());
    },
    point: (name, addresses) => void names.set(name, addresses),
    divert: (address, peer) => void diverted.set(address, peer),
    fetch: (url, more = {}, signal = new AbortController().signal) =>
      egress.fetch({ url, reach: { domains: ["*"], allowLoopback: false }, ...more }, signal),
    close: async () => {
      for (const close of closers) await close();
    },
  };
}

/** A server that always says the same. */
export function saying(
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string | Uint8Array = "",
): RequestListener {
  return (_request, response) => {
    response.writeHead(status, headers);
    response.end(body);
  };
}
