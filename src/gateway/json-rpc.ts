// JSON-RPC 2.0 as text: what a frame asks for, and how it is answered. A frame that cannot be read is an answer too, so
// nothing a client sends ends the connection by being wrong.

import { CODES, codeOf, GoclawError, messageOf } from "../domain/error.ts";
import { redactShapes } from "../telemetry/redact.ts";

export type Id = string | number | null;

export interface Call {
  /** Undefined for a notification, which is not answered. */
  readonly id: Id | undefined;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A part of a frame that is no request. */
export interface Fault {
  readonly id: Id;
  readonly fault: GoclawError;
}

export interface Frame {
  readonly isBatch: boolean;
  readonly items: readonly (Call | Fault)[];
}

export const BATCH_MAX = 50;
const ID_CHARS = 256;

export function readFrame(text: string): Frame {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return alone({ id: null, fault: new GoclawError("PARSE_ERROR", "the frame is not valid JSON") });
  }
  if (!Array.isArray(data)) return alone(readItem(data));
  if (data.length === 0) return alone(invalid(null, "the batch is empty"));
  if (data.length > BATCH_MAX)
    return alone(invalid(null, `the batch has ${data.length} requests; at most ${BATCH_MAX} are taken`));
  return { isBatch: true, items: data.map(readItem) };
}

function alone(item: Call | Fault): Frame {
  return { isBatch: false, items: [item] };
}

function invalid(id: Id, message: string): Fault {
  return { id, fault: new GoclawError("REQUEST_INVALID", message) };
}

function readItem(data: unknown): Call | Fault {
  if (typeof data !== "object" || data === null || Array.isArray(data))
    return invalid(null, "a request is an object with jsonrpc, method, params and id");
  const { jsonrpc, id, method, params } = data as Record<string, unknown>;
  if (id !== undefined && !isId(id))
    return invalid(null, `id must be null, a finite number or a text of at most ${ID_CHARS} characters`);
  if (jsonrpc !== "2.0") return invalid(id ?? null, 'jsonrpc must be "2.0"');
  if (typeof method !== "string") return invalid(id ?? null, "method must be the name of a method");
  if (params === undefined) return { id, method, params: {} };
  if (typeof params === "object" && params !== null && !Array.isArray(params))
    return { id, method, params: params as Record<string, unknown> };
  const message = `${method.slice(0, ID_CHARS)}: params must be an object with named fields`;
  return { id: id ?? null, fault: new GoclawError("BAD_REQUEST", message) };
}

function isId(id: unknown): id is Id {
  if (typeof id === "string") return id.length <= ID_CHARS;
  return id === null || (typeof id === "number" && Number.isFinite(id));
}

export function resultOf(id: Id, result: unknown): object {
  return { jsonrpc: "2.0", id, result };
}

export function notificationOf(method: string, params: object): object {
  return { jsonrpc: "2.0", method, params };
}

/** `code` is JSON-RPC's number; the code of the closed table stands in `data`. A defect says nothing about itself. */
export function errorOf(id: Id, error: unknown): object {
  const code = codeOf(error);
  const { jsonrpc, retryable } = CODES[code];
  const message =
    code === "INTERNAL" ? "a defect in goclaw; logs/system.jsonl has the details" : messageOf(error);
  const after = error instanceof GoclawError ? error.retryAfterSeconds : undefined;
  const data = { code, retryable, ...(after === undefined ? {} : { retry_after_seconds: after }) };
  return { jsonrpc: "2.0", id, error: { code: jsonrpc, message: redactShapes(message), data } };
}
