// Finds cassettes by name: first in the home's cassettes directory, then among the bundled ones. A file is parsed once
// and kept; the name can never be a path.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Cassette } from "../domain/cassette.ts";
import { GoclawError, messageOf } from "../domain/error.ts";
import { parseCassette } from "./replay.ts";

const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

export function createCassettes(
  directory: string,
  readBundled: (name: string) => string | undefined,
): (name: string) => Cassette | undefined {
  const parsed = new Map<string, Cassette>();
  return (name) => {
    const known = parsed.get(name);
    if (known !== undefined || !NAME_PATTERN.test(name)) return known;
    const file = join(directory, `${name}.json`);
    const text = readIfPresent(file) ?? readBundled(`cassettes/${name}.json`);
    if (text === undefined) return undefined;
    const cassette = parseCassette(text, file);
    parsed.set(name, cassette);
    return cassette;
  };
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw new GoclawError("CONFIG_INVALID", `cassette ${file} cannot be read: ${messageOf(error)}`);
  }
}
