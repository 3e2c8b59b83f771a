// Pages that repeat a table of the code say what the code says: docs/reference, the state table of SPEC.md, and the
// layer table of AGENTS.md.

import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PAGES, stalePages } from "../../scripts/docs.ts";
import { TASK_STATES, TRANSITIONS } from "../../src/domain/task.ts";
import { TOOLS } from "../../src/tools/index.ts";
import { listFiles, ROOT, readText } from "../support/tree.ts";
import { verifies } from "../support/verifies.ts";

test("generated pages are what `npm run docs` writes, and docs/reference has no others", () => {
  expect(stalePages()).toEqual([]);
  const inReference = (path: string) => path.startsWith("docs/reference/");
  expect(listFiles().filter(inReference)).toEqual(Object.keys(PAGES).filter(inReference).sort());
});

test(
  verifies("REL-001", "docs/reference/tools.md says of every tool what may run twice and what may not"),
  () => {
    const rows = [
      ...readText("docs/reference/tools.md").matchAll(/^\| `(\w+)` \| `tools\.\w+` \| `(pure|keyed|once)`/gm),
    ];
    expect(rows.map(([, name, effectClass]) => [name, effectClass])).toEqual(
      TOOLS.map(({ name, effectClass }) => [name, effectClass]),
    );
  },
);

test("SPEC.md has the eight states and the arrows of the code", () => {
  const rows = [...readText("SPEC.md").matchAll(/^\| ([A-Z_]+) \|([A-Z_, ]*)\|/gm)];
  const page = Object.fromEntries(
    rows.map(([, from = "", to = ""]) => [from, to.split(",").flatMap((state) => state.trim() || [])]),
  );
  expect(page).toEqual(TRANSITIONS);
  expect(TASK_STATES).toHaveLength(8);
});

test("AGENTS.md has the layers that dependency-cruiser enforces", () => {
  const config: unknown = createRequire(import.meta.url)(join(ROOT, ".dependency-cruiser.cjs"));
  expect(pageLayers()).toEqual(enforcedLayers(config as Cruise));
});

interface Cruise {
  readonly forbidden: readonly {
    readonly name: string;
    readonly to: { readonly pathNot?: readonly string[] };
  }[];
}

/** Folder → folders it may import, without itself and domain. */
function enforcedLayers(config: Cruise): Record<string, string[]> {
  const rules = config.forbidden.filter((rule) => rule.name.startsWith("layer-"));
  return Object.fromEntries(
    rules.map((rule) => {
      const folder = rule.name.slice("layer-".length);
      const allowed = (rule.to.pathNot ?? []).flatMap((path) => path.match(/^\^src\/(\w+)\/$/)?.[1] ?? []);
      return [folder, allowed.filter((name) => name !== folder && name !== "domain").sort()];
    }),
  );
}

function pageLayers(): Record<string, string[]> {
  const rows = [...readText("AGENTS.md").matchAll(/^([a-z ]+?) +→ ([a-z ]+|–)$/gm)];
  return Object.fromEntries(
    rows.flatMap(([, folders = "", below = ""]) =>
      folders
        .split(" ")
        .map((folder) => [folder, (below.match(/\w+/g) ?? []).filter((it) => it !== folder).sort()]),
    ),
  );
}
