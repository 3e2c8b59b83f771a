// Checks the audit: every record against the one before it, the chain against its signed heads, and logs/audit.jsonl
// against the table. Names the first record that is not as it was written.

import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { AuditSummary } from "../domain/control.ts";
import type { Reader } from "../store/reader.ts";
import { auditHash } from "./audit.ts";
import type { MirrorFiles } from "./audit-mirror.ts";
import { type AuditRow, auditSince, EVER, toWireAudit } from "./audit-read.ts";
import { type Checkpoint, isSigned, readAuditKey } from "./checkpoint.ts";

interface Finding {
  readonly seq: number;
  readonly why: string;
}

export async function verifyAudit(reader: Reader, files: MirrorFiles): Promise<AuditSummary> {
  // A daemon may go on meanwhile: what follows the table is read first, up to where it is now, and the table last.
  const hasSigned = existsSync(files.key); // asked before its heads are read: it is made right before the first of them
  const heads = readCheckpoints(files, hasSigned);
  const parts = mirrorParts(files.log);
  const hashes = new Map<number, string>();
  const broken = checkChain(reader, hashes);
  const unsigned = "why" in heads ? heads : checkHeads(heads, hashes, files);
  const signed = "why" in heads ? 0 : Math.max(0, ...heads.map(({ seq }) => seq));
  const mirror = await checkMirror(files.log, parts, reader, signed);
  const findings = [broken, unsigned, mirror.finding].filter((finding) => finding !== undefined);
  const first = findings.sort((a, b) => a.seq - b.seq)[0];
  return {
    ok: first === undefined,
    records: hashes.size,
    checkpoints: "why" in heads ? 0 : heads.length,
    mirrored: mirror.lines,
    first_bad: first?.seq ?? null,
    why: first?.why ?? null,
  };
}

function checkChain(reader: Reader, hashes: Map<number, string>): Finding | undefined {
  let before = "";
  let expected = 1;
  let finding: Finding | undefined;
  for (const row of auditSince(reader, EVER)) {
    hashes.set(row.seq, row.hash);
    if (finding !== undefined) continue;
    if (row.seq < expected)
      finding = { seq: row.seq, why: `record ${row.seq} was put in: the first one is 1` };
    else if (row.seq !== expected) finding = { seq: expected, why: `record ${expected} is missing` };
    else if (auditHash(before, row.at, row) !== row.hash)
      finding = {
        seq: row.seq,
        why: `record ${row.seq} does not follow from the one before it: it was changed`,
      };
    before = row.hash;
    expected = row.seq + 1;
  }
  return finding;
}

function readCheckpoints({ checkpoints, key }: MirrorFiles, hasSigned: boolean): Checkpoint[] | Finding {
  const text = existsSync(checkpoints) ? readFileSync(checkpoints, "utf8") : "";
  const heads = text
    .slice(0, text.lastIndexOf("\n") + 1) // a last line without its end was torn by a crash
    .split("\n")
    .slice(0, -1)
    .map(parseLine);
  if (heads.length === 0 && hasSigned)
    return {
      seq: 0,
      why: `${checkpoints} holds no checkpoint, though ${key} has signed some: it was removed`,
    };
  if (heads.includes(undefined)) return { seq: 0, why: `${checkpoints} has a line that is no checkpoint` };
  return heads as unknown as Checkpoint[];
}

function checkHeads(
  heads: readonly Checkpoint[],
  hashes: ReadonlyMap<number, string>,
  { checkpoints, key: keyFile }: MirrorFiles,
): Finding | undefined {
  if (heads.length === 0) return undefined;
  if (!existsSync(keyFile)) return { seq: 0, why: `${keyFile} is gone, so no checkpoint can be checked` };
  const key = readAuditKey(readFileSync(keyFile, "utf8"));
  for (const head of heads) {
    if (!isSigned(key, head))
      return {
        seq: head.seq,
        why: `the checkpoint of record ${head.seq} in ${checkpoints} is not signed by this home`,
      };
    const hash = hashes.get(head.seq);
    if (hash === undefined)
      return {
        seq: hashes.size + 1,
        why: `the chain once reached record ${head.seq} and ends before it: it was cut off`,
      };
    if (hash !== head.hash)
      return {
        seq: head.seq,
        why: `record ${head.seq} is not the one that was signed: the chain was rewritten`,
      };
  }
  return undefined;
}

/** The file may lag behind the table, but not behind a signed head, and what it has must be what the table has. */
async function checkMirror(
  log: string,
  parts: readonly MirrorPart[],
  reader: Reader,
  signed: number,
): Promise<{ lines: number; finding: Finding | undefined }> {
  const rows = auditSince(reader, EVER);
  let lines = 0;
  let finding: Finding | undefined;
  for (const part of parts) {
    for await (const line of linesOf(part, part === parts.at(-1))) {
      lines++;
      finding ??= checkLine(line, part.file, rows.next().value ?? undefined, lines);
    }
  }
  if (lines < signed)
    finding ??= {
      seq: lines + 1,
      why: `${log} ends before record ${lines + 1}, which was signed: it was cut off`,
    };
  return { lines, finding };
}

/** A last line without its end is being written, or was torn by a crash; the next start writes it whole. */
async function* linesOf({ file, bytes }: MirrorPart, isNewest: boolean): AsyncGenerator<string> {
  if (bytes === 0) return;
  let rest = "";
  for await (const chunk of createReadStream(file, { encoding: "utf8", end: bytes - 1 })) {
    const lines = `${rest}${String(chunk)}`.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "" && !isNewest) yield rest;
}

function checkLine(line: string, file: string, row: AuditRow | undefined, at: number): Finding | undefined {
  if (row === undefined)
    return { seq: at, why: `${file} has more records than the table: ${line.slice(0, 80)}` };
  const record = parseLine(line);
  if (record === undefined)
    return { seq: row.seq, why: `${file} has a line that is no record: ${line.slice(0, 80)}` };
  if (record.seq !== row.seq)
    return { seq: row.seq, why: `${file} has record ${String(record.seq)} where record ${row.seq} belongs` };
  const wire: Readonly<Record<string, unknown>> = { ...toWireAudit(row) };
  // A line of an earlier version lacks what that version did not know.
  const isSame = (name: string): boolean => (record[name] ?? null) === (wire[name] ?? null);
  if ([...Object.keys(record), ...Object.keys(wire)].every(isSame)) return undefined;
  return { seq: row.seq, why: `record ${row.seq} in ${file} is not the one in the table` };
}

function parseLine(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    const isObject = typeof value === "object" && value !== null;
    return isObject ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

interface MirrorPart {
  readonly file: string;
  readonly bytes: number;
}

/** Oldest first: a file that was put aside bears the number of its last record. */
function mirrorParts(log: string): MirrorPart[] {
  if (!existsSync(dirname(log))) return [];
  const numberOf = (name: string): number => Number(name.slice(basename(log).length + 1));
  const rotated = readdirSync(dirname(log))
    .filter((name) => name.startsWith(`${basename(log)}.`) && Number.isSafeInteger(numberOf(name)))
    .sort((a, b) => numberOf(a) - numberOf(b));
  const files = [...rotated.map((name) => join(dirname(log), name)), ...(existsSync(log) ? [log] : [])];
  return files.map((file) => ({ file, bytes: statSync(file).size }));
}
