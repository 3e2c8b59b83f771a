// Writes the audit table out to logs/audit.jsonl and signs its head. The table is the audit; the file follows it a moment
// later, goes on after a crash or a failure where its last whole line is, and is never ahead of it.

import type { KeyObject } from "node:crypto";
import {
  closeSync,
  existsSync,
  promises as fs,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { messageOf } from "../domain/error.ts";
import type { Reader } from "../store/reader.ts";
import { type AuditRow, auditAfter, toWireAudit } from "./audit-read.ts";
import { newAuditKey, readAuditKey, signCheckpoint } from "./checkpoint.ts";

export interface MirrorFiles {
  readonly log: string;
  readonly checkpoints: string;
  readonly key: string;
}

export interface MirrorPorts {
  readonly reader: Reader;
  readonly files: MirrorFiles;
  readonly nowMs: () => number;
  readonly createFile: (file: string, text: string) => void;
  /** Told once when the files cannot be written, with why, and once when they can be again, with null. */
  readonly onTrouble: (trouble: string | null) => void;
}

export interface AuditMirror {
  /** Something was committed: the file is brought up to it soon. */
  nudge(): void;
  /** Why the file is behind the table; null when it is not, or only a moment. */
  trouble(): string | null;
  /** Brings the file up to date and signs the head. */
  stop(): Promise<void>;
}

const SOON_MS = 50;
const RETRY_MS = 1_000;
const PAGE = 500;
const SIGN_RECORDS = 1_000;
const SIGN_MS = 60_000;
const ROTATE_BYTES = 64 * 1_048_576;
const TAIL_BYTES = 262_144;

export function createAuditMirror(ports: MirrorPorts): AuditMirror {
  return new Mirror(ports);
}

class Mirror implements AuditMirror {
  readonly #ports: MirrorPorts;
  /** The last record that is in the file; undefined when the file has to be asked. */
  #seq: number | undefined;
  #hash = "";
  #signedSeq: number | undefined;
  #trouble: string | null = null;
  #key: KeyObject | undefined;
  #soon: NodeJS.Timeout | undefined;
  #later: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(ports: MirrorPorts) {
    this.#ports = ports;
    this.nudge();
  }

  nudge(): void {
    this.#runIn(this.#trouble === null ? SOON_MS : RETRY_MS);
  }

  trouble(): string | null {
    return this.#trouble;
  }

  #runIn(ms: number): void {
    if (this.#stopped || this.#soon !== undefined) return;
    this.#soon = setTimeout(() => {
      this.#soon = undefined;
      this.#run(false);
    }, ms);
    this.#soon.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#soon);
    clearTimeout(this.#later);
    this.#run(true);
    await this.#writing;
  }

  #run(last: boolean): void {
    this.#writing = this.#writing
      .then(() => this.#catchUp(last))
      .then(
        () => this.#turn(null),
        (error: unknown) => {
          // Nobody knows how much of the last page arrived.
          this.#seq = undefined;
          this.#turn(messageOf(error));
          this.nudge();
        },
      );
  }

  #turn(trouble: string | null): void {
    const isNews = (trouble === null) !== (this.#trouble === null);
    this.#trouble = trouble;
    if (isNews) this.#ports.onTrouble(trouble);
  }

  async #catchUp(last: boolean): Promise<void> {
    const { reader, files } = this.#ports;
    let seq = this.#seq ?? lastSeq(files.log);
    this.#signedSeq ??= existsSync(files.checkpoints) ? seq : 0;
    for (;;) {
      const page = auditAfter(reader, seq, PAGE);
      const head = page.at(-1);
      if (head === undefined) break;
      const text = page.map((row) => `${lineOf(row)}\n`).join("");
      await fs.appendFile(files.log, text, { mode: 0o600 });
      seq = head.seq;
      this.#hash = head.hash;
      if (page.length < PAGE) break;
    }
    this.#seq = seq;
    const unsigned = seq - this.#signedSeq;
    if (unsigned > 0 && this.#hash !== "") {
      if (last || unsigned >= SIGN_RECORDS) await this.#sign(seq);
      else if (!this.#stopped) this.#signLater();
    }
    await this.#rotate(seq);
  }

  #signLater(): void {
    if (this.#later !== undefined) return;
    this.#later = setTimeout(() => {
      this.#later = undefined;
      this.#run(true);
    }, SIGN_MS);
    this.#later.unref();
  }

  async #sign(seq: number): Promise<void> {
    const { files, nowMs } = this.#ports;
    const at = new Date(nowMs()).toISOString();
    const checkpoint = signCheckpoint(this.#signingKey(), seq, this.#hash, at);
    await fs.appendFile(files.checkpoints, `${JSON.stringify(checkpoint)}\n`, { mode: 0o600, flush: true });
    this.#signedSeq = seq;
  }

  #signingKey(): KeyObject {
    const { files, createFile } = this.#ports;
    if (this.#key === undefined) {
      if (!existsSync(files.key)) createFile(files.key, newAuditKey());
      this.#key = readAuditKey(readFileSync(files.key, "utf8"));
    }
    return this.#key;
  }

  async #rotate(seq: number): Promise<void> {
    const { log } = this.#ports.files;
    const size = await fs.stat(log).then(
      (stat) => stat.size,
      () => 0,
    );
    if (size >= ROTATE_BYTES) await fs.rename(log, `${log}.${seq}`);
  }
}

/** One line for every reader: some end one at U+2028 too. */
function lineOf(row: AuditRow): string {
  return JSON.stringify(toWireAudit(row)).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** Where the file ends: the sequence number of its last whole line. A line that a crash tore is cut away. */
function lastSeq(log: string): number {
  const rotated = rotatedSeq(log);
  if (!existsSync(log)) return rotated;
  const descriptor = openSync(log, "r+");
  try {
    const { size } = fstatSync(descriptor);
    const bytes = Buffer.alloc(Math.min(size, TAIL_BYTES));
    readSync(descriptor, bytes, 0, bytes.length, size - bytes.length);
    const end = bytes.lastIndexOf(0x0a) + 1;
    if (end < bytes.length) ftruncateSync(descriptor, size - bytes.length + end);
    const line = bytes.subarray(bytes.lastIndexOf(0x0a, end - 2) + 1, end).toString("utf8");
    return Math.max(rotated, seqOf(line));
  } finally {
    closeSync(descriptor);
  }
}

function seqOf(line: string): number {
  try {
    const { seq } = JSON.parse(line) as { seq?: unknown };
    return typeof seq === "number" ? seq : 0;
  } catch {
    return 0;
  }
}

/** A file that grew too large was put aside under the number of its last record. */
function rotatedSeq(log: string): number {
  const prefix = `${basename(log)}.`;
  const numbers = readdirSync(dirname(log))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)));
  return Math.max(0, ...numbers.filter(Number.isSafeInteger));
}
