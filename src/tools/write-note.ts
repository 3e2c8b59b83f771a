// `write_note`: a Markdown file in workspace/notes. Keyed: writing the same note again leaves the same file, and the
// file is the old one or the new one, never a part.

import { constants, promises as fs } from "node:fs";
import { join } from "node:path";
import { GoclawError } from "../domain/error.ts";
import type { Tool } from "./tool.ts";

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
  resource: (args) => `notes/${String(args.name)}.md`,
  run: async (args, { workspace, effectKey }) => {
    const notes = join(workspace, "notes");
    await fs.mkdir(notes, { recursive: true, mode: 0o700 });
    await refuseLink(notes);
    const name = `${String(args.name)}.md`;
    const text = String(args.text);
    await replaceFile(join(notes, name), join(notes, `.${name}.${effectKey}`), text);
    return { type: "done", text: `wrote notes/${name} (${Buffer.byteLength(text)} bytes)` };
  },
};

async function refuseLink(directory: string): Promise<void> {
  if ((await fs.lstat(directory)).isSymbolicLink()) {
    throw new GoclawError(
      "TOOL_FAILED",
      `${directory} is a symbolic link; notes are only written to a real directory`,
    );
  }
}

async function replaceFile(target: string, scratch: string, text: string): Promise<void> {
  await fs.rm(scratch, { force: true }); // left by an attempt that died in the middle
  const { O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY } = constants;
  const file = await fs.open(scratch, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY, 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await fs.rename(scratch, target);
}
