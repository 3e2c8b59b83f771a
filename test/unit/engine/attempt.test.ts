// The end of an attempt whose settlement breaks: the task does not stay RUNNING under a lease that nobody ends.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import { type AttemptPorts, runAttempt } from "../../../src/engine/attempt.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";

let writer: InlineWriter;
beforeEach(() => {
  writer = openInlineWriter();
});
afterEach(() => writer.close());

const STATE_SQL = "SELECT state, reason_code AS reason FROM tasks WHERE id = 't'";

test("a settlement that fails with a defect is a failed attempt, and the defect is reported", async () => {
  writer.call(enqueue, enqueueInput("t"));
  const [task] = writer.call(claim, claimInput()) as [ClaimedTask];
  const store = storeOf(writer);
  const defects: unknown[] = [];
  let broken = true;
  const insist: typeof store.insist = (verb, input) => {
    if (!broken) return store.insist(verb, input);
    broken = false;
    return Promise.reject(new Error("a bug in a verb"));
  };
  const ports = {
    store: { ...store, insist },
    retry: { baseMs: 1, maxMs: 1 },
    findAgent: () => undefined, // ends the attempt at once, so that only its settlement is left
    redact: (text: string) => text,
    reportDefect: (error: unknown) => defects.push(error),
  } as unknown as AttemptPorts;
  await runAttempt(ports, task, new AbortController(), () => {});
  expect(defects).toEqual([new Error("a bug in a verb")]);
  expect(writer.reader.get(STATE_SQL)).toEqual({ state: "RETRY_WAIT", reason: "RETRY_PROCESSOR_ERROR" });
});
