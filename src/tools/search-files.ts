// `search_files`: the lines that match a pattern, in the files below a place. Pure; the time is bounded by what is read,
// because no pattern takes more than linear time.

import { showName } from "../domain/quote.ts";
import type { Held } from "../policy/held.ts";
import { openBeneath } from "../policy/paths.ts";
import { cutClean } from "./clean-cut.ts";
import { count, PATH_PARAM, pathOf, textOf, touchPath } from "./file-text.ts";
import { compileGlob, compilePattern, type Pattern } from "./linear-pattern.ts";
import { walkFiles } from "./search-walk.ts";
import { type Args, RESULT_CHARS, type Tool, type ToolContext } from "./tool.ts";

const LIMIT = 100;
const LIMIT_MAX = 1_000;
const CONTEXT_MAX = 10;
/** A larger file is passed over. */
const FILE_BYTES = 2 * 1_048_576;
const SEARCH_BYTES = 64 * 1_048_576;
const LINE_CHARS = 300;
const TEXT_CHARS = RESULT_CHARS - 1_000;
/** What one search may cost, in the units of a pattern: some seconds at the worst. */
const WORK = 400_000_000;
/** After that much the rest of the daemon has its turn. */
const WORK_AT_ONCE = 500_000;

export const searchFiles: Tool = {
  name: "search_files",
  description:
    "Searches text files below a directory (or one file) for a regular expression, line by line, like grep -rn. Returns " +
    "`path:line: text`; lines of context are `path-line- text`. No look-ahead and no back-references; set literal to search " +
    "for the text as it is. Binary files, files over 2 MiB, symbolic links, .git and node_modules are passed over.",
  params: {
    type: "object",
    properties: {
      pattern: {
        type: "string",
        minLength: 1,
        maxLength: 1_000,
        description: "A JavaScript regular expression.",
      },
      path: { ...PATH_PARAM, description: `${PATH_PARAM.description} Default: the workspace.` },
      glob: {
        type: "string",
        minLength: 1,
        maxLength: 200,
        description:
          "Only files whose name fits, such as *.ts, or whose path does, such as src/**/*.{ts,tsx}.",
      },
      literal: { type: "boolean", description: "The pattern is plain text. Default false." },
      ignore_case: { type: "boolean", description: "Default false." },
      context: {
        type: "integer",
        minimum: 0,
        maximum: CONTEXT_MAX,
        description: "Lines around a match. Default 0.",
      },
      limit: {
        type: "integer",
        minimum: 1,
        maximum: LIMIT_MAX,
        description: `Matching lines. Default ${LIMIT}.`,
      },
    },
    required: ["pattern"],
    additionalProperties: false,
  },
  effectClass: "pure",
  resource: pathOf,
  touches: touchPath("ro"),
  yields: ["private"],
  run: async (args, { grant, redact, signal }) => {
    const search = openSearch(args, redact);
    const held = openBeneath(grant.roots, pathOf(args), "ro");
    try {
      if (held.kind === "absent") await held.openNames(); // says that it does not exist
      const prefix =
        held.shown === "." ? "" : held.kind === "file" ? held.shown : `${held.shown.replace(/\/$/, "")}/`;
      const tally = await walkFiles(grant.roots, held, signal, async (file, path) => {
        if (search.glob !== undefined && !search.glob(path || held.at)) return true;
        await searchOne(search, file, prefix + (path === "" ? "" : showName(path)));
        return search.stop === null;
      });
      return {
        type: "done",
        text: resultText(search, tally.files, tally.passedOver, search.stop ?? tally.limit),
      };
    } finally {
      held.close();
    }
  },
};

interface Search {
  readonly pattern: Pattern;
  readonly glob: ((path: string) => boolean) | undefined;
  readonly around: number;
  readonly limit: number;
  readonly redact: ToolContext["redact"];
  readonly out: string[];
  chars: number;
  found: number;
  bytes: number;
  work: number;
  /** Why it ended early. */
  stop: string | null;
}

function openSearch(args: Args, redact: ToolContext["redact"]): Search {
  const { pattern, glob, literal, ignore_case, context, limit } = args as Readonly<Record<string, unknown>>;
  return {
    pattern: compilePattern(String(pattern), {
      isLiteral: literal === true,
      ignoreCase: ignore_case === true,
    }),
    glob: glob === undefined ? undefined : compileGlob(String(glob)),
    around: Number(context ?? 0),
    limit: Number(limit ?? LIMIT),
    redact,
    out: [],
    chars: 0,
    found: 0,
    bytes: 0,
    work: 0,
    stop: null,
  };
}

async function searchOne(search: Search, file: Held, shown: string): Promise<void> {
  const size = file.target?.stats.size ?? 0;
  if (size > FILE_BYTES) return;
  if (search.bytes + size > SEARCH_BYTES) {
    search.stop = `only the first ${count(SEARCH_BYTES, "byte")} were searched; narrow it with path or glob`;
    return;
  }
  const bytes = await file.readWhole(FILE_BYTES).catch(() => undefined); // grew, or vanished: passed over
  const text = bytes && textOf(bytes);
  if (text === undefined) return;
  search.bytes += size;
  await searchLines(search, linesOf(text), shown);
}

async function searchLines(search: Search, lines: readonly string[], shown: string): Promise<void> {
  let next = 0;
  for (const [index, line] of lines.entries()) {
    await spend(search, line.length);
    if (search.stop !== null) return;
    if (!search.pattern.matches(line.endsWith("\r") ? line.slice(0, -1) : line)) continue;
    if (search.found === search.limit) {
      search.stop = `there are more than ${search.limit} matching lines; narrow the search, or raise limit`;
      return;
    }
    search.found++;
    const from = Math.max(next, index - search.around);
    if (search.around > 0 && from > next && search.out.length > 0) add(search, "--");
    const to = Math.min(lines.length - 1, index + search.around);
    for (let at = from; at <= to; at++) {
      const mark = search.pattern.matches(lines[at] ?? "") ? ":" : "-";
      // A later match prints the lines that follow it itself.
      if (at > index && mark === ":") break;
      add(search, `${shown}${mark}${at + 1}${mark} ${shorten(lines[at] ?? "", search.redact)}`);
      next = at + 1;
    }
    if (search.stop !== null) return;
  }
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

async function spend(search: Search, chars: number): Promise<void> {
  const before = search.work;
  search.work += (chars + 10) * search.pattern.cost;
  if (search.work > WORK) search.stop ??= "it took too long; narrow it with path or glob, or set literal";
  if (Math.floor(before / WORK_AT_ONCE) !== Math.floor(search.work / WORK_AT_ONCE))
    await new Promise((resolve) => setImmediate(resolve));
}

function add(search: Search, line: string): void {
  search.chars += line.length + 1;
  if (search.chars > TEXT_CHARS) search.stop ??= "the result is full; narrow the search";
  else search.out.push(line);
}

function shorten(line: string, redact: ToolContext["redact"]): string {
  const text = line.replace(/\r$/, "");
  return text.length <= LINE_CHARS
    ? text
    : `${cutClean(text, LINE_CHARS, redact)}… [${text.length} characters]`;
}

function resultText(search: Search, files: number, passedOver: number, stop: string | null): string {
  const found = search.found === 0 ? "nothing found" : count(search.found, "matching line");
  const over = passedOver === 0 ? "" : `; ${passedOver} links or closed files were passed over`;
  const limit = stop === null ? "" : `; LIMIT_SIZE: ${stop}`;
  return [...search.out, `[${found} in ${count(files, "file")}${over}${limit}]`].join("\n");
}
