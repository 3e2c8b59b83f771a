// REST of API keys. A key that is revoked here is refused from the next request on, and its open streams end.

import type { FastifyInstance } from "fastify";
import type { Rpc } from "../rpc/dispatch.ts";
import { addKeyMethod, listKeysMethod, revokeKeyMethod, updateKeyMethod } from "../rpc/methods/key.ts";
import { bodyOf } from "./rest.ts";

export function keyRoutes(app: FastifyInstance, rpc: Rpc, onRevoked: (keyId: string) => void): void {
  app.post("/api/v1/keys", async (request, reply) => {
    const added = await rpc.call(addKeyMethod, () => bodyOf(request), request.caller);
    return reply.code(201).header("cache-control", "no-store").send(added);
  });

  app.get("/api/v1/keys", (request) => rpc.call(listKeysMethod, {}, request.caller));

  app.post("/api/v1/keys/:key", (request) => {
    const { key: named } = request.params as { key: string };
    return rpc.call(updateKeyMethod, () => ({ ...bodyOf(request), key: named }), request.caller);
  });

  app.post("/api/v1/keys/:key/revoke", async (request) => {
    const { key: named } = request.params as { key: string };
    const revoked = await rpc.call(revokeKeyMethod, { key: named }, request.caller);
    onRevoked(revoked.key.id);
    return revoked;
  });
}
