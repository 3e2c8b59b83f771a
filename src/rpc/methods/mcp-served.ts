// `mcp.served` and `mcp.call`: what outside MCP clients may use, and using it. Every use is a durable task: an agent's
// own, or one of the kind that is a single tool call.

import { createHash } from "node:crypto";
import type { Agent } from "../../domain/agent.ts";
import { GoclawError } from "../../domain/error.ts";
import { UUID_PATTERN } from "../../domain/ids.ts";
import type { ToolSpec } from "../../domain/message.ts";
import { PRIORITY, TOOL_TASK, type ToolTaskPrompt } from "../../domain/task.ts";
import { type Enqueued, enqueue } from "../../queue/enqueue.ts";
import { type Caller, defineMethod, paramsOf, type RpcPorts } from "../method.ts";
import { findAgent, submit } from "./submit.ts";

export interface WireServed {
  readonly name: string;
  readonly description: string;
  readonly input_schema: Readonly<Record<string, unknown>>;
}

export interface CallParams {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>>;
  readonly idempotency_key?: string;
}

const ASK = "ask_";
const TOOL_AGENT = "default";

export const listServed = defineMethod<Record<string, never>, { tools: WireServed[] }>({
  name: "mcp.served",
  capability: "acp.read",
  params: paramsOf({}),
  run: async (ports) => ({
    tools: [...servedAgents(ports).map(toAsk), ...ports.served.tools().map(toWireTool)],
  }),
});

/** Speaking MCP at all, before it is known what will be asked. */
export const openMcp = defineMethod<Record<string, never>, null>({
  name: "mcp.open",
  capability: "acp.read",
  params: paramsOf({}),
  run: async () => null,
});

export const callServed = defineMethod<CallParams, Enqueued>({
  name: "mcp.call",
  capability: "acp.mutate",
  params: paramsOf(
    {
      name: { type: "string", minLength: 1, maxLength: 128 },
      arguments: { type: "object" },
      idempotency_key: { type: "string", minLength: 1, maxLength: 255 },
    },
    ["name"],
  ),
  run: (ports, params, caller) => {
    const agent = servedAgents(ports).find(({ id }) => params.name === `${ASK}${id}`);
    if (agent !== undefined) return ask(ports, agent, params, caller);
    const tool = ports.served.tools().find(({ name }) => name === params.name);
    if (tool !== undefined) return callTool(ports, tool, params, caller);
    throw new GoclawError("TOOL_UNKNOWN", `no tool ${JSON.stringify(params.name)} is served here`);
  },
});

function servedAgents({ agents, served }: RpcPorts): readonly Agent[] {
  return agents.filter(({ id }) => served.agents === null || served.agents.includes(id));
}

async function ask(
  ports: RpcPorts,
  agent: Agent,
  { arguments: args = {}, idempotency_key: key }: CallParams,
  caller: Caller,
): Promise<Enqueued> {
  const { prompt, session_id: session, ...rest } = args;
  const [extra] = Object.keys(rest);
  if (extra !== undefined) throw new GoclawError("BAD_REQUEST", `${ASK}${agent.id} has no argument ${extra}`);
  if (typeof prompt !== "string") throw new GoclawError("BAD_REQUEST", "prompt must be text");
  if (session !== undefined && !(typeof session === "string" && UUID_PATTERN.test(session)))
    throw new GoclawError("BAD_REQUEST", "session_id must be the id of a session");
  const asked = {
    ...{ agent: agent.id, prompt },
    ...(session === undefined ? {} : { session_id: session }),
    ...(key === undefined ? {} : { idempotency_key: key }),
  };
  return submit.run(ports, asked, caller);
}

async function callTool(
  ports: RpcPorts,
  { name }: ToolSpec,
  { arguments: args = {}, idempotency_key: key }: CallParams,
  { traceId }: Caller,
): Promise<Enqueued> {
  if (ports.isDraining())
    throw new GoclawError("SHUTTING_DOWN", "the daemon is stopping; call again when it is back");
  const agent = findAgent(ports, TOOL_AGENT);
  const prompt = JSON.stringify({ tool: name, arguments: args } satisfies ToolTaskPrompt);
  const digest = createHash("sha256").update(prompt).digest("hex");
  const enqueued = ports.store.run(enqueue, {
    ...{ id: ports.newId(), sessionId: ports.newId(), agentId: agent.id, kind: TOOL_TASK, prompt },
    ...{ priority: PRIORITY.default, maxAttempts: ports.limits.maxAttempts, model: null, sampling: {} },
    ...{ maxQueueDepth: agent.maxQueueDepth, parentId: null, traceId },
    idempotency: key === undefined ? null : { key, digest },
  });
  ports.onSubmitting();
  return enqueued;
}

function toAsk({ id, displayName }: Agent): WireServed {
  return {
    name: `${ASK}${id}`,
    description: `Asks the agent ${displayName}. It works on its own, with its own tools, and answers with text.`,
    input_schema: {
      type: "object",
      properties: {
        prompt: { type: "string", description: "What is to be done, with everything the agent must know." },
        session_id: {
          type: "string",
          description: "From an earlier answer's _meta: goes on in that session.",
        },
      },
      required: ["prompt"],
      additionalProperties: false,
    },
  };
}

function toWireTool({ name, description, params }: ToolSpec): WireServed {
  return { name, description, input_schema: params };
}
