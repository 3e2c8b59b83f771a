// Paths that a rule of the policy speaks against, inside the directories of a command: each is covered with nothing, and
// the directories on the way to it cannot be moved, so that it stays where the rule says. One that is not there yet is
// not kept from being made.

import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import type { FileRoot } from "../domain/act.ts";
import { isWithin } from "./bwrap.ts";
import type { Cover } from "./cover.ts";

/** `roots` and `barred` are real paths; no root lies inside a barred path. */
export function coverBarred(roots: readonly FileRoot[], barred: readonly string[]): Cover[] {
  const covers = new Map<string, Cover>();
  for (const path of barred) {
    const holding = roots.filter((root) => isWithin(path, root.path));
    const around = holding.map((root) => root.path);
    const stat = lookAt(path);
    if (around.length === 0 || stat === undefined) continue;
    covers.set(path, { path, as: stat.isDirectory() ? "empty_directory" : "empty_file" });
    // Where nothing can be written nothing can be moved, and what is bound anew could be written.
    const innermost = holding.reduce(
      (a, b) => (b.path.length > a.path.length ? b : a),
      holding[0] ?? { mode: "ro", path: "" },
    );
    if (innermost.mode === "ro") continue;
    for (let above = dirname(path); !around.includes(above); above = dirname(above))
      if (!covers.has(above)) covers.set(above, { path: above, as: "pinned" });
  }
  return [...covers.values()];
}

/** One cover a path: what is barred is covered with nothing, and nothing inside it needs a cover of its own. */
export function withBarred(covers: readonly Cover[], barred: readonly Cover[]): Cover[] {
  const closed = barred.filter(({ as }) => as !== "pinned");
  const kept = covers.filter(({ path }) => !closed.some((each) => isWithin(path, each.path)));
  const named = new Set(kept.map(({ path }) => path));
  return [...kept, ...barred.filter(({ path }) => !named.has(path))];
}

function lookAt(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}
