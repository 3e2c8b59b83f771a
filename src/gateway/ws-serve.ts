// Answers frames: requests run concurrently, each through RPC as whoever the credential says at that moment; what was not
// permitted, did not exist or went wrong is an answer like any other, and a notification gets none.

import type { Bus } from "../bus/bus.ts";
import { codeOf, GoclawError } from "../domain/error.ts";
import type { KeyGrant } from "../domain/key.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import type { SessionFollower } from "../rpc/follow-session.ts";
import type { Caller } from "../rpc/method.ts";
import { RPC_METHODS } from "../rpc/methods/index.ts";
import { revokeKeyMethod } from "../rpc/methods/key.ts";
import { type Call, errorOf, type Fault, readFrame, resultOf } from "./json-rpc.ts";
import { identified, type Peer } from "./peer.ts";
import { streamChat } from "./ws-chat.ts";
import { greet } from "./ws-hello.ts";
import { subscribe, unsubscribe } from "./ws-sessions.ts";
import { noteNoise } from "./ws-watch.ts";

export interface WsPorts {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly bus: Bus;
  /** Counts a request of a key; throws RATE_LIMITED. */
  readonly admit: (key: KeyGrant) => void;
  readonly onKeyRevoked: (keyId: string) => void;
  readonly reportDefect: (error: unknown, where: string, traceId?: string) => void;
}

/** Settles once the frame's answer, if it has one, is on its way. */
export type Serve = (peer: Peer, text: string) => Promise<void>;

export function createServe(ports: WsPorts, sessions: SessionFollower, maxFrameBytes: number): Serve {
  const { rpc } = ports;
  const special = createSpecial(ports, sessions);

  const run = async (peer: Peer, { method, params }: Call, traceId: string): Promise<unknown> => {
    const who = identified(peer);
    if (who.key !== undefined) ports.admit(who.key);
    if (method === "system.hello") {
      if (peer.greeted)
        throw new GoclawError("PROTO_STATE", "system.hello was said already on this connection");
      const welcome = greet(rpc, who, params, maxFrameBytes);
      peer.greeted = true;
      return welcome;
    }
    if (!peer.greeted) throw new GoclawError("PROTO_STATE", "say system.hello first");
    const entry = RPC_METHODS.get(method);
    if (entry === undefined) throw unknownMethod(method);
    const caller = { ...who, traceId };
    const act = Object.hasOwn(special, method) ? special[method] : undefined;
    return act === undefined ? entry.call(rpc, params, caller) : act(peer, params, caller);
  };

  const answer = async (peer: Peer, item: Call | Fault): Promise<object | undefined> => {
    if ("fault" in item) {
      noteNoise(peer);
      return errorOf(item.id, item.fault);
    }
    const { id } = item;
    const traceId = rpc.ports.newId();
    try {
      const result = await run(peer, item, traceId);
      return id === undefined ? undefined : resultOf(id, result);
    } catch (error) {
      if (codeOf(error) === "INTERNAL") ports.reportDefect(error, `/ws ${item.method}`, traceId);
      return id === undefined ? undefined : errorOf(id, error);
    }
  };

  return async (peer, text) => {
    const { isBatch, items } = readFrame(text);
    const answers = (await Promise.all(items.map((item) => answer(peer, item)))).filter(
      (one) => one !== undefined,
    );
    await peer.outbox.pressure();
    const [first] = answers;
    if (first !== undefined) peer.outbox.send(isBatch ? answers : first);
  };
}

type Special = (peer: Peer, params: unknown, caller: Caller) => Promise<unknown>;

/** Methods that do more with the connection than answer on it. */
function createSpecial(ports: WsPorts, sessions: SessionFollower): Readonly<Record<string, Special>> {
  const { rpc, follower } = ports;
  return {
    "agent.chat.stream": (peer, params, caller) => streamChat(rpc, follower, peer, params, caller),
    "session.events.subscribe": (peer, params, caller) => subscribe(rpc, sessions, peer, params, caller),
    "session.events.unsubscribe": (peer, params, caller) => unsubscribe(rpc, peer, params, caller),
    "key.revoke": async (_peer, params, caller) => {
      const revoked = await rpc.call(revokeKeyMethod, params as { key: string }, caller);
      // The caller's own connection may be among those that end; its answer comes first.
      setImmediate(() => ports.onKeyRevoked(revoked.key.id));
      return revoked;
    },
  };
}

function unknownMethod(name: string): GoclawError {
  const asked = JSON.stringify(name.slice(0, 100));
  return new GoclawError("METHOD_UNKNOWN", `there is no method ${asked}; system.hello names those there are`);
}
