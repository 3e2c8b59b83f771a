// GET /v1/models for agents: what a client may name as its model. A holder of an API key is shown the key's own agents.

import type { FastifyInstance } from "fastify";
import { GoclawError } from "../domain/error.ts";
import { coversAgent } from "../domain/key.ts";
import type { Caller, RpcPorts } from "../rpc/method.ts";

/** `created` is in epoch seconds. */
export function modelRoutes(app: FastifyInstance, agents: RpcPorts["agents"], created: number): void {
  const agentOf = new Map(agents.map(({ id }) => [`agent:${id}`, id]));
  const names = ["goclaw", "goclaw-v1", ...agentOf.keys()];
  const model = (id: string) => ({ id, object: "model", created, owned_by: "goclaw" });
  const mayUse = ({ key }: Caller, name: string): boolean =>
    key === undefined || coversAgent(key, agentOf.get(name) ?? "default");

  app.get("/v1/models", async ({ caller }) => {
    return { object: "list", data: names.filter((name) => mayUse(caller, name)).map(model) };
  });

  app.get("/v1/models/:id", async ({ caller, params }) => {
    const { id } = params as { id: string };
    if (!names.includes(id) || !mayUse(caller, id)) throw modelNotFound(id);
    return model(id);
  });
}

export function modelNotFound(model: string): GoclawError {
  return new GoclawError(
    "MODEL_NOT_FOUND",
    `there is no model ${JSON.stringify(model)}; GET /v1/models lists them`,
  );
}
