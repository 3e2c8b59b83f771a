// `write_note`: a Markdown file in workspace/notes. Keyed: writing the same note again leaves the same file, and the
// file is the old one or the new one, never a part.

import { openBeneath } from "../policy/paths.ts";
import { spendQuota } from "./file-text.ts";
import type { Args, Tool } from "./tool.ts";

const NAME_PATTERN = "^[A-Za-z0-9][A-Za-z0-9_-]{0,79}$";

export const writeNote: Tool = {
  name: "write_note",
  description:
    "Saves a note as notes/<name>.md in the workspace. A note of the same name is replaced. " +
    "The name may have letters, digits, - and _, and no extension.",
  params: {
    type: "object",
    properties: {
      name: { type: "string", pattern: NAME_PATTERN, description: "File name without extension." },
      text: { type: "string", maxLength: 1_000_000, description: "The note's whole text, in Markdown." },
    },
    required: ["name", "text"],
    additionalProperties: false,
  },
  effectClass: "keyed",
  resource: notePath,
  touches: (args) => [{ path: { path: notePath(args), mode: "rw" } }],
  run: async (args, { grant, taskId, effectKey }) => {
    const path = notePath(args);
    const bytes = Buffer.from(String(args.text));
    spendQuota(taskId, path, bytes.length);
    const held = openBeneath(grant.roots, path, "rw", { makeParents: true });
    try {
      await held.replace({ bytes, key: effectKey, mode: 0o600 });
      return { type: "done", text: `wrote ${path} (${bytes.length} bytes)` };
    } finally {
      held.close();
    }
  },
};

function notePath(args: Args): string {
  return `notes/${String(args.name)}.md`;
}
