// GET /v1/models for agents, in OpenAI's words: what a client may name as its model.

import type { FastifyInstance } from "fastify";
import { GoclawError } from "../domain/error.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import { listAgentModel } from "../rpc/methods/model.ts";

/** `created` is in epoch seconds. */
export function modelRoutes(app: FastifyInstance, rpc: Rpc, created: number): void {
  const model = (id: string) => ({ id, object: "model", created, owned_by: "goclaw" });

  app.get("/v1/models", async ({ caller }) => {
    const names = await rpc.call(listAgentModel, {}, caller);
    return { object: "list", data: names.map(model) };
  });

  app.get("/v1/models/:id", async ({ caller, params }) => {
    const { id } = params as { id: string };
    if (!(await rpc.call(listAgentModel, {}, caller)).includes(id)) throw modelNotFound(id);
    return model(id);
  });
}

export function modelNotFound(model: string): GoclawError {
  return new GoclawError(
    "MODEL_NOT_FOUND",
    `there is no model ${JSON.stringify(model)}; GET /v1/models lists them`,
  );
}
