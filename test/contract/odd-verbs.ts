// Verbs that misbehave on purpose, to see what a store makes of them. They write to the sessions table.

import { GoclawError } from "../../src/domain/error.ts";
import type { Tx } from "../../src/store/tx.ts";
import { defineVerb } from "../../src/store/verb.ts";

const INSERT_SQL = `
  INSERT INTO sessions (id, agent_id, fair_tag, anchor, created_at, updated_at) VALUES (@id, 'a', 1, 1, 1, 1)`;

const RETURNING_SQL = `${INSERT_SQL} RETURNING id`;

export interface Odd {
  readonly id: string;
}

function write(tx: Tx, id: string): void {
  tx.run(INSERT_SQL, { id });
  tx.add("written", 1);
  const event = { taskId: id, sessionId: id, agentId: "a", type: "task.enqueued" } as const;
  tx.append({ ...event, from: null, to: "QUEUED", attempt: 0, reasonCode: null, payload: { id } });
}

const refusal = (): GoclawError => new GoclawError("STATE_CONFLICT", "no", { retryAfterSeconds: 7 });

export const writeOne = defineVerb("odd.write", (tx, { id }: Odd): number => {
  write(tx, id);
  return tx.count("written");
});

export const refuseFirst = defineVerb("odd.refuse_first", (_tx, _input: Odd): void => {
  throw refusal();
});

export const writeThenRefuse = defineVerb("odd.write_then_refuse", (tx, { id }: Odd): void => {
  write(tx, id);
  throw refusal();
});

/** Writes through a statement that returns rows. */
export const returnThenRefuse = defineVerb("odd.return_then_refuse", (tx, { id }: Odd): void => {
  tx.get(RETURNING_SQL, { id });
  throw refusal();
});

export const writeThenBreak = defineVerb("odd.write_then_break", (tx, { id }: Odd): void => {
  write(tx, id);
  throw new TypeError("a defect");
});

/** A row that the schema refuses: the same id twice. */
export const writeTwice = defineVerb("odd.write_twice", (tx, { id }: Odd): void => {
  write(tx, id);
  write(tx, id);
});

export const countWritten = defineVerb("odd.count", (tx, _input: Record<string, never>): number =>
  tx.count("written"),
);

export const ODD_VERBS = [
  writeOne,
  refuseFirst,
  writeThenRefuse,
  returnThenRefuse,
  writeThenBreak,
  writeTwice,
  countWritten,
];
