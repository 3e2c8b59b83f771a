// The guard: what it refuses outright it has recorded before anybody hears of it, and what it allows it hands back to be
// recorded with the act.

import { afterAll, beforeAll, expect, test } from "vitest";
import type { Guard } from "../../../src/policy/guard.ts";
import { type InlineWriter, openInlineWriter, storeOf } from "../../support/inline-writer.ts";
import { guardOf } from "../../support/policy.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
let guard: Guard;
beforeAll(() => {
  writer = openInlineWriter();
  guard = guardOf("allow_capabilities: [acp.read]", ["acp.read", "acp.mutate"], storeOf(writer));
});
afterAll(() => writer.close());

const asked = (capability: string) => ({
  ...{ principal: "token", capability, resource: "task.get", traceId: "tr", taskId: null, agentId: null },
});
const audit = () =>
  writer.reader.all<{ capability: string; decision: string }>("SELECT capability, decision FROM audit");

test(verifies("SEC-006", "a refusal is recorded before it is spoken"), async () => {
  await expect(guard.permit(asked("acp.mutate"))).rejects.toMatchObject({ code: "CAP_DENIED" });
  expect(audit()).toEqual([{ capability: "acp.mutate", decision: "deny" }]);
});

test("a yes is a record for the act's own transaction, with rule and version", async () => {
  const before = audit().length;
  expect(await guard.permit(asked("acp.read"))).toMatchObject({
    ...asked("acp.read"),
    decision: "allow",
    rule: "allow_capabilities: acp.read",
    policyVersion: guard.policy().version,
  });
  expect(audit()).toHaveLength(before);
});

test(verifies("SEC-006", "when the refusal cannot be recorded, that is the answer"), async () => {
  const store = { ...storeOf(writer), run: () => Promise.reject(new Error("the disk is full")) };
  const shut = guardOf("", [], store);
  await expect(shut.permit(asked("acp.read"))).rejects.toThrow("the disk is full");
});
