// `memory_search`: the lines of the memory that have a text. It is `search_files` below workspace/memory; a memory that
// nobody has written to yet has nothing.

import { openBeneath } from "../policy/paths.ts";
import { MEMORY } from "./memory-place.ts";
import { searchFiles } from "./search-files.ts";
import type { Tool } from "./tool.ts";

const HITS = 100;

export const memorySearch: Tool = {
  name: "memory_search",
  description:
    "Searches the memory for a word or a short phrase, in any case, and returns `path:line: text` with one line around. " +
    "Look here before you ask the user for something they may have said before, or when they speak of earlier work. Try " +
    "another word when nothing is found; memory_read gives the whole file.",
  params: {
    type: "object",
    properties: {
      query: {
        type: "string",
        minLength: 1,
        maxLength: 200,
        pattern: "\\S",
        description: "The text as it stands in a line. One telling word finds more than a sentence.",
      },
    },
    required: ["query"],
    additionalProperties: false,
  },
  effectClass: "pure",
  resource: () => MEMORY,
  touches: () => [{ path: { path: MEMORY, mode: "ro" } }],
  yields: ["private"],
  run: async ({ query }, context) => {
    const held = openBeneath(context.grant.roots, MEMORY, "ro");
    const isEmpty = held.kind === "absent";
    held.close();
    if (isEmpty) return { type: "done", text: "[nothing found: the memory is empty]" };
    const pattern = String(query).trim();
    const search = { pattern, path: MEMORY, literal: true, ignore_case: true, context: 1, limit: HITS };
    return searchFiles.run(search, context);
  },
};
