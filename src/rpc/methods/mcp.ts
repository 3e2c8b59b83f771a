// `mcp.list`, `mcp.tools`, `mcp.inspect`, `mcp.approve`: MCP servers as operators see and approve them.

import type { McpInspection, McpServerView, McpToolView } from "../../domain/mcp.ts";
import { defineMethod, paramsOf } from "../method.ts";

export type WireMcpTool = ReturnType<typeof toWireTool>;
export type WireMcpInspection = ReturnType<typeof toWireInspection>;

const NAME = { type: "string", minLength: 1, maxLength: 64 };

interface ServerParams {
  readonly server: string;
}

export const listMcp = defineMethod<Record<string, never>, { servers: readonly McpServerView[] }>({
  name: "mcp.list",
  capability: "acp.read",
  params: paramsOf({}),
  run: async ({ mcp }) => ({ servers: mcp.list() }),
});

export const listMcpTools = defineMethod<ServerParams, { tools: WireMcpTool[] }>({
  name: "mcp.tools",
  capability: "acp.read",
  params: paramsOf({ server: NAME }, ["server"]),
  run: async ({ mcp }, { server }) => ({ tools: mcp.tools(server).map(toWireTool) }),
});

/** Starts the server if need be; so it is more than reading. */
export const inspectMcp = defineMethod<ServerParams, WireMcpInspection>({
  name: "mcp.inspect",
  capability: "acp.mutate",
  params: paramsOf({ server: NAME }, ["server"]),
  run: async ({ mcp }, { server }) => toWireInspection(await mcp.inspect(server)),
});

export const approveMcp = defineMethod<ServerParams & { readonly digest: string }, WireMcpInspection>({
  name: "mcp.approve",
  capability: "acp.mutate",
  params: paramsOf({ server: NAME, digest: { type: "string", pattern: "^[0-9a-f]{64}$" } }, [
    "server",
    "digest",
  ]),
  run: async ({ mcp }, { server, digest }, { principal }) =>
    toWireInspection(await mcp.approve(server, digest, principal)),
});

function toWireTool({ offeredAs, ...rest }: McpToolView) {
  return { ...rest, offered_as: offeredAs };
}

function toWireInspection({ tools, ...rest }: McpInspection) {
  return { ...rest, tools: tools.map(toWireTool) };
}
