// `memory_write`: adds to a memory file, or replaces it. Keyed: what the file becomes is recorded before it is written, so
// that the act repeated after a crash adds nothing twice.

import { GoclawError } from "../domain/error.ts";
import { openBeneath } from "../policy/paths.ts";
import { digestOf, foreignChange, recallAct, recordAct, stateOf } from "./act-record.ts";
import { exactFiles } from "./exact-files.ts";
import { count, spendQuota } from "./file-text.ts";
import { MEMORY_BYTES, MEMORY_PATH_PARAM, memoryPath, touchMemory } from "./memory-place.ts";
import type { Tool } from "./tool.ts";

export const memoryWrite: Tool = {
  name: "memory_write",
  description:
    "Adds text at the end of a memory file, on a line of its own; the file is made when it is not there. Note what will " +
    "matter in later conversations: who the user is, what they prefer, decisions and their reasons. One fact a line, " +
    "complete in itself, with its date where it may change. No secrets, and nothing that only this task needs. With " +
    `append false the text replaces ALL of the file: read it first. At most ${MEMORY_BYTES / 1_048_576} MiB a file.`,
  params: {
    type: "object",
    properties: {
      path: MEMORY_PATH_PARAM,
      content: { type: "string", maxLength: MEMORY_BYTES, description: "The text, in Markdown." },
      append: { type: "boolean", description: "Add to what is there. Default true." },
    },
    required: ["path", "content"],
    additionalProperties: false,
  },
  effectClass: "keyed",
  resource: memoryPath,
  touches: touchMemory("rw"),
  exactAct: exactFiles("memory_write", (args) => [memoryPath(args)]),
  run: async (args, { grant, workspace, taskId, effectKey }) => {
    const held = openBeneath(grant.roots, memoryPath(args), "rw", { makeParents: true });
    try {
      const before = held.kind === "absent" ? undefined : await held.readWhole(MEMORY_BYTES);
      const digest = before === undefined ? null : digestOf(before);
      const earlier = (await recallAct(workspace, effectKey))?.[0];
      const state = earlier === undefined ? "todo" : stateOf(earlier, digest);
      if (state === "foreign") throw foreignChange(held.shown);
      const { content, append = true } = args as { content: string; append?: boolean };
      const said = { type: "done", text: append ? `added to ${held.shown}` : `wrote ${held.shown}` } as const;
      if (state === "done") return said;
      const bytes = append ? joined(before, content) : Buffer.from(content);
      if (bytes.length > MEMORY_BYTES)
        throw new GoclawError(
          "LIMIT_SIZE",
          `${held.shown} would have ${count(bytes.length, "byte")}, and a memory file has at most ` +
            `${MEMORY_BYTES}; use another file, or shorten this one`,
        );
      spendQuota(taskId, held.shown, bytes.length);
      await recordAct(workspace, effectKey, [{ at: held.at, before: digest, after: digestOf(bytes) }]);
      await held.replace({ bytes, key: effectKey });
      return said;
    } finally {
      held.close();
    }
  },
};

const NEWLINE = 10;

/** What was there, then the text, each ending its line. */
function joined(before: Buffer | undefined, content: string): Buffer {
  const text = Buffer.from(content === "" || content.endsWith("\n") ? content : `${content}\n`);
  if (before === undefined || before.length === 0) return text;
  const gap = before.at(-1) === NEWLINE ? "" : "\n";
  return Buffer.concat([before, Buffer.from(gap), text]);
}
