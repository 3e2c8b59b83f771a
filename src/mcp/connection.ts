// One conversation with one MCP server through the official SDK: opened within a limit, asked for its tools and told to
// act within limits. What the server wants of us (a model, the user, our files) is refused.

import type * as Mcp from "@modelcontextprotocol/client";
import type { CallToolResult, Client, Transport } from "@modelcontextprotocol/client";
import { messageOf } from "../domain/error.ts";
import type { McpServer } from "../domain/mcp.ts";
import { readResult } from "./result.ts";

export interface Connection {
  /** Raw definitions, all pages. */
  listTools(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  call(tool: string, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<CallEnd>;
  close(): Promise<void>;
}

export interface CallEnd {
  /** `unknown`: the request went out and nobody can say what came of it. */
  readonly type: "done" | "failed" | "unknown";
  readonly text: string;
  /** The conversation cannot go on: a session that the server forgot, or nobody there. */
  readonly isBroken?: true;
}

export interface ConnectionPorts {
  readonly version: string;
  /** `legacy` does not ask which protocol it is, and speaks the one of 2025. */
  readonly mode: "auto" | "legacy";
  readonly onToolsChanged: () => void;
  /** What the server asked for and did not get, and what it did wrong. */
  readonly onOddity: (message: string) => void;
  readonly onClosed: () => void;
  /** Why the other side was cut off, when it was. */
  readonly fault: () => string | undefined;
}

const LIST_PAGES_MAX = 20;
const TOOLS_MAX = 512;
/** An older stdio server may not answer the first question at all. */
const PROBE_MS = 3_000;

export async function openConnection(
  server: McpServer,
  transport: Transport,
  ports: ConnectionPorts,
  signal: AbortSignal,
): Promise<Connection> {
  const sdk = await import("@modelcontextprotocol/client");
  const client = new sdk.Client(
    { name: "goclaw", version: ports.version },
    {
      versionNegotiation: {
        mode: ports.mode,
        probe: server.transport === "stdio" ? { timeoutMs: Math.min(PROBE_MS, server.timeoutMs) } : {},
      },
      inputRequired: { autoFulfill: false },
      listMaxPages: LIST_PAGES_MAX,
      // A pattern of a server's schema may be one that never ends; the server's own answers are its own business.
      jsonSchemaValidator: { getValidator: () => takeAsItIs },
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: ports.onToolsChanged } },
    },
  );
  client.fallbackRequestHandler = async ({ method }) => {
    ports.onOddity(`it asked for ${method}; refused`);
    throw new sdk.ProtocolError(
      sdk.ProtocolErrorCode.MethodNotFound,
      "CAP_DENIED: this client offers nothing",
    );
  };
  client.onerror = (error) => ports.onOddity(error.message);
  client.onclose = ports.onClosed;
  const { timeoutMs } = server;
  await client.connect(transport, { timeout: timeoutMs, maxTotalTimeout: timeoutMs, signal });
  return {
    listTools: async () => {
      const { tools } = await client.listTools(undefined, { timeout: timeoutMs, cacheMode: "refresh" });
      if (tools.length > TOOLS_MAX)
        throw new Error(`LIMIT_SIZE: it lists ${tools.length} tools (at most ${TOOLS_MAX})`);
      return tools as readonly Readonly<Record<string, unknown>>[];
    },
    call: (tool, args, stop) => callTool(sdk, client, ports, { tool, args, timeoutMs, stop }),
    close: () => client.close(),
  };
}

function takeAsItIs<T>(value: unknown): Mcp.JsonSchemaValidatorResult<T> {
  return { valid: true, data: value as T, errorMessage: undefined };
}

type Sdk = typeof Mcp;

interface Called {
  readonly tool: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly timeoutMs: number;
  readonly stop: AbortSignal;
}

async function callTool(
  sdk: Sdk,
  client: Client,
  ports: ConnectionPorts,
  { tool, args, timeoutMs, stop }: Called,
): Promise<CallEnd> {
  let result: CallToolResult;
  try {
    const limits = { timeout: timeoutMs, maxTotalTimeout: timeoutMs, signal: stop };
    result = await client.callTool({ name: tool, arguments: { ...args } }, limits);
  } catch (error) {
    return endOf(sdk, error, ports.fault(), timeoutMs);
  }
  const text = readResult(result);
  return { type: result.isError === true ? "failed" : "done", text };
}

/** What a broken call says about the act: only an answer, or a request that never left, is certain. */
function endOf(sdk: Sdk, error: unknown, fault: string | undefined, timeoutMs: number): CallEnd {
  const message = fault ?? messageOf(error);
  if (error instanceof sdk.ProtocolError)
    return { type: "failed", text: `TOOL_FAILED: the server answered: ${message}` };
  if (error instanceof sdk.SdkError) {
    const { UnsupportedResultType, RequestTimeout, NotConnected, InvalidResult } = sdk.SdkErrorCode;
    if (error.code === UnsupportedResultType) {
      return {
        type: "failed",
        text: "CAP_DENIED: the server wants a model, the user or files of its client; it gets none",
      };
    }
    if (error.code === NotConnected) return { type: "failed", text: `MCP_UNAVAILABLE: ${message}` };
    if (error.code === InvalidResult)
      return { type: "failed", text: `TOOL_FAILED: the answer is no result: ${message}` };
    if (error.code === RequestTimeout) {
      return { type: "unknown", text: `no answer within ${timeoutMs} ms` };
    }
    if (error instanceof sdk.SdkHttpError && refusedBy(error.status)) {
      const text = `TOOL_FAILED: the server answered ${error.status}; the next call opens a new session`;
      return { type: "failed", text, isBroken: true };
    }
  }
  if (neverLeft(error))
    return {
      type: "failed",
      text: `MCP_UNAVAILABLE: the server cannot be reached: ${message}`,
      isBroken: true,
    };
  return { type: "unknown", text: `the connection broke during the call: ${message}`, isBroken: true };
}

function refusedBy(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500;
}

const UNSENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "ENOTCONN"];

function neverLeft(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (UNSENT.includes(String(code))) return true;
  return cause !== undefined && neverLeft(cause);
}
