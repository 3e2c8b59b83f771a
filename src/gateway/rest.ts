// REST over the same RPC methods: each route names a method and builds its params from path, query and body.

import type { FastifyInstance, FastifyRequest } from "fastify";
import { GoclawError } from "../domain/error.ts";
import { accept } from "../rpc/accept.ts";
import type { Rpc } from "../rpc/dispatch.ts";
import { getApproval, listApproval, respondToApproval } from "../rpc/methods/approval.ts";
import { taskCassette } from "../rpc/methods/cassette.ts";
import { reportCost } from "../rpc/methods/cost.ts";
import { listModel } from "../rpc/methods/model.ts";
import { explainRoute } from "../rpc/methods/route.ts";
import { compactSession, listSession, sessionHistory } from "../rpc/methods/session.ts";
import { INNER_FIELDS, submit } from "../rpc/methods/submit.ts";
import { cancelTask, getTask, listEvents, listTask, resolveTask, retryTask } from "../rpc/methods/task.ts";
import { wantedHeaders } from "./route-headers.ts";

type Fields = Readonly<Record<string, unknown>>;

export function restRoutes(app: FastifyInstance, rpc: Rpc): void {
  app.post("/api/v1/tasks", async (request, reply) => {
    const params = (): Fields => {
      const body = bodyOf(request);
      for (const inner of [...INNER_FIELDS, "idempotency_key"]) {
        if (inner in body) throw new GoclawError("BAD_REQUEST", `unknown field ${JSON.stringify(inner)}`);
      }
      return { ...body, ...keyOf(request), ...wantedHeaders(rpc.ports.routes.headerNames, request) };
    };
    return reply.code(202).send(await accept(rpc, submit, params, request.caller));
  });

  app.get("/api/v1/tasks", (request) =>
    rpc.call(listTask, withNumbers(request.query as Fields, ["limit"]), request.caller),
  );

  app.get("/api/v1/tasks/:id", (request) => rpc.call(getTask, byId(request), request.caller));

  app.get("/api/v1/tasks/:id/cassette", (request) => rpc.call(taskCassette, byId(request), request.caller));

  app.get("/api/v1/tasks/:id/events", (request) => {
    const { cursor, ...query } = request.query as Fields;
    const params = { ...query, ...(cursor === undefined ? {} : { after: cursor }), ...byId(request) };
    return rpc.call(listEvents, withNumbers(params, ["limit", "after"]), request.caller);
  });

  app.get("/api/v1/cost", (request) => rpc.call(reportCost, request.query, request.caller));

  app.get("/api/v1/sessions", (request) =>
    rpc.call(listSession, withNumbers(request.query as Fields, ["limit"]), request.caller),
  );

  app.get("/api/v1/sessions/:id", (request) => {
    const params = { ...(request.query as Fields), ...bySession(request) };
    return rpc.call(sessionHistory, withNumbers(params, ["limit"]), request.caller);
  });

  app.post("/api/v1/sessions/:id/compact", async (request, reply) => {
    const params = (): Fields => {
      const body = request.body === undefined ? {} : bodyOf(request);
      return { ...body, ...keyOf(request), ...bySession(request) };
    };
    return reply.code(202).send(await accept(rpc, compactSession, params, request.caller));
  });

  app.get("/api/v1/model-catalog", (request) => {
    const { all, ...query } = request.query as Fields;
    // Query values are text; anything but these two words stays text and is refused by the schema.
    const flag = all === "true" || all === "false" ? all === "true" : all;
    return rpc.call(listModel, { ...query, ...(flag === undefined ? {} : { all: flag }) }, request.caller);
  });

  app.post("/api/v1/route/explain", (request) =>
    rpc.call(explainRoute, () => bodyOf(request), request.caller),
  );

  app.post("/api/v1/tasks/:id/cancel", (request) => rpc.call(cancelTask, byId(request), request.caller));

  app.post("/api/v1/tasks/:id/retry", (request) => rpc.call(retryTask, byId(request), request.caller));

  app.post("/api/v1/tasks/:id/resolve", (request) =>
    rpc.call(resolveTask, () => ({ ...bodyOf(request), ...byId(request) }), request.caller),
  );

  approvalRoutes(app, rpc);
}

function approvalRoutes(app: FastifyInstance, rpc: Rpc): void {
  const approvalId = (request: FastifyRequest) => ({ approval_id: (request.params as { id: string }).id });

  app.get("/api/v1/approvals", (request) =>
    rpc.call(listApproval, withNumbers(request.query as Fields, ["limit"]), request.caller),
  );

  app.get("/api/v1/approvals/:id", (request) => rpc.call(getApproval, approvalId(request), request.caller));

  app.post("/api/v1/approvals/:id", (request) =>
    rpc.call(respondToApproval, () => ({ ...bodyOf(request), ...approvalId(request) }), request.caller),
  );
}

/** The Idempotency-Key of a request, as the methods take it. */
function keyOf({ headers }: FastifyRequest): Fields {
  const key = headers["idempotency-key"];
  return key === undefined ? {} : { idempotency_key: key };
}

function bySession(request: FastifyRequest): { session_id: string } {
  return { session_id: (request.params as { id: string }).id };
}

function byId(request: FastifyRequest): { task_id: string } {
  return { task_id: (request.params as { id: string }).id };
}

/** The JSON object of a request; anything else is refused. */
export function bodyOf(request: FastifyRequest): Fields {
  const { body } = request;
  if (typeof body === "object" && body !== null && !Array.isArray(body)) return body as Fields;
  throw new GoclawError("BAD_REQUEST", "the body must be a JSON object");
}

/** Query values are text; the methods want numbers. What is no number stays text and is refused by the schema. */
export function withNumbers(fields: Fields, names: readonly string[]): Fields {
  const numbers = names
    .filter((name) => typeof fields[name] === "string" && /^\d{1,15}$/.test(fields[name] as string))
    .map((name) => [name, Number(fields[name])]);
  return { ...fields, ...Object.fromEntries(numbers) };
}
