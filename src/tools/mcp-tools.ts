// Approved tools of MCP servers, as tools like any other: the gate, the journal and the audit do not know the
// difference. Always `once`: what a server says about itself never makes an act repeatable.

import { mcpCapability } from "../domain/mcp.ts";
import type { McpHub, McpTool } from "../mcp/hub.ts";
import type { Tool } from "./tool.ts";

/** The tool objects of a hub, the same object for the same pinned definition. */
export function createMcpTools(hub: McpHub): (servers: readonly string[] | null) => readonly Tool[] {
  const made = new WeakMap<McpTool, Tool>();
  return (servers) =>
    hub.toolsFor(servers).map((mcpTool) => {
      const tool = made.get(mcpTool) ?? toTool(hub, mcpTool);
      made.set(mcpTool, tool);
      return tool;
    });
}

function toTool(hub: McpHub, mcpTool: McpTool): Tool {
  const { server, tool, hash, offeredAs, description, inputSchema } = mcpTool;
  return {
    name: offeredAs,
    description,
    params: inputSchema,
    isForeign: true,
    capability: mcpCapability(server, tool),
    effectClass: "once",
    resource: () => `${server}/${tool}`,
    touches: () => [{ mcp: { server, tool } }],
    yields: ["untrusted", "outside"],
    isOutgoing: true,
    exactAct: async (args) => ({ server, tool, definition: hash, arguments: args }),
    run: (args, { signal }) => hub.call(mcpTool, args, signal),
  };
}
