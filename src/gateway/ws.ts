// The connections of /ws: their handshake, their limits and their end. Loaded with the first connection; a daemon nobody
// connects to does not have it.

import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import { createSessionFollower } from "../rpc/follow-session.ts";
import type { Authenticated } from "./auth.ts";
import { createPeer, type Peer } from "./peer.ts";
import { startNews } from "./ws-news.ts";
import { createServe, type WsPorts } from "./ws-serve.ts";
import { NOISE_MAX, noteNoise, startWatch } from "./ws-watch.ts";

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
  const stopNews = startNews(rpc, bus, peers);
  const stopWatch = startWatch(peers);

  const serve = createServe(ports, createSessionFollower(rpc.ports.store.reader, bus), MAX_FRAME_BYTES);

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
