// The registry is every method that is defined, under its own name, and nothing else.

import { join } from "node:path";
import { expect, test } from "vitest";
import { RPC_METHODS } from "../../../src/rpc/methods/index.ts";
import { listFiles, ROOT } from "../../support/tree.ts";

interface Defined {
  readonly name: string;
  readonly capability: string;
  readonly run: unknown;
}

const isMethod = (value: unknown): value is Defined =>
  typeof value === "object" && value !== null && ["name", "capability", "run"].every((key) => key in value);

test("every method of src/rpc/methods can be called by its name, and no two have one name", async () => {
  const files = listFiles().filter((path) => /^src\/rpc\/methods\/(?!index).*\.ts$/.test(path));
  const modules = await Promise.all(
    files.map(async (path) => (await import(join(ROOT, path))) as Record<string, unknown>),
  );
  const defined = modules.flatMap((module) => Object.values(module).filter(isMethod));
  const names = defined.map(({ name }) => name).sort();
  expect(new Set(names).size).toBe(names.length);
  expect([...RPC_METHODS.keys()].sort()).toEqual(names);
  for (const { name, capability } of defined) expect(RPC_METHODS.get(name)?.capability).toBe(capability);
});
