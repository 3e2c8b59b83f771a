// `goclaw mcp list` and `goclaw mcp tools`: the configured servers, and the tools of one.

import { EXIT } from "../domain/error.ts";
import type { McpServerView } from "../domain/mcp.ts";
import type { WireMcpInspection, WireMcpTool } from "../rpc/methods/mcp.ts";
import { type Context, type GlobalOptions, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { paintFor } from "./paint.ts";
import { safeLine } from "./safe-text.ts";
import { type Cell, writeTable } from "./table.ts";

interface ListOptions extends GlobalOptions {
  readonly json?: boolean;
}

interface ToolsOptions extends ListOptions {
  readonly fresh?: boolean;
}

export async function mcpList(
  context: Context,
  _args: readonly string[],
  options: ListOptions,
): Promise<number> {
  const page = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    api.get<{ servers: readonly McpServerView[] }>("/api/v1/mcp/servers"),
  );
  if (options.json === true) writeJson(context.stdout, page);
  else showServers(context, page.servers);
  return EXIT.ok;
}

function showServers({ stdout, stderr }: Context, servers: readonly McpServerView[]): void {
  if (servers.length === 0) {
    stderr.write("no MCP server is configured; add one under mcp.servers in config.yaml\n");
    return;
  }
  const paint = paintFor(stdout);
  const rows = servers.map((server): Cell[] => {
    const { approved, new: fresh, changed, refused } = server.tools;
    const waiting = fresh + changed;
    const state = server.enabled ? server.status : "disabled";
    return [
      { text: safeLine(server.name) },
      { text: server.transport },
      { text: state, paint: state === "approved" ? paint.good : paint.bad },
      { text: server.running ? "running" : "stopped" },
      {
        text: `${approved} approved${waiting > 0 ? `, ${waiting} waiting` : ""}${refused > 0 ? `, ${refused} refused` : ""}`,
      },
      { text: safeLine(server.trouble ?? "") },
    ];
  });
  writeTable(
    stdout,
    ["SERVER", "TRANSPORT", "STATE", "NOW", "TOOLS", "TROUBLE"],
    rows,
    ["TRANSPORT", "NOW"],
    { wraps: true },
  );
}

export async function mcpTools(
  context: Context,
  [server = ""]: readonly string[],
  options: ToolsOptions,
): Promise<number> {
  const path = `/api/v1/mcp/servers/${encodeURIComponent(server)}`;
  const { tools } = await withLink(context, openHome(context, options), options, {}, ({ api }) =>
    options.fresh === true
      ? api.post<WireMcpInspection>(`${path}/inspect`)
      : api.get<{ tools: readonly WireMcpTool[] }>(`${path}/tools`),
  );
  if (options.json === true) writeJson(context.stdout, { tools });
  else showTools(context, server, tools);
  return EXIT.ok;
}

function showTools({ stdout, stderr }: Context, server: string, tools: readonly WireMcpTool[]): void {
  if (tools.length === 0) {
    stderr.write(`${safeLine(server)} was not asked for its tools yet; --fresh asks it\n`);
    return;
  }
  const paint = paintFor(stdout);
  const rows = tools.map((tool): Cell[] => [
    { text: safeLine(tool.offered_as) },
    { text: tool.status, paint: tool.status === "approved" ? paint.good : paint.bad },
    { text: tool.hash.slice(0, 12) },
    { text: safeLine(String(tool.definition.description ?? "")) },
  ]);
  writeTable(stdout, ["TOOL", "STATE", "HASH", "DESCRIPTION"], rows, ["HASH"], { wraps: true });
}
