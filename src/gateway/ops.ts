// What an operator or a supervisor asks: is it up, does it take work, how are its parts.

import type { FastifyInstance } from "fastify";
import { CODES, type Code } from "../domain/error.ts";
import { wireError } from "./errors.ts";

export interface Health {
  /** Null when the daemon takes work; otherwise why it does not. */
  notReady(): { readonly code: Code; readonly message: string } | null;
  /** What is wrong although work goes on; closed words. */
  warnings(): readonly string[];
  components(): Readonly<Record<string, unknown>>;
}

export function opsRoutes(app: FastifyInstance, health: Health): void {
  app.get("/livez", async () => ({ ok: true }));

  app.get("/readyz", async (_request, reply) => {
    const notReady = health.notReady();
    const warnings = health.warnings();
    if (notReady === null) return { ready: true, ...(warnings.length === 0 ? {} : { warnings }) };
    reply.code(503);
    return { ready: false, reason: notReady.code, ...wireError(notReady.code, notReady.message) };
  });

  app.get("/healthz", async (_request, reply) => {
    const notReady = health.notReady();
    if (notReady !== null) reply.code(CODES[notReady.code].http);
    return {
      status: notReady === null ? "ok" : "degraded",
      ...(notReady && { reason: notReady.code }),
      ...health.components(),
    };
  });
}
