// `goclaw mcp approve`: everything an approval would bind, shown in full with nothing hidden, and the approval of exactly
// that.

import { EXIT } from "../domain/error.ts";
import type { WireMcpInspection, WireMcpTool } from "../rpc/methods/mcp.ts";
import { type Context, type GlobalOptions, type Output, writeJson } from "./context.ts";
import { openHome } from "./home.ts";
import { withLink } from "./link.ts";
import { paintFor } from "./paint.ts";
import { safeLine, safeText } from "./safe-text.ts";
import { writePairs } from "./table.ts";

interface ApproveOptions extends GlobalOptions {
  readonly yes?: boolean;
  readonly digest?: string;
  readonly json?: boolean;
}

export async function mcpApprove(
  context: Context,
  [server = ""]: readonly string[],
  options: ApproveOptions,
): Promise<number> {
  const { stdout, stderr } = context;
  const path = `/api/v1/mcp/servers/${encodeURIComponent(server)}`;
  return withLink(context, openHome(context, options), options, {}, async ({ api }) => {
    const shown = await api.post<WireMcpInspection>(`${path}/inspect`);
    if (options.json !== true) showInspection(stdout, shown);
    if (options.yes !== true) {
      if (options.json === true) writeJson(stdout, shown);
      const command = `goclaw mcp approve ${safeLine(server)} --yes --digest ${shown.digest}`;
      stderr.write(`nothing was approved; to approve exactly this: ${command}\n`);
      return EXIT.failed;
    }
    const digest = options.digest ?? shown.digest;
    const approved = await api.post<WireMcpInspection>(`${path}/approve`, { digest });
    if (options.json === true) writeJson(stdout, approved);
    const { approved: count, refused } = approved.server.tools;
    stderr.write(
      `${safeLine(server)} is approved with ${count} tools${refused > 0 ? `; ${refused} are refused` : ""}\n`,
    );
    return EXIT.ok;
  });
}

function showInspection(output: Output, { server, identity, changes, tools }: WireMcpInspection): void {
  const paint = paintFor(output);
  const facts = Object.entries(identity).map(([key, value]) => [key, shownValue(value)] as const);
  writePairs(output, [["server", safeLine(server.name)], ["state", server.status], ...facts]);
  for (const change of changes) output.write(`${paint.bad("changed")}  ${safeLine(change)}\n`);
  for (const tool of tools) showTool(output, tool);
}

function showTool(output: Output, tool: WireMcpTool): void {
  const paint = paintFor(output);
  const state = tool.status === "approved" ? paint.good(tool.status) : paint.bad(tool.status);
  output.write(`\n${paint.bold(safeLine(tool.offered_as))}  ${state}  ${tool.hash.slice(0, 12)}\n`);
  for (const note of tool.notes) output.write(`  ${paint.bad("note")}  ${safeLine(note)}\n`);
  const { name: _name, description = "", ...rest } = tool.definition;
  const text = safeText(String(description)).split("\n");
  output.write(`${text.map((line) => `  | ${line}`).join("\n")}\n`);
  // As JSON in one line a key: names, choices and titles are read by models too.
  for (const [key, value] of Object.entries(rest)) output.write(`  ${key}  ${shownValue(value)}\n`);
}

function shownValue(value: unknown): string {
  return safeLine(typeof value === "string" ? value : JSON.stringify(value));
}
