// Every statement of the product fits the schema, and none that runs while tasks run reads a whole table.

import { afterAll, beforeAll, expect, test } from "vitest";
import { withPlaces } from "../../src/store/statements.ts";
import { type InlineWriter, openInlineWriter } from "../support/inline-writer.ts";
import { verifies } from "../support/verifies.ts";
import { declaredNames, findStatements, type Statement, statementsOf } from "./statements.ts";

let writer: InlineWriter;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());

const statements = findStatements();
const label = ({ file, name }: Statement): string => `${file} ${name}`;

/** Tables that grow with use; the others hold a handful of rows. */
const GROWING = [
  "tasks",
  "task_events",
  "messages",
  "sessions",
  "answers",
  "summaries",
  "failed_calls",
  "effects",
  "audit",
  "idempotency",
  "routes",
  "route_headers",
  "classifications",
];

/** Statements that may read a whole table or index, and why. */
const SCANS: Readonly<Record<string, string>> = {
  "src/queue/transition.ts QUEUED_COUNTS_SQL":
    "once at start: the queue's depth by level, from the queued index alone",
  "src/queue/transition.ts LEASED_COUNT_SQL":
    "once at start: leases alone, of which there are as many as lanes",
  "src/queue/transition.ts FAIR_CLOCK_SQL": "once at start",
  "src/queue/recover.ts ORPHANS_SQL": "once at start: leases alone, of which there are as many as lanes",
  "src/queue/claim.ts ONLY_HEADS_SQL": "walks the queued index in order and stops at LIMIT",
  "src/queue/claim.ts SUSPECTS_SQL": "counts an index of tasks whose daemon died, and nothing else",
  "src/policy/audit.ts LAST_HASH_SQL": "reads the log's last row: backwards, and stops at LIMIT",
  "src/queue/enqueue.ts UPSERT_SESSION_SQL":
    "the plan of the foreign key, which runs only while a violation is open",
  "src/queue/wake.ts WAITING_FOR_SQL": "once at start: what waits, and nothing else",
  "src/store/tasks.ts COUNT_SQL.queued": "counts an index of what is queued, and nothing else",
  "src/store/tasks.ts COUNT_SQL.running": "counts an index of what is leased, and nothing else",
  "src/store/tasks.ts COUNT_SQL.retryWait": "counts an index of what waits, and nothing else",
  "src/store/tasks.ts COUNT_SQL.deadLetter": "counts an index of what is set aside, and nothing else",
  "src/store/check.ts AUDIT_SQL": "goclaw demo, in a process of its own",
  "src/store/tasks.ts LIST_SQL": "walks the primary key backwards and stops at LIMIT",
};

/** Names that hold no whole statement, or one that a function builds, which no search finds. */
const BUILT: readonly string[] = [];

test("the search understands every declaration", () => {
  const found = new Set(statements.map((statement) => label(statement).replace(/\.\w+$/, "")));
  const declared = declaredNames().filter((name) => !BUILT.includes(name));
  expect([...found].sort()).toEqual([...declared].sort());
  expect(statements.length).toBeGreaterThan(40);
  expect(statementsOf("x.ts", "const A = `id`;\nconst B_SQL = `SELECT ${A} FROM t`;")).toMatchObject([
    { name: "B_SQL", sql: "SELECT id FROM t" },
  ]);
});

test.each(statements.map((statement) => [label(statement), statement] as const))(
  "%s fits the schema",
  (_label, { sql }) => {
    expect(() => writer.db.prepare(withPlaces(sql).text)).not.toThrow();
  },
);

test(verifies("QUE-007", "no statement reads a whole growing table, but for those with a reason"), () => {
  const scans = statements.filter((statement) => scansOf(statement.sql).length > 0);
  const surprises = scans.filter((statement) => SCANS[label(statement)] === undefined);
  expect(surprises.map((statement) => `${label(statement)}: ${scansOf(statement.sql).join("; ")}`)).toEqual(
    [],
  );
});

test("a scan is noticed", () => {
  expect(scansOf("SELECT count(*) FROM tasks WHERE error_code = @code")).toHaveLength(1);
  expect(scansOf("SELECT count(*) FROM messages WHERE content = @text")).toHaveLength(1);
  expect(scansOf("SELECT state FROM tasks WHERE id = @id")).toEqual([]);
});

test("no reason outlives its statement", () => {
  const names = new Set(statements.map(label));
  expect(Object.keys(SCANS).filter((name) => !names.has(name))).toEqual([]);
});

test.each([
  ["src/queue/claim.ts HEADS_SQL", "tasks_queued"],
  ["src/queue/recover.ts EXPIRED_SQL", "tasks_leased"],
  ["src/queue/wake.ts DUE_SQL", "tasks_waiting"],
  ["src/queue/wake.ts NEXT_DUE_SQL", "tasks_waiting"],
  ["src/store/tasks.ts EVENTS_SQL", "task_events_task"],
])(verifies("QUE-007", "%s seeks in %s and sorts nothing"), (name, index) => {
  const statement = statements.find((candidate) => label(candidate) === name);
  const plan = planOf(statement!.sql).join("\n");
  expect(plan).toContain(index);
  expect(plan).not.toMatch(/TEMP B-TREE/);
});

test.each([
  "ROWS_SQL.agent",
  "ROWS_SQL.model",
  "ROWS_SQL.provider",
  "ROWS_SQL.day",
  "ROWS_SQL.key",
  "ROWS_SQL.schedule",
  "TOTAL_SQL",
])("the report of what was spent, %s, looks its days up in each table's index", (name) => {
  const statement = statements.find((candidate) => label(candidate) === `src/store/cost.ts ${name}`);
  const plan = planOf(statement!.sql).join("\n");
  for (const index of ["answers_at", "summaries_at", "failed_calls_at"])
    expect(plan).toMatch(new RegExp(`SEARCH \\w+ USING INDEX ${index} `));
});

test("a sequence number is looked up at the end of the log, not counted", () => {
  const last = statements.find(({ name }) => name === "LAST_SEQ_SQL");
  expect(planOf(last!.sql).join("\n")).toMatch(/SEARCH/);
});

function planOf(sql: string): string[] {
  const { text, names } = withPlaces(sql);
  const places = names.map(() => null);
  if (!/^\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b/i.test(text)) return [];
  const rows = writer.db.prepare(`EXPLAIN QUERY PLAN ${text}`).all(places) as { detail: string }[];
  return rows.map(({ detail }) => detail);
}

function scansOf(sql: string): string[] {
  return planOf(sql).filter((detail) =>
    GROWING.some((table) => new RegExp(`^SCAN ${table}\\b`).test(detail)),
  );
}
