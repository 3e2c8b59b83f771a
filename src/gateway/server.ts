// The one HTTP server: limits, authentication and errors for every route, the routes themselves in their own files.

import Fastify, { type FastifyInstance, type FastifyRequest } from "fastify";
import type { Bus } from "../bus/bus.ts";
import { GoclawError, messageOf } from "../domain/error.ts";
import type { KeyGrant } from "../domain/key.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import type { Caller } from "../rpc/method.ts";
import { type AuthOptions, authenticate } from "./auth.ts";
import { sendError, toGoclawError } from "./errors.ts";
import { createGuests } from "./guests.ts";
import { keyRoutes } from "./keys.ts";
import { mcpRoutes } from "./mcp.ts";
import { mcpAdminRoutes } from "./mcp-admin.ts";
import { openAiRoutes } from "./openai.ts";
import { type Health, opsRoutes } from "./ops.ts";
import { createRateLimit } from "./rate.ts";
import { restRoutes } from "./rest.ts";
import { sseRoutes } from "./sse.ts";
import { createStrangers } from "./strangers.ts";
import { isUpgrade, openDoor } from "./ws-door.ts";

export interface GatewayOptions {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly bus: Bus;
  readonly auth: AuthOptions;
  readonly health: Health;
  readonly maxRequestBytes: number;
  readonly nowMs: () => number;
  readonly reportDefect: (error: unknown, where: string) => void;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
}

const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;

export function createGateway(options: GatewayOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: options.maxRequestBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
    http: { headersTimeout: HEADERS_TIMEOUT_MS, shouldUpgradeCallback: isUpgrade },
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  app.server.on("clientError", (_error, socket) => {
    if (socket.writable)
      socket.end("HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  const take = createRateLimit(options.nowMs);
  const admit = (key: KeyGrant): void => {
    const waitSeconds = take(key);
    if (waitSeconds === undefined) return;
    const message = `API key ${key.name} may make ${key.rpm} requests a minute; try again in ${waitSeconds} s`;
    throw new GoclawError("RATE_LIMITED", message, { retryAfterSeconds: waitSeconds });
  };
  const guests = createGuests();
  const strangers = createStrangers();
  app.server.on("connection", strangers.note);
  app.decorateRequest("caller", null as unknown as Caller);
  app.addHook("onRequest", async (request: FastifyRequest) => {
    const path = request.url.split("?", 1)[0] ?? "";
    const who = authenticate(options.auth, path, request.headers);
    request.caller = { ...who, traceId: options.rpc.ports.newId() };
    strangers.admit(request.raw.socket);
    if (who.key !== undefined) admit(who.key);
  });
  app.addHook("onRequest", async ({ caller }, reply) => {
    if (caller.key !== undefined) guests.note(caller.key.id, reply.raw);
  });
  app.setErrorHandler((error: Error, request, reply) => {
    const known = toGoclawError(error);
    if (known === undefined)
      options.reportDefect(error, `${request.method} ${request.routeOptions.url ?? "?"}`);
    sendError(
      reply,
      known ?? new GoclawError("INTERNAL", "a defect in goclaw; logs/system.jsonl has the details"),
    );
  });
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split("?", 1)[0] ?? "";
    sendError(reply, new GoclawError("METHOD_UNKNOWN", `there is no route ${request.method} ${path}`));
  });
  opsRoutes(app, options.health);
  restRoutes(app, options.rpc);
  keyRoutes(app, options.rpc, guests.dismiss);
  mcpAdminRoutes(app, options.rpc);
  mcpRoutes(app, options);
  sseRoutes(app, options);
  openAiRoutes(app, options);
  openDoor(app, { ...options, admit, guests, strangers });
  return app;
}

/** Routes have no schemas: what comes in is checked below rpc/, for every surface alike. */
function noSchemas(): never {
  throw new Error("routes have no schemas");
}

/** Binds the address; port 0 picks a free one. Returns what was bound as HOST:PORT. */
export async function listen(app: FastifyInstance, host: string, port: number): Promise<string> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    const inUse = (error as { code?: string }).code === "EADDRINUSE";
    const why = inUse ? "another program listens there" : messageOf(error);
    throw new GoclawError(
      "BIND_FAILED",
      `cannot listen on ${host}:${port}: ${why}; choose another with --bind or bind_addr`,
    );
  }
  const address = app.server.address();
  if (address === null || typeof address === "string")
    throw new GoclawError("BIND_FAILED", "no address was bound");
  return address.family === "IPv6"
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}
