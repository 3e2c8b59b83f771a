// `edit_file`: one text in a file replaced by another. Keyed: what the edit makes of the file is recorded before it is
// done, so that the act repeated after a crash is finished and never applied twice.

import { GoclawError } from "../domain/error.ts";
import { openBeneath } from "../policy/paths.ts";
import { digestOf, foreignChange, recallAct, recordAct, stateOf } from "./act-record.ts";
import { editText } from "./edit-text.ts";
import { exactFiles } from "./exact-files.ts";
import { count, FILE_BYTES, PATH_PARAM, pathOf, spendQuota, textOf, touchPath } from "./file-text.ts";
import type { Tool } from "./tool.ts";

export const editFile: Tool = {
  name: "edit_file",
  description:
    "Changes a part of a text file: replaces old_text by new_text. old_text must be exactly as in the file, white space " +
    "included, and be there exactly once, unless replace_all is true. Read the file first. For changes at several " +
    "places or in several files use apply_patch.",
  params: {
    type: "object",
    properties: {
      path: PATH_PARAM,
      old_text: {
        type: "string",
        description: "Text in the file now, with enough lines around it to be unique.",
      },
      new_text: { type: "string", description: "What stands there afterwards; empty removes old_text." },
      replace_all: { type: "boolean", description: "Replace every occurrence. Default false." },
    },
    required: ["path", "old_text", "new_text"],
    additionalProperties: false,
  },
  effectClass: "keyed",
  resource: pathOf,
  touches: touchPath("rw"),
  exactAct: exactFiles("edit_file", (args) => [pathOf(args)]),
  run: async (args, { grant, workspace, taskId, effectKey }) => {
    const held = openBeneath(grant.roots, pathOf(args), "rw");
    try {
      const before = await held.readWhole(FILE_BYTES);
      const earlier = (await recallAct(workspace, effectKey))?.[0];
      if (earlier !== undefined) {
        const state = stateOf(earlier, digestOf(before));
        if (state === "foreign") throw foreignChange(held.shown);
        if (state === "done") return { type: "done", text: `edited ${held.shown}` };
      }
      const text = textOf(before);
      if (text === undefined)
        throw new GoclawError(
          "TOOL_FAILED",
          `${held.shown} is a binary file; edit_file changes UTF-8 text only`,
        );
      const { old_text, new_text, replace_all } = args as Readonly<Record<string, unknown>>;
      const edit = { oldText: String(old_text), newText: String(new_text), replaceAll: replace_all === true };
      const edited = editText(text, edit, held.shown);
      const bytes = Buffer.from(edited.text);
      spendQuota(taskId, held.shown, bytes.length);
      const change = { at: held.at, before: digestOf(before), after: digestOf(bytes) };
      await recordAct(workspace, effectKey, [change]);
      await held.replace({ bytes, key: effectKey });
      const where = edit.replaceAll ? count(edited.count, "place") : `line ${edited.line}`;
      return { type: "done", text: `edited ${held.shown} (${where})` };
    } finally {
      held.close();
    }
  },
};
