// What is told to connections without being asked: questions for a person and how they were decided, to those who may
// see them, and tools of MCP servers that moved, to the home's own token.

import type { Bus, Unsubscribe } from "../bus/bus.ts";
import { type GoclawEvent, isDurable } from "../domain/event.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import { may } from "../rpc/key-scope.ts";
import { findWireApproval } from "../rpc/methods/approval.ts";
import type { Authenticated } from "./auth.ts";
import { notificationOf } from "./json-rpc.ts";
import { concerns, type Peer } from "./peer.ts";

export function startNews(rpc: Rpc, bus: Bus, peers: ReadonlySet<Peer>): Unsubscribe {
  const tell = (message: object, isFor: (who: Authenticated) => boolean): void => {
    for (const peer of peers) {
      if (!peer.greeted || peer.closed.aborted) continue;
      const who = whoIs(peer);
      if (who !== undefined && may(rpc.ports, who, "acp.read") && isFor(who)) peer.outbox.send(message);
    }
  };
  return bus.subscribe((event: GoclawEvent) => {
    if (peers.size === 0) return;
    if (event.type === "tools.updated") {
      const { server, tools } = event;
      tell(notificationOf("tools.updated", { server, tools }), (who) => who.key === undefined);
    } else if (
      isDurable(event) &&
      (event.type === "approval.required" || event.type === "approval.updated")
    ) {
      const approval = findWireApproval(rpc.ports.store.reader, String(event.payload.approval));
      if (approval === undefined) return;
      // Between the commit and here it may have moved on; each event says what it was about.
      const status = event.type === "approval.required" ? "PENDING" : String(event.payload.status);
      const told = { approval_id: approval.id, status, approval: { ...approval, status } };
      tell(notificationOf(event.type, told), (who) => concerns(who, event.agentId));
    }
  });
}

/** Undefined when the credential is no longer good; the next look at the connection ends it. */
function whoIs(peer: Peer): Authenticated | undefined {
  try {
    return peer.identify();
  } catch {
    return undefined;
  }
}
