// `write_file`: a whole file. Keyed: writing the same again leaves the same file, and the file is the old one or the new
// one, never a part.

import { openBeneath } from "../policy/paths.ts";
import { exactFiles } from "./exact-files.ts";
import { count, FILE_BYTES, PATH_PARAM, pathOf, spendQuota, touchPath } from "./file-text.ts";
import type { Tool } from "./tool.ts";

export const writeFile: Tool = {
  name: "write_file",
  description:
    "Writes a text file: creates it, with the directories above it, or replaces ALL that it held. To change a part of " +
    `a file use edit_file or apply_patch. At most ${FILE_BYTES / 1_048_576} MiB.`,
  params: {
    type: "object",
    properties: {
      path: PATH_PARAM,
      content: { type: "string", description: "The file's whole text, as it shall be." },
    },
    required: ["path", "content"],
    additionalProperties: false,
  },
  writesWhole: true,
  effectClass: "keyed",
  resource: pathOf,
  touches: touchPath("rw"),
  exactAct: exactFiles("write_file", (args) => [pathOf(args)]),
  run: async (args, { grant, taskId, effectKey }) => {
    const bytes = Buffer.from(String(args.content));
    const path = pathOf(args);
    spendQuota(taskId, JSON.stringify(path), bytes.length);
    const held = openBeneath(grant.roots, path, "rw", { makeParents: true });
    try {
      await held.replace({ bytes, key: effectKey });
      // The same words at a repetition, which finds the file that the first time made.
      return { type: "done", text: `wrote ${held.shown} (${count(bytes.length, "byte")})` };
    } finally {
      held.close();
    }
  },
};
