// What a patch makes of each file, worked out before the first is changed: the files held, their new bytes, and their old
// ones to put back. A step that an earlier attempt at the same act did is marked and not worked out again.

import type { FileRoot } from "../domain/act.ts";
import { GoclawError } from "../domain/error.ts";
import type { Held } from "../policy/held.ts";
import { openBeneath } from "../policy/paths.ts";
import { type Change, digestOf, foreignChange, stateOf } from "./act-record.ts";
import { FILE_BYTES, spendQuota, textOf } from "./file-text.ts";
import { applyHunks } from "./patch-hunks.ts";
import type { PatchOp } from "./patch-text.ts";
import type { ToolContext } from "./tool.ts";

export interface Step {
  readonly held: Held;
  readonly change: Change;
  /** What the file shall hold; null: there shall be none. */
  readonly bytes: Buffer | null;
  readonly old: Buffer | null;
  readonly isDone: boolean;
  /** What the model is told of it; empty for the half of a move. */
  readonly says: string;
}

/** The caller closes what the steps hold; on a failure everything is closed here. */
export async function planPatch(
  ops: readonly PatchOp[],
  { grant, taskId }: ToolContext,
  recalled: readonly Change[] | undefined,
): Promise<readonly Step[]> {
  const desk: Desk = { roots: grant.roots, taskId, recalled, open: [] };
  const steps: Step[] = [];
  try {
    // Files that exist first: a patch that does not fit them makes no directory for new ones.
    for (const op of ops.filter(({ type }) => type !== "add")) steps.push(...(await planOp(op, desk)));
    for (const op of ops.filter(({ type }) => type === "add")) steps.push(...(await planOp(op, desk)));
    return steps;
  } catch (error) {
    for (const held of desk.open) held.close();
    throw error;
  }
}

interface Desk {
  readonly roots: readonly FileRoot[];
  readonly taskId: string;
  readonly recalled: readonly Change[] | undefined;
  readonly open: Held[];
}

async function planOp(op: PatchOp, desk: Desk): Promise<Step[]> {
  const source = await look(desk, op.path, op.type === "add");
  switch (op.type) {
    case "add":
      return [plan(desk, source, Buffer.from(op.text), "added", true)];
    case "delete":
      return [plan(desk, source, null, "deleted", false)];
    case "update": {
      const isMade = source.past === "done";
      const bytes = isMade ? null : update(source, op);
      if (op.moveTo === null) return [plan(desk, source, bytes, "updated", false)];
      const target = await look(desk, op.moveTo, true);
      const arrived = plan(desk, target, bytes, `moved ${source.held.shown} to`, true);
      return [arrived, { ...plan(desk, source, null, "", false), says: "" }];
    }
  }
}

interface Looked {
  readonly held: Held;
  readonly old: Buffer | null;
  readonly past: "todo" | "done" | "new";
}

async function look(desk: Desk, path: string, makeParents: boolean): Promise<Looked> {
  const held = openBeneath(desk.roots, path, "rw", { makeParents });
  const isTwice = desk.open.some(({ at }) => at === held.at);
  desk.open.push(held);
  if (isTwice) throw failed(held, "the patch names it twice");
  if (held.kind === "directory") throw failed(held, "it is a directory");
  const old = held.kind === "file" ? await held.readWhole(FILE_BYTES) : null;
  const change = desk.recalled?.find(({ at }) => at === held.at);
  if (change === undefined) return { held, old, past: "new" };
  const past = stateOf(change, old === null ? null : digestOf(old));
  if (past === "foreign") throw foreignChange(held.shown);
  return { held, old, past };
}

function update({ held, old }: Looked, op: PatchOp & { type: "update" }): Buffer {
  if (old === null) throw failed(held, 'it does not exist; use "*** Add File:" to make it');
  const text = textOf(old);
  if (text === undefined) throw failed(held, "it is a binary file");
  return Buffer.from(applyHunks(text, op.hunks, held.shown));
}

function plan(
  desk: Desk,
  { held, old, past }: Looked,
  bytes: Buffer | null,
  verb: string,
  isNew: boolean,
): Step {
  const says = `${verb} ${held.shown}`;
  const change = {
    at: held.at,
    before: old === null ? null : digestOf(old),
    after: bytes === null ? null : digestOf(bytes),
  };
  if (past === "done") return { held, change, bytes, old, isDone: true, says };
  if (isNew && old !== null) throw failed(held, "it exists already; update it instead");
  if (bytes === null && old === null) throw failed(held, "it does not exist");
  if (bytes !== null) spendQuota(desk.taskId, held.shown, bytes.length);
  return { held, change, bytes, old, isDone: false, says };
}

function failed(held: Held, why: string): GoclawError {
  return new GoclawError("TOOL_FAILED", `${held.shown}: ${why}; nothing was changed`);
}
