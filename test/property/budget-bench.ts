// What tests of budgets do to the real verbs: tasks that run, calls that reserve and settle, and what the tables then say.

import type { Limit } from "../../src/domain/budget.ts";
import type { TokenUsage } from "../../src/domain/message.ts";
import { recordAnswer } from "../../src/journal/answers.ts";
import { type Reserved, reserve } from "../../src/journal/budget.ts";
import { claim } from "../../src/queue/claim.ts";
import { enqueue } from "../../src/queue/enqueue.ts";
import type { InlineWriter } from "../support/inline-writer.ts";
import { answerOf, BOOT, claimInput, enqueueInput } from "../support/inputs.ts";

export interface Running {
  readonly taskId: string;
  readonly fence: number;
  readonly agentId: string;
}

export const USAGE: TokenUsage = { inputTokens: 60, outputTokens: 40, cachedTokens: 0 };

export function createBudgetBench(writer: InlineWriter) {
  let serial = 0;
  const one = <T>(sql: string): T => writer.reader.get<{ value: T }>(sql)?.value as T;
  return {
    one,
    reservations: (): number => one("SELECT count(*) AS value FROM reservations"),
    spent: (scope: string, period: string): number =>
      one<number>(
        `SELECT usd AS value FROM spend_totals WHERE scope = '${scope}' AND period LIKE '${period}%'`,
      ) ?? 0,
    run: (agentId = "default", sessionId = `s${serial}`, keyId: string | null = null): Running => {
      const id = `t${++serial}`;
      writer.call(enqueue, enqueueInput(id, { agentId, sessionId, keyId }));
      const [claimed] = writer.call(claim, claimInput({ slots: 1, agentSlots: {} }));
      return { taskId: id, fence: claimed!.fence, agentId };
    },
    want: (
      { taskId, fence }: Running,
      turn: number,
      usd: number,
      limits: readonly Limit[],
      owner = BOOT,
    ): Reserved => {
      const links = [{ provider: "p", model: "m", usd, tokens: 100, limits: [] }];
      return writer.call(reserve, { taskId, fence, turn, owner, links, limits });
    },
    settle: (
      { taskId, fence }: Running,
      turn: number,
      costUsd: number | null,
      usage: TokenUsage | null = USAGE,
    ): boolean =>
      writer.call(recordAnswer, { taskId, fence, turn, answer: answerOf("x", { usage }), costUsd }),
  };
}
