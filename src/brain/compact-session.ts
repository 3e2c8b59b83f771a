// `/compact`: a task that summarises everything its session has said so far. Its steps are those of the compaction that
// makes room for a turn, so a crash goes on at the next chunk; its result is the summary.

import type { Outcome } from "../domain/task.ts";
import { openCounter } from "../providers/tokens.ts";
import { historyBefore, promptOf, summaryBefore } from "../store/sessions.ts";
import { type CompactPorts, compact } from "./compact.ts";
import { roomFor } from "./window.ts";

const NOTHING = "There is nothing to compact: the session has no earlier messages.";

export async function runCompaction(ports: CompactPorts, contextLimit: number | null): Promise<Outcome> {
  const { task, links, store, purse } = ports;
  const anchor = promptOf(store.reader, task.id)?.anchor ?? 0;
  const readAt = purse.nowMs();
  const summary = summaryBefore(store.reader, task.sessionId, anchor);
  const messages = historyBefore(store.reader, task.sessionId, anchor, summary);
  const room = roomFor(purse.catalog, links, contextLimit, task.sampling);
  const counter = await openCounter(links[0].model);
  const outcome = await compact(ports, { turn: 0, summary, messages, readAt, room, counter });
  if (outcome !== undefined) return outcome;
  const text = summaryBefore(store.reader, task.sessionId, anchor)?.text ?? NOTHING;
  return { type: "succeeded", result: { text }, lastAnswer: null };
}
