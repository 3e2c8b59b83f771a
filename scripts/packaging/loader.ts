// What the executable starts: answers `--version` at once, otherwise loads the program chunk by chunk from the embedded
// assets, each with the V8 code cache made at build time. The writer thread runs the same text and starts its own
// chunk. Code comes from the executable and from Node itself, never from the disk.
import { Script } from "node:vm";
import { isMainThread, workerData } from "node:worker_threads";
import type { ChunkIndex } from "./archive.ts";

declare const GOCLAW_VERSION: string;

interface Chunk {
  exports: unknown;
}
type ChunkBody = (
  exports: unknown,
  require: (id: string) => unknown,
  module: Chunk,
  file: string,
  dir: string,
) => void;

interface Archive {
  readonly bytes: ArrayBuffer;
  readonly index: ChunkIndex;
}

let archive: Archive | undefined;
const loaded = new Map<string, Chunk>();

function load(id: string): unknown {
  if (!id.startsWith("./")) return loadBuiltin(id);
  const known = loaded.get(id);
  if (known !== undefined) return known.exports;
  const chunk: Chunk = { exports: {} };
  loaded.set(id, chunk);
  const name = id.slice(2);
  const body = compile(name) as ChunkBody;
  try {
    body(chunk.exports, load, chunk, `/goclaw/${name}`, "/goclaw");
  } catch (error) {
    // As Node does: a module that failed is not half there for the next one who asks.
    loaded.delete(id);
    throw error;
  }
  return chunk.exports;
}

function loadBuiltin(id: string): unknown {
  const builtin: unknown = process.getBuiltinModule(id);
  if (builtin !== undefined) return builtin;
  throw Object.assign(new Error(`Cannot find module '${id}'`), { code: "MODULE_NOT_FOUND" });
}

/** Chunks are ASCII (the build checks it), so their bytes are a string as they stand. */
function compile(name: string): unknown {
  archive ??= openArchive();
  const entry = archive.index[name];
  if (entry === undefined) throw new Error(`Cannot find chunk '${name}'`);
  const [offset, length, cacheLength] = entry;
  const source = Buffer.from(archive.bytes, offset, length).toString("latin1");
  const cachedData = Buffer.from(archive.bytes, offset + length, cacheLength);
  return new Script(source, {
    filename: `goclaw:${name}`,
    ...(cacheLength > 0 && { cachedData }),
  }).runInThisContext();
}

function openArchive(): Archive {
  const { getAsset, getRawAsset } = process.getBuiltinModule("node:sea");
  return {
    bytes: getRawAsset("chunks.bin"),
    index: JSON.parse(getAsset("chunks.json", "utf8")) as ChunkIndex,
  };
}

if (isMainThread && process.argv.length === 3 && process.argv[2] === "--version") {
  process.stdout.write(`${GOCLAW_VERSION}\n`);
} else {
  load(isMainThread ? "./main.js" : `./${(workerData as { chunk: string }).chunk}`);
}
