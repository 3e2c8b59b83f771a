// What a call used, added to its task and said in its event.

import type { TokenUsage } from "../domain/message.ts";
import type { Tx } from "../store/tx.ts";

const ADD_USAGE_SQL = `
  UPDATE tasks
  SET input_tokens = input_tokens + @inputTokens, output_tokens = output_tokens + @outputTokens,
      cached_tokens = cached_tokens + @cachedTokens, updated_at = @now
  WHERE id = @taskId`;

export function addUsage(tx: Tx, taskId: string, usage: TokenUsage | null): void {
  if (usage === null) return;
  const { inputTokens, outputTokens, cachedTokens } = usage;
  tx.run(ADD_USAGE_SQL, { taskId, inputTokens, outputTokens, cachedTokens, now: tx.nowMs });
}

export const NO_USAGE: TokenUsage = { inputTokens: 0, outputTokens: 0, cachedTokens: 0 };

export function wireUsage(usage: TokenUsage | null): Record<string, number> {
  if (usage === null) return {};
  return {
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cached_tokens: usage.cachedTokens,
    ...(usage.reasoningTokens !== undefined && { reasoning_tokens: usage.reasoningTokens }),
  };
}
