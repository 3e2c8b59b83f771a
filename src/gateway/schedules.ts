// REST of schedules, over the methods of rpc/methods/cron.ts. `:schedule` is an id or a name.

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Rpc } from "../rpc/dispatch.ts";
import { addCron, disableCron, enableCron, listCron, removeCron } from "../rpc/methods/cron.ts";
import { cronRuns } from "../rpc/methods/cron-runs.ts";
import { updateCron } from "../rpc/methods/cron-update.ts";
import { bodyOf, withNumbers } from "./rest.ts";

export function scheduleRoutes(app: FastifyInstance, rpc: Rpc): void {
  app.get("/api/v1/schedules", (request) => rpc.call(listCron, request.query, request.caller));

  app.post("/api/v1/schedules", async (request, reply) => {
    const added = await rpc.call(addCron, () => bodyOf(request), request.caller);
    return reply.code(201).send(added);
  });

  app.post("/api/v1/schedules/:schedule", (request) =>
    rpc.call(updateCron, () => ({ ...bodyOf(request), ...bySchedule(request) }), request.caller),
  );

  app.delete("/api/v1/schedules/:schedule", (request) =>
    rpc.call(removeCron, bySchedule(request), request.caller),
  );

  app.post("/api/v1/schedules/:schedule/enable", (request) =>
    rpc.call(enableCron, bySchedule(request), request.caller),
  );

  app.post("/api/v1/schedules/:schedule/disable", (request) =>
    rpc.call(disableCron, bySchedule(request), request.caller),
  );

  app.get("/api/v1/schedules/:schedule/runs", (request) => {
    const params = { ...(request.query as object), ...bySchedule(request) };
    return rpc.call(cronRuns, withNumbers(params, ["limit"]), request.caller);
  });
}

function bySchedule(request: FastifyRequest): { schedule_id: string } {
  return { schedule_id: (request.params as { schedule: string }).schedule };
}
