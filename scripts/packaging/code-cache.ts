// Run by the target node binary on a folder of chunks: `write` makes the V8 code cache of each that has none from the
// warm-up, with every function compiled; `check` fails when V8 would reject a cache. V8 takes one only from the same
// version with the same flags, hence the own process.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { Script } from "node:vm";

interface ChunkFile {
  readonly name: string;
  readonly source: string;
  readonly cacheFile: string;
}

function chunksIn(folder: string): ChunkFile[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(".js"));
  return names.sort().map((name) => ({
    name,
    source: readFileSync(join(folder, name), "latin1"),
    cacheFile: join(folder, `${name}.cache`),
  }));
}

function write(chunk: ChunkFile): void {
  if (existsSync(chunk.cacheFile)) return;
  setFlagsFromString("--no-lazy");
  const script = new Script(chunk.source, { filename: `goclaw:${chunk.name}` });
  // The flags are part of a cache's identity: back to the defaults, which is what the executable runs with.
  setFlagsFromString("--lazy");
  setFlagsFromString("--hash-seed=0");
  writeFileSync(chunk.cacheFile, script.createCachedData());
}

function check(chunk: ChunkFile): void {
  const cachedData = readFileSync(chunk.cacheFile);
  const script = new Script(chunk.source, { filename: `goclaw:${chunk.name}`, cachedData });
  if (script.cachedDataRejected !== false) throw new Error(`V8 rejects the code cache of ${chunk.name}`);
}

if (import.meta.main) {
  const [mode, folder = ""] = process.argv.slice(2);
  for (const chunk of chunksIn(folder)) mode === "write" ? write(chunk) : check(chunk);
}
