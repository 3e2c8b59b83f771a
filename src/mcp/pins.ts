// The pins: which server, by its identity, and which definition of each tool an operator approved. What was seen last
// stands beside it, so that a change is known, refused and shown without asking the server again.

import type { McpIdentity } from "../domain/mcp.ts";
import type { Reader } from "../store/reader.ts";
import { defineVerb } from "../store/verb.ts";

export interface SeenTool {
  readonly tool: string;
  readonly json: string;
  readonly hash: string;
}

export interface Pin {
  readonly tool: string;
  /** Null once the server no longer lists it. */
  readonly seenJson: string | null;
  readonly seenHash: string | null;
  readonly pinnedJson: string | null;
  readonly pinnedHash: string | null;
}

const LOAD_PINS_SQL = `
  SELECT tool, seen_json AS seenJson, seen_hash AS seenHash, pinned_json AS pinnedJson, pinned_hash AS pinnedHash
  FROM mcp_tools WHERE server = @server ORDER BY tool`;

export function loadPins(reader: Reader, server: string): Pin[] {
  return reader.all<Pin>(LOAD_PINS_SQL, { server });
}

const LOAD_IDENTITY_SQL = "SELECT identity FROM mcp_servers WHERE server = @server";

/** What was approved of the server; undefined when nothing was. */
export function loadIdentity(reader: Reader, server: string): McpIdentity | undefined {
  const row = reader.get<{ identity: string }>(LOAD_IDENTITY_SQL, { server });
  return row === undefined ? undefined : (JSON.parse(row.identity) as McpIdentity);
}

const SEE_SQL = `
  INSERT INTO mcp_tools (server, tool, seen_json, seen_hash, seen_at) VALUES (@server, @tool, @json, @hash, @now)
  ON CONFLICT (server, tool) DO UPDATE SET seen_json = @json, seen_hash = @hash, seen_at = @now
  WHERE seen_hash IS NOT @hash`;

const KNOWN_SQL = "SELECT tool FROM mcp_tools WHERE server = @server AND seen_hash IS NOT NULL";

const LOSE_SQL = `
  UPDATE mcp_tools SET seen_json = NULL, seen_hash = NULL, seen_at = @now
  WHERE server = @server AND tool = @tool AND pinned_hash IS NOT NULL`;

const FORGET_SQL = "DELETE FROM mcp_tools WHERE server = @server AND tool = @tool AND pinned_hash IS NULL";

export interface SeeInput {
  readonly server: string;
  readonly tools: readonly SeenTool[];
}

/** Notes what a server lists now; returns the tools that are new, changed or gone since it was last seen. */
export const seeTools = defineVerb("mcp.see_tools", (tx, { server, tools }: SeeInput): string[] => {
  const now = tx.nowMs;
  const known = tx.all<{ tool: string }>(KNOWN_SQL, { server }).map(({ tool }) => tool);
  const listed = new Set(tools.map(({ tool }) => tool));
  const moved = tools.filter(
    ({ tool, json, hash }) => tx.run(SEE_SQL, { server, tool, json, hash, now }) > 0,
  );
  const gone = known.filter((tool) => !listed.has(tool));
  for (const tool of gone) {
    tx.run(LOSE_SQL, { server, tool, now });
    tx.run(FORGET_SQL, { server, tool });
  }
  return [...moved.map(({ tool }) => tool), ...gone];
});

const APPROVE_SERVER_SQL = `
  INSERT INTO mcp_servers (server, identity, approved_by, approved_at) VALUES (@server, @identity, @principal, @now)
  ON CONFLICT (server) DO UPDATE SET identity = @identity, approved_by = @principal, approved_at = @now`;

const UNPIN_SQL = `
  UPDATE mcp_tools SET pinned_json = NULL, pinned_hash = NULL, pinned_at = NULL
  WHERE server = @server AND seen_hash IS NOT NULL`;

const DROP_GONE_SQL = "DELETE FROM mcp_tools WHERE server = @server AND seen_hash IS NULL";

const PIN_SQL = `
  UPDATE mcp_tools SET pinned_json = seen_json, pinned_hash = seen_hash, pinned_at = @now
  WHERE server = @server AND tool = @tool AND seen_hash = @hash`;

export interface ApproveInput {
  readonly server: string;
  readonly identity: McpIdentity;
  readonly principal: string;
  readonly tools: readonly { readonly tool: string; readonly hash: string }[];
}

/** Pins the server and exactly these tools as they were last seen; whatever else was pinned of it no longer is. */
export const approveServer = defineVerb("mcp.approve", (tx, input: ApproveInput): void => {
  const { server, principal } = input;
  const now = tx.nowMs;
  tx.run(APPROVE_SERVER_SQL, { server, principal, identity: JSON.stringify(input.identity), now });
  tx.run(UNPIN_SQL, { server });
  tx.run(DROP_GONE_SQL, { server });
  for (const { tool, hash } of input.tools) tx.run(PIN_SQL, { server, tool, hash, now });
});
