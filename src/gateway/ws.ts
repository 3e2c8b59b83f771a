// What happens on the connections of /ws: requests run concurrently, each through RPC as whoever the credential says at
// that moment. Loaded with the first connection; a daemon nobody connects to does not have it.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { Bus } from "../bus/bus.ts";
import { codeOf, GoclawError } from "../domain/error.ts";
import type { KeyGrant } from "../domain/key.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import { createSessionFollower } from "../rpc/follow-session.ts";
import type { Caller } from "../rpc/method.ts";
import { RPC_METHODS } from "../rpc/methods/index.ts";
import { revokeKeyMethod } from "../rpc/methods/key.ts";
import type { Authenticated } from "./auth.ts";
import { type Call, errorOf, type Fault, readFrame, resultOf } from "./json-rpc.ts";
import { createPeer, identified, type Peer } from "./peer.ts";
import { streamChat } from "./ws-chat.ts";
import { greet } from "./ws-hello.ts";
import { startNews } from "./ws-news.ts";
import { subscribe, unsubscribe } from "./ws-sessions.ts";
import { NOISE_MAX, noteNoise, startWatch } from "./ws-watch.ts";

export interface WsPorts {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly bus: Bus;
  /** Counts a request of a key; throws RATE_LIMITED. */
  readonly admit: (key: KeyGrant) => void;
  readonly onKeyRevoked: (keyId: string) => void;
  readonly reportDefect: (error: unknown, where: string) => void;
}

export interface Hub {
  /** Answers the handshake; `identify` says whose connection it is, now and later. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    identify: () => Authenticated,
  ): Peer | undefined;
  /** Closes every connection, for the daemon's end. */
  close(): void;
}

const MAX_FRAME_BYTES = 1_048_576;
const SERVER = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: MAX_FRAME_BYTES,
  // Above what is noise, so that a flood is closed with a reason before it is cut off without one.
  maxPendingAutoPongs: 2 * NOISE_MAX,
};
const OUTBOX = { maxEvents: 1_000, maxBytes: 1_048_576 };
/** Requests under way on a connection beyond which no more are read from it; those that stream do not count. */
const UNDER_WAY_MAX = 64;

export function createHub(ports: WsPorts): Hub {
  const { rpc, bus } = ports;
  const server = new WebSocketServer(SERVER);
  const peers = new Set<Peer>();
  const sessions = createSessionFollower(rpc.ports.store.reader, bus);
  const stopNews = startNews(rpc, bus, peers);
  const stopWatch = startWatch(peers);

  const special: Readonly<Record<string, (peer: Peer, params: unknown, caller: Caller) => Promise<unknown>>> =
    {
      "agent.chat.stream": (peer, params, caller) => streamChat(rpc, ports.follower, peer, params, caller),
      "session.events.subscribe": (peer, params, caller) => subscribe(rpc, sessions, peer, params, caller),
      "session.events.unsubscribe": (peer, params, caller) => unsubscribe(rpc, peer, params, caller),
      "key.revoke": async (_peer, params, caller) => {
        const revoked = await rpc.call(revokeKeyMethod, params as { key: string }, caller);
        // The caller's own connection may be among those that end; its answer comes first.
        setImmediate(() => ports.onKeyRevoked(revoked.key.id));
        return revoked;
      },
    };

  const run = async (peer: Peer, { method, params }: Call): Promise<unknown> => {
    const who = identified(peer);
    if (who.key !== undefined) ports.admit(who.key);
    if (method === "system.hello") {
      if (peer.greeted)
        throw new GoclawError("PROTO_STATE", "system.hello was said already on this connection");
      const welcome = greet(rpc, who, params, MAX_FRAME_BYTES);
      peer.greeted = true;
      return welcome;
    }
    if (!peer.greeted) throw new GoclawError("PROTO_STATE", "say system.hello first");
    const entry = RPC_METHODS.get(method);
    if (entry === undefined) throw unknownMethod(method);
    const caller = { ...who, traceId: rpc.ports.newId() };
    const act = Object.hasOwn(special, method) ? special[method] : undefined;
    return act === undefined ? entry.call(rpc, params, caller) : act(peer, params, caller);
  };

  const answer = async (peer: Peer, item: Call | Fault): Promise<object | undefined> => {
    if ("fault" in item) {
      noteNoise(peer);
      return errorOf(item.id, item.fault);
    }
    const { id } = item;
    try {
      const result = await run(peer, item);
      return id === undefined ? undefined : resultOf(id, result);
    } catch (error) {
      if (codeOf(error) === "INTERNAL") ports.reportDefect(error, `/ws ${item.method}`);
      return id === undefined ? undefined : errorOf(id, error);
    }
  };

  const serve = async (peer: Peer, text: string): Promise<void> => {
    const { isBatch, items } = readFrame(text);
    const answers = (await Promise.all(items.map((item) => answer(peer, item)))).filter(
      (one) => one !== undefined,
    );
    await peer.outbox.pressure();
    const [first] = answers;
    if (first !== undefined) peer.outbox.send(isBatch ? answers : first);
  };

  const welcome = (socket: WebSocket, identify: () => Authenticated): Peer => {
    const peer = createPeer(socket, identify, OUTBOX);
    peers.add(peer);
    socket.on("close", () => peers.delete(peer));
    socket.on("error", () => {}); // ws closes the connection with the code of what was wrong
    listen(peer, (text) => serve(peer, text));
    return peer;
  };

  return {
    accept: (request, socket, head, identify) => {
      let peer: Peer | undefined;
      server.handleUpgrade(request, socket, head, (open) => {
        peer = welcome(open, identify);
      });
      return peer;
    },
    close: () => {
      stopWatch();
      stopNews();
      for (const peer of peers) peer.leave();
    },
  };
}

function listen(peer: Peer, serve: (text: string) => Promise<void>): void {
  const { socket } = peer;
  let underWay = 0;
  // A stream may go on for as long as its task does, and must not keep an abort from being read.
  const isBusy = (most: number): boolean => underWay - peer.streams > most;
  const onDone = (): void => {
    underWay--;
    if (socket.isPaused && !isBusy(UNDER_WAY_MAX / 2)) socket.resume();
  };
  socket.on("pong", () => {
    peer.isAlive = true;
  });
  socket.on("ping", () => {
    peer.isAlive = true;
    noteNoise(peer);
  });
  socket.on("message", (data: RawData, isBinary: boolean) => {
    peer.isAlive = true;
    if (peer.closed.aborted) return;
    if (isBinary) return void socket.close(UNSUPPORTED_DATA, "send JSON-RPC as text");
    underWay++;
    void serve(data.toString()).finally(onDone);
    if (isBusy(UNDER_WAY_MAX)) socket.pause();
  });
}

/** RFC 6455: a kind of data that is not taken. */
const UNSUPPORTED_DATA = 1003;

function unknownMethod(name: string): GoclawError {
  const asked = JSON.stringify(name.slice(0, 100));
  return new GoclawError("METHOD_UNKNOWN", `there is no method ${asked}; system.hello names those there are`);
}
