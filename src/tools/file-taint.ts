// What a call has to do with files that hold text from outside: which ones it writes while its session holds some, and
// whether what it read came from one. Paths as the policy judges them; a command's are the words that name a file.

import { resolve } from "node:path";
import type { Grant, Taint } from "../domain/act.ts";
import { type MarkedFile, markedFiles, type WrittenFiles } from "../journal/file-taint.ts";
import { judgePath } from "../policy/path-rules.ts";
import type { Reader } from "../store/reader.ts";
import type { Args, Tool } from "./tool.ts";

const FILES_MAX = 1_000;
const SOURCE_CHARS = 500;

/** Null when the call writes no file by its own hand. What a command writes is its own: in such a session it is asked. */
export function writtenBy(
  tool: Tool,
  args: Args,
  grant: Grant,
  { labels, sources }: Taint,
): WrittenFiles | null {
  const paths = (tool.touches?.(args) ?? []).flatMap(({ path, command }) =>
    path === undefined || path.mode === "ro" || command !== undefined ? [] : realOf(grant, path.path),
  );
  if (paths.length === 0) return null;
  const source = labels.includes("outside") ? sources.join(" ").slice(0, SOURCE_CHARS) : null;
  return { paths, source, isWhole: tool.writesWhole === true };
}

/** Where the text from outside came from that a result has by way of files; null when it has none. */
export function readFrom(reader: Reader, tool: Tool, args: Args, grant: Grant, text: string): string | null {
  const found = (tool.touches?.(args) ?? []).flatMap(({ path, command }) => {
    if (path === undefined) return [];
    const [at] = realOf(grant, path.path);
    if (at === undefined) return [];
    if (command !== undefined) return namedFiles(command, at).flatMap((file) => markedFiles(reader, file));
    // Of a directory only what is shown of it.
    return path.mode === "ro" ? markedFiles(reader, at).filter((file) => isShown(file, at, text)) : [];
  });
  if (found.length === 0) return null;
  return [...new Set(found.flatMap(({ source }) => source.split(" ")))].join(" ").slice(0, SOURCE_CHARS);
}

function isShown({ path }: MarkedFile, directory: string, text: string): boolean {
  if (path === directory) return true;
  const name = path.slice(directory === "/" ? 1 : directory.length + 1);
  return text.includes(name) || text.includes(JSON.stringify(name).slice(1, -1));
}

function namedFiles(command: readonly string[], cwd: string): string[] {
  const words = command.slice(1).flatMap((word) => [word, ...word.split(/[\s;|&<>()'"`=]+/)]);
  // By what they name: one directory has any number of names, and may hold thousands of marked files.
  const named = new Set(words.filter((word) => word !== "").map((word) => resolve(cwd, word)));
  return [...named].slice(0, FILES_MAX);
}

function realOf({ roots }: Grant, path: string): string[] {
  const judged = judgePath(roots, path, "ro");
  return judged.ok ? [judged.real] : [];
}
