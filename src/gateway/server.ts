// The one HTTP server: limits, authentication and errors for every route, the routes themselves in their own files.

import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Bus } from "../bus/bus.ts";
import { type Code, codeOf, GoclawError, messageOf } from "../domain/error.ts";
import type { KeyGrant } from "../domain/key.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import type { Caller } from "../rpc/method.ts";
import { type AuthOptions, authenticate, checkUnambiguous } from "./auth.ts";
import { openToOrigins } from "./cors.ts";
import { refuseRaw, sendError, toGoclawError } from "./errors.ts";
import { createGuests } from "./guests.ts";
import { linger, readJsonOnly } from "./json-body.ts";
import { keyRoutes } from "./keys.ts";
import { mcpRoutes } from "./mcp.ts";
import { mcpAdminRoutes } from "./mcp-admin.ts";
import { noteMethods } from "./methods.ts";
import { openAiRoutes } from "./openai.ts";
import { type Health, opsRoutes } from "./ops.ts";
import { createRateLimit } from "./rate.ts";
import { restRoutes } from "./rest.ts";
import { scheduleRoutes } from "./schedules.ts";
import { limitSockets } from "./sockets.ts";
import { sseRoutes } from "./sse.ts";
import { createStrangers } from "./strangers.ts";
import { createStrikes, type Strike } from "./strikes.ts";
import { isUpgrade, openDoor } from "./ws-door.ts";

export interface GatewayOptions {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly bus: Bus;
  readonly auth: AuthOptions;
  /** Takes whom to tell that the home's token is another one. */
  readonly onTokenRotated: (listener: () => void) => void;
  readonly health: Health;
  readonly maxRequestBytes: number;
  readonly nowMs: () => number;
  readonly monoMs: () => number;
  readonly reportDefect: (error: unknown, where: string, traceId?: string) => void;
}

declare module "fastify" {
  interface FastifyRequest {
    caller: Caller;
  }
}

/** Until the headers are there, and the whole request; looked at every so often, so that the sum is 12 and 28 s. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 26_000;
const CHECK_EVERY_MS = 2_000;

/** Answers after which the connection ends, perhaps before all of the request has come. */
const HANGS_UP: readonly Code[] = ["LIMIT_SIZE", "AUTH_INVALID", "AUTH_MISSING"];

export function createGateway(options: GatewayOptions): FastifyInstance {
  const app = Fastify({
    bodyLimit: options.maxRequestBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: 5_000,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 256 },
    http: {
      shouldUpgradeCallback: isUpgrade,
      requireHostHeader: false,
      headersTimeout: HEADERS_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_EVERY_MS,
    },
    clientErrorHandler: refuseRaw,
    frameworkErrors: (error, _request, reply) => sendError(reply as FastifyReply, errorOf(error)),
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
  });
  app.server.on("connect", (_request, socket) => refuseRaw({ code: "GOCLAW_CONNECT" }, socket as Socket));
  readJsonOnly(app);
  const methodsOf = noteMethods(app);
  const sockets = limitSockets(app.server);
  const strike = createStrikes(options.monoMs);
  const rate = createRateLimit(options.monoMs);
  const admit = (key: KeyGrant): void => {
    const waitSeconds = rate.take(key);
    if (waitSeconds === undefined) return;
    const message = `API key ${key.name} may make ${key.rpm} requests a minute; try again in ${waitSeconds} s`;
    throw new GoclawError("RATE_LIMITED", message, { retryAfterSeconds: waitSeconds });
  };
  const guests = createGuests();
  const strangers = createStrangers();
  app.server.on("connection", strangers.note);
  openToOrigins(app, options.auth.origins);
  app.decorateRequest("caller", null as unknown as Caller);
  app.addHook("onRequest", async (request: FastifyRequest, { raw }) => {
    const traceId = options.rpc.ports.newId();
    raw.setHeader("x-request-id", traceId);
    const path = request.url.split("?", 1)[0] ?? "";
    checkUnambiguous(request.url, request.raw.rawHeaders);
    const who = orStruck(strike, request.ip, () => authenticate(options.auth, path, request.headers));
    if (who.principal !== "anyone") sockets.welcome(request.raw.socket);
    request.caller = { ...who, traceId };
    strangers.admit(request.raw.socket);
    if (who.key === undefined) return;
    try {
      admit(who.key);
    } finally {
      tellRate(raw, who.key, rate.left(who.key));
    }
  });
  app.addHook("onRequest", async ({ caller }, reply) => {
    if (caller.principal !== "anyone") guests.note(caller.principal, reply.raw);
  });
  options.onTokenRotated(() => guests.dismiss("token"));
  answerFailures(app, options, methodsOf);
  opsRoutes(app, options.health);
  restRoutes(app, options.rpc);
  keyRoutes(app, options.rpc, (keyId) => guests.dismiss(`key:${keyId}`));
  scheduleRoutes(app, options.rpc);
  mcpAdminRoutes(app, options.rpc);
  mcpRoutes(app, options);
  sseRoutes(app, options);
  openAiRoutes(app, options);
  const admitted = (socket: Socket): void => {
    strangers.admit(socket);
    sockets.release(socket);
  };
  openDoor(app, { ...options, admit, guests, admitted });
  return app;
}

/** What a route throws, and what is no route. */
function answerFailures(
  app: FastifyInstance,
  { reportDefect }: GatewayOptions,
  methodsOf: (path: string) => readonly string[],
): void {
  app.setErrorHandler((error: Error, request, reply) => {
    const known = toGoclawError(error);
    if (known === undefined)
      reportDefect(error, `${request.method} ${request.routeOptions.url ?? "?"}`, request.caller?.traceId);
    if (known !== undefined && HANGS_UP.includes(known.code)) linger(request.raw);
    sendError(reply, errorOf(error));
  });
  app.setNotFoundHandler((request, reply) => {
    const { method, url } = request;
    const path = url.split("?", 1)[0] ?? "";
    const methods = methodsOf(path);
    if (methods.length === 0)
      return sendError(reply, new GoclawError("METHOD_UNKNOWN", `there is no route ${method} ${path}`));
    reply.header("allow", methods.join(", "));
    if (method === "OPTIONS") return void reply.code(204).send();
    const message = `${path} does not take ${method}, but ${methods.join(", ")}`;
    sendError(reply, new GoclawError("METHOD_NOT_ALLOWED", message));
  });
}

function errorOf(error: Error): GoclawError {
  const defect = "a defect in goclaw; logs/system.jsonl has the details";
  return toGoclawError(error) ?? new GoclawError("INTERNAL", defect);
}

/** In the headers that OpenAI's clients know. */
function tellRate(response: ServerResponse, { rpm }: KeyGrant, left: number | null): void {
  if (rpm === null || left === null) return;
  response.setHeader("x-ratelimit-limit-requests", rpm);
  response.setHeader("x-ratelimit-remaining-requests", left);
}

/** What `check` returns; wrong credentials in a row are LIMIT_RATE in the end. */
function orStruck<T>(strike: Strike, address: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    const waitSeconds = codeOf(error) === "AUTH_INVALID" ? strike(address) : undefined;
    if (waitSeconds === undefined) throw error;
    const message = `too many wrong credentials; try again in ${waitSeconds} s`;
    throw new GoclawError("LIMIT_RATE", message, { retryAfterSeconds: waitSeconds });
  }
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
