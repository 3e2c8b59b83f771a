// A step of a task that summarises older messages of its session. One transaction holds the summary, what it refers to,
// its cost and its event: a summary that is here is never bought again, and later tasks of the session begin with it.

import type { TokenUsage } from "../domain/message.ts";
import { type Fence, heldTask } from "../queue/lease.ts";
import type { Summary } from "../store/sessions.ts";
import type { Tx } from "../store/tx.ts";
import { defineVerb } from "../store/verb.ts";
import { keepBilled } from "./failed-calls.ts";
import { settleSpend } from "./spend.ts";
import { addUsage } from "./usage.ts";

export interface RecordSummaryInput extends Fence {
  /** The turn whose call needed the room; its reservation settles here and is made anew for the call itself. */
  readonly turn: number;
  readonly summary: Summary;
  readonly provider: string;
  readonly model: string;
  readonly usage: TokenUsage | null;
  readonly costUsd: number | null;
  /** How many messages were read for it. */
  readonly messages: number;
}

const INSERT_SQL = `
  INSERT INTO summaries (session_id, from_anchor, up_to_anchor, up_to_part, up_to_offset, text, task_id, provider,
                         model, input_tokens, output_tokens, cached_tokens, cost_usd, read_at, created_at)
  VALUES (@sessionId, @fromAnchor, @anchor, @part, @offset, @text, @taskId, @provider,
          @model, @inputTokens, @outputTokens, @cachedTokens, @costUsd, @readAt, @now)`;

// Sent again after a commit that was reported as failed and had been made.
const RECORDED_SQL = `
  SELECT 1 FROM summaries
  WHERE task_id = @taskId AND read_at = @readAt AND text = @text
    AND up_to_anchor = @anchor AND up_to_part = @part AND up_to_offset = @offset`;

/** Returns false when the lease is lost; then only what it cost is written. */
export const recordSummary = defineVerb(
  "journal.record_summary",
  (tx, input: RecordSummaryInput): boolean => {
    const task = heldTask(tx, input);
    if (task === undefined) {
      keepLostSummary(tx, input);
      return false;
    }
    const { id: taskId, sessionId, agentId, attempt } = task;
    const { turn, summary, provider, model, usage, costUsd, messages } = input;
    if (isRecorded(tx, taskId, summary)) return true;
    addUsage(tx, taskId, usage);
    const spent = usage === null ? null : usage.inputTokens + usage.outputTokens;
    settleSpend(tx, task, turn, { provider, usd: costUsd, tokens: spent });
    const { text, fromAnchor, upTo, readAt } = summary;
    const tokens = {
      inputTokens: usage?.inputTokens ?? null,
      outputTokens: usage?.outputTokens ?? null,
      cachedTokens: usage?.cachedTokens ?? null,
    };
    const place = { sessionId, taskId, fromAnchor, ...upTo };
    tx.run(INSERT_SQL, { ...place, text, provider, model, ...tokens, costUsd, readAt, now: tx.nowMs });
    const payload = {
      turn,
      provider,
      model,
      messages,
      from_anchor: fromAnchor,
      up_to_anchor: upTo.anchor,
      up_to_part: upTo.part,
      cost_usd: costUsd,
      ...(usage && { input_tokens: usage.inputTokens, output_tokens: usage.outputTokens }),
    };
    const noMove = { from: null, to: null, reasonCode: null };
    tx.append({ taskId, sessionId, agentId, type: "context.compacted", ...noMove, attempt, payload });
    return true;
  },
);

function isRecorded(tx: Tx, taskId: string, { text, readAt, upTo }: Summary): boolean {
  return tx.get(RECORDED_SQL, { taskId, text, readAt, ...upTo }) !== undefined;
}

/** Not used, but bought. */
function keepLostSummary(tx: Tx, input: RecordSummaryInput): void {
  const { taskId, fence, turn, summary, provider, model, usage, costUsd } = input;
  if (isRecorded(tx, taskId, summary)) return;
  const call = {
    id: `${taskId}/${fence}/${turn}/summary`,
    provider,
    model,
    usage,
    costUsd,
    errorClass: "lost",
  };
  keepBilled(tx, { taskId, fence, turn, calls: [call], isOver: true });
}
