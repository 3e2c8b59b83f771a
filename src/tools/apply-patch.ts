// `apply_patch`: changes of several files, all or none. Keyed: what every file will be is recorded before the first is
// changed, so that the act repeated after a crash finishes the rest; a failure in the middle puts back what was changed.

import { GoclawError, messageOf } from "../domain/error.ts";
import { judgePath } from "../policy/path-rules.ts";
import { recallAct, recordAct } from "./act-record.ts";
import { exactFiles } from "./exact-files.ts";
import { parsePatch, pathsOfPatch } from "./patch-text.ts";
import { planPatch, type Step } from "./plan-patch.ts";
import type { Args, Tool, ToolContext } from "./tool.ts";

export const applyPatch: Tool = {
  name: "apply_patch",
  description: `Changes one or more text files; either every change is made or none. The patch:
*** Begin Patch
*** Add File: notes/new.md
+every line of the new file begins with a plus
*** Update File: src/app.py
@@ def greet():
     name = "x"
-    print("hi")
+    print("hello", name)
*** Delete File: old.txt
*** End Patch
Lines of an update begin with a blank (context, as in the file), - (removed) or + (added); give about three lines of context around a change. There are no line numbers: "@@ LINE" names a line above the change where the context alone is not unique, and begins every further change of the same file. "*** Move to: PATH" right below "*** Update File:" renames the file.`,
  params: {
    type: "object",
    properties: {
      patch: { type: "string", description: 'From "*** Begin Patch" to "*** End Patch".' },
    },
    required: ["patch"],
    additionalProperties: false,
  },
  effectClass: "keyed",
  resource: (args) => pathsOfPatch(String(args.patch)).join(", ").slice(0, 1_000) || null,
  touches: (args) => pathsOfPatch(String(args.patch)).map((path) => ({ path: { path, mode: "rw" } })),
  exactAct: exactFiles("apply_patch", (args) => pathsOfPatch(String(args.patch))),
  run: async (args, context) => {
    const steps = await prepare(args, context);
    try {
      await makeAll(steps, context);
      const told = steps.map(({ says }) => says).filter(Boolean);
      return { type: "done", text: ["applied the patch:", ...told].join("\n") };
    } finally {
      for (const { held } of steps) held.close();
    }
  },
};

async function prepare(args: Args, context: ToolContext): Promise<readonly Step[]> {
  const ops = parsePatch(String(args.patch));
  for (const path of pathsOfPatch(String(args.patch))) {
    const judged = judgePath(context.grant.roots, path, "rw");
    if (!judged.ok) throw new GoclawError(judged.code, `${judged.why}; nothing was changed`);
  }
  const recalled = await recallAct(context.workspace, context.effectKey);
  const steps = await planPatch(ops, context, recalled);
  if (recalled === undefined) {
    try {
      await recordAct(
        context.workspace,
        context.effectKey,
        steps.map(({ change }) => change),
      );
    } catch (error) {
      for (const { held } of steps) held.close();
      throw error;
    }
  }
  return steps;
}

async function makeAll(steps: readonly Step[], { effectKey }: ToolContext): Promise<void> {
  const made: Step[] = [];
  let failing: Step | undefined;
  try {
    for (const step of steps) {
      if (step.isDone) continue;
      failing = step;
      await put(step, step.bytes, effectKey);
      made.push(step);
    }
  } catch (error) {
    // It may have been made all the same; when it was not, there is nothing to put back.
    if (failing !== undefined) await put(failing, failing.old, effectKey).catch(() => undefined);
    const left: string[] = [];
    for (const step of made.reverse()) {
      await put(step, step.old, effectKey).catch(() => left.push(step.held.shown));
    }
    const code = error instanceof GoclawError ? error.code : "TOOL_FAILED";
    const state =
      left.length === 0 ? "no file is changed" : `these could not be put back: ${left.join(", ")}`;
    throw new GoclawError(code, `${messageOf(error)}; ${state}`, { cause: error });
  }
}

/** The file's bytes, or none: then there is no file. */
async function put({ held }: Step, bytes: Buffer | null, key: string): Promise<void> {
  if (bytes !== null) await held.replace({ bytes, key });
  else await held.remove();
}
