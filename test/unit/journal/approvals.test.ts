// Answers to approvals against the clock: a deadline that has passed once has passed, whatever the wall clock says later.

import { afterEach, beforeEach, expect, test } from "vitest";
import type { ClaimedTask } from "../../../src/domain/task.ts";
import { type NewApproval, type RespondInput, respondApproval } from "../../../src/journal/approvals.ts";
import { claim } from "../../../src/queue/claim.ts";
import { enqueue } from "../../../src/queue/enqueue.ts";
import { askFor } from "../../../src/tools/ask.ts";
import { row } from "../../support/catalogue.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { claimInput, enqueueInput } from "../../support/inputs.ts";

let writer: InlineWriter;
let task: ClaimedTask;
let approval: NewApproval;
beforeEach(() => {
  writer = openInlineWriter();
  writer.call(enqueue, enqueueInput("t1"));
  [task] = writer.call(claim, claimInput({ leaseMs: 10_000_000 })) as [ClaimedTask];
  approval = {
    ...{ id: "a1", effectKey: "e1", kind: "act", capability: "tools.x", act: "{}", digest: "d", rule: "r" },
    ...{ reason: "because", policyVersion: "p", expiresAt: writer.clock.nowMs() + 60_000 },
  };
  expect(ask()).toMatchObject({ type: "wait" });
});
afterEach(() => writer.close());

const audit = {
  ...{ traceId: "t", taskId: "t1", agentId: "default", principal: "agent:default", capability: "tools.x" },
  ...{ resource: null, decision: "ask" as const, rule: "r", policyVersion: "p", code: null, request: null },
};
const ask = () => writer.call(askFor, { taskId: task.id, fence: task.fence, approval, audit });
const answer = (decision: RespondInput["decision"]) =>
  writer.call(respondApproval, { id: "a1", decision, by: "token", note: null, answer: null });

test(row("E-03", "an answer just before the deadline counts"), () => {
  writer.clock.pass(59_999);
  expect(answer("approve")).toEqual({ type: "decided" });
  expect(ask()).toMatchObject({ type: "yes", by: "token" });
});

test.each([0, 1])(
  row("E-03", "an answer %i ms after the deadline is late, and a clock set back does not make it count"),
  (ms) => {
    writer.clock.pass(60_000 + ms);
    expect(answer("approve")).toEqual({ type: "late", expiredAt: approval.expiresAt });
    writer.clock.jump(-3_600_000);
    expect(() => answer("approve")).toThrow(/is EXPIRED already/);
    expect(ask()).toMatchObject({ type: "no", code: "APPROVAL_EXPIRED" });
  },
);

test(row("E-03", "what was denied stays denied, after the deadline and with the clock set back"), () => {
  answer("deny");
  writer.clock.pass(61_000);
  expect(() => answer("approve")).toThrow(/is DENIED already/);
  writer.clock.jump(-3_600_000);
  expect(() => answer("approve")).toThrow(/is DENIED already/);
  expect(ask()).toMatchObject({ type: "no", code: "APPROVAL_DENIED" });
});
