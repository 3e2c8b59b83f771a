// What the audit says was decided, held against a policy again: the same policy decides the same, whatever a person or a
// tool itself added to it.

import { expect, test } from "vitest";
import type { AuditRow } from "../../../src/policy/audit-read.ts";
import { replay } from "../../../src/policy/replay.ts";
import { PLACE, policyOf } from "../../support/policy.ts";

const policy = (text: string) => policyOf(text, ["tools.ask_user", "tools.exec", "tools.now"]);

const rowOf = (
  capability: string,
  decision: AuditRow["decision"],
  more: Partial<AuditRow> = {},
): AuditRow => ({
  ...({ seq: 1, at: 0, agentId: "default", capability, resource: "", decision, rule: "r" } as AuditRow),
  code: null,
  request: null,
  ...more,
});

test("a tool's own question was allowed by the policy, and no difference to one that allows it", () => {
  const question = rowOf("tools.ask_user", "ask");
  const asked = rowOf("tools.exec", "ask", { code: "APPROVAL_REQUIRED" });
  const same = policy(
    "allow_capabilities: [tools.ask_user]\nrules: [{effect: ask, capability: tools.exec}]\n",
  );
  expect(replay([question, asked], same, PLACE)).toEqual({ decisions: 2, changed: [] });
  const closed = policy("allow_capabilities: [tools.now]\n");
  expect(replay([question, asked], closed, PLACE).changed).toMatchObject([
    { capability: "tools.ask_user", was: "allow", would_be: "deny" },
    { capability: "tools.exec", was: "ask", would_be: "deny" },
  ]);
});
