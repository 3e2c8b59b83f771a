// MCP servers and their tools, as every layer names them: what config.yaml declares, what an operator approved, and what
// a call of a tool came to.

export type McpTransport = "stdio" | "http" | "sse";

/** What a caged program has beside the system's programs and its own files; paths are absolute. */
export interface McpCage {
  readonly read: readonly string[];
  readonly write: readonly string[];
  readonly network: boolean;
}

/** One entry of `mcp.servers[]`. */
export interface McpServer {
  /** Lower-case letters, digits and `-`; never `_`, so that `mcp__server__tool` has one reading. */
  readonly name: string;
  readonly transport: McpTransport;
  /** The program and its arguments; empty unless the transport is stdio. */
  readonly argv: readonly string[];
  /** Everything the program sees beside PATH, HOME and LANG. */
  readonly env: Readonly<Record<string, string>>;
  /** Null: the workspace. */
  readonly cwd: string | null;
  /** Null: it runs as any program of this user does. */
  readonly cage: McpCage | null;
  /** Empty for stdio. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Longest call; starting and listing have the same limit. */
  readonly timeoutMs: number;
  readonly enabled: boolean;
  /** Offered to every agent that names no servers of its own. */
  readonly shared: boolean;
}

/** What outside clients may use through `goclaw mcp serve` and `/mcp`. */
export interface McpServed {
  /** Ids of agents, each offered as `ask_<id>`; null offers every agent. */
  readonly agents: readonly string[] | null;
  readonly tools: readonly string[];
}

/** What of a server an approval binds: change any of it, and the server is another one. */
export type McpIdentity = Readonly<Record<string, unknown>>;

/**
 * Where a tool stands. `approved`: offered and callable. `new`, `changed`: quarantined until somebody approves it.
 * `gone`: the server no longer lists it. `refused`: it cannot be shown as it is, or two tools would share a name.
 */
export type McpToolStatus = "approved" | "new" | "changed" | "gone" | "refused";

export interface McpToolView {
  readonly name: string;
  /** What the model calls it. */
  readonly offeredAs: string;
  readonly status: McpToolStatus;
  readonly hash: string;
  /** The definition as the server gave it: text of somebody else. */
  readonly definition: Readonly<Record<string, unknown>>;
  /** What somebody who approves it should notice; for a refused tool, why. */
  readonly notes: readonly string[];
}

export interface McpServerView {
  readonly name: string;
  readonly transport: McpTransport;
  readonly enabled: boolean;
  /** `unapproved`: nobody approved it yet. `changed`: it is not what was approved. */
  readonly status: "approved" | "unapproved" | "changed";
  readonly running: boolean;
  readonly pid: number | null;
  /** Why it is left alone at the moment. */
  readonly trouble: string | null;
  readonly tools: Readonly<Record<McpToolStatus, number>>;
}

/** A server looked at just now: what `approve` shows and binds. */
export interface McpInspection {
  readonly server: McpServerView;
  readonly identity: McpIdentity;
  /** Lines that say how the identity differs from the approved one. */
  readonly changes: readonly string[];
  readonly tools: readonly McpToolView[];
  /** Binds an approval to exactly what was shown. */
  readonly digest: string;
}

/** What operators do with MCP servers. Each throws MCP_SERVER_UNKNOWN for a name that config.yaml does not have. */
export interface McpDesk {
  list(): McpServerView[];
  /** As last seen; starts nothing. */
  tools(server: string): McpToolView[];
  /** Starts the server if need be and looks. */
  inspect(server: string): Promise<McpInspection>;
  /** Approves what `inspect` showed under this digest; STATE_CONFLICT when it is something else by now. */
  approve(server: string, digest: string, principal: string): Promise<McpInspection>;
}

/** The name of a tool as the model sees it. Vendors take 64 letters, digits, `_` and `-`. */
export function offeredName(server: string, tool: string): string {
  return `mcp__${server}__${tool.replaceAll(/[./]/g, "_")}`;
}

export function mcpCapability(server: string, tool: string): string {
  return `mcp.${server}.${tool}`;
}
