// All chunks and their code caches as one asset, and where each lies in it. As assets of their own, Node would look at
// the head of every one at every start, and the system would map 64 KB around each. Those of the start lie together.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Chunk name → offset of its source, bytes of its source, bytes of the code cache behind it (0: none). */
export type ChunkIndex = Readonly<Record<string, readonly [number, number, number]>>;

/** Names of the chunks in `work` that have a code cache. */
export function cachedChunks(work: string): string[] {
  return chunksIn(work).filter((name) => existsSync(cacheOf(work, name)));
}

/** Writes the two assets anew from the folder of chunks, those named `first` before the others. */
export function packChunks(work: string, first: readonly string[]): void {
  const others = chunksIn(work).filter((name) => !first.includes(name));
  const index: Record<string, readonly [number, number, number]> = {};
  const parts: Buffer[] = [];
  let offset = 0;
  for (const name of [...first, ...others]) {
    const source = readFileSync(join(work, "chunks", name));
    const cache = existsSync(cacheOf(work, name)) ? readFileSync(cacheOf(work, name)) : Buffer.alloc(0);
    index[name] = [offset, source.length, cache.length];
    parts.push(source, cache);
    offset += source.length + cache.length;
  }
  writeFileSync(join(work, "chunks.bin"), Buffer.concat(parts));
  writeFileSync(join(work, "chunks.json"), JSON.stringify(index));
}

function chunksIn(work: string): string[] {
  const names = readdirSync(join(work, "chunks"));
  return names.filter((name) => name.endsWith(".js")).sort();
}

function cacheOf(work: string, name: string): string {
  return join(work, "chunks", `${name}.cache`);
}
