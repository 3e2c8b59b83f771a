// How busy an agent is, counted on the partial indexes of the states.

import type { Reader } from "./reader.ts";

const COUNTS_SQL = {
  queued: "SELECT count(*) AS tasks FROM tasks WHERE state = 'QUEUED' AND agent_id = @agentId",
  active: "SELECT count(*) AS tasks FROM tasks WHERE lease_owner IS NOT NULL AND agent_id = @agentId",
} as const;

export interface AgentLoad {
  readonly queued: number;
  /** In a lane. */
  readonly active: number;
}

export function loadOfAgent(reader: Reader, agentId: string): AgentLoad {
  const count = (name: keyof typeof COUNTS_SQL): number =>
    reader.get<{ tasks: number }>(COUNTS_SQL[name], { agentId })?.tasks ?? 0;
  return { queued: count("queued"), active: count("active") };
}
