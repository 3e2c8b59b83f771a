// edit_file: exactly one place, or all; never twice for one act; and every wrong edit leaves the file as it was.

import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { editFile } from "../../../src/tools/edit-file.ts";
import { editText } from "../../../src/tools/edit-text.ts";
import { caller } from "../../support/call-tool.ts";
import { row } from "../../support/catalogue.ts";
import { verifies } from "../../support/verifies.ts";
import { IN_MEMORY, makePlace } from "../../support/workspace.ts";

test("one place is replaced, and its line is named", async () => {
  const place = makePlace();
  const file = place.put("a.txt", "one\ntwo\nthree\n");
  const edit = caller(editFile, place);
  expect(await edit({ path: "a.txt", old_text: "two\n", new_text: "2\n" })).toBe("edited a.txt (line 2)");
  expect(readFileSync(file, "utf8")).toBe("one\n2\nthree\n");
  expect(await edit({ path: "a.txt", old_text: "e", new_text: "E", replace_all: true })).toBe(
    "edited a.txt (3 places)",
  );
  expect(readFileSync(file, "utf8")).toBe("onE\n2\nthrEE\n");
});

test(row("G-11", "an edit that does not fit says why, at once, and changes nothing"), async () => {
  const place = makePlace();
  const text = "a.c\nabc\n  indented line\n";
  const file = place.put("a.txt", text);
  const edit = caller(editFile, place);
  const tries: [Record<string, unknown>, RegExp][] = [
    [{ old_text: "", new_text: "x" }, /BAD_REQUEST: a\.txt: old_text is empty/],
    [{ old_text: "abd", new_text: "x" }, /BAD_REQUEST: .*not in the file; read_file shows/],
    [{ old_text: "[a-z]+", new_text: "x" }, /BAD_REQUEST: .*not in the file/],
    [{ old_text: "indented line\n\tnext", new_text: "x" }, /not in the file, but line 3 has its beginning/],
    [{ old_text: "c\n", new_text: "x" }, /BAD_REQUEST: .*2 times; add lines/],
    [{ old_text: "abc", new_text: "abc" }, /BAD_REQUEST: .*are the same/],
    [{ old_text: "y".repeat(50_000_000), new_text: "x" }, /BAD_REQUEST: .*not in the file/],
  ];
  for (const [args, why] of tries) {
    expect(await edit({ path: "a.txt", ...args })).toMatch(why);
    expect(readFileSync(file, "utf8")).toBe(text);
  }
  expect(await edit({ path: "a.txt", old_text: "a.c", new_text: "$&$1" })).toContain("edited");
  expect(readFileSync(file, "utf8")).toBe(text.replace("a.c", () => "$&$1"));
});

test(row("G-11", "a text that is there a million times is counted no further than needed"), async () => {
  const place = makePlace();
  const file = place.put("a.txt", "x".repeat(1_000_000));
  expect(await caller(editFile, place)({ path: "a.txt", old_text: "x", new_text: "y" })).toMatch(
    /10000 times or more/,
  );
  expect(readFileSync(file, "utf8")).toBe("x".repeat(1_000_000));
  expect(
    await caller(editFile, place)({ path: "a.txt", old_text: "x", new_text: "y", replace_all: true }),
  ).toContain("edited");
});

test(verifies("QUE-006", "the same act again is done already: nothing is applied twice"), async () => {
  const place = makePlace();
  const file = place.put("a.txt", "list:\n");
  const edit = caller(editFile, place);
  const args = { path: "a.txt", old_text: "list:\n", new_text: "list:\n- item\n" };
  await edit(args, { effectKey: "k1" });
  expect(await edit(args, { effectKey: "k1" })).toBe("edited a.txt");
  expect(readFileSync(file, "utf8")).toBe("list:\n- item\n");
  await edit(args, { effectKey: "k2" });
  expect(readFileSync(file, "utf8")).toBe("list:\n- item\n- item\n");
});

test(
  verifies("QUE-006", "interrupted between record and change it is done, once; changed meanwhile it is left"),
  async () => {
    const place = makePlace();
    const file = place.put("a.txt", "one");
    const edit = caller(editFile, place);
    const args = { path: "a.txt", old_text: "one", new_text: "one one" };
    await edit(args, { effectKey: "k" });
    place.put("a.txt", "one"); // as if the crash had come before the rename
    expect(await edit(args, { effectKey: "k" })).toContain("edited");
    expect(readFileSync(file, "utf8")).toBe("one one");
    place.put("a.txt", "one and another's words");
    expect(await edit(args, { effectKey: "k" })).toMatch(/changed by somebody else/);
    expect(readFileSync(file, "utf8")).toBe("one and another's words");
  },
);

test("the records of acts are few, and no tool sees them", async () => {
  const place = makePlace(IN_MEMORY);
  place.put("a.txt", "x");
  const edit = caller(editFile, place);
  for (let index = 0; index < 320; index++)
    await edit({ path: "a.txt", old_text: index % 2 ? "y" : "x", new_text: index % 2 ? "x" : "y" });
  expect(readdirSync(place.at(".goclaw/acts")).length).toBeLessThanOrEqual(200);
  const [record] = readdirSync(place.at(".goclaw/acts"));
  expect(await edit({ path: `.goclaw/acts/${record}`, old_text: "a", new_text: "b" })).toMatch(
    /PATH_PROTECTED/,
  );
});

test("line ends of the file stay, whichever the edit uses", () => {
  const edited = editText(
    "a\r\nb\r\nc\r\n",
    { oldText: "a\nb\n", newText: "x\ny\nz\n", replaceAll: false },
    "f",
  );
  expect(edited.text).toBe("x\r\ny\r\nz\r\nc\r\n");
});

test("for any text, an edit of a part that is there once is that replacement", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b", "\n", "é"), maxLength: 60 });
  fc.assert(
    fc.property(text, text, text, text, (before, part, after, newText) => {
      const whole = before + part + after;
      fc.pre(part !== "" && part !== newText && whole.indexOf(part) === whole.lastIndexOf(part));
      expect(editText(whole, { oldText: part, newText, replaceAll: false }, "f").text).toBe(
        before + newText + after,
      );
    }),
  );
});
