// `spawn_task`: hands a piece of work to a child task. Keyed: the act repeated after a crash finds the child it made. To
// wait for the child the parent leaves its lane, and comes back for the child's answer.

import { unreachable } from "../domain/event.ts";
import { isTerminal, PRIORITY } from "../domain/task.ts";
import { sha256 } from "../journal/effects.ts";
import type { Child } from "../store/family.ts";
import { CHILDREN_MAX, DEPTH_MAX } from "./child-tasks.ts";
import type { Args, Tool, ToolContext, ToolOutcome } from "./tool.ts";

/** How long a parent waits before it goes on without the answer. */
const WAIT_MS = 24 * 3_600_000;

export const spawnTask: Tool = {
  name: "spawn_task",
  description:
    "Hands a piece of work to another task, done by you or by another agent in a conversation of its own. It knows only " +
    "what the prompt says, so put in everything that it needs. With wait the result is its answer, and nothing else is " +
    "done until then: use it when you need the answer. Without wait you get its id and go on, and are not told how it " +
    `ends. At most ${CHILDREN_MAX} a task, and ${DEPTH_MAX} below each other; do small things yourself.`,
  params: {
    type: "object",
    properties: {
      prompt: {
        type: "string",
        minLength: 1,
        maxLength: 100_000,
        pattern: "\\S",
        description: "The whole work order, complete in itself: goal, facts, form of the answer.",
      },
      agent: {
        type: "string",
        minLength: 1,
        maxLength: 64,
        description: "Id of the agent. Default: yourself.",
      },
      priority: {
        type: "integer",
        minimum: PRIORITY.min,
        maximum: PRIORITY.max,
        description: "Higher runs earlier. Default: your own.",
      },
      wait: { type: "boolean", description: "Wait for the answer. Default false." },
    },
    required: ["prompt"],
    additionalProperties: false,
  },
  effectClass: "keyed",
  resource: ({ agent }, ownId) => `agent:${String(agent ?? ownId)}`,
  resume: async (args, context) => {
    const child = context.childTasks.find(context.effectKey);
    return child === undefined ? undefined : outcomeOf(child, args, context);
  },
  run: async (args, context) => {
    const { prompt, agent, priority } = args as { prompt: string; agent?: string; priority?: number };
    const { taskId: parentId, effectKey } = context;
    const digest = sha256(JSON.stringify([parentId, prompt, agent ?? null, priority ?? null]));
    const child = await context.childTasks.make({
      ...{ parentId, effectKey, digest, prompt },
      ...{ agentId: agent, priority },
    });
    return outcomeOf(child, args, context);
  },
};

function outcomeOf(child: Child, { wait }: Args, { now, labelsOf }: ToolContext): ToolOutcome {
  const who = `child task ${child.id} of agent ${child.agentId}`;
  if (wait !== true)
    return { type: "done", text: `queued ${who}; goclaw task show ${child.id} shows how it is` };
  if (isTerminal(child.state)) return endOf(child, who, labelsOf(child.id));
  const deadlineAt = child.createdAt + WAIT_MS;
  if (now().getTime() < deadlineAt)
    return {
      type: "wait",
      childId: child.id,
      deadlineAt,
      text: `it waits for ${who}`,
    };
  const reason = child.reasonCode === null ? "" : ` (${child.reasonCode})`;
  const text = `CHILD_LATE: ${who} has not ended within ${WAIT_MS / 3_600_000} hours: it is ${child.state}${reason}, and goes on`;
  return { type: "failed", text };
}

function endOf(child: Child, who: string, labels: ReturnType<ToolContext["labelsOf"]>): ToolOutcome {
  switch (child.state) {
    case "SUCCEEDED":
      return { type: "done", text: `[${who} answered]\n${child.answer ?? ""}`, labels };
    case "CANCELED":
      return { type: "failed", text: `ABORTED: somebody canceled ${who}; it has no answer`, labels };
    case "FAILED":
    case "DEAD_LETTER": {
      const why = `${child.errorCode ?? child.reasonCode}: ${child.errorMessage ?? "it gave no reason"}`;
      return { type: "failed", text: `TOOL_FAILED: ${who} ended as ${child.state}: ${why}`, labels };
    }
    case "QUEUED":
    case "CLAIMED":
    case "RUNNING":
    case "RETRY_WAIT":
      throw new Error(`task ${child.id} is ${child.state}, which is no end`);
    default:
      return unreachable(child.state);
  }
}
