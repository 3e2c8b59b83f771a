// The path guard: the only way from a path a model wrote to the disk. The text is judged (path-rules.ts), the names are
// walked one by one from the outermost open directory through held descriptors (descent.ts), and what was reached is
// judged again by its real path; the caller gets what is held, not a name.

import { closeSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { FileRoot, PathMode } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import { showName } from "../domain/quote.ts";
import { type Entry, enter, enterOrMake, holdRoot, realPathOf, refusal } from "./descent.ts";
import { type Held, type HeldParts, heldAt } from "./held.ts";
import { BARRED_TEXT, homeOf, isBarred, judgePath, outermostRoot, whyShielded } from "./path-rules.ts";

const DIRECTORY_MODE = 0o755;

export interface OpenOptions {
  /** Makes the directories before the last name where they are missing. */
  readonly makeParents?: boolean;
}

/**
 * Holds what `path` names, or the place where it would be. Throws GoclawError PATH_* with what the model may be told;
 * the caller closes what it gets.
 */
export function openBeneath(
  roots: readonly FileRoot[],
  path: string,
  mode: PathMode,
  { makeParents = false }: OpenOptions = {},
): Held {
  const judged = judgePath(roots, path, mode);
  if (!judged.ok) throw new GoclawError(judged.code, judged.why);
  const shown = showName(path);
  const root = outermostRoot(roots, judged.real);
  if (root === undefined) throw refusal("PATH_OUTSIDE", shown, "it is in no open directory");
  const start = directoryOf(root);
  const names = judged.real.slice(start.length).split("/").filter(Boolean);
  const last = names.pop();
  const fence = { roots, mode, shown };
  let directory = holdRoot(start);
  let at = start === "/" ? "" : start;
  try {
    for (const name of names) {
      const next = enter(directory, name, shown) ?? makeParent(fence, directory, name, makeParents);
      const above = directory;
      directory = next;
      closeSync(above.fd);
      at += `/${name}`;
      refuseMount(fence, next, above, at);
    }
    const target = last === undefined ? undefined : enter(directory, last, shown);
    return judgeHeld(fence, {
      directory,
      name: last,
      target,
      at: judged.real,
      ownsDirectory: true,
    });
  } catch (error) {
    closeSync(directory.fd);
    throw error;
  }
}

/** Where the walk begins: the root, or what holds it when the policy opens a single file. */
function directoryOf({ path }: FileRoot): string {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true ? dirname(path) : path;
}

/** Nothing is made where nothing may be written. */
function makeParent(fence: Fence, directory: Entry, name: string, isAsked: boolean): Entry {
  if (!isAsked) {
    const why = `there is no directory ${showName(name)}; list_directory shows what there is`;
    throw refusal("TOOL_FAILED", fence.shown, why);
  }
  refuseShielded(fence, `${realPathOf(directory)}/${name}`);
  return enterOrMake(directory, name, fence.shown, DIRECTORY_MODE);
}

/** Holds the entry `name` of a held directory, by the same rules; undefined when there is none. */
export function openChild(roots: readonly FileRoot[], parent: Held, name: string): Held | undefined {
  const at = `${parent.at}/${name}`;
  const judged = judgePath(roots, at, "ro");
  if (!judged.ok) throw new GoclawError(judged.code, judged.why);
  const shown = showName(at);
  const directory = parent.target;
  if (directory === undefined) return undefined;
  const target = enter(directory, name, shown);
  if (target === undefined) return undefined;
  const reached = { directory, name, target, at, ownsDirectory: false };
  return judgeHeld({ roots, mode: "ro", shown }, reached);
}

interface Fence {
  readonly roots: readonly FileRoot[];
  readonly mode: PathMode;
  readonly shown: string;
}

type Reached = Omit<HeldParts, "shown">;

/** The second judgement, of what is held: its device, its other names, its real path. Closes the target it refuses. */
function judgeHeld(fence: Fence, parts: Reached): Held {
  const { directory, name, target, at } = parts;
  try {
    if (target !== undefined) {
      refuseMount(fence, target, directory, at);
      if (target.stats.isFile() && target.stats.nlink > 1)
        throw refusal(
          "PATH_HARDLINK",
          fence.shown,
          `the file has ${target.stats.nlink} names (hard links), and another may lie outside; copy it to a file of its own`,
        );
    }
    const real = realPathOf(target ?? directory);
    refuseShielded(fence, target === undefined && name !== undefined ? `${real}/${name}` : real);
    return heldAt({ ...parts, shown: fence.shown });
  } catch (error) {
    if (target !== undefined) closeSync(target.fd);
    throw error;
  }
}

function refuseMount({ roots, shown }: Fence, entry: Entry, above: Entry, at: string): void {
  if (entry.stats.dev === above.stats.dev || roots.some(({ path }) => path === at)) return;
  throw refusal(
    "PATH_OUTSIDE",
    shown,
    `${showName(at)} is another file system; the policy must open it by its own path`,
  );
}

function refuseShielded({ roots, mode, shown }: Fence, real: string): void {
  const workspace = roots[0]?.path ?? "";
  const home = homeOf(workspace);
  const why = whyShielded(realOf(workspace), home === null ? null : realOf(home), real, mode);
  if (why !== null) throw refusal("PATH_PROTECTED", shown, why);
  const barred = roots.filter((root) => root.barred === true);
  if (barred.length === 0) return;
  const places = barred.map((root) => ({ ...root, path: realOf(root.path) }));
  if (isBarred([...barred, ...places], real)) throw refusal("CAP_DENIED", shown, BARRED_TEXT);
}

function realOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}
