// Keeps a command from control files and secrets in the directories it may write: says what to mount over them, puts an
// empty file where one is absent (a mount needs something to cover), takes those away when the last command in the
// directory has ended, and undoes afterwards what no mount can prevent.

import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  rmdirSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import type { FileRoot } from "../domain/act.ts";
import type { Cover } from "./cover.ts";
import { CONTROL_NAMES, GIT_CONTROL_NAMES, GIT_WATCHED_NAMES } from "./names.ts";
import { coverSecrets } from "./secrets.ts";
import { walk } from "./walk.ts";

export interface Shield {
  readonly covers: readonly Cover[];
  /** Paths that are there only to be covered, and that no file list should show. */
  readonly placed: readonly string[];
  /** Once, after the command: takes away what was placed and undoes what was made; returns the paths it undid. */
  release(): readonly string[];
}

interface Watched {
  readonly path: string;
  /** What the link pointed to; null when nothing was there. */
  readonly link: string | null;
}

export interface Shields {
  /** `repositories` are those below `root`, from findRepositories. `root` is absolute, real and writable. */
  raise(root: string, repositories: readonly string[]): Shield;
}

/** Commands share what was placed: taken away while one of them runs, it would take away that one's cover. */
export function createShields(): Shields {
  const users = new Map<string, number>();
  const leave = (path: string): void => {
    const left = (users.get(path) ?? 0) - 1;
    if (left > 0) {
      users.set(path, left);
      return;
    }
    users.delete(path);
    takeAway(path);
  };
  return {
    raise: (root, repositories) => {
      const draft: Draft = { users, covers: [], watched: [], placed: [] };
      try {
        for (const name of CONTROL_NAMES) coverControl(draft, join(root, name), "empty_file");
        coverGit(draft, join(root, ".git"));
        for (const repository of repositories) coverInner(draft, join(repository, ".git"));
      } catch (error) {
        draft.placed.forEach(leave);
        throw error;
      }
      const { covers, placed, watched } = draft;
      return {
        covers,
        placed,
        release: () => {
          const undone = watched.filter(undo).map(({ path }) => path);
          placed.forEach(leave);
          return undone;
        },
      };
    },
  };
}

/** One shield over every root: secrets in all of them, control files in those that can be written. */
export async function raiseOver(shields: Shields, roots: readonly FileRoot[], home: string): Promise<Shield> {
  const writable = roots.filter(({ mode }) => mode === "rw").map(({ path }) => path);
  const [secrets, ...found] = await Promise.all([
    coverSecrets(roots, home),
    ...writable.map(findRepositories),
  ]);
  const hidden = new Set(secrets.map(({ path }) => path));
  const raised: Shield[] = [];
  const release = (): string[] => raised.flatMap((shield) => shield.release());
  try {
    for (const [index, root] of writable.entries()) raised.push(shields.raise(root, found[index] ?? []));
  } catch (error) {
    release();
    throw error;
  }
  return {
    // One cover a path: what may not be read may not be written either.
    covers: [...raised.flatMap(({ covers }) => covers).filter(({ path }) => !hidden.has(path)), ...secrets],
    placed: raised.flatMap(({ placed }) => placed),
    release,
  };
}

interface Draft {
  /** Of every path that was placed, by how many commands it is covered now. */
  readonly users: Map<string, number>;
  readonly covers: Cover[];
  readonly watched: Watched[];
  readonly placed: string[];
}

function coverControl(
  { users, covers, watched, placed }: Draft,
  path: string,
  empty: "empty_file" | "empty_directory",
): void {
  const stat = lookAt(path);
  if (stat === undefined && !place(path, empty)) return; // a directory that cannot be written at all
  // A mask that is nobody's was left by a daemon that was killed: it is ours now.
  if (stat === undefined || isMask(stat)) {
    users.set(path, (users.get(path) ?? 0) + 1);
    placed.push(path);
    covers.push({ path, as: stat?.isDirectory() ? "empty_directory" : empty });
  } else if (stat.isSymbolicLink()) watched.push({ path, link: readlinkSync(path) });
  else covers.push({ path, as: "read" });
}

function coverGit(draft: Draft, path: string): void {
  const { covers, watched } = draft;
  const stat = lookAt(path);
  if (!stat?.isDirectory() || isMask(stat)) {
    coverControl(draft, path, "empty_directory");
    return;
  }
  if (coverWhole(covers, path)) return;
  for (const name of GIT_CONTROL_NAMES)
    coverControl(draft, join(path, name), name === "hooks" ? "empty_directory" : "empty_file");
  for (const name of GIT_WATCHED_NAMES) {
    const control = join(path, name);
    if (lookAt(control) === undefined) watched.push({ path: control, link: null });
    else covers.push({ path: control, as: "read" });
  }
}

/**
 * A repository further down. A command can move the directories above it, so outside the sandbox nothing is made or
 * undone at its path: that could be a link by then.
 */
function coverInner({ covers }: Draft, path: string): void {
  const stat = lookAt(path);
  if (stat?.isFile()) covers.push({ path, as: "read" });
  if (!stat?.isDirectory() || isMask(stat) || coverWhole(covers, path)) return;
  for (const name of [...GIT_CONTROL_NAMES, ...GIT_WATCHED_NAMES]) {
    const control = join(path, name);
    if (lookAt(control) !== undefined) covers.push({ path: control, as: "read" });
  }
}

/** Covers the directory itself; true when that is all: a link cannot be covered, so beside one nothing is writable. */
function coverWhole(covers: Cover[], path: string): boolean {
  const hasLink = GIT_CONTROL_NAMES.some((name) => lookAt(join(path, name))?.isSymbolicLink());
  covers.push({ path, as: hasLink ? "read" : "pinned" });
  return hasLink;
}

/** Returns whether something had to be undone. */
function undo({ path, link }: Watched): boolean {
  const stat = lookAt(path);
  if (link === null ? stat === undefined : stat?.isSymbolicLink() && readlinkSync(path) === link)
    return false;
  rmSync(path, { recursive: true, force: true });
  if (link !== null) symlinkSync(link, path);
  return true;
}

function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

/** Nobody else has empty files and directories without any permission. */
function isMask(stat: Stats): boolean {
  return (stat.mode & 0o777) === 0 && (stat.isDirectory() || (stat.isFile() && stat.size === 0));
}

/** False where nothing can be made, so that a command cannot either. Throws for any other reason. */
function place(path: string, as: "empty_file" | "empty_directory"): boolean {
  try {
    if (as === "empty_directory") mkdirSync(path, { mode: 0 });
    else closeSync(openSync(path, "wx", 0));
    return true;
  } catch (error) {
    if (["EACCES", "EROFS", "EPERM"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Only what is empty goes. */
function takeAway(path: string): boolean {
  const stat = lookAt(path);
  if (stat === undefined || !isMask(stat)) return false;
  try {
    if (stat.isDirectory()) rmdirSync(path);
    else unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}

const REACH = { depth: 3, directories: 400 };

/** Directories below `root` with a `.git` of their own. */
async function findRepositories(root: string): Promise<string[]> {
  const found: string[] = [];
  await walk(root, REACH, (directory, entries) => {
    if (directory !== root && entries.some(({ name }) => name === ".git")) found.push(directory);
    return entries
      .filter((entry) => entry.isDirectory() && !/^(\.|node_modules$)/.test(entry.name))
      .map(({ name }) => join(directory, name));
  });
  return found;
}
