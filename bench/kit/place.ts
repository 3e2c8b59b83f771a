// Where things are, and temporary directories: all below one folder, shared with the children, which the parent removes
// when it ends. It is on the disk that is measured: TMPDIR moves it.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const BENCH = fileURLToPath(new URL("..", import.meta.url));
export const ROOT = join(BENCH, "..");
export const NODE = join(ROOT, "node_modules/.bin/node");
export const EXECUTABLE = join(ROOT, "dist/goclaw");

const VARIABLE = "GOCLAW_BENCH_DIRECTORY";
const folder = process.env[VARIABLE] ?? openFolder();

/** Only the first process of the bench makes it; the others inherit its name. */
function openFolder(): string {
  const made = mkdtempSync(join(tmpdir(), "goclaw-bench-"));
  process.env[VARIABLE] = made;
  process.on("exit", () => removeDirectory(made));
  return made;
}

export function makeDirectory(name: string): string {
  return mkdtempSync(join(folder, `${name}-`));
}

export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}
