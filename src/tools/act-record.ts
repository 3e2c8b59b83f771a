// What a change of files was going to do, written down before it is done, so that the same act repeated after a crash
// finishes it and never applies it twice. Records lie in .goclaw/acts of the workspace, which no tool can reach.

import { createHash } from "node:crypto";
import { closeSync, lstatSync, rmSync } from "node:fs";
import { GoclawError } from "../domain/error.ts";
import { type Entry, enter, enterOrMake, holdRoot, wayTo } from "../policy/descent.ts";
import { type Held, heldAt } from "../policy/held.ts";

/** A file before and after, as SHA-256 of its bytes; null when there is none. */
export interface Change {
  readonly at: string;
  readonly before: string | null;
  readonly after: string | null;
}

/** `todo`: not done. `done`: by an earlier attempt. `foreign`: changed by somebody else since. */
export type ChangeState = "todo" | "done" | "foreign";

const RECORD_BYTES = 1_048_576;
const RECORDS_KEPT = 200;

export function digestOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What an earlier attempt at this act was going to do; undefined when this is the first. */
export async function recallAct(
  workspace: string,
  effectKey: string,
): Promise<readonly Change[] | undefined> {
  return withSlot(workspace, effectKey, async (slot) => {
    if (slot.kind === "absent") return undefined;
    return JSON.parse((await slot.readWhole(RECORD_BYTES)).toString()) as readonly Change[];
  });
}

/** Call it before the first change. */
export async function recordAct(
  workspace: string,
  effectKey: string,
  changes: readonly Change[],
): Promise<void> {
  await withSlot(workspace, effectKey, async (slot, acts) => {
    await slot.replace({ bytes: Buffer.from(JSON.stringify(changes)), key: effectKey, mode: 0o600 });
    await forgetOld(acts);
  });
}

export function stateOf(change: Change, current: string | null): ChangeState {
  if (current === change.after) return "done";
  return current === change.before ? "todo" : "foreign";
}

export function foreignChange(shown: string): GoclawError {
  return new GoclawError(
    "TOOL_FAILED",
    `${shown}: the file was changed by somebody else while this act was interrupted; read it and decide again`,
  );
}

async function withSlot<T>(
  workspace: string,
  effectKey: string,
  use: (slot: Held, acts: Held) => Promise<T>,
): Promise<T> {
  const shown = ".goclaw/acts";
  const open: Entry[] = [holdRoot(workspace)];
  try {
    for (const name of shown.split("/")) open.push(enterOrMake(open.at(-1) as Entry, name, shown, 0o700));
    const directory = open.at(-1) as Entry;
    const name = `${digestOf(Buffer.from(effectKey)).slice(0, 32)}.json`;
    const target = enter(directory, name, shown);
    if (target !== undefined) open.push(target);
    const borrowed = { at: `${workspace}/${shown}`, shown, ownsDirectory: false };
    const acts = heldAt({ ...borrowed, directory, name: undefined, target: undefined });
    return await use(heldAt({ ...borrowed, directory, name, target }), acts);
  } finally {
    for (const entry of open) closeSync(entry.fd);
  }
}

/** A record serves until its act's outcome is committed, moments later; the newer half stays far longer than that. */
async function forgetOld(acts: Held): Promise<void> {
  const { target } = acts;
  if (target === undefined) return;
  const names: string[] = [];
  for await (const { name } of await acts.openNames()) names.push(name);
  if (names.length <= RECORDS_KEPT) return;
  const aged = names.map((name) => {
    const path = wayTo(target.fd, name);
    return { path, changedMs: lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 };
  });
  aged.sort((a, b) => a.changedMs - b.changedMs);
  for (const { path } of aged.slice(0, RECORDS_KEPT / 2)) rmSync(path, { force: true });
}
