// Writes every generated page from the tables in src: `node scripts/docs.ts`. With `--check` it writes nothing, names the
// pages that are out of step and exits 1. Only what is generated here may lie in docs/reference.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { renderExample, renderReference } from "./config-example.ts";
import { cassettesPage } from "./docs/cassettes.ts";
import { cliPage } from "./docs/cli.ts";
import { codesPage } from "./docs/codes.ts";
import { eventsPage } from "./docs/events.ts";
import { methodsPage } from "./docs/methods.ts";
import { statesPage } from "./docs/states.ts";
import { toolsPage } from "./docs/tools.ts";

const ROOT = join(import.meta.dirname, "..");

/** Path relative to the root → what the page must say. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "config.example.yaml": renderExample,
  "docs/reference/cassettes.md": cassettesPage,
  "docs/reference/cli.md": cliPage,
  "docs/reference/codes.md": codesPage,
  "docs/reference/config.md": renderReference,
  "docs/reference/events.md": eventsPage,
  "docs/reference/methods.md": methodsPage,
  "docs/reference/states.md": statesPage,
  "docs/reference/tools.md": toolsPage,
};

/** The pages whose file is missing or says something else. */
export function stalePages(): string[] {
  return Object.entries(PAGES).flatMap(([path, page]) => (read(path) === page() ? [] : [path]));
}

function read(path: string): string | undefined {
  const file = join(ROOT, path);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

function main(args: readonly string[]): number {
  const stale = stalePages();
  if (args.includes("--check")) {
    for (const path of stale) console.error(`${path} is out of step with src: run \`npm run docs\``);
    return stale.length === 0 ? 0 : 1;
  }
  for (const path of stale) {
    mkdirSync(dirname(join(ROOT, path)), { recursive: true });
    writeFileSync(join(ROOT, path), PAGES[path]?.() ?? "");
    console.log(`wrote ${path}`);
  }
  return 0;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
