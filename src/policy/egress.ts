// Outbound HTTP on behalf of a tool: the only place that opens a connection for one. Every hop is judged by its text and
// by its addresses, one connection carries one request, and what comes back is counted while it comes.

import type { Egress, EgressLimits, Fetched, NetworkPorts } from "./egress-request.ts";

export interface EgressPorts {
  readonly network?: NetworkPorts;
  /** The port of this daemon's own gateway, once it listens. */
  readonly ownPort: () => number | undefined;
}

export const EGRESS_LIMITS: EgressLimits = { totalMs: 15_000, bodyBytes: 2_097_152 };

export function createEgress({ network, ownPort }: EgressPorts): Egress {
  return {
    fetch: async (request, signal) => {
      // Loaded at the first use: a start needs neither TLS nor an HTTP client.
      const { followHops } = await import("./egress-hops.ts");
      const limits = { ...EGRESS_LIMITS, ...request.limits };
      const deadline = AbortSignal.timeout(limits.totalMs);
      const both = AbortSignal.any([signal, deadline]);
      const fetched = await followHops(
        request,
        { bodyBytes: limits.bodyBytes, network, ownPort: ownPort() },
        both,
      );
      const late = `${hostOf(request.url)} took longer than ${limits.totalMs / 1000} s`;
      return deadline.aborted && !signal.aborted ? nameLateness(fetched, late) : fetched;
    },
  };
}

/** A deadline that passed is the reason for whatever else was seen. */
function nameLateness(fetched: Fetched, why: string): Fetched {
  switch (fetched.type) {
    case "unsent":
      return { type: "refused", code: "LIMIT_TIME", why };
    case "unknown":
      return { ...fetched, code: "LIMIT_TIME", why };
    case "answered":
      return fetched.shortfall === null ? fetched : { ...fetched, shortfall: { code: "LIMIT_TIME", why } };
    case "refused":
      return fetched;
  }
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname : "the server";
}
