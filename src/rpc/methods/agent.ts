// `agent.chat|chat.stream|abort|list|status`: the words of the original's clients for submitting, canceling and asking
// who is there. A chat is a task like any other; only the names differ.

import type { Agent } from "../../domain/agent.ts";
import { GoclawError } from "../../domain/error.ts";
import { UUID_PATTERN } from "../../domain/ids.ts";
import { coversAgent } from "../../domain/key.ts";
import { loadOfAgent } from "../../store/agent-tasks.ts";
import { requireAgent } from "../key-scope.ts";
import { defineMethod, type Method, paramsOf, type RpcPorts } from "../method.ts";
import type { WireTask } from "../wire.ts";
import { findAgent, submit } from "./submit.ts";
import { cancelTask, getTask } from "./task.ts";

interface ChatParams {
  readonly content?: string;
  /** Another name for `content`. */
  readonly text?: string;
  readonly session_id?: string;
  readonly agent_id?: string;
  readonly idempotency_key?: string;
}

interface Chat {
  readonly task_id: string;
  readonly session_id: string;
}

function chatMethod(name: string): Method<ChatParams, Chat> {
  return defineMethod<ChatParams, Chat>({
    name,
    capability: "acp.mutate",
    params: paramsOf({
      content: { type: "string" },
      text: { type: "string" },
      session_id: { type: "string", pattern: UUID_PATTERN.source },
      agent_id: { type: "string", minLength: 1, maxLength: 64 },
      idempotency_key: { type: "string", minLength: 1, maxLength: 255 },
    }),
    forKey: (ports, params, key) => {
      submit.forKey?.(ports, toSubmit(name, params), key);
      return params;
    },
    run: async (ports, params, caller) => {
      const { taskId, sessionId } = await submit.run(ports, toSubmit(name, params), caller);
      return { task_id: taskId, session_id: sessionId };
    },
  });
}

function toSubmit(name: string, { content, text, agent_id: agent, ...rest }: ChatParams) {
  const prompt = content ?? text;
  if (prompt === undefined || (content !== undefined && text !== undefined))
    throw new GoclawError("BAD_REQUEST", `${name}: send the words as content (or as text), and only once`);
  return { prompt, ...(agent === undefined ? {} : { agent }), ...rest };
}

export const agentChat = chatMethod("agent.chat");
/** The surface that has a connection sends the answer while it is made. */
export const agentChatStream = chatMethod("agent.chat.stream");

export const agentAbort = defineMethod<{ readonly task_id: string }, { aborted: boolean; task: WireTask }>({
  ...cancelTask,
  name: "agent.abort",
  // A task that has ended is left as it is, and the answer says so.
  run: async (ports, params, caller) => {
    try {
      const { task } = await cancelTask.run(ports, params, caller);
      return { aborted: true, task };
    } catch (error) {
      if (!(error instanceof GoclawError) || error.code !== "STATE_CONFLICT") throw error;
      return { aborted: false, ...(await getTask.run(ports, params, caller)) };
    }
  },
});

interface ListParams {
  /** What an API key narrows the list to; no client can send it. */
  readonly agents?: readonly string[];
}

export const listAgent = defineMethod<ListParams, { agents: WireAgent[] }>({
  name: "agent.list",
  capability: "acp.read",
  params: paramsOf({}),
  forKey: ({ agents }, _params, key) => ({
    agents: agents.map(({ id }) => id).filter((id) => coversAgent(key, id)),
  }),
  run: async (ports, { agents }) => ({
    agents: ports.agents
      .filter(({ id }) => agents === undefined || agents.includes(id))
      .map((agent) => toWireAgent(ports, agent)),
  }),
});

export const agentStatus = defineMethod<{ readonly agent_id: string }, WireAgent>({
  name: "agent.status",
  capability: "acp.read",
  params: paramsOf({ agent_id: { type: "string", minLength: 1, maxLength: 64 } }, ["agent_id"]),
  forKey: (_ports, params, key) => {
    requireAgent(key, params.agent_id);
    return params;
  },
  run: async (ports, { agent_id }) => toWireAgent(ports, findAgent(ports, agent_id)),
});

type WireAgent = ReturnType<typeof toWireAgent>;

function toWireAgent({ store }: RpcPorts, { id, displayName, provider, model, workerCount }: Agent) {
  const { queued, active } = loadOfAgent(store.reader, id);
  return {
    agent_id: id,
    display_name: displayName,
    provider,
    model,
    worker_count: workerCount,
    queued_tasks: queued,
    active_tasks: active,
  };
}
