// Where things are, and temporary directories: all below one folder that is removed when the process ends. The folder
// is on the disk that is measured: TMPDIR moves it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const BENCH = fileURLToPath(new URL("..", import.meta.url));
export const ROOT = join(BENCH, "..");
export const NODE = join(ROOT, "node_modules/.bin/node");
export const EXECUTABLE = join(ROOT, "dist/goclaw");

const made = new Set<string>();
process.on("exit", () => {
  for (const directory of made) removeDirectory(directory);
});

export function makeDirectory(name: string): string {
  const directory = mkdtempSync(join(tmpdir(), `goclaw-bench-${name}-`));
  made.add(directory);
  return directory;
}

export function removeDirectory(directory: string): void {
  made.delete(directory);
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}
