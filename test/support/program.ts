// Which goclaw is under test: GOCLAW_BIN if set, else the built binary when it is newer than every source file, else
// the sources under the pinned Node. The environment given to it holds nothing of the caller's but PATH.

import { existsSync, readdirSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

export const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

export function programUnderTest(): readonly string[] {
  const named = process.env.GOCLAW_BIN;
  if (named) return named.split(" ");
  const built = `${REPOSITORY}dist/goclaw`;
  if (existsSync(built) && statSync(built).mtimeMs > newestMs(`${REPOSITORY}src`)) return [built];
  return [nodeUnderTest(), `${REPOSITORY}src/main.ts`];
}

export function nodeUnderTest(): string {
  const pinned = `${REPOSITORY}node_modules/.bin/node`;
  return existsSync(pinned) ? pinned : process.execPath;
}

export function cleanEnvironment(home: string, extra: Readonly<Record<string, string>> = {}) {
  return { PATH: process.env.PATH ?? "", HOME: home, GOCLAW_HOME: home, NODE_NO_WARNINGS: "1", ...extra };
}

function newestMs(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((file) => statSync(`${file.parentPath}/${file.name}`).mtimeMs));
}
