// /mcp: the served agents and tools over streamable HTTP, behind the same token as every route. The protocol is the
// SDK's, loaded at the first request; every call is a task of the one queue.

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Rpc } from "../rpc/dispatch.ts";
import type { Follower } from "../rpc/follow.ts";
import type { ServedFace } from "../rpc/mcp-server.ts";
import type { Caller } from "../rpc/method.ts";
import { callServed, listServed, openMcp } from "../rpc/methods/mcp-served.ts";
import { waitForTask } from "../rpc/task-end.ts";
import { bodyOf } from "./rest.ts";

export interface McpPorts {
  readonly rpc: Rpc;
  readonly follower: Follower;
  readonly reportDefect: (error: unknown, where: string) => void;
}

type Handle = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function mcpRoutes(app: FastifyInstance, ports: McpPorts): void {
  const { rpc } = ports;
  app.get("/api/v1/mcp/served", (request) => rpc.call(listServed, request.query, request.caller));

  app.post("/api/v1/mcp/served/:name/calls", async (request, reply) => {
    const { name } = request.params as { name: string };
    const key = request.headers["idempotency-key"];
    const params = () => ({
      ...{ ...bodyOf(request), name },
      ...(key === undefined ? {} : { idempotency_key: key }),
    });
    const { taskId, sessionId } = await rpc.call(callServed, params, request.caller);
    return reply.code(202).send({ task_id: taskId, session_id: sessionId });
  });

  let handle: Promise<Handle> | undefined;
  app.route({
    method: ["GET", "POST", "DELETE"],
    url: "/mcp",
    handler: async (request, reply) => {
      await rpc.call(openMcp, {}, request.caller);
      handle ??= loadHandler(ports);
      const serve = await handle;
      reply.hijack();
      await serve(request, reply);
    },
  });
}

async function loadHandler({ rpc, follower, reportDefect }: McpPorts): Promise<Handle> {
  const [{ createMcpHandler }, { toNodeHandler }, { createServerFactory }] = await Promise.all([
    import("@modelcontextprotocol/server"),
    import("@modelcontextprotocol/node"),
    import("../rpc/mcp-server.ts"),
  ]);
  const factory = await createServerFactory(rpc.ports.version, ({ authInfo }) =>
    faceFor(rpc, follower, authInfo?.extra?.caller as Caller),
  );
  const node = toNodeHandler(createMcpHandler(factory), {
    onerror: (error) => reportDefect(error, "/mcp"),
  });
  return async (request, reply) => {
    const { caller } = request;
    const auth = { token: "", clientId: caller.principal, scopes: [], extra: { caller } };
    await node(Object.assign(request.raw, { auth }) as never, reply.raw as never, request.body);
  };
}

function faceFor(rpc: Rpc, follower: Follower, caller: Caller): ServedFace {
  return {
    list: async () => (await rpc.call(listServed, {}, caller)).tools,
    call: async (name, args, signal) => {
      const { taskId } = await rpc.call(callServed, { name, arguments: args }, caller);
      return waitForTask(rpc, follower, taskId, caller, signal);
    },
  };
}
