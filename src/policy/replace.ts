// Puts a whole file in the place of a name in a held directory: a new file of a random name, written, synced, renamed.
// What stood there is left alone until the rename, and a link planted anywhere on the way is never written through.

import { createHash, randomBytes } from "node:crypto";
import { constants, promises as fs, renameSync, type Stats, unlinkSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { type Entry, errnoOf, refusal, wayTo } from "./descent.ts";

export interface Content {
  readonly bytes: Uint8Array;
  /** The key of the act: what an earlier attempt at it left half-written is removed. */
  readonly key: string;
  /** Of a new file; an old one's is kept. Never more than read, write and execute. */
  readonly mode?: number;
}

export interface Slot {
  readonly directory: Entry;
  readonly name: string;
  /** What stands there now. */
  readonly old: Stats | undefined;
  readonly shown: string;
}

const NEW_MODE = 0o644;
/** No setuid, setgid or sticky bit is ever set. */
const MODE_BITS = 0o777;
const WRITE_BITS = 0o222;
/** A directory that has more names takes no new ones. */
const ENTRIES_MAX = 10_000;

export async function placeFile(
  { directory, name, old, shown }: Slot,
  { bytes, key, mode }: Content,
): Promise<void> {
  const mark = `.goclaw-part-${createHash("sha256").update(key).digest("hex").slice(0, 16)}-`;
  const entries = await sweep(directory, mark);
  if (old === undefined && entries >= ENTRIES_MAX)
    throw refusal("LIMIT_SIZE", shown, `its directory has ${ENTRIES_MAX} entries already; use another`);
  if (old !== undefined && (old.mode & WRITE_BITS) === 0)
    throw refusal("TOOL_FAILED", shown, "the file is marked read-only; ask the user to make it writable");
  const part = wayTo(directory.fd, mark + randomBytes(8).toString("hex"));
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const wanted = (old?.mode ?? mode ?? NEW_MODE) & MODE_BITS;
  const file = await fs.open(
    part,
    O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY,
    old === undefined ? wanted : 0o600,
  );
  try {
    try {
      await file.writeFile(bytes);
      if (old !== undefined) await keepOwnership(file, old, wanted);
      await file.sync();
    } finally {
      await file.close();
    }
    renameSync(part, wayTo(directory.fd, name));
  } catch (error) {
    removeIfThere(part);
    throw error;
  }
  await syncDirectory(directory);
}

/** The owner before the mode: a change of owner clears bits. */
async function keepOwnership(file: FileHandle, old: Stats, mode: number): Promise<void> {
  const { uid, gid } = await file.stat();
  if (uid !== old.uid || gid !== old.gid) {
    try {
      await file.chown(old.uid, old.gid);
    } catch (error) {
      if (errnoOf(error) !== "EPERM") throw error; // only root may give a file away
    }
  }
  await file.chmod(mode);
}

/** Removes what earlier attempts of the same act left, and counts the names, up to the limit. */
async function sweep(directory: Entry, mark: string): Promise<number> {
  let count = 0;
  for await (const entry of await fs.opendir(wayTo(directory.fd), { bufferSize: 512 })) {
    if (entry.name.startsWith(mark)) removeIfThere(wayTo(directory.fd, entry.name));
    else if (++count >= ENTRIES_MAX) break;
  }
  return count;
}

export function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** A rename, a removal or a new name is on the disk once its directory is. */
export async function syncDirectory(directory: Entry): Promise<void> {
  const handle = await fs.open(wayTo(directory.fd), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
