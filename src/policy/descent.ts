// One step down a directory: a name is opened in a directory that is held by its descriptor, never followed when it is
// a link, and looked at through its own descriptor. What was checked is therefore what is used, whatever another process
// renames meanwhile.

import { closeSync, constants, fstatSync, mkdirSync, openSync, readlinkSync, type Stats } from "node:fs";
import { type Code, GoclawError, messageOf } from "../domain/error.ts";
import { showName } from "../domain/quote.ts";

/** Opens a name without reading it: no device acts, no pipe waits. Linux only; Node has no name for it. */
const O_PATH = 0x200000;

/** Something on the disk, held: `fd` is an O_PATH descriptor. */
export interface Entry {
  readonly fd: number;
  readonly stats: Stats;
}

/** The way to a held descriptor, and through it to the names in it. */
export function wayTo(fd: number, name?: string): string {
  return name === undefined ? `/proc/self/fd/${fd}` : `/proc/self/fd/${fd}/${name}`;
}

/** Opens a directory that the operator named; links on the way to it are the operator's. */
export function holdRoot(path: string): Entry {
  if (process.platform !== "linux")
    throw new GoclawError(
      "TOOL_FAILED",
      "the file tools hold directories as only Linux can; run goclaw there",
    );
  const entry = hold(path, constants.O_DIRECTORY);
  if (entry === undefined)
    throw new GoclawError("TOOL_FAILED", `the directory ${path} does not exist; the operator must create it`);
  return entry;
}

/** The entry `name` of a held directory; undefined when there is none. Throws PATH_SYMLINK, PATH_SPECIAL, TOOL_FAILED. */
export function enter(directory: Entry, name: string, shown: string): Entry | undefined {
  if (!directory.stats.isDirectory())
    throw refusal("TOOL_FAILED", shown, `what stands before ${showName(name)} is not a directory`);
  const entry = hold(wayTo(directory.fd, name), constants.O_NOFOLLOW);
  if (entry === undefined) return undefined;
  const { stats } = entry;
  if (stats.isDirectory() || stats.isFile()) return entry;
  closeSync(entry.fd);
  if (stats.isSymbolicLink())
    throw refusal("PATH_SYMLINK", shown, `${showName(name)} is a symbolic link, and tools follow none`);
  throw refusal("PATH_SPECIAL", shown, `${showName(name)} is a device, pipe or socket, not a file`);
}

/** Like `enter`, and makes the directory when it is missing. */
export function enterOrMake(directory: Entry, name: string, shown: string, mode: number): Entry {
  const found = enter(directory, name, shown);
  if (found !== undefined) return found;
  try {
    mkdirSync(wayTo(directory.fd, name), mode);
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw diskError(error, shown);
  }
  const made = enter(directory, name, shown);
  if (made === undefined)
    throw refusal("TOOL_FAILED", shown, `${showName(name)} was removed meanwhile; try again`);
  return made;
}

/** The real path of what is held, as the kernel has it now. */
export function realPathOf(entry: Entry): string {
  return readlinkSync(wayTo(entry.fd));
}

function hold(path: string, flag: number): Entry | undefined {
  let fd: number;
  try {
    fd = openSync(path, O_PATH | flag);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw diskError(error, path);
  }
  try {
    return { fd, stats: fstatSync(fd) };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

export function refusal(code: Code, shown: string, why: string): GoclawError {
  return new GoclawError(code, `${shown}: ${why}`);
}

/** What the disk answered, without the descriptor's path, which says nothing to anybody. */
export function diskError(error: unknown, shown: string): GoclawError {
  if (error instanceof GoclawError) return error;
  const errno = errnoOf(error);
  const known = errno === undefined ? undefined : ERRNO_TEXT[errno];
  const text = known ?? messageOf(error).replace(/,? '[^']*'( -> '[^']*')?$/, "");
  return new GoclawError(
    errno === "ENOSPC" || errno === "EDQUOT" ? "DISK_FULL" : "TOOL_FAILED",
    `${shown}: ${text}`,
    {
      cause: error,
    },
  );
}

const ERRNO_TEXT: Readonly<Record<string, string>> = {
  EACCES: "the operating system does not let goclaw touch it",
  EPERM: "the operating system does not let goclaw touch it",
  EROFS: "it lies on a read-only file system",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  EISDIR: "it is a directory",
  ENOTDIR: "a part of it is not a directory",
  ENAMETOOLONG: "a name in it is too long",
  EMFILE: "too many files are open; try again later",
};

export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
