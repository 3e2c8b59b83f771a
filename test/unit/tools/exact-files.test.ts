// What an approval of a change of files is bound to: another content is another act.

import { symlinkSync } from "node:fs";
import { expect, test } from "vitest";
import { applyPatch } from "../../../src/tools/apply-patch.ts";
import { editFile } from "../../../src/tools/edit-file.ts";
import type { Args, Tool } from "../../../src/tools/tool.ts";
import { writeFile } from "../../../src/tools/write-file.ts";
import { toolContext } from "../../support/tool-context.ts";
import { makePlace, type Place } from "../../support/workspace.ts";

const exact = (tool: Tool, args: Args, { workspace }: Place) => tool.exactAct?.(args, toolContext(workspace));

test("the act names each file by its real path and its content now", async () => {
  const place = makePlace();
  place.put("a.txt", "one");
  const args = { path: "./a.txt", old_text: "one", new_text: "two" };
  const first = await exact(editFile, args, place);
  expect(first).toEqual({
    tool: "edit_file",
    arguments: args,
    files: [{ path: place.at("a.txt"), sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
  });
  expect(await exact(editFile, args, place)).toEqual(first);
  place.put("a.txt", "one more");
  expect(await exact(editFile, args, place)).not.toEqual(first);
});

test("a file that is to be made has no content yet, and making it is another act when it is there", async () => {
  const place = makePlace();
  const args = { path: "new/dir/a.txt", content: "x" };
  expect(await exact(writeFile, args, place)).toMatchObject({
    files: [{ path: place.at("new/dir/a.txt"), sha256: null }],
  });
  place.put("new/dir/a.txt", "");
  expect(await exact(writeFile, args, place)).not.toMatchObject({ files: [{ sha256: null }] });
});

test("an act that the guard will refuse is refused before anybody is asked", async () => {
  const place = makePlace();
  symlinkSync(place.outside, place.at("out"));
  const patch = "*** Begin Patch\n*** Add File: out/x\n+x\n*** End Patch";
  await expect(exact(applyPatch, { patch }, place)).rejects.toMatchObject({ code: "PATH_SYMLINK" });
});
