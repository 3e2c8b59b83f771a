// The audit chain: any change to what was recorded shows at the first record that it touches.

import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { auditHash, recordAudit } from "../../../src/policy/audit.ts";
import { auditAfter } from "../../../src/policy/audit-read.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { auditOf } from "../../support/inputs.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
beforeEach(() => writer.clear());
afterAll(() => writer.close());

/** Checks the chain as somebody outside would: the sequence number of the first bad record, or null. */
function firstBad(): number | null {
  let before = "";
  for (const row of auditAfter(writer.reader, 0, 1_000)) {
    if (auditHash(before, row.at, row) !== row.hash) return row.seq;
    before = row.hash;
  }
  return null;
}

function fill(count: number): void {
  for (let index = 0; index < count; index++) {
    writer.clock.pass(index);
    writer.call(
      recordAudit,
      auditOf(`t${index}`, {
        resource: index % 2 === 0 ? null : `r${index}`,
        code: index === 4 ? "X" : null,
      }),
    );
  }
}

test(verifies("SEC-006", "a chain that nobody touched verifies, also when it is empty"), () => {
  expect(firstBad()).toBeNull();
  fill(20);
  expect(firstBad()).toBeNull();
});

const COLUMNS = [
  "at",
  "trace_id",
  "task_id",
  "agent_id",
  "principal",
  "capability",
  "resource",
  "rule",
  "policy_version",
  "code",
  "request",
  "hash",
];

test.each(COLUMNS)(verifies("SEC-006", "a changed %s is found at its record"), (column) => {
  fill(9);
  const value = column === "at" ? 1 : "forged";
  writer.db.prepare(`UPDATE audit SET ${column} = ? WHERE seq = 5`).run(value);
  expect(firstBad()).toBe(5);
});

test(verifies("SEC-006", "a turned decision is found"), () => {
  fill(5);
  writer.db.exec("UPDATE audit SET decision = 'deny' WHERE seq = 3");
  expect(firstBad()).toBe(3);
});

test(
  verifies("SEC-006", "a removed, an inserted and a swapped record are found at the record after the seam"),
  () => {
    fill(9);
    writer.db.exec("DELETE FROM audit WHERE seq = 4");
    expect(firstBad()).toBe(5);
    writer.clear();
    fill(9);
    writer.db.exec(
      "UPDATE audit SET seq = 100 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 100;",
    );
    expect(firstBad()).toBe(4);
  },
);

test(verifies("SEC-006", "fields cannot be moved into each other"), () => {
  const text = fc.string({ maxLength: 8 });
  fc.assert(
    fc.property(text, text, text, text, (a, b, c, d) => {
      fc.pre(a !== c || b !== d);
      const one = auditHash("", 1, auditOf("t", { principal: a, capability: b }));
      expect(auditHash("", 1, auditOf("t", { principal: c, capability: d }))).not.toBe(one);
    }),
  );
  expect(auditHash("", 1, auditOf(null))).not.toBe(auditHash("", 1, auditOf("null")));
});

test(verifies("SEC-006", "records of one commit are chained too"), () => {
  const calls = Array.from({ length: 5 }, (_, index) => ({
    verb: recordAudit.name,
    input: auditOf(`t${index}`),
  }));
  writer.batch(calls);
  expect(firstBad()).toBeNull();
  expect(auditAfter(writer.reader, 0, 1_000)).toHaveLength(5);
});
