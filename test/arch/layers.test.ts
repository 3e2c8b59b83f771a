// The layer rules bite: each kind of forbidden import, written into a scratch tree, is reported by its rule, and a clean
// tree passes. Without this, a parser that overlooks an import form would make every check green.

import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listFiles, ROOT, readText } from "../support/tree.ts";
import { verifies } from "../support/verifies.ts";
import { BESIDE, CLEAN, VIOLATIONS } from "./violations.ts";

const CONFIG = ".dependency-cruiser.cjs";
const TOOL = "node_modules/dependency-cruiser/bin/dependency-cruiser.mjs";
const scratch = mkdtempSync(join(tmpdir(), "goclaw-layers-"));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Report {
  readonly summary: {
    readonly violations: readonly { readonly from: string; readonly rule: { readonly name: string } }[];
  };
}

/** A tree of these files that dependency-cruiser can be run in. */
function plant(name: string, files: Readonly<Record<string, string>>): string {
  const dir = join(scratch, name);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  for (const path of [CONFIG, "package.json"]) cpSync(join(ROOT, path), join(dir, path));
  symlinkSync(join(ROOT, "node_modules"), join(dir, "node_modules"));
  return dir;
}

/** `rule file` for every violation that dependency-cruiser finds there. */
async function cruise(dir: string): Promise<string[]> {
  const args = [join(ROOT, TOOL), "--config", CONFIG, "--output-type", "json", "src"];
  // Violations make the tool exit with their number; what it printed is what counts.
  const done: unknown = await promisify(execFile)(process.execPath, args, {
    cwd: dir,
    maxBuffer: 67_108_864,
  }).catch((error) => error);
  const { summary } = JSON.parse((done as { stdout: string }).stdout) as Report;
  return summary.violations.map(({ rule, from }) => `${rule.name} ${from}`);
}

let reported: readonly string[] = [];
beforeAll(async () => {
  const bad = VIOLATIONS.map(({ path, text }) => [path, `${text}\n`]);
  reported = await cruise(plant("bad", { ...CLEAN, ...BESIDE, ...Object.fromEntries(bad) }));
});

test("a clean tree passes", async () => {
  expect(await cruise(plant("clean", CLEAN))).toEqual([]);
});

test.each(VIOLATIONS)("refused: $name", ({ rule, path }) => {
  expect(reported).toContain(`${rule} ${path}`);
});

test("the program keeps its layers", async () => {
  expect(await cruise(ROOT)).toEqual([]);
});

test(verifies("PER-003", "a verb's file that reaches for a file, a socket or a port is refused"), () => {
  const ofVerbs = reported.filter((line) => line.includes(" src/queue/"));
  expect(ofVerbs.sort()).toEqual(["layer-queue src/queue/a.ts", "verbs-are-functions src/queue/b.ts"]);
});

test(verifies("PER-003", "no file that defines a verb can do I/O or read a clock, wherever it lies"), () => {
  const reaching =
    /from "(node:(?!crypto")[^"]*|\.\.\/(native|system)\.ts|[^".][^"]*\/sdk|openai|fastify|pino)"/;
  const verbs = listFiles().filter(
    (path) => path.startsWith("src/") && /\bdefineVerb\(/.test(readText(path)),
  );
  expect(verbs).toContain("src/queue/claim.ts");
  expect(verbs.filter((path) => reaching.test(readText(path)))).toEqual([]);
});

test("every folder of src has a layer", () => {
  const config = createRequire(import.meta.url)(join(ROOT, CONFIG)) as { forbidden: { name: string }[] };
  const layers = config.forbidden.map((rule) => rule.name.replace("layer-", ""));
  const folders = listFiles().flatMap((path) => path.match(/^src\/([^/]+)\/.*\.tsx?$/)?.[1] ?? []);
  expect([...new Set(folders)].filter((name) => name !== "domain" && !layers.includes(name))).toEqual([]);
});
