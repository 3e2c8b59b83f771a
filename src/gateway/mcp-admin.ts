// REST for operators of MCP servers, over the methods of rpc/methods/mcp.ts.

import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Rpc } from "../rpc/dispatch.ts";
import { approveMcp, inspectMcp, listMcp, listMcpTools } from "../rpc/methods/mcp.ts";
import { bodyOf } from "./rest.ts";

export function mcpAdminRoutes(app: FastifyInstance, rpc: Rpc): void {
  app.get("/api/v1/mcp/servers", (request) => rpc.call(listMcp, request.query, request.caller));

  app.get("/api/v1/mcp/servers/:server/tools", (request) =>
    rpc.call(listMcpTools, byServer(request), request.caller),
  );

  app.post("/api/v1/mcp/servers/:server/inspect", (request) =>
    rpc.call(inspectMcp, byServer(request), request.caller),
  );

  app.post("/api/v1/mcp/servers/:server/approve", (request) =>
    rpc.call(approveMcp, () => ({ ...bodyOf(request), ...byServer(request) }), request.caller),
  );
}

function byServer(request: FastifyRequest): { server: string } {
  return { server: (request.params as { server: string }).server };
}
