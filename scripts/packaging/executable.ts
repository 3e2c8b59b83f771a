// Makes the executable: the pinned Node without its symbols, with the program, its code caches, the SQLite addon and the
// bundled files inside (Node's "single executable application"). All paths are relative to the work folder, so the
// bytes do not depend on where the checkout is.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cachedChunks, packChunks } from "./archive.ts";
import { type Bundle, textAssets } from "./bundle.ts";
import { WRITE_ARGV } from "./warm-up.ts";

const SENTINEL_FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
const STEP_TIMEOUT_MS = 120_000;

/**
 * The only options Node gets; NODE_OPTIONS adds nothing. SIGUSR1 does not open a debugger. A small young generation
 * keeps the daemon's memory flat under load at the same throughput.
 */
const EXEC_ARGV = ["--disable-warning=ExperimentalWarning", "--disable-sigusr1", "--max-semi-space-size=4"];

/** Copies the pinned Node to `work`/node and strips it: 18 MB less. Without `strip` the symbols stay. */
export function makeBase(root: string, work: string): void {
  const node = join(root, `node_modules/node-linux-${process.arch}/bin/node`);
  if (!existsSync(node)) throw new Error(`${node} is missing: run scripts/dependencies.sh`);
  const base = join(work, "node");
  copyFileSync(node, base);
  chmodSync(base, 0o755);
  try {
    run(work, "strip", ["node"]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    console.log("  strip is not installed; the executable keeps its symbols (18 MB)");
  }
}

export function writeChunks(work: string, { chunks, loader }: Bundle, version: string): void {
  mkdirSync(join(work, "chunks"));
  for (const [name, text] of chunks) writeFileSync(join(work, "chunks", name), text);
  writeFileSync(join(work, "loader.js"), loader);
  writeFileSync(join(work, "version"), version);
}

export function writeCodeCaches(work: string): void {
  packChunks(work, []);
  const warmUp = fileURLToPath(import.meta.resolve("./warm-up.ts"));
  run(work, "./node", [...WRITE_ARGV, warmUp, work], { TMPDIR: work });
  const atStart = cachedChunks(work);
  const script = fileURLToPath(import.meta.resolve("./code-cache.ts"));
  run(work, "./node", [...WRITE_ARGV, script, "write", "chunks"]);
  run(work, "./node", [...EXEC_ARGV, script, "check", "chunks"]);
  packChunks(work, atStart);
}

/** Writes down what goes into the executable, for Node and for the warm-up. */
export function writeSettings(root: string, work: string): void {
  const settings = {
    main: "loader.js",
    output: "goclaw.blob",
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    execArgv: EXEC_ARGV,
    execArgvExtension: "none",
    assets: assetsOf(root),
  };
  writeFileSync(join(work, "sea.json"), JSON.stringify(settings, undefined, 2));
}

/** Turns `work`/node into the executable. */
export function inject(work: string): void {
  run(work, "./node", ["--experimental-sea-config", "sea.json"]);
  const postject = fileURLToPath(import.meta.resolve("postject/dist/cli.js"));
  run(work, process.execPath, [
    postject,
    "node",
    "NODE_SEA_BLOB",
    "goclaw.blob",
    "--sentinel-fuse",
    SENTINEL_FUSE,
  ]);
}

/** The executable must answer `--version` by itself: no environment, no Node on the PATH. */
export function verifyVersion(work: string, version: string): void {
  const printed = run(work, "./node", ["--version"], {});
  if (printed !== `${version}\n`)
    throw new Error(`the executable prints ${JSON.stringify(printed)} for --version`);
}

function assetsOf(root: string): Record<string, string> {
  const own = ["loader.js", "version", "chunks.bin", "chunks.json"];
  const assets: Record<string, string> = Object.fromEntries(own.map((name) => [name, name]));
  for (const [name, file] of textAssets(root)) assets[name] = file;
  const addon = join(root, `node_modules/better-sqlite3/prebuilds/linux-${process.arch}.node`);
  if (!existsSync(addon)) throw new Error(`${addon} is missing: run scripts/dependencies.sh`);
  assets["better_sqlite3.node"] = addon;
  return assets;
}

function run(
  cwd: string,
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): string {
  return execFileSync(file, args, { cwd, env, encoding: "utf8", timeout: STEP_TIMEOUT_MS, stdio: "pipe" });
}
