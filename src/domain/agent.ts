// A named agent: whose words open the conversation, which model answers, which tools it may see.

import type { Budget } from "./budget.ts";
import type { OutputSpec } from "./output.ts";

export interface Agent {
  readonly id: string;
  readonly displayName: string;
  readonly provider: string;
  readonly model: string;
  /** `auto` or `tier:NAME` when each task's model is chosen; provider and model then only stand for it. */
  readonly routed?: string;
  readonly soul: string;
  /** Names of the tools offered to the model, or `mcp__<server>__*`; null offers every tool (the policy still decides each call). */
  readonly tools: readonly string[] | null;
  /** Names of the MCP servers it may use; null or absent is every shared one. */
  readonly mcpServers?: readonly string[] | null;
  readonly workerCount: number | null;
  readonly maxQueueDepth: number;
  readonly taskTimeoutMs: number;
  readonly maxTurns: number;
  /** Tokens its conversations may have, below the model's window or in place of an unknown one; null for no limit. */
  readonly contextLimit: number | null;
  /** What its final answers must be, unless a task says otherwise; null or absent takes any text. */
  readonly output?: OutputSpec | null;
  /** How often the model is asked again when a task brings its own schema. */
  readonly outputRetries?: number;
  /** Limits of its own, beside the global ones. */
  readonly budget: Budget;
}

/** The agent for a client's own conversation: its budget and its lanes, none of its words and none of its tools. */
export function plainAgent(agent: Agent): Agent {
  const { routed: _routed, ...rest } = agent;
  return { ...rest, soul: "", tools: [], output: null };
}

/** Whether a tool is among those the agent names. */
export function maySee({ tools }: Agent, name: string): boolean {
  if (tools === null || tools.includes(name)) return true;
  const server = /^mcp__[a-z0-9-]+__/.exec(name)?.[0];
  return server !== undefined && tools.includes(`${server}*`);
}
