// What a browser wants to hear before it lets a page call from another origin. Only origins that the configuration names
// are answered; that a foreign one may not call at all is for auth.ts to say.

import type { FastifyInstance } from "fastify";

const EXPOSED = [
  ...["retry-after", "x-request-id", "x-should-retry", "x-ratelimit-limit-requests"],
  ...["x-ratelimit-remaining-requests", "x-goclaw-task", "x-goclaw-provider", "x-goclaw-model"],
  ...["x-goclaw-layer", "x-goclaw-rule", "mcp-session-id"],
].join(", ");
const MAX_AGE_SECONDS = "600";

/** Before the hooks that authenticate: a browser sends no credential when it asks. */
export function openToOrigins(app: FastifyInstance, origins: readonly string[]): void {
  if (origins.length === 0) return;
  app.addHook("onRequest", async ({ method, headers }, reply) => {
    const { origin = "" } = headers;
    reply.raw.setHeader("vary", "origin");
    if (!origins.includes(origin)) return;
    reply.raw.setHeader("access-control-allow-origin", origin);
    reply.raw.setHeader("access-control-expose-headers", EXPOSED);
    if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return;
    const near = headers["access-control-request-private-network"] === "true";
    // Nothing is kept from a page by the name of a header or a method: what counts is the credential.
    return reply
      .code(204)
      .headers({
        "access-control-allow-methods": "GET, POST, DELETE",
        "access-control-allow-headers": headers["access-control-request-headers"] ?? "",
        "access-control-max-age": MAX_AGE_SECONDS,
        ...(near && { "access-control-allow-private-network": "true" }),
      })
      .send();
  });
}
