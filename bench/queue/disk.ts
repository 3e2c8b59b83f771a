// How often this disk can promise: 4 KiB appended to a file, then fdatasync.

import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { makeDirectory, removeDirectory } from "../kit/place.ts";

const BLOCK = Buffer.alloc(4_096, 1);

export function syncsPerSecond(seconds: number): number {
  const directory = makeDirectory("disk");
  const descriptor = openSync(join(directory, "file"), "w");
  const startedMs = performance.now();
  const endMs = startedMs + seconds * 1_000;
  let syncs = 0;
  while (performance.now() < endMs) {
    writeSync(descriptor, BLOCK);
    fdatasyncSync(descriptor);
    syncs++;
  }
  const perSecond = (syncs / (performance.now() - startedMs)) * 1_000;
  closeSync(descriptor);
  removeDirectory(directory);
  return perSecond;
}
