// Imports that the layer table forbids, one of each kind, with the rule that must report them. They are written into a
// scratch tree together with CLEAN, which gives them something to reach and must itself pass.

export const CLEAN: Readonly<Record<string, string>> = {
  "src/main.ts": 'import { run } from "./cli/program.ts";\nrun();\n',
  "src/daemon.ts": 'import { claim } from "./queue/claim.ts";\nexport const start = claim;\n',
  "src/native.ts": "export const packaged = false;\n",
  "src/cli/program.ts": 'export const run = async () => (await import("../daemon.ts")).start;\n',
  "src/queue/claim.ts":
    'import type { State } from "../domain/state.ts";\nexport const claim: State = "QUEUED";\n',
  "src/domain/state.ts": 'export type State = "QUEUED";\n',
  "src/store/open.ts":
    'import Database from "better-sqlite3";\nexport const open = () => new Database("");\n',
};

export interface Violation {
  readonly name: string;
  readonly path: string;
  readonly text: string;
  readonly rule: string;
}

const violation = (rule: string, path: string, name: string, text: string): Violation => ({
  name,
  path,
  text,
  rule,
});

export const VIOLATIONS: readonly Violation[] = [
  violation(
    "layer-store",
    "src/store/value.ts",
    "a value from above",
    'export { claim } from "../queue/claim.ts";',
  ),
  violation(
    "layer-store",
    "src/store/type.ts",
    "a type from above",
    'import type { claim } from "../queue/claim.ts";\nexport type A = typeof claim;',
  ),
  violation(
    "layer-store",
    "src/store/inline-type.ts",
    "an inline type from above",
    'import { type claim } from "../queue/claim.ts";\nexport type A = typeof claim;',
  ),
  violation(
    "layer-store",
    "src/store/type-again.ts",
    "a type passed on from above",
    'export type { claim } from "../queue/claim.ts";',
  ),
  violation(
    "layer-store",
    "src/store/lazy.ts",
    "a dynamic import from above",
    'export const a = () => import("../queue/claim.ts");',
  ),
  violation(
    "layer-tui",
    "src/tui/a.ts",
    "the queue from the TUI",
    'export { claim } from "../queue/claim.ts";',
  ),
  violation(
    "layer-queue",
    "src/queue/a.ts",
    "a port from the queue",
    'export { packaged } from "../native.ts";',
  ),
  violation(
    "port-native",
    "src/native.ts",
    "the queue from a port",
    'export { claim } from "./queue/claim.ts";',
  ),
  violation("domain-is-pure", "src/domain/a.ts", "Node in the domain", 'export { join } from "node:path";'),
  violation(
    "verbs-are-functions",
    "src/queue/b.ts",
    "a file from a verb",
    'export { readFile } from "node:fs";',
  ),
  violation("only-in-better-sqlite3", "src/bus/a.ts", "SQLite outside the store", 'import "better-sqlite3";'),
  violation("only-in-openai", "src/providers/replay.ts", "an SDK outside its file", 'import "openai";'),
  violation(
    "only-in-openai",
    "src/brain/a.ts",
    "a type from a subpath of an SDK",
    'import type { Stream } from "openai/streaming";\nexport type A = Stream<unknown>;',
  ),
  violation(
    "only-in-child_process",
    "src/tools/a.ts",
    "child processes",
    'export { spawn } from "node:child_process";',
  ),
  violation(
    "only-in-sea",
    "src/store/sea.ts",
    "node:sea outside native",
    'export { isSea } from "node:sea";',
  ),
  violation("daemon-lazily", "src/cli/a.ts", "the daemon at once", 'export { start } from "../daemon.ts";'),
  violation("main-is-the-top", "src/boot.ts", "main from elsewhere", 'import "./main.ts";'),
  violation("folder-not-in-table", "src/extra/a.ts", "an unknown folder", 'import "node:fs";'),
  violation("not-to-dev-dependency", "src/bus/b.ts", "a development tool", 'import "esbuild";'),
  violation("resolvable", "src/bus/c.ts", "a file that is not there", 'import "./nowhere.ts";'),
  violation("not-to-test", "src/boot-test.ts", "a test from the program", 'import "../test/a.ts";'),
  violation(
    "no-cycle",
    "src/rpc/a.ts",
    "a cycle of types",
    'import type { B } from "./b.ts";\nexport type A = B | 1;',
  ),
];

/** What the violations need beside CLEAN: the far half of the cycle, and a test to import. */
export const BESIDE: Readonly<Record<string, string>> = {
  "src/rpc/b.ts": 'import type { A } from "./a.ts";\nexport type B = A | 2;\n',
  "test/a.ts": "export const a = 1;\n",
};
