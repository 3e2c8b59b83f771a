// What operators do with MCP servers: list them, look at one, approve it. An approval binds the digest of exactly what
// was shown; whatever changed in between is shown again instead.

import { createHash } from "node:crypto";
import { GoclawError } from "../domain/error.ts";
import {
  type McpDesk,
  type McpIdentity,
  type McpInspection,
  type McpServerView,
  type McpToolStatus,
  type McpToolView,
  offeredName,
} from "../domain/mcp.ts";
import { canonical } from "./definition.ts";
import type { McpHub, Member } from "./hub.ts";
import { declare, identify, identityChanges } from "./identity.ts";
import { openServer } from "./open.ts";
import { approveServer, loadIdentity, loadPins } from "./pins.ts";
import { type Standing, standings } from "./standing.ts";

export function createDesk(hub: McpHub): McpDesk {
  const { store, place } = hub.ports;
  const { reader } = store;

  const toolsOf = (name: string): McpToolView[] =>
    standings(name, loadPins(reader, name)).map((standing) => viewOf(name, standing));

  const serverOf = ({ server, supervisor }: Member, identity?: McpIdentity): McpServerView => {
    const approved = loadIdentity(reader, server.name);
    const now = identity ?? { ...approved, ...declare(server, place.workspace) };
    return {
      name: server.name,
      transport: server.transport,
      enabled: server.enabled,
      status: approved === undefined ? "unapproved" : same(approved, now) ? "approved" : "changed",
      running: supervisor.isRunning,
      pid: supervisor.pid,
      trouble: supervisor.trouble,
      tools: countsOf(toolsOf(server.name)),
    };
  };

  const inspect = async (name: string): Promise<McpInspection> => {
    const member = hub.find(name);
    member.supervisor.forgive();
    const identity = await identify(member.server, place);
    const approved = loadIdentity(reader, name);
    const isApproved = approved !== undefined && same(approved, identity);
    await (isApproved && member.server.enabled ? lookThrough(hub, member) : lookOnce(hub, member));
    const tools = toolsOf(name);
    return {
      server: serverOf(member, identity),
      identity,
      changes: approved === undefined ? [] : identityChanges(approved, identity),
      tools,
      digest: digestOf(identity, tools),
    };
  };

  return {
    list: () => [...hub.members.values()].map((member) => serverOf(member)),
    tools: (name) => toolsOf(hub.find(name).server.name),
    inspect,
    approve: async (name, digest, principal) => {
      const shown = await inspect(name);
      if (shown.digest !== digest) {
        const advice = `\`goclaw mcp approve ${name}\` shows what it is now`;
        throw new GoclawError("STATE_CONFLICT", `MCP server ${name} is not what was shown; ${advice}`);
      }
      const tools = shown.tools
        .filter(({ status }) => status === "new" || status === "changed" || status === "approved")
        .map(({ name: tool, hash }) => ({ tool, hash }));
      await store.run(approveServer, { server: name, identity: shown.identity, principal, tools });
      const member = hub.find(name);
      member.offered = undefined;
      const after = toolsOf(name);
      return {
        ...shown,
        changes: [],
        server: serverOf(member, shown.identity),
        tools: after,
        digest: digestOf(shown.identity, after),
      };
    },
  };
}

const PATIENCE_MS = 120_000;

async function lookThrough(hub: McpHub, member: Member): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  await member.supervisor.use(async (connection) => void (await hub.look(member, connection)), signal);
}

/** Not approved as it is: started for this look alone, and what ran before under its name is stopped. */
async function lookOnce(hub: McpHub, member: Member): Promise<void> {
  await member.supervisor.stop();
  const nothing = (): void => {};
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    const opened = await openServer(hub.ports, member.server, nothing, nothing, signal);
    try {
      await hub.look(member, opened.connection);
    } finally {
      await opened.stop();
    }
  } catch (error) {
    if (error instanceof GoclawError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new GoclawError("MCP_UNAVAILABLE", `MCP server ${member.server.name} does not start: ${why}`, {
      cause: error,
    });
  }
}

function viewOf(server: string, { status, definition, refusal }: Standing): McpToolView {
  return {
    name: definition.name,
    offeredAs: offeredName(server, definition.name),
    status,
    hash: definition.hash,
    definition: JSON.parse(definition.json) as Readonly<Record<string, unknown>>,
    notes: refusal === null ? definition.notes : [refusal, ...definition.notes],
  };
}

function same(approved: McpIdentity, now: McpIdentity): boolean {
  return identityChanges(approved, now).length === 0;
}

function digestOf(identity: McpIdentity, tools: readonly McpToolView[]): string {
  const listed = tools.filter(({ status }) => status !== "gone").map(({ name, hash }) => [name, hash]);
  return createHash("sha256")
    .update(canonical({ identity, tools: listed }))
    .digest("hex");
}

function countsOf(tools: readonly McpToolView[]): Record<McpToolStatus, number> {
  const counts = { approved: 0, new: 0, changed: 0, gone: 0, refused: 0 };
  for (const { status } of tools) counts[status] += 1;
  return counts;
}
