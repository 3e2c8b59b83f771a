// `read_file`: a page of a text file, by lines. Pure; what it reads is bounded whatever the file's size says, and a page
// that is not the last says how to get the next.

import type { FileHandle } from "node:fs/promises";
import { openBeneath } from "../policy/paths.ts";
import { cutClean, REACH_CHARS } from "./clean-cut.ts";
import { count, PATH_PARAM, pathOf, textOf, touchPath } from "./file-text.ts";
import { RESULT_CHARS, type Tool, type ToolContext, type ToolOutcome } from "./tool.ts";

const LINES = 2_000;
/** A page, with room for the note below it in what a result may have. */
const PAGE_BYTES = Math.min(102_400, RESULT_CHARS - 1_000);
const CHUNK_BYTES = 65_536;
/** How far into a file lines are counted. */
const SCAN_BYTES = 64 * 1_048_576;

export const PAGE_PARAMS = {
  offset: { type: "integer", minimum: 1, description: "First line, counted from 1. Default 1." },
  limit: {
    type: "integer",
    minimum: 1,
    maximum: LINES,
    description: `How many lines. Default ${LINES}.`,
  },
} as const;

export const readFile: Tool = {
  name: "read_file",
  description:
    `Reads a text file. Returns up to ${LINES} lines or about ${Math.floor(PAGE_BYTES / 1024)} KiB from line \`offset\` on, ` +
    "exactly as they are in the file; a last line in [brackets] says which lines these were and how to get the rest. " +
    "Binary files are not read.",
  params: {
    type: "object",
    properties: {
      path: PATH_PARAM,
      ...PAGE_PARAMS,
    },
    required: ["path"],
    additionalProperties: false,
  },
  effectClass: "pure",
  resource: pathOf,
  touches: touchPath("ro"),
  yields: ["private"],
  run: async (args, { grant, redact, signal }) => {
    const held = openBeneath(grant.roots, pathOf(args), "ro");
    try {
      if (held.kind === "directory")
        return { type: "failed", text: `${held.shown} is a directory; use list_directory` };
      const file = await held.openFile();
      try {
        const { offset = 1, limit = LINES } = args as { offset?: number; limit?: number };
        return pageText(held.shown, await scan(file, { offset, limit }, signal), offset, redact);
      } finally {
        await file.close();
      }
    } finally {
      held.close();
    }
  },
};

interface Page {
  readonly bytes: Buffer;
  readonly lines: number;
  /** `end`: the file ends here. `more`: it goes on. `cut`: the last line is longer than a page. `far`: not looked at. */
  readonly stop: "end" | "more" | "cut" | "far";
  readonly size: number;
}

async function scan(
  file: FileHandle,
  { offset, limit }: { offset: number; limit: number },
  signal: AbortSignal,
): Promise<Page> {
  const { size } = await file.stat();
  const kept: Buffer[] = [];
  let keptBytes = 0;
  let line = 1;
  let lines = 0;
  let scanned = 0;
  const page = (stop: Page["stop"]): Page => ({ bytes: Buffer.concat(kept), lines, stop, size });
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(CHUNK_BYTES), 0, CHUNK_BYTES);
    if (bytesRead === 0 && keptBytes > PAGE_BYTES) return { ...page("cut"), lines: 1 };
    if (bytesRead === 0) return { ...page("end"), lines: lines + (endsOpen(kept) ? 1 : 0) };
    let at = 0;
    while (at < bytesRead) {
      if (lines === limit) return page("more");
      const newline = buffer.indexOf(10, at);
      const isWhole = newline >= 0 && newline < bytesRead;
      const end = isWhole ? newline + 1 : bytesRead;
      if (line >= offset) {
        const part = buffer.subarray(at, end);
        kept.push(part);
        keptBytes += part.length;
        // The page is full: it ends with the last whole line, or in the middle of one that alone is longer.
        if (keptBytes > PAGE_BYTES && lines > 0) return { ...page("more"), bytes: wholeLines(kept) };
        const isSeen = isWhole || keptBytes >= PAGE_BYTES + REACH_CHARS;
        if (keptBytes > PAGE_BYTES && isSeen) return { ...page("cut"), lines: 1 };
        if (isWhole) lines++;
      }
      if (isWhole) line++;
      at = end;
    }
    scanned += bytesRead;
    if (scanned >= SCAN_BYTES) return page("far");
  }
}

/** The whole lines within a page. */
function wholeLines(kept: readonly Buffer[]): Buffer {
  const all = Buffer.concat(kept);
  return all.subarray(0, all.lastIndexOf(10, PAGE_BYTES - 1) + 1);
}

function endsOpen(kept: readonly Buffer[]): boolean {
  const last = kept.at(-1);
  return last !== undefined && last.at(-1) !== 10;
}

function pageText(
  shown: string,
  { bytes, lines, stop, size }: Page,
  offset: number,
  redact: ToolContext["redact"],
): ToolOutcome {
  const text = textOf(stop === "cut" ? wholeCharacters(bytes) : bytes);
  if (text === undefined)
    return {
      type: "failed",
      text: `${shown} is a binary file of ${size} bytes; read_file reads UTF-8 text only`,
    };
  const last = offset + lines - 1;
  const range = lines === 0 ? "no lines" : `lines ${offset}-${last}`;
  switch (stop) {
    case "end":
      if (offset === 1) return { type: "done", text: size === 0 ? `[${shown} is empty]` : text };
      return lines === 0
        ? { type: "failed", text: `${shown} has fewer than ${offset} lines` }
        : { type: "done", text: note(text, `${range} of ${shown}; this is its end`) };
    case "more":
      return {
        type: "done",
        text: note(
          text,
          `${range} of ${shown} (${count(size, "byte")}); the rest: read_file with offset=${last + 1}`,
        ),
      };
    case "cut":
      return {
        type: "done",
        text: note(
          cutClean(text, wholeCharacters(bytes.subarray(0, PAGE_BYTES)).toString("utf8").length, redact),
          `line ${offset} of ${shown} is longer than a page and is cut here; next line: offset=${offset + 1}`,
        ),
      };
    case "far":
      return {
        type: "failed",
        text: `LIMIT_SIZE: ${shown}: line ${offset} is not in the first ${count(SCAN_BYTES, "byte")}, and read_file looks no further`,
      };
  }
}

function note(text: string, what: string): string {
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}[${what}]`;
}

/** Without the beginning of a character that a cut left at the end. */
function wholeCharacters(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > bytes.length - 4 && end > 0 && ((bytes[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  return ((bytes[end - 1] ?? 0) & 0x80) === 0 ? bytes : bytes.subarray(0, Math.max(0, end - 1));
}
