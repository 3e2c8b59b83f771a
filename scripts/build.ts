// `npm run build`: makes dist/goclaw from src/ and node_modules/. The same inputs give the same bytes; a step that goes
// wrong ends the build and leaves the previous dist/goclaw as it was. `--if-stale` does nothing when it is up to date.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./packaging/bundle.ts";
import {
  inject,
  makeBase,
  verifyVersion,
  writeChunks,
  writeCodeCaches,
  writeSettings,
} from "./packaging/executable.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const OUTPUT = join(ROOT, "dist/goclaw");
const INPUTS = ["src", "scripts/build.ts", "scripts/packaging", "package.json", "package-lock.json"];

/** Newest change of a file or of anything in a folder; a folder's own time tells of deleted files. */
function changedAtMs(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => changedAtMs(join(path, name))));
}

function isUpToDate(): boolean {
  const builtAtMs = statSync(OUTPUT, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return INPUTS.every((path) => changedAtMs(join(ROOT, path)) < builtAtMs);
}

async function timed<T>(name: string, step: () => T | Promise<T>): Promise<T> {
  const startedAtMs = performance.now();
  const result = await step();
  console.log(`  ${name.padEnd(12)} ${((performance.now() - startedAtMs) / 1000).toFixed(2)} s`);
  return result;
}

async function buildIn(work: string, version: string): Promise<void> {
  await timed("node", () => makeBase(ROOT, work));
  const program = await timed("bundle", () => bundle(ROOT, version));
  writeChunks(work, program, version);
  writeSettings(ROOT, work);
  await timed("code caches", () => writeCodeCaches(work));
  await timed("inject", () => inject(work));
  verifyVersion(work, version);
}

async function main(): Promise<void> {
  if (process.argv.includes("--if-stale") && isUpToDate()) {
    console.log("dist/goclaw is up to date");
    return;
  }
  const startedAt = new Date();
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  mkdirSync(join(ROOT, "build"), { recursive: true });
  mkdirSync(join(ROOT, "dist"), { recursive: true });
  const work = mkdtempSync(join(ROOT, "build/goclaw-"));
  process.once("exit", () => rmSync(work, { recursive: true, force: true }));
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  await buildIn(work, version);
  // A plain copy: the page cache holds a file that postject has rewritten in large blocks, of which each process then
  // maps 16 MB more.
  copyFileSync(join(work, "node"), join(work, "goclaw"));
  // As old as the build's start: a source that changed meanwhile makes the result stale.
  utimesSync(join(work, "goclaw"), startedAt, startedAt);
  renameSync(join(work, "goclaw"), OUTPUT);
  console.log(`dist/goclaw ${version}, ${(statSync(OUTPUT).size / 1e6).toFixed(0)} MB`);
}

main().catch((error: unknown) => {
  console.error(`build failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
