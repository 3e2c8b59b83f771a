// `audit verify` beside a daemon that goes on: what is written while it looks is no tampering, and a line that a crash
// tore is none either.

import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { recordAudit } from "../../../src/policy/audit.ts";
import type { MirrorFiles } from "../../../src/policy/audit-mirror.ts";
import { auditAfter, toWireAudit } from "../../../src/policy/audit-read.ts";
import { verifyAudit } from "../../../src/policy/audit-verify.ts";
import { newAuditKey, readAuditKey, signCheckpoint } from "../../../src/policy/checkpoint.ts";
import type { Reader } from "../../../src/store/reader.ts";
import { type InlineWriter, openInlineWriter } from "../../support/inline-writer.ts";
import { auditOf } from "../../support/inputs.ts";
import { verifies } from "../../support/verifies.ts";

let writer: InlineWriter;
let files: MirrorFiles;
let mirrored = 0;
beforeAll(() => {
  writer = openInlineWriter();
});
afterAll(() => writer.close());
beforeEach(() => {
  writer.clear();
  mirrored = 0;
  const folder = mkdtempSync(join(tmpdir(), "goclaw-verify-"));
  files = {
    log: join(folder, "audit.jsonl"),
    checkpoints: join(folder, "checkpoints"),
    key: join(folder, "key"),
  };
  writeFileSync(files.key, newAuditKey());
  grow(5);
  return () => rmSync(folder, { recursive: true, force: true });
});

/** What a daemon does meanwhile: records, their lines, and a signed head. */
function grow(count: number): void {
  for (let index = 0; index < count; index++) writer.call(recordAudit, auditOf(`t${index}`));
  const rows = auditAfter(writer.reader, mirrored, 100);
  appendFileSync(files.log, rows.map((row) => `${JSON.stringify(toWireAudit(row))}\n`).join(""));
  mirrored += rows.length;
  const { seq, hash } = rows.at(-1)!;
  const head = signCheckpoint(
    readAuditKey(readFileSync(files.key, "utf8")),
    seq,
    hash,
    new Date(0).toISOString(),
  );
  appendFileSync(files.checkpoints, `${JSON.stringify(head)}\n`);
}

/** A reader behind whose every page the home goes on. */
const growing: Reader = {
  get: (...args) => writer.reader.get(...args),
  all: (...args) => {
    const page = writer.reader.all<never>(...args);
    grow(2);
    return page;
  },
};

test(
  verifies("SEC-006", "records, lines and signed heads that come while it looks are no tampering"),
  async () => {
    expect(await verifyAudit(growing, files)).toMatchObject({ ok: true, why: null });
  },
);

test(
  verifies("SEC-006", "a last line that was torn is none either, and a whole one that is wrong is"),
  async () => {
    const line = JSON.stringify(toWireAudit(auditAfter(writer.reader, 4, 1)[0]!));
    appendFileSync(files.log, line.slice(0, 40));
    expect(await verifyAudit(writer.reader, files)).toMatchObject({ ok: true, mirrored: 5 });
    appendFileSync(files.log, "\n");
    expect(await verifyAudit(writer.reader, files)).toMatchObject({ ok: false, first_bad: 6 });
  },
);

test(verifies("SEC-006", "what the file has and the table never had is found"), async () => {
  const row = auditAfter(writer.reader, 4, 1)[0]!;
  appendFileSync(files.log, `${JSON.stringify(toWireAudit({ ...row, seq: 6 }))}\n`);
  expect(await verifyAudit(writer.reader, files)).toMatchObject({ ok: false, first_bad: 6 });
});
