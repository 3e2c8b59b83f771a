// What a client may name as its model: GET /v1/models in the form of OpenAI's list, and which of the names are agents.

import type { FastifyInstance } from "fastify";
import { GoclawError } from "../domain/error.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Caller } from "../rpc/method.ts";
import { listModelNames } from "../rpc/methods/model.ts";

/** `created` is in epoch seconds. */
export function modelRoutes(app: FastifyInstance, rpc: Rpc, created: number): void {
  const namesFor = async (caller: Caller): Promise<readonly string[]> =>
    (await rpc.call(listModelNames, {}, caller)).names;
  const model = (id: string) => ({ id, object: "model", created, owned_by: "goclaw" });

  app.get("/v1/models", async ({ caller }) => ({
    object: "list",
    data: (await namesFor(caller)).map(model),
  }));

  // A model's name may have slashes, which some clients encode and some do not.
  app.get("/v1/models/*", async ({ caller, params }) => {
    const { "*": id } = params as { "*": string };
    if (!(await namesFor(caller)).includes(id)) throw modelNotFound(id);
    return model(id);
  });
}

export function modelNotFound(model: string): GoclawError {
  return new GoclawError(
    "MODEL_NOT_FOUND",
    `there is no model ${JSON.stringify(model)}; GET /v1/models lists them`,
  );
}

/** `goclaw` and `goclaw-v1` are the default agent, `agent:<id>` any; empty for every other name. */
export function agentOf(model: string): string {
  if (model === "goclaw" || model === "goclaw-v1") return "default";
  return model.startsWith("agent:") ? model.slice("agent:".length) : "";
}
