// GET /ws before it is a WebSocket: whoever may not come in is told so in HTTP, before 101. The protocol itself is loaded
// for the first one who may.

import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { FastifyInstance } from "fastify";
import { CODES, GoclawError, messageOf } from "../domain/error.ts";
import { type Authenticated, type AuthOptions, authenticate } from "./auth.ts";
import { wireError } from "./errors.ts";
import type { Guests } from "./guests.ts";
import type { Hub } from "./ws.ts";
import type { WsPorts } from "./ws-serve.ts";

const PATH = "/ws";
const PER_KEY_MAX = 16;
const ALL_MAX = 1_024;

/** For the HTTP server: every other request that offers an upgrade is answered as if it had not. */
export function isUpgrade({ url, headers }: IncomingMessage): boolean {
  return url?.split("?", 1)[0] === PATH && headers.upgrade?.toLowerCase() === "websocket";
}

export interface DoorOptions extends Omit<WsPorts, "onKeyRevoked"> {
  readonly auth: AuthOptions;
  readonly guests: Guests;
  /** The connection has shown who it is, and leaves HTTP. */
  readonly admitted: (socket: Socket) => void;
}

export function openDoor(app: FastifyInstance, options: DoorOptions): void {
  const { auth, admit, rpc, guests, admitted } = options;
  const open = new Map<string, number>();
  let all = 0;
  let loading: Promise<Hub> | undefined;

  const enter = (request: IncomingMessage): Authenticated => {
    const who = authenticate(auth, PATH, request.headers);
    if (who.key !== undefined) admit(who.key);
    if (rpc.ports.isDraining()) throw new GoclawError("SHUTTING_DOWN", "the daemon is stopping");
    const mine = open.get(who.principal) ?? 0;
    if (all >= ALL_MAX || (who.key !== undefined && mine >= PER_KEY_MAX)) {
      const max = all >= ALL_MAX ? ALL_MAX : PER_KEY_MAX;
      throw new GoclawError("LIMIT_CONN", `there are ${max} WebSocket connections already; close one`);
    }
    return who;
  };
  const count = (principal: string, socket: Duplex): void => {
    all++;
    open.set(principal, (open.get(principal) ?? 0) + 1);
    socket.once("close", () => {
      all--;
      const left = (open.get(principal) ?? 1) - 1;
      if (left === 0) open.delete(principal);
      else open.set(principal, left);
    });
  };
  const load = async (): Promise<Hub> => {
    const { createHub } = await import("./ws.ts");
    return createHub({ ...options, onKeyRevoked: (keyId) => guests.dismiss(`key:${keyId}`) });
  };

  app.server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on("error", () => socket.destroy());
    let who: Authenticated;
    try {
      who = enter(request);
    } catch (error) {
      refuse(socket, error, (defect) => options.reportDefect(defect, "GET /ws"));
      return;
    }
    const { headers } = request;
    admitted(request.socket);
    count(who.principal, socket);
    loading ??= load();
    loading.then(
      (hub) => {
        const identify = (): Authenticated => authenticate(auth, PATH, headers);
        const peer = hub.accept(request, socket, head, identify);
        if (peer !== undefined) guests.note(who.principal, peer.guest);
      },
      (error: unknown) => refuse(socket, error, (defect) => options.reportDefect(defect, "GET /ws")),
    );
  });
  app.get(PATH, () => {
    throw new GoclawError("UPGRADE_REQUIRED", "connect to /ws with a WebSocket client");
  });
  app.addHook("preClose", async () => {
    (await loading)?.close();
  });
}

/** An HTTP answer on a connection that has left HTTP. */
function refuse(socket: Duplex, error: unknown, report: (error: unknown) => void): void {
  if (!(error instanceof GoclawError)) report(error);
  const { code, message } =
    error instanceof GoclawError
      ? error
      : new GoclawError("INTERNAL", "a defect in goclaw; logs/system.jsonl has the details", {
          cause: messageOf(error),
        });
  const { http } = CODES[code];
  const body = JSON.stringify(wireError(code, message));
  const after = error instanceof GoclawError ? error.retryAfterSeconds : undefined;
  const lines = [
    `HTTP/1.1 ${http} ${STATUS_CODES[http]}`,
    "connection: close",
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    ...(http === 401 ? ["www-authenticate: Bearer"] : []),
    ...(after === undefined ? [] : [`retry-after: ${after}`]),
  ];
  socket.once("finish", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
