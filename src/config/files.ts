// Reading and writing the small text files of a home. A write is whole or did not happen: temporary file, fsync, then
// one atomic step, then fsync of the directory. Everything written is readable by its owner only.

import { isUtf8 } from "node:buffer";
import {
  chmodSync,
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { GoclawError, messageOf } from "../domain/error.ts";

/** The `code` of a Node system error, or undefined. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}

/** The UTF-8 text of a regular file. Throws on anything else: a directory, a pipe, too many bytes, other encodings. */
export function readText(file: string, bytesMax: number): string {
  const found = statSync(file);
  if (!found.isFile()) throw new Error("not a regular file");
  if (found.size > bytesMax) throw new Error(`larger than ${bytesMax} bytes`);
  const bytes = readFileSync(file);
  if (!isUtf8(bytes)) throw new Error("not UTF-8 text");
  return new TextDecoder().decode(bytes);
}

/** Like readText, but undefined when there is no such file. */
export function readTextIfPresent(file: string, bytesMax: number): string | undefined {
  try {
    return readText(file, bytesMax);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/**
 * Creates the file with mode 0600 unless it exists; returns whether it did. Two racing processes leave one whole file.
 * `textOf` is asked only when the file is missing.
 */
export function createFile(file: string, textOf: () => string): boolean {
  return reporting(file, () => {
    if (lstatSync(file, { throwIfNoEntry: false }) !== undefined) return false;
    const temporary = writeTemporary(file, textOf());
    try {
      linkSync(temporary, file);
    } catch (error) {
      if (errnoOf(error) === "EEXIST") return false;
      // Some file systems have no hard links; there the name is taken first and then replaced.
      if (!["EPERM", "ENOTSUP", "ENOSYS", "EOPNOTSUPP"].includes(errnoOf(error) ?? "")) throw error;
      if (!reserve(file)) return false;
      renameSync(temporary, file);
    } finally {
      rmSync(temporary, { force: true });
    }
    syncDirectory(dirname(file));
    return true;
  });
}

/**
 * Replaces the file (or the file a symbolic link points to) in one step; the new one has mode 0600. What is not
 * `durable` may be lost or empty after a power cut, and costs no fsync.
 */
export function replaceFile(file: string, text: string, { durable = true } = {}): void {
  reporting(file, () => {
    const target = resolveLink(file);
    const temporary = writeTemporary(target, text, durable);
    try {
      renameSync(temporary, target);
    } finally {
      rmSync(temporary, { force: true });
    }
    if (durable) syncDirectory(dirname(target));
  });
}

/** Creates the directory with mode 0700 unless it exists. */
export function createDirectory(directory: string): void {
  reporting(directory, () => makeDirectory(directory));
}

/** One level after the other: mkdir's own `recursive` never ends below /proc. */
function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(directory);
  if (parent !== directory) makeDirectory(parent);
  try {
    mkdirSync(directory, { mode: 0o700 });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error; // another process made it at the same moment
    if (!statSync(directory).isDirectory()) throw error;
  }
}

/** Takes every right from group and others that they have on an existing file or directory. */
export function closeToOthers(path: string): void {
  reporting(path, () => {
    const mode = statSync(path).mode & 0o7777;
    if ((mode & 0o077) !== 0) chmodSync(path, mode & 0o700);
  });
}

function writeTemporary(file: string, text: string, durable = true): string {
  const temporary = `${file}.tmp-${process.pid}`;
  // A leftover can only be that of a dead process that had our pid.
  rmSync(temporary, { force: true });
  const handle = openSync(temporary, "wx", 0o600);
  try {
    writeFileSync(handle, text);
    if (durable) fsyncSync(handle);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(handle);
  }
  return temporary;
}

function reserve(file: string): boolean {
  try {
    closeSync(openSync(file, "wx", 0o600));
    return true;
  } catch (error) {
    if (errnoOf(error) === "EEXIST") return false;
    throw error;
  }
}

function resolveLink(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return file;
    throw error;
  }
}

function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    if (fstatSync(handle).isDirectory()) fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** Runs a file operation and says what to do when the system refuses it. */
function reporting<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof GoclawError) throw error;
    const code = errnoOf(error);
    if (code === "ENOSPC" || code === "EDQUOT") {
      throw new GoclawError("DISK_FULL", `${path}: cannot be written, the disk is full — free some space`, {
        cause: error,
      });
    }
    const fix =
      code === "ENOTDIR" || code === "EEXIST"
        ? "something else than a directory is in the way; move it or choose another home with --home"
        : "check the owner and the mode, or choose another home with --home";
    throw new GoclawError("IO_ERROR", `${path}: cannot be written (${messageOf(error)}) — ${fix}`, {
      cause: error,
    });
  }
}
