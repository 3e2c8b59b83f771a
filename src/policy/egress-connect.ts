// Opens the one connection of a request: resolves the name once, requires every answer to be public, connects to a
// judged address and compares what the socket is connected to. Nothing in here looks a name up a second time.

import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { type ConnectionOptions, connect as connectTls } from "node:tls";
import { type Code, messageOf } from "../domain/error.ts";
import { isSameAddress, kindOf } from "./address.ts";
import type { NetworkPorts } from "./egress-request.ts";

export interface Target {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  /** True: only a public address will do. False: the policy opened loopback, or the operator named the destination. */
  readonly mustBePublic: boolean;
}

/** The guard stopped it. */
export class EgressRefusal extends Error {
  readonly code: Code;

  constructor(code: Code, why: string) {
    super(why);
    this.name = "EgressRefusal";
    this.code = code;
  }
}

const RESOLVE_TIMEOUT_MS = 3_000;
const ADDRESSES_TRIED_MAX = 4;

export const machineNetwork: NetworkPorts = {
  resolve: async (host) => (await lookup(host, { all: true, verbatim: true })).map(({ address }) => address),
  dial: (address, port, signal) =>
    new Promise((resolve, reject) => {
      const socket = connectTcp({ host: address, port, signal, noDelay: true });
      socket.once("error", reject);
      socket.once("connect", () => {
        socket.off("error", reject);
        socket.on("error", () => {}); // its user hears of it by the answer that does not come
        resolve({ socket, peer: socket.remoteAddress ?? "" });
      });
    }),
};

/** Throws EgressRefusal, or the network's own error. The signal ends it at any point. */
export async function openConnection(
  target: Target,
  network: NetworkPorts,
  signal: AbortSignal,
): Promise<Socket> {
  const addresses = await addressesOf(target, network, signal);
  const socket = await dialFirst(addresses.slice(0, ADDRESSES_TRIED_MAX), target.port, network, signal);
  return target.secure ? await secure(socket, target.host, network.ca, signal) : socket;
}

async function addressesOf(
  { host, mustBePublic }: Target,
  network: NetworkPorts,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  // Never asked of a resolver: whoever answers must not decide where `localhost` is.
  if (host === "localhost" || host.endsWith(".localhost")) return ["127.0.0.1", "::1"];
  const found = await unlessAborted(
    network.resolve(host),
    AbortSignal.any([signal, AbortSignal.timeout(RESOLVE_TIMEOUT_MS)]),
  );
  if (found.length === 0) throw new Error(`${host} has no address`);
  const inner = mustBePublic ? found.find((address) => kindOf(address) !== "public") : undefined;
  if (inner !== undefined) {
    throw new EgressRefusal("URL_DNS_PRIVATE", `${host} leads to ${inner}, which is not a public address`);
  }
  return found;
}

async function dialFirst(
  addresses: readonly string[],
  port: number,
  network: NetworkPorts,
  signal: AbortSignal,
): Promise<Socket> {
  let failure: unknown;
  for (const address of addresses) {
    signal.throwIfAborted();
    const dialed = await network.dial(address, port, signal).catch((error: unknown) => {
      failure = error;
    });
    if (!dialed) continue;
    if (isSameAddress(dialed.peer, address)) return dialed.socket;
    dialed.socket.destroy();
    throw new EgressRefusal(
      "URL_DNS_REBIND",
      `the connection to ${address} ended at ${dialed.peer || "nobody"}`,
    );
  }
  throw failure;
}

/** There is no setting that skips the check of a certificate. */
function secure(socket: Socket, host: string, ca: string | undefined, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const options: ConnectionOptions = {
      socket,
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
      ALPNProtocols: ["http/1.1"],
      minVersion: "TLSv1.2",
      rejectUnauthorized: true,
    };
    const secured = connectTls(options);
    const stop = (): void => void secured.destroy(signal.reason as Error);
    const fail = (error: unknown): void => {
      signal.removeEventListener("abort", stop);
      secured.on("error", () => {}); // what a destroyed handshake still has to say
      secured.destroy();
      reject(
        signal.aborted ? signal.reason : new EgressRefusal("TLS_INVALID", `${host}: ${messageOf(error)}`),
      );
    };
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    secured.once("error", fail);
    const closed = (): void => fail(new Error("the connection was closed during the handshake"));
    secured.once("close", closed);
    secured.once("secureConnect", () => {
      signal.removeEventListener("abort", stop);
      secured.off("close", closed);
      secured.off("error", fail);
      resolve(secured);
    });
  });
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const stop = (): void => aborted.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    work.catch(() => {});
  }
}
