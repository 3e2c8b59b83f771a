// The one place that knows whether goclaw runs from source or as the packaged executable: embedded files, the SQLite
// addon and the store's writer thread are asked for here. Every thread loads the addon from the same path, so the
// process never holds a second copy of SQLite (a second copy would drop the first one's file locks).
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getAsset, getAssetKeys, getRawAsset, isSea } from "node:sea";
import { Worker, workerData } from "node:worker_threads";
import { GoclawError, messageOf } from "./domain/error.ts";

/** Asset folder → where its files are in the source tree, relative to this file. The build embeds exactly these. */
export const ASSET_FOLDERS: Readonly<Record<string, string>> = {
  migrations: "store/migrations",
  cassettes: "cassettes",
};

interface Addon {
  readonly path: string;
  readonly binding: object;
}

export type WriterThread = Worker;

/** Linux: open a file that has no name. node:fs lacks the flag; its directory bit differs between processors. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

let addon: Addon | undefined;

/** True in `dist/goclaw`, false when Node runs the sources. The same on every thread. */
export function isPackaged(): boolean {
  return isSea();
}

/** The version of package.json, as `goclaw --version` prints it. */
export function version(): string {
  if (isSea()) return getAsset("version", "utf8");
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}

/** The text of a bundled file such as `migrations/0001_core.sql`, or undefined when there is none of that name. */
export function readAsset(name: string): string | undefined {
  if (!listAssets(name).includes(name)) return undefined;
  if (isSea()) return getAsset(name, "utf8");
  const [folder = "", file = ""] = name.split("/");
  return readFileSync(new URL(`${ASSET_FOLDERS[folder]}/${file}`, import.meta.url), "utf8");
}

/** Names of the bundled files that start with `prefix`, sorted: `listAssets("migrations/")`. */
export function listAssets(prefix: string): readonly string[] {
  const names = isSea() ? getAssetKeys() : Object.keys(ASSET_FOLDERS).flatMap(sourceAssets);
  return names.filter((name) => isAsset(name) && name.startsWith(prefix)).sort();
}

/**
 * The value for better-sqlite3's `nativeBinding`, on the main thread and on the writer's. Undefined from source: there
 * the package finds its own prebuilt addon. Throws IO_ERROR when no directory lets the addon be loaded.
 */
export function sqliteBinding(): object | undefined {
  return isSea() ? loadAddon().binding : undefined;
}

/**
 * Starts `src/writer.ts` on its own thread. It loads its code and SQLite and touches nothing else until it is sent its
 * WriterData. Throws IO_ERROR as sqliteBinding does.
 */
export function startWriter(): WriterThread {
  if (!isSea()) return new Worker(new URL("./writer.ts", import.meta.url));
  const options = { eval: true, workerData: { addonPath: loadAddon().path, chunk: "writer.js" } };
  return new Worker(getAsset("loader.js", "utf8"), options);
}

/** Starts `src/page-reader.ts` on a thread of its own, with little memory and nothing of this process's environment. */
export function startPageReader(): Worker {
  const limits = {
    env: {},
    resourceLimits: { maxOldGenerationSizeMb: 192, maxYoungGenerationSizeMb: 16, stackSizeMb: 4 },
  };
  if (!isSea()) return new Worker(new URL("./page-reader.ts", import.meta.url), limits);
  const workerData = { chunk: "page-reader.js" };
  return new Worker(getAsset("loader.js", "utf8"), { eval: true, workerData, ...limits });
}

function isAsset(name: string): boolean {
  const [folder = "", file, ...rest] = name.split("/");
  return Object.hasOwn(ASSET_FOLDERS, folder) && file !== undefined && rest.length === 0;
}

function sourceAssets(folder: string): string[] {
  const files = readdirSync(new URL(`${ASSET_FOLDERS[folder]}/`, import.meta.url));
  return files.map((file) => `${folder}/${file}`);
}

function loadAddon(): Addon {
  addon ??= inheritedAddon() ?? placeAddon();
  return addon;
}

/** On a thread started by `startWriter`: the file the main thread has loaded already. */
function inheritedAddon(): Addon | undefined {
  const path = (workerData as { addonPath?: string } | null)?.addonPath;
  return path === undefined ? undefined : { path, binding: load(path) };
}

function placeAddon(): Addon {
  const bytes = new Uint8Array(getRawAsset("better_sqlite3.node"));
  const failures: string[] = [];
  for (const directory of new Set([tmpdir(), process.env.XDG_RUNTIME_DIR, "/dev/shm"])) {
    if (!directory) continue;
    for (const open of [openNameless, openUnlinked]) {
      try {
        return loadFrom(open(directory), bytes);
      } catch (error) {
        failures.push(`${directory}: ${messageOf(error)}`);
      }
    }
  }
  const detail = failures.join("; ");
  throw new GoclawError(
    "IO_ERROR",
    `the SQLite library could not be loaded (${detail}); set TMPDIR to a writable directory on a file system mounted without noexec`,
  );
}

/** A nameless file: nothing is left on disk, not even after SIGKILL. Some file systems do not have them. */
function openNameless(directory: string): number {
  return openSync(directory, O_TMPFILE | constants.O_RDWR, 0o700);
}

function openUnlinked(directory: string): number {
  const own = mkdtempSync(join(directory, "goclaw-"));
  try {
    return openSync(join(own, "better_sqlite3.node"), "wx+", 0o700);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** The descriptor stays open for the life of the process: its /proc path is how other threads find the file. */
function loadFrom(descriptor: number, bytes: Uint8Array): Addon {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, at);
    const path = `/proc/self/fd/${descriptor}`;
    return { path, binding: load(path) };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function load(path: string): object {
  const target: { exports: object } = { exports: {} };
  process.dlopen(target, path);
  return target.exports;
}
