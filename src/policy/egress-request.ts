// What is asked of the egress guard and what comes back, and what a test may put in place of the machine's network.

import type { Socket } from "node:net";
import type { Code } from "../domain/error.ts";
import type { Reach } from "./url-rules.ts";

export interface EgressRequest {
  readonly url: string;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly headers?: Headers;
  readonly body?: string;
  /** What the policy opens; or `operator`: the address stands in config.yaml, so it is not judged, nor left by redirect. */
  readonly reach: Reach | "operator";
  readonly limits?: Partial<EgressLimits>;
}

export interface EgressLimits {
  /** From the first look-up to the last byte of the answer. */
  readonly totalMs: number;
  /** Of the body, decompressed. */
  readonly bodyBytes: number;
}

export type Headers = Readonly<Record<string, string>>;

/**
 * `refused`: the guard stopped it; the other side got no request but harmless ones that redirected here. `unsent`: nobody
 * took the connection. `unknown`: the request was on its way, and no answer came.
 */
export type Fetched =
  | {
      readonly type: "answered";
      readonly status: number;
      readonly headers: Headers;
      /** Where the answer is from, after redirects. */
      readonly url: string;
      readonly body: Uint8Array;
      /** Why `body` is not all of it; null when it is. */
      readonly shortfall: Shortfall | null;
    }
  | { readonly type: "refused"; readonly code: Code; readonly why: string }
  | { readonly type: "unsent"; readonly why: string }
  | { readonly type: "unknown"; readonly code: Code | null; readonly why: string };

export interface Egress {
  fetch(request: EgressRequest, signal: AbortSignal): Promise<Fetched>;
}

export interface Shortfall {
  readonly code: Code | null;
  readonly why: string;
}

/** What a test may put in place of the machine: names that lead where it says, sockets that end at its canaries. */
export interface NetworkPorts {
  /** Every address of the name, in the order to try. */
  readonly resolve: (host: string) => Promise<readonly string[]>;
  /** A connected socket, and the address of whom it is connected to. Rejects when nobody answers. */
  readonly dial: (address: string, port: number, signal: AbortSignal) => Promise<Dialed>;
  /** Certificates to trust beside the built-in ones; only a test adds any. */
  readonly ca?: string;
}

export interface Dialed {
  readonly socket: Socket;
  readonly peer: string;
}
