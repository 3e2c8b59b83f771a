// The secrets inside the directories of a command: what no file tool may read is covered with nothing, whether the
// directory may be written or not. They are looked for before every command, so only as deep and as wide as that allows.

import { basename, join } from "node:path";
import type { FileRoot } from "../domain/act.ts";
import { whyProtected } from "../policy/protected.ts";
import { isWithin } from "./bwrap.ts";
import type { Cover } from "./cover.ts";
import { walk } from "./walk.ts";

const REACH = { depth: 6, directories: 1_000 };
/** Large, and made by programs from what is elsewhere. */
const PASSED_OVER: ReadonlySet<string> = new Set([".git", "node_modules"]);

/** `home` is GoClaw's own: what of it is no root is hidden by itself. */
export async function coverSecrets(roots: readonly FileRoot[], home: string): Promise<Cover[]> {
  const found = await Promise.all(roots.map(({ path }) => findSecrets(path)));
  const covers = new Map(found.flat().map((cover) => [cover.path, cover]));
  const inHome = roots.filter((root) => isWithin(root.path, home));
  const isHidden = (path: string): boolean =>
    isWithin(path, home) && !inHome.some((root) => isWithin(path, root.path));
  return [...covers.values()].filter(
    ({ path }) => !isHidden(path) && !roots.some((root) => isWithin(root.path, path)),
  );
}

/** Whether a directory is a secret by its own place. */
export function isSecretPlace(path: string): boolean {
  return whyProtected(path.split("/").filter(Boolean), "ro") !== null;
}

/** A link is no way to what it leads to; that has its own name. */
async function findSecrets(root: string): Promise<Cover[]> {
  const found: Cover[] = [];
  await walk(root, REACH, (directory, entries) => {
    const inner: string[] = [];
    for (const entry of entries) {
      if (!entry.isDirectory() && !entry.isFile()) continue;
      const path = join(directory, entry.name);
      if (whyProtected([basename(directory), entry.name], "ro") !== null)
        found.push({ path, as: entry.isDirectory() ? "empty_directory" : "empty_file" });
      else if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) inner.push(path);
    }
    return inner;
  });
  return found;
}
