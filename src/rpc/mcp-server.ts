// What an MCP client finds here, on whatever transport: the served tools, each call a durable task whose answer is the
// result. The task belongs to the daemon: a client that goes away leaves it running.

import type { CallToolResult, McpServerFactory } from "@modelcontextprotocol/server";
import { type Code, codeOf, messageOf } from "../domain/error.ts";
import type { WireServed } from "./methods/mcp-served.ts";
import type { WireTask } from "./wire.ts";

/** The way to the daemon of whoever serves: through RPC in it, through HTTP from outside. */
export interface ServedFace {
  list(): Promise<readonly WireServed[]>;
  /** Resolves with the task once it has ended or waits for somebody; undefined when `signal` came first. */
  call(
    name: string,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
  ): Promise<WireTask | undefined>;
}

export async function createServerFactory(
  version: string,
  faceOf: (context: Parameters<McpServerFactory>[0]) => ServedFace,
): Promise<McpServerFactory> {
  const { Server } = await import("@modelcontextprotocol/server");
  return (context) => {
    const face = faceOf(context);
    const server = new Server({ name: "goclaw", version }, { capabilities: { tools: {} } });
    server.setRequestHandler("tools/list", async () => ({ tools: (await face.list()).map(toTool) }));
    server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
      try {
        return toResult(await face.call(params.name, params.arguments ?? {}, mcpReq.signal));
      } catch (error) {
        return failed(codeOf(error), messageOf(error));
      }
    });
    return server;
  };
}

function toTool({ name, description, input_schema: inputSchema }: WireServed) {
  return { name, description, inputSchema: { ...inputSchema, type: "object" as const } };
}

function toResult(task: WireTask | undefined): CallToolResult {
  if (task === undefined) return failed("ABORTED", "the call was canceled; its task goes on");
  const _meta = { "goclaw/task_id": task.id, "goclaw/session_id": task.session_id };
  if (task.state === "SUCCEEDED") {
    return { content: [{ type: "text", text: task.result?.text ?? "" }], _meta };
  }
  const code = (task.error?.code ?? task.reason_code ?? "INTERNAL") as Code;
  const message = task.error?.message ?? `task ${task.id} waits; see \`goclaw task why ${task.id}\``;
  return { ...failed(code, message), _meta };
}

function failed(code: Code, message: string): CallToolResult {
  const text = code === "INTERNAL" ? "INTERNAL: a defect in goclaw; the log has the details" : message;
  return {
    content: [{ type: "text", text: text.startsWith(`${code}:`) ? text : `${code}: ${text}` }],
    isError: true,
  };
}
