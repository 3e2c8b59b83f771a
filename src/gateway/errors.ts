// Errors as clients see them: one JSON shape, a status from the closed table, no stack and no path.

import type { Socket } from "node:net";
import type { FastifyError, FastifyReply } from "fastify";
import { CODES, type Code, GoclawError } from "../domain/error.ts";
import { redactShapes } from "../telemetry/redact.ts";

export interface WireError {
  readonly error: {
    readonly message: string;
    readonly type: string;
    readonly code: string;
    readonly param: string | null;
  };
}

export function wireError(code: Code, message: string, param: string | null = null): WireError {
  return { error: { message: redactShapes(message), type: typeOf(CODES[code].http), code, param } };
}

/** The names OpenAI's clients know. */
function typeOf(status: number): string {
  if (status === 401) return "authentication_error";
  if (status === 403) return "permission_error";
  if (status === 404) return "not_found_error";
  if (status === 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

/** What the HTTP library complains about, in our codes. */
const LIBRARY_CODES: Readonly<Record<string, readonly [Code, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ["LIMIT_SIZE", "the body is larger than gateway.max_request_size"],
  FST_ERR_CTP_INVALID_JSON_BODY: ["PARSE_ERROR", "the body is not valid JSON"],
  FST_ERR_CTP_EMPTY_JSON_BODY: ["PARSE_ERROR", "the body is empty; send a JSON object"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ["UNSUPPORTED_MEDIA", "send the body with Content-Type: application/json"],
  FST_ERR_BAD_URL: ["BAD_REQUEST", "the path is not valid: its percent signs encode nothing"],
  FST_ERR_MAX_PARAM_LENGTH: ["BAD_REQUEST", "a part of the path is too long"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ["BAD_REQUEST", "the body does not have the length that was announced"],
};

export function toGoclawError(error: FastifyError | Error): GoclawError | undefined {
  if (error instanceof GoclawError) return error;
  const known = LIBRARY_CODES[(error as FastifyError).code];
  if (known !== undefined) return new GoclawError(known[0], known[1]);
  const status = (error as FastifyError).statusCode;
  // What is left of the library's 4xx is about JSON it refuses to parse, such as a __proto__ key.
  return status !== undefined && status < 500 ? new GoclawError("PARSE_ERROR", error.message) : undefined;
}

/** OpenAI's clients go by it; without it they ask again after every 409 and 5xx. */
const SHOULD_RETRY = "x-should-retry";

export function sendError(reply: FastifyReply, error: GoclawError): void {
  const { http } = CODES[error.code];
  if (http === 401) reply.headers({ "www-authenticate": "Bearer", connection: "close" });
  if (error.retryAfterSeconds !== undefined) reply.header("retry-after", String(error.retryAfterSeconds));
  reply.header(SHOULD_RETRY, String(CODES[error.code].retryable));
  const param = error instanceof ParamError && error.param !== "" ? error.param : null;
  void reply.code(http).send(wireError(error.code, error.message, param));
}

/** An error on a hijacked reply. */
export function sendRawError(
  reply: FastifyReply,
  error: GoclawError,
  more: Readonly<Record<string, string>> = {},
): void {
  const body = JSON.stringify(wireError(error.code, error.message));
  const after = error.retryAfterSeconds;
  const headers = {
    ...more,
    ...(after !== undefined && { "retry-after": String(after) }),
    "content-type": "application/json; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    [SHOULD_RETRY]: String(CODES[error.code].retryable),
  };
  reply.raw.writeHead(CODES[error.code].http, headers).end(body);
}

/** A BAD_REQUEST about one field of an OpenAI request. */
export class ParamError extends GoclawError {
  readonly param: string;

  constructor(param: string, message: string) {
    super("BAD_REQUEST", message);
    this.param = param;
  }
}

/** Answers what is no HTTP request, or never becomes a whole one, and hangs up. */
export function refuseRaw(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const [status, code, message] = RAW_REFUSALS[error.code ?? ""] ?? NO_HTTP;
  const body = JSON.stringify(wireError(code, message));
  const head = [
    `HTTP/1.1 ${status}`,
    "content-type: application/json; charset=utf-8",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  if (socket.writable) socket.write(`${head.join("\r\n")}\r\n\r\n${body}`);
  socket.destroySoon();
}

type RawRefusal = readonly [status: string, code: Code, message: string];

const NO_HTTP: RawRefusal = ["400 Bad Request", "BAD_REQUEST", "this is no request that HTTP/1.1 knows"];

const RAW_REFUSALS: Readonly<Record<string, RawRefusal>> = {
  HPE_HEADER_OVERFLOW: [
    "431 Request Header Fields Too Large",
    "LIMIT_SIZE",
    "the path and the headers are larger than 16 KB",
  ],
  ERR_HTTP_REQUEST_TIMEOUT: ["408 Request Timeout", "LIMIT_TIME", "the request did not become whole in time"],
  GOCLAW_CONNECT: ["405 Method Not Allowed", "METHOD_UNKNOWN", "this is no proxy: CONNECT is not answered"],
};
