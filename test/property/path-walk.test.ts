// The path guard against a model that knows nothing of descriptors: a random tree of directories, files, links and second
// names on a real disk, random paths into it, and for each the answer that follows from the tree alone.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { codeOf } from "../../src/domain/error.ts";
import { openBeneath } from "../../src/policy/paths.ts";
import { row } from "../support/catalogue.ts";
import { makePlace, type Place } from "../support/workspace.ts";

type Node =
  | { readonly type: "file" }
  | { readonly type: "twin" }
  | { readonly type: "link"; readonly to: string }
  | { readonly type: "directory"; readonly entries: ReadonlyMap<string, Node> };

const NAMES = ["a", "b", "c", "d.txt", ".git"] as const;
const name = fc.constantFrom(...NAMES);

const { tree } = fc.letrec<{ tree: Node; entry: Node }>((tie) => ({
  tree: fc
    .uniqueArray(fc.tuple(name, tie("entry")), { maxLength: 4, selector: ([key]) => key })
    .map((pairs) => ({ type: "directory" as const, entries: new Map(pairs) })),
  entry: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant<Node>({ type: "file" }),
    fc.constant<Node>({ type: "twin" }),
    fc
      .constantFrom("..", "a", ".", "/etc", "../../../outside", "b/c")
      .map((to): Node => ({ type: "link", to })),
    tie("tree"),
    tie("tree"),
  ),
}));

const path = fc.oneof(
  { arbitrary: fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/")), weight: 6 },
  fc
    .array(fc.oneof(name, fc.constantFrom("..", ".", "")), { minLength: 1, maxLength: 5 })
    .map((parts) => parts.join("/")),
);

/** What the guard must say: the kind of what is there, or the code. */
function expected(root: Node, text: string, mode: "ro" | "rw"): string {
  if (text === "" || text.startsWith("/") || text.split("/").includes("..")) return "PATH_OUTSIDE";
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (mode === "rw" && parts.includes(".git")) return "PATH_PROTECTED";
  let at: Node = root;
  for (const [index, part] of parts.entries()) {
    if (at.type !== "directory") return "TOOL_FAILED";
    const next = at.entries.get(part);
    const isLast = index === parts.length - 1;
    if (next === undefined) return isLast ? "absent" : "TOOL_FAILED";
    if (next.type === "link") return "PATH_SYMLINK";
    if (next.type === "twin" && isLast) return "PATH_HARDLINK";
    at = next;
  }
  return at.type;
}

function build(place: Place, at: string, node: Node): void {
  if (node.type === "directory") {
    mkdirSync(at, { recursive: true });
    for (const [key, child] of node.entries) build(place, join(at, key), child);
  } else if (node.type === "file") writeFileSync(at, "x");
  else if (node.type === "twin") linkSync(join(place.outside, "secret.txt"), at);
  else symlinkSync(node.to, at);
}

test(row(["G-01", "G-03", "G-04"], "for any tree and any path the guard answers what the tree says"), () => {
  const met = new Set<string>();
  let round = 0;
  const place = makePlace();
  fc.assert(
    fc.property(tree, fc.array(path, { minLength: 5, maxLength: 20 }), (root, paths) => {
      const top = `tree-${round++}`;
      build(place, place.at(top), root);
      for (const text of paths) {
        for (const mode of ["ro", "rw"] as const) {
          const wanted = text.startsWith("/") || text === "" ? undefined : expected(root, text, mode);
          if (wanted === undefined) continue;
          const got = answer(place, `${top}/${text}`, mode);
          expect(got, `${mode} ${text}`).toBe(wanted);
          met.add(wanted);
        }
      }
    }),
    { numRuns: 300 },
  );
  const kinds = ["PATH_OUTSIDE", "PATH_PROTECTED", "PATH_SYMLINK", "PATH_HARDLINK", "TOOL_FAILED"];
  expect([...met].sort()).toEqual([...kinds, "absent", "directory", "file"].sort());
});

test("a path that climbs is outside, also where what it climbs to has a protected name", () => {
  const place = makePlace();
  for (const text of ["../../../.git", "a/../../../../.ssh/id", "a/../.git/config"])
    for (const mode of ["ro", "rw"] as const) expect(answer(place, text, mode), text).toBe("PATH_OUTSIDE");
});

function answer({ roots }: Place, text: string, mode: "ro" | "rw"): string {
  try {
    const held = openBeneath(roots, text, mode);
    held.close();
    return held.kind;
  } catch (error) {
    return codeOf(error);
  }
}
